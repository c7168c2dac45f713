"""A step is done once per set of inputs, and never counted as done when it was not."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from trimline.errors import StageError
from trimline.files import sha256
from trimline.study.ledger import Done, Ledger, OutOfDate


class Work:
    """Writes a file and counts how often it was asked to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.times = 0

    def __call__(self) -> dict[str, Any]:
        self.times += 1
        self.path.write_text("outlines")
        return {"times": self.times}


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "outlines.gpkg")


def record(work: Work) -> Path:
    return work.path.parent / "stages" / "map.json"


def once(work: Work, *, force: bool = False, **inputs: Any) -> Any:
    return Ledger(work.path.parent, "hash", force).once("map", inputs, [work.path], work)


def test_a_step_whose_inputs_did_not_change_is_skipped_and_remembers_its_result(work: Work) -> None:
    first, second = once(work, threshold=0.5), once(work, threshold=0.5)
    assert (first.skipped, second.skipped, work.times) == (False, True, 1)
    assert second.result == {"times": 1}


def test_a_changed_input_a_missing_output_and_force_do_it_again(work: Work) -> None:
    once(work, threshold=0.5)
    assert not once(work, threshold=0.6).skipped
    work.path.unlink()
    assert not once(work, threshold=0.6).skipped
    assert not once(work, threshold=0.6, force=True).skipped
    assert work.times == 4


def test_a_step_killed_half_way_is_done_again_even_over_old_outputs(work: Work) -> None:
    once(work, threshold=0.5)

    def killed() -> dict[str, Any]:
        work.path.write_text("half")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Ledger(work.path.parent, "hash").once("map", {"threshold": 0.7}, [work.path], killed)
    assert not once(work, threshold=0.5).skipped
    assert work.path.read_text() == "outlines"


def test_a_record_that_is_not_json_counts_as_no_record(work: Work) -> None:
    once(work, threshold=0.5)
    (work.path.parent / "stages" / "map.json").write_text('{"finger')
    assert not once(work, threshold=0.5).skipped


def test_a_step_that_leaves_no_output_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StageError, match=r"outlines\.gpkg"):
        Ledger(tmp_path, "hash").once("map", {}, [tmp_path / "outlines.gpkg"], dict)


def changed(work: Work, caplog: pytest.LogCaptureFixture, **inputs: Any) -> str:
    """Do the step, which must not be skipped, and return what the log says."""
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="trimline"):
        assert not once(work, **inputs).skipped
    (said,) = caplog.messages
    return said


def test_the_log_says_what_was_changed(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    assert changed(work, caplog, scenes={"1988": "a", "2018": "b"}) == "map: starting"
    said = changed(work, caplog, scenes={"1988": "a", "2018": "c"}, truth="d")
    assert said == "map: starting again: inputs changed: scenes.2018, truth"


def test_a_changed_setting_is_named_by_its_key(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    def do(threshold: float, **also: Any) -> Done:
        settings = {"map": {"threshold": threshold, "screen": True}}
        ledger = Ledger(work.path.parent, "hash")
        return ledger.once("map", {}, [work.path], work, settings=settings, **also)

    do(0.5)
    caplog.clear()
    with caplog.at_level(logging.INFO, logger="trimline"):
        assert not do(0.6).skipped
        assert not do(0.6, results_version=2).skipped
    assert caplog.messages == [
        "map: starting again: settings changed: map.threshold",
        "map: starting again: another version of results",
    ]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda path: path.unlink(), "outlines.gpkg deleted"),
        (lambda path: path.write_text(""), "outlines.gpkg changed"),
        (lambda path: path.write_text("outl"), "outlines.gpkg changed"),
        (lambda path: path.write_text("OUTLINES"), "outlines.gpkg changed"),
    ],
    ids=["deleted", "emptied", "truncated", "garbled"],
)
def test_an_output_that_is_not_as_the_step_left_it_is_made_again(
    work: Work, caplog: pytest.LogCaptureFixture, damage: Callable[[Path], Any], said: str
) -> None:
    once(work)
    damage(work.path)
    assert changed(work, caplog) == f"map: starting again: {said}"
    assert work.path.read_text() == "outlines"
    assert once(work).skipped


