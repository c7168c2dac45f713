"""A page of a browser of which all requests and complaints are kept, and in which places of the map can be clicked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request, Response

PATIENCE_S = 30
"""For what takes a second on a machine that has nothing else to do."""

LOCAL = ("data", "blob", "about")
"""Schemes that need no network."""

TOLD_OTHERWISE = ("GPU stall due to ReadPixels", "Failed to load resource")
"""What the console says of WebGL in software, and of answers that are kept with their addresses."""

_PARTS = "(await import(document.querySelector('script[type=module]').src)).parts"
"""The parts of the page: a module is carried out once, so that to import it again gives what it exported."""


class WatchedPage:
    """A page that was opened at an address.

    Parameters
    ----------
    page
        Of Playwright.
    address
        What to open.
    """

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.expected: list[str] = []
        """Parts of complaints that a test brings about on purpose."""
        page.on("request", self._on_request)
        page.on("console", self._on_console)
        page.on("response", self._on_response)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.goto(address)

    def _on_request(self, request: Request) -> None:
        self.requests.append(request.url)

    def _on_response(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.complaints.append(f"{response.status}: {response.url}")

    def _on_console(self, message: ConsoleMessage) -> None:
        is_told = any(text in message.text for text in TOLD_OTHERWISE)
        if message.type in ("error", "warning") and not is_told:
            self.complaints.append(f"{message.type}: {message.text}")

    def require_quiet(self) -> None:
        """Fail where the page asked another server for anything, or complained, as about its security policy."""
        own = urlsplit(self.address)
        elsewhere = [
            url for url in self.requests if urlsplit(url).scheme not in LOCAL and urlsplit(url).netloc != own.netloc
        ]
        assert elsewhere == [], elsewhere
        unexpected = [each for each in self.complaints if not any(part in each for part in self.expected)]
        assert unexpected == [], unexpected

    def wait_until_drawn(self) -> None:
        """Wait until all tiles and pictures in view are drawn."""
        self._wait_for(
            """() => new Promise((resolve) => {
                maps.main.once("rendercomplete", () => resolve(true));
                maps.main.render();
                setTimeout(() => resolve(false), 1000);
            })"""
        )

    def wait_until_still(self) -> None:
        """Wait until the map has stopped moving and is drawn."""
        self._wait_for("() => !maps.main.getView().getAnimating()")
        self.wait_until_drawn()

    def wait_until_settled(self) -> None:
        """Wait until the preview is that of the strokes."""
        self._wait_for("() => store.state.drafts.length === (store.state.preview?.notes.length ?? 0)")

    def _wait_for(self, condition: str) -> None:
        """Wait until a function of the page returns true; it has `store` and `maps`, and may be asynchronous."""
        end = time.monotonic() + PATIENCE_S
        while not self.page.evaluate(
            f"async () => {{ const {{ store, maps }} = await {_PARTS}; return ({condition})(); }}"
        ):
            assert time.monotonic() < end, f"after {PATIENCE_S} s still not: {condition}"
            self.page.wait_for_timeout(50)

    def state(self, key: str) -> Any:
        """Return a key of the page's state."""
        return self.page.evaluate(f"async (key) => (await {_PARTS}).store.state[key]", key)

    def screenshot(self, path: Path) -> None:
        """Keep the window as a picture, once everything is drawn."""
        self.wait_until_still()
        self.page.screenshot(path=path)

    def pixel_of(self, place: Sequence[float]) -> tuple[float, float]:
        """Return where in the window a place of the map lies."""
        x, y = self.page.evaluate(
            f"""async (place) => {{
                const map = (await {_PARTS}).maps.main;
                map.renderSync();
                const [x, y] = map.getPixelFromCoordinate(place);
                const box = map.getViewport().getBoundingClientRect();
                return [box.x + x, box.y + y];
            }}""",
            list(place),
        )
        return x, y

    def metres_per_pixel(self) -> float:
        """Return the resolution of the map."""
        return float(self.page.evaluate(f"async () => (await {_PARTS}).maps.main.getView().getResolution()"))

    def pan(self, right: int, down: int) -> None:
        """Drag the ground in the middle of the map by pixels of the screen."""
        x, y = self._middle()
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + right, y + down, steps=40)
        self.page.wait_for_timeout(300)  # released while it moves, it would go on by itself
        self.page.mouse.up()
        self.wait_until_still()

    def _middle(self) -> tuple[float, float]:
        box = self.page.locator("#main-map").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def click(self, place: Sequence[float]) -> None:
        """Click on a place of the map, as one who draws: there first, then the click."""
        x, y = self.pixel_of(place)
        self.page.mouse.move(x, y, steps=2)
        self.page.mouse.click(x, y)

    def draw(self, places: Sequence[Sequence[float]]) -> None:
        """Click on places one after the other and end with Enter."""
        for place in places:
            self.click(place)
            self.page.wait_for_timeout(350)  # two clicks within 250 ms are a double click
        self.page.keyboard.press("Enter")

    def drag(self, start: Sequence[float], end: Sequence[float]) -> None:
        """Drag what is at a place of the map to another one."""
        x, y = self.pixel_of(start)
        to_x, to_y = self.pixel_of(end)
        self.page.mouse.move(x, y, steps=2)
        self.page.mouse.down()
        self.page.mouse.move((x + to_x) / 2, (y + to_y) / 2, steps=4)
        self.page.mouse.move(to_x, to_y, steps=4)
        self.page.mouse.up()
