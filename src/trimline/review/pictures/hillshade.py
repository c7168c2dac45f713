"""Shaded relief of the ground around the outlines, computed once from the elevation model, in strips.

Slope and aspect are those of Horn (1981, Proceedings of the IEEE 69, 14-47): differences over the eight neighbours of a
pixel. The light is the cosine of the angle between the surface and the sun.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.errors import DiskError, GridError, TrimlineError
from trimline.file_identity import digest, file_identity
from trimline.files import made_folder, whole_file
from trimline.foreign import foreign_errors
from trimline.heights import pixels_per_height, read_heights
from trimline.own_files import own_raster
from trimline.rasters import BLOCK, NOT_WRITTEN, ROOM, bounded_cache, grid_options, write_cog
from trimline.review.pictures.prepared_picture import AROUND_M, Stopped, Surroundings
from trimline.workplace import workplace

AZIMUTH_DEG, ELEVATION_DEG = 315.0, 45.0
"""Of the light: from the north-west, as relief is read best."""
NODATA = 0
"""Of the file; the darkest ground is 1."""
FINEST_M, MOST_PIXELS = 10.0, 12_000
"""Least side of a pixel [m], and most pixels along a side: beyond it pixels are larger."""

_TAG = "TRIMLINE_MADE_FROM"
_ROWS = 512
_VERSION = 1
"""Raised when the same elevation model gives another relief."""


def shaded(
    heights_m: NDArray[np.float32],
    pixel_m: float,
    azimuth_deg: float = AZIMUTH_DEG,
    elevation_deg: float = ELEVATION_DEG,
) -> NDArray[np.float32]:
    """Return the light on ground.

    Parameters
    ----------
    heights_m
        (h + 2, w + 2) heights [m], rows from north to south, with a rim of one pixel; NaN where there is none.
    pixel_m
        Side of a pixel [m].
    azimuth_deg, elevation_deg
        Of the light, clockwise from north and above the horizon [degrees].

    Returns
    -------
    NDArray[np.float32]
        (h, w) in [0, 1]: 0 where the ground faces away from the light. NaN where one of the eight neighbours has no
        height.
    """
    rows, columns = slice(1, -1), slice(1, -1)
    north, south, west, east = slice(None, -2), slice(2, None), slice(None, -2), slice(2, None)
    z = heights_m
    to_east = (z[north, east] + 2 * z[rows, east] + z[south, east]) - (
        z[north, west] + 2 * z[rows, west] + z[south, west]
    )
    to_north = (z[north, west] + 2 * z[north, columns] + z[north, east]) - (
        z[south, west] + 2 * z[south, columns] + z[south, east]
    )
    to_east, to_north = to_east / (8 * pixel_m), to_north / (8 * pixel_m)
    azimuth, elevation = math.radians(azimuth_deg), math.radians(elevation_deg)
    towards_light = to_east * math.sin(azimuth) + to_north * math.cos(azimuth)
    light = (math.sin(elevation) - math.cos(elevation) * towards_light) / np.sqrt(1 + to_east**2 + to_north**2)
    found: NDArray[np.float32] = np.clip(light, 0, 1).astype(np.float32)
    return found


def hillshade_file(dem: Path, path: Path, around: Surroundings, *, stopped: Callable[[], bool] = lambda: False) -> Path:
    """Write the shaded relief of the ground around the outlines, unless it is there, and return its file.

    Parameters
    ----------
    dem
        The elevation model, as for `trimline.heights.read_heights`.
    path
        Gets a COG of uint8: 1 for no light to 255 for full light, `NODATA` where there is no height.
    around
        The ground.
    stopped
        Asked between strips: whether to give up.

    Raises
    ------
    GridError
        The model cannot be read, or has no heights there.
    DiskError
        The file cannot be written.
    Stopped
        It was told to give up.
    """
    made_from = digest([_VERSION, file_identity(dem), around])
    if _is_from(path, made_from):
        return path
    grid = _grid(dem, around)
    options = {**grid_options(grid), "count": 1, "dtype": "uint8", "nodata": NODATA, "compress": "deflate"}
    options |= {"tiled": True, "blockxsize": BLOCK, "blockysize": BLOCK}
    known = 0
    made_folder(path.parent)
    with workplace(path.parent, path.name) as place, bounded_cache():
        draft = place / "draft.tif"
        with (
            foreign_errors(DiskError, path, what=NOT_WRITTEN, remedy=ROOM),
            rasterio.open(draft, "w", driver="GTiff", **options) as target,
        ):
            for start in range(0, grid.height, _ROWS):
                if stopped():
                    raise Stopped
                stop = min(start + _ROWS, grid.height)
                light = shaded(read_heights(dem, _with_rim(grid, start, stop)), float(grid.resolution.x))
                counts = np.where(np.isnan(light), np.float32(NODATA), np.rint(light * 254) + 1).astype(np.uint8)
                known += int(np.count_nonzero(counts))
                target.write(counts, 1, window=((start, stop), (0, grid.width)))
            target.update_tags(**{_TAG: made_from})
        if not known:
            raise GridError("the elevation model has no heights around the outlines", where=dem)
        with whole_file(path) as temporary:
            write_cog(draft, temporary, overviews="average")
    return path


def _grid(dem: Path, around: Surroundings) -> GeoBox:
    """Return the grid of the relief: the ground around the outlines, on pixels of the model."""
    west, south, east, north = around.bounds
    west, south, east, north = west - AROUND_M, south - AROUND_M, east + AROUND_M, north + AROUND_M
    side = max(east - west, north - south)
    crs = CRS.from_user_input(around.crs)

    def of(pixel_m: float) -> GeoBox:
        shape = math.ceil((north - south) / pixel_m), math.ceil((east - west) / pixel_m)
        return GeoBox(shape, Affine(pixel_m, 0, west, 0, -pixel_m, north), crs.to_wkt())

    trial = of(side / 100)
    pixel_m = float(trial.resolution.x) * pixels_per_height(dem, trial)
    return of(max(FINEST_M, pixel_m, side / MOST_PIXELS))


def _with_rim(grid: GeoBox, start: int, stop: int) -> GeoBox:
    """Return rows of a grid with a rim of one pixel."""
    shape = stop - start + 2, grid.width + 2
    return GeoBox(shape, grid.affine * Affine.translation(-1, start - 1), grid.crs)


def _is_from(path: Path, made_from: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with own_raster(path) as source:
            return bool(source.tags().get(_TAG) == made_from)
    except TrimlineError:
        return False
