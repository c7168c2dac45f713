"""Areas of glaciers, moved inwards and outwards, and what neighbours do to them."""

from __future__ import annotations

from collections.abc import Callable

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import AREA_COLUMNS, equal_area_crs, glacier_areas, perimeter_error_km2
from trimline.change.equal_area import lengths_m, projected
from trimline.errors import ChangeError, OutlineError
from trimline.outlines import area_km2, check, perimeter_km

SeriesOf = Callable[..., gpd.GeoDataFrame]
HALF = 15.0
SCALE = 0.9996
"""Of UTM on its central meridian: a metre on the ground is this much on the map."""


def square(x: float, y: float, side: float) -> shapely.Geometry:
    """Return a square whose side on the ground is so long [m]."""
    return shapely.box(5e5 + x * SCALE, 3.8e6 + y * SCALE, 5e5 + (x + side) * SCALE, 3.8e6 + (y + side) * SCALE)


def test_a_lone_square_grows_by_its_perimeter_and_four_rounded_corners(series_of: SeriesOf) -> None:
    table = glacier_areas(series_of([square(0, 0, 1000)])).iloc[0]
    assert tuple(table.index) == AREA_COLUMNS
    assert table["area_km2"] == pytest.approx(1.0, rel=1e-6)
    assert table["area_inner_km2"] == pytest.approx(0.97**2, rel=1e-6)
    assert table["area_outer_km2"] == pytest.approx(1 + 4 * 0.015 + np.pi * 0.015**2, rel=2e-6)
    assert table["uncertainty_km2"] == pytest.approx((table["area_outer_km2"] - table["area_inner_km2"]) / 2)
    assert table["perimeter_km"] == pytest.approx(4.0, rel=1e-6)
    assert table["uncertainty_perimeter_km2"] == pytest.approx(4 * 0.015, rel=1e-6)
    assert table["shared_border_km"] == 0


def test_uncertain_pixels_and_unseen_ground_are_added_as_independent_causes(series_of: SeriesOf) -> None:
    plain = series_of([square(0, 0, 1000), square(5000, 0, 1000)])
    given = plain.assign(uncertain_error_km2=[0.3, np.nan], unseen_error_km2=[0.4, np.nan])
    table, alone = glacier_areas(given), glacier_areas(plain)
    buffer = alone["uncertainty_km2"]
    assert alone["uncertainty_outline_km2"].tolist() == buffer.tolist() == table["uncertainty_outline_km2"].tolist()
    assert table["uncertainty_map_km2"].tolist() == pytest.approx([0.3, 0.0])
    assert table["uncertainty_unseen_km2"].tolist() == pytest.approx([0.4, 0.0])
    assert table["uncertainty_km2"].tolist() == pytest.approx([np.hypot(buffer[0], 0.5), buffer[1]])
    with pytest.raises(ChangeError, match="negative 'uncertain_error_km2'"):
        glacier_areas(plain.assign(uncertain_error_km2=-1.0))


def test_the_distance_is_half_a_pixel_or_chosen_and_may_differ_by_period(series_of: SeriesOf) -> None:
    outlines = series_of([square(0, 0, 1000)] * 2, ["a", "a"], ["1986", "2021"], src_year=[1986.5, 2021.5])
    by_period = glacier_areas(outlines, pixel_m={"1986": 30.0, "2021": 10.0})
    assert by_period["area_inner_km2"].tolist() == pytest.approx([0.97**2, 0.99**2], rel=1e-6)
    chosen = glacier_areas(outlines, pixel_m=10.0, buffer_m=20.0)
    assert chosen["area_inner_km2"].tolist() == pytest.approx([0.96**2] * 2, rel=1e-6)
    assert chosen["uncertainty_perimeter_km2"].tolist() == pytest.approx([4 * 0.005] * 2, rel=1e-6)


def test_a_divide_moves_no_ice(series_of: SeriesOf) -> None:
    """Two halves of a square have the errors of the square."""
    left, right = shapely.box(5e5, 3.8e6, 500_400, 3_801_000), shapely.box(500_400, 3.8e6, 501_000, 3_801_000)
    halves, whole = glacier_areas(series_of([left, right])), glacier_areas(series_of([left.union(right)]))
    for name in ("area_km2", "area_inner_km2", "area_outer_km2", "uncertainty_km2", "uncertainty_perimeter_km2"):
        assert halves[name].sum() == pytest.approx(whole[name].item(), rel=1e-3 if "perimeter" in name else 1e-9)
    assert halves["shared_border_km"].tolist() == pytest.approx([1 / SCALE] * 2, rel=2e-3)


