"""What the weights of a study say of the scenes that they learned from."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from trimline.study.train_stage import _levels


@pytest.mark.parametrize(
    ("levels", "said"),
    [(["toa", "toa"], ["toa"]), (["toa", "surface"], ["surface", "toa"]), (["toa", None], []), ([], [])],
)
def test_levels_are_said_only_where_all_scenes_say_theirs(levels: list[Any], said: list[str]) -> None:
    scenes: Any = [SimpleNamespace(reflectance_level=level) for level in levels]
    assert _levels(scenes) == said
