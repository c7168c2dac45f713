"""Every page of the built site in a browser: it fits the window, shows all its pictures, and asks no other host."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FloatRect, Page, ViewportSize

WINDOWS: dict[str, ViewportSize] = {"wide": {"width": 1280, "height": 900}, "narrow": {"width": 400, "height": 800}}

_OWN = ("file:", "data:", "about:", "blob:")
_TOO_WIDE = "Math.max(0, document.scrollingElement.scrollWidth - window.innerWidth)"
_BROKEN = "Array.from(document.images).filter(each => each.naturalWidth == 0).map(each => each.src)"
_ALL_PICTURES = """async () => {
  document.querySelectorAll('img[loading=lazy]').forEach(each => { each.loading = 'eager' });
  await Promise.all(Array.from(document.images).map(each => each.decode().catch(() => null)));
}"""
_MOST_PX = 8000
"""Height of a screenshot; listings are ten times as long."""


@pytest.mark.parametrize("window", WINDOWS)
def test_every_page_fits_its_window(window: str, browser: Browser, site: Path) -> None:
    context = browser.new_context(viewport=WINDOWS[window])
    context.set_default_timeout(60_000)
    pages = sorted(path for path in site.rglob("*.html") if path.name != "404.html")
    faults: list[str] = []
    for path in pages:
        page = context.new_page()
        name = path.relative_to(site).as_posix()
        faults += [f"{name}: {fault}" for fault in faults_of(page, path)]
        take(page, window, name)
        page.close()
    context.close()
    assert len(pages) > 1
    assert faults == []


def faults_of(page: Page, path: Path) -> list[str]:
    """Open a page; return what is wrong with it."""
    faults: list[str] = []
    requests: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"{request.url} is not there"))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(path.resolve().as_uri())
    page.evaluate(_ALL_PICTURES)
    too_wide = page.evaluate(_TOO_WIDE)
    faults += [f"it asks {url}" for url in requests if not url.startswith(_OWN)]
    faults += [f"the picture {source} is not shown" for source in page.evaluate(_BROKEN)]
    return faults + ([f"it is {too_wide} px wider than its window"] if too_wide else [])


def take(page: Page, window: str, name: str) -> None:
    """Write a screenshot into the folder of `TRIMLINE_SCREENSHOTS`, if it is set."""
    folder = os.environ.get("TRIMLINE_SCREENSHOTS")
    if folder is None:
        return
    picture = Path(folder) / window / f"{name.removesuffix('.html').replace('/', '-')}.png"
    picture.parent.mkdir(parents=True, exist_ok=True)
    height = min(_MOST_PX, page.evaluate("document.scrollingElement.scrollHeight"))
    part: FloatRect = {"x": 0, "y": 0, "width": WINDOWS[window]["width"], "height": height}
    page.screenshot(path=picture, full_page=True, clip=part)


def test_a_page_that_is_too_wide_would_be_found(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "wide.html"
    path.write_text('<!doctype html><title>wide</title><pre style="width: 3000px">x</pre><img src="no.png">')
    page = browser.new_page(viewport=WINDOWS["narrow"])
    faults = faults_of(page, path)
    page.close()
    assert any("px wider" in fault for fault in faults)
    assert any("no.png is not shown" in fault for fault in faults)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_scheme_of_the_machine_is_taken_and_can_be_changed(scheme: str, browser: Browser, site: Path) -> None:
    context = browser.new_context(viewport=WINDOWS["wide"], color_scheme="dark" if scheme == "dark" else "light")
    page = context.new_page()
    page.goto((site / "index.html").resolve().as_uri())
    taken = {"light": "default", "dark": "slate"}
    page.wait_for_function(f"document.body.dataset.mdColorScheme == '{taken.pop(scheme)}'")
    page.locator("[data-md-component=palette] label:visible").click()
    page.wait_for_function(f"document.body.dataset.mdColorScheme == '{taken.popitem()[1]}'")
    context.close()
