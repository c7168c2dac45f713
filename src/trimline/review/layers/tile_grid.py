"""Square tiles around all outlines of a review, on levels that halve their side, to below a pixel of the scenes."""

from __future__ import annotations

import math

from trimline.review.contract import Bounds, TileGrid

TILE_SIZE = 256
"""Side of a tile [pixels of the screen]."""
_FINEST = 0.25
"""Of the last level, in pixels of the scenes."""
_MARGIN = 0.02
"""Free ground around the outlines, as a share of the longer side."""
_MOST_LEVELS = 24


def grid_around(bounds: Bounds, pixel_m: float) -> TileGrid:
    """Return tiles whose only one on level 0 holds all outlines.

    Parameters
    ----------
    bounds
        Of all outlines of all periods, in the CRS of the review [m].
    pixel_m
        Smallest width of a pixel of the scenes [m].

    Returns
    -------
    TileGrid
        Its last level has a quarter of `pixel_m` per pixel of the screen, and the outlines at full detail.

    Raises
    ------
    ValueError
        The bounds are not finite, or the pixel has no width.
    """
    west, south, east, north = bounds
    if not all(map(math.isfinite, bounds)) or not pixel_m > 0:
        raise ValueError(f"no tiles around {bounds} with pixels of {pixel_m} m")
    finest = pixel_m * _FINEST
    side = max(east - west, north - south) * (1 + 2 * _MARGIN)
    levels = min(max(math.ceil(math.log2(max(side / (finest * TILE_SIZE), 1.0))), 0) + 1, _MOST_LEVELS)
    resolutions = tuple(finest * 2.0 ** (levels - 1 - level) for level in range(levels))
    half = resolutions[0] * TILE_SIZE / 2
    centre = [round(middle / finest) * finest for middle in ((west + east) / 2, (south + north) / 2)]
    origin = (centre[0] - half, centre[1] + half)
    return TileGrid(origin=origin, tile_size=TILE_SIZE, resolutions=resolutions)


def bounds_of_tile(grid: TileGrid, z: int, x: int, y: int) -> Bounds | None:
    """Return west, south, east and north of a tile; None where there is no such tile."""
    if not 0 <= z < len(grid.resolutions):
        return None
    across = round(grid.resolutions[0] / grid.resolutions[z])
    if not (0 <= x < across and 0 <= y < across):
        return None
    side = grid.resolutions[z] * grid.tile_size
    west, north = grid.origin[0] + x * side, grid.origin[1] - y * side
    return west, north - side, west + side, north
