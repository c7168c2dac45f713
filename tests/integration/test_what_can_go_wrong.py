"""Each kind of odd input is read right or refused in two lines, and the page about them says what is printed."""

from __future__ import annotations

import pytest
from tests.kinds.all_kinds import KINDS
from tests.kinds.kind import Kind, tried
from tests.kinds.page import PAGE, page


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.title)
def test_what_is_said_is_what_the_page_says(kind: Kind, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = tried(kind, tmp_path)
    assert outcome.error == kind.message
    assert kind.message is None or 1 <= kind.message.count("\n") <= 1
    for text in kind.shown:
        assert text in outcome.output


def test_the_page_is_written_from_the_kinds():
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python -m tests.kinds.page"
