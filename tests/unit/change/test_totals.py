"""Totals are sums of glaciers, whatever they are summed over."""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import (
    LEVELS,
    REGION,
    STATES,
    TOTAL_COLUMNS,
    changes,
    class_names,
    glacier_areas,
    glacier_changes,
    totals,
    with_states,
)
from trimline.change.sizes import first_size_class
from trimline.errors import ChangeError

PERIODS = ("1986-1988", "2001-2003", "2019-2021")


@pytest.fixture(scope="module")
def areas(shrinking: gpd.GeoDataFrame) -> pd.DataFrame:
    return glacier_areas(shrinking)


def made(rows: list[tuple[str, str, int, float, float]]) -> pd.DataFrame:
    """Return a table of areas from glacier, subregion, number of the period, area and error."""
    table = pd.DataFrame(rows, columns=["glac_id", "subregion", "number", "area_km2", "uncertainty_km2"])
    table["period"] = [PERIODS[number] for number in table.pop("number")]
    table["src_year"] = table["period"].map({name: float(name[:4]) + 1.5 for name in PERIODS})
    table["area_inner_km2"] = np.maximum(table["area_km2"] - table["uncertainty_km2"], 0)
    table["area_outer_km2"] = table["area_km2"] + table["uncertainty_km2"]
    table["perimeter_km"], table["shared_border_km"] = 1.0, 0.0
    for cause in ("outline", "map", "unseen", "perimeter"):
        table[f"uncertainty_{cause}_km2"] = table["uncertainty_km2"]
    table["size_class"] = first_size_class(table["glac_id"], table["src_year"].to_numpy(), table["area_km2"].to_numpy())
    return table


GLACIERS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 2), st.floats(0.01, 50), st.just(0.0) | st.floats(1e-6, 5)),
    min_size=1,
    unique_by=lambda row: row[:2],
)


@settings(deadline=None, max_examples=20)
@given(GLACIERS)
def test_parts_sum_to_the_whole_in_every_period(rows: list[tuple[str, int, float, float]]) -> None:
    areas = made([(name, "north" if name < "d" else "south", *rest) for name, *rest in rows])
    gone = totals(areas, LEVELS, absent="gone")
    whole = gone[gone["level"] == "region"].set_index("period")
    for level in LEVELS:
        summed = ["glaciers", "gone_glaciers", "area_km2", "uncertainty_km2"]
        sums = gone[gone["level"] == level].groupby("period")[summed].sum()
        for name in sums.columns:
            assert sums[name].to_numpy() == pytest.approx(whole.loc[sums.index, name].to_numpy())
    assert (gone["uncertainty_independent_km2"] <= gone["uncertainty_km2"] * (1 + 1e-9)).all()


@settings(deadline=None, max_examples=20)
@given(GLACIERS, st.lists(st.sampled_from(STATES[2:]), min_size=24, max_size=24), st.floats(0, 1))
def test_what_is_known_and_what_is_not_add_up_and_unknown_ice_is_never_zero(
    rows: list[tuple[str, int, float, float]], drawn: list[str], most: float
) -> None:
    areas = made([(name, "north" if name < "d" else "south", *rest) for name, *rest in rows])
    keys = [(name, period) for name in "abcdefgh" for period in PERIODS]
    said = pd.DataFrame(keys, columns=["glac_id", "period"]).assign(state=drawn)
    told = with_states(areas, said)
    assert not told.duplicated(["glac_id", "period"]).any()
    assert len(told) == areas["glac_id"].nunique() * areas["period"].nunique()
    table = totals(told, LEVELS, unknown_above=most)
    whole = table[table["level"] == "region"].set_index("period")
    counts = ["glaciers", "gone_glaciers", "unseen_glaciers", "absent_glaciers"]
    for level in LEVELS:
        sums = table[table["level"] == level].groupby("period")[["seen_km2", "unseen_km2", *counts]].sum()
        for name in sums.columns:
            assert sums[name].to_numpy() == pytest.approx(whole.loc[sums.index, name].to_numpy())
    assert (whole[counts].sum(axis=1) == areas["glac_id"].nunique()).all()
    known = table[table["area_km2"].notna()]
    assert (known["area_km2"] == known["seen_km2"]).all()
    assert (known["unseen_km2"] <= most * (known["seen_km2"] + known["unseen_km2"])).all()
    assert (known["uncertainty_km2"] >= known["unseen_km2"] * (1 - 1e-9)).all()
    hidden = told[told["state"].isin(("unseen", "not in period"))]
    assert hidden["area_km2"].isna().all()
    assert (hidden["nearest_km2"] > 0).all()
    assert (told.loc[told["state"] == "gone", "area_km2"] == 0).all()
    assert (told.loc[told["state"] == "gone", "uncertainty_km2"] >= 0.01).all()


