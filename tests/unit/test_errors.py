"""A message is two short lines, whatever it quotes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from trimline.errors import TrimlineError

TEXT = st.text(min_size=1, max_size=30).flatmap(lambda text: st.integers(1, 100).map(lambda times: text * times))


@given(TEXT, TEXT, TEXT)
def test_a_message_is_two_short_lines(what: str, where: str, remedy: str) -> None:
    lines = str(TrimlineError(what, where=where, remedy=remedy)).split("\n")
    assert len(lines) == 2
    assert max(map(len, lines)) <= 450
