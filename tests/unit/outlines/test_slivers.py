"""Ground that is rounding of vertices is no part of an outline, and no hole in it."""

from __future__ import annotations

import shapely

from trimline.outlines.polygon_cut import without_slivers

GLACIER = shapely.box(500_000, 3_500_000, 501_000, 3_501_000)
HOLE = shapely.box(500_200, 3_500_200, 500_400, 3_500_400)
THREAD = shapely.box(500_500, 3_502_000, 500_900, 3_502_000.0001)
CRACK = shapely.box(500_500, 3_500_500, 500_900, 3_500_500.0001)


def test_slivers_are_left_out_as_parts_and_as_holes() -> None:
    with_slivers = shapely.MultiPolygon([GLACIER.difference(HOLE).difference(CRACK), THREAD])
    assert without_slivers(with_slivers).equals(GLACIER.difference(HOLE))


def test_an_outline_without_slivers_is_the_same_object() -> None:
    outline = GLACIER.difference(HOLE)
    assert without_slivers(outline) is outline


def test_nothing_but_slivers_is_nothing() -> None:
    assert without_slivers(THREAD).is_empty
    assert without_slivers(shapely.Polygon()).is_empty


def test_parts_that_are_ground_stay_apart() -> None:
    apart = shapely.MultiPolygon([GLACIER, shapely.box(502_000, 3_500_000, 502_001, 3_500_001), THREAD])
    assert len(shapely.get_parts(without_slivers(apart))) == 2


def test_the_width_is_in_the_unit_of_the_coordinates() -> None:
    in_degrees = shapely.box(90.0, 31.0, 90.0005, 31.0005)
    assert without_slivers(in_degrees, 1e-8) is in_degrees
