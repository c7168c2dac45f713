"""Totals are sums of glaciers, whatever they are summed over."""

from __future__ import annotations

import logging

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import LEVELS, REGION, TOTAL_COLUMNS, changes, class_names, glacier_areas, totals
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
    table = totals(areas, LEVELS)
    whole = table[table["level"] == "region"].set_index("period")
    for level in LEVELS:
        sums = table[table["level"] == level].groupby("period")[["glaciers", "area_km2", "uncertainty_km2"]].sum()
        for name in sums.columns:
            assert sums[name].to_numpy() == pytest.approx(whole.loc[sums.index, name].to_numpy())
    assert (table["uncertainty_independent_km2"] <= table["uncertainty_km2"] * (1 + 1e-9)).all()


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
    table = totals(areas, ["subregion"]).set_index(["part", "period"])
    gone = table.loc[("south", PERIODS[2])]
    assert (gone["area_km2"], gone["glaciers"], gone["uncertainty_km2"]) == (0, 0, 0)
    assert gone["src_year"] == table.loc[("north", PERIODS[2]), "src_year"]
    assert changes(table.reset_index())["change_percent"].tolist() == [-50, -100]


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