def test_ground_between_two_glaciers_is_reached_once(series_of: SeriesOf) -> None:
    """Twenty metres lie between them: less than twice the distance that the outlines move."""
    pair = [square(0, 0, 500), square(520, 0, 500)]
    both = glacier_areas(series_of(pair))
    together = glacier_areas(series_of([shapely.union_all(pair)]))
    assert both["area_outer_km2"].sum() == pytest.approx(together["area_outer_km2"].item(), rel=1e-9)
    assert both["area_inner_km2"].sum() == pytest.approx(together["area_inner_km2"].item(), rel=1e-9)
    assert both["area_outer_km2"].iloc[0] == pytest.approx(both["area_outer_km2"].iloc[1], rel=1e-6)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=12, unique=True), st.floats(5, 60))
def test_parts_of_an_ice_cap_sum_to_what_a_buffer_around_it_gives(
    series_of: SeriesOf, seeds: list[tuple[float, float]], distance: float
) -> None:
    cap = shapely.Point(5e5, 3.8e6).buffer(900).difference(shapely.Point(500_200, 3.8e6).buffer(150))
    points = shapely.MultiPoint([(499_100 + 1800 * x, 3_799_100 + 1800 * y) for x, y in seeds])
    cells = shapely.get_parts(shapely.voronoi_polygons(points, extend_to=cap))
    pieces = [piece for cell in cells if (piece := cell.intersection(cap)).area > 10.0]
    pieces = [shapely.MultiPolygon([p for p in shapely.get_parts(each) if p.geom_type == "Polygon"]) for each in pieces]
    parts = glacier_areas(series_of(pieces), buffer_m=distance)
    plane = equal_area_crs(series_of(pieces))
    whole = shapely.union_all(projected(np.array(pieces, object), series_of(pieces).crs, plane))
    assert parts["area_outer_km2"].sum() == pytest.approx(whole.buffer(distance, 16).area / 1e6, rel=1e-4)
    assert parts["area_inner_km2"].sum() == pytest.approx(whole.buffer(-distance, 16).area / 1e6, rel=1e-3, abs=1e-4)


def test_an_error_is_never_negative_and_areas_are_in_order(shrinking: gpd.GeoDataFrame) -> None:
    table = glacier_areas(shrinking, buffer_m=200.0)
    assert (table["area_inner_km2"] >= 0).all()
    assert (table["area_inner_km2"] <= table["area_km2"]).all()
    assert (table["area_km2"] <= table["area_outer_km2"]).all()
    assert (table["area_inner_km2"] == 0).any()


def test_areas_and_perimeters_are_the_geodesic_ones(shrinking: gpd.GeoDataFrame) -> None:
    table = glacier_areas(shrinking)
    assert table["area_km2"].to_numpy() == pytest.approx(area_km2(shrinking), rel=1e-7)
    assert table["perimeter_km"].to_numpy() == pytest.approx(perimeter_km(shrinking), rel=1e-5)


@given(st.floats(-8, 8), st.floats(-6, 6))
def test_perimeters_hold_far_from_the_centre_of_the_plane(east: float, north: float) -> None:
    disc = gpd.GeoSeries([shapely.Point(92 + east, 34 + north).buffer(0.02)], crs=4326)
    frame = gpd.GeoSeries([shapely.box(84, 28, 84.01, 28.01), shapely.box(100, 40, 100.01, 40.01)], crs=4326)
    there = projected(disc.to_numpy(), disc.crs, equal_area_crs(frame))
    assert lengths_m(there)[0] / 1e3 == pytest.approx(perimeter_km(disc)[0], rel=3e-5)
    assert shapely.area(there)[0] / 1e6 == pytest.approx(area_km2(disc)[0], rel=1e-6)


def test_the_table_depends_neither_on_the_order_of_rows_nor_on_threads_nor_on_the_crs(
    shrinking: gpd.GeoDataFrame,
) -> None:
    table = glacier_areas(shrinking, threads=1)
    shuffled = glacier_areas(shrinking.sample(frac=1, random_state=3), threads=3).sort_index()
    assert table.drop(columns="size_class").round(12).equals(shuffled.drop(columns="size_class").round(12))
    assert table["size_class"].tolist() == shuffled["size_class"].tolist()
    other = glacier_areas(shrinking.to_crs(32647))
    assert other["area_km2"].to_numpy() == pytest.approx(table["area_km2"].to_numpy(), rel=1e-6)
    assert other["uncertainty_km2"].to_numpy() == pytest.approx(table["uncertainty_km2"].to_numpy(), rel=1e-4)


