"""Which GeoTIFFs a browser reads as they are: by range requests, with no more than is shown fetched and decoded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trimline.scenes.asset import Asset
from trimline.scenes.product_files import member_of

LARGEST_WHOLE = 1024
"""Side up to which a raster is read whole, without tiles and overviews [pixels]."""
COMPRESSIONS = frozenset({"", "NONE", "LZW", "DEFLATE", "JPEG", "PACKBITS"})
"""Compressions that the page's reader of GeoTIFFs unpacks."""
_NUMBERS = frozenset({"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"})
_LARGEST_TILE = 2048
"""Side of a tile that is fetched for a part of it [pixels]."""


def obstacle_of(asset: Asset, source: Any) -> str | None:
    """Return why a browser cannot read the band of a scene from its file, in words; None where it can.

    Parameters
    ----------
    asset
        The band.
    source
        Its raster, opened.
    """
    if member_of(asset.href) is not None:
        return "it lies in an archive"
    if asset.shift is not None:
        return "it is moved to where it belongs"
    if source.driver == "GTiff" and asset.geobox is not None and (source.crs is None or source.transform.is_identity):
        return "its files do not say where they lie"
    return raster_obstacle(source)


def raster_obstacle(source: Any) -> str | None:
    """Return why a browser cannot read an open raster, in words; None where it can."""
    if source.driver != "GTiff":
        return f"browsers read no {_FORMATS.get(source.driver, source.driver)}"
    if source.crs is None or source.transform.is_identity:
        return "its files do not say where they lie"
    transform = source.transform
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        return "its rows do not run from west to east"
    structure = source.tags(ns="IMAGE_STRUCTURE")
    compression = str(structure.get("COMPRESSION", "")).upper()
    if compression.removeprefix("YCBCR ") not in COMPRESSIONS:
        return f"browsers do not unpack {compression}"
    if not set(source.dtypes) <= _NUMBERS or "NBITS" in source.tags(1, ns="IMAGE_STRUCTURE"):
        return "its numbers have an unusual width"
    if max(source.shape) <= LARGEST_WHOLE:
        return None
    rows, columns = source.block_shapes[0]
    if columns >= source.width or max(rows, columns) > _LARGEST_TILE:
        return "its files have no tiles"
    if not source.overviews(1) or Path(f"{source.name}.ovr").exists():
        return "its files have no overviews"
    return None


_FORMATS = {"JP2OpenJPEG": "JPEG 2000", "HFA": "Erdas Imagine", "VRT": "mosaics of files"}
"""Formats in words, by GDAL's name."""
