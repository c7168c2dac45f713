"""`trimline networks`: the networks, their sizes and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trimline.networks import Network

BANDS, CLASSES = 7, 2
"""Of the networks that are counted: seven bands of Landsat in, ground and ice out, as in the published tables."""

TILE = 256
"""Side of the image whose way through the layers is shown [pixels]."""


def networks(
    name: Annotated[str | None, typer.Argument(help="A network's name, to see its layers.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """List the networks; parameters are for 7 bands and 2 classes."""
    import torch

    from trimline.cli.results import print_json, print_table
    from trimline.networks import NETWORKS, build, get_network

    chosen = [get_network(name)] if name else list(NETWORKS.values())
    with torch.device("meta"):  # layers without weights: nothing is allocated or drawn
        built = {spec.name: build(spec.name, BANDS, CLASSES) for spec in chosen}
    facts = {spec.name: _facts(built[spec.name], spec.title, spec.source) for spec in chosen}
    if json:
        print_json(facts)
        return
    rows = [
        [key, fact["title"], f"{fact['parameters']:,}", _field(fact["receptive_field_px"]), fact["source"]]
        for key, fact in facts.items()
    ]
    print_table("Networks", ["name", "title", "parameters", "receptive field", "source"], rows)
    if name:
        rows = [[layer, kind, shape, f"{count:,}"] for layer, kind, shape, count in _layers(built[name])]
        arguments = ", ".join(f"{key}={value!r}" for key, value in get_network(name).arguments.items())
        print_table(
            f"Layers of {name} ({arguments}); output for {TILE} x {TILE} pixels",
            ["layer", "what", "output", "parameters"],
            rows,
        )


def _facts(network: Network, title: str, source: str) -> dict[str, Any]:
    from trimline.networks import parameter_count

    return {
        "parameters": parameter_count(network),
        "receptive_field_px": network.receptive_field,
        "source": source,
        "stride_px": network.stride,
        "title": title,
    }


def _field(pixels: int | None) -> str:
    return "whole tile" if pixels is None else f"{pixels} px"


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
    network.supervised(torch.zeros(1, BANDS, TILE, TILE, device="meta"))
    layers = []
    for name, each in network.named_modules():
        for own, parameter in each.named_parameters(recurse=False):
            if list(each.children()) or not name:
                layers.append((f"{name}.{own}".removeprefix("."), "Parameter()", "", parameter.numel()))
        if name and not list(each.children()):
            count = sum(parameter.numel() for parameter in each.parameters())
            layers.append((name, str(each), shapes.get(name, ""), count))
    return layers