def test_a_glacier_keeps_the_size_class_of_its_first_period(series_of: SeriesOf) -> None:
    sides = [1200, 900, 300]
    outlines = series_of(
        [square(0, 0, side) for side in sides], ["a"] * 3, ["2021", "1986", "2003"], src_year=[2021, 1986, 2003]
    )
    assert glacier_areas(outlines)["size_class"].tolist() == ["0.5-1"] * 3
    assert glacier_areas(outlines, bounds_km2=(0.81,))["size_class"].unique().tolist() in (["<0.81"], [">=0.81"])
    with pytest.raises(ChangeError, match="size classes"):
        glacier_areas(outlines, bounds_km2=(1.0, 0.5))


def test_the_perimeter_error_is_length_times_half_a_pixel() -> None:
    assert perimeter_error_km2(10.0, 10.0) == pytest.approx(0.05)


def test_no_outlines_give_an_empty_table(series_of: SeriesOf) -> None:
    table = glacier_areas(series_of([square(0, 0, 10)])[:0])
    assert tuple(table.columns) == AREA_COLUMNS
    assert table.empty


def test_what_cannot_be_measured_is_a_named_error(series_of: SeriesOf) -> None:
    one, other = square(0, 0, 100), square(1000, 0, 100)
    with pytest.raises(ChangeError, match="second outline of the same period: a in 1986-1988"):
        glacier_areas(series_of([one, other], ["a", "a"]))
    with pytest.raises(ChangeError, match=r"overlap: g0 and g1 \(2500 m2\)"):
        glacier_areas(series_of([one, square(50, 50, 100)]))
    with pytest.raises(ChangeError, match="invalid polygon: bow in"):
        glacier_areas(series_of([shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])], ["bow"]))
    with pytest.raises(ChangeError, match="empty geometry"):
        glacier_areas(series_of([shapely.Polygon()]))
    with pytest.raises(ChangeError, match="lacks the column 'src_year'"):
        glacier_areas(series_of([one]).drop(columns="src_year"))
    with pytest.raises(ChangeError, match="no 'glac_id'"):
        glacier_areas(series_of([one], [None]))
    with pytest.raises(ChangeError, match="'inf', which is no year"):
        glacier_areas(series_of([one], src_year=np.inf))
    with pytest.raises(ChangeError, match="more than one subregion"):
        glacier_areas(series_of([one, one], ["a", "a"], ["1986", "2021"], ["north", "south"]))
    with pytest.raises(ChangeError, match="pixel_m is -30"):
        glacier_areas(series_of([one]), pixel_m=-30)
    with pytest.raises(ChangeError, match="no width of a pixel is given for 1986-1988"):
        glacier_areas(series_of([one]), pixel_m={"2021": 30})
    with pytest.raises(OutlineError, match="no CRS"):
        glacier_areas(series_of([one], crs=None))
    with pytest.raises(OutlineError, match="no polygons"):
        glacier_areas(series_of([shapely.Point(0, 0)]))


def test_glaciers_on_both_sides_of_the_180th_meridian_are_neighbours() -> None:
    here = [shapely.box(10.0 + 0.02 * k, 70.0, 10.01 + 0.02 * k, 70.01) for k in range(4)]

    def turned(points: np.ndarray) -> np.ndarray:
        return np.column_stack([(points[:, 0] - 10.036 + 360) % 360 - 180, points[:, 1]])

    there = [shapely.transform(each, turned) for each in here]
    columns = {"glac_id": list("abcd"), "period": "2000", "subregion": "all", "src_year": 2000.5}
    one, other = (gpd.GeoDataFrame(columns, geometry=shapes, crs=4326) for shapes in (here, there))
    first, second = glacier_areas(one), glacier_areas(other)
    for name in ("area_km2", "uncertainty_km2"):
        np.testing.assert_allclose(first[name], second[name], rtol=1e-4)


def test_an_outline_that_went_the_long_way_round_is_read_across_the_180th_meridian() -> None:
    across, twin = shapely.box(-179.98, 70.0, 179.98, 70.01), shapely.box(179.98, 70.0, 180.02, 70.01)
    checked, problems = check(gpd.GeoDataFrame(geometry=[across], crs=4326))
    assert [problem.kind for problem in problems] == ["longitudes"]
    np.testing.assert_allclose(area_km2(checked), area_km2(gpd.GeoDataFrame(geometry=[twin], crs=4326)), rtol=1e-9)
