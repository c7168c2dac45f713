"""Files of STAC items: addresses, names, sizes and checksums, and which of them are bands.

The same band has many names. Its key may be the common name (`swir16`), the agency's (`B11`, `SR_B6.TIF`) or the
agency's with a pixel size (`B02_10m`); else the band extension names it, or the file's own name does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from trimline.catalogues.candidate import RemoteAsset
from trimline.catalogues.kept_item import unsigned_href
from trimline.errors import CatalogueError
from trimline.file_names import safe_name
from trimline.remote.address import scheme_of
from trimline.scenes.band_names import QUALITY_NAMES, common_name
from trimline.sensors import Sensor

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://\S+", re.IGNORECASE)
_NODE = re.compile(r"Nodes\((?P<name>[^()]+)\)/\$value")
"""A file by OData (Copernicus Data Space), whose address ends in `$value`."""

_MOST_ASSETS = 1000
_RASTERS = (".tif", ".tiff", ".jp2")
_PIXEL = re.compile(r"_(?P<pixel>10|20|60)m$", re.IGNORECASE)
_FILE_BAND = re.compile(r"(?:^|_)(?P<band>(?:(?:SR|ST)_)?B\d{1,2}A?(?:_VCID_\d)?|QA_PIXEL|QA_RADSAT|QA60|SCL)$", re.I)
_NO_DATA_ROLES = frozenset({"overview", "thumbnail", "visual"})
_REMOTE_SCHEMES = ("http", "https", "s3")


def files_of(item: Mapping[str, Any], alternates: Mapping[str, str], *, is_remote: bool) -> dict[str, RemoteAsset]:
    """Return the files of an item by key.

    Parameters
    ----------
    alternates
        Key of the alternate address to take, by the beginning of the address in place of which it is taken.
    is_remote
        Whether the item is from a server, so that it cannot name files of this machine.

    Raises
    ------
    CatalogueError
        The item has no assets, more than any scene, or one that names a file which it may not.
    """
    assets = item.get("assets")
    if not isinstance(assets, Mapping) or not assets:
        raise CatalogueError("the item has no assets", where=item.get("id"))
    if len(assets) > _MOST_ASSETS:
        raise CatalogueError(f"the item has {len(assets)} assets, as no scene has", where=item.get("id"))
    found: dict[str, RemoteAsset] = {}
    for key, asset in assets.items():
        if not isinstance(asset, Mapping) or not isinstance(asset.get("href"), str) or not asset["href"]:
            continue
        href = unsigned_href(_chosen(asset, alternates))
        if is_remote and scheme_of(href) not in _REMOTE_SCHEMES:
            raise CatalogueError(
                f"the asset '{key}' is neither on a web server nor in a bucket",
                where=item.get("id"),
                remedy="do not trust a catalogue on a server that names files of this machine",
            )
        found[str(key)] = RemoteAsset(
            key=str(key),
            href=href,
            name=name_in(href),
            media_type=_text(asset.get("type")),
            size=_size(asset.get("file:size")),
            checksum=_checksum(asset.get("file:checksum")),
        )
    if not found:
        raise CatalogueError("no asset of the item has an address", where=item.get("id"))
    return found


def name_in(href: str) -> str:
    """Return the name of the file at an address, safe to write under."""
    plain = href.partition("?")[0] if _ADDRESS.fullmatch(href) else href.replace("\\", "/")
    node = _NODE.search(plain)
    return safe_name(unquote(node["name"] if node else plain.rstrip("/").rpartition("/")[2]), "file")


def bands_of(
    item: Mapping[str, Any], files: Mapping[str, RemoteAsset], sensor: Sensor
) -> tuple[dict[str, RemoteAsset], dict[str, RemoteAsset]]:
    """Return the rasters of bands by common name, and quality rasters by kind.

    Of a band that an item has at several pixel sizes, the finest is taken.

    Parameters
    ----------
    item
        The item, whose band extension names bands.
    files
        Its files by key, as `files_of` returns them.
    """
    bands: dict[str, RemoteAsset] = {}
    quality: dict[str, RemoteAsset] = {}
    for rank in (_of_key, _of_band_extension, _of_file_name):
        named = [(name, file) for file in _rasters(item, files) if (name := rank(item, file, sensor)) is not None]
        for name, file in sorted(named, key=lambda each: _pixel(each[1])):
            into = quality if name in QUALITY_NAMES.values() else bands
            if file not in (*bands.values(), *quality.values()):
                into.setdefault(name, file)
    order = [band.common for band in sensor.bands]
    return dict(sorted(bands.items(), key=lambda each: order.index(each[0]))), quality


def _chosen(asset: Mapping[str, Any], alternates: Mapping[str, str]) -> str:
    href: str = asset["href"]
    others = asset.get("alternate")
    for start, key in alternates.items():
        other = others.get(key) if isinstance(others, Mapping) else None
        if href.startswith(start) and isinstance(other, Mapping) and isinstance(other.get("href"), str):
            return str(other["href"])
    return href


def _rasters(item: Mapping[str, Any], files: Mapping[str, RemoteAsset]) -> Iterator[RemoteAsset]:
    for key, file in files.items():
        roles = item["assets"][key].get("roles")
        is_picture = isinstance(roles, list) and not _NO_DATA_ROLES.isdisjoint(str(role) for role in roles)
        if not is_picture and file.name.lower().endswith(_RASTERS):
            yield file


def _named(names: Iterable[str], sensor: Sensor) -> str | None:
    """Return the band or kind of quality that one of some names means."""
    for name in names:
        if name.upper() in QUALITY_NAMES:
            return QUALITY_NAMES[name.upper()]
        common = common_name(name, sensor)
        if common is not None and common in sensor.by_common_name:
            return common
    return None


def _of_key(_: Mapping[str, Any], file: RemoteAsset, sensor: Sensor) -> str | None:
    plain = _PIXEL.sub("", re.sub(r"\.(tiff?|jp2)$", "", file.key, flags=re.IGNORECASE))
    return _named([plain], sensor)


def _of_band_extension(item: Mapping[str, Any], file: RemoteAsset, sensor: Sensor) -> str | None:
    asset = item["assets"][file.key]
    for bands in (asset.get("eo:bands"), asset.get("bands")):
        if isinstance(bands, list) and len(bands) == 1 and isinstance(bands[0], Mapping):
            given = (bands[0].get(key) for key in ("name", "common_name", "eo:common_name"))
            return _named([each for each in given if isinstance(each, str)], sensor)
    return None


def _of_file_name(_: Mapping[str, Any], file: RemoteAsset, sensor: Sensor) -> str | None:
    stem = _PIXEL.sub("", file.name.rpartition(".")[0])
    match = _FILE_BAND.search(stem)
    return _named([match["band"]], sensor) if match else None


def _pixel(file: RemoteAsset) -> int:
    """Return the pixel size that a key or name states [m]; 0 where neither does."""
    match = _PIXEL.search(file.key) or _PIXEL.search(file.name.rpartition(".")[0])
    return int(match["pixel"]) if match else 0


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _size(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _checksum(value: Any) -> str | None:
    is_hexadecimal = isinstance(value, str) and re.fullmatch(r"([0-9a-fA-F]{2}){3,}", value) is not None
    return value.lower() if is_hexadecimal else None
