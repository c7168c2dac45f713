"""What the maps of the page show: scenes, bands, contrast, two pictures, periods; and outlines without WebGL."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray
from playwright.sync_api import Playwright
from tests.browser.conftest import WINDOW, chromium
from tests.browser.serving import Server
from tests.browser.watched_page import WatchedPage

NewPage = Callable[[str], WatchedPage]

MANY_COLOURS = 2000
"""A scene has more; outlines on an empty map have far fewer."""


def seen(page: WatchedPage, target: str = "#main-map") -> NDArray[np.uint8]:
    """Return the pixels of a map once it is drawn: rows, columns, red, green and blue."""
    page.wait_until_still()
    return pixels(page.page.locator(target).screenshot())


def pixels(png: bytes) -> NDArray[np.uint8]:
    """Return rows, columns, red, green and blue of a picture."""
    return np.rint(255 * imread(io.BytesIO(png))[..., :3]).astype(np.uint8)


def colours(picture: NDArray[np.uint8]) -> int:
    """Return how many colours a picture has."""
    return len(np.unique(picture.reshape(-1, 3), axis=0))


def rasters(page: WatchedPage) -> list[str]:
    """Return the requests for parts of rasters."""
    return [url for url in page.requests if "/api/rasters/" in url]


def test_scenes_are_drawn_in_bands_and_contrast_that_the_browser_changes(
    server: Server, new_page: NewPage, screenshots: Path
) -> None:
    page = new_page(server.address)
    first = seen(page)
    assert colours(first) > MANY_COLOURS
    bands, gamma = page.page.get_by_label("Bands").first, page.page.get_by_label("Gamma").first

    bands.select_option("NDSI")
    index = seen(page)
    grey = np.ptp(index.astype(np.int16), axis=2) == 0
    assert grey.mean() > 0.5, "an index is grey"

    bands.select_option("SWIR-NIR-red")
    same = seen(page)
    assert np.mean(same == first) > 0.99, "the same bands look the same again"
    before = rasters(page)
    gamma.fill("2")
    brighter = seen(page)
    assert brighter.mean() > first.mean() + 10
    page.page.get_by_label("Brightness").first.fill("-0.5")
    page.page.get_by_role("button", name="Stretch to view").first.click()
    seen(page)
    page.page.get_by_role("button", name="Reset").first.click()
    assert np.mean(seen(page) == first) > 0.99
    assert rasters(page) == before, "contrast and gamma load nothing"
    page.screenshot(screenshots / "bands.png")


def test_the_map_is_panned_and_zoomed_by_hand(server: Server, new_page: NewPage) -> None:
    page = new_page(server.address)
    before = seen(page)
    west, south, east, north = server.get("review")["extent"]
    middle = ((west + east) / 2, (south + north) / 2)
    x, y = page.pixel_of(middle)
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 120, y + 40, steps=40)
    page.page.wait_for_timeout(300)  # released while it moves, it would go on by itself
    page.page.mouse.up()
    panned = seen(page)
    now_x, now_y = page.pixel_of(middle)
    assert (now_x - x, now_y - y) == pytest.approx((120, 40), abs=8), "the ground is where the hand is"
    assert np.mean(panned == before) < 0.8
    resolution = page.metres_per_pixel()
    page.page.mouse.wheel(0, -400)
    assert colours(seen(page)) > MANY_COLOURS / 10
    assert page.metres_per_pixel() < resolution


def test_two_pictures_stand_side_by_side_or_share_a_border_and_follow_the_period(
    server: Server, new_page: NewPage, screenshots: Path
) -> None:
    page = new_page(server.address)
    whole = seen(page)
    page.page.get_by_role("button", name="Two").click()
    right = seen(page, "#second-map")
    assert colours(right) > MANY_COLOURS
    assert right.shape[1] < 0.6 * whole.shape[1]
    page.screenshot(screenshots / "two.png")

    page.page.get_by_role("button", name="Swipe").click()
    border = page.page.get_by_role("slider", name="Border between the two pictures")
    border.press("Home")
    second = seen(page)
    border.press("End")
    first = seen(page)
    middle = whole.shape[1] // 2
    border.press("Home")
    for _ in range(5):
        border.press("PageUp")
    both = seen(page)
    left_half, right_half = np.s_[:, : middle - 20], np.s_[:, middle + 20 : -20]
    assert np.mean(both[left_half] == first[left_half]) > 0.98
    assert np.mean(both[right_half] == second[right_half]) > 0.98
    assert np.mean(first[right_half] == second[right_half]) < 0.8, "the pictures differ"
    page.screenshot(screenshots / "swipe.png")

    page.page.keyboard.press(",")
    assert page.state("period") == "1988"
    look = page.state("looks")[0]
    assert look["combination"] == "SWIR-NIR-red"
    (picture,) = [each for each in page.state("review")["pictures"] if each["id"] == look["picture"]]
    assert picture["periods"] == ["1988"]
    page.page.keyboard.press("Shift+ArrowRight")
    assert page.state("period") == "2018"


def test_outlines_are_drawn_without_webgl_and_the_page_says_what_is_missing(
    server: Server, playwright: Playwright
) -> None:
    arguments = ["--headless=new", "--disable-gpu", "--disable-3d-apis"]
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
    try:
        page = WatchedPage(browser.new_context(viewport=WINDOW).new_page(), server.address)
        picture = seen(page)
        assert page.page.get_by_text("pictures are not drawn, outlines are").is_visible()
        red, green, blue = (picture[..., band].astype(int) for band in range(3))
        is_yellow = (np.minimum(red, green) > 120) & (np.minimum(red, green) > blue + 50)
        assert is_yellow.sum() > 500, "outlines that nobody has looked at are yellow"
        page.require_quiet()
    finally:
        browser.close()
