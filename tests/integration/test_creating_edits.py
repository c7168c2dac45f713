"""`trimline edits ... --create`: a layer to draw into and a QGIS project, of a project or the folder of one map."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import yaml
from rasterio.transform import from_origin
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import StageError
from trimline.outlines import read_edits, write_outlines

CRS = "EPSG:32646"


def map_folder(folder: Path, *shapes: shapely.Geometry) -> Path:
    """Write the folder of one map whose scene is not known."""
    folder.mkdir()
    profile = {"height": 40, "width": 40, "count": 1, "dtype": "uint8", "crs": CRS}
    grid = from_origin(500_000, 4_000_000, 30, 30)
    with rasterio.open(folder / "mask.tif", "w", driver="GTiff", transform=grid, **profile) as target:
        target.write(np.ones((1, 40, 40), np.uint8))
        target.update_tags(TRIMLINE_TIME="2018-08-23T04:30:00+00:00")
    write_outlines(gpd.GeoDataFrame(geometry=list(shapes), crs=CRS), folder / "outlines.gpkg")
    return folder


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["edits", *map(str, arguments)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_folder_of_one_map_gets_a_layer_and_a_project_and_is_told_what_to_open(tmp_path: Path) -> None:
    folder = map_folder(tmp_path / "map", shapely.box(500_100, 3_999_000, 500_700, 3_999_900))
    said = run(folder, "--create").splitlines()
    assert said[0] == f"{folder / 'edits.gpkg'}: an empty layer"
    assert said[1].startswith(f"{folder / 'edits.qgs'}: open this in QGIS")
    assert said[2].startswith("without the scene map: the map does not say which product it was made from")
    assert said[-1] == f"then: trimline edits {folder} --check, and trimline edits {folder} for what they change"
    assert read_edits(folder / "edits.gpkg").empty
    again: dict[str, Any] = json.loads(run(folder, "--create", "--json"))
    assert (again["layer_created"], again["project_written"]) == (False, True)
    (folder / "edits.qgs").write_text('<qgis saveUser="ana"/>')
    assert "was saved in QGIS and is left as it is" in run(folder, "--create")


def test_a_map_without_any_outline_can_be_drawn_on(tmp_path: Path) -> None:
    folder = map_folder(tmp_path / "map")
    run(folder, "--create")
    assert "<extent>" in (folder / "edits.qgs").read_text(), "that of the map, on which one draws"


def test_a_project_that_has_not_been_run_says_what_to_run(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    periods = [{"name": "1988", "first": 1988}]
    content = {"name": "small", "output": "out", "periods": periods, "scenes": [{"id": "a", "path": "a.tif"}]}
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(StageError, match="not been mapped") as error:
        run(path, "--create")
    assert "trimline run" in str(error.value.remedy)
    assert not (tmp_path / "out").exists()
