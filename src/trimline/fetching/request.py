"""What is asked for of one scene of an archive, and whether a product on the disk holds it already."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import shapely
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from trimline.catalogues.candidate import Candidate
from trimline.errors import ProductError
from trimline.fetching.fetched_file import (
    FETCHED,
    FetchedProduct,
    damage,
    lacking,
    pixels_of,
    read_fetched,
    region_digest,
    window_of,
)
from trimline.fetching.wanted import Wanted
from trimline.fetching.windows import holds, margin_of, step_of, window_on
from trimline.file_identity import digest
from trimline.remote import shown
from trimline.sensors import get_sensor

_LOG = logging.getLogger(__name__)

FORMAT = 1
"""Raised when the same request gives other files."""


@dataclass(frozen=True)
class Request:
    """What is asked for of one scene."""

    candidate: Candidate
    region: shapely.Geometry | None
    """In degrees; None means all of the scene."""
    margin_m: float
    """Around the region [m]."""
    step_m: float
    """Of the windows' sides, see `trimline.fetching.windows` [m]."""
    whole: bool
    """Whether the archive's own files are asked for."""
    bands: tuple[str, ...] | None
    """Common names; None means all."""

    @classmethod
    def of(
        cls,
        candidate: Candidate,
        region: shapely.Geometry | None = None,
        *,
        margin_m: float | None = None,
        bands: Sequence[str] | None = None,
        whole: bool = False,
    ) -> Request:
        """Return a request; arguments are those of `trimline.fetching.fetch_scene`."""
        sensor = get_sensor(candidate.sensor)
        return cls(
            candidate=candidate,
            region=None if whole else region,
            margin_m=margin_of(sensor) if margin_m is None else margin_m,
            step_m=step_of(sensor),
            whole=whole,
            bands=None if bands is None else tuple(bands),
        )

    @property
    def source(self) -> str:
        """Digest of this version of the scene in the archive."""
        each = self.candidate
        files = [*each.bands.values(), *each.quality.values(), *each.metadata]
        return digest([each.catalogue, each.id, each.processed, sorted(shown(file.href) for file in files)])

    @property
    def rasters(self) -> list[str]:
        """What the rasters asked for are, as `FetchedFile.what`; what the archive has not is passed over."""
        names = self.candidate.bands if self.bands is None else self.bands
        return [
            *(f"band {band}" for band in dict.fromkeys(names) if band in self.candidate.bands),
            *(f"quality {kind}" for kind in self.candidate.quality),
        ]

    @property
    def pixels(self) -> str:
        """Digest of what decides the pixels: that of the product that answers it, where it is fetched for it."""
        region = region_digest(self.region)
        margin_m = None if region is None else self.margin_m
        return pixels_of(self.source, region, margin_m, self.rasters, whole=self.whole)

    def key(self, wanted: Wanted) -> str:
        """Digest of what decides the bytes of a file."""
        asset = wanted.asset
        part: list[Any] = []
        if wanted.is_divisible and not self.whole:
            part = [region_digest(self.region), self.margin_m, self.step_m]
        return digest([FORMAT, self.source, wanted.what, shown(asset.href), asset.checksum, part])

    def answered_by(self, path: Path) -> FetchedProduct | None:
        """Return the product at a path where it holds all that is asked for; else say in the log why not.

        Raises
        ------
        ProductError
            What lies there was not fetched.
        """
        if not path.exists() and not path.is_symlink():
            return None
        if path.is_symlink() or not (path / FETCHED).exists():
            raise ProductError(
                "a file or folder that was not fetched is in the way",
                where=path,
                remedy="move it away, or leave the scene's `item` out of the project file, so that it is used as it is",
            )
        known = read_fetched(path)
        why = f"its {FETCHED} is damaged" if known is None else self._lacks(path, known)
        if known is None or why is not None:
            _LOG.info("%s: is fetched again: %s", path.name, why)
            return None
        return known

    def _lacks(self, path: Path, known: FetchedProduct) -> str | None:
        if known.source != self.source:
            return "the archive has another version of it"
        missing = lacking(known, self.rasters)
        if missing:
            return f"it lacks {', '.join(missing)}"
        if self.whole and not known.whole:
            return "the whole product is asked for"
        if not self._is_within(known):
            return "a larger region or margin is asked for"
        return damage(path, known)

    def _is_within(self, known: FetchedProduct) -> bool:
        """Whether the windows of a product hold the region and margin that are asked for."""
        if self.region is not None and (known.region, known.margin_m) == (region_digest(self.region), self.margin_m):
            return True
        asked: dict[GeoBox, Window | None] = {}
        for file in known.files:
            grid, there = file.grid, window_of(file)
            if grid is None or there is None:
                continue
            if grid not in asked:
                asked[grid] = window_on(grid, self.region, margin_m=self.margin_m, step_m=self.step_m)
            window = asked[grid]
            if window is None or not holds(there, window):
                return False
        return True
