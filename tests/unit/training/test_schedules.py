"""How the learning rate moves."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimline.project.recipe import Schedule
from trimline.training.schedules import learning_rate_factor

KINDS = get_args(Schedule.model_fields["kind"].annotation)


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


def test_exponential_decay_passes_through_the_steps_of_the_staircase() -> None:
    smooth = learning_rate_factor(Schedule(kind="exponential", every_epochs=2, factor=0.5), 7, 80)
    stairs = learning_rate_factor(Schedule(kind="step", every_epochs=2, factor=0.5), 7, 80)
    assert [smooth(step) for step in range(0, 140, 14)] == pytest.approx([stairs(step) for step in range(0, 140, 14)])
    ratios = {round(smooth(step + 1) / smooth(step), 9) for step in range(100)}
    assert ratios == {round(0.5 ** (1 / 14), 9)}


def test_cosine_warms_up_in_a_straight_line_and_falls_to_almost_nothing() -> None:
    factor = learning_rate_factor(Schedule(kind="cosine", warm_up=0.1), 10, 10)
    values = [factor(step) for step in range(100)]
    assert values[:10] == pytest.approx([0.1 * (step + 1) for step in range(10)])
    assert values[10:] == sorted(values[10:], reverse=True)
    assert values[10 + 89 // 2] == pytest.approx(0.5, abs=0.01)
    assert values[-1] == pytest.approx(1e-4)


@pytest.mark.parametrize("kind", ["one_cycle", "cosine"])
def test_without_warm_up_the_rate_starts_at_its_peak(kind: Any) -> None:
    assert learning_rate_factor(Schedule(kind=kind, warm_up=0.0), 10, 10)(0) == pytest.approx(1.0)


@pytest.mark.parametrize("kind", KINDS)
@given(steps=st.integers(1, 30), epochs=st.integers(1, 30), warm_up=st.floats(0, 0.99))
def test_every_rate_of_every_run_is_between_nothing_and_the_recipes(
    kind: Any, steps: int, epochs: int, warm_up: float
) -> None:
    used = {"warm_up": warm_up} if kind in ("one_cycle", "cosine") else {}
    factor = learning_rate_factor(Schedule(kind=kind, **used), steps, epochs)
    assert all(0 < factor(step) <= 1 for step in range(steps * epochs))


def test_constant_is_constant() -> None:
    factor = learning_rate_factor(Schedule(kind="constant"), 3, 3)
    assert {factor(step) for step in range(9)} == {1.0}
