"""One scene that a catalogue offers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import shapely


@dataclass(frozen=True)
class RemoteAsset:
    """One file of a scene in an archive."""

    key: str
    """Its key in the item."""
    href: str
    """Its address, not signed: nothing in it is secret."""
    name: str
    """Its file name, safe to write under: from the address, never a path."""
    media_type: str | None = None
    size: int | None = None
    """[bytes], where the catalogue says it (`file:size`)."""
    checksum: str | None = None
    """Multihash in hexadecimal digits, where the catalogue says it (`file:checksum`)."""


@dataclass(frozen=True)
class Candidate:
    """One scene that a catalogue offers."""

    id: str
    """The item's id, which is safe as a file name."""
    catalogue: str
    """Name of the known archive, or address of the catalogue."""
    collection: str
    sensor: str
    """Sensor id (`landsat-8-oli`)."""
    level: Literal["L1", "L2"]
    time: datetime
    """UTC."""
    tile: str | None
    """WRS-2 path/row (`139036`) or MGRS tile (`45TVJ`)."""
    footprint: shapely.Geometry
    """In degrees, EPSG:4326."""
    bands: Mapping[str, RemoteAsset]
    """Rasters of bands by common name (`swir1`)."""
    quality: Mapping[str, RemoteAsset]
    """Quality rasters by kind, as in `Scene.quality_assets`: `pixel` and `saturation` (Landsat), `classes` (SCL of
    Sentinel-2), `cloud_bits` (QA60), ..."""
    metadata: tuple[RemoteAsset, ...]
    """Metadata files that the readers need: ``*_MTL.txt``, ``tileInfo.json``, ``metadata.xml``."""
    item: Mapping[str, Any]
    """The STAC item as the catalogue gave it, addresses not signed."""
    cloud_cover: float | None = None
    """[percent of the whole scene]."""
    sun_elevation: float | None = None
    """[degrees]."""
    sun_azimuth: float | None = None
    datatake: str | None = None
    """What tells two passes over one Sentinel-2 tile on one day apart."""
    processed: str | None = None
    """Processing time or baseline; of two with the same pass the greater is newer."""
    is_slc_off: bool = False
