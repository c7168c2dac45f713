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


@given(TEXT, TEXT, TEXT)
def test_no_part_of_a_message_is_obeyed_by_a_terminal(what: str, where: str, remedy: str) -> None:
    error = TrimlineError(f"{what}\x1b[2J", where=f"{where}\x1b]0;x\x07", remedy=f"{remedy}\x9b31m")
    assert all(part.isprintable() for part in (*str(error).split("\n"), error.what, error.where, error.remedy))
