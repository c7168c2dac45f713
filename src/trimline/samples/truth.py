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
from rasterio.vrt import WarpedVRT

from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.layer_path import layer_path
from trimline.outlines import area_km2, rasterise, read_outlines, trace
from trimline.samples.samples import ICE, IGNORE

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
        return self._near(geobox).to_crs(str(geobox.crs)).clip(geobox.extent.geom)

    def _near(self, geobox: GeoBox) -> gpd.GeoDataFrame:
        box = geobox.footprint(self.outlines.crs.to_wkt(), buffer=abs(float(geobox.resolution.x))).boundingbox
        return self.outlines.cx[box.left : box.right, box.bottom : box.top]


class RasterTruth(Truth):
    """A label raster of 0 and 1; its nodata, anything else, and all beyond its edge count as unknown."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mask(self, geobox: GeoBox) -> NDArray[np.uint8]:
        """Read the raster onto the grid, by nearest neighbour; see `Truth.mask`."""
        with rasterio.open(self.path) as source:
            if source.crs is None:
                raise OutlineError("the label raster has no CRS", where=self.path)
            with WarpedVRT(
                source,
                crs=str(geobox.crs),
                transform=geobox.transform,
                width=geobox.width,
                height=geobox.height,
                resampling=Resampling.nearest,
                src_nodata=IGNORE,
                nodata=IGNORE,
            ) as warped:
                values = warped.read(1)
        return np.where(np.isin(values, (0, 1)), values, IGNORE).astype(np.uint8)

    def area_km2(self, geobox: GeoBox) -> float:
        """Return the area of the pixels of ice [km2]."""
        pixel_m2 = abs(float(geobox.resolution.x) * float(geobox.resolution.y))
        return float(np.count_nonzero(self.mask(geobox) == ICE) * pixel_m2 / 1e6)

    def outlines_on(self, geobox: GeoBox) -> gpd.GeoDataFrame:
        """Trace the pixels of ice on the grid."""
        return trace((self.mask(geobox) == ICE).astype(np.uint8), geobox)


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
