"""Files that trimline wrote, read back: where one is damaged, the error says which and how it is made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from trimline.errors import StageError
from trimline.files import StrPath
from trimline.foreign import foreign_errors, reason

_DAMAGED = "is damaged"
_AGAIN = "delete it, and do again what wrote it: `trimline run PROJECT` in a study, `trimline outline` of a scene"


@contextmanager
def own_raster(path: StrPath) -> Iterator[Any]:
    """Open a GeoTIFF that trimline wrote, for reading in the block.

    Raises
    ------
    StageError
        It cannot be opened, or a block of it cannot be read.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    try:
        with rasterio.open(path, driver="GTiff") as source:
            yield source
    # Errors of GDAL only: the block may hold code of our own.
    except (RasterioError, CPLE_BaseError) as error:
        raise StageError(f"{_DAMAGED} ({reason(error)})", where=path, remedy=_AGAIN) from error


def own_json(path: Path) -> Any:
    """Return the content of a JSON file that trimline wrote.

    Raises
    ------
    StageError
        It is missing or no JSON.
    """
    with foreign_errors(StageError, path, what=_DAMAGED, remedy=_AGAIN):
        return json.loads(path.read_text(encoding="utf-8"))


def own_records(path: Path, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Return the objects in a JSON file that trimline wrote, each of which has the keys.

    Raises
    ------
    StageError
        It is missing or no such file.
    """
    listed = own_json(path)
    if isinstance(listed, list) and all(isinstance(each, dict) and set(keys) <= set(each) for each in listed):
        return listed
    raise StageError(f"{_DAMAGED} (it is no list of {', '.join(keys)})", where=path, remedy=_AGAIN)
