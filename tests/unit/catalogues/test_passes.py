"""Of a pass the newest processing is kept, and two passes over one tile on one day stay two."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.catalogues import items

from trimline.catalogues import Candidate, read_candidate
from trimline.catalogues.passes import newest_of_each_pass


def kept(*candidates: Candidate) -> list[str]:
    return [each.id for each in newest_of_each_pass(candidates)[0]]


def sentinel2(name: str, **more: Any) -> Candidate:
    return read_candidate(items.earth_search(name, **more), "earth-search")


def landsat(product: str) -> Candidate:
    return read_candidate(items.usgs(product), "usgs")


FIRST = {"datatake": "GS2A_20220815T045711_037307_N04.00", "baseline": "04.00", "made": "2022-08-15T11:20:00Z"}


def test_a_newer_baseline_replaces_an_older_one() -> None:
    old = sentinel2("S2A_45TVJ_20220815_0_L2A", collection="sentinel-2-l2a", **FIRST)
    new = sentinel2("S2A_45TVJ_20220815_1_L2A", collection="sentinel-2-l2a")
    assert kept(old, new) == kept(new, old) == [new.id]
    assert newest_of_each_pass([old, new])[1] == [(old, new)]


def test_of_one_baseline_the_one_generated_later_is_newer_and_then_the_greater_number() -> None:
    early = sentinel2("S2A_45TVJ_20220815_0_L2A", made="2022-08-15T11:20:00Z")
    late = sentinel2("S2A_45TVJ_20220815_1_L2A", made="2022-08-15T23:20:00Z")
    again = sentinel2("S2A_45TVJ_20220815_2_L2A", made="2022-08-15T23:20:00Z", sequence="2")
    assert kept(late, early) == [late.id]
    assert kept(early, again, late) == [again.id]


def test_the_collection_1_is_preferred_to_the_scenes_as_first_processed() -> None:
    first = sentinel2("S2A_45TVJ_20220815_0_L2A", collection="sentinel-2-l2a", baseline="05.11")
    reprocessed = sentinel2("S2A_T45TVJ_20220815T050251_L2A", baseline="05.00")
    assert kept(first, reprocessed) == [reprocessed.id]


def test_the_newest_of_several_archives_is_kept() -> None:
    planetary = read_candidate(items.planetary_sentinel2(), "planetary-computer")
    copernicus = read_candidate(items.copernicus(), "cdse")
    assert kept(planetary, copernicus) == [copernicus.id]


def test_two_datatakes_of_one_tile_and_day_stay_two() -> None:
    first = sentinel2("S2A_45TVJ_20220815_0_L2A")
    second = sentinel2(
        "S2A_45TVJ_20220815_1_L2A", datatake="GS2A_20220815T063721_037308_N05.10", time="2022-08-15T06:40:00Z"
    )
    other_unit = sentinel2("S2B_45TVJ_20220815_0_L2A", datatake="GS2B_20220815T045711_028000_N05.10")
    assert len(kept(first, second, other_unit)) == 3


def test_without_a_datatake_only_the_same_moment_is_the_same_pass() -> None:
    def bare(name: str, time: str) -> Candidate:
        item = items.earth_search(name, time=time)
        del item["properties"]["s2:datatake_id"], item["properties"]["s2:sequence"]
        return read_candidate(item, "earth-search")

    same = (
        bare("S2A_45TVJ_20220815_0_L2A", "2022-08-15T05:02:51Z"),
        bare("S2A_45TVJ_20220815_1_L2A", "2022-08-15T05:02:51Z"),
    )
    later = bare("S2A_45TVJ_20220815_2_L2A", "2022-08-15T06:40:00Z")
    assert kept(*same, later) == ["S2A_45TVJ_20220815_1_L2A", later.id]


def test_two_parts_of_a_datatake_that_show_different_ground_stay_two() -> None:
    parts = []
    for number, box in enumerate(([84.0, 43.0, 84.6, 44.0], [84.4, 43.0, 85.0, 44.0])):
        item = items.earth_search(f"S2A_45TVJ_20220815_{number}_L2A", made=f"2022-08-15T1{number}:00:00Z")
        item["geometry"] = items.polygon(box)
        parts.append(read_candidate(item, "earth-search"))
    assert len(kept(*parts)) == 2


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("LC08_L1TP_144030_20200815_20200816_02_RT", "LC08_L1TP_144030_20200815_20200920_02_T1"),
        ("LC08_L1TP_144030_20200815_20200920_02_T2", "LC08_L1TP_144030_20200815_20200920_02_T1"),
        ("LC08_L1TP_144030_20200815_20200920_02_T1", "LC08_L1TP_144030_20200815_20230920_02_T2"),
        ("LC08_L1TP_144030_20200815_20230920_02_RT", "LC08_L1TP_144030_20200815_20200920_02_T2"),
        ("LC08_L1TP_144030_20200815_20230920_01_T1", "LC08_L1TP_144030_20200815_20200920_02_T1"),
    ],
)
def test_landsat_is_newer_by_collection_then_not_in_real_time_then_by_day_then_by_tier(older: str, newer: str) -> None:
    assert kept(landsat(older), landsat(newer)) == kept(landsat(newer), landsat(older)) == [newer]


def test_levels_sensors_and_path_rows_are_passes_of_their_own() -> None:
    level_1 = landsat("LC08_L1TP_144030_20200815_20200920_02_T1")
    level_2 = read_candidate(items.usgs("LC08_L2SP_144030_20200815_20200920_02_T1", level=2), "usgs")
    row = landsat("LC08_L1TP_144031_20200815_20200920_02_T1")
    unit = landsat("LC09_L1TP_144030_20200815_20200920_02_T1")
    assert len(kept(level_1, level_2, row, unit)) == 4


@given(st.permutations(range(5)))
def test_the_result_does_not_depend_on_the_order_where_all_differ_in_age(order: list[int]) -> None:
    made = [sentinel2(f"S2A_45TVJ_20220815_{i}_L2A", made=f"2022-08-1{i}T00:00:00Z") for i in range(5)]
    assert kept(*(made[i] for i in order)) == [made[4].id]
