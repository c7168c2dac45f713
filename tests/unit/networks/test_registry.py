"""What the registry says of the networks is what they are, and saying it takes no PyTorch."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest
import torch

from trimline.errors import NetworkError
from trimline.networks import NETWORKS, build, check_arguments, parameter_count
from trimline.networks.registry import COUNTED_BANDS, COUNTED_CLASSES


@pytest.mark.parametrize("name", NETWORKS)
def test_the_record_is_that_of_the_built_network(name: str) -> None:
    spec = NETWORKS[name]
    with torch.device("meta"):
        network = build(name, COUNTED_BANDS, COUNTED_CLASSES)
    recorded = (spec.parameters, spec.stride, spec.receptive_field, spec.halo, spec.bounded)
    built = (parameter_count(network), network.stride, network.receptive_field, network.halo, network.bounded)
    assert recorded == built


@pytest.mark.parametrize("name", NETWORKS)
def test_the_recorded_arguments_are_those_of_the_class(name: str) -> None:
    module, _, class_name = NETWORKS[name].implementation.partition(":")
    parameters = inspect.signature(getattr(import_module(module), class_name)).parameters
    own = {key: each.default for key, each in parameters.items() if key not in ("bands", "classes")}
    recorded = NETWORKS[name].arguments
    assert list(recorded) == list(own)
    # LandsNet and M-LandsNet share a class, whose dilations therefore have no default.
    assert {key: recorded[key] for key, default in own.items() if default is not inspect.Parameter.empty} == {
        key: default for key, default in own.items() if default is not inspect.Parameter.empty
    }


def test_an_unknown_argument_is_found_without_building() -> None:
    assert check_arguments("unet", {"widths": [2, 4]}).title == "U-Net"
    with pytest.raises(NetworkError, match="U-Net has no argument 'width'; did you mean 'widths'"):
        check_arguments("unet", {"width": [2, 4]})


@pytest.mark.parametrize("name", NETWORKS)
def test_the_defaults_of_every_argument_are_within_its_bounds(name: str) -> None:
    assert check_arguments(name, NETWORKS[name].arguments) is NETWORKS[name]


@pytest.mark.parametrize("name", ["bands", "classes", "name"])
def test_what_the_file_decides_is_no_argument_of_a_network(name: str) -> None:
    with pytest.raises(NetworkError, match=f"no argument '{name}'"):
        build("unet", 6, **{name: 1_000_000_000})
