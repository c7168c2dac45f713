"""`trimline simulate`: products with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trimline.cli.own_options import finite, positive


def simulate(
    out: Annotated[Path, typer.Argument(help="Folder to write into.")],
    environment: Annotated[str, typer.Option(help="cold-dry, warm-green or cloudy.")] = "cold-dry",
    sensor: Annotated[str, typer.Option(help="Sensor id, as `trimline info` prints it.")] = "landsat-8-oli",
    dates: Annotated[list[str] | None, typer.Option("--date", help="Acquisition date; may be repeated.")] = None,
    size: Annotated[int, typer.Option(help="Pixels of the DEM on a side.")] = 512,
    resolution: Annotated[float, typer.Option(callback=positive, help="Pixel of the DEM [m].")] = 30.0,
    seed: Annotated[int, typer.Option(help="Another seed is another range.")] = 0,
    rise: Annotated[
        float, typer.Option(callback=finite, help="Rise of the equilibrium line from the first date on [m/a].")
    ] = 8.0,
    form: Annotated[
        str, typer.Option("--format", help="Sentinel-2 as stack, safe (a folder) or zip (that folder as an archive).")
    ] = "stack",
    level: Annotated[str, typer.Option(help="Level of SAFE products: L1C or L2A.")] = "L1C",
    baseline: Annotated[
        str | None,
        typer.Option(help="Processing baseline of SAFE products: 02.08, 04.00 or 05.00; by date if left out."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Simulate a mountain range with glaciers, and products of a sensor over it."""
    from dataclasses import asdict

    from pydantic import ValidationError

    from trimline.cli.results import print_json, print_table
    from trimline.errors import SimulationError
    from trimline.project import SimulatedRange

    days = sorted(dates or ["2018-08-23"])
    product = {"format": form, "level": level, "baseline": baseline}
    try:
        settings = SimulatedRange.model_validate(
            {
                "name": out.resolve().name,
                "environment": environment,
                "size": size,
                "resolution_m": resolution,
                "seed": seed,
                "first_year": int(days[0][:4]),
                "rise_m_per_a": rise,
                "scenes": [{"date": day, "sensor": sensor, **product} for day in days],
            }
        )
    except (ValidationError, ValueError) as error:
        problem = error.errors()[0] if isinstance(error, ValidationError) else {"loc": ("date",), "msg": str(error)}
        key = ".".join(str(part) for part in problem["loc"])
        raise SimulationError(f"{key}: {problem['msg']}", remedy="see `trimline simulate --help`") from error
    from trimline.simulate import write_range  # slow to import: once the settings are right

    manifest = write_range(settings, out)
    if json:
        print_json(asdict(manifest))
        return
    rows = [[r.product, r.outlines, f"{r.area_km2:.3f}", f"{r.debris_km2:.3f}"] for r in manifest.scenes]
    print_table(f"Written into {out}", ["product", "true outlines", "glaciers km²", "debris-covered km²"], rows)
