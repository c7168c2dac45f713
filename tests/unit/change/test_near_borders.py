"""Borders that run less than a millimetre to some metres beside each other, as edits of a shared border leave them."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
import shapely.ops
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import glacier_areas
from trimline.change.one_sided import SLIVER_M, neighbour_lists, one_sided_areas, without_slivers
from trimline.change.sound import sound
from trimline.glaciers.moved_outlines import fringe
from trimline.outlines import replay
from trimline.outlines.edit_layer import EDIT_COLUMNS

UTM = "EPSG:32645"
MIDDLE = np.array([5e5, 3.8e6])

turns = st.floats(0.0, 180.0)
widths = st.floats(-9.0, 1.3).map(lambda exponent: 10.0**exponent)
"""Of gaps between borders [m]: from rounding to twice the width by which outlines are moved."""
places = st.lists(st.floats(0.02, 0.98), min_size=2, max_size=5, unique=True).map(sorted)
"""Of vertices on the border, as shares of it."""


def halves(turn: float) -> list[shapely.Geometry]:
    """Return two rough half discs with a straight border, turned by an angle in degrees."""
    around = np.linspace(0, 2 * np.pi, 180, endpoint=False)
    reach = 500 + 40 * np.sin(7 * around) + 8 * np.sin(41 * around)
    disc = shapely.Polygon(np.column_stack([reach * np.cos(around), reach * np.sin(around)]) + MIDDLE)
    across = 900 * np.array([np.cos(np.radians(turn)), np.sin(np.radians(turn))])
    line = shapely.LineString([MIDDLE - across, MIDDLE + across])
    return list(shapely.get_parts(shapely.ops.split(disc, line)))


def gap(border: shapely.Geometry, along: list[float], width: float, side: int) -> shapely.Geometry:
    """Return ground along a border: from its first to its last place, with vertices off it by a width in between."""
    (x0, y0), (x1, y1) = shapely.get_coordinates(border)[[0, -1]]
    run = np.array([x1 - x0, y1 - y0])
    across = side * width * np.array([-run[1], run[0]]) / np.hypot(*run)
    points = np.array([x0, y0]) + np.outer(along, run)
    middle = (points[:-1] + points[1:]) / 2
    return shapely.make_valid(shapely.Polygon([*points, *(middle + across)[::-1]]), method="structure")


def outlines_of(shapes: list[shapely.Geometry]) -> gpd.GeoDataFrame:
    columns = {"glac_id": [f"g{i}" for i in range(len(shapes))], "period": "2020", "subregion": "all"}
    return gpd.GeoDataFrame({**columns, "src_year": 2020.5}, geometry=shapes, crs=UTM)


def edit(operation: str, name: str, shape: shapely.Geometry) -> gpd.GeoDataFrame:
    said = {"operation": operation, "glac_id": name, "period": "2020", "edit_id": "e"}
    row = dict.fromkeys(EDIT_COLUMNS) | {**said, "author": "Ana", "time": "2024-05-31T14:00:00Z", "reason": "rock"}
    return gpd.GeoDataFrame([row], geometry=[shape], crs=UTM)


@given(turns, places, widths, st.sampled_from([-1, 1]), st.sampled_from(["remove", "add"]))
@settings(max_examples=25, deadline=None)
def test_an_edit_along_a_shared_border_can_be_measured(
    turn: float, along: list[float], width: float, side: int, operation: str
) -> None:
    """The sum over both glaciers is the buffer around both: of their union, with gaps narrower than ground closed."""
    first, second = halves(turn)
    ground = gap(shapely.intersection(first, second), along, width, side)
    if ground.geom_type not in ("Polygon", "MultiPolygon") or ground.is_empty:
        return
    outlines, _ = replay(outlines_of([first, second]), edit(operation, "g0", ground), "2020")
    table = glacier_areas(outlines.assign(period="2020"), buffer_m=10.0)
    whole = without_slivers(shapely.union_all(outlines.geometry.to_numpy()))
    assert table["area_outer_km2"].sum() == pytest.approx(whole.buffer(10.0, 16).area / 1e6, rel=1e-3)
    assert table["area_inner_km2"].sum() == pytest.approx(whole.buffer(-10.0, 16).area / 1e6, rel=2e-3)
    shapes = outlines.geometry.to_numpy()
    ground_of_error = fringe(shapes, 0, 10.0, np.array([1]))
    both = one_sided_areas(
        shapes, np.full(2, 10.0), neighbour_lists(2, np.array([0]), np.array([1])), shapely.area(shapes)
    )
    assert ground_of_error.area_m2() == pytest.approx((both.outer_m2[0] - both.inner_m2[0]) / 2, abs=1.0)


TOUCHING = shapely.MultiPolygon(
    [
        shapely.Polygon(
            [
                (6.639660684706933, -389.8922399357778),
                (50.73572321741774, -366.3221631587001),
                (56.39889633360985, -384.99114298352197),
                (56.61651095723411, -389.42079040942957),
            ]
        ),
        shapely.Polygon(
            [
                (6.168214877939175, -339.915160613686),
                (6.639660684706933, -389.8922399357778),
                (-13.367007401401207, -390.08096964417314),
                (-13.461372211182196, -380.07763678761955),
            ]
        ),
    ]
)
"""Ice that touches itself at one point, as a triangle taken from a straight border leaves it."""


def closed_by_buffers(ice: shapely.Geometry) -> shapely.Geometry:
    wider = shapely.buffer(ice, SLIVER_M / 2, join_style="mitre")
    return shapely.buffer(wider, -SLIVER_M / 2, join_style="mitre")


def test_ice_that_touches_itself_is_closed_though_its_buffer_crosses_itself() -> None:
    assert not shapely.is_valid(closed_by_buffers(TOUCHING))
    closed = without_slivers(TOUCHING)
    assert shapely.is_valid(closed)
    assert -1e-3 <= closed.area - TOUCHING.area < 1.0


@given(turns, st.floats(5.0, 120.0), st.floats(5.0, 120.0), st.floats(-500.0, 500.0))
@settings(max_examples=200, deadline=None)
def test_ice_that_touches_itself_at_any_angle_is_closed(turn: float, one: float, other: float, x: float) -> None:
    """Two triangles that meet at one point."""
    shapes = []
    for begin, wide in ((turn, one), (turn + one + 60.0, other)):
        at = np.radians([begin, begin + wide])
        far = 47.3 * np.column_stack([np.cos(at), np.sin(at)])
        shapes.append(shapely.Polygon(np.vstack([[0.0, 0.0], far]) + np.array([x, -x])))
    ice = shapely.MultiPolygon(shapes)
    closed = without_slivers(ice)
    assert shapely.is_valid(closed)
    assert -1e-3 <= closed.area - ice.area < 1.0


def test_an_invalid_polygon_keeps_its_ground_and_a_valid_one_is_the_same_object() -> None:
    fine = shapely.box(0, 0, 9, 9)
    bow = shapely.Polygon([(0, 0), (10, 0), (10, 10), (0, 10), (0, 5), (1e-9, 5), (0, 4)])
    crossing = shapely.Polygon([(0, 0), (10, 0), (10, 10), (-1e-7, 4), (-1e-7, 6), (0, 10)])
    given_ones = np.array([fine, bow, crossing], dtype=object)
    found = sound(given_ones)
    assert found[0] is fine
    assert shapely.is_valid(found).all()
    assert shapely.area(found[2]) == pytest.approx(crossing.convex_hull.area, rel=0.5)
    assert {each.geom_type for each in found} <= {"Polygon", "MultiPolygon"}
