"""A method is one thing: a network to train, given weights, or a spectral index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimline.errors import ProjectError
from trimline.project import Method, Project, load_project
from trimline.project.method import NOT_TRAINED

Write = Callable[..., Path]


def project_with(write: Write, *methods: Any) -> Project:
    return load_project(write(methods=list(methods)))


def test_a_method_is_named_after_what_it_is(write: Write) -> None:
    project = project_with(
        write,
        "unet",
        {"weights": "default"},
        {"weights": "mine/light.onnx"},
        {"ratio": 2.0},
        {"ndsi": 0.4},
        {"name": "strict", "ratio": 3.1, "numerator": "nir", "blue": 0.1, "filter": 0},
        {"start": "default"},
    )
    names = ["unet", "default", "light", "band_ratio", "ndsi", "strict", "default_tuned"]
    assert [each.name for each in project.methods] == names
    assert [each.is_trained for each in project.methods] == [True, False, False, False, False, False, True]
    assert project.learns
    assert [project.method_bands(each) for each in project.methods[1:-1]] == [
        (),
        (),
        ("red", "swir1"),
        ("green", "swir1"),
        ("nir", "swir1", "blue"),
    ]
    assert not project_with(write, {"ratio": 2.0}, {"weights": "default"}).learns


def test_weights_are_a_file_beside_the_project_or_those_that_come_along(write: Write, tmp_path: Path) -> None:
    write("deep/base.yaml", methods=[{"name": "a", "weights": "default"}, {"name": "b", "weights": "b.onnx"}])
    project = load_project(write(extends="deep/base.yaml"), ["methods.a.blue=null"])
    assert [each.weights for each in project.methods] == ["default", tmp_path / "deep" / "b.onnx"]
    changed = load_project(write(extends="deep/base.yaml"), ["methods.a.weights=c.onnx"])
    assert changed.methods[0].weights == tmp_path / "c.onnx"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "a"}, "weights to start from, weights, a ratio or an ndsi; it has none of them"),
        ({"network": "unet", "ratio": 2.0}, "it has network and ratio"),
        ({"weights": "default", "ndsi": 0.4}, "it has weights and ndsi"),
        ({"network": "unet", "blue": 0.1}, "blue is of a method with ratio or ndsi, and this one has network"),
        ({"weights": "default", "filter": 3}, "filter is of a method with ratio or ndsi, and this one has weights"),
        ({"ndsi": 0.4, "numerator": "nir"}, "numerator is of a method with ratio, and this one has ndsi"),
        ({"ratio": 2.0, "recipe": "paper"}, "recipe is of a method with network or start, and this one has ratio"),
        ({"ratio": 2.0, "bands": ["red"]}, "bands is of a method with network"),
        ({"start": "default", "network": "unet"}, "it has network and start"),
        ({"start": "default", "bands": ["red"]}, "bands is of a method with network, and this one has start"),
        ({"start": "default", "arguments": {"widths": [4]}}, "arguments is of a method with network"),
        ({"ratio": 2.0, "filter": 4}, "the window of the filter is 4 pixels"),
        ({"ratio": 0}, "methods.0.ratio"),
        ({"ndsi": 1.0}, "methods.0.ndsi"),
        ({"ratio": 2.0, "blue": -0.1}, "methods.0.blue"),
        ({"ratios": 2.0, "name": "a"}, "did you mean 'ratio'"),
    ],
)
def test_what_is_not_one_thing_is_refused(write: Write, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError) as error:
        project_with(write, given)
    assert message in str(error.value)


@pytest.mark.parametrize(
    "given",
    ["unet", {"weights": "default"}, {"ratio": 2.0, "blue": 0.1}, {"ndsi": 0.3}, {"start": "default", "name": "a"}],
)
def test_a_method_that_was_written_out_is_read_again(given: Any) -> None:
    method = Method.model_validate(given)
    assert Method.model_validate(method.model_dump(mode="json")) == method


def test_what_decides_a_training_does_not_know_of_methods_without_one() -> None:
    """Studies that were trained before there were such methods are not trained again."""
    dumped = Method.model_validate("unet").model_dump(mode="json", exclude={*NOT_TRAINED, "start"})
    assert set(dumped) == {"name", "network", "arguments", "bands", "recipe"}


def test_weights_to_start_from_are_trained_by_their_own_preset() -> None:
    method = Method.model_validate({"start": "default"})
    assert (method.recipe.base, method.recipe.batch_norm, method.recipe.indices) == ("fine_tune", "kept", ())
    changed = Method.model_validate({"start": "default", "recipe": {"epochs": 2}})
    assert (changed.recipe.base, changed.recipe.epochs, changed.recipe.learning_rate) == ("fine_tune", 2, 3e-5)
    assert Method.model_validate({"start": "default", "recipe": "paper"}).recipe.base == "paper"
