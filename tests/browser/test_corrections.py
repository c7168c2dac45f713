"""The daily work in the page, and what comes of it: corrections reach the layer of edits and the table of areas."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.browser.correcting import pick
from tests.browser.daily_work import areas_of, correct, edited_km2, merge, require_changed_by, save_and_see
from tests.browser.serving import TRIMLINE, Server
from tests.browser.watched_page import WatchedPage

from trimline.cli.demo import demo_project
from trimline.project import load_project
from trimline.study import run_study

NewPage = Callable[[str], WatchedPage]
PERIOD = "2018"
DEMO_S = 1200
"""Longest time of the demo, whose network is trained [s]."""


def test_a_days_corrections_change_the_table_of_areas_by_what_was_drawn(
    project: Path, server: Server, new_page: NewPage, screenshots: Path
) -> None:
    output = project.parent / "out"
    before = areas_of(output, PERIOD)
    part, live = correct(new_page(server.address), server, PERIOD, "NW", screenshots)
    run_study(load_project(project), until="change")
    after = areas_of(output, PERIOD)
    require_changed_by(edited_km2(output / "edits.gpkg"), before, after, "NW", part)
    assert {name: after.outlines[name] for name in live} == pytest.approx(live, abs=1e-6)


@pytest.mark.slow
def test_the_demo_is_corrected_in_the_page_and_its_table_of_areas_changes_by_what_was_drawn(
    tmp_path: Path, new_page: NewPage, screenshots: Path
) -> None:
    output, folder = tmp_path / "demo", screenshots / "demo"
    folder.mkdir(exist_ok=True)
    subprocess.run([*TRIMLINE, "demo", "--out", str(output), "--no-show"], check=True, timeout=DEMO_S)
    options = ("--set", f"output={output}")
    before = areas_of(output, PERIOD)
    _, name = sorted(before.outlines, key=lambda each: -before.outlines[each])[:2]  # the largest is an ice cap
    with Server(demo_project(), *options, log=tmp_path / "server.log") as server:
        page = new_page(server.address)
        part, live = correct(page, server, PERIOD, name, folder)
        pick(page, name)
        merge(page, part, name)
        page.expected.append(f"glac_id={part}")  # it ceased: the page looks for it, and takes it off its list
        save_and_see(page, name, sum(live.values()))
        page.screenshot(folder / "merged.png")
        page.page.close()  # before the server is gone, for which it would look
    subprocess.run([*TRIMLINE, "run", str(demo_project()), *options], check=True, timeout=DEMO_S)
    require_changed_by(edited_km2(output / "edits.gpkg"), before, areas_of(output, PERIOD), name)
