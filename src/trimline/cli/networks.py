"""`trimline networks`: the networks, their sizes and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from trimline.networks import Network

BANDS, CLASSES = 7, 2
"""Of the networks that are counted: seven bands of Landsat in, ground and ice out, as in the published tables."""


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
        rows = [[layer, kind, f"{count:,}"] for layer, kind, count in _layers(built[name])]
        arguments = ", ".join(f"{key}={value!r}" for key, value in get_network(name).arguments.items())
        print_table(f"Layers of {name} ({arguments})", ["layer", "what", "parameters"], rows)


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


def _layers(network: Network) -> list[tuple[str, str, int]]:
    """Return name, description and parameters of every layer, or of the network itself where it has none."""
    leaves = [(name, each) for name, each in network.named_modules() if not list(each.children())]
    return [
        (name or "threshold", str(each), sum(parameter.numel() for parameter in each.parameters()))
        for name, each in leaves
    ]
