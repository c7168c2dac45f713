"""STAC items of Sentinel-2, as public archives lay them beside the rasters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from trimline.errors import MetadataError
from trimline.scenes.band_names import common_name
from trimline.scenes.calibration import Linear
from trimline.scenes.metadata_text import float_of, parse_json, parse_moment
from trimline.scenes.sentinel2_metadata import MSI, Level, check_baseline

_APPLIED = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
"""Earth Search, now and before 2023: whether the offset was taken out of the pixels already."""
_BASELINES = ("s2:processing_baseline", "sentinel:processing_baseline", "processing:version")
_PRODUCT_TYPES: Mapping[str, Level] = {"S2MSI1C": "L1C", "S2MSI2A": "L2A"}


@dataclass(frozen=True)
class Item:
    """The part of an item that trimline needs."""

    name: str
    """The file's name."""
    id: str
    level: Level | None
    baseline: str | None
    offset_applied: bool | None
    """Whether it says that the offset was taken out of the pixels; None where it does not say."""
    scaling: Mapping[str, Linear]
    """Scale and offset of `raster:bands`, by common name, of the bands that have both."""
    scales: Mapping[str, float]
    """Scale of `raster:bands`, by common name."""
    files: Mapping[str, str]
    """Names of the rasters, without folders, by common name."""
    time: datetime | None
    sun_azimuth: float | None
    sun_elevation: float | None
    tile: str | None
    cloud_cover: float | None


def read_item(text: str, name: str) -> Item | None:
    """Read an item; None where the file is JSON of something else.

    Raises
    ------
    MetadataError
        It is not JSON, or an item with an impossible value.
    """
    content = parse_json(text, name, remedy="mend it, or move it away")
    if not isinstance(content, dict) or "stac_version" not in content or content.get("type") != "Feature":
        return None
    properties, assets = content.get("properties"), content.get("assets")
    if not isinstance(properties, dict) or not isinstance(assets, dict):
        raise MetadataError("the item lacks properties or assets", where=name, remedy="fetch it again")
    bands = {common: asset for key, asset in assets.items() if (common := _band(key, asset)) is not None}
    baseline = next((str(properties[key]) for key in _BASELINES if properties.get(key)), None)
    return Item(
        name=name,
        id=str(content.get("id", PurePosixPath(name).stem)),
        level=_level(content, properties),
        baseline=check_baseline(baseline, name) if baseline else None,
        offset_applied=_applied(properties, name),
        scaling={common: linear for common, asset in bands.items() if (linear := _scaling(asset, name)) is not None},
        scales={common: scale for common, asset in bands.items() if (scale := _scale(asset, name))},
        files={
            common: PurePosixPath(str(asset.get("href", "")).partition("?")[0]).name for common, asset in bands.items()
        },
        time=_time(properties, name),
        sun_azimuth=_sun(properties, "azimuth", name),
        sun_elevation=_sun(properties, "elevation", name),
        tile=_tile(properties),
        cloud_cover=_number(properties, "eo:cloud_cover", name),
    )


def _band(key: str, asset: object) -> str | None:
    """Return the common name of the band of an asset, which must be at the band's own pixel size."""
    if not isinstance(asset, dict):
        return None
    common = common_name(key, MSI)
    return common if common in MSI.by_common_name else None


def _raster(asset: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the description of the first band of a raster, as the raster extension or STAC 1.1 writes it."""
    for bands in (asset.get("raster:bands"), asset.get("bands")):
        if isinstance(bands, list) and bands and isinstance(bands[0], dict):
            first = bands[0]
            return {key.removeprefix("raster:"): value for key, value in {**asset, **first}.items()}
    return {key.removeprefix("raster:"): value for key, value in asset.items()}


def _scaling(asset: Mapping[str, Any], name: str) -> Linear | None:
    scale, offset = _scale(asset, name), _number(_raster(asset), "offset", name)
    return None if scale is None or offset is None else Linear(scale, offset)


def _level(content: Mapping[str, Any], properties: Mapping[str, Any]) -> Level | None:
    known = _PRODUCT_TYPES.get(str(properties.get("s2:product_type")))
    if known is not None:
        return known
    for text in (str(content.get("collection", "")), str(content.get("id", ""))):
        folded = text.upper().replace("-", "")
        for level in _PRODUCT_TYPES.values():
            if level in folded:
                return level
    return None


def _applied(properties: Mapping[str, Any], name: str) -> bool | None:
    for key in _APPLIED:
        value = properties.get(key)
        if value is not None:
            if not isinstance(value, bool):
                raise MetadataError(f"{key} is {value!r}, neither true nor false", where=name, remedy="mend the item")
            return value
    return None


def _number(content: Mapping[str, Any], key: str, name: str) -> float | None:
    value = content.get(key)
    if value is None:
        return None
    number = float_of(value)
    if number is None:
        raise MetadataError(f"{key} is {value!r}, not a number", where=name, remedy="mend the item")
    return number


def _scale(asset: Mapping[str, Any], name: str) -> float | None:
    scale = _number(_raster(asset), "scale", name)
    if scale is not None and scale <= 0:
        raise MetadataError(f"the scale of a band cannot be {scale:g}", where=name, remedy="mend the item")
    return scale


def _time(properties: Mapping[str, Any], name: str) -> datetime | None:
    written = properties.get("datetime")
    if written is None:
        return None
    try:
        return parse_moment(str(written))
    except ValueError:
        raise MetadataError(f"datetime cannot be '{written}'", where=name, remedy="mend the item") from None


def _sun(properties: Mapping[str, Any], angle: str, name: str) -> float | None:
    value = _number(properties, f"view:sun_{angle}", name)
    if value is not None:
        return value
    if angle == "azimuth":
        return _number(properties, "s2:mean_solar_azimuth", name)
    zenith = _number(properties, "s2:mean_solar_zenith", name)
    return None if zenith is None else 90 - zenith


def _tile(properties: Mapping[str, Any]) -> str | None:
    for key in ("grid:code", "s2:mgrs_tile"):
        if properties.get(key):
            return str(properties[key]).removeprefix("MGRS-")
    zone, band, square = (properties.get(key) for key in ("mgrs:utm_zone", "mgrs:latitude_band", "mgrs:grid_square"))
    return f"{zone:02d}{band}{square}" if isinstance(zone, int) and band and square else None
