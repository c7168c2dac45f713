"""Rooms of trimline and the way of the data between them, as the picture for maintainers shows them.

A test holds all of it against the imports.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import trimline


@dataclass(frozen=True)
class Room:
    """One box of the picture."""

    name: str
    """Of the package below `trimline`."""
    about: str
    """What it holds, in a line or two."""
    column: int
    row: int


@dataclass(frozen=True)
class Arrow:
    """Way of data from one room to another."""

    start: str
    end: str
    what: str
    how: Literal["import", "disk"] = "import"
    """`import`: the room at the end imports the one at the start. `disk`: it reads what the other wrote, and a room
    of `OVER_ALL` that imports both, or knows the one and is the other, sees to the order."""


OVER_ALL: tuple[str, ...] = ("study", "cli", "bench")
"""Rooms that carry out the others: stages of a study, commands, benchmarks."""

UNDER_ALL: tuple[str, ...] = tuple(
    sorted(path.stem for path in Path(trimline.__file__).parent.glob("*.py") if path.stem != "__init__")
)
"""Single files at the top of the package, which rooms share."""

ROOMS: tuple[Room, ...] = (
    Room("remote", "files on servers, range by range", 0, 0),
    Room("examples", "inputs of the tutorials", 1, 0),
    Room("simulate", "ranges whose truth is known", 2, 0),
    Room("catalogues", "archives: search and choice", 0, 1),
    Room("fetching", "what meets the region", 1, 1),
    Room("samples", "labelled tiles, splits", 0, 2),
    Room("scenes", "products become reflectance", 1, 2),
    Room("coregistration", "images that lie off", 2, 2),
    Room("training", "recipes, losses, weights", 0, 3),
    Room("inference", "models: ONNX, rules", 0, 4),
    Room("mapping", "whole scenes, in bounded memory", 1, 4),
    Room("terrain", "DEM and its shadow", 2, 4),
    Room("weights", "what comes along", 0, 5),
    Room("timeline", "one set of outlines per period", 1, 5),
    Room("outlines", "polygons, edits, replay", 1, 6),
    Room("review", "corrections in the browser", 2, 6),
    Room("change", "areas, errors, rates", 0, 7),
    Room("glaciers", "attributes, lines, termini", 2, 7),
    Room("report", "tables, figures, release", 1, 8),
    Room("project", "every decision of a study", 0, 9),
    Room("networks", "nine networks", 1, 9),
    Room("evaluation", "scores", 2, 9),
)
"""From top to bottom. The last row has no arrows: several rooms use it."""

ARROWS: tuple[Arrow, ...] = (
    Arrow("remote", "catalogues", "items"),
    Arrow("catalogues", "fetching", "scenes"),
    Arrow("fetching", "scenes", "products", "disk"),
    Arrow("simulate", "scenes", "products", "disk"),
    Arrow("terrain", "mapping", "shadow"),
    Arrow("coregistration", "mapping", "shift", "disk"),
    Arrow("scenes", "samples", "pixels"),
    Arrow("samples", "training", "tiles"),
    Arrow("training", "inference", "weights", "disk"),
    Arrow("weights", "inference", "weights"),
    Arrow("inference", "mapping", "model"),
    Arrow("scenes", "mapping", "pixels"),
    Arrow("mapping", "timeline", "maps"),
    Arrow("timeline", "outlines", "outlines", "disk"),
    Arrow("review", "outlines", "edits", "disk"),
    Arrow("outlines", "change", "outlines"),
    Arrow("outlines", "glaciers", "outlines"),
    Arrow("change", "report", "tables"),
    Arrow("glaciers", "report", "tables", "disk"),
)
