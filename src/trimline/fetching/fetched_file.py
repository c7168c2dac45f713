"""``fetched.json``: what was fetched from where, beside the product's files; by it a whole product is told.

It is written last, names every file with its size and SHA-256, and holds a digest of itself. When it was fetched is the
time of the file, so that fetching the same again gives the same bytes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import shapely
from odc.geo.geobox import GeoBox
from pydantic import BaseModel, ConfigDict, ValidationError
from rasterio.windows import Window

from trimline.file_identity import digest
from trimline.files import sha256, write_json

FETCHED = "fetched.json"
ITEM = "item.json"
"""The item, as the catalogue gave it."""


_SETTLED_NS = 2_000_000_000
"""Age at which a further change of a file gives it another time, on any file system."""


class FetchedFile(BaseModel):
    """One file of a fetched product."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    what: str
    """`band swir1`, `quality pixel`, `metadata ...`, or `item`."""
    source: str
    """Its address in the archive, without query; empty for what was written here."""
    size: int
    """[bytes]"""
    sha256: str
    window: tuple[int, int, int, int] | None = None
    """Of the archive's raster: first column, first row, columns, rows; None means that the file is whole."""
    shape: tuple[int, int] | None = None
    """Rows and columns of the archive's raster, where a window was taken."""
    transform: tuple[float, float, float, float, float, float] | None = None
    """Its geotransform."""
    crs: str | None = None

    @property
    def grid(self) -> GeoBox | None:
        """Grid of the archive's raster, where a window was taken."""
        if self.shape is None or self.transform is None or self.crs is None:
            return None
        from affine import Affine

        return GeoBox(self.shape, Affine(*self.transform), self.crs)


class FetchedProduct(BaseModel):
    """A fetched product: content of ``fetched.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trimline: str
    """Version of the program that fetched it."""
    catalogue: str
    collection: str
    item: str
    """Id of the item."""
    item_address: str | None = None
    """Address of the item in its catalogue, where it says so."""
    product_id: str
    """Id that the product gives itself: the agency's."""
    time: str
    """Acquisition, ISO 8601."""
    source: str
    """Digest of what tells this version of the scene in the archive: catalogue, id, processing, addresses."""
    region: str | None
    """Digest of the region that windows were taken for; None means all of the scene."""
    margin_m: float | None
    """Margin around the region [m]."""
    whole: bool
    """Whether the files are the archive's own."""
    files: tuple[FetchedFile, ...]

    @property
    def pixels(self) -> str:
        """Digest of what decides the pixels, see `pixels_of`."""
        rasters = [file.what for file in self.files if file.what.startswith(("band ", "quality "))]
        return pixels_of(self.source, self.region, self.margin_m, rasters, whole=self.whole)


def pixels_of(source: str, region: str | None, margin_m: float | None, rasters: Iterable[str], *, whole: bool) -> str:
    """Return a digest of what decides the pixels of a fetched product; it is known before anything is fetched.

    Parameters
    ----------
    source, region, margin_m, whole
        As of `FetchedProduct`.
    rasters
        What its rasters are, as `FetchedFile.what`.
    """
    return digest(["fetched", source, region, margin_m, sorted(rasters), whole])


def region_digest(region: shapely.Geometry | None) -> str | None:
    """Return the identity of a region, whatever the order of its vertices."""
    return None if region is None else digest(shapely.to_wkb(shapely.normalize(region), hex=True))


def described(path: Path, **known: Any) -> FetchedFile:
    """Return the description of a closed file; `known` are fields besides its name, size and digest."""
    return FetchedFile(name=path.name, size=path.stat().st_size, sha256=sha256(path), **known)


def write_sealed(path: Path, model: BaseModel, **more: Any) -> None:
    """Write a model as JSON, with a digest by which damage shows."""
    content = {**model.model_dump(mode="json"), **more}
    write_json(path, {**content, "digest": digest(content)})


def read_sealed(path: Path) -> dict[str, Any] | None:
    """Return what `write_sealed` wrote, without the digest; None where it is absent or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or content.pop("digest", None) != digest(content):
        return None
    return content


def read_fetched(product: Path) -> FetchedProduct | None:
    """Return what was fetched into a folder; None where nothing was, or its record is damaged."""
    content = read_sealed(product / FETCHED)
    try:
        return None if content is None else FetchedProduct.model_validate(content)
    except ValidationError:
        return None


def damage(product: Path, known: FetchedProduct) -> str | None:
    """Return in words which file of a product is not as it was fetched; None where all are.

    Files are hashed, whatever their times say: copies and archives change these. A process hashes each state of a file
    once.
    """
    for file in known.files:
        path = product / file.name
        if path.is_symlink() or not path.is_file():
            return f"{file.name} was deleted"
        status = path.stat()
        if status.st_size != file.size or _hashed(path, status) != file.sha256:
            return f"{file.name} was changed"
    return None


def _hashed(path: Path, status: os.stat_result) -> str:
    if time.time_ns() - status.st_ctime_ns < _SETTLED_NS:
        return sha256(path)
    return _hashed_once(path.absolute(), status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


@lru_cache(maxsize=16_384)
def _hashed_once(path: Path, *_state: int) -> str:
    return sha256(path)


def lacking(known: FetchedProduct, wanted: Iterable[str]) -> list[str]:
    """Return which of the files wanted, by what they are, a product lacks."""
    there = {file.what for file in known.files}
    return [what for what in wanted if what not in there]


def window_of(file: FetchedFile) -> Window | None:
    """Return the window of a file; None where it is whole."""
    return None if file.window is None else Window(*file.window)
