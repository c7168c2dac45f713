"""Joined ranges hold all that was asked for, and little else."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from trimline.remote.ranges import MOST_OVER, joined

RANGES = st.lists(
    st.tuples(st.integers(0, 3_000_000), st.integers(0, 200_000)).map(lambda pair: (pair[0], pair[0] + pair[1])),
    max_size=40,
)


@given(RANGES, st.integers(1, 8))
def test_each_range_lies_in_one_request(ranges: list[tuple[int, int]], at_once: int) -> None:
    requests = joined(ranges, at_once)
    members = [member for each in requests for member in each.members]
    assert sorted(members) == [index for index, (start, stop) in enumerate(ranges) if stop > start]
    for each in requests:
        for member in each.members:
            assert each.start <= ranges[member][0]
            assert ranges[member][1] <= each.stop


@given(RANGES, st.integers(1, 8))
def test_no_more_than_a_tenth_is_read_that_nobody_wants(ranges: list[tuple[int, int]], at_once: int) -> None:
    for each in joined(ranges, at_once):
        wanted = 0
        reached = each.start
        for start, stop in sorted(ranges[member] for member in each.members):
            wanted += max(0, stop - max(start, reached))
            reached = max(reached, stop)
        assert each.stop - each.start - wanted <= MOST_OVER * (each.stop - each.start)


@given(RANGES)
def test_no_byte_is_fetched_twice(ranges: list[tuple[int, int]]) -> None:
    requests = joined(ranges)
    assert all(a.stop <= b.start for a, b in itertools.pairwise(requests))


def test_blocks_that_touch_are_spread_over_connections() -> None:
    blocks = [(start << 18, (start + 1) << 18) for start in range(16)]
    assert len(joined(blocks, 1)) == 1
    assert len(joined(blocks, 4)) == 4
