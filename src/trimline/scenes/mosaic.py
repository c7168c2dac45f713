"""Mosaics of rasters (VRT), as gdalbuildvrt writes them, of local rasters only.

A VRT may also run code, compute, take the raw bytes of any file for pixels, and name services of the web. One that
does any of it is refused.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from trimline.errors import TrimlineError
from trimline.foreign import foreign_errors
from trimline.scenes.metadata_text import decode, read_bounded
from trimline.scenes.safe_xml import parse_xml

MOSAIC = ".vrt"
"""Suffix of a mosaic; another name does not make one."""
MOST_DEPTH = 3
"""Mosaics within mosaics."""

_FILES = ("SourceFilename", "SourceDataset")
_PLAIN = frozenset(
    {
        *_FILES,
        *("VRTDataset", "VRTRasterBand", "SRS", "GeoTransform", "GCPList", "GCP", "Metadata", "MDI", "OverviewList"),
        *("SimpleSource", "ComplexSource", "AveragedSource", "NoDataFromMaskSource", "MaskBand", "Overview"),
        *("SourceBand", "SourceProperties", "SrcRect", "DstRect", "NODATA", "UseMaskBand", "NoDataValue"),
        *("HideNoDataValue", "ColorInterp", "ColorTable", "Entry", "Description", "Scale", "Offset", "UnitType"),
        *("CategoryNames", "Category", "ScaleOffset", "ScaleRatio", "DstMin", "DstMax", "SrcMin", "SrcMax", "LUT"),
        *("Histograms", "HistItem", "HistMin", "HistMax", "BucketCount", "IncludeOutOfRange", "Approximate"),
        *("HistCounts", "Exponent", "Clamp", "BlockXSize", "BlockYSize", "ColorTableComponent", "MaskValue"),
    }
)
"""Elements of a mosaic that do nothing but place rasters."""
_REMEDY = "write it with gdalbuildvrt from files on this machine, or as a GeoTIFF with gdal_translate"


def sources_of(path: Path, kind: type[TrimlineError]) -> tuple[Path, ...]:
    """Return the files that a mosaic is made of, whatever they hold.

    Parameters
    ----------
    path
        The mosaic.
    kind
        The error to raise.

    Raises
    ------
    TrimlineError
        Of that kind: it does anything else than place local rasters side by side.
    """
    return _within(path, kind, 1)


def _within(path: Path, kind: type[TrimlineError], depth: int) -> tuple[Path, ...]:
    if depth > MOST_DEPTH:
        raise kind("a mosaic of mosaics of mosaics is not read", where=path, remedy=_REMEDY)
    with foreign_errors(kind, path):
        status = path.stat()
        named, problem = _named(path, status.st_size, status.st_mtime_ns)
    if problem is not None:
        raise kind(problem, where=path, remedy=_REMEDY)
    found: list[Path] = []
    for each in named:
        if each.suffix.lower() == MOSAIC:
            found += _within(each, kind, depth + 1)
        else:
            found.append(each)
    return tuple(found)


@lru_cache(maxsize=32)
def _named(path: Path, _size: int, _modified_ns: int) -> tuple[tuple[Path, ...], str | None]:
    """Return the files that a mosaic names, or why it is not read; size and time make a changed one another one."""
    root = parse_xml(decode(read_bounded(path)), str(path), _REMEDY)
    if root.tag != "VRTDataset":
        return (), "the file is no mosaic"
    named: dict[Path, None] = {}
    for element in root.iter():
        subclass = element.get("subClass") or element.get("subclass")
        if subclass or element.tag not in _PLAIN:
            return (), f"the mosaic does more than place rasters ({subclass or element.tag})"
        if element.tag in _FILES:
            written = (element.text or "").strip()
            is_relative = "1" in (element.get("relativeToVRT"), element.get("relativetoVRT"))
            source = path.resolve().parent / written if is_relative else Path(written)
            # What is no absolute path and has a colon, GDAL may take for a service.
            if ":" in written.removeprefix("/") or written.startswith("/vsi") or not source.is_file():
                return (), f"the mosaic names '{written}', which is no file here"
            named[source] = None
    return tuple(named), None
