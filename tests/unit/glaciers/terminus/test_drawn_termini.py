"""Drawn termini take the place of where outlines end: a front drawn d metres farther up gives d metres more retreat."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import rotate
from shapely.geometry import LineString, Polygon, box

from trimline.glaciers.terminus import TERMINUS_METHODS, terminus_change, terminus_series
from trimline.outlines import as_edits
from trimline.outlines.drawn_termini import drawn_termini

CRS = "EPSG:32632"
X, Y = 500_000.0, 5_200_000.0
HALF_WIDTH_M = 300.0


def glacier(length_m: float, bearing: float = 0.0) -> Polygon:
    """Return a basin with a tongue whose round end lies `length_m` down-glacier of its middle."""
    basin = box(X - 1000, Y - 1500, X + 1000, Y)
    end = shapely.Point(X, Y + length_m - HALF_WIDTH_M).buffer(HALF_WIDTH_M, quad_segs=16)
    tongue = box(X - HALF_WIDTH_M, Y - 10, X + HALF_WIDTH_M, Y + length_m - HALF_WIDTH_M)
    return rotate(shapely.union_all([basin, tongue, end]), -bearing, origin=(X, Y))


def front(length_m: float, bearing: float = 0.0) -> LineString:
    """Return the round end of the tongue as somebody draws it, from margin to margin."""
    angles = np.radians(np.linspace(180, 0, 41))
    centre = np.array([X, Y + length_m - HALF_WIDTH_M])
    line = LineString(centre + HALF_WIDTH_M * np.column_stack([np.cos(angles), np.sin(angles)]))
    return rotate(line, -bearing, origin=(X, Y))


def rows(*shapes: shapely.Geometry, ids: list[str] | None = None, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": ids or ["g"] * len(shapes), **columns}, geometry=list(shapes), crs=CRS)


@pytest.mark.parametrize("method", TERMINUS_METHODS)
@pytest.mark.parametrize("shift_m", [-250.0, 150.0, 1200.0], ids=["advance", "retreat", "far up"])
def test_a_front_drawn_farther_up_adds_what_it_was_shifted_by(method: str, shift_m: float) -> None:
    before, after = rows(glacier(3000)), rows(glacier(2600))
    measure = {"method": method, "directions": {"g": 0.0}}
    plain = terminus_change(before, after, **measure)
    assert plain["terminus"].tolist() == ["outline"]
    drawn = rows(front(2600 - shift_m))
    late = terminus_change(before, after, drawn=(None, drawn), **measure).iloc[0]
    assert late["terminus"] == "outline to drawn"
    assert late["retreat_m"] == pytest.approx(400 + shift_m, abs=8, rel=0.03)
    both = terminus_change(before, after, drawn=(rows(front(3000 - shift_m)), drawn), **measure).iloc[0]
    assert both["terminus"] == "drawn"
    assert both["retreat_m"] == pytest.approx(plain["retreat_m"].iloc[0], abs=5, rel=0.03)


@settings(max_examples=8, deadline=None)
@given(bearing=st.floats(0, 360), shift_m=st.floats(-300, 900))
def test_what_is_added_does_not_depend_on_where_the_glacier_faces(bearing: float, shift_m: float) -> None:
    before, after = rows(glacier(3000, bearing)), rows(glacier(2600, bearing))
    drawn = (None, rows(front(2600 - shift_m, bearing)))
    table = terminus_change(before, after, method="main_axis", directions={"g": bearing}, drawn=drawn)
    assert table["retreat_m"].iloc[0] == pytest.approx(400 + shift_m, abs=4)
    assert table.geometry.iloc[0].length == pytest.approx(abs(400 + shift_m), abs=10), "the arrow ends at the line"


def test_a_line_beside_the_glacier_changes_nothing_and_is_named() -> None:
    aside = rows(shapely.affinity.translate(front(2000), 5000, 0))
    shapes, directions = (rows(glacier(3000)), rows(glacier(2600))), {"g": 0.0}
    plain = terminus_change(*shapes, method="all", directions=directions)
    table = terminus_change(*shapes, method="all", directions=directions, drawn=(aside, None))
    assert table["terminus"].tolist() == ["outline"] * len(TERMINUS_METHODS)
    assert table["conditions"].tolist() == ["drawn terminus not cut"] * len(TERMINUS_METHODS)
    assert table["retreat_m"].tolist() == pytest.approx(plain["retreat_m"].tolist(), abs=8)


def test_other_glaciers_are_measured_by_their_outlines() -> None:
    pair = [glacier(3000), shapely.affinity.translate(glacier(3000), 9000, 0)]
    later = [glacier(2600), shapely.affinity.translate(glacier(2600), 9000, 0)]
    names = ["g", "h"]
    drawn = (None, rows(front(2500)))
    directions = dict.fromkeys(names, 0.0)
    table = terminus_change(rows(*pair, ids=names), rows(*later, ids=names), directions=directions, drawn=drawn)
    assert table.set_index("glac_id")["terminus"].to_dict() == {"g": "outline to drawn", "h": "outline"}
    assert table.set_index("glac_id").loc["h", "retreat_m"] == pytest.approx(400, abs=1)


def test_a_series_takes_the_line_at_its_date_alone() -> None:
    lengths = {2000: 3000.0, 2010: 2800.0, 2020: 2500.0}
    outlines = rows(*map(glacier, lengths.values()), src_year=list(lengths))
    drawn = rows(front(2700), src_year=[2010])
    table = terminus_series(outlines, directions={"g": 0.0}, drawn=drawn)
    assert table["retreat_m"].tolist() == pytest.approx([0, 300, 500], abs=2)
    assert table["terminus"].tolist() == ["outline", "drawn", "outline"]


def edit(number: int, **changes: Any) -> dict[str, Any]:
    row = {"edit_id": str(number), "operation": "terminus", "period": "1988", "glac_id": "A", "author": "Ana"}
    row |= {"time": f"2024-05-31T14:00:{number:02d}Z", "value": None, "reverts": None}
    return row | changes


def lines_in_force(*edits: dict[str, Any], period: str = "1988") -> dict[str, float]:
    lines = [LineString([(number, 0), (number, 1)]) for number in range(len(edits))]
    frame = gpd.GeoDataFrame(pd.DataFrame(edits), geometry=lines, crs=CRS)
    found = drawn_termini(as_edits(frame), period, 1988.5)
    assert found.crs == CRS
    return dict(zip(found["glac_id"], found.geometry.bounds["minx"].tolist(), strict=True))


def test_the_last_line_counts_that_is_not_reverted_and_of_its_period() -> None:
    first, second = edit(0), edit(1)
    assert lines_in_force(first, second) == {"A": 1}
    assert lines_in_force(first, second, edit(2, operation="revert", reverts="1")) == {"A": 0}
    assert lines_in_force(edit(0, time="2024-06-30"), second) == {"A": 0}, "by time, and not by row"
    assert lines_in_force(first, edit(1, glac_id="B"), edit(2, period="2019")) == {"A": 0, "B": 1}
    assert lines_in_force(first, period="2019") == {}
    assert lines_in_force(edit(0, operation="split")) == {}


def test_a_renamed_glacier_keeps_its_line() -> None:
    renamed = edit(1, operation="attribute", value='{"glac_id": "B"}')
    assert lines_in_force(edit(0), renamed) == {"B": 0}
    assert lines_in_force(edit(0), edit(1, operation="attribute", value='{"glac_name": "Upper"}')) == {"A": 0}
