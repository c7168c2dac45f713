"""Lengths along lines beside a centre line."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
from shapely.geometry import LineString, Polygon, box

from trimline.errors import ChangeError
from trimline.glaciers.offset_lengths import offset_lengths

CRS = "EPSG:32632"
X, Y = 500_000.0, 5_200_000.0
LINE = gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[LineString([(X, Y), (X, Y + 5000)])], crs=CRS)


def outlines(*shapes: Polygon) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": ["a"] * len(shapes)}, geometry=list(shapes), crs=CRS)


def test_a_straight_glacier_has_the_length_of_its_line_and_no_spread() -> None:
    table = offset_lengths(outlines(box(X - 300, Y, X + 300, Y + 4000), box(X - 300, Y, X + 300, Y + 3000)), LINE)
    assert table["length_m"].to_numpy() == pytest.approx([4000, 3000], rel=1e-3)
    assert table["spread_m"].to_numpy() == pytest.approx([0, 0], abs=0.1)
    assert table["lines"].tolist() == [40, 40]


def test_the_spread_is_that_of_a_slanted_front() -> None:
    slanted = Polygon([(X - 100, Y), (X + 100, Y), (X + 100, Y + 4100), (X - 100, Y + 3900)])
    row = offset_lengths(outlines(slanted), LINE, count=40, reach_m=50).iloc[0]
    assert row["length_m"] == pytest.approx(4000, rel=1e-3)
    offsets = np.concatenate([np.arange(1, 21), -np.arange(1, 21)]) * 2.5
    assert row["spread_m"] == pytest.approx(offsets.std(ddof=1), rel=0.01)


def test_lines_that_miss_the_ice_are_counted_out() -> None:
    row = offset_lengths(outlines(box(X - 20, Y, X + 20, Y + 1000)), LINE, count=10, reach_m=50).iloc[0]
    assert (row["lines"], row["lines_laid"]) == (4, 10)
    row = offset_lengths(outlines(box(X + 900, Y, X + 950, Y + 1000)), LINE).iloc[0]
    assert row["lines"] == 0
    assert np.isnan(row["length_m"])


def test_impossible_requests_are_errors_of_ours() -> None:
    good = outlines(box(X - 300, Y, X + 300, Y + 4000))
    with pytest.raises(ChangeError, match="even number"):
        offset_lengths(good, LINE, count=3)
    with pytest.raises(ChangeError, match="has no centre line"):
        offset_lengths(good.assign(glac_id="b"), LINE)
