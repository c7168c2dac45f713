"""A step is done once per set of inputs, and never counted as done when it was not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from trimline.errors import StageError
from trimline.study.ledger import Ledger, stamp


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


def test_the_stamp_of_a_folder_sees_a_file_change_and_a_missing_one_is_named(tmp_path: Path) -> None:
    product = tmp_path / "LT05"
    product.mkdir()
    band = product / "B1.TIF"
    band.write_bytes(b"1234")
    before = stamp(product)
    os.utime(band, ns=(1, 1))
    touched = stamp(product)
    band.write_bytes(b"12345")
    assert before != touched != stamp(product)
    with pytest.raises(StageError, match="LT06"):
        stamp(tmp_path / "LT06")
