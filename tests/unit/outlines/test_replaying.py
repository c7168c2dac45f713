"""Edits replayed: the same hands on the same outlines, whatever the mapping was, and nothing lost in silence."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kinds.edited import PERIOD, TWO, UTM, changes, edit, glaciers, grounds, layer, line, names, square

from trimline.errors import EditError, OutlineError
from trimline.outlines import area_km2, check, no_edits, perimeter_km, replay


def by_name(outlines: gpd.GeoDataFrame) -> dict[str, shapely.Geometry]:
    return dict(zip(outlines["glac_id"], outlines.geometry, strict=True))


def states(*rows: dict[str, Any], of: gpd.GeoDataFrame = TWO) -> list[str]:
    return [each.state for each in replay(of, layer(*rows))[1]]


def test_added_ground_becomes_ice_of_the_named_glacier() -> None:
    final, (outcome,) = replay(TWO, layer(edit("add", square(1000, 0, 500, 1000), edit_id="e1")))
    assert outcome.state == "applied"
    assert by_name(final)["A"].equals(square(0, 0, 1500, 1000))
    assert final["edit_ids"].tolist() == ["e1", None]
    assert final["area_km2"].tolist() == pytest.approx(area_km2(final), rel=1e-12)
    assert final["perimeter_km"].tolist() == pytest.approx(perimeter_km(final), rel=1e-12)
    assert outcome.added_km2 == pytest.approx(final["area_km2"][0] - TWO["area_km2"][0], rel=1e-6)


def test_a_new_name_founds_a_glacier_of_the_nearest_subregion() -> None:
    row = edit("add", square(6000, 0), glac_id="C", image="LT05_1988", value={"glac_name": "Small One"})
    final, (outcome,) = replay(TWO, layer(row))
    new = final.set_index("glac_id").loc["C"]
    assert (new["period"], new["subregion"], new["src_date"], new["src_year"]) == (
        PERIOD,
        "west",
        "1988-08-20",
        1988.63,
    )
    assert (new["scene_ids"], new["glac_name"]) == ("LT05_1988:1.00", "Small One")
    assert "a new glacier, of the subregion of B" in outcome.text


def test_a_new_glacier_of_an_unknown_image_has_no_date_and_this_is_said() -> None:
    final, (outcome,) = replay(TWO, layer(edit("add", square(6000, 0), glac_id="C", image="aerial photograph")))
    new = final.set_index("glac_id").loc["C"]
    assert new[["scene_id", "src_date", "src_year"]].isna().all()
    assert "src_date not known" in outcome.text


def test_a_new_glacier_without_an_image_is_not_said_to_stay_without_a_date() -> None:
    final, (outcome,) = replay(TWO, layer(edit("add", square(6000, 0), glac_id="C", image=None)))
    assert pd.isna(final.set_index("glac_id").loc["C", "src_date"])
    assert outcome.text.endswith("its src_date not known until an image is named")


def test_what_an_edit_says_of_a_new_glacier_itself_is_not_told_otherwise() -> None:
    said = {"src_date": "1987-08-01", "subregion": "east"}
    row = edit("add", square(6000, 0), glac_id="C", image="aerial photograph", value=said)
    final, (outcome,) = replay(TWO, layer(row))
    assert final.set_index("glac_id").loc["C", list(said)].to_dict() == said
    assert outcome.text.endswith("a new glacier")


def test_a_new_glacier_of_an_image_without_a_date_has_none_and_this_is_said() -> None:
    undated = TWO.assign(src_date=None)
    final, (outcome,) = replay(undated, layer(edit("add", square(6000, 0), glac_id="C", image="LT05_1988")))
    assert final.set_index("glac_id")["src_date"].isna().all()
    assert "src_date not known" in outcome.text


def test_a_glacier_can_be_founded_where_a_period_had_none() -> None:
    final, (outcome,) = replay(TWO.iloc[:0], layer(edit("add", square(0, 0))), PERIOD)
    assert (outcome.state, final["glac_id"].tolist(), final["period"].tolist()) == ("applied", ["A"], [PERIOD])
    assert final["area_km2"][0] == pytest.approx(TWO["area_km2"][0])


def test_ground_of_another_glacier_stays_there_and_is_reported() -> None:
    final, (outcome,) = replay(TWO, layer(edit("add", square(1000, 0, 2500, 1000))))
    assert by_name(final)["A"].equals(square(0, 0, 3000, 1000))
    assert by_name(final)["B"].equals(square(3000, 0))
    assert "0.50" in outcome.text
    assert "stay with B" in outcome.text


def test_ground_of_another_glacier_is_taken_where_the_edit_says_so() -> None:
    row = edit("add", square(1000, 0, 2500, 1000), edit_id="e1", value={"take": True})
    final, (outcome,) = replay(TWO, layer(row))
    assert by_name(final)["A"].equals(square(0, 0, 3500, 1000))
    assert by_name(final)["B"].equals(square(3500, 0, 500, 1000))
    assert final["edit_ids"].tolist() == ["e1", "e1"]
    assert outcome.added_km2 == pytest.approx(area_km2(final).sum() - area_km2(TWO).sum(), abs=1e-6)


def test_removed_ground_is_no_ice_and_a_glacier_without_ground_leaves() -> None:
    half, (outcome,) = replay(TWO, layer(edit("remove", square(500, 0))))
    assert by_name(half)["A"].equals(square(0, 0, 500, 1000))
    assert outcome.removed_km2 == pytest.approx(TWO["area_km2"][0] / 2, rel=1e-3)
    gone, (outcome,) = replay(TWO, layer(edit("remove", square(-100, -100, 2000))))
    assert gone["glac_id"].tolist() == ["B"]
    assert "nothing is left of A" in outcome.text


def test_a_removal_that_names_no_glacier_takes_from_whichever_has_the_ground() -> None:
    final, (outcome,) = replay(TWO, layer(edit("remove", square(500, 0, 3000, 1000), glac_id=None)))
    assert [by_name(final)[name].area for name in "AB"] == [500_000, 500_000]
    assert "taken from A, B" in outcome.text


def test_a_hole_may_be_drawn_into_a_glacier_and_filled_again() -> None:
    nunatak = square(400, 400, 200)
    final, _ = replay(TWO, layer(edit("remove", nunatak)))
    assert len(by_name(final)["A"].interiors) == 1
    final, _ = replay(TWO, layer(edit("remove", nunatak), edit("add", nunatak)))
    assert by_name(final)["A"].equals(square(0, 0))


def test_a_glacier_gets_the_outline_that_was_drawn_for_it() -> None:
    final, (outcome,) = replay(TWO, layer(edit("replace", square(200, 0))))
    assert by_name(final)["A"].equals(square(200, 0))
    assert (outcome.added_km2, outcome.removed_km2) == pytest.approx((0.2, 0.2), rel=1e-2)


def test_what_lies_right_of_the_line_gets_the_new_name() -> None:
    northward = line((400, -100), (400, 1100))
    final, _ = replay(TWO, layer(edit("split", northward, edit_id="e1")))
    assert by_name(final)["A"].equals(square(0, 0, 400, 1000))
    assert by_name(final)["A-e1"].equals(square(400, 0, 600, 1000))
    assert final["edit_ids"].tolist() == ["e1", None, "e1"]
    southward, _ = replay(TWO, layer(edit("split", shapely.reverse(northward), value={"new_id": "west half"})))
    assert by_name(southward)["west half"].equals(square(0, 0, 400, 1000))


def test_a_part_keeps_the_columns_of_the_whole() -> None:
    final, _ = replay(TWO, layer(edit("split", line((400, -100), (400, 1100)), value={"new_id": "C"})))
    columns = ["period", "subregion", "src_date", "src_year", "scene_id", "scene_ids"]
    rows = final.set_index("glac_id")[columns]
    assert rows.loc["A"].equals(rows.loc["C"].rename("A"))
    assert final["area_km2"].sum() == pytest.approx(TWO["area_km2"].sum(), rel=1e-9)


def test_a_winding_line_still_makes_two_parts() -> None:
    winding = line((200, -100), (200, 500), (-100, 500), (-100, 700), (200, 700), (200, 1100))
    final, _ = replay(TWO, layer(edit("split", winding, value={"new_id": "C"})))
    assert sorted(final["glac_id"]) == ["A", "B", "C"]
    assert by_name(final)["A"].area + by_name(final)["C"].area == pytest.approx(1e6)


def test_what_the_line_does_not_cut_goes_with_the_nearest_piece() -> None:
    parts = shapely.MultiPolygon([square(0, 0), square(-300, 400, 200), square(1100, 400, 200)])
    final, _ = replay(glaciers(A=parts), layer(edit("split", line((500, -100), (500, 1100)), value={"new_id": "C"})))
    assert by_name(final)["A"].equals(shapely.union(square(0, 0, 500, 1000), square(-300, 400, 200)))
    assert by_name(final)["C"].equals(shapely.union(square(500, 0, 500, 1000), square(1100, 400, 200)))


@pytest.mark.parametrize("vertices", [[(500, -100), (500, 1100)], [(500, 300), (520, 700)], [(500, 300), (500, 310)]])
def test_a_line_between_the_parts_of_a_glacier_parts_them(vertices: list[tuple[float, float]]) -> None:
    north, west, east = square(0, 600, 300), square(0, 0, 300), square(700, 0, 300)
    glacier = glaciers(A=shapely.MultiPolygon([west, east, north]))
    final, _ = replay(glacier, layer(edit("split", line(*vertices), value={"new_id": "C"})))
    assert by_name(final)["A"].equals(shapely.union(west, north))
    assert by_name(final)["C"].equals(east)
    back, _ = replay(glacier, layer(edit("split", line(*vertices[::-1]), value={"new_id": "C"})))
    assert by_name(back)["A"].equals(east)


@pytest.mark.parametrize(
    "vertices",
    [
        [(500, 100), (700, 130)],  # extended, it meets parts
        [(5000, -100), (5000, 500)],  # far away
        [(500, -2000), (500, -1000)],
        [(400, 100), (600, 200), (400, 200), (600, 100)],  # crosses itself
        [(150, 100), (500, 400)],  # ends in a part
    ],
)
def test_a_line_that_leaves_in_doubt_which_parts_it_divides_cuts_nothing(vertices: list[tuple[float, float]]) -> None:
    parts = shapely.MultiPolygon([square(0, 0, 300), square(700, 0, 300)])
    _, (outcome,) = replay(glaciers(A=parts), layer(edit("split", line(*vertices), value={"new_id": "C"})))
    assert outcome.state == "not applied"


def test_a_polygon_cuts_out_what_lies_in_it() -> None:
    final, _ = replay(TWO, layer(edit("split", square(700, -100, 500, 2000), value={"new_id": "C"})))
    assert by_name(final)["C"].equals(square(700, 0, 300, 1000))


def test_a_line_that_ends_inside_cuts_nothing_and_this_is_reported() -> None:
    assert states(edit("split", line((500, -100), (500, 500)))) == ["not applied"]
    assert states(edit("split", line((5000, -100), (5000, 500)))) == ["not applied"]


def test_attributes_are_set_and_a_glacier_may_be_renamed() -> None:
    final, _ = replay(
        TWO,
        layer(
            edit("attribute", value={"glac_name": "Upper Tongue", "subregion": "east", "surge": 1}, edit_id="e1"),
            edit("attribute", value={"glac_id": "Z"}, glac_id="B"),
            edit("add", square(4000, 0), glac_id="Z"),
        ),
    )
    rows = final.set_index("glac_id")
    assert rows.loc["A", ["glac_name", "subregion", "surge"]].tolist() == ["Upper Tongue", "east", 1]
    assert rows.loc["A", "area_km2"] == TWO["area_km2"][0]
    assert rows.loc["Z"].geometry.equals(square(3000, 0, 2000, 1000))
    assert rows["surge"].isna().tolist() == [False, True]


def test_what_no_longer_applies_is_reported_and_changes_nothing() -> None:
    rows = (
        edit("remove", square(0, 0), glac_id="gone"),
        edit("remove", square(9000, 0)),
        edit("remove", square(9000, 0), glac_id=None),
        edit("add", square(0, 0)),
        edit("add", square(3000, 0)),
        edit("replace", square(0, 0)),
        edit("replace", square(0, 0), glac_id="gone"),
        edit("replace", square(3000, 0)),
        edit("split", line((400, -100), (400, 1100)), glac_id="gone"),
        edit("split", line((400, -100), (400, 1100)), value={"new_id": "B"}),
        edit("attribute", value={"subregion": "west"}),
        edit("attribute", value={"subregion": "west"}, glac_id="gone"),
        edit("attribute", value={"glac_id": "B"}),
    )
    final, outcomes = replay(TWO, layer(*rows))
    assert [each.state for each in outcomes] == ["not applied"] * len(rows)
    assert all(each.text for each in outcomes)
    assert final.drop(columns="edit_ids").equals(TWO)


def test_edits_are_replayed_by_time_and_not_by_row() -> None:
    late = edit("add", square(1000, 0), time="2024-06-02T08:00:00Z")
    early = edit("remove", square(1000, 0), time="2024-06-02T09:00:00+02:00")
    assert [each.operation for each in replay(TWO, layer(late, early))[1]] == ["remove", "add"]


def test_an_edit_of_all_periods_is_replayed_in_each() -> None:
    assert states(edit("remove", square(500, 0), period="*")) == ["applied"]


def test_a_reverted_edit_changes_nothing_until_its_reversion_is_reverted() -> None:
    first = edit("remove", square(500, 0), edit_id="e1")
    back, again = edit(None, reverts="e1", edit_id="e2"), edit("revert", reverts="e2", edit_id="e3")
    assert states(first, back) == ["reverted", "applied"]
    assert states(first, back, again) == ["applied", "reverted", "applied"]
    assert replay(TWO, layer(first, back))[0].drop(columns="edit_ids").equals(TWO)


def test_edits_in_another_crs_are_brought_to_that_of_the_outlines() -> None:
    degrees = layer(edit("remove", square(500, 0))).to_crs(4326)
    final, (outcome,) = replay(TWO, degrees)
    assert outcome.state == "applied"
    assert by_name(final)["A"].area == pytest.approx(500_000, rel=1e-4)


def test_columns_that_another_ground_makes_wrong_are_measured_anew_or_undefined() -> None:
    outlines = TWO.assign(zmin_m=[4100.0, 4200.0], aspect_sec=[1, 2], cenlon=[93.0, 93.1], cenlat=[34.0, 34.1])
    final, _ = replay(outlines, layer(edit("remove", square(500, 0))))
    assert np.isnan(final["zmin_m"][0])
    assert final["zmin_m"][1] == 4200
    point = gpd.GeoSeries.from_xy(final["cenlon"], final["cenlat"], crs=4326).to_crs(UTM)
    assert final.geometry[0].contains(point[0])
    assert final["cenlon"][1] == 93.1


def test_a_glacier_that_stands_twice_is_an_error() -> None:
    with pytest.raises(OutlineError, match="'A' occurs twice"):
        replay(glaciers(A=square(0, 0), B=square(3000, 0)).assign(glac_id="A"), no_edits())


def test_outlines_of_several_periods_are_an_error() -> None:
    with pytest.raises(EditError, match="outlines of 2 periods"):
        replay(TWO.assign(period=["a", "b"]), no_edits())


def test_a_wrong_edit_stops_the_replay_and_is_named() -> None:
    bow_tie = shapely.Polygon([(0, 0), (9, 9), (9, 0), (0, 9)])
    with pytest.raises(EditError, match=r"edit e7: its polygon is invalid(.|\n)*take the edit back"):
        replay(TWO, layer(edit("add", bow_tie, edit_id="e7")))
    assert states(edit("add", bow_tie, edit_id="e7"), edit(None, reverts="e7")) == ["reverted", "applied"]


def test_replaying_nothing_changes_nothing() -> None:
    final, outcomes = replay(TWO, no_edits())
    assert outcomes == []
    assert final["edit_ids"].isna().all()
    assert final.drop(columns="edit_ids").equals(TWO)


@settings(max_examples=40, deadline=None)
@given(st.lists(changes, min_size=1, max_size=6))
def test_whatever_is_replayed_outlines_are_valid_and_share_no_ground(rows: list[dict[str, Any]]) -> None:
    final, outcomes = replay(TWO, layer(*rows))
    assert check(final)[1] == []
    assert len(outcomes) == len(rows)
    assert final["glac_id"].is_unique
    balance = sum(each.added_km2 - each.removed_km2 for each in outcomes)
    assert final["area_km2"].sum() == pytest.approx(TWO["area_km2"].sum() + balance, abs=1e-5)
    assert final.equals(replay(TWO, layer(*rows))[0])


@settings(max_examples=20, deadline=None)
@given(st.lists(changes, max_size=4))
def test_edits_of_other_periods_change_nothing(rows: list[dict[str, Any]]) -> None:
    final, outcomes = replay(TWO, layer(*(row | {"period": "2019-2021"} for row in rows)))
    assert outcomes == []
    assert final.drop(columns="edit_ids").equals(TWO)


@settings(max_examples=30, deadline=None)
@given(grounds, names)
def test_what_is_added_where_no_ice_was_and_removed_again_was_never_there(wanted: shapely.Polygon, name: str) -> None:
    free = shapely.difference(wanted, shapely.union_all(TWO.geometry))
    if free.is_empty:
        return
    final, _ = replay(TWO, layer(edit("add", free, glac_id=name), edit("remove", free, glac_id=name)))
    assert final["glac_id"].tolist() == ["A", "B"]
    assert final.geometry.symmetric_difference(TWO.geometry).area.max() == pytest.approx(0, abs=1e-3)
    assert final["area_km2"].tolist() == pytest.approx(TWO["area_km2"].tolist(), rel=1e-7)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 10), st.booleans()), min_size=1, max_size=5))
def test_area_is_the_automatic_with_what_was_added_and_without_what_was_removed(
    strips: list[tuple[int, bool]],
) -> None:
    """Strips of a hundred metres, none of which meets another: outside north of A, or inside it."""
    rows, expected = [], TWO["area_km2"].sum()
    for i, (width, adds) in enumerate(strips):
        ground = square(i * 200, 1000 if adds else 0, 100, 50.0 * width)
        rows.append(edit("add" if adds else "remove", ground))
        expected += (1 if adds else -1) * area_km2(gpd.GeoSeries([ground], crs=UTM))[0]
    final, _ = replay(TWO, layer(*rows))
    assert final["area_km2"].sum() == pytest.approx(expected, abs=1e-7)


def test_edits_outlive_a_mapping_with_other_rows() -> None:
    rows = (edit("remove", square(500, 0)), edit("split", line((3500, -100), (3500, 1100)), glac_id="B", period="*"))
    again = glaciers(B=square(3000, 20), D=square(0, 5000), A=square(0, 20))
    names = set(replay(TWO, layer(*rows))[0]["glac_id"])
    assert set(replay(again, layer(*rows))[0]["glac_id"]) == names | {"D"}
