"""Identity of files: a digest that changes when the data in a file, or what GDAL reads beside it, may have changed.

Data are told by path, size and time of last change, not by their bytes: products are gigabytes. A file counts with
its companions, which decide its CRS, grid, attributes or mask: the `.prj` and `.dbf` of a Shapefile, a world file, an
`.aux.xml`, the write-ahead log of a GeoPackage, the sources of a VRT.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from trimline.errors import StageError
from trimline.layer_path import layer_path

_APPENDED = (".aux.xml", ".msk", "-wal")
"""Companions named after the whole name: GDAL's own metadata, a mask, the write-ahead log of a GeoPackage."""
_WITH_STEM = (".prj", ".wld", ".tab", ".hdr")
"""Companions of any file, named after its stem: CRS, world file, georeferencing of MapInfo, header of ENVI."""
_WITH_STEM_OF = {
    ".shp": (".shx", ".dbf", ".cpg"),
    ".tab": (".dat", ".map", ".id"),
    ".mif": (".mid",),
    ".csv": (".csvt",),
}
_AUXILIARY = ".aux.xml"
_STATISTICS = "STATISTICS_"


def file_identity(path: Path) -> str:
    """Return the identity of a file with its companions, or of all files of a folder.

    Parameters
    ----------
    path
        A raster, vector file (also `FILE|layer=NAME`), table, archive or folder. Hidden files of a folder do not count.

    Returns
    -------
    str
        Hexadecimal SHA-256; the same in every process, as long as the files lie where they lie.

    Raises
    ------
    StageError
        There is no such file or folder.
    """
    given = layer_path(path)
    if not given.file.exists():
        raise StageError("does not exist", where=path, remedy="check the paths in the project file")
    states: list[Any] = [state for each in files_of(given.file) if (state := _state_of(each)) is not None]
    return digest([*states, given.said] if given.said else states)


def files_of(path: Path) -> list[Path]:
    """Return a file with its companions, or the files of a folder, and the sources of every VRT; sorted."""
    found: set[Path] = set()
    waiting = [path.resolve()]
    while waiting:
        for each in _belonging(waiting.pop()):
            if each not in found:
                found.add(each)
                waiting.extend(source for source in _vrt_sources(each) if source not in found)
    return sorted(found)


def digest(content: Any) -> str:
    """Return the hexadecimal SHA-256 of what JSON can hold; all else counts as its text."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def _belonging(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from (each for each in path.rglob("*") if each.is_file() and not _is_hidden(each, path))
        return
    yield path
    names = {f"{path.name}{suffix}" for suffix in _APPENDED}
    suffixes = {*_WITH_STEM, *_WITH_STEM_OF.get(path.suffix.lower(), ()), *_world_files(path.suffix)}
    names |= {f"{path.stem}{suffix}" for suffix in _in_either_case(suffixes)}
    # An empty write-ahead log is what a reader leaves, and holds nothing.
    yield from (each for name in names if (each := path.with_name(name)).is_file() and each.stat().st_size)


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def _in_either_case(suffixes: Iterable[str]) -> set[str]:
    return {spelt for suffix in suffixes for spelt in (suffix.lower(), suffix.upper())}


def _world_files(suffix: str) -> set[str]:
    """Return the suffixes of world files: of ``.tif`` they are ``.tfw`` and ``.tifw``."""
    return {f".{suffix[1]}{suffix[-1]}w", f"{suffix}w"} if len(suffix) > 2 else set()


def _state_of(path: Path) -> list[Any] | None:
    """Return what tells one state of a file from another; None where the file decides nothing."""
    if path.name.lower().endswith(_AUXILIARY):
        content = _without_statistics(path)
        return [str(path), content] if content else None
    status = path.stat()
    return [str(path), status.st_size, status.st_mtime_ns]


def _without_statistics(path: Path) -> str:
    """Return the content of an `.aux.xml` without statistics and histograms, which viewing a raster adds."""
    root = _xml(path)
    if root is None:
        return path.read_bytes().hex()
    for parent in reversed(list(root.iter())):  # children before their parents, which may be empty then
        for child in list(parent):
            is_statistic = child.tag == "Histograms" or child.get("key", "").startswith(_STATISTICS)
            if is_statistic or (child.tag in ("Metadata", "PAMRasterBand") and not len(child)):
                parent.remove(child)
    return ElementTree.canonicalize(ElementTree.tostring(root), strip_text=True) if len(root) else ""


def _vrt_sources(path: Path) -> list[Path]:
    """Return the files that a VRT is made of."""
    if path.suffix.lower() != ".vrt":
        return []
    root = _xml(path)
    if root is None:
        return []
    sources = []
    for each in root.iter():
        if each.tag in ("SourceFilename", "SourceDataset", "SrcDataSource") and each.text:
            relative = "1" in (each.get("relativeToVRT"), each.get("relativetoVRT"))
            source = path.parent / each.text if relative else Path(each.text)
            if source.exists():
                sources.append(source.resolve())
    return sources


def _xml(path: Path) -> ElementTree.Element | None:
    """Return the root of an XML file; None where it is not XML, or declares entities, which may expand without end."""
    content = path.read_bytes()
    if b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        return ElementTree.fromstring(content)  # noqa: S314 - entities are refused above
    except ElementTree.ParseError:
        return None