@settings(deadline=None, max_examples=20)
@given(GLACIERS, st.randoms(use_true_random=False))
def test_totals_do_not_depend_on_the_order_of_rows(rows: list[tuple[str, int, float, float]], random: object) -> None:
    areas = made([(name, "all", *rest) for name, *rest in rows])
    shuffled = areas.sample(frac=1, random_state=random.randrange(1000))  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(totals(areas), totals(shuffled), check_exact=True)


def test_the_columns_and_levels_are_those_promised(areas: pd.DataFrame) -> None:
    table = totals(areas)
    assert tuple(table.columns) == TOTAL_COLUMNS
    assert table["level"].unique().tolist() == ["region", "subregion", "size_class"]
    assert table.loc[table["level"] == "region", "part"].unique().tolist() == [REGION]
    assert table.loc[table["level"] == "region", "period"].tolist() == list(PERIODS)
    classes = table.loc[table["level"] == "size_class", "part"].unique().tolist()
    assert classes == [name for name in class_names() if name in classes]


def test_correlated_errors_add_and_independent_ones_average_out() -> None:
    table = totals(made([("a", "all", 0, 10.0, 3.0), ("b", "all", 0, 5.0, 4.0)]), ["region"])
    assert table[["uncertainty_km2", "uncertainty_independent_km2"]].iloc[0].tolist() == [7.0, 5.0]


def test_the_year_is_weighted_by_area(areas: pd.DataFrame) -> None:
    last = areas[areas["period"] == PERIODS[2]]
    expected = np.average(last["src_year"], weights=last["area_km2"])
    assert totals(areas, ["region"])["src_year"].iloc[2] == pytest.approx(expected)


def test_a_subregion_whose_last_glacier_melts_has_no_ice_and_the_year_of_the_region() -> None:
    areas = made([("a", "north", 0, 2.0, 0.1), ("b", "south", 0, 1.0, 0.1), ("a", "north", 2, 1.0, 0.1)])
    table = totals(areas, ["subregion"], absent="gone").set_index(["part", "period"])
    gone = table.loc[("south", PERIODS[2])]
    assert (gone["area_km2"], gone["glaciers"], gone["gone_glaciers"], gone["uncertainty_km2"]) == (0, 0, 1, 0.01)
    assert gone["src_year"] == table.loc[("north", PERIODS[2]), "src_year"]
    assert changes(table.reset_index())["change_percent"].tolist() == [-50, -100]


def test_a_region_whose_ice_is_all_gone_lost_all_of_it() -> None:
    """Its last period has no outline, and every glacier was seen to be gone: 0 km2, not unknown."""
    areas = made([("a", "all", 0, 2.25, 0.1), ("b", "all", 0, 0.81, 0.1), ("a", "all", 1, 1.17, 0.1)])
    said = pd.DataFrame(
        [("b", PERIODS[1], 2002.6, "gone"), ("a", PERIODS[2], 2020.6, "gone"), ("b", PERIODS[2], 2020.6, "gone")],
        columns=["glac_id", "period", "src_year", "state"],
    )
    told = with_states(areas, said, periods=PERIODS, limit_km2=dict.fromkeys(PERIODS, 0.02))
    table = totals(told, LEVELS, periods=PERIODS)
    last = table[(table["level"] == "region") & (table["period"] == PERIODS[2])].iloc[0]
    assert (last["area_km2"], last["glaciers"], last["gone_glaciers"]) == (0, 0, 2)
    assert last["uncertainty_km2"] == pytest.approx(0.04), "the detection limit of two glaciers"
    assert last["src_year"] == pytest.approx(2020.6)
    lost = changes(table, [(PERIODS[0], PERIODS[2])]).set_index("level").loc["region"]
    assert lost["change_km2"] == pytest.approx(-3.06)
    assert (lost["change_percent"], lost["years"]) == (-100, pytest.approx(2020.6 - 1987.5))
    one = glacier_changes(told, [(PERIODS[0], PERIODS[2])]).set_index("glac_id")
    assert one["status"].to_dict() == {"a": "vanished", "b": "vanished"}
    assert one["change_km2"].sum() == pytest.approx(-3.06)


