"""What is drawn in the page is checked before anything is done with it, and never repaired."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tests.kinds.reviewed import EAST, NORTH, as_json, cell

from trimline.errors import EditError
from trimline.review.edits.drawn import LINES, MOST_VERTICES, POLYGONS, drawn_geometry, geojson

BOUNDS = np.array([EAST, NORTH, EAST + 5000, NORTH + 5000])


def polygon(*ring: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[list(each) if isinstance(each, tuple) else each for each in ring]]}


def at(x: float, y: float) -> tuple[float, float]:
    return EAST + x, NORTH + y


def test_a_polygon_comes_back_to_the_last_digit() -> None:
    shape = shapely.affinity.rotate(cell(0.1, 0.1), 31.0)
    again = drawn_geometry(as_json(geojson(shape)), POLYGONS, BOUNDS)
    assert again.equals_exact(shape, 0.0)


@pytest.mark.parametrize(
    ("drawn", "words"),
    [
        (polygon(at(0, 0), at(100, 100), at(100, 0), at(0, 100), at(0, 0)), r"Self-intersection\[500050 3500050\]"),
        (polygon(at(0, 0), at(100, 0), at(100, 100), at(0, 100)), "not closed"),
        (polygon(at(0, 0), at(100, 0), at(0, 0)), "not closed"),
        (polygon(at(0, 0), at(100, 0), [*at(100, 100), 5.0], at(0, 0)), "3 coordinates"),
        (polygon(at(0, 0), at(100, 0), at(float("nan"), 100), at(0, 0)), "no numbers"),
        (polygon(at(0, 0), at(100, 0), (10**400, 0), at(0, 0)), "no numbers"),
        (polygon(at(0, 0), at(100, 0), [True, 0], at(0, 0)), "coordinates"),
        (polygon(at(0, 0), at(100, 0), ["1", 0], at(0, 0)), "pair of numbers"),
        (polygon(at(0, 0), at(100_000, 0), at(0, 100), at(0, 0)), "more than 10 km from all outlines"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon"}, "no coordinates"),
        ({"type": "Polygon", "coordinates": [7]}, "no coordinates"),
        ({"type": "Polygon", "coordinates": [[[[1, 2]]]]}, "pair of numbers"),
        ({"type": "LineString", "coordinates": [at(0, 0), at(1, 1)]}, "a LineString was drawn"),
        ({"type": ["Polygon"]}, "no geometry was drawn"),
        ({}, "no geometry was drawn"),
    ],
)
def test_what_is_no_polygon_is_refused_with_the_reason(drawn: dict[str, Any], words: str) -> None:
    with pytest.raises(EditError, match=words) as refused:
        drawn_geometry(drawn, POLYGONS, BOUNDS)
    assert refused.value.remedy


def test_a_line_of_one_vertex_is_refused() -> None:
    with pytest.raises(EditError, match="no LineString"):
        drawn_geometry({"type": "LineString", "coordinates": [[*at(0, 0)]]}, LINES, BOUNDS)


def test_too_many_vertices_and_arrays_nested_too_deeply_are_refused() -> None:
    with pytest.raises(EditError, match="vertices"):
        drawn_geometry(polygon(*[at(0, 0)] * (MOST_VERTICES + 1)), POLYGONS, BOUNDS)
    nested: list[Any] = []
    for _ in range(10_000):
        nested = [nested]
    with pytest.raises(EditError):
        drawn_geometry({"type": "Polygon", "coordinates": nested}, POLYGONS, BOUNDS)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=20,
)


@given(kind=st.sampled_from([*POLYGONS, *LINES]), coordinates=json_values)
def test_nothing_but_an_edit_error_comes_of_any_json(kind: str, coordinates: Any) -> None:
    try:
        found = drawn_geometry({"type": kind, "coordinates": coordinates}, (*POLYGONS, *LINES), BOUNDS)
    except EditError:
        return
    assert found.is_valid
