"""What is in sight and follows by itself: names, areas, the picked glacier on both maps, doubts after a save."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import ViewportSize, expect
from tests.browser.correcting import expect_saved, middle, outline, pick, save, square, use, wait_for_stroke
from tests.browser.serving import Server
from tests.browser.test_maps import seen
from tests.browser.watched_page import WatchedPage

NewPage = Callable[[str], WatchedPage]
SIZES: tuple[ViewportSize, ...] = (
    {"width": 400, "height": 800},
    {"width": 1280, "height": 720},
    {"width": 1920, "height": 1080},
)
PICKED_WHITE = 300
"""Pixels of pure white that the line of a picked outline has at least."""

_BEYOND = """() => {
    const side = document.querySelector("#side").getBoundingClientRect();
    const cells = [...document.querySelectorAll(".areas th, .areas td")];
    return [document.documentElement.scrollWidth - innerWidth,
            ...cells.map((cell) => cell.getBoundingClientRect().right - side.right),
            ...cells.map((cell) => cell.scrollWidth - cell.clientWidth)];
}"""
"""Pixels by which the page and the cells of the table of areas reach beyond their places."""


@pytest.mark.parametrize("size", SIZES, ids=lambda size: str(size["width"]))
def test_areas_are_in_sight_and_nothing_lies_beside_the_window(
    server: Server, new_page: NewPage, screenshots: Path, size: ViewportSize
) -> None:
    page = new_page(server.address)
    page.page.set_viewport_size(size)
    pick(page, "SE")
    expect(page.page.locator(".areas tbody tr")).to_have_count(3)
    assert max(page.page.evaluate(_BEYOND)) <= 0
    page.screenshot(screenshots / f"layout-{size['width']}.png")


def test_keys_of_the_period_work_after_a_pick_from_the_list(server: Server, new_page: NewPage) -> None:
    page = new_page(server.address)
    pick(page, "SE")
    for key, period in ((",", "1988"), (".", "2018"), ("Shift+ArrowLeft", "1988"), ("Shift+ArrowRight", "2018")):
        page.page.get_by_role("listbox", name="Glaciers of the period").focus()
        page.page.keyboard.press(key)
        expect(page.page.locator("#periods output")).to_have_text(period)
        page.wait_until_still()


def test_doubt_and_edits_in_the_list_follow_a_save(server: Server, new_page: NewPage) -> None:
    page = new_page(server.address)
    row = page.page.get_by_role("option", name=re.compile(r"^SE "))
    expect(row).to_have_accessible_name(re.compile(r"doubt \d+"))
    before = int((row.text_content() or "").rpartition("doubt ")[2].rstrip("% \xa0"))
    pick(page, "SE")
    use(page, "Subtract")
    page.draw(square(middle(outline(server.get("glacier?period=2018&glac_id=SE"))), 400))
    wait_for_stroke(page, "taken from SE")
    save(page, "a lake", "Ana")
    expect_saved(page)
    page.page.keyboard.press("/")
    page.page.get_by_role("searchbox", name="Find a glacier").fill("")
    expect(row).to_have_accessible_name(re.compile("1 edit"))
    expect(row).not_to_have_accessible_name(re.compile(rf"doubt ({before}\D|not)"))


def test_the_picked_glacier_is_white_on_both_maps_in_the_periods_of_their_pictures(
    server: Server, new_page: NewPage, screenshots: Path
) -> None:
    page = new_page(server.address)
    pick(page, "SE")
    page.page.get_by_role("button", name="Two").click()
    page.page.keyboard.press(",")
    expect(page.page.locator("#main-map .map-caption")).to_contain_text("Outlines of 1988")
    expect(page.page.locator("#second-map .map-caption")).to_contain_text("Outlines of 2018")

    def white() -> int:
        return int(np.sum(np.all(seen(page, "#second-map") == 255, axis=2)))

    with_it = white()
    page.screenshot(screenshots / "two.png")
    page.page.keyboard.down("h")
    without = white()
    page.page.keyboard.up("h")
    assert with_it - without > PICKED_WHITE
