"""Benchmark of `trimline review`: the page of a regional inventory in a browser, on a simulated review.

A browser opens the page, pans and zooms by mouse and wheel while the time between frames is noted, and corrections are
saved. The peer is what a small viewer does: all outlines of a period in one GeoJSON file, fetched, parsed, and drawn on
a canvas at every frame, with nothing else on the page.
"""

from __future__ import annotations

import secrets
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyogrio
import requests

from trimline.bench.browser import HEIGHT, WIDTH, opened_browser, require_browser
from trimline.bench.figures import Figure
from trimline.bench.review_process import served_review

if TYPE_CHECKING:
    from playwright.sync_api import Page

GLACIERS, PERIODS, VERTICES, SIDE = 10_000, 12, 150, 5120
"""Glaciers, periods, vertices of an outline, and side of the scene [pixels of 30 m]."""
STEPS, SAVES = 60, 40
GOALS: Mapping[str, float] = {"first_view_seconds": 2.0, "longest_frame_ms": 200.0, "save_max_ms": 200.0}
"""What the figures should stay below."""
FIGURES: Mapping[str, Figure] = {
    "bytes_ratio_of_one_file": Figure(
        "bytes of the one file per byte that trimline sends before the first view", "more"
    ),
    "first_view_ratio_of_one_file": Figure("speed of the first view against the one file", "more"),
    "longest_frame_ratio_of_one_file": Figure("longest frame of the one file per longest frame of trimline", "more"),
    "first_view_seconds": Figure("first view [s]", goal=GOALS["first_view_seconds"]),
    "longest_frame_ms": Figure("longest frame, WebGL in software [ms]", goal=GOALS["longest_frame_ms"]),
    "longest_frame_without_webgl_ms": Figure("longest frame without the scene [ms]"),
    "save_median_ms": Figure("median save [ms]"),
    "save_max_ms": Figure("longest save [ms]", goal=GOALS["save_max_ms"]),
    "glaciers": Figure("glaciers"),
    "periods": Figure("periods"),
}
"""Seconds stand here because the goals are in seconds: a person waits for them."""

_QUICK = {"glaciers": 1000, "periods": 3, "side": 1536}
_PATIENCE_S = 60.0
_DRAG, _WHEEL, _DEEP = 150, 240, 5
"""Way of a drag and of a turn of the wheel [pixels], and turns in one direction before it goes back."""
_PARTS = "(await import(document.querySelector('script[type=module]').src)).parts"
"""The parts of the page: a module is carried out once, and to import it again gives what it exported."""

_FIRST_VIEW = f"""async () => {{
    const {{ maps }} = await {_PARTS};
    await new Promise((resolve) => {{
        maps.main.once("rendercomplete", resolve);
        maps.main.render();
    }});
    return performance.now();
}}"""
_NOTE_FRAMES = """() => {
    window.frames_ms = [];
    let before = performance.now();
    const note = (now) => { window.frames_ms.push(now - before); before = now; requestAnimationFrame(note); };
    requestAnimationFrame(note);
}"""
_FRAMES = "() => window.frames_ms"
_SENT = "() => performance.getEntries().reduce((sum, each) => sum + (each.transferSize || 0), 0)"

