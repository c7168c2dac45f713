"""A deflated block is whole or it is not, and checking it takes little memory."""

from __future__ import annotations

import tracemalloc
import zlib

from hypothesis import given
from hypothesis import strategies as st

from trimline.deflated import is_whole


@given(content=st.binary(max_size=3000), repeats=st.integers(1, 200), level=st.integers(0, 9), cut=st.integers(1, 8))
def test_a_deflated_block_is_whole_or_not(content: bytes, repeats: int, level: int, cut: int) -> None:
    content *= repeats
    packed = zlib.compress(content, level)
    assert is_whole(packed, len(content))
    assert is_whole(packed)
    assert not is_whole(packed[:-cut], len(content))
    assert not is_whole(packed[:-1] + bytes([packed[-1] ^ 1]), len(content))
    assert not content or not is_whole(packed, len(content) - 1)


def test_a_block_of_a_thousand_times_its_bytes_is_unpacked_in_little_memory() -> None:
    packed = zlib.compress(bytes(200 << 20))
    tracemalloc.start()
    try:
        assert is_whole(packed, 200 << 20)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()
