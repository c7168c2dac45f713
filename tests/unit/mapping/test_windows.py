"""Windows cover a scene once, and see what they must."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError
from trimline.mapping import Tiling, plan_windows
from trimline.mapping.windows import Extent

REGION = GeoBox((100, 140), Affine(30, 0, 5e5, 0, -30, 3.8e6), "EPSG:32646")


def test_a_small_scene_is_one_window_and_needs_no_halo() -> None:
    (window,) = plan_windows(REGION, Extent((0, 100), (0, 140)), Tiling((512, 512), 64, 16))
    assert window.seen == REGION
    assert window.core == window.inner == (slice(0, 100), slice(0, 140))


def test_the_halo_is_there_inside_the_scene_and_ends_with_it() -> None:
    windows = plan_windows(REGION, Extent((0, 100), (0, 140)), Tiling((64, 64), 8, 4))
    assert [w.core for w in windows[:3]] == [
        (slice(0, 64), slice(0, 64)),
        (slice(0, 64), slice(64, 128)),
        (slice(0, 64), slice(128, 140)),
    ]
    assert tuple(windows[1].seen.shape) == (72, 80)
    assert tuple(windows[2].seen.shape) == (72, 20)


def test_a_region_within_a_scene_is_cut_where_the_scene_is() -> None:
    """The scene starts 30 rows above the region and 50 columns left of it, and goes on beyond it."""
    windows = plan_windows(REGION, Extent((-30, 300), (-50, 300)), Tiling((64, 64), 8, 4))
    assert windows[0].core == (slice(0, 34), slice(0, 14))
    assert windows[0].seen.affine.c == 5e5 - 30 * 10  # 8 columns of halo, out to a multiple of 4 from the scene's edge
    assert windows[0].seen.affine.f == 3.8e6 + 30 * 10


def test_beyond_the_scene_there_are_no_windows() -> None:
    assert plan_windows(REGION, Extent((100, 300), (0, 140)), Tiling((64, 64), 8, 4)) == []
    covered = plan_windows(REGION, Extent((20, 60), (-5, 30)), Tiling((64, 64), 8, 4))
    assert [w.core for w in covered] == [(slice(20, 60), slice(0, 30))]


def test_a_network_of_whole_tiles_sees_tiles_of_one_size() -> None:
    tiling = Tiling.for_tile((64, 64), None, 16)
    assert tiling.halo == 16
    windows = plan_windows(REGION, Extent((0, 100), (0, 140)), tiling)
    assert {tuple(w.seen.shape) for w in windows} == {(64, 64)}
    boxes = [w.seen.boundingbox for w in windows]
    assert min(b.left for b in boxes) == 5e5
    assert max(b.right for b in boxes) == 5e5 + 140 * 30


def test_a_scene_smaller_than_the_tile_is_seen_in_one() -> None:
    (window,) = plan_windows(REGION, Extent((0, 40), (0, 20)), Tiling.for_tile((64, 64), 2, 16))
    assert tuple(window.seen.shape) == (64, 64)
    assert window.inner == (slice(0, 40), slice(0, 20))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-60, 90), st.integers(1, 200), st.integers(1, 50), st.integers(0, 40), st.sampled_from([1, 4, 16]),
    st.booleans(),
)  # fmt: skip
def test_cores_cover_what_region_and_scene_share_once(
    lower: int, length: int, window: int, halo: int, stride: int, whole_tile: bool
) -> None:
    extent = Extent((lower, lower + length), (0, 140))
    tiling = Tiling.for_tile((64, 64), min(halo, 31), stride) if whole_tile else Tiling((window, 70), halo, stride)
    times = np.zeros(REGION.shape, int)
    for each in plan_windows(REGION, extent, tiling):
        times[each.core] += 1
        rows, columns = each.inner
        assert 0 <= rows.start < rows.stop <= each.seen.height
        assert 0 <= columns.start < columns.stop <= each.seen.width
        moved = each.seen[each.inner]
        assert moved.affine.almost_equals(REGION[each.core].affine)
        if not whole_tile:
            first = round((REGION.affine.f - each.seen.affine.f) / 30) - lower
            assert first % stride == 0
    expected = np.zeros(REGION.shape, int)
    expected[max(0, lower) : max(0, min(100, lower + length))] = 1
    assert np.array_equal(times, expected)


def test_what_cannot_be_cut_is_an_error() -> None:
    with pytest.raises(MappingError, match="halo"):
        Tiling((64, 64), -1)
    with pytest.raises(MappingError, match="windows of 0 x 64"):
        Tiling((0, 64), 8)
    with pytest.raises(MappingError, match="halo of 32 leaves nothing"):
        Tiling.for_tile((64, 64), 32, 16)
