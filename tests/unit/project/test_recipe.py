"""A recipe says what is done: no value stands in it that nothing would look at."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trimline.project.recipe import Recipe


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schedule": {"kind": "one_cycle", "factor": 0.5}}, "no factor: only step and exponential"),
        ({"schedule": {"kind": "constant", "warm_up": 0.1}}, "no warm_up"),
        ({"schedule": {"every_epochs": 3}}, "'one_cycle' has no every_epochs"),
        ({"focal": {"gamma": 3.0}}, "no term 'focal'"),
    ],
)
def test_a_value_that_nothing_uses_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Recipe.preset("strong", **changes)


def test_another_kind_of_schedule_inherits_nothing_of_the_presets() -> None:
    recipe = Recipe.preset("paper_sentinel", schedule={"kind": "step"})
    assert (recipe.schedule.every_epochs, recipe.schedule.factor) == (10, 0.1)
    assert Recipe.preset("paper_sentinel", schedule={"factor": 0.5}).schedule.kind == "exponential"


@pytest.mark.parametrize("base", ["paper", "paper_sentinel", "strong"])
def test_what_was_written_down_is_read_again(base: str) -> None:
    recipe = Recipe.preset(base)
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe
