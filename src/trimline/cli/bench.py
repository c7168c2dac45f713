"""`trimline bench`: what trimline is measured by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimline.bench import BENCHMARKS
from trimline.cli.own_options import finite

FAILED = 1
"""Exit code where a benchmark gave no figures, or fell behind."""


def bench(
    what: Annotated[str, typer.Argument(help=f"A benchmark, or all: {', '.join(BENCHMARKS)}.")] = "all",
    size: Annotated[
        int | None,
        typer.Option(
            min=64, help="Side of the simulated scene [pixels]; 4096 for read, 1024 for map.", show_default=False
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
    against: Annotated[
        Path | None,
        typer.Option(help="Folder of kept results: name what fell behind them by more than 20 %; exit code 1."),
    ] = None,
    record: Annotated[
        Path | None, typer.Option(help="Folder that keeps results, and the page of them: put these there.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Measure trimline against what people use now, in one run on this machine; ratios come first."""
    from trimline.bench.running import behind, measured, record_results
    from trimline.cli.results import print_json
    from trimline.errors import TrimlineError

    if what != "all" and what not in BENCHMARKS:
        raise TrimlineError(f"there is no benchmark '{what}'", remedy=f"there are {', '.join(BENCHMARKS)} and all")
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
    found = measured(list(BENCHMARKS) if what == "all" else [what], options)
    figures: dict[str, dict[str, float]] = {}
    failed = False
    for name, result in found:
        if isinstance(result, TrimlineError):
            if what != "all":
                raise result
            failed = True
            typer.echo(f"{name}: {result}", err=True)
            continue
        figures[name] = result
        if not json:
            _print(name, result)
    if json:
        print_json(figures if what == "all" else figures[what])
    lost = [] if against is None else behind(against, figures, quick=quick)
    for loss in lost:
        typer.echo(f"fell behind by more than 20 %: {loss}", err=True)
    if record is not None:
        record_results(record, figures, quick=quick)
    if failed or lost:
        raise typer.Exit(FAILED)


def _print(name: str, figures: dict[str, float]) -> None:
    from importlib import import_module

    from trimline.cli.results import print_table

    module = import_module(f"trimline.bench.{name}")
    columns, rows = (
        module.table(figures)
        if hasattr(module, "table")
        else (["figure", "value"], [[key, f"{value:.4g}"] for key, value in figures.items()])
    )
    print_table(f"{name}: {BENCHMARKS[name]}", columns, rows)
