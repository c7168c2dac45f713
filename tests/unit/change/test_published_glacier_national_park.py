"""Areas of the glaciers of Glacier National Park, measured here and published by the USGS.

The outlines carry their published areas, planar and in square metres. They were exchanged in longitude and latitude,
and a few of them with fewer vertices than they were measured with: the largest deviations are of single small
glaciers.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from trimline.change import changes, glacier_areas, match_inventory, totals
from trimline.outlines import read_outlines

YEARS = {"lia": 1850, "1966": 1966, "1998": 1998, "2005": 2005, "2015": 2015}
"""Years of the five dates; that of the Little Ice Age is a convention."""


@pytest.fixture(scope="module")
def outlines(trimline_data: Path) -> gpd.GeoDataFrame:
    frames = []
    for name, year in YEARS.items():
        read = read_outlines(trimline_data / "glacier_national_park" / f"outlines_{name}.geojson")
        read["glac_id"] = [f"{number:02d}" for number in read["num"].astype(int)]
        frames.append(read.assign(period=str(year), src_year=float(year), subregion="all"))
    together = pd.concat(frames, ignore_index=True)
    return together[["glac_id", "GLACNAME", "period", "src_year", "subregion", "AREA", "geometry"]]


@pytest.fixture(scope="module")
def areas(outlines: gpd.GeoDataFrame) -> pd.DataFrame:
    return glacier_areas(outlines).assign(published_km2=outlines["AREA"] / 1e6, name=outlines["GLACNAME"])


def test_there_are_39_glaciers_at_each_of_five_dates(areas: pd.DataFrame) -> None:
    assert areas.groupby("period")["glac_id"].nunique().to_dict() == {str(year): 39 for year in YEARS.values()}


def test_the_table_of_areas_is_what_the_outlines_carry(areas: pd.DataFrame, trimline_data: Path) -> None:
    published = pd.read_csv(trimline_data / "glacier_national_park" / "areas.csv")
    keys = [published["num"].map("{:02d}".format), published["Year"].astype(str)]
    table = published.set_index(pd.MultiIndex.from_arrays(keys))["AREA"] / 1e6
    ours = areas.set_index(["glac_id", "period"])["published_km2"].drop("1850", level="period")
    assert len(table) == len(ours) == 4 * 39
    assert ours.loc[table.index].to_numpy() == pytest.approx(table.to_numpy(), abs=1e-9)


def test_total_areas_agree_with_the_published_within_0_035_percent(areas: pd.DataFrame) -> None:
    sums = areas.groupby("period")[["area_km2", "published_km2"]].sum()
    assert (sums["area_km2"] / sums["published_km2"] - 1).abs().max() == pytest.approx(0.00035, abs=0.00001)


def test_areas_of_single_glaciers_agree_within_one_percent_but_for_two_small_ones(areas: pd.DataFrame) -> None:
    deviation = areas["area_km2"] / areas["published_km2"] - 1
    off = deviation.abs() > 0.01
    names = sorted(zip(areas.loc[off, "name"], areas.loc[off, "period"], strict=True))
    assert names == [("Gem Glacier", "1850"), ("Herbst Glacier", "1998")]
    assert deviation.min() == pytest.approx(-0.0265, abs=0.0005)
    assert deviation.abs().median() < 0.001


def test_deviations_are_far_smaller_than_the_stated_uncertainty(areas: pd.DataFrame) -> None:
    deviation = (areas["area_km2"] - areas["published_km2"]).abs()
    assert (deviation / areas["uncertainty_km2"]).max() < 0.07


def test_change_of_the_total_is_the_published_one(areas: pd.DataFrame) -> None:
    """From 1966 to 2015 the published areas shrink by 34.5 %."""
    ours = changes(totals(areas, ["region"]), [("1966", "2015"), ("1966", "1998"), ("2005", "2015")])
    sums = areas.groupby("period")["published_km2"].sum()
    for row in ours.itertuples():
        lost = sums[row.last] - sums[row.first]
        assert row.change_km2 == pytest.approx(lost, abs=0.012)
        assert row.rate_km2_per_a == pytest.approx(lost / (int(row.last) - int(row.first)), abs=0.001)
    assert ours["change_percent"].iloc[0] == pytest.approx(-34.5, abs=0.1)


def test_change_of_every_glacier_is_the_published_one_within_0_005_km2_and_0_7_percent_points(
    areas: pd.DataFrame,
) -> None:
    ours = changes(totals(areas, ["glacier"]), [("1966", "2015")]).set_index("part")
    published = areas.pivot_table(index="glac_id", columns="period", values="published_km2")
    lost = published["2015"] - published["1966"]
    assert (ours["change_km2"] - lost.loc[ours.index]).abs().max() < 0.005
    assert (ours["change_percent"] - (100 * lost / published["1966"]).loc[ours.index]).abs().max() < 0.7
    assert (ours["change_km2"] < 0).all()


def test_the_overlap_of_two_neighbours_in_2005_is_reported(
    outlines: gpd.GeoDataFrame, caplog: pytest.LogCaptureFixture
) -> None:
    glacier_areas(outlines[outlines["period"] == "2005"])
    assert "2005: 1 pairs of outlines overlap, on 6 m2 in all" in caplog.text


def test_every_glacier_of_1966_is_found_again_in_2015(outlines: gpd.GeoDataFrame) -> None:
    before, after = (outlines[outlines["period"] == year] for year in ("1966", "2015"))
    matches = match_inventory(after, before)
    assert (matches["kind"] == "kept").all()
    assert (matches["ids"] == matches["inventory_ids"]).all()
    lost = matches["lost_km2"].sum() - matches["gained_km2"].sum()
    assert lost == pytest.approx(matches["inventory_km2"].sum() - matches["area_km2"].sum())
