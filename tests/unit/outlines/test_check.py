"""Nothing about an outline is changed in silence."""

from __future__ import annotations

import logging

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import GeometryCollection, LineString, MultiPolygon, Point, Polygon, box

from trimline.errors import OutlineError
from trimline.outlines import area_km2, check
from trimline.outlines.check import report
from trimline.reprojecting import reprojected, split

BOW_TIE = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])


def frame(*geometries: shapely.Geometry | None, crs: object = 32646, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=crs)


def test_good_outlines_pass_unchanged() -> None:
    outlines = frame(box(0, 0, 1, 1), MultiPolygon([box(2, 2, 3, 3), box(4, 4, 5, 5)]), Year=[1, 2])
    checked, problems = check(outlines)
    assert problems == []
    assert checked.equals(outlines)


def test_a_missing_crs_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(OutlineError, match=r"no CRS(.|\n)*\.prj"):
        check(frame(box(0, 0, 1, 1), crs=None))


def test_metres_in_a_crs_of_degrees_are_an_error() -> None:
    with pytest.raises(OutlineError, match="no longitudes and latitudes"):
        check(frame(box(500_000, 4e6, 501_000, 4.001e6), crs=4326))


def test_what_is_no_frame_is_an_error() -> None:
    with pytest.raises(OutlineError, match="GeoDataFrame"):
        check([box(0, 0, 1, 1)])  # type: ignore[arg-type]


def test_an_invalid_polygon_is_repaired_and_reported() -> None:
    checked, problems = check(frame(box(200, 200, 300, 300), BOW_TIE, glac_name=["Good", "Twisted"]))
    assert [(p.kind, p.row, p.name) for p in problems] == [("invalid", 1, "Twisted")]
    assert "Self-intersection" in problems[0].text
    assert "made valid" in problems[0].action
    assert checked.is_valid.all()
    assert checked.geometry[1].area == pytest.approx(5000)


def test_repair_keeps_polygons_only() -> None:
    """A spike makes a collection of a polygon and a line when it is made valid."""
    spiked = Polygon([(0, 0), (100, 0), (100, 100), (50, 100), (50, 200), (50, 100), (0, 100)])
    checked, problems = check(frame(spiked))
    assert [p.kind for p in problems] == ["invalid"]
    assert checked.geom_type.tolist() == ["Polygon"]
    assert checked.geometry[0].area == pytest.approx(10_000)


def test_ground_covered_twice_by_one_outline_stays_ice() -> None:
    twice = MultiPolygon([box(0, 0, 100, 100), box(50, 0, 150, 100)])
    checked, _ = check(frame(twice))
    assert checked.geometry[0].area == pytest.approx(15_000)


def test_what_cannot_be_an_outline_leaves() -> None:
    flat = Polygon([(0, 0), (10, 10), (20, 20), (0, 0)])
    outlines = frame(None, Polygon(), Point(0, 0), LineString([(0, 0), (1, 1)]), flat, box(5, 0, 6, 1))
    checked, problems = check(outlines)
    kinds = {p.row: p.kind for p in problems}
    assert kinds == {0: "null", 1: "empty", 2: "not a polygon", 3: "not a polygon", 4: "invalid"}
    assert all("left out" in p.action for p in problems)
    assert checked.index.tolist() == [5]


def test_a_collection_keeps_its_polygons() -> None:
    nested = GeometryCollection([GeometryCollection([box(0, 0, 1, 1), Point(5, 5)]), LineString([(0, 0), (9, 9)])])
    checked, problems = check(frame(nested, GeometryCollection([box(0, 2, 1, 3), box(4, 2, 5, 3)])))
    assert [p.kind for p in problems] == ["not a polygon"] * 2
    assert checked.geom_type.tolist() == ["Polygon", "MultiPolygon"]
    assert checked.area.tolist() == [1, 2]


def test_heights_are_dropped_and_said() -> None:
    checked, problems = check(frame(Polygon([(0, 0, 7), (1, 0, 7), (1, 1, 7)])))
    assert [p.kind for p in problems] == ["with heights"]
    assert not checked.has_z.any()


def test_a_repeated_row_leaves_and_the_first_stays() -> None:
    turned = Polygon([(1, 1), (0, 1), (0, 0), (1, 0)])
    checked, problems = check(frame(box(0, 0, 1, 1), turned, name=["a", "a"]))
    assert [(p.kind, p.row) for p in problems] == [("duplicate", 1)]
    assert checked.index.tolist() == [0]


def test_one_outline_at_two_dates_is_no_duplicate_and_no_overlap() -> None:
    checked, problems = check(frame(box(0, 0, 9, 9), box(0, 0, 9, 9), src_date=["1998", "2005"]))
    assert problems == []
    assert len(checked) == 2


