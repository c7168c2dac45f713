"""The truth of a scene: outlines or a label raster, read on any grid."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.enums import Resampling
from rasterio.warp import reproject
from rasterio.windows import Window

from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.foreign import foreign_errors
from trimline.layer_path import layer_path
from trimline.outlines import area_km2, rasterise, read_outlines, trace
from trimline.outlines.check import grid_crs
from trimline.outlines.raster import rows_near
from trimline.rasters import grid_options
from trimline.reprojecting import reprojected
from trimline.samples.samples import ICE, IGNORE
from trimline.scenes.asset import raster_grid
from trimline.scenes.grid import positions_in
from trimline.scenes.raster_opening import open_user_raster

_RASTERS = {".tif", ".tiff", ".vrt"}


class Truth(ABC):
    """Reference map of ice."""

    path: Path

    @abstractmethod
    def mask(self, geobox: GeoBox) -> NDArray[np.uint8]:
        """Return (h, w): 0 ground, 1 ice, 255 unknown."""

    @abstractmethod
    def area_km2(self, geobox: GeoBox) -> float:
        """Return the area of ice within the bounds of a grid [km2]."""

    @abstractmethod
    def outlines_on(self, geobox: GeoBox) -> gpd.GeoDataFrame:
        """Return the outlines of the ice within the bounds of a grid."""


class OutlineTruth(Truth):
    """Outlines: all ground outside them counts as free of ice."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def outlines(self) -> gpd.GeoDataFrame:
        """The outlines, read once."""
        return read_outlines(self.path)

    def mask(self, geobox: GeoBox) -> NDArray[np.uint8]:
        """Rasterise the outlines; see `Truth.mask`."""
        return rasterise(self._near(geobox), geobox)

    def area_km2(self, geobox: GeoBox) -> float:
        """Return the geodesic area of the outlines within the grid [km2]."""
        return float(area_km2(self.outlines_on(geobox)).sum())

    def outlines_on(self, geobox: GeoBox) -> gpd.GeoDataFrame:
        """Clip the outlines to the grid, in its CRS."""
        return reprojected(self._near(geobox), grid_crs(geobox)).clip(geobox.extent.geom)

    def _near(self, geobox: GeoBox) -> gpd.GeoDataFrame:
        return self.outlines.iloc[rows_near(self.outlines.geometry, geobox.pad(1))]


class RasterTruth(Truth):
    """A label raster of 0 and 1; its nodata, anything else, and all beyond its edge count as unknown."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mask(self, geobox: GeoBox) -> NDArray[np.uint8]:
        """Read the raster onto the grid, by nearest neighbour; see `Truth.mask`."""
        values = np.full(geobox.shape, IGNORE, np.float32)
        with open_user_raster(self.path, OutlineError) as source:
            raster_grid(source)  # it must have a place on the Earth
            with foreign_errors(OutlineError, self.path, what="the label raster cannot be read"):
                # A warped VRT would lose what lies beyond the 180th meridian.
                reproject(
                    rasterio.band(source, 1),
                    values,
                    dst_crs=grid_options(geobox)["crs"],
                    dst_transform=geobox.transform,
                    src_nodata=IGNORE,
                    dst_nodata=IGNORE,
                    resampling=Resampling.nearest,
                )
        return np.where(np.isin(values, (0, 1)), values, IGNORE).astype(np.uint8)

    def area_km2(self, geobox: GeoBox) -> float:
        """Return the geodesic area of the raster's own pixels of ice within the grid [km2].

        A pixel is as large as it is on the ground, in whatever CRS the raster is.
        """
        with open_user_raster(self.path, OutlineError) as source:
            own = raster_grid(source)
            window = _window_of(own, geobox)
            if window.width < 1 or window.height < 1:
                return 0.0
            with foreign_errors(OutlineError, self.path, what="the label raster cannot be read"):
                ice = source.read(1, window=window) == ICE
        rows, columns = window.toslices()
        traced = reprojected(trace(ice.astype(np.uint8), own[rows, columns]), grid_crs(geobox))
        return float(area_km2(traced.clip(geobox.extent.geom)).sum())

    def outlines_on(self, geobox: GeoBox) -> gpd.GeoDataFrame:
        """Trace the pixels of ice on the grid."""
        return trace((self.mask(geobox) == ICE).astype(np.uint8), geobox)


def _window_of(own: GeoBox, geobox: GeoBox) -> Window:
    """Return the part of a raster that a grid covers, with two pixels around it; all of it where that is not known."""
    columns, rows = np.meshgrid(np.linspace(0, geobox.width, 33), np.linspace(0, geobox.height, 33))
    columns, rows = positions_in(own, geobox, columns.ravel(), rows.ravel())
    height, width = own.shape
    if not (np.isfinite(columns).all() and np.isfinite(rows).all()):
        return Window(0, 0, width, height)
    left, right = (int(np.clip(each, 0, width)) for each in (columns.min() - 2, columns.max() + 3))
    top, bottom = (int(np.clip(each, 0, height)) for each in (rows.min() - 2, rows.max() + 3))
    return Window(left, top, right - left, bottom - top)


def open_truth(path: StrPath) -> Truth:
    """Open outlines, also `FILE|layer=NAME`, or a label raster, by the file's suffix.

    Raises
    ------
    OutlineError
        The file does not exist.
    """
    path = Path(path)
    file = layer_path(path).file
    if not file.exists():
        raise OutlineError("the truth does not exist", where=path, remedy="check scenes.*.truth and inventory")
    return RasterTruth(path) if file.suffix.lower() in _RASTERS else OutlineTruth(path)
