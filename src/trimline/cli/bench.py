"""`trimline bench`: what trimline is measured by."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from trimline.cli.own_options import finite


def bench(
    what: Annotated[str, typer.Argument(help="A benchmark's name, or 'all'.")] = "all",
    size: Annotated[
        int | None,
        typer.Option(
            min=64, help="Side of the simulated scene [pixels]; 512 for read, 1024 for map.", show_default=False
        ),
    ] = None,
    network: Annotated[str, typer.Option(help="map, train: the network.")] = "unet",
    tile: Annotated[int, typer.Option(min=16, help="train: side of a tile [pixels].")] = 128,
    batch: Annotated[int, typer.Option(min=1, help="train: tiles per step.")] = 8,
    device: Annotated[str | None, typer.Option(help="map, train: cpu or cuda; cuda where there is one.")] = None,
    peers: Annotated[bool, typer.Option(help="map: measure MONAI and overlapping tiles too.")] = True,
    glacier: Annotated[
        float, typer.Option(callback=finite, min=0, max=0.2, help="map: share of glacier in the scene, at most.")
    ] = 0.05,
    quick: Annotated[bool, typer.Option("--quick", help="A small form, within three minutes.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Measure trimline against what people use now, in one run on this machine; ratios come first."""
    from importlib import import_module
    from inspect import signature

    from trimline.bench import BENCHMARKS
    from trimline.cli.results import print_json, print_table
    from trimline.errors import TrimlineError

    if what != "all" and what not in BENCHMARKS:
        raise TrimlineError(f"there is no benchmark '{what}'", remedy=f"there are {', '.join(BENCHMARKS)} and all")
    names = list(BENCHMARKS) if what == "all" else [what]
    options = {
        "network": network,
        "tile": tile,
        "batch": batch,
        "device": device,
        "peers": peers,
        "glacier": glacier,
        "quick": quick,
    }
    if size is not None:
        options["size"] = size
    figures: dict[str, dict[str, Any]] = {}
    for name in names:
        module = import_module(f"trimline.bench.{name}")
        measure = module.measure
        taken = signature(measure).parameters
        figures[name] = measure(**{key: value for key, value in options.items() if key in taken})
        if not json:
            columns, rows = (
                module.table(figures[name])
                if hasattr(module, "table")
                else (["figure", "value"], [[key, f"{value:.4g}"] for key, value in figures[name].items()])
            )
            print_table(f"{name}: {BENCHMARKS[name]}", columns, rows)
    if json:
        print_json(figures if what == "all" else figures[what])
