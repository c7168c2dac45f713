"""`trimline outline`: products in, outlines out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from trimline.cli.own_options import Nodata, Offset, Scale, finite

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.scenes import Scene

MethodName = Literal["network", "band_ratio", "ndsi"]
NumeratorName = Literal["red", "nir"]
CloudsName = Literal["auto", "keep", "quality", "learned"]
Precision = Literal["auto", "bf16", "fp32"]
Engine = Literal["auto", "openvino", "torch"]

_LOG = logging.getLogger(__name__)


def outline(
    scenes: Annotated[
        list[str],
        typer.Argument(
            metavar="SCENE...",
            help="Product folders, archives, MTL files or rasters; or patterns, as 'scenes/**/*.tar'.",
        ),
    ],
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights",
            "-w",
            help="A model file, .safetensors or .onnx; by default the weights that come along.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            help="Folder to write into, where each of several scenes gets its own; by default <scene>_outlines.",
        ),
    ] = None,
    method: Annotated[
        MethodName,
        typer.Option(help="What maps: a network with its weights, or a spectral index, which needs no training."),
    ] = "network",
    ratio: Annotated[
        float | None,
        typer.Option(
            callback=finite, help="Of the band ratio: ice is where red / SWIR 1 is larger.", show_default="2.0"
        ),
    ] = None,
    numerator: Annotated[
        NumeratorName | None,
        typer.Option(help="Of the band ratio: the band that is divided by SWIR 1.", show_default="red"),
    ] = None,
    ndsi: Annotated[
        float | None, typer.Option(callback=finite, help="Of the NDSI: ice is where it is larger.", show_default="0.4")
    ] = None,
    blue: Annotated[
        float | None,
        typer.Option(
            callback=finite,
            help="Of an index: ice is brighter than this in blue [reflectance], which cuts cast shadow off.",
        ),
    ] = None,
    filter_pixels: Annotated[
        int | None,
        typer.Option(
            "--filter",
            help="Of an index: side of the window of an opening and a closing [pixels], odd; 0 for none.",
            show_default="5",
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(callback=finite, help="Probability from which on a pixel is ice; by default that of the weights."),
    ] = None,
    minimum_area_km2: Annotated[
        float, typer.Option(callback=finite, min=0, help="Smaller outlines are left out.")
    ] = 0.01,
    minimum_hole_km2: Annotated[float, typer.Option(callback=finite, min=0, help="Smaller holes are filled.")] = 0.0,
    smoothing: Annotated[
        int, typer.Option(min=0, max=5, help="How often corners of outlines are cut; 0 follows the pixels.")
    ] = 0,
    screen: Annotated[
        bool, typer.Option(help="Show the network only ground near what could be snow or ice by its spectrum.")
    ] = True,
    clouds: Annotated[
        CloudsName,
        typer.Option(
            help="What tells cloud and shadow, which are not seen: quality flags, overruled where a network is sure of "
            "ice; flags as they are; a network's classes; or nothing."
        ),
    ] = "auto",
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
    scale: Scale = None,
    offset: Offset = None,
    nodata: Nodata = None,
    date: Annotated[str | None, typer.Option(help="Day of the acquisition, where the product does not say.")] = None,
    align: Annotated[
        Path | None,
        typer.Option(
            metavar="REFERENCE",
            help="A product of the same place: scenes that lie off it are mapped there. What is said of stacks holds "
            "for it where it does not say it itself.",
        ),
    ] = None,
    inventory: Annotated[
        Path | None,
        typer.Option(help="Glacier outlines of any date: snow beyond them is measured."),
    ] = None,
    dem: Annotated[
        Path | None,
        typer.Option(
            help="Elevation: tells ice in terrain shadow apart and, without an inventory, measures snow below ice."
        ),
    ] = None,
    snow_limit: Annotated[
        float,
        typer.Option(
            callback=finite, min=0, max=1, help="Share of the ground off the glaciers under snow that is warned of."
        ),
    ] = 0.2,
    sheet: Annotated[
        Path | None,
        typer.Option(help="A PNG to write: each scene in false colour, with its outlines, and as surface classes."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as one JSON object; of several scenes a list of them.")
    ] = False,
) -> None:
    """Map the glaciers of scenes: probability and mask as GeoTIFF, outlines as GeoPackage.

    Several scenes each get a folder; one that fails does not stop the others, and ends the call with exit code 1.
    """
    # What is wrong with the options, the weights or the product is said before anything heavy is imported.
    from trimline.cli.aligning import aligned
    from trimline.cli.outlining import Outlining, find_scenes
    from trimline.inference import read_metadata
    from trimline.mapping import MapOptions
    from trimline.mapping.snow_file import SnowReference
    from trimline.scenes import open_scene, open_unsaid

    options = MapOptions(
        threshold=threshold,
        window=window,
        screen=screen,
        clouds=clouds,
        minimum_area_m2=minimum_area_km2 * 1e6,
        minimum_hole_m2=minimum_hole_km2 * 1e6,
        smoothing=smoothing,
        precision=precision,
        engine=engine,
    )
    given = {"ratio": ratio, "numerator": numerator, "ndsi": ndsi, "blue": blue, "filter": filter_pixels}
    given = {key: value for key, value in given.items() if value is not None}
    _check_belongs(method, given, weights=weights, threshold=threshold)
    model = _index_model(method, given)
    if weights is not None:
        read_metadata(weights)
    snow = SnowReference(inventory, dem)
    if sheet is not None and sheet.suffix.lower() != ".png":
        raise typer.BadParameter(f"--sheet: {sheet.name} is no PNG; name it {sheet.stem}.png")
    paths, several = find_scenes(scenes)
    names = bands.split(",") if bands else None
    said = {"sensor": sensor, "bands": names, "scale": scale, "offset": offset, "nodata": nodata, "date": date}

    def opened(path: Path) -> Scene:
        scene = open_scene(path, sensor=sensor, bands=names, scale=scale, offset=offset, nodata=nodata, date=date)
        snow.check(scene)
        return scene if reference is None else aligned(scene, reference, inventory)

    reference = None
    if align is not None:
        reference = open_unsaid(align, sensor=sensor, bands=names, scale=scale, offset=offset, nodata=nodata)
    only = None if several else opened(paths[0])
    if model is None:
        from trimline.weights import SHIPPED_NOTE, shipped_weights

        if weights is None:
            weights = shipped_weights()
            _LOG.warning("no weights given: %s", SHIPPED_NOTE)
        model = options.load_model(weights)
    outlining = Outlining(opened, model, weights, options, as_json, snow, snow_limit, sheet, said)
    if only is not None:
        outlining.one(only, out)
    else:
        outlining.several(paths, out)


_TAKEN_BY = {"network": (), "band_ratio": ("ratio", "numerator", "blue", "filter"), "ndsi": ("ndsi", "blue", "filter")}
"""The options that a method has for itself."""


def _check_belongs(method: MethodName, given: dict[str, Any], *, weights: Path | None, threshold: float | None) -> None:
    """Refuse an option that the method would not look at.

    Raises
    ------
    typer.BadParameter
        An option belongs to another method.
    """
    for name in given:
        if name not in _TAKEN_BY[method]:
            owners = " or ".join(f"--method {each}" for each, taken in _TAKEN_BY.items() if name in taken)
            raise typer.BadParameter(f"--{name} is an option of {owners}")
    if method != "network" and weights is not None:
        raise typer.BadParameter(f"--weights: --method {method} has no weights; leave one of them out")
    if method != "network" and threshold is not None:
        own = "ratio" if method == "band_ratio" else "ndsi"
        raise typer.BadParameter(f"--threshold is of a probability; that of --method {method} is --{own}")


def _index_model(method: MethodName, given: dict[str, Any]) -> Model | None:
    """Return the spectral index that was asked for; None for a network."""
    if method == "network":
        return None
    from trimline.inference import ndsi_model, ratio_model

    return ratio_model(**given) if method == "band_ratio" else ndsi_model(**given)
