"""Where on Earth: longitudes, projections, regions."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from affine import Affine
from tests.kinds.kind import Kind

_BANDS = ("blue", "green", "red", "nir", "swir1", "swir2")


def _stack(path: Path, crs: str, affine: Affine) -> None:
    """Write a small stack of reflectance."""
    options = {"height": 24, "width": 24, "count": len(_BANDS), "dtype": "float32", "crs": crs, "transform": affine}
    with rasterio.open(path, "w", driver="GTiff", **options) as target:
        target.write(np.full((len(_BANDS), 24, 24), 0.2, np.float32))
        target.descriptions = _BANDS


def _longitude_291(folder: Path) -> list[str]:
    _stack(folder / "andes.tif", "EPSG:4326", Affine(0.0003, 0, 291, 0, -0.0003, -35))
    return ["info", "andes.tif"]


def _world_mercator(folder: Path) -> list[str]:
    _stack(folder / "lapland.tif", "EPSG:3395", Affine(60, 0, 2_200_000, 0, -60, 10_500_000))
    return ["info", "lapland.tif"]


def _polar(folder: Path) -> list[str]:
    _stack(folder / "antarctica.tif", "EPSG:3031", Affine(30, 0, -1_500_000, 0, -30, 1_200_000))
    return ["info", "antarctica.tif"]


def _local(folder: Path) -> list[str]:
    _stack(folder / "site.tif", 'LOCAL_CS["site",UNIT["metre",1]]', Affine(30, 0, 0, 0, -30, 3000))
    return ["info", "site.tif"]


def _geocentric(folder: Path) -> list[str]:
    _stack(folder / "xyz.tif", "EPSG:4978", Affine(30, 0, 500_000, 0, -30, 4_000_000))
    return ["info", "xyz.tif"]


def _two_readings(folder: Path) -> list[str]:
    wide = gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[shapely.box(-170, 60, 60, 70)], crs=4326)
    for name in ("glaciers_2000.gpkg", "glaciers_2010.gpkg"):
        wide.to_file(folder / name)
    return ["change", "glaciers_2000.gpkg", "glaciers_2010.gpkg", "-o", "change"]


def _across_180(folder: Path) -> list[str]:
    for name, south in (("glaciers_2000.gpkg", 71.0), ("glaciers_2010.gpkg", 71.002)):
        shape = shapely.box(-179.98, south, 179.98, 71.01)
        gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[shape], crs=4326).to_file(folder / name)
    return ["change", "glaciers_2000.gpkg", "glaciers_2010.gpkg", "-o", "change"]


_ASSIGN = (
    "assign the right one, for instance with `gdal_edit.py -a_srs EPSG:32646 FILE` "
    "or `ogr2ogr -a_srs EPSG:32646 NEW FILE`"
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "A raster whose longitudes run from 0 to 360",
        "Where on Earth",
        _longitude_291,
        "Climate data count longitudes from 0 to 360. Longitude 291 is 69 degrees west, and the raster is worked on in "
        "the UTM zone of that place, as its twin from -180 to 180 is.",
        None,
        ("-69.000 to -68.993° E", "m in EPSG:32719"),
    ),
    Kind(
        "A raster in Mercator far from the equator",
        "Where on Earth",
        _world_mercator,
        "A metre of world Mercator is 37 cm on the ground at 68 degrees north. Where lengths are off by more than 5 %, "
        "a raster is resampled to UTM, and the note and the log say so. A project that gives such a CRS is refused.",
        None,
        ("lengths are off by 170 %",),
    ),
    Kind(
        "A raster in a polar stereographic projection",
        "Where on Earth",
        _polar,
        "Landsat's products of Antarctica are in EPSG:3031. Its lengths are off by less than 5 % up to 60 degrees of "
        "latitude, so that it is kept as it is, pixel for pixel; areas are those on the ground.",
        None,
        ("EPSG:3031",),
    ),
    Kind(
        "A raster in a local CRS",
        "Where on Earth",
        _local,
        "Some programs write a CRS that has a name and metres and no place on the Earth. Nothing can be measured there "
        "until it has one.",
        f"site.tif: the CRS 'site' is local: it is not tied to the Earth\n{_ASSIGN}",
    ),
    Kind(
        "A raster in geocentric coordinates",
        "Where on Earth",
        _geocentric,
        "EPSG:4978 counts metres from the centre of the Earth, and is taken for EPSG:4326 by its name, which is the "
        "same. It is no CRS of a map.",
        f"xyz.tif: the CRS 'WGS 84' is geocentric: it has no plane\n{_ASSIGN}",
    ),
    Kind(
        "Outlines across the 180th meridian that went the long way round",
        "Where on Earth",
        _across_180,
        "A program that moves vertices one by one makes an outline on Wrangel Island 359.96 degrees wide. An edge "
        "longer than 180 degrees is read the short way round.",
        None,
    ),
    Kind(
        "An outline that can be read both ways round the Earth",
        "Where on Earth",
        _two_readings,
        "A box that is 230 degrees wide, or 130 degrees across the 180th meridian, has two readings. It is refused by "
        "its row.",
        "glaciers_2000.gpkg: outline 0 is 230.00 degrees wide: it lies across the 180th meridian, or is no outline of "
        "a glacier\nwrite its longitudes on one side (179.9 and 180.1), or cut it into parts of less than 90 degrees",
    ),
)
