"""The same glacier on several dates, by the ground: merged, split, vanished, new, seen again."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from trimline.change import glacier_areas, glacier_changes, lineage, told_apart, totals, with_states
from trimline.change.equal_area import equal_area_crs, projected
from trimline.change.lineage import follow
from trimline.errors import ChangeError

box = shapely.box
UTM = "EPSG:32632"
X = 500_000


def square(x: float, width: float = 1000.0, height: float = 1000.0) -> shapely.Polygon:
    return box(X + x, 5_200_000, X + x + width, 5_200_000 + height)


def table(*dates: dict[str, shapely.Geometry]) -> gpd.GeoDataFrame:
    rows = [
        {
            "glac_id": name,
            "period": str(1970 + 10 * k),
            "src_year": 1970.5 + 10 * k,
            "subregion": "all",
            "geometry": shape,
        }
        for k, date in enumerate(dates)
        for name, shape in date.items()
    ]
    return gpd.GeoDataFrame(rows, crs=UTM)


def dates(*polygons: list[shapely.Polygon]) -> list[np.ndarray]:
    return [np.array(each, dtype=object) for each in polygons]


def test_an_outline_is_of_the_glacier_on_whose_ground_most_of_it_lies() -> None:
    first, second = follow(dates([square(0), square(2000)], [square(2100, 800), square(100, 800), square(5000)]))
    assert first.tolist() == [0, 1]
    assert second.tolist() == [1, 0, 2]


def test_parts_of_a_glacier_keep_its_number() -> None:
    _, second = follow(dates([square(0, 3000)], [square(0, 1000), square(2000, 900)]))
    assert second.tolist() == [0, 0]


def test_a_glacier_whose_ground_another_took_ends() -> None:
    last = [square(0, 1500), square(2200, 500)]
    _, second, third = follow(dates([square(0, 2000), square(2000)], [square(0, 3000)], last))
    assert second.tolist() == [0]
    assert third.tolist() == [0, 0]


def test_a_glacier_that_was_missing_is_known_again() -> None:
    _, second, third = follow(dates([square(0), square(4000)], [square(0)], [square(4000, 900), square(0)]))
    assert second.tolist() == [0]
    assert third.tolist() == [1, 0]


def test_of_two_alike_overlaps_the_better_fit_counts() -> None:
    """The larger glacier shares a little more, but is far larger than what is left."""
    _, second = follow(dates([square(-20_000, 20_050), square(50, 45)], [square(2, 93)]))
    assert second.tolist() == [1]


def test_what_became_of_glaciers_is_named() -> None:
    outlines = table(
        {"a": square(0, 2000), "b": square(2000), "c": square(5000), "d": square(8000)},
        {"a": square(0, 3000), "c": square(5000, 400), "c2": square(5600, 400), "e": square(11_000)},
        {"a": square(0, 2500), "c": square(5000, 400), "c2": square(5600, 300), "d": square(8000, 500)},
    )
    events = lineage(outlines)
    found = {(row.period, row.kind, row.glac_id, row.other_id) for row in events.itertuples()}
    assert found == {
        ("1980", "merged", "b", "a"),
        ("1980", "vanished", "d", ""),
        ("1980", "split", "c2", "c"),
        ("1980", "new", "e", ""),
        ("1990", "vanished", "e", ""),
        ("1990", "seen again", "d", ""),
    }
    assert events.set_index("glac_id").loc["b", "shared_km2"] == pytest.approx(1.0, rel=1e-3)


def test_merged_and_split_glaciers_are_compared_as_one_and_nothing_is_counted_twice() -> None:
    outlines = table(
        {"a": square(0, 2000), "b": square(2000), "c": square(5000), "d": square(8000)},
        {"a": square(0, 2800), "c": square(5000, 400), "c2": square(5600, 400), "e": square(11_000)},
    )
    areas = glacier_areas(outlines)
    changed = glacier_changes(areas, lineage=lineage(outlines), absent="gone").set_index("glac_id")
    assert changed["status"].to_dict() == {
        "a": "kept",
        "b": "merged into a",
        "c": "kept",
        "c2": "split off c",
        "d": "vanished",
        "e": "new",
    }
    assert changed.loc["a", "glac_ids"] == "a;b"
    assert changed.loc["a", "change_km2"] == pytest.approx(-0.2, rel=1e-3)
    assert changed.loc["c", "change_percent"] == pytest.approx(-20, rel=1e-3)
    assert np.isnan(changed.loc["b", "change_km2"])
    assert changed.loc["d", "change_km2"] == pytest.approx(-1, rel=1e-3)
    assert np.isnan(changed.loc["e", "change_percent"])
    told = with_states(areas, lineage=lineage(outlines), absent="gone")
    assert set(told["glac_id"][told["state"] == "gone"]) == {"d", "e"}, "b and c2 are part of others"
    region = totals(told, ["region"])["area_km2"]
    assert changed["change_km2"].sum() == pytest.approx(region.iloc[1] - region.iloc[0])


def test_a_glacier_that_is_not_in_an_inventory_has_neither_vanished_nor_come() -> None:
    outlines = table({"a": square(0), "d": square(8000)}, {"a": square(0, 800), "e": square(11_000)})
    events = lineage(outlines)
    told = with_states(glacier_areas(outlines), lineage=events)
    changed = glacier_changes(told, lineage=events).set_index("glac_id")
    assert changed["status"].to_dict() == {"a": "kept", "d": "not in 1980", "e": "not in 1970"}
    assert changed.loc[["d", "e"], "change_km2"].isna().all()
    assert told_apart(events, told).set_index("glac_id")["kind"].to_dict() == {"d": "missing", "e": "first seen"}
    gone = with_states(glacier_areas(outlines), lineage=events, absent="gone")
    assert told_apart(events, gone).set_index("glac_id")["kind"].to_dict() == {"d": "vanished", "e": "new"}


def test_a_change_smaller_than_its_error_is_called_so() -> None:
    before = {"a": square(0), "b": square(3000), "c": square(6000)}
    outlines = table(before, {"a": square(0, 990), "b": square(3000, 500), "c": square(6000, 1500)})
    changed = glacier_changes(glacier_areas(outlines)).set_index("glac_id")
    assert changed["verdict"].to_dict() == {
        "a": "no significant change",
        "b": "significant loss",
        "c": "significant gain",
    }
    # A line of 4 km, moved by 15 m: 0.06 km2 on both dates.
    assert changed.loc["a", "change_error_km2"] == pytest.approx(0.06 * np.sqrt(2), rel=0.02)
    assert changed.loc["b", "rate_percent_per_a"] == pytest.approx(-5, rel=1e-3)


@pytest.mark.parametrize(
    ("spans", "message"),
    [([("1970", "2000")], "no period 2000"), ([("1980", "1970")], "not later"), ([("1970", "1970")], "not later")],
)
def test_spans_must_be_there_and_in_order(spans: list[tuple[str, str]], message: str) -> None:
    areas = glacier_areas(table({"a": square(0)}, {"a": square(0, 900)}))
    with pytest.raises(ChangeError, match=message):
        glacier_changes(areas, spans)


def test_one_period_makes_no_change() -> None:
    with pytest.raises(ChangeError, match="one period only"):
        glacier_changes(glacier_areas(table({"a": square(0)})))


@pytest.mark.parametrize(("before", "after"), [(1973, 2010), (2010, 2016)])
def test_the_ground_finds_the_ids_of_the_swiss_inventories(trimline_data: Path, before: int, after: int) -> None:
    """Every glacier that has its id on both dates; 99.1 and 98.1 % are found, the rest moved or is drawn anew."""
    one, other = (gpd.read_parquet(trimline_data / f"swiss_inventory/{year}.parquet") for year in (before, after))
    plane = equal_area_crs(one)
    first, second = follow([projected(each.geometry.to_numpy(), each.crs, plane) for each in (one, other)])
    assert len(set(first.tolist())) == len(one)
    name = dict(zip(first.tolist(), one["sgi_id"], strict=True))
    both = other["sgi_id"].isin(set(one["sgi_id"]))
    own = pd.Series([name.get(number) for number in second], index=other.index) == other["sgi_id"]
    assert own[both].mean() >= 0.98
