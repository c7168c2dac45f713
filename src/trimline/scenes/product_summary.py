"""Description of a product, as `trimline info` prints it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from odc.geo.geobox import GeoBox

from trimline.scenes.grid import bounds_in_degrees


@dataclass(frozen=True)
class ProductInfo:
    """Properties of a product, without reading its pixels.

    Examples
    --------
    >>> import trimline
    >>> trimline.product_info("LC08_L1TP_139036_20180823_20200831_02_T1.tar").to_dict()["bands"]
    """

    path: Path
    kind: str
    """`Landsat`, `Sentinel-2 SAFE`, `Sentinel-2 tile` or `GeoTIFF stack`."""
    id: str
    """The agency's product id, or the file's name."""
    sensor: str | None
    """Sensor id; None where unknown."""
    time: datetime | None
    """Acquisition (UTC)."""
    bands: tuple[str, ...]
    """Common names of the present bands."""
    missing: tuple[str, ...]
    """Missing files that the metadata name; of a product that `trimline fetch` brought, those that it brought."""
    is_complete: bool
    """Whether all files that the metadata name are present and undamaged."""
    is_usable: bool
    """Whether it can be mapped: its bands are there, its files undamaged, and it lies somewhere on the Earth. Quality
    bands may be missing."""
    level: str | None = None
    """Processing level."""
    collection: str | None = None
    baseline: str | None = None
    """Processing baseline of Sentinel-2: `02.06`, `05.11`."""
    category: str | None = None
    """Tier: `T1`, `T2` or `RT`."""
    tile: str | None = None
    """WRS path and row, or MGRS tile."""
    cloud_cover: float | None = None
    """[percent]"""
    sun_azimuth: float | None = None
    """[degrees]"""
    sun_elevation: float | None = None
    """[degrees]"""
    quality: tuple[str, ...] = ()
    """Kinds of quality files: `pixel` and `saturation` of Landsat; `classes`, `classification`, ... of Sentinel-2."""
    crs: str | None = None
    width: int | None = None
    """[pixels]"""
    height: int | None = None
    """[pixels]"""
    pixel: tuple[float, float] | None = None
    """Size of a pixel along x and y, in `pixel_unit`."""
    pixel_unit: str | None = None
    """Unit of the CRS: `metre`, `degree`, ..."""
    bounds: tuple[float, float, float, float] | None = None
    """West, south, east, north [degrees]; east is above 180 where the product lies across the 180th meridian."""
    fetched: str | None = None
    """What `trimline fetch` brought of it, in words: `for a region`; None of other products."""
    notes: tuple[str, ...] = ()
    """Warnings for users of the product."""

    @staticmethod
    def grid_fields(grid: GeoBox | None) -> dict[str, Any]:
        """Return the fields of a grid; none of one that has no place on the Earth."""
        if grid is None or grid.crs is None:
            return {}
        bounds = bounds_in_degrees(grid)
        if bounds is None:
            return {}
        return {
            "crs": str(grid.crs),
            "width": int(grid.shape[1]),
            "height": int(grid.shape[0]),
            "pixel": (abs(float(grid.resolution.x)), abs(float(grid.resolution.y))),
            "pixel_unit": str(grid.crs.proj.axis_info[0].unit_name),
            "bounds": bounds,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON."""
        content = {each.name: getattr(self, each.name) for each in fields(self)}
        content["path"] = str(self.path)
        content["time"] = self.time.isoformat() if self.time else None
        return content
