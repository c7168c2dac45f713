"""Paths of vector files that name a layer or an encoding: `inventory.gpkg|layer=glaciers`.

The notation is that of QGIS, which writes `layername`. It holds wherever outlines, regions, lines or points are given:
in Python, on the command line and in a project file.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from trimline.errors import OutlineError

_SEPARATOR = "|"
_LAYER = ("layer", "layername")
_ENCODING = "encoding"


@dataclass(frozen=True)
class LayerPath:
    """A vector file, and what is said of it behind its name."""

    file: Path
    """The file or folder."""
    layer: str | None = None
    """Which layer, or which file of an archive."""
    encoding: str | None = None
    """Encoding of its text, where the file names a wrong one."""

    @property
    def names(self) -> tuple[str, str, str]:
        """What may say what is in it: its layer (empty where none is named), its stem, and the folder it lies in."""
        return self.layer or "", self.file.stem, self.file.parent.name

    @property
    def said(self) -> str:
        """What stands behind the name of the file; empty where nothing does."""
        given = ((_LAYER[0], self.layer), (_ENCODING, self.encoding))
        return "".join(f"{_SEPARATOR}{key}={value}" for key, value in given if value is not None)


def layer_path(path: str | PathLike[str]) -> LayerPath:
    """Return the file that a path names, and its layer and encoding where the path says them.

    Parameters
    ----------
    path
        `FILE`, `FILE|layer=NAME`, `FILE|encoding=NAME` or both. A file whose own name holds `|` is taken as it is.

    Raises
    ------
    OutlineError
        What follows `|` is neither a layer nor an encoding, or there is no such encoding.

    Examples
    --------
    >>> layer_path("inventory.gpkg|layer=glaciers").layer
    'glaciers'
    """
    text = str(path)
    if _SEPARATOR not in text or Path(text).exists():
        return LayerPath(Path(text))
    file, *said = text.split(_SEPARATOR)
    layer = encoding = None
    for each in said:
        key, _, value = (part.strip() for part in each.partition("="))
        if key.lower() in _LAYER and value:
            layer = value
        elif key.lower() == _ENCODING and value:
            encoding = _known(value, file)
        else:
            raise OutlineError(
                f"'{_SEPARATOR}{each}' names neither a layer nor an encoding",
                where=file,
                remedy="write it as in file.gpkg|layer=glaciers or file.shp|encoding=cp1252",
            )
    return LayerPath(Path(file), layer, encoding)


def _known(encoding: str, file: str) -> str:
    try:
        name = codecs.lookup(encoding).name
    except (LookupError, ValueError) as error:
        raise OutlineError(
            f"'{encoding}' is no encoding", where=file, remedy="names are utf-8, cp1252, iso-8859-1, gbk and the like"
        ) from error
    # As GDAL spells it.
    return re.sub("^ISO8859", "ISO-8859", name.upper().replace("_", "-"))