def test_an_output_is_known_by_its_bytes_where_its_time_is_another(work: Work) -> None:
    once(work)
    work.path.write_text("outlines")
    os.utime(work.path, (2e9, 2e9))
    assert once(work).skipped
    work.path.write_text("OUTLINES")
    os.utime(work.path, (1, 1))
    assert not once(work).skipped, "an older time does not make another file the same"


def test_a_step_does_not_find_what_was_damaged(work: Work) -> None:
    once(work)
    work.path.write_text("OUTLINES")
    seen: list[bool] = []

    def look() -> dict[str, Any]:
        seen.append(work.path.exists())
        return work()

    Ledger(work.path.parent, "hash").once("map", {}, [work.path], look)
    assert seen == [False]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"finger',
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"fingerprint": "1", "result": {}}',
        b"[" * 100_000,
        b'{"step": ' + b"9" * 5000 + b"}",
        b'{"digest": "", "step": ' + b"[" * 900 + b"]" * 900 + b"}",
    ],
    ids=[
        "empty",
        "truncated",
        "binary",
        "a list",
        "null",
        "an object",
        "of an older form",
        "deep",
        "huge",
        "rather deep",
    ],
)
def test_a_damaged_record_is_said_and_the_step_done_again(
    work: Work, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    once(work)
    record(work).write_bytes(content)
    assert changed(work, caplog).startswith("map: starting again: its record is ")
    assert once(work).skipped


def test_a_record_with_another_result_than_was_written_is_damaged(work: Work, caplog: pytest.LogCaptureFixture) -> None:
    once(work)
    record(work).write_text(record(work).read_text().replace('"times": 1', '"times": 7'))
    assert changed(work, caplog) == "map: starting again: its record is damaged"


def test_a_read_only_ledger_names_what_changed_and_touches_nothing(work: Work) -> None:
    once(work)
    work.path.write_text("OUTLINES")
    ledger = Ledger(work.path.parent, "hash", read_only=True)
    with pytest.raises(OutOfDate, match=r"out of date \(outlines\.gpkg changed\)"):
        ledger.once("map", {}, [work.path], work)
    assert work.path.read_text() == "OUTLINES"
    assert record(work).exists()


def test_the_same_work_gives_the_same_record(work: Work) -> None:
    once(work)
    before = record(work).read_bytes()
    record(work).unlink()
    work.times = 0
    once(work)
    assert record(work).read_bytes() == before


def test_later_steps_depend_on_what_came_out_and_not_on_what_went_in(tmp_path: Path) -> None:
    weights = tmp_path / "weights"

    def train(content: str) -> Done:
        def work() -> dict[str, Any]:
            weights.write_text(content)
            return {"sha256": sha256(weights)}

        ledger = Ledger(tmp_path, "hash")
        step = ledger.once("train/unet", {"samples": "a"}, [weights], work)
        return ledger.together("train", [step], {"unet": step.result})

    first = train("one")
    assert train("not trained, because nothing changed") == replace(first, skipped=True)
    weights.unlink()
    same = train("one")
    assert (same.outputs_digest, same.skipped) == (first.outputs_digest, False)
    weights.unlink()
    other = train("another")
    assert other.outputs_digest != first.outputs_digest
    assert other.result["unet"]["sha256"] == sha256(weights)


def test_a_stage_of_steps_shows_their_files_also_where_its_result_is_the_same(tmp_path: Path) -> None:
    def stage(content: str) -> str:
        path = tmp_path / "mask"
        ledger = Ledger(tmp_path, "hash")
        step = ledger.once("map/1988", {"scene": content}, [path], lambda: {"n": path.write_text(content)})
        return ledger.together("map", [step], {"maps": 1}).outputs_digest

    assert stage("1") != stage("2")


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_a_damaged_record_of_a_stage_of_steps_is_written_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    ledger = Ledger(tmp_path, "hash")
    before = ledger.together("map", [], {"maps": 2})
    written = (tmp_path / "stages/map.json").read_text()
    (tmp_path / "stages/map.json").write_text(content)
    with caplog.at_level(logging.INFO, logger="trimline"):
        again = ledger.together("map", [], {"maps": 2})
    assert caplog.messages == ["map: its record is damaged, and is written again"]
    assert (again.result, again.skipped) == (before.result, False)
    assert (tmp_path / "stages/map.json").read_text() == written
