"""Strokes belong to the period that they were drawn in, and saved work is not reverted by a habit of the hand."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from tests.browser.correcting import (
    expect_saved,
    middle,
    outline,
    pick,
    save,
    square,
    status,
    undo,
    use,
    wait_for_stroke,
)
from tests.browser.serving import Server
from tests.browser.watched_page import WatchedPage

from trimline.outlines import read_edits

NewPage = Callable[[str], WatchedPage]


def test_strokes_are_told_and_shown_in_their_own_period_only(server: Server, new_page: NewPage) -> None:
    west, _, _, north = outline(server.get("glacier?period=2018&glac_id=NW")).bounds
    page = new_page(server.address)
    page.wait_until_still()
    use(page, "Draw a new glacier")
    page.draw(square((west - 200, north - 300), 300))
    wait_for_stroke(page, "new glacier")
    page.page.keyboard.press(",")
    page.wait_until_still()
    assert page.state("period") == "1988"
    assert page.state("preview") is None
    assert page.state("glacier") is None
    expect(page.page.get_by_role("button", name=re.compile("^Save: 1 unsaved stroke in 2018"))).to_be_visible()
    page.page.keyboard.press("Control+s")
    dialog = page.page.get_by_role("dialog")
    expect(dialog).to_contain_text("new glacier")
    dialog.get_by_role("button", name="Go to 2018").click()
    wait_for_stroke(page, "new glacier")
    assert page.state("period") == "2018"
    assert len(page.state("preview")["outlines"]) == 1


def test_saved_work_is_reverted_after_a_question_and_after_a_reload_too(
    project: Path, server: Server, new_page: NewPage
) -> None:
    page = new_page(server.address)
    page.wait_until_still()
    pick(page, "NW")
    use(page, "Cut a hole")
    shape = outline(server.get("glacier?period=2018&glac_id=NW"))
    place = shape.representative_point()
    page.draw(square((place.x, place.y), 60))
    wait_for_stroke(page, "hole cut into NW")
    save(page, "rock", "Ana")
    expect_saved(page)
    page.page.reload()
    page.wait_until_still()
    edits = project.parent / "out/edits.gpkg"
    undo(page)
    expect(status(page)).to_contain_text("This is saved: hole cut into NW")
    assert list(read_edits(edits)["operation"]) == ["remove"]
    undo(page)
    expect(status(page)).to_contain_text("Saved edit reverted")
    assert list(read_edits(edits)["operation"]) == ["remove", "revert"]


def test_a_drawing_that_is_refused_stays_in_the_hand(server: Server, new_page: NewPage, screenshots: Path) -> None:
    shape = outline(server.get("glacier?period=2018&glac_id=NW"))
    x, y = middle(shape)
    page = new_page(server.address)
    page.wait_until_still()
    pick(page, "NW")
    use(page, "Subtract")
    page.expected.append("400: ")
    page.draw([(x - 60, y - 60), (x + 60, y + 60), (x + 60, y - 60), (x - 60, y + 60)])  # its sides cross
    expect(status(page)).to_contain_text("Not done, but still drawn")
    assert page.state("drafts") == []
    page.screenshot(screenshots / "refused.png")
    page.page.keyboard.press("Backspace")
    page.page.keyboard.press("Enter")
    wait_for_stroke(page, "ground taken from NW")
    (draft,) = page.state("drafts")
    assert len(draft["geometry"]["coordinates"][0]) == 4, "a triangle is left"
