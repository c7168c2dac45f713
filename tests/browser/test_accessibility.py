"""The page for those who use a keyboard or a screen reader: axe finds nothing serious, keys alone do the daily work."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tests.browser.correcting import pick, status
from tests.browser.serving import Server
from tests.browser.watched_page import WatchedPage

NewPage = Callable[[str], WatchedPage]
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")


def findings(page: WatchedPage) -> list[str]:
    """Return what axe finds in the page as it is now, and where."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: make web")
    page.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{each['impact']} {each['id']}: {each['help']}: {[node['html'][:120] for node in each['nodes']]}"
        for each in found
        if each["impact"] in GRAVE
    ]


def test_axe_finds_nothing_serious_in_any_state_of_the_page(server: Server, new_page: NewPage) -> None:
    page = new_page(server.address)
    page.wait_until_still()
    found = {"at first": findings(page)}
    pick(page, "SW")
    found["a glacier is picked"] = findings(page)
    page.page.get_by_role("button", name="Swipe").click()
    page.page.get_by_role("button", name=re.compile("^Merge")).click()
    page.wait_until_still()
    found["two pictures, a tool"] = findings(page)
    page.page.keyboard.press("?")
    found["the keys"] = findings(page)
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("f")
    found["a question"] = findings(page)
    assert {state: those for state, those in found.items() if those} == {}


def test_the_keyboard_alone_accepts_flags_goes_on_and_takes_back(server: Server, new_page: NewPage) -> None:
    page = new_page(server.address)
    page.wait_until_still()
    keys = page.page.keyboard
    keys.press("n")
    heading = page.page.get_by_role("region", name="Glacier", exact=True).get_by_role("heading").first
    expect(heading).to_have_text(re.compile("^(NW|NE|SW|SE)$"))
    first = heading.inner_text()

    keys.press("a")
    expect(page.page.get_by_role("dialog")).to_contain_text("Who corrects?")
    keys.type("Ana")
    keys.press("Enter")
    expect(status(page)).to_contain_text("Saved")
    expect(page.page.locator("#glacier .mark")).to_have_text("accepted")

    keys.press("n")
    expect(heading).not_to_have_text(first)
    second = heading.inner_text()
    keys.press("f")
    expect(page.page.get_by_role("dialog")).to_contain_text(f"Flag {second}")
    keys.type("shadow on the tongue")
    keys.press("Enter")
    expect(page.page.locator("#glacier .mark")).to_have_text("flagged")
    keys.press("Control+z")
    expect(status(page)).to_contain_text("This is saved")
    keys.press("Control+z")
    expect(page.page.locator("#glacier .mark")).to_have_text("open")
    states = {each["glac_id"]: each["state"] for each in server.get("glaciers?period=2018")["glaciers"]}
    assert states == dict.fromkeys(states, "open") | {first: "accepted"}
    assert [each["operation"] for each in server.get("edits")["edits"]] == ["accept", "flag", "revert"]
