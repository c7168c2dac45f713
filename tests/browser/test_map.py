"""What the map shows: the scene is really drawn, in the bands that were chosen, and follows the hand."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.browser.serving import Server
from tests.browser.watched_page import WatchedPage

NewPage = Callable[[str], WatchedPage]
SIDE = 300
"""Of the part of the map that is looked at [pixels]."""
MANY = 500
"""Colours that a picture of mountains has at least; a blank map with outlines has a dozen."""


def pixels(page: WatchedPage) -> NDArray[np.int64]:
    """Return the middle of the map as (h, w, 3) numbers from 0 to 255, as the browser shows it."""
    page.wait_until_still()
    box = page.page.get_by_role("region", name="Map", exact=True).bounding_box()
    assert box is not None
    clip = {
        "x": box["x"] + box["width"] / 2 - 150,
        "y": box["y"] + box["height"] / 2 - 150,
        "width": 300,
        "height": 300,
    }
    picture = Image.open(io.BytesIO(page.page.screenshot(clip=clip)))  # type: ignore[arg-type]
    return np.asarray(picture.convert("RGB"), dtype=np.int64)


def colours(shown: NDArray[np.int64]) -> int:
    """Return how many colours there are."""
    return len(np.unique(shown.reshape(-1, 3), axis=0))


def test_the_scene_is_drawn_and_changes_with_its_bands_and_date(
    server: Server, new_page: NewPage, screenshots: Path
) -> None:
    page = new_page(server.address)
    first = pixels(page)
    assert colours(first) > MANY
    ice = first[(first[..., 2] > 150) & (first[..., 0] < 100)]
    assert len(ice) > 0.05 * first[..., 0].size, "ice is cyan where SWIR is red: it reflects none"

    page.page.get_by_label("Bands").first.select_option("natural")
    natural = pixels(page)
    page.screenshot(screenshots / "natural.png")
    assert colours(natural) > MANY
    assert np.abs(natural - first).mean() > 10
    page.page.get_by_label("Bands").first.select_option("NDSI")
    grey = pixels(page)
    assert np.median(np.ptp(grey, axis=-1)) == 0, "an index of two bands is grey"

    page.page.get_by_role("button", name="Previous period").click()
    assert page.state("period") == "1988"
    earlier = pixels(page)
    assert np.abs(earlier - grey).mean() > 5
    page.page.get_by_role("button", name="Swipe").click()
    page.screenshot(screenshots / "swipe.png")


def test_the_map_is_panned_and_zoomed_by_hand(server: Server, new_page: NewPage) -> None:
    page = new_page(server.address)
    before = pixels(page)
    west, south, east, north = server.get("review")["extent"]
    middle = ((west + east) / 2, (south + north) / 2)
    x, y = page.pixel_of(middle)
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 120, y + 40, steps=40)
    page.page.wait_for_timeout(300)  # released while it moves, it would go on by itself
    page.page.mouse.up()
    panned = pixels(page)
    now_x, now_y = page.pixel_of(middle)
    assert (now_x - x, now_y - y) == pytest.approx((120, 40), abs=8), "the ground is where the hand is"
    assert np.abs(panned - before).mean() > 5
    resolution = page.metres_per_pixel()
    page.page.mouse.wheel(0, -400)
    assert colours(pixels(page)) > MANY / 5
    assert page.metres_per_pixel() < resolution
