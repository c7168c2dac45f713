"""What is reviewed: the periods of a project or the one map of a folder, with their scenes, rasters and outlines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from trimline.scenes import Scene


@dataclass(frozen=True)
class ReviewedScene:
    """A scene that outlines of a period come from."""

    id: str
    periods: tuple[str, ...]
    reference: bool
    open: Callable[[], Scene]
    """Opens it as it was mapped: moved, where the project aligns scenes; raises `TrimlineError` where it is gone."""
    identity: Callable[[], str] | None = None
    """Gives, without opening the product, what changes when its pixels may have; raises as `open` does. None where only
    `trimline.scenes.Scene.identity` tells."""
    date: str | None = None
    """Of the acquisition, where it is known without opening the product; ISO 8601."""
    sensor: str | None = None
    """Id of its sensor, where that is known without opening the product."""
    cloud_cover: float | None = None
    """As a catalogue says [percent]."""


@dataclass(frozen=True)
class ReviewedPeriod:
    """A period that was mapped, or whose outlines are given; of a folder of one map, its only one."""

    name: str
    first: int
    last: int
    """First and last year; both 0 where the date of a map is not known."""
    automatic: Path
    """Outlines before corrections by hand."""
    pixel_m: float
    """Width of a pixel of its scenes [m], for the error of outlines."""
    mask: Path | None = None
    """Raster of the map, in the CRS of the outlines: where to look when no period has an outline. None of outlines that
    a project gives."""
    probability: Path | None = None
    """Raster of the probability of ice; None where there is none."""
    threshold: float | None = None
    """Probability from which a pixel counts as ice."""
    uncertain: Path | None = None
    classes: Path | None = None
    unseen: Path | None = None
    """Vector file of ground that no scene shows, as ``FILE|layer=NAME`` where it has several layers."""

    @property
    def middle(self) -> float:
        """Its middle [decimal year]."""
        return (self.first + self.last + 1) / 2.0


@dataclass(frozen=True)
class Reviewed:
    """All files that a review is about, and the only ones that its server reads or writes."""

    name: str
    title: str
    kind: Literal["project", "folder"]
    output: Path
    """Folder of the project's output, or the folder of the map."""
    edits_file: Path
    """GeoPackage of the corrections; it need not exist."""
    crs: str
    """CRS of the outlines: projected, in metres."""
    periods: tuple[ReviewedPeriod, ...]
    """In order of time."""
    scenes: tuple[ReviewedScene, ...] = ()
    inventory: Path | None = None
    dem: Path | None = None
    buffer_m: float | None = None
    """Distance by which outlines are moved for their error [m], `change.buffer_m` of a project; None for half a
    pixel."""