_PEER_PAGE = f"""<!doctype html><canvas id="map" width="{WIDTH}" height="{HEIGHT}"></canvas><script type="module">
const {{ features }} = await (await fetch("all.geojson")).json();
const canvas = document.getElementById("map"), context = canvas.getContext("2d", {{ willReadFrequently: true }});
const outlines = features.map(({{ geometry: {{ type, coordinates }} }}) => {{
    const path = new Path2D(), box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const ring of type === "Polygon" ? coordinates : coordinates.flat())
        ring.forEach(([x, y], i) => {{
            path[i ? "lineTo" : "moveTo"](x, -y);
            box[0] = Math.min(box[0], x); box[1] = Math.min(box[1], y);
            box[2] = Math.max(box[2], x); box[3] = Math.max(box[3], y);
        }});
    return {{ path, box }};
}});
const [west, south, east, north] = [0, 1, 2, 3].map((i) =>
    outlines.reduce((found, {{ box }}) => (i < 2 ? Math.min : Math.max)(found, box[i]), i < 2 ? Infinity : -Infinity));
let pixel = Math.max((east - west) / {WIDTH}, (north - south) / {HEIGHT}), [left, top] = [west, north];
let isDue = false;
const draw = () => {{
    isDue = false;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, {WIDTH}, {HEIGHT});
    context.setTransform(1 / pixel, 0, 0, 1 / pixel, -left / pixel, top / pixel);
    context.lineWidth = pixel;
    const [right, bottom] = [left + {WIDTH} * pixel, top - {HEIGHT} * pixel];
    for (const {{ path, box }} of outlines)
        if (box[0] < right && box[2] > left && box[1] < top && box[3] > bottom) context.stroke(path);
}};
const drawSoon = () => {{ if (!isDue) {{ isDue = true; requestAnimationFrame(draw); }} }};
canvas.addEventListener("mousemove", (event) => {{
    if (!event.buttons) return;
    left -= event.movementX * pixel; top += event.movementY * pixel; drawSoon();
}});
canvas.addEventListener("wheel", (event) => {{
    const factor = event.deltaY > 0 ? 2 : 0.5;
    left += event.offsetX * pixel * (1 - factor); top -= event.offsetY * pixel * (1 - factor);
    pixel *= factor; drawSoon();
}});
draw();
context.getImageData(0, 0, 1, 1); // what is drawn is only noted down until it is needed
requestAnimationFrame(() => {{ window.drawn_ms = performance.now(); }});
</script>"""


def measure(
    glaciers: int = GLACIERS,
    periods: int = PERIODS,
    vertices: int = VERTICES,
    side: int = SIDE,
    steps: int = STEPS,
    saves: int = SAVES,
    quick: bool = False,
) -> dict[str, float]:
    """Return how long the first view, saves and frames take, and how much is sent, with the figures of the peer.

    Parameters
    ----------
    glaciers, periods, vertices, side
        Size of the review, see `trimline.bench.big_review.write_review`.
    steps
        Of panning and zooming, a third of them by the wheel.
    saves
        Corrections that are saved, one after the other.
    quick
        A tenth of the glaciers, in three periods.

    Returns
    -------
    dict[str, float]
        Ratios against the peer first, above 1 where the page is better; `GOALS` has what figures should stay below.

    Raises
    ------
    TrimlineError
        There is no browser, or the page is not built.
    """
    if quick:
        glaciers, periods, side = (
            min(given, _QUICK[key]) for given, key in ((glaciers, "glaciers"), (periods, "periods"), (side, "side"))
        )
    require_browser()
    with tempfile.TemporaryDirectory(prefix="trimline-bench-") as name:
        folder = Path(name)
        with served_review(folder / "review", glaciers, periods, vertices, side) as (url, start_s):
            with opened_browser() as page:
                found = _page_figures(page, url, steps)
                saved_ms = saves_ms(url, saves)
            plain_longest, plain_median = _without_webgl(url, steps)
        peer = _peer_figures(folder, steps)
    return {
        "bytes_ratio_of_one_file": peer["bytes"] / found["bytes"],
        "first_view_ratio_of_one_file": peer["first_view_seconds"] / found["first_view_seconds"],
        "longest_frame_ratio_of_one_file": peer["longest_frame_ms"] / found["longest_frame_ms"],
        "first_view_seconds": found["first_view_seconds"],
        "longest_frame_ms": found["longest_frame_ms"],
        "frame_median_ms": found["frame_median_ms"],
        "longest_frame_without_webgl_ms": plain_longest,
        "frame_median_without_webgl_ms": plain_median,
        "save_median_ms": statistics.median(saved_ms),
        "save_max_ms": max(saved_ms),
        "first_view_bytes": found["bytes"],
        "steps_bytes": found["steps_bytes"],
        "open_seconds": start_s,
        "one_file_first_view_seconds": peer["first_view_seconds"],
        "one_file_longest_frame_ms": peer["longest_frame_ms"],
        "one_file_bytes": peer["bytes"],
        "glaciers": float(glaciers),
        "periods": float(periods),
    }


def table(figures: Mapping[str, float]) -> tuple[list[str], list[list[str]]]:
    """Return the figures beside the goals."""
    rows = [
        [key, f"{value:,.0f}" if value >= 1000 else f"{value:.3g}", f"{GOALS[key]:g}" if key in GOALS else ""]
        for key, value in figures.items()
    ]
    return ["figure", "value", "goal"], rows


def saves_ms(url: str, saves: int) -> list[float]:
    """Save corrections of as many glaciers over the API; return how long each took [ms].

    Each takes the north-eastern quarter of a glacier's bounds from it.

    Parameters
    ----------
    url
        Of the page.
    saves
        How many.
    """
    took = []
    with requests.Session() as session:

        def asked(method: str, path: str, content: Any = None, **query: Any) -> Any:
            answer = session.request(method, f"{url}api/{path}", params=query, json=content, timeout=_PATIENCE_S)
            answer.raise_for_status()
            return answer.json()

        period = asked("GET", "review")["periods"][-1]["name"]
        for row in asked("GET", "glaciers", period=period, order="area", limit=saves)["glaciers"]:
            request = {"period": period, "drafts": [_draft(row)]}
            base = asked("POST", "preview", request)["base"]
            started = time.perf_counter()
            asked("POST", "edits", {**request, "author": "benchmark", "reason": "measured", "base": base})
            took.append(1000 * (time.perf_counter() - started))
    return took


def _draft(row: Mapping[str, Any]) -> dict[str, Any]:
    west, south, east, north = row["bounds"]
    x, y = (west + east) / 2, (south + north) / 2
    ring = [[x, y], [east, y], [east, north], [x, north], [x, y]]
    return {
        "edit_id": secrets.token_hex(6),
        "operation": "remove",
        "glac_id": row["glac_id"],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def _page_figures(page: Page, url: str, steps: int) -> dict[str, float]:
    page.goto(url)
    first_view_ms = page.evaluate(_FIRST_VIEW)
    sent = page.evaluate(_SENT)
    longest, median = _moved(page, steps)
    return {
        "first_view_seconds": first_view_ms / 1000,
        "bytes": sent,
        "steps_bytes": page.evaluate(_SENT) - sent,
        "longest_frame_ms": longest,
        "frame_median_ms": median,
    }


def _without_webgl(url: str, steps: int) -> tuple[float, float]:
    """Return the longest and the median time between frames without the scene: what is left to a graphics card [ms]."""
    with opened_browser(has_webgl=False) as page:
        page.goto(url)
        page.evaluate(_FIRST_VIEW)
        return _moved(page, steps)


def _peer_figures(folder: Path, steps: int) -> dict[str, float]:
    """Return the same figures of a page that has all outlines of the last period in one file."""
    site = folder / "site"
    site.mkdir()
    last = sorted((folder / "review" / "periods").iterdir())[-1]
    outlines = pyogrio.read_dataframe(last / "automatic.gpkg", columns=["glac_id"])
    pyogrio.write_dataframe(outlines, site / "all.geojson", driver="GeoJSON", COORDINATE_PRECISION=2)
    (site / "index.html").write_text(_PEER_PAGE, encoding="utf-8")
    with _served(site) as url, opened_browser() as page:
        page.goto(url)
        page.wait_for_function("() => window.drawn_ms !== undefined", timeout=1000 * _PATIENCE_S)
        longest, _ = _moved(page, steps)
        return {
            "first_view_seconds": page.evaluate("() => window.drawn_ms") / 1000,
            "bytes": float((site / "all.geojson").stat().st_size),
            "longest_frame_ms": longest,
        }


def _moved(page: Page, steps: int) -> tuple[float, float]:
    """Pan by mouse and zoom by wheel; return the longest time between two frames, and the median [ms]."""
    page.evaluate(_NOTE_FRAMES)
    x, y = WIDTH / 2, HEIGHT / 2
    zooms, drags = 0, 0
    for step in range(steps):
        page.mouse.move(x, y)
        if step % 3 == 2:
            page.mouse.wheel(0, -_WHEEL if zooms % (2 * _DEEP) < _DEEP else _WHEEL)
            zooms += 1
        else:
            along = _DRAG if drags % 2 == 0 else -_DRAG
            page.mouse.down()
            page.mouse.move(x + along, y + along / 2, steps=5)
            page.mouse.up()
            drags += 1
        page.wait_for_timeout(200)
    frames = page.evaluate(_FRAMES)
    return max(frames), statistics.median(frames)


class _Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and logs nothing."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Write nothing."""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/"
        finally:
            server.shutdown()
            thread.join()
