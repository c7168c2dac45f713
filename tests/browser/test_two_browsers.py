"""Two people at one project: each sees what the other saves, a conflict is shown, nothing is overwritten."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import expect
from tests.browser.correcting import (
    expect_saved,
    middle,
    outline,
    pick,
    save,
    square,
    status,
    use,
    wait_for_stroke,
)
from tests.browser.serving import Server
from tests.browser.watched_page import WatchedPage

NewPage = Callable[[str], WatchedPage]


def test_a_second_browser_sees_an_edit_and_a_conflict_is_shown(
    server: Server, new_page: NewPage, screenshots: Path
) -> None:
    x, y = middle(outline(server.get("glacier?period=2018&glac_id=SE")))
    ana, ben = new_page(server.address), new_page(server.address)
    for page, offset in ((ana, -100), (ben, 100)):
        page.wait_until_still()
        pick(page, "SE")
        use(page, "Cut a hole")
        page.draw(square((x + offset, y), 100))
        wait_for_stroke(page, "hole cut into SE")
    save(ana, "a nunatak", "Ana")
    expect_saved(ana)
    expect(status(ben)).to_contain_text("Ana")

    save(ben, "another nunatak", "Ben")
    dialog = ben.page.get_by_role("dialog")
    expect(dialog).to_contain_text("nothing was kept")
    expect(dialog).to_contain_text("Ana")
    expect(dialog).to_contain_text("a nunatak")
    ben.screenshot(screenshots / "conflict.png")
    assert [each["author"] for each in server.get("edits")["edits"]] == ["Ana"]
    ben.expected.append("409")

    dialog.get_by_role("button", name="Put mine on top").click()
    expect(status(ben)).to_contain_text("Look, then save again")
    ben.wait_until_settled()
    save(ben, "another nunatak", "Ben")
    expect_saved(ben)
    assert [each["author"] for each in server.get("edits")["edits"]] == ["Ana", "Ben"]
    after = outline(server.get("glacier?period=2018&glac_id=SE"))
    assert sum(len(part.interiors) for part in getattr(after, "geoms", [after])) == 2
