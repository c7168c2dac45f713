"""Files that trimline wrote, read back: where one is damaged, the error says which and how it is made again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

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
        It cannot be opened, claims more than its file can hold, or a block of it cannot be read.
    """
    import rasterio
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    from trimline.scenes.raster_opening import impossible_size

    try:
        with rasterio.open(path, driver="GTiff") as source:
            if source.transform.is_degenerate or not np.isfinite(source.transform).all():
                raise StageError(f"{_DAMAGED} (its place is lost)", where=path, remedy=_AGAIN)
            problem = impossible_size(source, Path(path).stat().st_size)
            if problem is not None:
                raise StageError(f"{_DAMAGED} (it {problem})", where=path, remedy=_AGAIN)
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


def own_records(path: Path, keys: Mapping[str, type | tuple[type, ...]]) -> list[dict[str, Any]]:
    """Return the objects in a JSON file that trimline wrote, each of which has the keys, with values of their types.

    Raises
    ------
    StageError
        It is missing or no such file.
    """
    listed = own_json(path)
    if isinstance(listed, list) and all(
        isinstance(each, dict) and all(isinstance(each.get(key), kind) for key, kind in keys.items()) for each in listed
    ):
        return listed
    raise StageError(f"{_DAMAGED} (it is no list of {', '.join(keys)})", where=path, remedy=_AGAIN)
