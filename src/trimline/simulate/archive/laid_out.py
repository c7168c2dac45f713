"""One product as an archive lays it out: its folder, its files as assets, and what its item states."""

from __future__ import annotations

import hashlib
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

import rasterio
from odc.geo.geom import Geometry

from trimline.errors import DiskError
from trimline.files import whole_file
from trimline.foreign import foreign_errors
from trimline.rasters import NOT_WRITTEN, ROOM
from trimline.scenes.scene import Scene

Layout = Literal["cogs", "jp2"]

COG_TYPE = "image/tiff; application=geotiff; profile=cloud-optimized"
_SHA2_256 = "1220"
"""Start of a multihash of SHA-256: its code, and its length of 32 bytes."""
_LEAST_OVERVIEW = 16
"""Side of the smallest overview [pixels]."""

Resampling = Literal["average", "nearest"]


@dataclass(frozen=True)
class LaidOut:
    """One product in an archive."""

    collection: str
    item_id: str
    folder: str
    """Within the archive."""
    extensions: tuple[str, ...]
    footprint: Geometry
    """EPSG:4326."""
    properties: Mapping[str, Any]
    assets: Mapping[str, Mapping[str, Any]]


def extension(name: str, version: str) -> str:
    """Return the address of the schema of a STAC extension."""
    return f"https://stac-extensions.github.io/{name}/v{version}/schema.json"


def common_properties(scene: Scene) -> dict[str, Any]:
    """Return what the items of all sensors state: time, cloud, sun, CRS."""
    if scene.time is None or scene.crs is None:
        return {}
    return {
        "datetime": f"{scene.time:%Y-%m-%dT%H:%M:%S.%f}Z",
        "eo:cloud_cover": scene.cloud_cover,
        "view:off_nadir": 0,
        "view:sun_azimuth": scene.sun_azimuth,
        "view:sun_elevation": scene.sun_elevation,
        "proj:epsg": scene.crs.to_epsg(),
        "proj:code": f"EPSG:{scene.crs.to_epsg()}",
    }


def cog_asset(
    source: str, path: Path, href: str, *, block: int, resampling: Resampling, indexes: int = 1
) -> dict[str, Any]:
    """Write a raster as a COG with overviews, and return its asset, without roles and bands.

    Parameters
    ----------
    source
        Any raster that GDAL reads.
    path
        The COG.
    href
        Its address in the item.
    block
        Side of a block [pixels].
    resampling
        Of the overviews: `nearest` for classes and bits.
    indexes
        Bands to write, from the first.
    """
    with rasterio.open(source) as given:
        profile = {key: given.profile[key] for key in ("height", "width", "crs", "transform", "dtype", "nodata")}
        numbers = given.read(list(range(1, indexes + 1)))
    levels = max(1, int(math.log2(max(1, min(profile["height"], profile["width"]) / _LEAST_OVERVIEW))))
    with (
        whole_file(path) as temporary,
        foreign_errors(DiskError, path, what=NOT_WRITTEN, remedy=ROOM),
        rasterio.open(
            temporary,
            "w",
            driver="COG",
            count=indexes,
            compress="deflate",
            blocksize=block,
            overview_count=levels,
            overview_resampling=resampling,
            **profile,
        ) as target,
    ):
        target.write(numbers)
    transform = profile["transform"]
    return {
        "href": href,
        "type": COG_TYPE,
        "proj:shape": [profile["height"], profile["width"]],
        "proj:transform": [transform.a, transform.b, transform.c, transform.d, transform.e, transform.f],
        **of_file(path),
    }


def file_asset(source: Path, path: Path, href: str, media_type: str) -> dict[str, Any]:
    """Copy a file, and return its asset."""
    with whole_file(path) as temporary:
        shutil.copyfile(source, temporary)
    return {"href": href, "type": media_type, **of_file(path)}


def of_file(path: Path) -> dict[str, Any]:
    """Return size and checksum of a file, as the extension `file` writes them."""
    return {"file:size": path.stat().st_size, "file:checksum": _SHA2_256 + _digest(path)}


def up_to(folder: str, path: str) -> str:
    """Return the relative address of a file of the archive from one of its folders."""
    return "../" * len(PurePosixPath(folder).parts) + path


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