@pytest.mark.parametrize("state", ["unseen", "not in period"])
def test_a_glacier_under_cloud_is_no_loss(state: str, caplog: pytest.LogCaptureFixture) -> None:
    """10.0, then 1.0 seen, then 10.0 km2: not a loss of 90 %."""
    rows = [("a", "all", k, 1.0, 0.05) for k in range(3)] + [("b", "all", k, 9.0, 0.2) for k in (0, 2)]
    areas = made([*rows])
    said = pd.DataFrame({"glac_id": ["b"], "period": [PERIODS[1]], "state": [state]})
    told = with_states(areas, said)
    with caplog.at_level(logging.WARNING, "trimline"):
        table = totals(told, ["region"])
    hidden = table.iloc[1]
    assert np.isnan(hidden["area_km2"])
    assert (hidden["seen_km2"], hidden["unseen_km2"]) == (1.0, 9.0)
    assert f"{PERIODS[1]}: 1 glacier is" in caplog.text
    assert "9 km2 in their nearest period; the area is unknown" in caplog.text
    wide = totals(told, ["region"], unknown_above=1).iloc[1]
    assert (wide["area_km2"], wide["uncertainty_km2"]) == (1.0, pytest.approx(9.05))
    assert wide["area_km2"] + wide["uncertainty_km2"] >= 10
    one = glacier_changes(told, [(PERIODS[0], PERIODS[1])]).set_index("glac_id")
    assert np.isnan(one.loc["b", "change_km2"])
    assert one.loc["b", "status"] == f"{'unseen' if state == 'unseen' else 'not'} in {PERIODS[1]}"
    assert one.loc["b", "verdict"] == ""


def test_a_glacier_that_was_seen_to_be_gone_before_it_was_hidden_hides_no_ice() -> None:
    areas = made([("a", "all", k, 1.0, 0.05) for k in range(3)] + [("b", "all", 0, 9.0, 0.2)])
    said = pd.DataFrame({"glac_id": ["b", "b"], "period": PERIODS[1:], "state": ["gone", "unseen"]})
    assert totals(with_states(areas, said), ["region"])["unseen_km2"].tolist() == [0, 0, 0.01]


def test_ground_of_a_gone_glacier_that_was_not_seen_counts_as_its_error() -> None:
    areas = made([("a", "all", 0, 1.0, 0.05), ("b", "all", 0, 1.0, 0.05), ("a", "all", 1, 1.0, 0.05)])
    said = pd.DataFrame({"glac_id": ["b"], "period": [PERIODS[1]], "state": ["gone"], "unseen_km2": [0.3]})
    gone = with_states(areas, said).iloc[-1]
    assert gone["uncertainty_unseen_km2"] == 0.3
    assert gone["uncertainty_km2"] == pytest.approx(np.hypot(0.3, 0.01))


def test_a_state_that_does_not_exist_is_refused() -> None:
    areas = made([("a", "all", 0, 1.0, 0.05)])
    with pytest.raises(ChangeError, match="no state 'hidden'"):
        with_states(areas, pd.DataFrame({"glac_id": ["a"], "period": [PERIODS[1]], "state": ["hidden"]}))
    with pytest.raises(ChangeError, match="no state 'lost'"):
        totals(areas, absent="lost")  # type: ignore[arg-type]
    with pytest.raises(ChangeError, match="from 0 to 1"):
        totals(areas, unknown_above=10)


def test_a_period_without_any_outline_is_unknown_and_not_ice_free(caplog: pytest.LogCaptureFixture) -> None:
    areas = made([("a", "all", 0, 2.0, 0.1), ("a", "all", 2, 1.0, 0.1)])
    with caplog.at_level(logging.WARNING):
        table = totals(areas, ["region", "subregion"], periods=PERIODS)
    assert "no outline in 2001-2003" in caplog.text
    unseen = table[table["period"] == PERIODS[1]]
    assert unseen[["area_km2", "uncertainty_km2", "uncertainty_independent_km2", "src_year"]].isna().all(axis=None)
    assert changes(table, [(PERIODS[0], PERIODS[2])])["change_km2"].tolist() == [-1, -1]


def test_a_subregion_of_the_study_without_outlines_is_reported_as_such() -> None:
    table = totals(made([("a", "north", 0, 2.0, 0.1)]), ["subregion"], parts=["north", "south"])
    assert table.set_index("part")["glaciers"].to_dict() == {"north": 1, "south": 0}


def test_what_the_study_does_not_have_is_a_named_error(areas: pd.DataFrame) -> None:
    with pytest.raises(ChangeError, match="subregion south, which the study does not have"):
        totals(areas, parts=["north"])
    with pytest.raises(ChangeError, match="period 2019-2021, which the study does not have"):
        totals(areas, periods=PERIODS[:2])
    with pytest.raises(ChangeError, match="no level 'aspect'"):
        totals(areas, ["aspect"])  # type: ignore[list-item]
    with pytest.raises(ChangeError, match="lacks the column 'size_class'"):
        totals(areas.drop(columns="size_class"))
