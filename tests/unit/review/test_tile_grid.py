"""The tiles of a review hold all outlines, and halve their side from level to level."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.review.layers.tile_grid import TILE_SIZE, bounds_of_tile, grid_around

PLACES = st.floats(-5e6, 5e6)
SIDES = st.floats(0, 2e6)


@given(west=PLACES, south=PLACES, width=SIDES, height=SIDES, pixel_m=st.sampled_from([10.0, 15.0, 30.0, 60.0]))
def test_the_first_tile_holds_all_outlines_and_the_last_level_shows_a_quarter_of_a_pixel(
    west: float, south: float, width: float, height: float, pixel_m: float
) -> None:
    grid = grid_around((west, south, west + width, south + height), pixel_m)
    first = bounds_of_tile(grid, 0, 0, 0)
    assert first is not None
    assert first[0] <= west
    assert first[1] <= south
    assert first[2] >= west + width
    assert first[3] >= south + height
    assert grid.resolutions[-1] == pixel_m / 4
    assert all(a == 2 * b for a, b in zip(grid.resolutions[:-1], grid.resolutions[1:], strict=True))


def test_four_tiles_of_the_next_level_make_one() -> None:
    grid = grid_around((0, 0, 50_000, 20_000), 30)
    whole = bounds_of_tile(grid, 1, 1, 0)
    parts = [bounds_of_tile(grid, 2, x, y) for x in (2, 3) for y in (0, 1)]
    assert whole is not None
    assert {part[0] for part in parts if part} == {whole[0], (whole[0] + whole[2]) / 2}
    assert whole[2] - whole[0] == TILE_SIZE * grid.resolutions[1]


@pytest.mark.parametrize(("z", "x", "y"), [(-1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 2, 0), (99, 0, 0), (1, -1, 0)])
def test_there_is_no_tile_beside_the_others(z: int, x: int, y: int) -> None:
    assert bounds_of_tile(grid_around((0, 0, 50_000, 20_000), 30), z, x, y) is None


@pytest.mark.parametrize("bounds", [(float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)])
def test_bounds_that_are_not_finite_are_refused(bounds: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="no tiles around"):
        grid_around(bounds, 30)
