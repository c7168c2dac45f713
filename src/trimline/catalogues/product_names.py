"""What names of products say: sensor, level, path/row or tile, and which of two processings is the newer.

Landsat: product ids of collections and scene ids from before (USGS LSDS-1656, LSDS-1618). Sentinel-2: product names
(ESA S2-PDGS-TAS-DI-PSD), and the ids that Earth Search and the Planetary Computer make of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from trimline.catalogues.item_fields import properties_of
from trimline.sensors import SENSORS

_LANDSAT = re.compile(
    r"L(?P<kind>[A-Z])0(?P<number>\d)_L(?P<level>[12])[A-Z]{2}_(?P<tile>\d{6})_(?P<date>\d{8})"
    r"(?:_(?P<processed>\d{8}))?_(?P<collection>\d{2})_(?P<category>T1|T2|RT)(?![A-Z0-9])"
)
_OLD_LANDSAT = re.compile(r"\bL(?P<kind>[A-Z])(?P<number>\d)(?P<tile>\d{6})(?P<year>\d{4})(?P<day>\d{3})[A-Z]{3}\d{2}")
_SENTINEL2 = re.compile(
    r"S2(?P<unit>[A-D])_MSIL(?P<level>1C|2A)_(?P<start>\d{8}T\d{6})(?:_N(?P<baseline>\d{4}))?_R\d{3}"
    r"_T(?P<tile>\d{2}[A-Z]{3})_(?P<made>\d{8}T\d{6})"
)
_EARTH_SEARCH = re.compile(
    r"S2(?P<unit>[A-D])_T?(?P<tile>\d{2}[A-Z]{3})_(?P<date>\d{8})(?:T\d{6})?(?:_(?P<sequence>\d+))?_L(?P<level>1C|2A)"
)
_DATATAKE = re.compile(r"GS2(?P<unit>[A-D])_(?P<start>\d{8}T\d{6})_")
_CATEGORIES = ("RT", "T2", "T1")
"""Landsat's collection categories, from the worst: real time, and the two tiers."""

_COLLECTION_1 = "-c1-"
"""In the names of collections with ESA's first reprocessing of all scenes, which is preferred to the scenes as they
were first processed."""

_PLATFORM = re.compile(r"(?:LANDSAT|LC|LT|LE)[ _-]?0?(?P<number>\d)", re.IGNORECASE)
_SENTINEL2_PLATFORM = re.compile(r"SENTINEL[ _-]?2(?P<unit>[A-D])?", re.IGNORECASE)


@dataclass(frozen=True)
class ProductName:
    """What is known of a product by its names and properties."""

    sensor: str
    level: Literal["L1", "L2"] | None
    tile: str | None
    datatake: str | None
    """Unit and start of the datatake of Sentinel-2: `S2A_20220915T141751`."""
    processed: str | None
    """Of two processings of the same pass the greater is newer."""
    stem: str | None = None
    """Beginning of the names of its files, of Landsat."""


def product_name(item: Mapping[str, Any], files: Iterable[str] = ()) -> ProductName | None:
    """Return what the names of an item and of its files, and its properties, say; None of neither mission.

    Parameters
    ----------
    item
        The STAC item.
    files
        Names of its files.
    """
    properties = properties_of(item)
    own = [str(item.get("id", "")), *(str(properties.get(key, "")) for key in ("s2:product_uri", "landsat:product_id"))]
    return _landsat(item, [*own, *files]) or _sentinel2(item, [*own, *files])


def _landsat(item: Mapping[str, Any], names: list[str]) -> ProductName | None:
    matches = [match for name in names if (match := _LANDSAT.search(name))]
    # The id of some archives lacks the day of processing, which the files' names have.
    match = next((each for each in matches if each["processed"]), matches[0] if matches else None)
    if match is not None:
        sensor = _landsat_sensor(match["kind"], int(match["number"]))
        if sensor is None:
            return None
        rank = _CATEGORIES.index(match["category"])
        processed = f"{match['collection']} {int(rank > 0)} {match['processed'] or '00000000'} {rank}"
        level: Literal["L1", "L2"] = "L1" if match["level"] == "1" else "L2"
        return ProductName(sensor, level, match["tile"], None, processed, match[0])
    old = next((each for name in names if (each := _OLD_LANDSAT.search(name))), None)
    if old is not None:
        sensor = _landsat_sensor(old["kind"], int(old["number"]))
        return None if sensor is None else ProductName(sensor, "L1", old["tile"], None, "00", old[0])
    return _landsat_by_properties(item)


