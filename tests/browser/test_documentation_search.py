"""The site's search finds the right page, opened from a disk and from a server, and asks no other host."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

SOUGHT = {
    "pip install": ("index.html", "start.html"),
    "notebook": ("start.html", "tutorials/one-scene.html", "index.html"),
    "fine-tune": ("tutorials/training.html", "project-file.html"),
    "existing outlines": ("tutorials/own-outlines.html", "change.html"),
    "GLIMS": ("glaciers.html",),
    "without training": ("own-scene.html", "project-file.html"),
    "cloud mask": ("mapping.html",),
    "sidecar": ("products.html",),
    "timeline": ("timeline.html",),
    "edits": ("edits.html",),
    "release": ("release.html",),
    "command line": ("reference/command-line.html",),
}
"""What people search for, and the pages that answer it; one of them is among the first three hits."""

FIRST = 3


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="session")
def address_of_site(site: Path) -> Iterator[str]:
    """Return the address of a server of the site, on this machine only."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=["disk", "server"])
def home(request: pytest.FixtureRequest, site: Path) -> str:
    """Return the address of the home page."""
    if request.param == "disk":
        return (site / "index.html").resolve().as_uri()
    return f"{request.getfixturevalue('address_of_site')}/index.html"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Return a page of a new profile."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def typed(page: Page, words: str) -> None:
    """Type words into the search, in place of what stands there; the search listens to keys."""
    field = page.locator(".md-search__input")
    field.click()
    field.fill("")
    field.press("Backspace")
    page.wait_for_function("document.querySelectorAll('.md-search-result__item').length == 0")
    field.fill(words)
    field.press("End")


def hits(page: Page, home: str, words: str) -> list[str]:
    """Return the pages that the search finds, best first, by their path below the site's folder."""
    typed(page, words)
    found = page.locator(".md-search-result__item > a.md-search-result__link:first-child")
    found.first.wait_for(state="attached")
    page.wait_for_function("document.querySelector('.md-search-result__meta').innerText.includes('matching')")
    base = home.removesuffix("index.html")
    return [urlsplit(str(link.evaluate("link => link.href")).removeprefix(base)).path for link in found.all()]


def test_what_people_search_for_is_found(page: Page, home: str) -> None:
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(home)
    missed: dict[str, list[str]] = {}
    for words, answers in SOUGHT.items():
        first = hits(page, home, words)[:FIRST]
        if not set(first) & set(answers):
            missed[words] = first
    assert missed == {}
    assert complaints == []
    assert [url for url in asked if urlsplit(url).netloc not in ("", urlsplit(home).netloc)] == []


@pytest.mark.parametrize("words", SOUGHT)
def test_a_page_that_answers_holds_the_very_words(words: str, site: Path) -> None:
    present = [site / answer for answer in SOUGHT[words] if (site / answer).is_file()]
    assert present, f"of {SOUGHT[words]} the site has none"
    assert any(re.search(rf"\b{re.escape(words)}", own_text(path), re.IGNORECASE) for path in present)


def own_text(path: Path) -> str:
    """Return what a page says itself, without the navigation."""
    article = path.read_text("utf-8").partition("<article")[2].partition("</article>")[0]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", article)))


def test_words_that_no_page_holds_find_nothing(page: Page, home: str) -> None:
    page.goto(home)
    typed(page, "xylophonist")
    page.locator(".md-search-result__meta", has_text="No matching documents").wait_for()
    assert page.locator(".md-search-result__item").count() == 0
