"""Terrain shadow of a scene, by an elevation model and the sun of each place, in bounded memory.

The grid is worked on in squares that are counted from the origin of its CRS, each with the terrain towards the sun from
which shadow can reach it, and with its own sun. So the shadow of a place does not depend on the part that is asked for.
The Earth's curvature is left out: it lowers a summit 10 km away by 8 m.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from odc.geo.geobox import GeoBox
from odc.geo.xr import xr_coords

from trimline.errors import GridError
from trimline.files import StrPath
from trimline.heights import HIGHEST_M, check_heights, pixels_per_height, read_heights
from trimline.scenes.grid import flaw_of
from trimline.terrain.shadow import Shadow, shadow_on_heights
from trimline.terrain.sun import azimuth_on_grid, centre_of, sun_over

if TYPE_CHECKING:
    from trimline.scenes import Scene

SQUARE_PIXELS = 1024
"""Side of the squares with one sun [pixels]; it moves by a quarter of a degree across 30 km."""

_MOST_COARSER = 16
"""Pixels of the scene along the side of a pixel that heights are read on, at most."""
_SUMMIT_M = 300.0
"""How much ground may lie above or below the mean height of the coarse pixel it is in [m]."""
_COARSE_M = 500.0
"""Pixels at which the highest ground around a square is looked for [m]."""
_MARGIN_PX = 4
"""Pixels beyond what is asked for, so that slopes and heights between pixels have their neighbours."""
_DIMENSIONS = ("y", "x")


def terrain_shadow(scene: Scene, dem: StrPath, geobox: GeoBox | None = None) -> xr.Dataset:
    """Return where terrain shades a scene.

    Parameters
    ----------
    scene
        The scene; its sun is that of its metadata, or of the almanac for its time.
    dem
        Elevation model: any raster with a CRS, or a folder of them, see `trimline.heights.read_heights`. It should
        reach beyond the scene towards the sun: `unknown` says where it does not.
    geobox
        The grid, projected and north-up; None means the scene's own.

    Returns
    -------
    xarray.Dataset
        (y, x) bool variables `cast_shadow`, ground that other terrain shades; `self_shadow`, ground that faces away
        from the sun; and `shadow_unknown`, ground without a height, or which only terrain without a height may shade.

    Raises
    ------
    MetadataError
        Neither the sun nor the time is known, or the sun is lower than 5 degrees.
    GridError
        The model cannot be read or has no heights here, or the grid is none in metres.

    Examples
    --------
    >>> import trimline
    >>> from trimline.terrain import terrain_shadow
    >>> scene = trimline.open_scene("LC08_L1TP_139036_20180823_20200831_02_T1.tar")
    >>> shadow = terrain_shadow(scene, "dem.tif")
    >>> float(shadow["cast_shadow"].mean())  # doctest: +SKIP
    0.04
    """
    grid = scene.geobox if geobox is None else geobox
    names = {"cast_shadow": "cast", "self_shadow": "facing_away", "shadow_unknown": "unknown"}
    found = {name: np.zeros(grid.shape, np.bool_) for name in names}
    for part, shadow in shadow_squares(scene, dem, grid):
        for name, field in names.items():
            found[name][part] = getattr(shadow, field)
    return xr.Dataset(
        {name: (_DIMENSIONS, flag) for name, flag in found.items()},
        coords=xr_coords(grid, dims=_DIMENSIONS),
        attrs={"scene": scene.id},
    )


def quality_with_shadow(scene: Scene, dem: StrPath, geobox: GeoBox | None = None) -> xr.Dataset:
    """Return the quality flags of a scene, and terrain shadow among them.

    Parameters, and what is raised, are those of `terrain_shadow`; a product without quality flags is a `BandError`.

    Returns
    -------
    xarray.Dataset
        What `Scene.quality` gives, with `terrain_shadow`, cast or self, and `shadow_unknown`. `clear` is left as the
        product has it. Where the image has no data neither is set.
    """
    flags = scene.quality(geobox)
    shadow = terrain_shadow(scene, dem, geobox)
    there = ~flags["fill"].to_numpy()
    in_shadow = (shadow["cast_shadow"] | shadow["self_shadow"]).to_numpy()
    return flags.assign(
        terrain_shadow=(_DIMENSIONS, in_shadow & there),
        shadow_unknown=(_DIMENSIONS, shadow["shadow_unknown"].to_numpy() & there),
    )


def shadow_squares(scene: Scene, dem: StrPath, grid: GeoBox) -> Iterator[tuple[tuple[slice, slice], Shadow]]:
    """Yield the shadow of a grid square by square, from the top: rows and columns, and what they hold.

    Raises
    ------
    MetadataError, GridError
        As `terrain_shadow`.
    """
    flaw = flaw_of(grid)
    if flaw is not None:
        raise GridError(
            f"terrain shadow needs a projected grid, north-up and in metres, and this has {flaw}",
            where=scene.id,
            remedy="give one in UTM, for instance",
        )
    sun_over(scene, *centre_of(grid))
    check_heights(dem, grid, "dem")
    coarser = min(_MOST_COARSER, max(1, math.floor(pixels_per_height(dem, grid) + 0.5)))
    for rows in _cuts(grid.affine.f, grid.affine.e, grid.height):
        for columns in _cuts(grid.affine.c, grid.affine.a, grid.width):
            yield (slice(*rows[1]), slice(*columns[1])), _of_square(scene, dem, grid, (rows, columns), coarser)


Cut = tuple[tuple[int, int], tuple[int, int]]
"""First and last-but-one pixel of a square along an axis, and those of them that the grid has."""


def _cuts(start_m: float, step_m: float, count: int) -> list[Cut]:
    """Return how an axis is cut into squares; a pixel belongs to that in which its middle lies."""
    side_m = SQUARE_PIXELS * abs(step_m)

    def square_of(pixel: int) -> int:
        return math.floor((start_m + (pixel + 0.5) * step_m) / side_m)

    def first_of(square: int) -> int:
        """Return the first pixel, counted from the grid's, whose middle lies in a square or beyond its near side."""
        side = square if step_m > 0 else square + 1
        place = (side * side_m - start_m) / step_m - 0.5
        # Of two squares, the middle on their common side belongs to the one with the larger coordinates.
        return math.ceil(place) if step_m > 0 else math.floor(place) + 1

    towards = 1 if step_m > 0 else -1
    cuts: list[Cut] = []
    square = square_of(0)
    while not cuts or cuts[-1][0][1] < count:
        whole = first_of(square), first_of(square + towards)
        cuts.append((whole, (max(0, whole[0]), min(count, whole[1]))))
        square += towards
    return cuts


