"""Results of benchmarks: kept, compared with those of later runs, and put on a page."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from trimline.bench import BENCHMARKS, accuracy, change
from trimline.bench.figures import figures_of, losses
from trimline.bench.page import PAGE
from trimline.bench.recorded import FULL, QUICK, machine, read_results
from trimline.bench.running import behind, measured, record_results
from trimline.cli.app import app
from trimline.errors import TrimlineError

FETCHED: Mapping[str, float] = {"ratio_of_odc_stac": 1.5, "bytes_of_ours_per_window_bytes": 1.1, "ours_requests": 450.0}
"""Of `fetch`: one that should be more, one that should be less, and one that is not compared."""


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_says_what_its_figures_are_and_what_is_compared(name: str) -> None:
    figures = figures_of(name)
    assert any(figure.better for figure in figures.values())
    assert all(figure.meaning for figure in figures.values())
    seconds = [key for key in figures if key.endswith(("_s", "_ms", "seconds")) and figures[key].better]
    assert seconds == [], "seconds are those of one machine"


@pytest.mark.parametrize(
    ("key", "after", "is_lost"),
    [
        ("ratio_of_odc_stac", 1.21, False),
        ("ratio_of_odc_stac", 1.19, True),
        ("ratio_of_odc_stac", 9.0, False),
        ("bytes_of_ours_per_window_bytes", 1.31, False),
        ("bytes_of_ours_per_window_bytes", 1.33, True),
        ("bytes_of_ours_per_window_bytes", 0.1, False),
        ("ours_requests", 1e6, False),
        ("ratio_of_odc_stac", math.nan, True),
    ],
)
def test_a_loss_is_more_than_a_fifth_the_wrong_way(key: str, after: float, is_lost: bool) -> None:
    found = losses("fetch", FETCHED, {**FETCHED, key: after})
    assert [loss.key for loss in found] == [key] * is_lost


def test_a_figure_that_is_gone_is_a_loss_and_a_new_one_is_none() -> None:
    gone = losses("fetch", FETCHED, {"ratio_of_sequential": 7.0, "ours_requests": 450.0})
    assert [str(loss) for loss in gone] == [
        "fetch: ratio_of_odc_stac is missing, and was 1.5",
        "fetch: bytes_of_ours_per_window_bytes is missing, and was 1.1",
    ]


@given(st.floats(0.01, 1e3), st.floats(0.01, 1e3))
def test_what_is_lost_one_way_is_no_loss_the_other_way(one: float, other: float) -> None:
    key = "ratio_of_odc_stac"
    lost = [bool(losses("fetch", {key: a}, {key: b})) for a, b in ((one, other), (other, one))]
    assert not all(lost)


def test_results_of_a_form_are_kept_and_compared_with_the_same_form(tmp_path: Path) -> None:
    record_results(tmp_path, {"fetch": dict(FETCHED)}, quick=False)
    worse = {"fetch": {**FETCHED, "ratio_of_odc_stac": 1.0}}
    assert behind(tmp_path, worse, quick=True) == [], "there are no results of quick forms"
    assert [loss.key for loss in behind(tmp_path, worse, quick=False)] == ["ratio_of_odc_stac"]
    record_results(tmp_path, worse, quick=True)
    assert read_results(tmp_path / FULL)["fetch"].figures == FETCHED, "a quick run leaves the full results alone"
    assert read_results(tmp_path / QUICK)["fetch"].command == "trimline bench fetch --quick"


def test_results_of_other_benchmarks_stay(tmp_path: Path) -> None:
    record_results(tmp_path, {"fetch": dict(FETCHED)}, quick=False)
    record_results(tmp_path, {"change": {"ratio_of_loop": 3.0}}, quick=False)
    assert set(read_results(tmp_path / FULL)) == {"fetch", "change"}


def test_the_page_shows_each_figure_with_its_command_machine_and_date(tmp_path: Path) -> None:
    record_results(tmp_path, {"fetch": dict(FETCHED)}, quick=False)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "| speed against odc-stac | ↑ | 1.5 | – | 1 |" in page
    assert "| bytes sent per byte of the windows | ↓ | 1.1 | – | 1.2 |" in page
    assert f"Full: `trimline bench fetch`; {machine()}; load " in page
    assert all(f"\n## {name}\n" in page for name in BENCHMARKS)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / FULL).write_text('{"fetch": {"ratio": 1}}')
    with pytest.raises(TrimlineError, match="holds no results of benchmarks"):
        read_results(tmp_path / FULL)


def test_a_benchmark_that_cannot_be_measured_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def none_there() -> dict[str, float]:
        raise TrimlineError("the images are not there")

    monkeypatch.setattr(accuracy, "measure", none_there)
    monkeypatch.setattr(change, "measure", lambda quick: {"ratio_of_loop": 2.0 + quick})
    found = dict(measured(["accuracy", "change"], {"quick": True, "network": "unet"}))
    assert isinstance(found["accuracy"], TrimlineError)
    assert found["change"] == {"ratio_of_loop": 3.0}


def test_the_command_names_what_fell_behind_and_keeps_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change, "measure", lambda: {"ratio_of_loop": 3.0, "max_relative_difference": 0.0, "rows": 1.0})
    given = ["bench", "change", "--against", str(tmp_path), "--record", str(tmp_path)]
    assert CliRunner().invoke(app, given).exit_code == 0
    monkeypatch.setattr(change, "measure", lambda: {"ratio_of_loop": 2.0, "max_relative_difference": 0.0, "rows": 1.0})
    result = CliRunner().invoke(app, given)
    assert result.exit_code == 1
    assert "fell behind by more than 20 %: change: ratio_of_loop is 2, and was 3" in result.output
    assert read_results(tmp_path / FULL)["change"].figures["ratio_of_loop"] == 2.0


def test_accuracy_on_real_ground_is_that_of_the_study(trimline_data: Path) -> None:
    figures = accuracy.measure()
    assert set(figures_of("accuracy")) == set(figures)
    assert figures["default_f1_percent"] == pytest.approx(91.1, abs=0.3), "benchmarks/accuracy.md: 91.11"
    assert figures["error_of_tuned_ratio_per_ours"] > 1
