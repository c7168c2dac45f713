"""The reference of tables is true: a study that writes nearly all of them has exactly the columns that stand there."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyogrio
import pytest
import shapely
import yaml

from trimline.outlines import append_edits, read_edits
from trimline.project import load_project
from trimline.report.written_table import WrittenTable
from trimline.report.written_tables import WRITTEN
from trimline.study import run_study

pytestmark = pytest.mark.slow  # `make test-docs` runs it

DATES = {"1986-1988": ("LT05", "19880820"), "2016-2018": ("LC08", "20180823"), "2019-2021": ("LC08", "20210815")}
STUDY: dict[str, Any] = {
    "name": "tables",
    "output": "out",
    "seed": 3,
    "authors": [{"name": "A group"}],
    "license": "CC-BY-4.0",
    "periods": [{"name": name, "first": int(name[:4]), "last": int(name[5:])} for name in DATES],
    "dem": "${output}/simulated/range/dem.tif",
    "inventory": "${output}/simulated/range/outlines_19880820.gpkg",
    "simulate": [
        {
            "name": "range",
            "size": 160,
            "seed": 7,
            "scenes": [
                {"date": "1988-08-20", "sensor": "landsat-5-tm"},
                {"date": "2018-08-23", "sensor": "landsat-8-oli"},
                {"date": "2021-08-15", "sensor": "landsat-8-oli"},
            ],
        },
        {
            "name": "fine",
            "size": 384,
            "resolution_m": 10,
            "seed": 7,
            "scenes": [
                {"date": "2018-08-23", "sensor": "landsat-8-oli"},
                {"date": "2018-08-23", "sensor": "sentinel-2-msi"},
            ],
        },
    ],
    "scenes": [
        *(
            {
                "id": f"S{date[:4]}",
                "path": f"${{output}}/simulated/range/{sensor}_L1TP_139036_{date}_20200917_02_T1",
                "truth": f"${{output}}/simulated/range/outlines_{date}.gpkg",
                "period": period,
                "reference": True,
            }
            for period, (sensor, date) in DATES.items()
        ),
        *(
            {
                "id": name,
                "path": f"${{output}}/simulated/fine/{path}",
                "truth": "${output}/simulated/fine/outlines_20180823.gpkg",
            }
            for name, path in (("S2", "S2_20180823.tif"), ("LC", "LC08_*_20180823_*"))
        ),
    ],
    "samples": {"tile": 32},
    "map": {"minimum_area_km2": 0.05, "scenes": list(DATES)},
    "thresholds": [1.5, 2.0],
    "methods": [{"ratio": 2.0}],
    "evaluate": {"scenes": ["S1988", "S2018"]},
    "experiments": [
        {
            "name": name,
            "scenes": [scene],
            "samples": {"tile": tile},
            "split": {"by": "blocks", "test": 0.5, "validation": 0},
        }
        for name, scene, tile in (("fine", "S2", 48), ("coarse", "LC", 16))
    ],
    "sensors": {"experiments": ["fine", "coarse"], "method": "band_ratio"},
    "change": {"inventory_period": "1986-1988", "breaks": ["2016-2018"], "published": "published.csv"},
}

ELSEWHERE = {
    "training/<method>/history.csv": "written of networks; held by tests/integration/test_training.py",
    "training/<method>/thresholds.csv": "written by a search; held by tests/unit/training/test_search.py",
    "edits.gpkg|layer=corrected_outlines": "written by the page of trimline review",
    "change/repairs.csv": "written of outlines that one has already",
    "glaciers/glims/glims_images.shp": "written where footprints are given",
}
"""Tables that this study does not write."""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    (folder / "study.yaml").write_text(yaml.safe_dump(STUDY))
    (folder / "published.csv").write_text("region,year,area_km2,source\nregion,1988,7.5,A paper (2001)\n")
    project = load_project(folder / "study.yaml")
    run_study(project)
    edit = {"operation": "add", "period": "1986-1988", "glac_id": "new", "author": "A", "time": "2026-01-01"}
    square = shapely.box(501_000, 3_796_000, 501_300, 3_796_300)
    append_edits(project.edits_file, gpd.GeoDataFrame([{**edit, "geometry": square}], crs=32646))
    run_study(project, until="release")
    return folder / "out"


def heads_in(output: Path) -> dict[str, list[str]]:
    """Return the columns of every table and layer of an output that the reference should have."""
    found: dict[str, list[str]] = {}
    for path in sorted(output.rglob("*")):
        name = path.relative_to(output).as_posix()
        if name.startswith(("simulated/", "stages/", "experiments/", "report/")):
            continue
        if name.startswith("release/") and path.name != "columns.csv":
            continue  # the tables of other stages again
        if path.suffix == ".csv":
            with path.open(encoding="utf-8", newline="") as stream:
                found[name] = next(csv.reader(stream))
        elif path.suffix in (".gpkg", ".shp"):
            for layer, _ in pyogrio.list_layers(path):
                label = name if layer == path.stem or path.suffix == ".shp" else f"{name}|layer={layer}"
                found[label] = list(pyogrio.read_info(path, layer=layer)["fields"])
    return found


def described(name: str) -> WrittenTable | None:
    """Return what the reference says of a file."""
    for written in WRITTEN:
        if re.fullmatch(re.sub(r"<\w+>", "[^/]+", re.escape(written.path)), name):
            return written
    return None


def test_every_table_and_layer_has_the_columns_that_the_reference_says(output: Path) -> None:
    found = heads_in(output)
    assert len(found) > 45
    seen = set()
    for name, heads in found.items():
        written = described(name)
        assert written is not None, f"{name} is not described: add it to trimline.report.written_tables"
        seen.add(written.path)
        expected = [each for each in written.columns if each in heads or each not in written.optional]
        assert heads == expected, name
    assert {written.path for written in WRITTEN} - seen == set(ELSEWHERE)


def test_values_are_of_the_types_that_the_reference_says(output: Path) -> None:
    import pandas as pd

    checked = 0
    for name in heads_in(output):
        written = described(name)
        if written is None or not name.endswith(".csv"):
            continue
        values = pd.read_csv(output / name)
        for column in values.columns:
            known = values[column].dropna()
            if known.empty:
                continue
            checked += 1
            kind = written.kind(column)
            if kind in ("number", "count"):
                assert pd.api.types.is_numeric_dtype(known), f"{name}: {column} is {kind}, and holds {known.iloc[0]!r}"
            if kind == "count":
                assert (known % 1 == 0).all(), f"{name}: {column} is a count"
            if kind == "true or false":
                assert known.isin((True, False)).all(), f"{name}: {column}"
    assert checked > 200


def test_edits_are_read_as_they_are_described(output: Path) -> None:
    assert [*read_edits(output / "edits.gpkg").columns][:-1] == list(described("edits.gpkg").columns)  # type: ignore[union-attr]
