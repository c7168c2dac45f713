"""The grid that a scene is worked on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from trimline.scenes import is_working_grid, working_grid
from trimline.scenes.grid import crs_from, offset_between, pixel_area_m2, pixel_ratio

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
    ],
    ids=["Web Mercator", "rotated", "south-up", "oblong pixels", "feet"],
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
