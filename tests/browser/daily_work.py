"""The daily work in the page as one story, on any project, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
from tests.browser.correcting import (
    expect_saved,
    free_vertex,
    look_around,
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

AUTHOR, REASON = "Ana", "rock in the middle, a divide along the ridge"


@dataclass(frozen=True)
class Areas:
    """Areas of the glaciers of a period, by their ids [km2]."""

    outlines: Mapping[str, float]
    """Of the outlines of the timeline."""
    table: Mapping[str, float]
    """In the table of areas."""


def areas_of(output: Path, period: str) -> Areas:
    """Return the areas that a run wrote."""
    outlines = read_outlines(output / f"timeline/{period}/outlines.gpkg")
    table = pd.read_csv(output / "change/areas.csv", dtype={"period": str})
    of_period = table[table["period"] == period]
    return Areas(
        dict(zip(outlines["glac_id"], outlines["area_km2"], strict=True)),
        dict(zip(of_period["glac_id"], of_period["area_km2"], strict=True)),
    )


def correct(
    page: WatchedPage, server: Server, period: str, name: str, screenshots: Path
) -> tuple[str, dict[str, float]]:
    """Look around, move a vertex of a glacier, cut a hole and split it, merge and undo; save, reload and see it.

    Returns
    -------
    tuple
        The new part, and the areas of the glacier and the part as the page showed them before the save [km2].
    """
    listed = server.get(f"glaciers?period={period}&limit=100")["glaciers"]
    shapes = {
        each["glac_id"]: outline(server.get(f"glacier?period={period}&glac_id={each['glac_id']}")) for each in listed
    }
    shape = shapes.pop(name)
    look_around(page, middle(shape))
    pick(page, name)
    page.screenshot(screenshots / "picked.png")

    use(page, "Move vertices")
    vertex, (east, north) = free_vertex(shape, list(shapes.values()))
    page.drag(vertex, (vertex[0] + 150 * east, vertex[1] + 150 * north))
    wait_for_stroke(page, f"vertices of {name} moved")

    use(page, "Cut a hole")
    x, y = middle(shape)
    page.draw(square((x, y), 90))
    wait_for_stroke(page, f"hole cut into {name}")

    use(page, "Split along a line")
    _, south, _, north_end = shape.bounds
    page.draw([(x + 60, south - 100), (x + 60, north_end + 100)])
    wait_for_stroke(page, f"{name} split")
    (part,) = {each["glac_id"] for each in page.state("preview")["outlines"]} - {name}

    merge(page, part, name)
    undo(page)
    wait_for_stroke(page, f"{name} split")
    page.screenshot(screenshots / "strokes.png")
    live = {each["glac_id"]: each["area_km2"] for each in page.state("preview")["measures"]}
    save_and_see(page, part, live[part])
    page.screenshot(screenshots / "saved.png")
    return part, {each: live[each] for each in (name, part)}


def merge(page: WatchedPage, part: str, into: str) -> None:
    """Merge a part of a glacier, which is picked, into it."""
    use(page, "Merge")
    page.page.get_by_role("group", name="Merge with").get_by_role("button", name=part).click()
    wait_for_stroke(page, f"merged into {into}")


def save_and_see(page: WatchedPage, name: str, km2: float) -> None:
    """Save all strokes, reload the page, and see a glacier with its area."""
    save(page, REASON, AUTHOR)
    expect_saved(page)
    page.page.reload()
    page.wait_until_still()
    pick(page, name)
    assert page.state("glacier")["measure"]["area_km2"] == pytest.approx(km2, abs=1e-9)


def edited_km2(path: Path) -> float:
    """Return the ground that the edits of a file add, less what they remove [km2]; all are of one author and reason."""
    edits: gpd.GeoDataFrame = read_edits(path)
    assert set(edits["author"]) == {AUTHOR}
    assert set(edits["reason"]) == {REASON}
    drawn = edits[edits["operation"].isin(["add", "remove"])]
    edited = float((drawn["operation"].map({"add": 1.0, "remove": -1.0}) * area_km2(drawn)).sum())
    assert edited != 0
    return edited


def require_changed_by(edited: float, before: Areas, after: Areas, glacier: str, *parts: str) -> None:
    """Fail unless a glacier and its parts differ by the edited area, the table too, and no other glacier changed."""
    mine = (glacier, *parts)
    assert set(after.outlines) - set(before.outlines) == set(parts)
    assert set(before.outlines) <= set(after.outlines)
    changed = sum(after.outlines[each] for each in mine) - before.outlines[glacier]
    assert changed == pytest.approx(edited, abs=1e-6)
    for areas in (before, after):
        gone = dict.fromkeys(areas.table, 0.0)
        assert areas.table == pytest.approx(gone | dict(areas.outlines), abs=1e-6)
    others = [each for each in before.outlines if each != glacier]
    assert [after.outlines[each] for each in others] == [before.outlines[each] for each in others]
    assert sum(after.table.values()) - sum(before.table.values()) == pytest.approx(edited, abs=1e-6)
