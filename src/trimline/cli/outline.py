"""`trimline outline`: one product in, outlines out."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

Precision = Literal["auto", "bf16", "fp32"]
Engine = Literal["auto", "openvino", "torch"]

_LOG = logging.getLogger(__name__)


def outline(
    scene: Annotated[Path, typer.Argument(metavar="SCENE", help="Product folder, archive, MTL file or raster.")],
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            "-w",
            help="A model file, .safetensors or .onnx; by default the weights that come along.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write into; by default <scene>_outlines.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Probability from which on a pixel is ice; by default that of the weights.")
    ] = None,
    minimum_area_km2: Annotated[float, typer.Option(min=0, help="Smaller outlines are left out.")] = 0.01,
    minimum_hole_km2: Annotated[float, typer.Option(min=0, help="Smaller holes are filled.")] = 0.0,
    smoothing: Annotated[
        int, typer.Option(min=0, max=5, help="How often corners of outlines are cut; 0 follows the pixels.")
    ] = 0,
    screen: Annotated[
        bool, typer.Option(help="Show the network only ground near what could be snow or ice by its spectrum.")
    ] = True,
    window: Annotated[
        int | None,
        typer.Option(min=64, help="Largest side of a window without its halo [pixels]."),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="What computes the network: OpenVINO on CPUs, PyTorch on CUDA devices.")
    ] = "auto",
    precision: Annotated[
        Precision, typer.Option(help="Arithmetic; auto takes bf16 where machine and weights allow it.")
    ] = "auto",
    bands: Annotated[
        str | None, typer.Option(help="Names of a stack's bands in order, as in blue,green,red,nir; - leaves one out.")
    ] = None,
    sensor: Annotated[str | None, typer.Option(help="Sensor of a stack, as in sentinel-2-msi.")] = None,
    scale: Annotated[float | None, typer.Option(help="Of a stack: reflectance = (DN + offset) x scale.")] = None,
    offset: Annotated[float | None, typer.Option(help="Of a stack: added to the DN before scaling.")] = None,
    nodata: Annotated[float | None, typer.Option(help="Of a stack: the DN that means nothing.")] = None,
    date: Annotated[str | None, typer.Option(help="Day of the acquisition, where the product does not say.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Map the glaciers of one scene: probability and mask as GeoTIFF, outlines as GeoPackage."""
    # What is wrong with the options, the weights or the product is said before anything heavy is imported.
    from trimline.inference import read_metadata
    from trimline.mapping import MapOptions
    from trimline.scenes import open_scene
    from trimline.weights import SHIPPED_NOTE, shipped_weights

    options = MapOptions(
        threshold=threshold,
        window=window,
        screen=screen,
        minimum_area_m2=minimum_area_km2 * 1e6,
        minimum_hole_m2=minimum_hole_km2 * 1e6,
        smoothing=smoothing,
        precision=precision,
        engine=engine,
    )
    if weights is not None:
        read_metadata(weights)
    opened = open_scene(
        scene,
        sensor=sensor,
        bands=bands.split(",") if bands else None,
        scale=scale,
        offset=offset,
        nodata=nodata,
        date=date,
    )

    from trimline.cli.results import print_json, print_table
    from trimline.mapping import map_scene
    from trimline.outlines import read_outlines

    if weights is None:
        weights = shipped_weights()
        _LOG.warning("no weights given: %s", SHIPPED_NOTE)
    model = options.load_model(weights)
    folder = Path(f"{opened.id}_outlines") if out is None else out
    written = map_scene(opened, model, folder, options=options)
    outlines = read_outlines(written.outlines)
    area = float(outlines["area_km2"].sum())
    if as_json:
        print_json(
            {
                "scene": opened.id,
                "weights": str(weights),
                "engine": model.engine.name,
                "precision": model.arithmetic,
                "outlines": len(outlines),
                "area_km2": area,
                "asked": written.asked,
                "files": {
                    "outlines": str(written.outlines),
                    "mask": str(written.mask),
                    "probability": str(written.probability),
                },
            }
        )
        return
    print_table(opened.id, ["", "outlines", "area, km2"], [["ice", str(len(outlines)), f"{area:.3f}"]])
    for path in (written.outlines, written.mask, written.probability):
        sys.stdout.write(f"{path}\n")
