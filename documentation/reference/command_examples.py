"""One or a few calls of each command, for the reference; a test holds that each can be parsed."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

_LANDSAT = "LC08_L1TP_139036_20180823_20200831_02_T1.tar"


class Example(NamedTuple):
    """A call, and what it does."""

    command: str
    does: str


def _of(**examples: tuple[tuple[str, str], ...]) -> Mapping[str, tuple[Example, ...]]:
    return MappingProxyType(
        {
            name: tuple(Example(f"trimline {name} {arguments}".rstrip(), does) for arguments, does in calls)
            for name, calls in examples.items()
        }
    )


EXAMPLES = _of(
    demo=(("-o runs/demo", "a simulated range, from products to a report"),),
    info=(
        (_LANDSAT, "what it is, and whether it is complete"),
        ("stack.tif --sensor sentinel-2-msi --bands blue,green,red,nir,swir1,swir2", "a stack that does not say it"),
    ),
    example=(
        ("", "the examples that there are"),
        ("vinciguerra -o inputs", "the inputs of a tutorial, into the folder inputs"),
    ),
    outline=(
        (f"{_LANDSAT} -o out", "by the weights that come along"),
        (f"{_LANDSAT} -w weights.safetensors -o out", "by your own"),
        (f"{_LANDSAT} --method band_ratio --ratio 2.0 --blue 0.1 -o out", "by a band ratio, without training"),
        ("'scenes/**/*.tar' -o outlines --json", "every scene of a pattern, each into a folder of its own"),
    ),
    align=((f"{_LANDSAT} inventory.gpkg --json", "how far an inventory lies off a scene [m]"),),
    search=(
        ("--list", "the known archives, and what each needs"),
        ("study.yaml --most 4 --dry-run", "what would be chosen; nothing is written"),
        ("study.yaml -o chosen.yaml", "the choice, in a file that extends the project file"),
    ),
    fetch=(
        ("study.yaml", "of the chosen scenes what meets the region"),
        ("study.yaml --scenes 2019 --skip 2019-08-21", "some of them"),
    ),
    run=(
        ("study.yaml", "up to the report; what is up to date is skipped"),
        ("study.yaml --until evaluate --set seed=3 --set 'split.by=blocks'", "up to a stage, with other values"),
        ("study.yaml --only thresholds", "one stage; those that it needs must be up to date"),
    ),
    samples=(("study.yaml --set samples.tile=64", "tiles of another size"),),
    train=(("study.yaml --quick", "by the values under quick"),),
    evaluate=(("study.yaml --json", "the scores as JSON"),),
    map=(
        ("study.yaml --align", "scenes that lie off their reference are mapped where they belong"),
        ("study.yaml --scheduler tcp://127.0.0.1:8786", "on the workers of a dask cluster"),
    ),
    timeline=(("study.yaml", "one set of outlines per period"),),
    report=(("study.yaml --force", "all stages anew, then the report"),),
    release=(("study.yaml --wait 60", "waits up to a minute for another run of the project to end"),),
    change=(
        ("outlines_1966.gpkg outlines_1998.gpkg outlines_2015.gpkg -o change", "dates are read from the names"),
        ("all_dates.gpkg --date Year --id sgi_id --pixel 15 -o change", "one file, with a column of dates"),
        ("study.yaml", "of a project: areas and change of its periods"),
    ),
    glaciers=(
        ("outlines_2015.gpkg --dem dem.tif -o glaciers", "attributes, flow lines, area by elevation and aspect"),
        ("outlines_2015.gpkg --dem dem.tif --divide --glims", "connected ice split first; Shapefiles for GLIMS too"),
    ),
    terminus=(
        ("outlines_1966.gpkg outlines_2015.gpkg --dem dem.tif -o terminus", "by all methods that fit"),
        (
            "fronts_2019.gpkg fronts_2021.gpkg --lines centre_lines.gpkg --date 2019-07-01 --date 2021-08-15",
            "of lines drawn along the fronts",
        ),
    ),
    edits=(
        ("study.yaml --create", "an empty layer, and a QGIS project beside it"),
        ("study.yaml --check", "all problems; exit code 2 if there are any"),
        (
            'study.yaml --add lake.gpkg --operation remove --period 2004/.. --author "Your Name" --reason "a lake"',
            "edits from a file",
        ),
        ('study.yaml --revert 3f2a --author "Your Name" --reason "it is ice after all"', "an edit undone"),
    ),
    review=(
        ("study.yaml", "opens a page on this machine"),
        ("out --no-open --port 8750", "of the folder that outline wrote, without opening a browser"),
    ),
    export=(("weights.safetensors model.onnx", "for QGIS, R, any ONNX runtime, and trimline without PyTorch"),),
    simulate=(
        ("range --date 1988-08-20 --date 2018-08-23 --size 256", "Landsat 8 over a range of 7.7 km on a side"),
        ("range --sensor sentinel-2-msi --resolution 10 --size 480 --format safe", "Sentinel-2 as ESA's folder"),
    ),
    networks=(("--json", "names, sizes and sources as JSON"),),
    bench=(("map --quick", "one benchmark in its small form"),),
)
"""Examples by the name of the command, in the order in which they are shown."""
