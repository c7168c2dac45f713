"""`trimline networks`: the networks, their sizes and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trimline.networks import Network, NetworkSpec

TILE = 256
"""Side of the image whose way through the layers is shown [pixels]."""


def networks(
    name: Annotated[str | None, typer.Argument(help="A network's name, to see its layers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the networks; parameters are for 7 bands and 2 classes."""
    from trimline.cli.results import print_json, print_table
    from trimline.extras import require_training
    from trimline.networks import NETWORKS, get_network

    chosen = [get_network(name)] if name else list(NETWORKS.values())
    if json:
        print_json({spec.name: _facts(spec) for spec in chosen})
        return
    rows = [
        [spec.name, spec.title, f"{spec.parameters:,}", _field(spec.receptive_field), spec.source] for spec in chosen
    ]
    print_table("Networks", ["name", "title", "parameters", "receptive field", "source"], rows)
    if name:
        require_training("showing the layers of a network")
        (spec,) = chosen
        rows = [[layer, kind, shape, f"{count:,}"] for layer, kind, shape, count in _layers(_unfilled(spec))]
        arguments = ", ".join(f"{key}={value!r}" for key, value in spec.arguments.items())
        print_table(
            f"Layers of {name} ({arguments}); output for {TILE} x {TILE} pixels",
            ["layer", "what", "output", "parameters"],
            rows,
        )


def _facts(spec: NetworkSpec) -> dict[str, Any]:
    return {
        "parameters": spec.parameters,
        "receptive_field_px": spec.receptive_field,
        "source": spec.source,
        "stride_px": spec.stride,
        "title": spec.title,
    }


def _field(pixels: int | None) -> str:
    return "whole tile" if pixels is None else f"{pixels} px"


def _unfilled(spec: NetworkSpec) -> Network:
    """Return a network whose layers have shapes and no weights, so that nothing is allocated or drawn."""
    import torch

    from trimline.networks.registry import COUNTED_BANDS, COUNTED_CLASSES

    with torch.device("meta"):
        return spec.build(COUNTED_BANDS, COUNTED_CLASSES)


def _layers(network: Network) -> list[tuple[str, str, str, int]]:
    """Return name, description, output and number of parameters of every layer, and of parameters outside layers.

    The network must be on the device `meta`, where nothing is computed.
    """
    import torch

    shapes: dict[str, str] = {}

    def remember(name: str) -> Any:
        def hook(layer: Any, given: Any, output: Any) -> None:
            tensor = output[0] if isinstance(output, tuple) else output
            shapes[name] = " x ".join(str(side) for side in tensor.shape[1:])

        return hook

    for name, each in network.named_modules():
        each.register_forward_hook(remember(name))
    network.supervised(torch.zeros(1, network.bands, TILE, TILE, device="meta"))
    layers = []
    for name, each in network.named_modules():
        for own, parameter in each.named_parameters(recurse=False):
            if list(each.children()) or not name:
                layers.append((f"{name}.{own}".removeprefix("."), "Parameter()", "", parameter.numel()))
        if name and not list(each.children()):
            count = sum(parameter.numel() for parameter in each.parameters())
            layers.append((name, str(each), shapes.get(name, ""), count))
    return layers
