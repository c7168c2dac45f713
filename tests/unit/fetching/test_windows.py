"""The window that meets a region: it holds it, keeps the grid of all bands, and is small."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import Transformer
from rasterio.windows import Window
from tests.unit.fetching.conftest import EPSG, LEFT, SIDE_M, TOP, grid_of, region_of

from trimline.errors import GridError
from trimline.fetching.windows import ALIGNED_PIXELS, holds, margin_of, part_of_grid, step_of, window_on
from trimline.mapping.plan import CELL, MARGIN
from trimline.networks.registry import NETWORKS
from trimline.sensors import SENSORS

MSI, OLI, TM = SENSORS["sentinel-2-msi"], SENSORS["landsat-8-oli"], SENSORS["landsat-5-tm"]
FINEST, COARSEST = 10, 60


def metres_of(window: Window, pixel_m: float) -> tuple[float, float, float, float]:
    """Return west, north, east and south from the scene's corner [m]."""
    return (
        window.col_off * pixel_m,
        window.row_off * pixel_m,
        (window.col_off + window.width) * pixel_m,
        (window.row_off + window.height) * pixel_m,
    )


distance = st.floats(500, SIDE_M - 1500)


@given(distance, distance, st.floats(30, 4000), st.floats(30, 4000), st.floats(0, 3000))
def test_window_holds_the_region_and_its_margin_and_no_more_than_a_step_beyond(
    west: float, north: float, width: float, height: float, margin: float
) -> None:
    region = region_of(west, north, width, height)
    step = step_of(MSI)
    window = window_on(grid_of(FINEST), region, margin_m=margin, step_m=step)
    assert window is not None
    left, top, right, bottom = metres_of(window, FINEST)
    east, south = min(west + width, SIDE_M), min(north + height, SIDE_M)
    # What the way through degrees and back may move.
    tolerance = 0.1
    for low, inner, high in ((left, west - margin, None), (top, north - margin, None)):
        assert low <= max(0.0, inner) + tolerance, high
        assert low >= max(0.0, inner - step) - tolerance
    for high, inner in ((right, east + margin), (bottom, south + margin)):
        assert high >= min(SIDE_M, inner) - tolerance
        assert high <= min(SIDE_M, inner + step) + tolerance


@given(distance, distance, st.floats(30, 4000), st.floats(0, 3000))
def test_bands_of_all_pixel_sizes_keep_one_grid_on_which_networks_see_what_they_see_in_the_whole_scene(
    west: float, north: float, side: float, margin: float
) -> None:
    region = region_of(west, north, side, side)
    windows = {pixel: window_on(grid_of(pixel), region, margin_m=margin, step_m=step_of(MSI)) for pixel in (10, 20, 60)}
    places = {metres_of(window, pixel) for pixel, window in windows.items() if window is not None}
    assert len(places) == 1, "the same ground to the metre"
    finest = windows[FINEST]
    assert finest is not None
    assert finest.col_off % ALIGNED_PIXELS == finest.row_off % ALIGNED_PIXELS == 0
    assert finest.col_off % (COARSEST // FINEST) == 0


def test_step_is_a_multiple_of_all_pixels_of_a_sensor() -> None:
    assert step_of(MSI) == step_of(OLI) == step_of(TM) == 1920.0
    assert step_of(SENSORS["landsat-5-mss"]) == 3840.0


def test_windows_start_where_the_windows_and_cells_of_every_network_do() -> None:
    for network in NETWORKS.values():
        assert ALIGNED_PIXELS % network.stride == 0, network.name
    assert ALIGNED_PIXELS % CELL == 0


def test_margin_is_more_than_networks_look_beyond_a_pixel_and_ground_is_looked_at_for_ice() -> None:
    looks = [each.halo for each in NETWORKS.values() if each.halo is not None and each.bounded]
    assert margin_of(OLI) >= (max(looks) + MARGIN) * 30
    assert margin_of(MSI) >= (max(looks) + MARGIN) * 10


def test_region_far_away_has_no_window() -> None:
    for region in (region_of(SIDE_M + 10_000, 0, 500, 500), shapely.box(-70, -55, -69, -54), shapely.Polygon()):
        assert window_on(grid_of(10), region, margin_m=0, step_m=1920) is None


def test_without_a_region_the_window_is_the_raster() -> None:
    assert window_on(grid_of(60), None, margin_m=9e9, step_m=1920) == Window(0, 0, 384, 384)


def test_region_that_reaches_over_a_hemisphere_takes_the_raster_it_covers() -> None:
    assert window_on(grid_of(10), shapely.box(0, -60, 170, 80), margin_m=0, step_m=1920) == Window(0, 0, 2304, 2304)


def test_window_of_two_far_parts_is_that_of_the_part_in_the_scene() -> None:
    here, elsewhere = region_of(9000, 9000, 500, 500), shapely.box(10, 46, 11, 47)
    both = shapely.union_all([here, elsewhere])
    alone = window_on(grid_of(10), here, margin_m=600, step_m=1920)
    assert alone is not None
    assert window_on(grid_of(10), both, margin_m=600, step_m=1920) == alone


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
@pytest.mark.parametrize("zone", [1, 60])
def test_window_beyond_the_180th_meridian_is_found_from_either_side(zone: int, turn: float) -> None:
    # Wrangel Island lies on the meridian.
    change = Transformer.from_crs(4326, 32600 + zone, always_xy=True)
    x, y = change.transform(180.0, 71.2)
    grid = GeoBox((1000, 1000), Affine(30, 0, x - 15_000, 0, -30, y + 15_000), 32600 + zone)
    region = shapely.transform(shapely.box(179.99, 71.19, 180.01, 71.21), lambda xy: xy + np.array([turn, 0]))
    window = window_on(grid, region, margin_m=0, step_m=30)
    assert window is not None
    middle = part_of_grid(grid, window).boundingbox
    assert abs((middle.left + middle.right) / 2 - x) < 100
    assert abs((middle.bottom + middle.top) / 2 - y) < 100
    assert window.width < 60


def test_panchromatic_grid_which_is_shifted_by_a_quarter_pixel_covers_the_same_region() -> None:
    pan = GeoBox((1536, 1536), Affine(15, 0, LEFT - 7.5, 0, -15, TOP + 7.5), EPSG)
    window = window_on(pan, region_of(9000, 9000, 100, 100), margin_m=0, step_m=step_of(OLI))
    assert window is not None
    box = part_of_grid(pan, window).boundingbox
    assert box.left <= LEFT + 9000
    assert box.right >= LEFT + 9100


def test_rotated_grid_is_refused_with_the_way_out() -> None:
    rotated = GeoBox((100, 100), Affine(30, 5, LEFT, 5, -30, TOP), EPSG)
    with pytest.raises(GridError, match="--whole"):
        window_on(rotated, region_of(0, 0, 100, 100), margin_m=0, step_m=30)


def test_window_holds_itself_and_not_a_larger_one() -> None:
    window = Window(10, 20, 30, 40)
    assert holds(window, window)
    for larger in (Window(9, 20, 31, 40), Window(10, 19, 30, 41), Window(10, 20, 31, 40), Window(10, 20, 30, 41)):
        assert not holds(window, larger)
        assert holds(larger, window)


def test_grid_of_a_window_lies_where_its_pixels_do() -> None:
    grid = grid_of(30)
    part = part_of_grid(grid, Window(64, 128, 10, 20))
    assert tuple(part.shape) == (20, 10)
    assert np.allclose(part.affine * (0, 0), grid.affine * (64, 128))
