"""Elevation of a region from tiles of a catalogue: the parts that are needed are fetched, and joined into one file."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.errors import RasterioError
from rasterio.windows import Window

from trimline.errors import DiskError, GridError, RemoteError
from trimline.files import made_folder, whole_file, write_json
from trimline.foreign import foreign_errors
from trimline.heights import read_heights
from trimline.rasters import NOT_WRITTEN, ROOM, bounded_cache, grid_options, write_cog, write_raster
from trimline.remote.left_out import left_out
from trimline.remote.raster import RemoteRaster, remote_raster
from trimline.remote.transport import Transport
from trimline.scenes.asset import raster_grid
from trimline.terrain.dem_tiles import Tile, TileFile, find_tiles, ground_around, names_of, tiles_over

_LOG = logging.getLogger(__name__)

MARGIN_M = 15_000.0
"""Elevation around the region: terrain shades what lies within it from there [m]."""
_AT_ONCE = 4
"""Tiles that are fetched at a time."""
_BESIDE_PX = 2
"""Pixels of a tile beyond the ground that is needed."""
_ROWS_AT_A_TIME = 1024
_NOTED = ("tiles", "missing", "incomplete")
"""What the file beside elevation says of it, as `FetchedDem` names it."""
_SECOND = 1 / 3600
"""One second of arc [degrees]."""


@dataclass(frozen=True)
class FetchedDem:
    """Elevation that was fetched."""

    path: Path
    tiles: tuple[str, ...]
    """Names of the tiles that it is made of."""
    missing: tuple[str, ...]
    """Names of tiles that the catalogue does not have: sea, or not released."""
    incomplete: tuple[str, ...]
    """Names of tiles that have no height at some pixels of the region: void, or left out of the file."""
    is_new: bool
    """Whether it was made now; otherwise it was there."""


def fetch_dem(
    region: shapely.Geometry, path: Path, catalogue: str, transport: Transport, *, margin_m: float = MARGIN_M
) -> FetchedDem:
    """Fetch the elevation of a region into one file; nothing where it is there, from the same tiles of the same ground.

    Parameters
    ----------
    region
        Polygons in degrees.
    path
        The GeoTIFF, in degrees, with the columns of the finest of its tiles; NaN where no tile is. A JSON file beside
        it says what it was made of, and a folder holds the parts of tiles while they are fetched.
    catalogue
        Name of a known archive, or address or path of a catalogue.
    transport
        Reads the tiles.
    margin_m
        Elevation around the region [m].

    Raises
    ------
    CatalogueError
        The catalogue does not answer, or has none of the tiles.
    RemoteError
        A tile cannot be read.
    DiskError
        The disk is full, or fails.
    """
    ground = ground_around(region, margin_m)
    tiles = tiles_over(ground)
    note = path.with_suffix(".json")
    bounds = [[round(each, 6) for each in part.bounds] for part in shapely.get_parts(ground)]
    asked = {"catalogue": catalogue, "bounds": bounds}
    known = _known(note)
    if path.exists() and known.get("asked") == asked:
        return FetchedDem(path, **{key: tuple(known[key]) for key in _NOTED}, is_new=False)
    files, missing = find_tiles(catalogue, tiles, ground, transport)
    if missing:
        _LOG.warning(
            "elevation: %d of %d tiles are not in the catalogue (sea, or not released), and nothing is known there: %s",
            len(missing),
            len(tiles),
            names_of(missing),
        )
    folder = path.with_suffix("")
    made_folder(folder)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        parts = list(pool.map(lambda each: _part(each, ground, folder, transport), files))
    incomplete = tuple(file.tile for file, part in zip(files, parts, strict=True) if _has_gaps(part))
    if incomplete:
        _LOG.warning(
            "elevation: %d of %d tiles have gaps, where nothing is known: %s",
            len(incomplete),
            len(files),
            names_of(incomplete),
        )
    _join(parts, [each.tile for each in files], folder, path)
    for part in parts:
        part.unlink()
    folder.rmdir()
    here, lacking, broken = (
        tuple(each.name for each in group) for group in ([file.tile for file in files], missing, incomplete)
    )
    found = FetchedDem(path, here, lacking, broken, is_new=True)
    write_json(note, {"asked": asked, **{key: asdict(found)[key] for key in _NOTED}})
    return found


def _known(note: Path) -> dict[str, Any]:
    """Return what a file beside elevation says of it; nothing where it is missing or damaged."""
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    is_whole = isinstance(content, dict) and all(isinstance(content.get(key), list) for key in _NOTED)
    return content if is_whole else {}


def _part(file: TileFile, ground: shapely.Geometry, folder: Path, transport: Transport) -> Path:
    """Fetch the part of a tile that meets some ground; one that is there and covers it is left."""
    path = folder / f"{file.tile.name}.tif"
    west, south, east, north = shapely.intersection(ground, file.tile.box).bounds
    with remote_raster(file.href, transport) as raster:
        grid = raster_grid(raster.source)
        affine = ~grid.affine
        (left, top), (right, bottom) = affine * (west, north), affine * (east, south)
        rows = max(0, math.floor(top) - _BESIDE_PX), min(grid.height, math.ceil(bottom) + _BESIDE_PX)
        columns = max(0, math.floor(left) - _BESIDE_PX), min(grid.width, math.ceil(right) + _BESIDE_PX)
        if rows[0] >= rows[1] or columns[0] >= columns[1]:
            raise RemoteError(
                "the tile does not lie where its name says",
                where=file.tile.name,
                remedy="name another catalogue as dem_catalogue",
            )
        part = grid[slice(*rows), slice(*columns)]
        if _is_there(path, part):
            return path
        values, nodata = _heights(raster, Window.from_slices(rows, columns))
        write_raster(path, values, part, nodata=nodata)
    _LOG.info("elevation: %s fetched", file.tile.name)
    return path


def _heights(raster: RemoteRaster, window: Window) -> tuple[NDArray[Any], float | None]:
    """Return the numbers of a window of a tile, and its nodata value; of blocks left out nothing is known."""
    values, nodata = raster.read(window), raster.source.nodata
    if nodata is None:
        unknown = left_out(raster, window)
        if unknown.any():
            # Readers make 0 of it, which is a height: that of the sea.
            return np.where(unknown, np.float32("nan"), values.astype(np.float32)), float("nan")
    return values, nodata


def _has_gaps(part: Path) -> bool:
    """Whether a part of a tile has pixels without a height."""
    with rasterio.open(part) as source:
        values = source.read(1)
        return bool((np.isnan(values) | (values == source.nodata)).any())


def _is_there(path: Path, grid: GeoBox) -> bool:
    """Whether a file holds a part already; one that is damaged does not."""
    try:
        with rasterio.open(path) as source:
            return bool(raster_grid(source) == grid)
    except (RasterioError, GridError):
        return False


def _join(parts: Sequence[Path], tiles: Sequence[Tile], folder: Path, path: Path) -> None:
    """Write the parts of tiles as one raster, on the lattice of the finest of them."""
    finest = min(range(len(tiles)), key=lambda i: tiles[i].column_seconds)
    grids = []
    for part in parts:
        with rasterio.open(part) as source:
            grids.append(raster_grid(source))
    lattice = grids[finest]
    bounds = np.array([each.boundingbox.bbox for each in grids])
    # West of the 180th meridian longitudes end: what lies beyond it is counted on.
    if bounds[:, 2].max() - bounds[:, 0].min() > 180:
        beyond = bounds[:, 2] < 0
        bounds[beyond, 0] += 360
        bounds[beyond, 2] += 360
    (left, top), (right, bottom) = (
        ~lattice.affine * corner
        for corner in ((bounds[:, 0].min(), bounds[:, 3].max()), (bounds[:, 2].max(), bounds[:, 1].min()))
    )
    start = round(left), round(top)
    shape = round(bottom) - start[1], round(right) - start[0]
    grid = GeoBox(shape, lattice.affine * Affine.translation(*start), lattice.crs)
    plain = folder / "joined"
    options = grid_options(grid) | {"driver": "GTiff", "count": 1, "dtype": "float32", "nodata": float("nan")}
    with bounded_cache():
        with (
            foreign_errors(DiskError, path.name, what=NOT_WRITTEN, remedy=ROOM),
            rasterio.open(plain, "w", tiled=True, bigtiff="if_safer", **options) as target,
        ):
            target.update_tags(TRIMLINE_TILES=" ".join(each.name for each in tiles))
            for first in range(0, grid.height, _ROWS_AT_A_TIME):
                rows = slice(first, min(grid.height, first + _ROWS_AT_A_TIME))
                heights = read_heights(folder, grid[rows, :])
                if grid.boundingbox.right > 180:
                    turned = Affine.translation(-360, 0) * grid.affine
                    farther = read_heights(folder, GeoBox(grid.shape, turned, grid.crs)[rows, :])
                    np.copyto(heights, farther, where=np.isnan(heights))
                target.write(heights, 1, window=Window(0, rows.start, grid.width, rows.stop - rows.start))
        with whole_file(path) as temporary:
            write_cog(plain, temporary, overviews="average")
    plain.unlink()