def _landsat_by_properties(item: Mapping[str, Any]) -> ProductName | None:
    properties = properties_of(item)
    platform = _PLATFORM.search(str(properties.get("platform") or properties.get("eo:platform") or ""))
    if platform is None:
        return None
    number = int(platform["number"])
    given = properties.get("instruments") or [properties.get("eo:instrument", "")]
    instruments = " ".join(str(each) for each in given).upper() if isinstance(given, list) else str(given).upper()
    kinds = (("OLI", "C"), ("ETM", "E"), ("MSS", "M"), ("TM", "T"))
    kind = next((letter for word, letter in kinds if word in instruments), {7: "E", 8: "C", 9: "C"}.get(number))
    sensor = None if kind is None else _landsat_sensor(kind, number)
    if sensor is None:
        return None
    path_row = [str(properties.get(f"landsat:wrs_{each}", "")) for each in ("path", "row")]
    tile = "".join(each.zfill(3) for each in path_row) if all(each.isdecimal() for each in path_row) else None
    words = f"{properties.get('landsat:correction', '')} {properties.get('processing:level', '')}"
    return ProductName(sensor, _level(words, str(item.get("collection", ""))), tile, None, None)


def _landsat_sensor(kind: str, number: int) -> str | None:
    instrument = {"C": "oli", "O": "oli", "E": "etm", "T": "tm", "M": "mss"}.get(kind)
    sensor = f"landsat-{number}-{instrument}"
    return sensor if sensor in SENSORS else None


def _sentinel2(item: Mapping[str, Any], names: list[str]) -> ProductName | None:
    properties = properties_of(item)
    matches = [match for name in names if (match := _SENTINEL2.search(name))]
    product = next((each for each in matches if each["baseline"]), matches[0] if matches else None)
    short = next((each for name in names if (each := _EARTH_SEARCH.search(name))), None)
    platform = _SENTINEL2_PLATFORM.search(str(properties.get("platform") or properties.get("constellation") or ""))
    if product is None and short is None and platform is None:
        return None
    taken = (str(properties.get(key, "")) for key in ("s2:datatake_id", "eopf:datatake_id"))
    datatake = next((f"S2{each['unit']}_{each['start']}" for text in taken if (each := _DATATAKE.search(text))), None)
    words = [str(properties.get(key, "")) for key in ("s2:product_type", "product:type", "processing:level")]
    level = _level(*words, *(each["level"] for each in (product, short) if each), str(item.get("collection", "")))
    if datatake is None and product is not None:
        datatake = f"S2{product['unit']}_{product['start']}"
    tile = next((each["tile"] for each in (product, short) if each), None) or _mgrs(properties)
    reprocessed = int(_COLLECTION_1 in str(item.get("collection", "")))
    processed = f"{reprocessed} {_processing(properties, product, short)}"
    return ProductName("sentinel-2-msi", level, tile, datatake, processed)


def _processing(properties: Mapping[str, Any], product: re.Match[str] | None, short: re.Match[str] | None) -> str:
    """Return baseline, time of generation and number in the archive, so that the newer is the greater."""
    keys = ("s2:processing_baseline", "processing:version", "sentinel:processing_baseline")
    written = next((str(properties[key]) for key in keys if properties.get(key)), "")
    if not re.fullmatch(r"\d{1,2}\.\d{2}", written):
        in_name = product["baseline"] if product and product["baseline"] else "0000"
        written = f"{in_name[:2]}.{in_name[2:]}"
    made = re.sub(r"[^0-9]", "", str(properties.get("s2:generation_time") or (product["made"] if product else "")))
    sequence = str(properties.get("s2:sequence") or (short["sequence"] if short else None) or "0")
    return f"{written.zfill(5)} {made[:14].ljust(14, '0')} {sequence.zfill(3)}"


def _mgrs(properties: Mapping[str, Any]) -> str | None:
    for key in ("grid:code", "s2:mgrs_tile"):
        if re.fullmatch(r"(MGRS-)?\d{1,2}[C-X][A-Z]{2}", str(properties.get(key, ""))):
            return str(properties[key]).removeprefix("MGRS-").zfill(5)
    for start in ("mgrs", "sentinel"):
        zone, band, square = (properties.get(f"{start}:{key}") for key in ("utm_zone", "latitude_band", "grid_square"))
        text = f"{zone}{band}{square}".zfill(5)
        if re.fullmatch(r"\d{2}[C-X][A-Z]{2}", text):
            return text
    return None


def _level(*words: str) -> Literal["L1", "L2"] | None:
    """Return the level that the first of some texts names that names one."""
    for text in words:
        match = re.search(r"(?:^|MSI|L|LEVEL-)(?P<level>[12])(?![0-9])", text.upper())
        if match:
            return "L1" if match["level"] == "1" else "L2"
    return None
