"""The grid that a scene is worked on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.scenes import is_working_grid, working_grid
from trimline.scenes.grid import (
    bounds_in_degrees,
    crs_from,
    footprint_in_degrees,
    offset_between,
    pixel_area_m2,
    pixel_ratio,
    positions_in,
)

UTM = GeoBox((100, 120), Affine(30, 0, 499_995, 0, -30, 3_500_005), "EPSG:32646")


def test_a_utm_grid_is_its_own_working_grid() -> None:
    assert working_grid(UTM) is UTM


@pytest.mark.parametrize(
    ("longitude", "latitude", "epsg"),
    [(86.8, 28.0, 32645), (-68.3, -54.7, 32719), (14.3, 77.5, 32633), (179.9, 10.0, 32660), (-179.9, -44.0, 32701)],
)
def test_degrees_become_utm_metres_of_the_right_zone_and_hemisphere(
    longitude: float, latitude: float, epsg: int
) -> None:
    degrees = GeoBox.from_bbox(
        (longitude - 0.02, latitude - 0.02, longitude + 0.02, latitude + 0.02), "EPSG:4326", resolution=0.0003
    )
    grid = working_grid(degrees)
    assert grid.crs.epsg == epsg
    assert is_working_grid(grid)
    area = pixel_area_m2(degrees, grid.crs)
    assert abs(grid.resolution.x) == pytest.approx(math.sqrt(area), abs=0.5)
    assert area == pytest.approx((0.0003 * 111_320) ** 2 * math.cos(math.radians(latitude)), rel=0.02)
    assert grid.footprint("EPSG:4326").contains(degrees.footprint("EPSG:4326").buffer(-0.0003))


@pytest.mark.parametrize(
    "geobox",
    [
        GeoBox((50, 50), Affine(30, 0, 9_600_000, 0, -30, 3_300_000), "EPSG:3857"),
        GeoBox(
            (50, 50), Affine.translation(500_000, 3_500_000) * Affine.rotation(20) * Affine.scale(30, -30), "EPSG:32646"
        ),
        GeoBox((50, 50), Affine(30, 0, 500_000, 0, 30, 3_500_000), "EPSG:32646"),
        GeoBox((50, 50), Affine(60, 0, 500_000, 0, -20, 3_500_000), "EPSG:32646"),
        GeoBox((50, 50), Affine(100, 0, 1_900_000, 0, -100, 500_000), "EPSG:2263"),
        GeoBox((50, 50), Affine(60, 0, 2_200_000, 0, -60, 10_500_000), "EPSG:3395"),
        GeoBox((50, 50), Affine(60, 0, 2_200_000, 0, -60, 7_500_000), "EPSG:4087"),
        GeoBox((50, 50), Affine(60, 0, 3_000_000, 0, -60, 7_500_000), "ESRI:54008"),
    ],
    ids=["Web Mercator", "rotated", "south-up", "oblong pixels", "feet", "Mercator", "plate carree", "sinusoidal"],
)
def test_what_cannot_be_measured_on_is_given_a_utm_grid(geobox: GeoBox) -> None:
    assert not is_working_grid(geobox)
    grid = working_grid(geobox)
    assert is_working_grid(grid)
    assert grid.resolution.x**2 == pytest.approx(pixel_area_m2(geobox, grid.crs), rel=0.05)


def test_rasters_of_one_place_share_their_pixel_edges() -> None:
    first = working_grid(GeoBox.from_bbox((86.80, 27.90, 86.90, 28.00), "EPSG:4326", resolution=0.0003))
    second = working_grid(GeoBox.from_bbox((86.83, 27.93, 86.93, 28.03), "EPSG:4326", resolution=0.0003))
    assert offset_between(second, first) is not None


@given(st.integers(-200, 200), st.integers(-200, 200))
def test_the_offset_of_a_moved_grid_is_what_it_was_moved_by(rows: int, columns: int) -> None:
    moved = GeoBox((20, 30), UTM.affine * Affine.translation(columns, rows), UTM.crs)
    assert offset_between(moved, UTM) == (rows, columns)


@pytest.mark.parametrize(
    "other",
    [
        GeoBox((9, 9), UTM.affine * Affine.translation(0.5, 0), UTM.crs),
        GeoBox((9, 9), UTM.affine * Affine.scale(0.5), UTM.crs),
        GeoBox((9, 9), UTM.affine, "EPSG:32647"),
    ],
    ids=["half a pixel off", "finer", "another zone"],
)
def test_grids_whose_pixels_do_not_coincide_have_no_offset(other: GeoBox) -> None:
    assert offset_between(other, UTM) is None


def test_the_pixel_ratio_counts_source_pixels_along_a_target_pixel() -> None:
    assert pixel_ratio(UTM.zoom_out(4), UTM) == pytest.approx(4)
    assert pixel_ratio(UTM.zoom_out(0.5), UTM) == pytest.approx(0.5)
    assert pixel_ratio(UTM, UTM.to_crs("EPSG:32645", resolution="same")) == pytest.approx(1, rel=0.01)


def test_a_crs_without_code_keeps_its_definition() -> None:
    local = crs_from("+proj=tmerc +lat_0=0 +lon_0=77.5 +k=0.9996 +datum=WGS84 +units=m")
    assert local.epsg is None
    grid = GeoBox((10, 10), Affine(94, 0, 0, 0, -94, 3_577_000), local)
    assert working_grid(grid) is grid
    assert np.isfinite(pixel_area_m2(grid, local))


@pytest.mark.parametrize(("epsg", "x", "y"), [(3031, -1.5e6, 1.2e6), (3413, -2e5, -2e6), (3995, 1e5, -1.5e6)])
def test_a_polar_stereographic_grid_is_its_own_working_grid(epsg: int, x: float, y: float) -> None:
    polar = GeoBox((60, 60), Affine(30, 0, x, 0, -30, y), epsg)
    assert working_grid(polar) is polar


def test_a_grid_that_is_replaced_is_said_to_be(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        working_grid(GeoBox((50, 50), Affine(60, 0, 2_200_000, 0, -60, 10_500_000), "EPSG:3395"), "a.tif")
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage().startswith(
        "a.tif: lengths are off by 170 % in 'WGS 84 / World Mercator' there: worked on"
    )


@settings(max_examples=25, deadline=None)
@given(st.floats(-179.9, 179.9), st.floats(-70, 70), st.sampled_from([-360.0, 360.0]))
def test_a_raster_whose_longitudes_count_from_another_meridian_is_worked_on_as_its_twin(
    longitude: float, latitude: float, turn: float
) -> None:
    one, twin = (
        GeoBox((40, 50), Affine(0.0003, 0, longitude + by, 0, -0.0003, latitude), "EPSG:4326") for by in (0.0, turn)
    )
    here, there = working_grid(one), working_grid(twin)
    assert here.shape == there.shape
    assert here.crs == there.crs
    np.testing.assert_allclose(here.affine[:6], there.affine[:6], atol=1e-4)
    centre = np.array([here.shape[1] / 2]), np.array([here.shape[0] / 2])
    np.testing.assert_allclose(positions_in(twin, there, *centre), positions_in(one, here, *centre), atol=1e-4)
    np.testing.assert_allclose(bounds_in_degrees(twin), bounds_in_degrees(one), atol=1e-9)


def test_a_raster_across_180_is_found_on_both_sides() -> None:
    across = GeoBox((40, 80), Affine(0.0003, 0, 179.988, 0, -0.0003, -16.8), "EPSG:4326")
    grid = working_grid(across)
    columns, rows = positions_in(across, grid, np.linspace(2, grid.shape[1] - 2, 9), np.full(9, grid.shape[0] / 2))
    assert ((columns > 0) & (columns < 80) & (rows > 0) & (rows < 40)).all()
    west, _, east, _ = bounds_in_degrees(across) or (0, 0, 0, 0)
    assert (west, east) == pytest.approx((179.988, 180.012))
    for utm in (GeoBox((200, 200), Affine(30, 0, 817_000, 0, -30, 8_140_000), "EPSG:32760"), grid):
        ground = footprint_in_degrees(utm).boundingbox
        assert ground.span_x < 0.2


def test_beyond_utm_the_working_grid_is_polar_stereographic() -> None:
    polar = GeoBox((40, 40), Affine(0.003, 0, 30, 0, -0.0003, -86), "EPSG:4326")
    grid = working_grid(polar)
    assert grid.crs.epsg == 5042
    assert is_working_grid(grid)


@pytest.mark.parametrize(
    "geobox",
    [
        GeoBox((180, 360), Affine(1, 0, -180, 0, -1, 90), "EPSG:4326"),
        GeoBox((10, 10), Affine(1e9, 0, 0, 0, -1e9, 0), "EPSG:3857"),
        GeoBox((10, 10), Affine(30, 0, 1e12, 0, -30, 1e12), "EPSG:2263"),
        GeoBox((10, 10), Affine(1e300, 0, 0, 0, -1e300, 0), "EPSG:4326"),
    ],
    ids=["the world", "beyond the world", "far off in feet", "immense pixels"],
)
def test_what_no_grid_in_metres_can_show_is_an_error(geobox: GeoBox) -> None:
    with pytest.raises(GridError):
        working_grid(geobox)


@pytest.mark.parametrize("text", ['LOCAL_CS["site",UNIT["metre",1]]', "EPSG:4978", "EPSG:5773"])
def test_a_crs_that_is_not_of_the_earth_is_an_error(text: str) -> None:
    with pytest.raises(GridError, match="the CRS"):
        crs_from(text)


def test_of_a_compound_crs_the_horizontal_part_is_read() -> None:
    assert crs_from("EPSG:32632+5773").epsg == 32632
