"""A browser and a server for tests of the page: Debian's Chromium, and `trimline review` as a process of its own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, BrowserContext, Playwright, ViewportSize, expect, sync_playwright
from tests.browser.ending import ended_after
from tests.browser.serving import Server
from tests.browser.studied_project import write_study
from tests.browser.watched_page import PATIENCE_S, WatchedPage

WINDOW: ViewportSize = {"width": 1280, "height": 720}
expect.set_options(timeout=1000 * PATIENCE_S)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the tests of this folder, with the reason, where they cannot be carried out."""
    reason = why_not()
    if reason is None:
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=reason))


def why_not() -> str | None:
    """Return what is missing here, if anything."""
    if chromium() is None:
        return "there is no Chromium here: apt-get install chromium"
    if not (files("trimline.review") / "static" / "index.html").is_file():
        return "the page is not built: make web"
    return None


def chromium() -> str | None:
    """Return the browser's program."""
    return next((path for path in map(shutil.which, CHROMIUM) if path is not None), None)


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Return the folder of the studied project, made once for all test processes; not to be written to."""
    shared = tmp_path_factory.getbasetemp() if worker_id == "master" else tmp_path_factory.getbasetemp().parent
    folder = shared / "studied"
    with FileLock(shared / "studied.lock"):
        if not folder.exists():
            making = shared / "studied-in-the-making"
            shutil.rmtree(making, ignore_errors=True)
            making.mkdir()
            write_study(making)
            making.rename(folder)
    return folder


@pytest.fixture
def project(studied: Path, tmp_path: Path) -> Path:
    """Return the file of a studied project of the test's own."""
    shutil.copytree(studied, tmp_path / "project")
    return tmp_path / "project" / "small.yaml"


@pytest.fixture
def server(project: Path) -> Iterator[Server]:
    """Return a server of the project."""
    with Server(project) as server:
        yield server


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Return the driver of browsers.

    It has its event loop run in the main thread for as long as it lives. So it ends with the tests of this folder: in
    those that follow in the same process, asyncio would take itself for running, and dask would wait for ever.
    """
    driver = sync_playwright().start()
    yield driver
    with ended_after():
        driver.stop()


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Return a headless Chromium that draws WebGL in software."""
    arguments = ["--headless=new", "--disable-gpu", "--enable-unsafe-swiftshader"]
    arguments.append("--disable-accelerated-2d-canvas")  # which would be drawn in software too, by a detour
    if os.geteuid() == 0:
        arguments.append("--no-sandbox")
    browser = playwright.chromium.launch(executable_path=chromium(), args=arguments)
    yield browser
    with ended_after():
        browser.close()


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[[str], WatchedPage]]:
    """Return a function that opens an address in a browser profile of its own, and watches what the page does.

    After the test nothing may have gone wrong in any of the pages: no error in the console, nothing from elsewhere.
    """
    contexts: list[BrowserContext] = []
    pages: list[WatchedPage] = []

    def open_page(address: str) -> WatchedPage:
        context = browser.new_context(viewport=WINDOW)
        context.set_default_timeout(1000 * PATIENCE_S)
        contexts.append(context)
        pages.append(WatchedPage(context.new_page(), address))
        return pages[-1]

    yield open_page
    for context in contexts:
        context.close()
    for page in pages:
        page.require_quiet()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for screenshots: that of `TRIMLINE_SCREENSHOTS`, or one that is thrown away."""
    named = os.environ.get("TRIMLINE_SCREENSHOTS")
    folder = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
