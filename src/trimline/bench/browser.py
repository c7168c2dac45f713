"""A browser for benchmarks: the system's Chromium without a window, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING

from trimline.errors import TrimlineError

if TYPE_CHECKING:
    from playwright.sync_api import Page

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_IN_SOFTWARE = ("--headless=new", "--disable-gpu", "--enable-unsafe-swiftshader")
"""What Chromium does on a machine without a graphics card: the page is painted and put together on the processor, and
WebGL is computed by SwiftShader. With SwiftShader named as the card (`--use-angle`) all of the page would go through
it, which no user's browser does."""
WIDTH, HEIGHT = 1280, 720
"""Of its window [pixels]."""


def require_browser() -> str:
    """Return the browser's program.

    Raises
    ------
    TrimlineError
        It or Playwright is not installed.
    """
    found = next((path for path in map(shutil.which, _PROGRAMS) if path is not None), None)
    if found is None:
        raise TrimlineError("there is no Chromium to measure with", remedy="install it: apt-get install chromium")
    if find_spec("playwright") is None:
        raise TrimlineError("Playwright is not installed", remedy='install it: pip install "trimline[dev]"')
    return found


@contextmanager
def opened_browser(*, has_webgl: bool = True) -> Iterator[Page]:
    """Give an empty page while the block runs.

    Parameters
    ----------
    has_webgl
        Whether the browser draws by WebGL.

    Raises
    ------
    TrimlineError
        The browser or Playwright is not installed.
    """
    program = require_browser()
    from playwright.sync_api import sync_playwright

    arguments = [
        *_IN_SOFTWARE,
        *([] if has_webgl else ["--disable-3d-apis"]),
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        finally:
            browser.close()
