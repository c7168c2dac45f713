"""Splits never leak: what shares ground is never on two sides, whatever the input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.errors import SampleError
from trimline.samples.split import (
    MEASURES,
    Shares,
    assign_blocks,
    keep_some_without_ice,
    split_at_random,
    split_by_blocks,
    split_by_scenes,
)
from trimline.samples.tile_grid import TileGrid, TilePosition

GRID = TileGrid("EPSG:32646", 30.0, (0.0, 0.0), 64, 32)


def tiles(seed: int, count: int, block: int, scenes: int = 2) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    places = [TilePosition(int(r), int(c)) for r, c in generator.integers(0, 14, (count, 2))]
    return pd.DataFrame(
        {
            "scene_id": [f"s{i % scenes}" for i in range(count)],
            "place": places,
            "blocks": [GRID.blocks(place, block) for place in places],
            "ice_fraction": generator.random(count) * (generator.random(count) > 0.5),
        }
    )


def shared_ground(table: pd.DataFrame, part: str, other: str) -> float:
    boxes = {p: GRID.geobox(p).extent.geom for p in table["place"]}
    return sum(
        boxes[a].intersection(boxes[b]).area
        for a in table.loc[table["part"] == part, "place"]
        for b in table.loc[table["part"] == other, "place"]
    )


@given(st.integers(0, 1000), st.integers(20, 60), st.sampled_from([64, 100, 128]))
def test_no_two_parts_of_a_split_by_blocks_share_ground(seed: int, count: int, block: int) -> None:
    table = tiles(seed, count, block)
    table["part"], _ = split_by_blocks(table, Shares(0.3, 0.2), seed)
    for part, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        assert shared_ground(table, part, other) == 0


@given(st.integers(0, 1000), st.integers(30, 60))
def test_no_training_tile_of_a_split_by_scenes_lies_on_test_ground(seed: int, count: int) -> None:
    table = tiles(seed, count, 64)
    try:
        table["part"] = split_by_scenes(table, frozenset({"s0"}), frozenset({"s1"}), 0.0, seed, same_ground=False)
    except SampleError:
        return  # every training tile lay on test ground, and that is said
    assert set(table.loc[table["part"] == "test", "scene_id"]) == {"s1"}
    assert shared_ground(table, "train", "test") == 0


def test_a_split_by_dates_trains_on_all_ground_of_its_dates_and_validates_on_other_ground() -> None:
    table = tiles(5, 60, 64)
    table["part"] = split_by_scenes(table, frozenset({"s0"}), frozenset({"s1"}), 0.3, 5, same_ground=True)
    assert set(table.loc[table["part"] == "test", "scene_id"]) == {"s1"}
    assert (table.loc[table["scene_id"] == "s1", "part"] == "test").all()
    assert shared_ground(table, "train", "validation") == 0


def test_a_scene_on_both_sides_is_refused() -> None:
    with pytest.raises(SampleError, match="trained on and tested on"):
        split_by_scenes(tiles(1, 20, 64), frozenset({"s0", "s1"}), frozenset({"s1"}), 0, 0, same_ground=True)


@given(st.integers(0, 10_000), st.integers(8, 300), st.floats(0.05, 0.5), st.floats(0, 0.5))
def test_each_part_gets_its_share_of_blocks_and_of_ice(seed: int, count: int, test: float, validation: float) -> None:
    generator = np.random.default_rng(seed)
    ice = {(i, 0): 0.01 + float(v) for i, v in enumerate(generator.random(count))}
    dealt = assign_blocks(ice, Shares(test, validation), seed)
    assert set(dealt) == set(ice)
    tested = [b for b, part in dealt.items() if part == "test"]
    assert abs(len(tested) - max(test * count, 1)) < 1.001
    # Drawn at even steps along the blocks sorted by ice: the mean cannot be far from the whole's.
    if test * count >= 5:
        assert abs(np.mean([ice[b] for b in tested]) - np.mean(list(ice.values()))) < 1.5 / (test * count)


@given(st.integers(0, 10_000), st.integers(3, 30), st.integers(0, 30), st.floats(0.05, 0.4), st.floats(0.05, 0.4))
def test_each_part_gets_ice_however_little_there_is(
    seed: int, with_ice: int, without: int, test: float, validation: float
) -> None:
    ice = {(i, 0): 0.5 for i in range(with_ice)} | {(i, 1): 0.0 for i in range(without)}
    try:
        dealt = assign_blocks(ice, Shares(test, validation), seed)
    except SampleError:
        assert with_ice < 6
        return
    for part in ("train", "validation", "test"):
        assert any(ice[b] > 0 for b, p in dealt.items() if p == part)


def test_too_few_blocks_are_refused_with_the_remedy() -> None:
    with pytest.raises(SampleError, match=r"split\.block"):
        assign_blocks({(0, 0): 1.0, (0, 1): 0.5}, Shares(0.3, 0.3), 0)


def test_the_papers_split_has_the_papers_counts() -> None:
    # Chen and others (2022): 3996 samples, 70 % = 2797 for training and validation, 30 % = 1199 for the test.
    parts = split_at_random(3996, Shares(0.3, 0.2), 0)
    assert (parts == "test").sum() == 1199
    assert (parts != "test").sum() == 2797


@given(st.integers(0, 1000), st.floats(0, 0.95))
def test_tiles_without_ice_are_at_most_their_share_and_no_ice_is_lost(seed: int, largest: float) -> None:
    table = tiles(seed, 80, 64)
    parts = pd.Series(np.where(np.arange(80) % 3 == 0, "test", "train"))
    keep = keep_some_without_ice(table["ice_fraction"], parts, largest, seed)
    assert keep[table["ice_fraction"] > 0].all()
    for part in ("test", "train"):
        kept = table.loc[keep & (parts == part), "ice_fraction"]
        assert (kept == 0).mean() <= largest + 1e-9


def test_the_same_seed_gives_the_same_split() -> None:
    table = tiles(3, 60, 64)
    one, other = (split_by_blocks(table, Shares(0.3, 0.2), 9)[0] for _ in range(2))
    assert one.equals(other)


def test_every_split_says_what_it_measures() -> None:
    assert set(MEASURES) == {"blocks", "scenes", "dates", "paper", "none"}
    assert "flatter" in MEASURES["paper"]
    assert "time only" in MEASURES["dates"]
