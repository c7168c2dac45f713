"""Selection of glaciers, with reasons."""

from __future__ import annotations

import geopandas as gpd
import pytest
from shapely.geometry import MultiPolygon, box

from trimline.errors import ChangeError
from trimline.glaciers.selection import SELECTION_COLUMNS, select_glaciers

X, Y = 500_000.0, 5_200_000.0


def table() -> gpd.GeoDataFrame:
    def square(side_m: float, east_m: float) -> object:
        return box(X + east_m, Y, X + east_m + side_m, Y + side_m)

    pieces = MultiPolygon([square(600, 20_000), square(800, 21_000)])
    rows = [
        ("large", "old", 0.0, square(2000, 0)),
        ("large", "new", 0.05, square(1900, 0)),
        ("small", "old", 0.0, square(200, 5000)),
        ("small", "new", 0.0, square(150, 5000)),
        ("dirty", "old", 0.4, square(1500, 8000)),
        ("dirty", "new", 0.6, square(1400, 8000)),
        ("once", "old", 0.0, square(1500, 12_000)),
        ("pieces", "old", 0.0, square(1800, 20_000)),
        ("pieces", "new", 0.0, pieces),
    ]
    names, periods, debris, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame(
        {"glac_id": names, "period": periods, "debris": debris}, geometry=list(shapes), crs="EPSG:32632"
    )


def test_every_glacier_that_is_left_out_has_its_reasons() -> None:
    found = select_glaciers(
        table(), smallest_km2=0.5, smallest_main_part=0.9, most_debris=0.1, debris_column="debris"
    ).set_index("glac_id")
    assert ["glac_id", *found.columns] == list(SELECTION_COLUMNS)
    assert found.index[found["chosen"]].tolist() == ["large"]
    assert found["reason"].to_dict() == {
        "large": "",
        "small": "0.04 km2, smaller than 0.5",
        "dirty": "debris on 60%",
        "once": "not seen in new",
        "pieces": "in pieces: the largest holds 64%",
    }
    assert found.loc["large", "area_km2"] == pytest.approx(4.0, rel=0.002)


def test_a_list_and_a_number_choose() -> None:
    found = select_glaciers(table(), ids=["large", "dirty", "nowhere"]).set_index("glac_id")
    assert found.index[found["chosen"]].tolist() == ["large", "dirty"]
    assert found.loc["nowhere", "reason"] == "not among the outlines"
    assert found.loc["small", "reason"] == "not in the list"
    few = select_glaciers(table(), count=1).set_index("glac_id")
    assert few.index[few["chosen"]].tolist() == ["large"]
    assert few.loc["dirty", "reason"] == "not among the 1 largest"
    old = select_glaciers(table(), periods=["old"]).set_index("glac_id")
    assert old.loc["once", "chosen"]


def test_impossible_rules_are_errors_of_ours() -> None:
    with pytest.raises(ChangeError, match="without a column"):
        select_glaciers(table(), most_debris=0.2)
    with pytest.raises(ChangeError, match="no column 'nothing'"):
        select_glaciers(table(), most_debris=0.2, debris_column="nothing")
    with pytest.raises(ChangeError, match="share"):
        select_glaciers(table(), smallest_main_part=2)
