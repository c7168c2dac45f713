"""What became of each glacier of an inventory."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import MATCH_COLUMNS, match_inventory
from trimline.errors import ChangeError, OutlineError


def frame(**boxes: tuple[float, float, float, float] | shapely.Geometry) -> gpd.GeoDataFrame:
    """Return outlines from boxes in units of 100 m."""
    made = [
        shapely.box(*(np.array(each) * 100 + (5e5, 3.8e6, 5e5, 3.8e6))) if isinstance(each, tuple) else each
        for each in boxes.values()
    ]
    return gpd.GeoDataFrame({"glac_id": list(boxes)}, geometry=made, crs=32646)


def test_every_kind_of_fate_is_told() -> None:
    inventory = frame(
        kept=(0, 0, 9, 9), gone=(20, 0, 29, 9), torn=(40, 0, 59, 9), left=(60, 0, 69, 9), right=(69, 0, 79, 9)
    )
    ours = frame(k=(1, 1, 9, 9), t1=(40, 0, 48, 9), t2=(50, 0, 59, 9), one=(61, 0, 78, 9), new=(90, 0, 99, 9))
    table = match_inventory(ours, inventory)
    assert tuple(table.columns) == MATCH_COLUMNS
    fates = table.set_index("inventory_ids")[["kind", "ids"]].apply(tuple, axis=1).to_dict()
    assert fates == {
        "kept": ("kept", "k"),
        "gone": ("lost", ""),
        "torn": ("split", "t1;t2"),
        "left;right": ("merged", "one"),
        "": ("gained", "new"),
    }


def test_areas_of_a_match_are_those_of_the_ground() -> None:
    row = match_inventory(frame(a=(5, 0, 15, 10)), frame(a=(0, 0, 10, 10))).iloc[0]
    assert row["intersection_km2"] == pytest.approx(0.5, rel=1e-3)
    assert row["iou"] == pytest.approx(1 / 3)
    assert row["gained_km2"] == pytest.approx(row["lost_km2"], rel=1e-3)
    assert row["change_percent"] == pytest.approx(0, abs=1e-3)


def test_a_sliver_of_overlap_is_no_match() -> None:
    kinds = match_inventory(frame(a=(9.5, 0, 20, 10)), frame(a=(0, 0, 10, 10)))["kind"]
    assert sorted(kinds) == ["gained", "lost"]
    assert (
        match_inventory(frame(a=(9.5, 0, 20, 10)), frame(a=(0, 0, 10, 10)), smallest_share=0.01)["kind"].item()
        == "kept"
    )


@settings(deadline=None, max_examples=25)
@given(st.sets(st.integers(0, 35)), st.sets(st.integers(0, 35)), st.floats(0, 1))
def test_nothing_is_counted_twice_or_left_out(old: set[int], new: set[int], shift: float) -> None:
    def cells(which: set[int], by: float) -> gpd.GeoDataFrame:
        places = {f"c{i}": (2 * (i % 6) + by, 2 * (i // 6), 2 * (i % 6) + by + 2, 2 * (i // 6) + 2) for i in which}
        return frame(**places)

    inventory, ours = cells(old, 0.0), cells(new, shift)
    table = match_inventory(ours, inventory)
    ids = ";".join(table["ids"][table["ids"] != ""]).split(";") if new else []
    assert sorted(ids) == sorted(ours["glac_id"])
    assert table["inventory_km2"].sum() == pytest.approx(0.04 * len(old), rel=1e-3)
    assert table["area_km2"].sum() == pytest.approx(0.04 * len(new), rel=1e-3)
    change = table["gained_km2"].sum() - table["lost_km2"].sum()
    assert change == pytest.approx(table["area_km2"].sum() - table["inventory_km2"].sum(), abs=1e-9)


def test_an_inventory_in_another_crs_is_matched() -> None:
    ours = frame(a=(0, 0, 10, 10), b=(20, 0, 30, 10))
    table = match_inventory(ours, ours.to_crs(4326))
    assert table["kind"].tolist() == ["kept", "kept"]
    assert table["iou"].min() > 1 - 1e-4  # edges are straight in either CRS


def test_what_cannot_be_matched_is_a_named_error() -> None:
    good = frame(a=(0, 0, 10, 10), b=(20, 0, 30, 10))
    with pytest.raises(ChangeError, match="inventory: the 'glac_id' a stands at more than one outline"):
        match_inventory(good, good.assign(glac_id="a"))
    with pytest.raises(ChangeError, match="outlines: 2 of 2 outlines have no 'glac_id', the first in row 0"):
        match_inventory(good.assign(glac_id=None), good)
    with pytest.raises(ChangeError, match="lacks the column 'RGIId'"):
        match_inventory(good, good, inventory_id_column="RGIId")
    with pytest.raises(ChangeError, match="inventory: 1 pairs of outlines overlap: a and b"):
        match_inventory(good, frame(a=(0, 0, 10, 10), b=(5, 0, 15, 10)))
    with pytest.raises(ChangeError, match="1 polygons are invalid"):
        match_inventory(good, frame(bow=shapely.Polygon([(5e5, 4e6), (6e5, 4.1e6), (6e5, 4e6), (5e5, 4.1e6)])))
    with pytest.raises(ChangeError, match="share"):
        match_inventory(good, good, smallest_share=0)
    with pytest.raises(OutlineError, match="no CRS"):
        match_inventory(good, good.set_crs(None, allow_override=True))