def test_overlaps_are_reported_and_kept() -> None:
    checked, problems = check(frame(box(0, 0, 1000, 1000), box(900, 0, 2000, 1000), box(2000, 0, 3000, 9)))
    assert [(p.kind, p.row, p.action) for p in problems] == [("overlap", 0, "kept")]
    assert "outline 1 on 0.099 km2" in problems[0].text
    assert len(checked) == 3


def test_without_repair_everything_is_reported_and_nothing_changed() -> None:
    outlines = frame(None, BOW_TIE, Point(0, 0))
    checked, problems = check(outlines, repair=False)
    assert checked.geom_equals_exact(outlines, 0)[1:].all()
    assert len(checked) == 3
    assert [p.kind for p in problems] == ["null", "not a polygon", "invalid"]
    assert {p.action for p in problems} == {"none"}


def test_rows_keep_their_labels() -> None:
    outlines = frame(box(0, 0, 1, 1), BOW_TIE).set_axis(["x", "y"])
    _, problems = check(outlines)
    assert [p.row for p in problems] == ["y"]


def test_few_problems_are_logged_one_by_one_and_many_together(caplog: pytest.LogCaptureFixture) -> None:
    _, few = check(frame(BOW_TIE))
    _, many = check(frame(*[shapely.affinity.translate(BOW_TIE, 200 * i) for i in range(9)]))
    with caplog.at_level(logging.WARNING, "trimline"):
        report(few)
        report(many)
    assert len(caplog.messages) == 2
    assert "9 problems of the kind 'invalid'" in caplog.messages[1]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 8), st.integers(0, 8)), min_size=4, max_size=9))
def test_any_ring_becomes_valid_polygons_or_leaves(points: list[tuple[int, int]]) -> None:
    ring = Polygon([(100 * x, 100 * y) for x, y in points])
    checked, problems = check(frame(ring))
    assert checked.is_valid.all()
    assert checked.geom_type.isin(["Polygon", "MultiPolygon"]).all()
    assert bool(problems) == (not ring.is_valid or ring.is_empty)
    assert check(checked)[1] == []
    assert (area_km2(checked) > 0).all()


@pytest.mark.parametrize(
    "geometry",
    [
        "MULTIPOLYGON (EMPTY, ((0 0, 9000 0, 9000 9000, 0 0)))",
        "GEOMETRYCOLLECTION (MULTIPOLYGON (EMPTY, ((0 0, 9000 0, 9000 9000, 0 0))), LINESTRING EMPTY)",
    ],
)
def test_empty_parts_are_left_out_before_they_end_the_process(geometry: str) -> None:
    checked, problems = check(frame(shapely.from_wkt(geometry)))
    assert "empty" in {p.kind for p in problems} or "not a polygon" in {p.kind for p in problems}
    assert checked.geometry[0].area == pytest.approx(4.05e7)
    assert reprojected(checked, 4326, longest_m=100).is_valid.all()


@pytest.mark.parametrize(
    "geometry",
    [
        "POLYGON ((0 0, 9000 0, 9000 9000, 0 0), EMPTY)",
        "MULTIPOLYGON (((0 0, 9000 0, 9000 9000, 0 0), EMPTY, EMPTY))",
        "GEOMETRYCOLLECTION (MULTIPOLYGON (((0 0, 9000 0, 9000 9000, 0 0), EMPTY)), POINT (1 1))",
    ],
)
def test_holes_without_vertices_take_nothing(geometry: str) -> None:
    given = frame(shapely.from_wkt(geometry))
    checked, _ = check(given)
    assert checked.geometry[0].area == pytest.approx(4.05e7)
    assert reprojected(checked, 4326, longest_m=100).is_valid.all()
    assert area_km2(given)[0] in (0, pytest.approx(area_km2(checked)[0]))  # a collection is no outline


def test_edges_of_geometries_with_empty_parts_can_be_split() -> None:
    given = gpd.GeoSeries.from_wkt(["MULTILINESTRING (EMPTY, (0 0, 1000 0))"], crs=32646)
    assert shapely.get_num_coordinates(split(given.to_numpy(), 100.0)[0]) == 11


def test_coordinates_that_the_projection_knows_no_place_for_refuse_the_row() -> None:
    squares = [shapely.box(east, 3.4e6, east + 1e3, 3.401e6) for east in (5e5, 5e7)]
    with pytest.raises(OutlineError, match=r"outline 1 lies at 5\.00005e\+07, .* nowhere in 'WGS 84 / UTM zone 46N'"):
        check(gpd.GeoDataFrame(geometry=squares, crs=32646))
