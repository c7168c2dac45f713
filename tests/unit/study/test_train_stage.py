"""What the weights of a study say of the scenes that they learned from."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trimline.project import Method, Project
from trimline.study.method_models import weights_path
from trimline.study.train_stage import TIMING, _levels, training_seconds


@pytest.mark.parametrize(
    ("levels", "said"),
    [(["toa", "toa"], ["toa"]), (["toa", "surface"], ["surface", "toa"]), (["toa", None], []), ([], [])],
)
def test_levels_are_said_only_where_all_scenes_say_theirs(levels: list[Any], said: list[str]) -> None:
    scenes: Any = [SimpleNamespace(reflectance_level=level) for level in levels]
    assert _levels(scenes) == said


@pytest.mark.parametrize("content", ["", "[", "{}", "[3]", '{"seconds": "long"}', "[" * 100_000])
def test_how_long_a_training_took_is_not_known_where_the_record_is_damaged(tmp_path: Path, content: str) -> None:
    method = Method(name="unet", network="unet")
    project = Project(name="p", output=tmp_path, scenes=[{"id": "a", "path": "a.tif"}], methods=(method,))
    assert math.isnan(training_seconds(project, method)), "not recorded"
    record = weights_path(project, method).parent / TIMING
    record.parent.mkdir(parents=True)
    record.write_text(content)
    assert math.isnan(training_seconds(project, method))
