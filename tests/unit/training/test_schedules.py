"""How the learning rate moves."""

from __future__ import annotations

import pytest

from trimline.project.recipe import Schedule
from trimline.training.schedules import learning_rate_factor


def test_the_papers_rate_is_divided_by_ten_every_ten_epochs() -> None:
    factor = learning_rate_factor(Schedule(kind="step", every_epochs=10, factor=0.1), 7, 80)
    assert factor(0) == factor(69) == 1.0
    assert factor(70) == pytest.approx(0.1)
    assert factor(139) == pytest.approx(0.1)
    assert factor(140) == pytest.approx(0.01)


def test_one_cycle_rises_to_one_and_falls_to_almost_nothing() -> None:
    factor = learning_rate_factor(Schedule(kind="one_cycle", warm_up=0.25), 10, 10)
    values = [factor(step) for step in range(100)]
    assert values[0] == pytest.approx(1 / 25)
    assert max(values) == values[25] == pytest.approx(1.0)
    assert values[:26] == sorted(values[:26])
    assert values[25:] == sorted(values[25:], reverse=True)
    assert values[-1] == pytest.approx(1e-4)


def test_a_run_of_one_step_has_a_rate() -> None:
    assert learning_rate_factor(Schedule(kind="one_cycle"), 1, 1)(0) > 0


def test_constant_is_constant() -> None:
    factor = learning_rate_factor(Schedule(kind="constant"), 3, 3)
    assert {factor(step) for step in range(9)} == {1.0}
