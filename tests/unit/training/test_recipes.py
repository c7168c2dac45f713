"""The presets are what their names say, and a recipe may differ from one in single keys."""

from __future__ import annotations

from typing import get_args

import pytest
from pydantic import ValidationError

from trimline.project.recipe import Recipe


def test_the_paper_recipe_is_the_papers() -> None:
    paper = Recipe.preset("paper")
    assert (paper.optimiser, paper.learning_rate, paper.batch_size, paper.epochs) == ("adam", 1e-3, 4, 80)
    assert (paper.schedule.kind, paper.schedule.every_epochs, paper.schedule.factor) == ("step", 10, 0.1)
    assert (paper.patience, paper.select, paper.threshold) == (10, "accuracy", "half")
    assert (paper.units, paper.normalise, paper.indices) == ("dn", False, ())
    assert dict(paper.loss) == {"cross_entropy": 1.0}
    assert paper.augmentation.flips_and_rotations
    assert paper.augmentation.gain == paper.augmentation.blur == 0.0


def test_the_sentinel_papers_recipe_is_the_papers() -> None:
    paper = Recipe.preset("paper_sentinel")
    assert (paper.optimiser, paper.learning_rate, paper.batch_size) == ("adam", 1e-3, 8)
    assert (paper.schedule.kind, paper.schedule.every_epochs, paper.schedule.factor) == ("exponential", 1, 0.9)
    assert dict(paper.loss) == {"focal": 1.0}
    assert paper.focal.gamma == 2.0
    assert paper.augmentation.flips_and_rotations
    assert min(paper.augmentation.blur, paper.augmentation.gain, paper.augmentation.offset) > 0


def test_offsets_of_the_strong_recipe_are_a_tenth_of_a_bands_spread() -> None:
    assert Recipe.preset("strong").augmentation.offset == 0.1


def test_a_preset_by_name_is_the_preset() -> None:
    assert Recipe.model_validate("paper") == Recipe.preset("paper")
    assert Recipe.model_validate({}) == Recipe.preset("strong")


def test_one_changed_key_leaves_its_neighbours() -> None:
    changed = Recipe.preset("strong", augmentation={"blur": 0.0})
    expected = Recipe.preset("strong").augmentation
    assert changed.augmentation.blur == 0.0
    assert changed.augmentation.scale == expected.scale
    assert changed.augmentation.gain == expected.gain


def test_a_recipe_survives_being_written_and_read() -> None:
    recipe = Recipe.preset("strong", epochs=3)
    assert Recipe.model_validate(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize("base", get_args(Recipe.model_fields["base"].annotation))
def test_every_base_is_a_preset(base: str) -> None:
    assert Recipe.preset(base).base == base
    assert Recipe.preset(base) != Recipe.preset(base, epochs=3)


def test_the_focal_loss_is_set_key_by_key() -> None:
    recipe = Recipe.preset("paper_sentinel", focal={"alpha": 0.25}, loss={"focal": 1.0, "dice": 0.5})
    assert (recipe.focal.gamma, recipe.focal.alpha) == (2.0, 0.25)
    assert dict(recipe.loss) == {"focal": 1.0, "dice": 0.5}


@pytest.mark.parametrize(
    "wrong",
    [
        {"epoch": 3},
        {"base": "weak"},
        {"learning_rate": 0},
        {"loss": {"hinge": 1.0}},
        {"loss": {"focal": 0.0}},
        {"focal": {"gamma": -1.0}},
        {"focal": {"alpha": 1.0}},
        {"schedule": {"kind": "zigzag"}},
        {"schedule": {"kind": "exponential", "factor": 1.0}},
        {"schedule": {"kind": "cosine", "warm_up": 1.0}},
        {"loss": {}},
        {"augmentation": {"scale": (1.2, 0.8)}},
        {"augmentation": {"scale": (0.0, 1.0)}},
    ],
)
def test_what_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Recipe.model_validate(wrong)
