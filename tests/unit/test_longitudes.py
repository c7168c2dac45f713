"""Longitudes count from any meridian: an outline and its shifted twin are the same outline."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely import affinity

from trimline.change import glacier_areas
from trimline.errors import OutlineError
from trimline.longitudes import beside, connected, cut, wrapped
from trimline.mapping.zone import GlacierZone
from trimline.outlines import area_and_perimeter_km, area_km2, check, rasterise

WRANGEL = GeoBox((60, 60), Affine(100, 0, 603_500, 0, -100, 7_930_000), "EPSG:32660")
"""Across the 180th meridian, at 71 degrees north."""


def frame(*geometries: shapely.Geometry, crs: object = 4326) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(geometries), crs=crs)


def in_degrees_one_by_one(shape: shapely.Geometry, crs: object) -> shapely.Geometry:
    """Return a geometry as a program writes it that moves vertices one by one."""
    return frame(shape, crs=crs).to_crs(4326).geometry[0]


@settings(max_examples=10, deadline=None)
@given(st.floats(-177, 177), st.sampled_from([-360.0, 360.0]), st.floats(-85, 85), st.floats(0.001, 2))
def test_a_twin_that_is_moved_by_a_full_turn_measures_the_same(
    longitude: float, turn: float, latitude: float, side: float
) -> None:
    one = shapely.box(longitude - side, latitude - side, longitude + side, latitude + side)
    twin = affinity.translate(one, turn)
    here, there = (area_and_perimeter_km(check(frame(each))[0]) for each in (one, twin))
    np.testing.assert_allclose(np.array(here), np.array(there), rtol=1e-9)
    west, _, east, _ = check(frame(twin))[0].total_bounds
    assert -180 - 2 * side <= west <= east <= 180 + 2 * side + 1e-9


@settings(max_examples=10, deadline=None)
@given(st.floats(-3000, 3000), st.floats(500, 4000), st.booleans())
def test_an_outline_across_180_is_found_whatever_a_program_made_of_it(
    east_m: float, radius_m: float, cut_up: bool
) -> None:
    middle = shapely.Point(606_500 + east_m, 7_927_000)
    shape = middle.buffer(radius_m, quad_segs=8)
    written = in_degrees_one_by_one(shape, 32660)
    if cut_up:
        written = cut(connected(np.array([written]))[0])[0]
    read, _ = check(frame(written))
    np.testing.assert_allclose(area_and_perimeter_km(read), area_and_perimeter_km(frame(shape, crs=32660)), rtol=1e-5)
    expected = rasterise(frame(shape, crs=32660), WRANGEL)
    assert np.count_nonzero(rasterise(read, WRANGEL) != expected) <= 2
    assert np.count_nonzero(rasterise(frame(written), WRANGEL) != expected) <= 2, "also without a check"
    zones = [GlacierZone(each, buffer_m=300).on(WRANGEL) for each in (read, frame(shape, crs=32660))]
    assert np.count_nonzero(zones[0] != zones[1]) <= 4


def test_a_box_that_went_the_long_way_round_is_read_across_180() -> None:
    read, problems = check(frame(shapely.box(-179.95, 68.0, 179.95, 68.02)))
    assert area_km2(read)[0] == pytest.approx(9.325, abs=0.001)
    assert [str(each) for each in problems] == [
        "outline 0: has edges that go the long way round the Earth; read across the 180th meridian"
    ]


@pytest.mark.parametrize(
    "shape",
    [
        shapely.box(-170, 60, 60, 70),
        shapely.box(-170, 60, 60, 70).segmentize(1),
        shapely.box(-179, 60, 179, 61).segmentize(1),
    ],
    ids=["230 or 130 degrees", "230 degrees", "densified the long way"],
)
def test_an_outline_with_two_readings_is_refused_by_its_row(shape: shapely.Geometry) -> None:
    near = shapely.box(10, 60, 10.1, 60.1)
    with pytest.raises(OutlineError, match=r"outline 1 is .* degrees wide: it lies across the 180th meridian"):
        check(frame(near, shape))


def test_parts_that_were_cut_at_180_are_one_outline_again() -> None:
    shape = shapely.Point(606_400, 7_927_000).buffer(2000)
    whole, halves = frame(shape, crs=32660), cut(connected(np.array([in_degrees_one_by_one(shape, 32660)]))[0])
    assert halves[0].geom_type == "MultiPolygon"
    read, problems = check(frame(halves[0]))
    assert [each.kind for each in problems] == ["longitudes"]
    assert read.geometry[0].geom_type == "Polygon"
    columns = {"glac_id": "a", "period": "p", "subregion": "all", "src_year": 2000.5}
    there, here = (glacier_areas(each.assign(**columns)) for each in (read, whole))
    for name in ("area_inner_km2", "area_outer_km2", "perimeter_km", "uncertainty_km2", "uncertainty_perimeter_km2"):
        np.testing.assert_allclose(there[name], here[name], rtol=1e-3)


def test_an_ice_cap_on_the_pole_has_no_border_along_the_meridian_it_is_closed_at() -> None:
    longitudes = np.linspace(-180, 180, 721)
    rim = [(x, -88.0) for x in longitudes]
    closed = shapely.Polygon([*rim, (180, -90), (-180, -90)])
    winding = shapely.Polygon([((x + 540) % 360 - 180, -88.0) for x in np.linspace(-90, 270, 721)[:-1]])
    plane = frame(shapely.LineString(rim)).to_crs(3031).geometry[0]
    inside = frame(shapely.Polygon(shapely.get_coordinates(plane)), crs=3031)
    expected = area_and_perimeter_km(inside)
    for shape in (closed, winding):
        read, _ = check(frame(shape))
        np.testing.assert_allclose(area_and_perimeter_km(read), expected, rtol=5e-5)
        row = glacier_areas(read.assign(glac_id="a", period="p", subregion="all", src_year=2000.5)).iloc[0]
        assert row["area_km2"] == pytest.approx(expected[0][0], rel=5e-5)
        assert row["perimeter_km"] == pytest.approx(expected[1][0], rel=1e-4)


def test_a_table_around_180_goes_on_without_a_break_and_one_elsewhere_is_not_touched() -> None:
    west, east, across = (
        shapely.box(179.5, 70, 179.6, 70.1),
        shapely.box(-179.6, 70, -179.5, 70.1),
        shapely.box(179.9, 70, 180.1, 70.1),
    )
    there = connected(np.array([west, east, across]))[0]
    middles = shapely.get_x(shapely.centroid(there))
    assert np.ptp(middles) < 1
    plain = np.array([west, east])
    assert connected(plain)[0] is plain
    assert connected(np.array([None, shapely.box(190, 0, 191, 1)]))[1] == {1: "moved"}
    assert beside(np.array([east]), 180.0)[0].bounds[0] == pytest.approx(180.4)


def test_holes_stay_holes_across_180() -> None:
    holed = shapely.box(179.9, 70, 180.1, 70.1).difference(shapely.box(179.98, 70.04, 180.02, 70.06))
    written = shapely.transform(holed, lambda xy: np.column_stack([[wrapped(x) for x in xy[:, 0]], xy[:, 1]]))
    assert area_km2(check(frame(written))[0])[0] == pytest.approx(area_km2(frame(holed))[0], rel=1e-9)