def _of_square(scene: Scene, dem: StrPath, grid: GeoBox, cuts: tuple[Cut, Cut], coarser: int) -> Shadow:
    """Return the shadow of what the grid has of a square."""
    (rows, kept_rows), (columns, kept_columns) = cuts
    square = _part(grid, rows, columns)
    sun = sun_over(scene, *centre_of(square))
    azimuth = azimuth_on_grid(square, sun.azimuth_deg)
    pixel_m = abs(grid.affine.e), grid.affine.a
    reach_m = _reach(dem, square, pixel_m, sun.elevation_deg)
    to_north = math.cos(math.radians(azimuth)) * reach_m / pixel_m[0]
    to_east = math.sin(math.radians(azimuth)) * reach_m / pixel_m[1]
    wide_rows = _wider(rows, max(0.0, to_north), max(0.0, -to_north), coarser)
    wide_columns = _wider(columns, max(0.0, -to_east), max(0.0, to_east), coarser)
    wide = _part(grid, wide_rows, wide_columns)
    if coarser > 1:
        wide = wide.zoom_to((wide.height // coarser, wide.width // coarser))
    heights = read_heights(dem, wide)
    sides = pixel_m[0] * coarser, pixel_m[1] * coarser
    finer = coarser if coarser > 1 else 2
    shadow = shadow_on_heights(
        heights, sides, azimuth, sun.elevation_deg, finer=finer, coarser=finer // coarser, is_bounded=False
    )
    return shadow[
        kept_rows[0] - wide_rows[0] : kept_rows[1] - wide_rows[0],
        kept_columns[0] - wide_columns[0] : kept_columns[1] - wide_columns[0],
    ]


def _wider(cut: tuple[int, int], before: float, after: float, coarser: int) -> tuple[int, int]:
    """Return the first and last-but-one pixel with a margin; their number is a multiple of `coarser`."""
    margin = _MARGIN_PX * coarser
    first, last = cut[0] - margin - math.ceil(before), cut[1] + margin + math.ceil(after)
    return first, last + -(last - first) % coarser


def _reach(dem: StrPath, square: GeoBox, pixel_m: tuple[float, float], elevation_deg: float) -> float:
    """Return how far away the terrain can lie that shades a square [m]."""
    fall = math.tan(math.radians(elevation_deg))
    rows, columns = (max(1, round(SQUARE_PIXELS * side / _COARSE_M)) for side in pixel_m)
    coarse = square.zoom_to((rows, columns))
    heights = read_heights(dem, coarse)
    if not np.isfinite(heights).any():
        return 0.0
    lowest_m = float(np.nanmin(heights)) - _SUMMIT_M
    farthest = (HIGHEST_M - lowest_m) / fall / _COARSE_M
    around = read_heights(dem, coarse.pad(math.ceil(farthest)))
    return (float(np.nanmax(around)) + _SUMMIT_M - lowest_m) / fall


def _part(grid: GeoBox, rows: tuple[int, int], columns: tuple[int, int]) -> GeoBox:
    """Return rows and columns of a grid, which may lie beyond it."""
    start = grid.translate_pix(columns[0], rows[0])
    return GeoBox((rows[1] - rows[0], columns[1] - columns[0]), start.affine, grid.crs)
