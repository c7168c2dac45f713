"""A scene is cut so that each place is kept once, and the network sees what it must, in windows of one shape."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.errors import MappingError
from trimline.mapping import MapOptions
from trimline.mapping.windows import Axis, check_tile, plan_axis, plan_strips


def tiles(length: int, bounds: tuple[int, int], side: int, halo: int, stride: int = 16) -> Axis:
    return plan_axis(length, bounds, side, halo, stride, tile=side)


def test_a_small_scene_is_one_strip_and_needs_no_halo() -> None:
    (strip,) = plan_strips(plan_axis(100, (0, 100), 512, 64, 4))
    assert (strip.cut.kept, strip.cut.seen, strip.complete) == (slice(0, 100), (0, 100), slice(0, 100))


def test_the_halo_is_there_inside_the_scene_and_windows_at_its_rim_are_moved_into_it() -> None:
    axis = plan_axis(140, (0, 140), 80, 8, 4)
    assert axis.side == 80, "140 pixels less the outer halos are two times 62, rounded up to the stride"
    assert [(cut.kept, cut.seen) for cut in axis.cuts()] == [
        (slice(0, 72), (0, 80)),
        (slice(72, 140), (60, 140)),
    ]


def test_windows_are_no_larger_than_so_many_need_to_be() -> None:
    """Two windows of 512 would see 1024 of 600 pixels; two of 332 see each pixel but those around the cut once."""
    axis = plan_axis(600, (0, 600), 512, 32, 4)
    assert axis.side == 332
    assert len(list(axis.cuts())) == 2


def test_a_region_within_a_scene_is_cut_where_the_scene_is() -> None:
    """The scene starts 30 rows above the region and goes on below it."""
    strips = plan_strips(plan_axis(100, (-30, 300), 80, 8, 4))
    assert strips[0].cut.seen[0] == -10, "eight rows above, out to a multiple of 4 from the scene's edge"
    assert [strip.cut.kept.start for strip in strips] == [0, strips[0].cut.kept.stop]
    assert strips[-1].cut.seen[1] == 110, "eight rows below, out to a multiple of 4 from the scene's edge"


def test_beyond_the_scene_there_are_no_strips() -> None:
    assert plan_strips(plan_axis(100, (100, 300), 64, 8, 4)) == []
    assert [strip.cut.kept for strip in plan_strips(plan_axis(100, (20, 60), 80, 8, 4))] == [slice(20, 60)]


def test_windows_begin_where_something_is_wanted() -> None:
    """Two glaciers far apart: two windows, which keep nothing of the ground between them."""
    axis = plan_axis(1000, (0, 1000), 128, 32, 4)
    wanted = np.zeros(1000, bool)
    wanted[300:340] = wanted[800:830] = True
    cuts = list(axis.cuts(wanted))
    assert [cut.kept.start for cut in cuts] == [300, 800]
    assert list(axis.cuts(np.zeros(1000, bool))) == []


def test_tiles_are_of_one_size_and_stay_in_the_scene() -> None:
    cuts = list(tiles(100, (0, 100), 64, 12).cuts())
    assert [cut.seen for cut in cuts] == [(0, 64), (36, 100)]
    assert {high - low for low, high in (cut.seen for cut in tiles(100, (0, 100), 48, 12).cuts())} == {48}


def test_a_scene_smaller_than_the_tile_is_seen_in_one() -> None:
    (cut,) = tiles(100, (0, 40), 64, 2).cuts()
    assert (cut.seen, cut.kept, cut.inner) == ((0, 64), slice(0, 40), slice(0, 40))
    assert cut.weights is not None
    assert (cut.weights == 1).all()


@settings(max_examples=300, deadline=None)
@given(
    st.integers(-60, 90), st.integers(1, 200), st.integers(1, 120), st.integers(0, 40), st.sampled_from([1, 4, 16]),
    st.booleans(), st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_all_that_region_and_scene_share_is_kept_once(
    lower: int, length: int, most: int, halo: int, stride: int, whole_tile: bool, seed: int
) -> None:
    bounds, region = (lower, lower + length), 100
    axis = (
        tiles(region, bounds, 64, min(halo, 31), stride)
        if whole_tile
        else plan_axis(region, bounds, most, halo, stride)
    )
    kept, complete = np.zeros(region), np.zeros(region, int)
    strips = plan_strips(axis)
    for strip in strips:
        cut = strip.cut
        kept[cut.kept] += 1.0 if cut.weights is None else cut.weights
        complete[strip.complete] += 1
        assert cut.seen[1] - cut.seen[0] == axis.side, "one shape, which the network is compiled for"
        assert cut.seen[0] <= cut.kept.start < cut.kept.stop <= cut.seen[1]
        if not whole_tile:
            assert axis.side % stride == (cut.seen[0] - lower) % stride == 0
            assert lower <= cut.seen[0] <= max(lower, cut.kept.start - halo)
            assert min(lower + length, cut.kept.stop + halo) <= cut.seen[1] < lower + length + stride
    shared = np.zeros(region, int)
    shared[max(0, lower) : max(0, min(region, lower + length))] = 1
    np.testing.assert_allclose(kept, shared, atol=1e-6)
    assert np.array_equal(complete, shared)
    # What a strip completes, no later one touches.
    assert all(one.complete.stop <= other.cut.kept.start for one, other in itertools.pairwise(strips))
    # Of what is wanted, nothing is left out; windows keep no pixel twice.
    wanted = (np.random.default_rng(seed).random(shared.sum()) < 0.1).astype(bool)
    found = np.zeros(region)
    for cut in axis.cuts(wanted):
        found[cut.kept] += 1.0 if cut.weights is None else cut.weights
    first = axis.kept.start
    assert found[first:][: len(wanted)][wanted] == pytest.approx(1.0)
    assert found.max(initial=0.0) <= 1.0 + 1e-6


def test_where_a_tile_ends_it_counts_for_little() -> None:
    weights = [cut.weights for cut in tiles(400, (0, 400), 64, 16).cuts()]
    for each in weights[1:-2]:  # the last is moved into the scene and shares more
        assert each is not None
        assert each[0] < 0.05
        assert each[-1] < 0.05
        assert each.max() > 0.95


def test_what_cannot_be_cut_is_an_error() -> None:
    with pytest.raises(MappingError, match="halo of -1"):
        MapOptions(halo=-1)
    with pytest.raises(MappingError, match="windows of 0"):
        MapOptions(window=0)
    with pytest.raises(MappingError, match="halo of 32 leaves nothing"):
        check_tile((64, 64), 32)
