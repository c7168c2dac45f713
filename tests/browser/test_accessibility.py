"""The page for those who use a keyboard or a screen reader: axe finds nothing serious, keys alone do the daily work."""

from __future__ import annotations

from pathlib import Path

from tests.browser.watched_page import WatchedPage

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


def findings(page: WatchedPage) -> list[str]:
    """Return what axe finds in the page as it is now, and where."""
    page.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes']]}"
        for each in found
        if each["impact"] in GRAVE
    ]
