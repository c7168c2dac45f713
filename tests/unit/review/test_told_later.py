"""What is computed in the background reaches the page without being asked for: doubts after an edit, and the relief."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.kinds.reviewed import LATE, cell, draft, reviewed

from trimline.review import contract, running
from trimline.review.review_desk import ReviewDesk, desk_of
from trimline.review.running import opened_review

SOON_S = 10.0
"""Time in which a change must be told [s]."""

RELIEF = contract.Overlay(
    id="hillshade",
    kind="hillshade",
    period=None,
    source="/api/rasters/relief",
    scale=1 / 255,
    nodata=0,
    threshold=None,
)


def rows(desk: ReviewDesk, period: str = LATE) -> dict[str, contract.GlacierRow]:
    found = desk.glaciers(period, order="doubt", state=None, limit=1000, offset=0)
    return {each.glac_id: each for each in found.glaciers}


def wait_for_doubts(desk: ReviewDesk, after: int) -> contract.Changes:
    """Return the change that tells that doubts were computed."""
    end = time.monotonic() + SOON_S
    while time.monotonic() < end:
        told = desk.changes(after, SOON_S)
        if told.doubts:
            return told
        after = told.sequence
    raise AssertionError("no doubts were told")


def test_doubts_and_edits_of_a_split_are_told_without_being_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_FIRST_VIEW_S", 0.0)
    opened = opened_review(reviewed(tmp_path / "review"))
    desk = opened.desk
    try:
        first = desk.review().sequence
        rows(desk)
        assert wait_for_doubts(desk, first).doubts == (LATE,)
        before = rows(desk)
        drafts = (draft("remove", "a-0-0", cell(0.0, 0.0, 0.5)),)
        base = desk.preview(contract.PreviewRequest(period=LATE, drafts=drafts)).base
        saved = desk.save(contract.SaveRequest(period=LATE, drafts=drafts, author="Ana", reason="rock", base=base))
        told = wait_for_doubts(desk, saved.sequence)
        assert told.doubts == (LATE,)
        after = rows(desk)
        assert after["a-0-0"].jump != before["a-0-0"].jump
        assert after["a-0-0"].edits == 1
        quiet = desk.changes(desk.review().sequence, 1.5)
        assert quiet.doubts == ()
    finally:
        opened.close()


def test_relief_is_told_when_it_is_there(tmp_path: Path) -> None:
    class Relief:
        def all(self) -> tuple[contract.Overlay, ...]:
            return (RELIEF,)

        def close(self) -> None:
            pass

    desk = desk_of(reviewed(tmp_path / "review"))
    desk._overlays = Relief()
    try:
        first = desk.review().sequence
        assert desk.changes(first, 0.0).overlays == ()
        desk.overlay_made(RELIEF)
        told = desk.changes(first, SOON_S)
        assert told.overlays == (RELIEF,)
        assert desk.changes(told.sequence, 0.0).overlays == ()
    finally:
        desk.close()
