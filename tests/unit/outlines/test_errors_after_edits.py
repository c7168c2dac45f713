"""Errors of the map after edits: cleared where a hand drew ground, shared by a divide, and nowhere lost."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import glacier_areas, totals
from trimline.outlines import as_edits, replay

UTM, PERIOD = 32646, "1986-1988"
ERRORS = ["uncertain_error_km2", "unseen_error_km2"]


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(5e5 + x, 3.8e6 + y, 5e5 + x + width, 3.8e6 + y + height)


def line(*points: tuple[float, float]) -> shapely.LineString:
    return shapely.LineString([(5e5 + x, 3.8e6 + y) for x, y in points])


def edits(*rows: tuple[str, shapely.Geometry, str, dict[str, Any]]) -> gpd.GeoDataFrame:
    content = [
        {
            "operation": operation,
            "period": PERIOD,
            "glac_id": name,
            "author": "Ana",
            "time": f"2024-05-31T14:00:{second:02d}Z",
            "reason": "divide",
            "value": json.dumps(value) if value else None,
        }
        for second, (operation, _, name, value) in enumerate(rows)
    ]
    return as_edits(gpd.GeoDataFrame(content, geometry=[geometry for _, geometry, *_ in rows], crs=UTM))


MAPPED = gpd.GeoDataFrame(
    {
        "glac_id": ["A", "B"],
        "period": PERIOD,
        "subregion": "west",
        "src_year": 1988.6,
        "uncertain_error_km2": [0.08, 0.02],
        "unseen_error_km2": [0.04, 0.0],
        "unseen_km2": [0.2, 0.0],
        "inferred_km2": [0.1, np.nan],
    },
    geometry=[box(0, 0, 2000, 1000), box(5000, 0, 1000, 1000)],
    crs=UTM,
)


def region(outlines: gpd.GeoDataFrame) -> Any:
    return totals(glacier_areas(outlines, pixel_m=30.0), ("region",)).iloc[0]


def test_a_divide_changes_no_area_and_no_uncertainty_of_the_region() -> None:
    divided, _ = replay(MAPPED, edits(("split", line((700, -100), (700, 1100)), "A", {"new_id": "C"})))
    assert sorted(divided["glac_id"]) == ["A", "B", "C"]
    before, after = region(MAPPED), region(divided)
    for name in ("area_km2", "uncertainty_map_km2", "uncertainty_unseen_km2"):
        assert after[name] == pytest.approx(before[name], rel=1e-9)
    # The buffer is exact to its rounded corners.
    assert after["uncertainty_outline_km2"] == pytest.approx(before["uncertainty_outline_km2"], rel=2e-3)
    assert after["uncertainty_km2"] == pytest.approx(before["uncertainty_km2"], rel=2e-3)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(100, 1900), min_size=1, max_size=4, unique=True))
def test_however_often_a_glacier_is_divided_its_parts_share_its_errors(places: list[int]) -> None:
    rows = [
        ("split", line((x, -100), (x, 1100)), "A", {"new_id": f"A{number}"})
        for number, x in enumerate(sorted(places, reverse=True))
    ]
    divided, _ = replay(MAPPED, edits(*rows))
    parts = divided[divided["glac_id"].str.startswith("A")]
    assert len(parts) == len(places) + 1
    for name in [*ERRORS, "unseen_km2", "inferred_km2"]:
        assert parts[name].sum() == pytest.approx(MAPPED[name][0], rel=1e-9)
        assert (parts[name] > 0).all()


def test_ground_taken_away_by_hand_has_no_error_any_more_and_the_rest_keeps_its_own() -> None:
    cut, _ = replay(MAPPED, edits(("remove", box(1500, 0, 500, 1000), "A", {})))
    assert cut.loc[0, ERRORS].tolist() == pytest.approx([0.06, 0.03], rel=1e-6)
    assert cut.loc[1, ERRORS].tolist() == [0.02, 0.0]


def test_ground_drawn_beside_a_glacier_leaves_the_errors_of_its_mapped_ground() -> None:
    grown, _ = replay(MAPPED, edits(("add", box(2000, 0, 500, 1000), "A", {})))
    assert grown.loc[0, ERRORS].tolist() == pytest.approx([0.08, 0.04], rel=1e-9)
    over, _ = replay(MAPPED, edits(("add", box(1000, 0, 1500, 1000), "A", {})))
    assert over.loc[0, ERRORS].tolist() == pytest.approx([0.04, 0.02], rel=1e-6)


def test_an_outline_drawn_anew_has_no_error_of_the_map() -> None:
    drawn, _ = replay(MAPPED, edits(("replace", box(100, 0, 1900, 1000), "A", {})))
    assert drawn.loc[0, ERRORS].isna().all()
    drawn, _ = replay(
        MAPPED,
        edits(
            ("split", line((1000, -100), (1000, 1100)), "A", {"new_id": "C"}),
            ("replace", box(1000, 0, 900, 1000), "C", {}),
        ),
    )
    rows = drawn.set_index("glac_id")
    assert rows.loc["C", ERRORS].isna().all()
    assert rows.loc["A", ERRORS].tolist() == pytest.approx([0.04, 0.02], rel=1e-3)


def test_a_new_glacier_has_no_error_of_the_map() -> None:
    drawn, _ = replay(MAPPED, edits(("add", box(8000, 0, 500, 500), "D", {})))
    assert drawn.set_index("glac_id").loc["D", ERRORS].isna().all()


def test_errors_that_an_edit_sets_hold_for_the_outline_as_it_is_and_are_cleared_by_what_is_drawn_later() -> None:
    set_here = {"uncertain_error_km2": 0.03, "unseen_error_km2": 0.01}
    copied = ("replace", box(0, 0, 1000, 1000), "A", set_here)
    found, _ = replay(MAPPED, edits(copied))
    assert found.set_index("glac_id").loc["A", ERRORS].tolist() == [0.03, 0.01]
    found, _ = replay(MAPPED, edits(copied, ("remove", box(0, 0, 500, 1000), "A", {})))
    assert found.set_index("glac_id").loc["A", ERRORS].tolist() == pytest.approx([0.015, 0.005], rel=1e-3)
    found, _ = replay(
        MAPPED, edits(("remove", box(0, 0, 500, 1000), "A", {}), ("attribute", None, "A", {ERRORS[0]: 0.08}))
    )
    assert found.set_index("glac_id").loc["A", ERRORS].tolist() == pytest.approx([0.08, 0.03], rel=1e-3)
