"""A scene is cut so that each place is kept once, and the network sees what it must."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from trimline.mapping.survey import tiling_for

from trimline.errors import MappingError
from trimline.mapping.windows import Tiling, cover, cut_axis, even, plan_strips, reach


def test_a_small_scene_is_one_strip_and_needs_no_halo() -> None:
    (strip,) = plan_strips(100, (0, 100), Tiling(512, 64, 16))
    assert (strip.cut.kept, strip.cut.seen, strip.complete) == (slice(0, 100), (0, 100), slice(0, 100))


def test_the_halo_is_there_inside_the_scene_and_nothing_is_seen_beyond_its_rim() -> None:
    cuts = list(cut_axis(140, (0, 140), Tiling(64, 8, 4), axis=1))
    assert [cut.kept for cut in cuts] == [slice(0, 64), slice(64, 128), slice(128, 140)]
    assert [cut.seen for cut in cuts] == [(0, 72), (56, 136), (68, 140)]


@given(st.integers(1, 700), st.data(), st.sampled_from([1, 4, 16]))
def test_whatever_is_kept_is_seen_in_one_of_few_shapes(length: int, data: Any, stride: int) -> None:
    """Sides go up in steps of 64 wherever the scene has room; at its rim the halo is missing."""
    start = data.draw(st.integers(0, length - 1))
    stop = data.draw(st.integers(start + 1, length))
    first, last = reach(start, stop, (0, length), Tiling(64, 16, stride))
    assert first % stride == 0
    assert first <= max(0, start - 16)
    assert last >= min(length, stop + 16)
    usual = -(-(stop - start) // 64) * 64 + min(16, start) + min(16, length - stop)
    assert min(usual, length) <= last - first < usual + 2 * stride


def test_a_region_within_a_scene_is_cut_where_the_scene_is() -> None:
    """The scene starts 30 rows above the region and goes on below it."""
    strips = plan_strips(100, (-30, 300), Tiling(64, 8, 4))
    assert [strip.cut.kept for strip in strips] == [slice(0, 34), slice(34, 98), slice(98, 100)]
    assert strips[0].cut.seen == (-10, 74)  # eight rows above, then 80, out to multiples of 4 from the edge


def test_beyond_the_scene_there_are_no_strips() -> None:
    assert plan_strips(100, (100, 300), Tiling(64, 8, 4)) == []
    assert [strip.cut.kept for strip in plan_strips(100, (20, 60), Tiling(64, 8, 4))] == [slice(20, 60)]


def test_tiles_are_of_one_size_and_stay_in_the_scene() -> None:
    tiling = Tiling.for_tile((64, 48), None, 16)
    assert tiling.halo == 12
    cuts = list(cut_axis(100, (0, 100), tiling, axis=0))
    assert [cut.seen for cut in cuts] == [(0, 64), (36, 100)]
    assert {high - low for low, high in (cut.seen for cut in cut_axis(100, (0, 100), tiling, axis=1))} == {48}


def test_a_scene_smaller_than_the_tile_is_seen_in_one() -> None:
    (cut,) = cut_axis(100, (0, 40), Tiling.for_tile((64, 64), 2, 16), axis=0)
    assert (cut.seen, cut.kept, cut.inner) == ((0, 64), slice(0, 40), slice(0, 40))
    assert cut.weights is not None
    assert (cut.weights == 1).all()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(-60, 90), st.integers(1, 200), st.integers(1, 50), st.integers(0, 40), st.sampled_from([1, 4, 16]),
    st.booleans(),
)  # fmt: skip
def test_all_that_region_and_scene_share_is_kept_once(
    lower: int, length: int, window: int, halo: int, stride: int, whole_tile: bool
) -> None:
    bounds, region = (lower, lower + length), 100
    tiling = Tiling.for_tile((64, 64), min(halo, 31), stride) if whole_tile else Tiling(window, halo, stride)
    kept, complete = np.zeros(region), np.zeros(region, int)
    strips = plan_strips(region, bounds, tiling)
    for strip in strips:
        cut = strip.cut
        kept[cut.kept] += 1.0 if cut.weights is None else cut.weights
        complete[strip.complete] += 1
        assert cut.seen[0] <= cut.kept.start < cut.kept.stop <= cut.seen[1]
        assert 0 <= cut.inner.start < cut.inner.stop <= cut.seen[1] - cut.seen[0]
        if not whole_tile:
            assert (cut.seen[0] - lower) % stride == 0
            assert cut.seen[0] <= max(lower, cut.kept.start - halo)
            assert cut.seen[1] >= min(lower + length, cut.kept.stop + halo)
    shared = np.zeros(region, int)
    shared[max(0, lower) : max(0, min(region, lower + length))] = 1
    np.testing.assert_allclose(kept, shared, atol=1e-6)
    assert np.array_equal(complete, shared)
    # What a strip completes, no later one touches.
    assert all(one.complete.stop <= other.cut.kept.start for one, other in itertools.pairwise(strips))


def test_where_a_tile_ends_it_counts_for_little() -> None:
    weights = [cut.weights for cut in cut_axis(400, (0, 400), Tiling.for_tile((64, 64), None, 16), axis=0)]
    for each in weights[1:-2]:  # the last is moved into the scene and shares more
        assert each is not None
        assert each[0] < 0.05
        assert each[-1] < 0.05
        assert each.max() > 0.95


masks = st.integers(0, 2**32 - 1).flatmap(
    lambda seed: st.tuples(st.integers(1, 12), st.integers(1, 12), st.sampled_from([0.05, 0.3, 0.8])).map(
        lambda shape: np.random.default_rng(seed).random(shape[:2]) < shape[2]
    )
)


@settings(max_examples=100, deadline=None)
@given(masks, st.sampled_from([0, 32, 128]))
def test_rectangles_cover_what_is_asked_for_once_and_save_work(asked: NDArray[np.bool_], halo: int) -> None:
    covered = np.zeros(asked.shape, int)
    cost = 0
    for rows, columns in cover(asked, 64, halo):
        covered[rows, columns] += 1
        cost += ((rows.stop - rows.start) * 64 + 2 * halo) * ((columns.stop - columns.start) * 64 + 2 * halo)
    assert covered.max(initial=0) <= 1
    assert (covered[asked] == 1).all()
    whole = (asked.shape[0] * 64 + 2 * halo) * (asked.shape[1] * 64 + 2 * halo)
    assert cost <= whole


def test_two_glaciers_far_apart_are_two_rectangles() -> None:
    asked = np.zeros((10, 30), bool)
    asked[1:3, 2:5] = asked[7:9, 20:24] = True
    found = set(map(str, cover(asked, 64, 32)))
    assert found == {str((slice(1, 3), slice(2, 5))), str((slice(7, 9), slice(20, 24)))}
    assert cover(np.zeros((3, 3), bool), 64, 32) == []


def test_what_cannot_be_cut_is_an_error() -> None:
    with pytest.raises(MappingError, match="halo"):
        Tiling(64, -1)
    with pytest.raises(MappingError, match="windows of 0"):
        Tiling(0, 8)
    with pytest.raises(MappingError, match="halo of 32 leaves nothing"):
        Tiling.for_tile((64, 64), 32, 16)


def test_strips_of_very_wide_scenes_are_low_and_their_windows_wide(model: Any) -> None:
    narrow, wide = (tiling_for(model, (4096, width)) for width in (4096, 16384))
    assert narrow.window == wide.window == 896
    assert (narrow.rows, wide.rows) == (832, 320)
    seen = (wide.rows + 2 * wide.halo) * (wide.widest(wide.rows) + 2 * wide.halo)
    assert seen <= (wide.window + 2 * wide.halo) ** 2
    assert [strip.cut.kept.stop for strip in plan_strips(1000, (0, 1000), wide)] == [320, 640, 960, 1000]
    assert tiling_for(model, (4096, 8192), 100).rows is None, "what the user says is done"


@given(st.integers(1, 20000), st.integers(1, 2000))
def test_pieces_are_about_equal_and_none_is_too_large(length: int, most: int) -> None:
    side = even(length, most)
    assert side % 64 == 0
    assert side <= max(64, most)
    count = -(-length // side)
    assert count <= -(-length // (max(1, most // 64) * 64))
    assert side - length / count < 64
