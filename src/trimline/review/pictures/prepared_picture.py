"""A copy of a scene that browsers read: a cloud-optimised GeoTIFF for each band, of the ground around the outlines.

Numbers stay as they are stored, on the pixels of the band, so that a copy shows what the product shows; bands of other
pixels lie side by side. Only bands whose numbers are no whole ones of 16 bits, or whose rows do not run from west to
east, are written as decimal numbers or on the grid of the scene. A copy is whole or absent, and is written in strips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import rasterio
from odc.geo.geobox import GeoBox
from pyproj import CRS
from rasterio.enums import Resampling

from trimline.errors import DiskError, ProductError, TrimlineError
from trimline.files import made_folder, whole_folder, write_json
from trimline.foreign import foreign_errors
from trimline.own_files import own_json, own_raster
from trimline.rasters import BLOCK, NOT_WRITTEN, ROOM, bounded_cache, grid_options, write_cog
from trimline.reprojecting import transformer
from trimline.review.contract import Bounds
from trimline.review.pictures.described_picture import (
    BANDS,
    BandOfFile,
    Described,
    as_described,
    bands_of,
    calibration_of,
    describe_on,
    percentiles_of,
)
from trimline.scenes import Asset, Scene, is_working_grid
from trimline.scenes.asset import asset_grid, open_raster

AROUND_M = 2000.0
"""Width of the ground around the outlines that a copy holds [m]."""

_FACTS = "picture.json"
_ROWS = 1024
"""Rows that are copied at a time, as high as a tile of Sentinel-2 [pixels]."""
_WHOLE_NUMBERS = ("uint8", "uint16")
_MISSING = -9999.0
"""Number of a pixel without data among decimal ones: JSON has no NaN."""
_SAMPLED = 256
"""Pixels along a side from which the first stretch is taken."""


class Surroundings(NamedTuple):
    """Ground that a picture must show."""

    bounds: Bounds
    """West, south, east and north of the outlines [m]."""
    crs: str
    """Their CRS."""


class Stopped(Exception):
    """The review ends while a copy is made."""


def prepare_picture(
    scene: Scene,
    folder: Path,
    around: Surroundings | None,
    *,
    stopped: Callable[[], bool] = lambda: False,
    report: Callable[[str], None] = lambda _: None,
) -> Described:
    """Write a copy of a scene into a folder.

    Parameters
    ----------
    scene
        The scene.
    folder
        Where the files of the bands go, as ``red.tif``; it is there when all of them are.
    around
        The ground to copy; None means the whole scene.
    stopped
        Asked between strips: whether to give up.
    report
        Told how far it is, in words.

    Raises
    ------
    ProductError
        The scene does not show the ground, or a raster is damaged.
    DiskError
        The disk is full or read-only.
    Stopped
        It was told to give up.
    """
    assets = bands_of(scene)
    grids = {name: _grid_of(scene, asset) for name, asset in assets.items()}
    coarsest = max(grids.values(), key=lambda each: abs(float(each.resolution.x)))
    part = _part(coarsest, around, scene)
    parts = {name: _same_ground(grid, part) for name, grid in grids.items()}
    made_folder(folder.parent)
    bands: list[BandOfFile] = []
    with whole_folder(folder) as place, bounded_cache():
        for position, (name, asset) in enumerate(assets.items()):
            report(f"{position} of {len(assets)} bands are copied")
            bands.append(_copy(scene, name, asset, parts[name], place / f"{name}.tif", position, stopped))
        files = [f"{name}.tif" for name in assets]
        facts = describe_on(part, scene, files, bands)
        write_json(place / _FACTS, {"picture": facts.model_dump(mode="json"), "around": around})
    return _with_folder(facts, folder)


def prepared_picture(folder: Path, around: Surroundings | None) -> Described | None:
    """Return a copy that was made; None where there is none, it is damaged, or does not hold the ground.

    Parameters
    ----------
    folder
        Where it would lie.
    around
        The ground that it must hold.
    """
    if not (folder / _FACTS).is_file():
        return None
    try:
        content = own_json(folder / _FACTS)
    except TrimlineError:
        return None
    facts = as_described(content.get("picture", {})) if isinstance(content, dict) else None
    own = {f"{name}.tif" for name in BANDS}
    if facts is None or not all(each in own and _is_whole(folder / each) for each in facts.files):
        return None
    return _with_folder(facts, folder) if _holds(content.get("around"), around) else None


def _holds(made_for: Any, around: Surroundings | None) -> bool:
    """Whether the copy of some ground holds that of the outlines as they are now."""
    if made_for is None:
        return True  # of the whole scene
    if around is None or not isinstance(made_for, list) or len(made_for) != 2 or made_for[1] != around.crs:
        return False
    (west, south, east, north), now = made_for[0], around.bounds
    slack = AROUND_M / 2
    inside = (now[0] >= west - slack, now[1] >= south - slack, now[2] <= east + slack, now[3] <= north + slack)
    return all(inside)


def _is_whole(path: Path) -> bool:
    """Whether a file of a copy is there, and no link to another one."""
    return path.is_file() and not path.is_symlink()


def _with_folder(facts: Described, folder: Path) -> Described:
    return facts.model_copy(update={"files": tuple(str(folder / each) for each in facts.files)})


def _grid_of(scene: Scene, asset: Asset) -> GeoBox:
    """Return the grid on which a band is copied: that of its raster, if its rows run from west to east."""
    grid = asset_grid(asset)
    return grid if grid.crs == scene.geobox.crs and is_working_grid(grid) else scene.geobox


def _part(grid: GeoBox, around: Surroundings | None, scene: Scene) -> GeoBox:
    """Return the part of a grid that shows the ground, to whole pixels."""
    if around is None:
        return grid
    west, south, east, north = around.bounds
    wide = west - AROUND_M, south - AROUND_M, east + AROUND_M, north + AROUND_M
    to_grid = transformer(CRS.from_user_input(around.crs), CRS.from_user_input(grid.crs))
    west, south, east, north = to_grid.transform_bounds(*wide)
    left, top = ~grid.affine * (west, north)
    right, bottom = ~grid.affine * (east, south)
    height, width = grid.shape
    rows = max(0, math.floor(top)), min(height, math.ceil(bottom))
    columns = max(0, math.floor(left)), min(width, math.ceil(right))
    if rows[0] >= rows[1] or columns[0] >= columns[1]:
        raise ProductError(
            "the scene does not show the ground of the outlines",
            where=scene.id,
            remedy="leave it out of the project, or look at another",
        )
    return grid[slice(*rows), slice(*columns)]


def _same_ground(grid: GeoBox, part: GeoBox) -> GeoBox:
    """Return the part of a grid of finer pixels that covers the same ground."""
    box = part.extent.boundingbox
    left, top = (round(each) for each in ~grid.affine * (box.left, box.top))
    right, bottom = (round(each) for each in ~grid.affine * (box.right, box.bottom))
    height, width = grid.shape
    return grid[max(0, top) : min(height, bottom), max(0, left) : min(width, right)]


def _copy(
    scene: Scene, name: str, asset: Asset, grid: GeoBox, path: Path, position: int, stopped: Callable[[], bool]
) -> BandOfFile:
    """Write one band as a cloud-optimised GeoTIFF, and describe it."""
    with open_raster(asset.href) as source:
        stored = str(source.dtypes[asset.index - 1])
    is_whole = stored in _WHOLE_NUMBERS
    dtype = np.dtype(stored if is_whole else "float32")
    nodata = _missing_number(asset, dtype)
    draft = path.with_name(f"{name}-draft.tif")
    options = {**grid_options(grid), "count": 1, "dtype": dtype, "nodata": nodata, "compress": "deflate", "zlevel": 1}
    options |= {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK, "bigtiff": "if_safer"}
    with (
        foreign_errors(DiskError, path, what=NOT_WRITTEN, remedy=ROOM),
        rasterio.open(draft, "w", driver="GTiff", **options) as target,
    ):
        for rows in _strips(grid.height):
            if stopped():
                raise Stopped
            numbers = scene.read(name, geobox=grid[rows, :], units="dn").to_numpy()
            numbers = np.where(np.isnan(numbers), np.float32(nodata), numbers).astype(dtype)
            target.write(numbers, 1, window=((rows.start, rows.stop), (0, grid.width)))
    write_cog(draft, path, overviews="average")
    draft.unlink()
    scale, offset = calibration_of(asset)
    low, high = _stretch(path, nodata, scale, offset)
    return BandOfFile(name=name, file=position, index=1, scale=scale, offset=offset, nodata=nodata, low=low, high=high)


def _missing_number(asset: Asset, dtype: np.dtype[Any]) -> float:
    """Return the number of pixels without data: that of the band, or one that no sensor gives."""
    if dtype.kind == "f":
        return _MISSING
    largest = float(np.iinfo(dtype).max)
    known = asset.nodata
    return known if known is not None and 0 <= known <= largest and known == int(known) else largest


def _stretch(path: Path, nodata: float, scale: float, offset: float) -> tuple[float, float]:
    with own_raster(path) as source:
        factor = max(1.0, max(source.shape) / _SAMPLED)
        shape = tuple(max(1, round(side / factor)) for side in source.shape)
        numbers = source.read(1, out_shape=shape, resampling=Resampling.nearest).astype(np.float64)
    return percentiles_of(numbers[numbers != nodata], scale, offset)


def _strips(height: int) -> Iterator[slice]:
    for start in range(0, height, _ROWS):
        yield slice(start, min(start + _ROWS, height))
