"""The built site, from a disk and from a server, and a browser to read it with."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from tests.browser.conftest import browser as browser  # a fixture is found by the name that it has here
from tests.browser.conftest import chromium
from tests.browser.conftest import playwright as playwright

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site() -> Path:
    """Return the folder of the built site; skip where it was not built."""
    folder = Path(os.environ.get("TRIMLINE_SITE", REPOSITORY / "site"))
    if not (folder / "search" / "search_index.js").is_file():
        pytest.skip(f"the documentation is not built: make docs (looked in {folder})")
    return folder


@pytest.fixture
def reader(site: Path, request: pytest.FixtureRequest) -> Browser:
    """Return the browser; skip where there is none."""
    if chromium() is None:
        pytest.skip("there is no Chromium here: apt-get install chromium")
    browser: Browser = request.getfixturevalue("browser")
    return browser


class _Quiet(SimpleHTTPRequestHandler):
    """Serves files, and writes no log."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="session")
def server(site: Path) -> Iterator[str]:
    """Return the address of a server of the site, on this machine only."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
