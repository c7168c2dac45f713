"""Where ice can be at all: what the spectrum excludes, what an inventory excludes, what lies too low.

All work that mapping saves is decided here, before the network is asked. The spectral screen errs on the side of
asking: one pixel that could be snow or ice has its cell asked, and the cells around it, for what is covered by debris
looks like rock.
"""

from __future__ import annotations

import hashlib
import logging
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy.ndimage import binary_dilation

from trimline.file_identity import file_identity
from trimline.scenes.calibration import NoCalibration

if TYPE_CHECKING:
    import geopandas as gpd

    from trimline.scenes import Scene

_LOG = logging.getLogger(__name__)

SCREEN_BANDS = ("green", "nir", "swir1")
"""What the spectral screen looks at: the bands of the NDSI and the NDWI."""

LEAST_NDSI = 0.2
"""Snow and clean ice lie above 0.4 (Hall and others, 1995), dirty ice lower; most rock and all meadow below 0."""
LARGEST_NDWI = 0.43
"""Turbid lakes are as bright as dirty ice in green, but not in the near infrared; blue ice stays below 0.4."""
LEAST_REFLECTANCE = 0.08
"""Green and near-infrared reflectance of what could be ice: darker is water, or shadow in which nothing is seen. For
snow Hall and others (1995) ask for more, 0.10 and 0.11, which loses some shaded ice of the Himalaya."""


def can_screen(scene: Scene) -> bool:
    """Whether a scene has what the spectral screen looks at; said in the log where it has not."""
    for band in SCREEN_BANDS:
        if band not in scene.assets:
            _LOG.info("%s: no spectral screen, because the scene has no band '%s'", scene.id, band)
            return False
        calibration = scene.assets[band].calibration
        if isinstance(calibration, NoCalibration):
            _LOG.info("%s: no spectral screen, because %s", scene.id, calibration.reason)
            return False
    return True


def could_be_ice(green: NDArray[np.float32], nir: NDArray[np.float32], swir1: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pixels could be snow or ice, clean or dirty, in light or in shadow.

    Parameters
    ----------
    green, nir, swir1
        (h, w) reflectance, NaN where there are no data, which could be nothing.
    """
    # As products, because a sum of reflectances may be 0.
    found: NDArray[np.bool_] = green - swir1 > LEAST_NDSI * (green + swir1)
    found &= green - nir < LARGEST_NDWI * (green + nir)
    found &= green > LEAST_REFLECTANCE
    found &= nir > LEAST_REFLECTANCE
    return found


def cells_of(pixels: NDArray[np.bool_], cell: int) -> NDArray[np.bool_]:
    """Return which squares of `cell` pixels, from the first row and column on, hold any pixel of a mask."""
    height, width = pixels.shape
    rows, columns = np.arange(0, height, cell), np.arange(0, width, cell)
    held: NDArray[np.bool_] = np.logical_or.reduceat(np.logical_or.reduceat(pixels, rows, axis=0), columns, axis=1)
    return held


def with_neighbours(cells: NDArray[np.bool_], rings: int) -> NDArray[np.bool_]:
    """Return the cells and those around them, so many rings wide."""
    grown: NDArray[np.bool_] = binary_dilation(cells, np.ones((2 * rings + 1, 2 * rings + 1), bool))
    return grown


@dataclass(frozen=True, eq=False)
class Within:
    """Ground to which a map is confined."""

    outlines: gpd.GeoDataFrame | None = None
    """Glaciers of an older inventory; None means everywhere."""
    buffer_m: float = 0.0
    """How far from them ice may be [m]."""
    dem: Path | None = None
    """Elevation [m]; needed for `minimum_elevation_m`."""
    minimum_elevation_m: float | None = None
    """Below it there is no ice [m]; where the elevation is not known there may be."""

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

    def on(self, geobox: GeoBox) -> NDArray[np.bool_]:
        """Return (h, w): where ice may be."""
        from trimline.outlines import rasterise
        from trimline.rasters import read_onto

        allowed = np.ones(geobox.shape, bool)
        if self.outlines is not None:
            near = self._near(self.outlines, geobox)
            allowed &= rasterise(near, geobox, all_touched=True).astype(bool)
        if self.dem is not None and self.minimum_elevation_m is not None:
            allowed &= ~(read_onto(self.dem, geobox) < self.minimum_elevation_m)
        return allowed

    def _near(self, outlines: gpd.GeoDataFrame, geobox: GeoBox) -> gpd.GeoDataFrame:
        """Return the outlines around a grid, buffered in its CRS."""
        wider = geobox.pad(1 + math.ceil(self.buffer_m / abs(float(geobox.resolution.x))))
        chosen = outlines.iloc[outlines.sindex.query(wider.footprint(outlines.crs.to_wkt()).geom)]
        on_grid = chosen.to_crs(geobox.crs.proj if geobox.crs is not None else chosen.crs)
        return on_grid.set_geometry(on_grid.buffer(self.buffer_m))
