"""Options of a map are one object, and what cannot be is refused when it is made."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from types import SimpleNamespace
from typing import Any

import pytest

from trimline.errors import MappingError
from trimline.mapping import MapOptions


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"threshold": 1.5}, r"threshold: a probability is never 1\.5"),
        ({"threshold": float("nan")}, "a probability is never nan"),
        ({"window": 0}, "windows of 0 pixels"),
        ({"halo": -1}, "a halo of -1"),
        ({"minimum_area_m2": -1.0}, r"minimum_area_m2: an area is never -1\.0"),
        ({"minimum_hole_m2": float("nan")}, "minimum_hole_m2: an area is never nan"),
        ({"smoothing": 6}, "smoothing: corners are not cut 6 times"),
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        MapOptions(**wrong)


def test_options_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        MapOptions().threshold = 0.7  # type: ignore[misc]


def test_the_threshold_is_the_models_unless_told_otherwise() -> None:
    model: Any = SimpleNamespace(threshold=0.42)
    assert MapOptions().threshold_of(model) == 0.42
    assert MapOptions(threshold=0.0).threshold_of(model) == 0.0


@pytest.mark.parametrize("name", ["minimum_area_m2", "minimum_hole_m2"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0])
def test_an_area_that_cannot_be_is_refused(name: str, value: float) -> None:
    with pytest.raises(MappingError, match=name):
        MapOptions(**{name: value})
