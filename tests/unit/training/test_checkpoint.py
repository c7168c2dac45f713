"""A checkpoint that is damaged is refused with a remedy, and never run."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch

from trimline.errors import TrainingError
from trimline.training.checkpoint import read_checkpoint

WHOLE: dict[str, Any] = {
    "state_dict": {"weight": torch.zeros(3)},
    "trimline": {
        "run": "abc",
        "history": [{"epoch": 0}],
        "best_score": 0.5,
        "best_epoch": 0,
        "best_weights": None,
        "finished": False,
    },
}


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "checkpoint.ckpt"
    torch.save(WHOLE, path)
    return path


def test_that_of_this_run_is_read_and_that_of_another_is_not(checkpoint: Path) -> None:
    found = read_checkpoint(checkpoint, "abc")
    assert found is not None
    assert found["trimline"] == WHOLE["trimline"]
    assert read_checkpoint(checkpoint, "other") is None
    assert read_checkpoint(checkpoint.with_name("absent"), "abc") is None


@pytest.mark.parametrize("size", [0, 1, 40, 300, -1, -30])
def test_one_that_was_cut_is_refused(checkpoint: Path, size: int) -> None:
    checkpoint.write_bytes(checkpoint.read_bytes()[:size])
    with pytest.raises(TrainingError, match="delete the file to train from the start"):
        read_checkpoint(checkpoint, "abc")


@pytest.mark.parametrize("seed", range(40))
def test_one_with_changed_bytes_is_read_or_refused(checkpoint: Path, seed: int) -> None:
    content, chance = bytearray(checkpoint.read_bytes()), random.Random(seed)  # noqa: S311 - not for secrets
    for _ in range(4):
        content[chance.randrange(len(content))] = chance.randrange(256)
    checkpoint.write_bytes(content)
    try:
        read_checkpoint(checkpoint, "abc")
    except TrainingError as error:
        assert error.where == checkpoint


@pytest.mark.parametrize(
    "content",
    [
        3,
        [],
        {},
        {"trimline": [], "state_dict": {}},
        {**WHOLE, "state_dict": None},
        {**WHOLE, "trimline": {**WHOLE["trimline"], "history": [3]}},
        {**WHOLE, "trimline": {**WHOLE["trimline"], "best_epoch": "last"}},
        {**WHOLE, "trimline": {"run": "abc"}},
    ],
)
def test_one_of_another_form_is_refused(checkpoint: Path, content: Any) -> None:
    torch.save(content, checkpoint)
    with pytest.raises(TrainingError, match="not a checkpoint that training can go on from"):
        read_checkpoint(checkpoint, "abc")


class Trap:
    """Something that would betray itself if it were unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was opened",))


def test_a_pickle_is_not_run(checkpoint: Path) -> None:
    checkpoint.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(TrainingError, match="not a checkpoint"):
        read_checkpoint(checkpoint, "abc")
