"""What a person does in the page, and where on a glacier: look around, pick, draw, save."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from playwright.sync_api import Locator, expect
from tests.browser.watched_page import WatchedPage

Place = tuple[float, float]


def status(page: WatchedPage) -> Locator:
    """Return the line in which the page says what happened."""
    return page.page.locator("#status")


def look_around(page: WatchedPage, place: Place) -> None:
    """Pan the map, and look at other bands and back; fail where the ground or the picture does not follow."""
    page.wait_until_still()
    x, y = page.pixel_of(place)
    page.pan(120, 40)
    now_x, now_y = page.pixel_of(place)
    assert np.hypot(now_x - x - 120, now_y - y - 40) < 12, "the ground is where the hand is"
    bands, main_map = page.page.get_by_label("Bands").first, page.page.locator("#main-map")
    first = bands.input_value()
    before = main_map.screenshot()
    bands.select_option("NDSI")
    page.wait_until_still()
    assert main_map.screenshot() != before
    bands.select_option(first)
    page.wait_until_still()


def pick(page: WatchedPage, glac_id: str) -> None:
    """Pick a glacier in the list, and wait until the map is there."""
    page.page.keyboard.press("/")
    page.page.get_by_role("searchbox", name="Find a glacier").fill(glac_id)
    page.page.get_by_role("option", name=re.compile(rf"(?<![\w-]){re.escape(glac_id)}(?![\w-])")).first.click()
    expect(page.page.get_by_role("region", name="Glacier", exact=True).get_by_role("heading").first).to_have_text(
        glac_id
    )
    page.wait_until_still()


def use(page: WatchedPage, tool: str) -> None:
    """Take a tool, by the beginning of its label."""
    button = page.page.get_by_role("button", name=re.compile(rf"^{re.escape(tool)}"))
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def wait_for_stroke(page: WatchedPage, what: str) -> None:
    """Wait until a stroke is the last one and its preview is there; fail with the page's words if it was refused."""
    expect(page.page.get_by_role("button", name=re.compile(rf"^Undo: .*{what}"))).to_be_visible()
    page.wait_until_settled()


def undo(page: WatchedPage) -> None:
    """Take the last stroke back by its key."""
    page.page.keyboard.press("Control+z")


def save(page: WatchedPage, reason: str, author: str, holds: str | None = None) -> None:
    """Save all strokes with a reason; `expect_saved` waits until they are."""
    page.page.keyboard.press("Control+s")
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill(reason)
    dialog.get_by_label("Author").fill(author)
    if holds is not None:
        dialog.get_by_label("Holds for").select_option(label=holds)
    dialog.get_by_role("button", name="Save", exact=True).click()
    expect(dialog.get_by_label("Reason")).to_be_hidden()  # a conflict may follow at once, in the same dialog


def expect_saved(page: WatchedPage) -> None:
    """Wait until a save is told to be on the disk."""
    expect(status(page)).to_contain_text("Saved:")


def outline(glacier: dict[str, Any]) -> shapely.Geometry:
    """Return the outline in an answer of the API."""
    return shapely.from_geojson(json.dumps(glacier["outline"]["geometry"]))


def middle(shape: shapely.Geometry) -> Place:
    """Return the place within a shape that is farthest from its border."""
    x, y = shapely.maximum_inscribed_circle(shape).coords[0]
    return x, y


def square(at: Place, side_m: float) -> list[Place]:
    """Return the corners of a square around a place."""
    x, y = at
    half = side_m / 2
    return [(x - half, y - half), (x - half, y + half), (x + half, y + half), (x + half, y - half)]


def free_vertex(shape: shapely.Geometry, others: Sequence[shapely.Geometry]) -> tuple[Place, Place]:
    """Return the vertex farthest from other glaciers, and the direction away from the middle, of length 1."""
    vertices = shapely.get_coordinates(shapely.convex_hull(shape))
    distances = np.min([shapely.distance(shapely.points(vertices), other) for other in others], axis=0)
    x, y = vertices[int(np.argmax(distances))]
    outwards = np.array([x, y]) - np.array(shape.centroid.coords[0])
    east, north = outwards / np.hypot(*outwards)
    return (float(x), float(y)), (float(east), float(north))
