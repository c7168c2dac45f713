"""Ground to which a map is confined: near the glaciers of an inventory, above an elevation."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.file_identity import file_identity

if TYPE_CHECKING:
    import geopandas as gpd


@dataclass(frozen=True, eq=False)
class GlacierZone:
    """Ground where glaciers can be; a map that is confined to it has no ice beyond."""

    outlines: gpd.GeoDataFrame | None = None
    """Glaciers of an older inventory; None means everywhere."""
    buffer_m: float = 0.0
    """How far from them ice may be [m]."""
    dem: Path | None = None
    """Elevation [m]; needed for `minimum_elevation_m`."""
    minimum_elevation_m: float | None = None
    """Below it there is no ice [m]; where the elevation is not known there may be."""

    def __post_init__(self) -> None:
        if self.dem is not None:
            object.__setattr__(self, "dem", Path(self.dem))

    @property
    def digest(self) -> str:
        """Hash of all that decides it."""
        content = hashlib.sha256(f"{self.buffer_m} {self.minimum_elevation_m}".encode())
        if self.outlines is not None:
            content.update(str(self.outlines.crs).encode())
            content.update(b"".join(self.outlines.geometry.to_wkb()))
        if self.dem is not None:
            content.update(file_identity(self.dem).encode())
        return content.hexdigest()

    def check(self, geobox: GeoBox) -> None:
        """Raise `GridError` where the elevation model says nothing of a place; see `check_heights`."""
        if self.dem is not None and self.minimum_elevation_m is not None:
            from trimline.heights import check_heights

            check_heights(self.dem, geobox, "dem")

    def on(self, geobox: GeoBox) -> NDArray[np.bool_]:
        """Return (h, w): where ice may be."""
        from trimline.heights import read_heights
        from trimline.outlines import rasterise

        allowed = np.ones(geobox.shape, bool)
        if self.outlines is not None:
            near = self._near(self.outlines, geobox)
            allowed &= rasterise(near, geobox, all_touched=True).astype(bool)
        if self.dem is not None and self.minimum_elevation_m is not None:
            allowed &= ~(read_heights(self.dem, geobox) < self.minimum_elevation_m)
        return allowed

    def _near(self, outlines: gpd.GeoDataFrame, geobox: GeoBox) -> gpd.GeoDataFrame:
        """Return the outlines around a grid, buffered in its CRS."""
        from trimline.outlines.check import grid_crs
        from trimline.outlines.raster import rows_near
        from trimline.reprojecting import reprojected

        wider = geobox.pad(1 + math.ceil(self.buffer_m / abs(float(geobox.resolution.x))))
        chosen = outlines.iloc[rows_near(outlines.geometry, wider)]
        on_grid = reprojected(chosen, grid_crs(geobox))
        return on_grid.set_geometry(on_grid.buffer(self.buffer_m))
