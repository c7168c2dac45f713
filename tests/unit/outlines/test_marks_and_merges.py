"""Merging, marks of what somebody thinks of an outline, terminus lines, and ground taken from those that are named."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kinds.edited import PERIOD, TWO, UTM, edit, glaciers, layer, line, square

from trimline.outlines import Replayed, check_edits, outline_digest, replay

THREE = glaciers(A=square(0, 0), B=square(1000, 0), C=square(3000, 0))
"""A and B share a border, C lies apart."""


def said(*rows: dict[str, Any], of: gpd.GeoDataFrame = THREE) -> list[str]:
    return [f"{each.state}: {each.text}" for each in replay(of, layer(*rows))[1]]


def merged(*others: str, **more: Any) -> dict[str, Any]:
    return edit("merge", value={"with": list(others)}, **more)


def test_a_merged_glacier_has_the_ground_of_all_and_the_columns_of_the_first() -> None:
    outlines = THREE.assign(glac_name=["one", "two", "three"])
    final, (outcome,) = replay(outlines, layer(merged("B", "C", "gone", edit_id="e1")))
    (row,) = final.to_dict("records")
    assert (row["glac_id"], row["glac_name"], row["edit_ids"]) == ("A", "one", "e1")
    assert row["geometry"].equals(shapely.union_all([square(0, 0, 2000, 1000), square(3000, 0)]))
    assert row["area_km2"] == pytest.approx(THREE["area_km2"].sum(), rel=1e-9)
    assert outcome.text == "A got the ground of B, C; there is no glacier gone"
    assert (outcome.added_km2, outcome.removed_km2) == (0, 0)


def test_errors_and_shared_areas_of_merged_glaciers_add_up() -> None:
    columns = {"unseen_km2": [0.1, 0.2, np.nan], "uncertain_error_km2": [0.01, 0.02, np.nan], "inferred_km2": np.nan}
    outlines = THREE.assign(**columns)
    final, _ = replay(outlines, layer(merged("B", "C")))
    assert final["unseen_km2"].tolist() == pytest.approx([0.3])
    assert final["uncertain_error_km2"].tolist() == pytest.approx([0.03])
    assert final["inferred_km2"].isna().all()
    halved, _ = replay(outlines, layer(edit("remove", square(1500, 0), glac_id="B"), merged("B")))
    assert halved["uncertain_error_km2"][0] == pytest.approx(0.02, rel=1e-6)


def test_a_split_and_a_merge_give_the_glacier_back() -> None:
    outlines = THREE.assign(unseen_km2=0.1, uncertain_error_km2=0.03)
    cut = edit("split", line((300, -10), (300, 1010)), value={"new_id": "D"})
    final, _ = replay(outlines, layer(cut, merged("D")))
    assert final["glac_id"].tolist() == ["A", "B", "C"]
    assert final.geometry[0].equals(square(0, 0))
    for name in ("area_km2", "unseen_km2", "uncertain_error_km2"):
        assert final[name][0] == pytest.approx(outlines[name][0], rel=1e-9)


def test_a_merge_that_does_not_fit_changes_nothing_and_says_why() -> None:
    assert said(merged("B", glac_id="gone"), merged("X", "Y"), merged("A")) == [
        "not applied: there is no glacier gone",
        "not applied: there is no glacier X, Y",
        "not applied: there is no glacier A",
    ]


def test_the_last_mark_of_a_glacier_is_its_state() -> None:
    rows = [edit("accept"), edit("flag"), edit("flag", glac_id="B"), edit("accept", glac_id="B")]
    final, outcomes = replay(THREE, layer(*rows))
    assert final["review"].tolist() == ["flagged", "accepted", None]
    assert final["edit_ids"].isna().all()
    assert {each.state for each in outcomes} == {"applied"}
    assert final.drop(columns=["edit_ids", "review"]).equals(THREE)
    assert "review" not in replay(THREE, layer(edit("accept"), edit("remove", square(0, 0, 100))))[0].columns
    back = edit(None, reverts="e2", edit_id="back")
    assert replay(THREE, layer(edit("flag"), edit("accept", edit_id="e2"), back))[0]["review"][0] == "flagged"


def test_an_outline_that_changes_is_no_longer_accepted_and_flagged_still() -> None:
    nunatak = square(400, 400, 100)
    state = Replayed(THREE, layer(edit("accept"), edit("flag", glac_id="B"), edit("remove", nunatak, glac_id="A")))
    assert (state.review("A"), state.review("B")) == ("open", "flagged")
    cut = edit("remove", square(1500, 0), glac_id="B")
    state = Replayed(THREE, layer(edit("accept"), edit("flag", glac_id="B"), cut, edit("remove", nunatak)))
    assert state.reviews() == {"B": "flagged"}
    filled = [edit("accept"), edit("remove", nunatak), edit("add", nunatak)]
    assert Replayed(THREE, layer(*filled)).review("A") == "accepted"


def test_an_accepted_outline_that_was_mapped_anew_is_open() -> None:
    seen = edit("accept", value={"outline": outline_digest(square(0, 0))})
    assert said(seen) == ["applied: the outline of A was accepted"]
    again = glaciers(A=square(0, 10), B=square(3000, 0))
    assert said(seen, of=again) == ["not applied: the outline has changed since"]
    assert "review" not in replay(again, layer(seen))[0].columns
    assert said(edit("flag", value={"outline": outline_digest(square(0, 0))}), of=again) == ["applied: A was flagged"]
    assert (
        said(edit("accept", glac_id="gone"), edit("flag", glac_id="gone"))
        == ["not applied: there is no glacier gone"] * 2
    )


def test_an_accept_names_the_outline_as_edits_before_it_left_it() -> None:
    left = shapely.difference(square(0, 0), square(0, 0, 100))
    rows = [edit("remove", square(0, 0, 100)), edit("accept", value={"outline": outline_digest(left)})]
    assert replay(THREE, layer(*rows))[0]["review"].tolist() == ["accepted", None, None]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 3), st.booleans(), st.booleans())
def test_a_digest_does_not_depend_on_how_an_outline_is_written(first: int, turned: bool, multiple: bool) -> None:
    ring = list(square(0, 0).exterior.coords)[:-1]
    ring = ring[first:] + ring[:first]
    shape = shapely.Polygon(ring[::-1] if turned else ring)
    written = shapely.MultiPolygon([shape]) if multiple else shape
    assert outline_digest(shapely.force_3d(written)) == outline_digest(square(0, 0))
    assert outline_digest(shape) != outline_digest(square(0, 1e-9))
    assert len(outline_digest(shape)) == 16


def test_a_terminus_line_changes_no_outline() -> None:
    drawn = edit("terminus", line((0, 0), (0, 1000)), edit_id="e1")
    final, (outcome,) = replay(THREE, layer(drawn))
    assert final.drop(columns="edit_ids").equals(THREE)
    assert final["edit_ids"].isna().all()
    assert (outcome.state, outcome.text) == ("applied", "the terminus of A was drawn")
    assert said(drawn | {"glac_id": "gone"}) == ["not applied: there is no glacier gone"]


def test_ground_is_taken_from_those_alone_that_an_edit_names() -> None:
    wide = square(500, 0, 3000, 1000)
    final, (outcome,) = replay(THREE, layer(edit("add", wide, value={"take": ["B"]})))
    by_name = dict(zip(final["glac_id"], final.geometry, strict=True))
    assert "B" not in by_name
    assert by_name["A"].equals(square(0, 0, 3000, 1000))
    assert by_name["C"].equals(square(3000, 0))
    assert "were taken from B" in outcome.text
    assert "stay with C" in outcome.text
    same, _ = replay(THREE, layer(edit("add", wide, value={"take": ["B", "C"]})))
    every, _ = replay(THREE, layer(edit("add", wide, value={"take": True})))
    assert same.geometry.tolist() == every.geometry.tolist()
    assert outcome.added_km2 == pytest.approx(final["area_km2"].sum() - THREE["area_km2"].sum(), abs=1e-6)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"operation": "merge"}, "names no glaciers to merge with"),
        ({"operation": "merge", "value": {"with": "B"}}, "give a list of glaciers"),
        ({"operation": "merge", "value": {"with": []}}, "give a list of glaciers"),
        ({"operation": "merge", "value": {"with": ["B"]}, "glac_id": None}, "names no glacier"),
        ({"operation": "accept", "glac_id": None}, "names no glacier"),
        ({"operation": "accept", "value": {"outline": 5}}, "give a text"),
        ({"operation": "flag", "value": {"glac_name": "x"}}, "'glac_name' cannot be set by 'flag'"),
        ({"operation": "terminus", "geometry": square(0, 0)}, "'terminus' needs a LineString"),
        ({"operation": "terminus"}, "has no geometry"),
        ({"operation": "terminus", "geometry": line((0, 0), (1, 1)), "period": "*"}, "belongs to one period"),
        ({"operation": "terminus", "geometry": line((0, 0), (1, 1)), "period": "1980/.."}, "belongs to one period"),
        ({"operation": "terminus", "geometry": line((0, 0), (1, 1)), "glac_id": None}, "names no glacier"),
        ({"operation": "add", "geometry": square(0, 0), "value": {"take": [5]}}, "or a list of glaciers"),
        ({"operation": "add", "geometry": square(0, 0), "value": {"take": []}}, "or a list of glaciers"),
    ],
)
def test_what_cannot_be_is_a_problem_with_a_remedy(change: dict[str, Any], text: str) -> None:
    (found,) = check_edits(layer(edit(**change)), {PERIOD: 1987.5})
    assert text in str(found)
    assert found.remedy


def test_sound_edits_of_the_new_kinds_have_no_problem() -> None:
    rows = layer(
        merged("B", "C", period="*"),
        edit("accept", value={"outline": "0" * 16}),
        edit("flag"),
        edit("terminus", line((0, 0), (1, 1))),
        edit("add", square(0, 0), value={"take": ["B"], "glac_name": "A"}),
        crs=UTM,
    )
    assert check_edits(rows, {PERIOD: 1987.5}) == []
    assert TWO.crs == UTM
