"""The benchmark of the review writes what is reviewed, and measures it in a browser."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import shapely

from trimline.bench import browser
from trimline.bench.big_review import write_review
from trimline.bench.review import GOALS, measure, saves_ms, table
from trimline.errors import TrimlineError
from trimline.outlines import read_outlines
from trimline.review.running import opened_review
from trimline.review.server.page_folder import page_folder
from trimline.review.server.serving import listening, serve


def test_outlines_of_neighbours_touch_but_do_not_overlap(tmp_path: Path) -> None:
    reviewed = write_review(tmp_path, glaciers=900, periods=1, vertices=40, side=64)
    outlines = np.asarray(read_outlines(reviewed.periods[0].automatic).geometry.array)
    first, second = shapely.STRtree(outlines).query(outlines, "intersects")
    pairs = first < second
    assert pairs.any()
    assert shapely.area(shapely.intersection(outlines[first[pairs]], outlines[second[pairs]])).max() < 1e-6


def test_saves_are_timed_and_kept(tmp_path: Path) -> None:
    opened = opened_review(write_review(tmp_path, glaciers=16, periods=2, vertices=40, side=64))
    closing, begun = threading.Event(), threading.Event()
    with listening("127.0.0.1", 0) as bound:
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/"
        app = opened.app(closing=closing)
        thread = threading.Thread(target=serve, args=(app, bound, begun.set, closing))
        thread.start()
        assert begun.wait(10)
        took = saves_ms(url, 3)
        edits = opened.desk.edits(period=None, glac_id=None).edits
        closing.set()
        thread.join(10)
    opened.close()
    assert len(took) == 3
    assert min(took) > 0
    assert [each.state for each in edits] == ["applied"] * 3


def test_without_a_browser_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.shutil, "which", lambda name: None)
    with pytest.raises(TrimlineError, match="no Chromium") as error:
        measure(glaciers=4)
    assert "apt-get install chromium" in str(error.value.remedy)


def test_figures_stand_beside_their_goals() -> None:
    columns, rows = table({"first_view_seconds": 1.234, "one_file_bytes": 12_345_678.0})
    assert columns == ["figure", "value", "goal"]
    assert rows == [["first_view_seconds", "1.23", "2"], ["one_file_bytes", "12,345,678", ""]]
    assert set(GOALS) == {"first_view_seconds", "longest_frame_ms", "save_max_ms"}


@pytest.mark.slow
def test_figures_are_those_the_command_promises() -> None:
    try:
        browser.require_browser()
        page_folder()
    except TrimlineError as error:
        pytest.skip(str(error))
    figures = measure(glaciers=100, periods=2, vertices=60, side=512, steps=6, saves=3)
    assert next(iter(figures)) == "bytes_ratio_of_one_file"
    assert set(GOALS) <= set(figures)
    assert all(value > 0 for value in figures.values())
