"""The daily work in the page, and what comes of it: corrections reach the layer of edits and the table of areas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from tests.browser.correcting import (
    expect_saved,
    free_vertex,
    middle,
    outline,
    pick,
    save,
    square,
    undo,
    use,
    wait_for_stroke,
)
from tests.browser.serving import Server
from tests.browser.watched_page import WatchedPage

from trimline.outlines import area_km2, read_edits, read_outlines
from trimline.project import load_project
from trimline.study import run_study

NewPage = Callable[[str], WatchedPage]
PERIOD = "2018"


def areas_of(project: Path) -> dict[str, float]:
    """Return the areas of the glaciers of the period, by the outlines of the timeline [km2]."""
    outlines = read_outlines(project.parent / f"out/timeline/{PERIOD}/outlines.gpkg")
    return dict(zip(outlines["glac_id"], outlines["area_km2"], strict=True))


def table_of(project: Path) -> dict[str, float]:
    """Return the same by the table of areas [km2]."""
    table = pd.read_csv(project.parent / "out/change/areas.csv", dtype={"period": str})
    of_period = table[table["period"] == PERIOD]
    return dict(zip(of_period["glac_id"], of_period["area_km2"], strict=True))


def test_a_days_corrections_change_the_table_of_areas_by_what_was_drawn(
    project: Path, server: Server, new_page: NewPage, screenshots: Path
) -> None:
    glaciers = {name: server.get(f"glacier?period={PERIOD}&glac_id={name}") for name in ("NW", "NE", "SW", "SE")}
    shape = outline(glaciers["NW"])
    others = [outline(glaciers[name]) for name in ("NE", "SW", "SE")]
    before, tabled = areas_of(project), table_of(project)
    page = new_page(server.address)
    page.wait_until_still()
    pick(page, "NW")
    page.screenshot(screenshots / "picked.png")

    use(page, "Move vertices")
    vertex, (east, north) = free_vertex(shape, others)
    page.drag(vertex, (vertex[0] + 150 * east, vertex[1] + 150 * north))
    wait_for_stroke(page, "vertices of NW moved")

    use(page, "Cut a hole")
    x, y = middle(shape)
    page.draw(square((x, y), 90))
    wait_for_stroke(page, "hole cut into NW")

    use(page, "Split along a line")
    _, south, _, north_end = shape.bounds
    page.draw([(x + 60, south - 100), (x + 60, north_end + 100)])
    wait_for_stroke(page, "NW split")
    (part,) = {each["glac_id"] for each in page.state("preview")["outlines"]} - {"NW"}

    use(page, "Merge")
    page.page.get_by_role("group", name="Merge with").get_by_role("button", name=part).click()
    wait_for_stroke(page, "merged into NW")
    undo(page)
    wait_for_stroke(page, "NW split")
    page.screenshot(screenshots / "strokes.png")
    live = {each["glac_id"]: each["area_km2"] for each in page.state("preview")["measures"]}

    save(page, "rock in the middle, a divide along the ridge", "Ana")
    expect_saved(page)
    page.page.reload()
    page.wait_until_still()
    pick(page, part)
    assert page.state("glacier")["measure"]["area_km2"] == pytest.approx(live[part], abs=1e-9)
    page.screenshot(screenshots / "saved.png")

    edits = read_edits(project.parent / "out/edits.gpkg")
    assert set(edits["author"]) == {"Ana"}
    assert set(edits["reason"]) == {"rock in the middle, a divide along the ridge"}
    drawn = edits[edits["operation"].isin(["add", "remove"])]
    sign = drawn["operation"].map({"add": 1.0, "remove": -1.0})
    edited_km2 = float((sign * area_km2(drawn)).sum())
    assert edited_km2 != 0
    run_study(load_project(project), until="change")
    after = areas_of(project)
    assert set(after) - set(before) == {part}
    assert after["NW"] + after[part] - before["NW"] == pytest.approx(edited_km2, abs=1e-6)
    assert {name: after[name] for name in ("NW", part)} == pytest.approx({n: live[n] for n in ("NW", part)}, abs=1e-6)
    assert {name: after[name] for name in before if name != "NW"} == {n: a for n, a in before.items() if n != "NW"}
    assert sum(table_of(project).values()) - sum(tabled.values()) == pytest.approx(edited_km2, abs=1e-6)
