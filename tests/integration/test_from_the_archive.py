"""A study from nothing but a region and years: searched, fetched and run from an archive on this machine.

The archive answers as real ones do (STAC API, range requests) and, where a test says so, fails as they do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
import yaml
from tests.candidates import (
    EPSG,
    GOOD_OF_A_PERIOD,
    LEFT,
    PIXEL_M,
    SIZE,
    TOP,
    Candidates,
    make_candidates,
)
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.outlines import read_outlines
from trimline.project import load_project
from trimline.simulate.archive import Server, serve

LATEST = ("2016-2018",)
RATIO = {"name": "index", "ratio": 1.7, "blue": 0.05}


@pytest.fixture(scope="module")
def latest(tmp_path_factory: pytest.TempPathFactory) -> Candidates:
    """Return the ten candidates of the latest period, of Landsat 8 and Sentinel-2."""
    return make_candidates(tmp_path_factory.mktemp("latest"), LATEST)


@pytest.fixture
def archive(latest: Candidates) -> Iterator[Server]:
    with serve(latest.archive) as server:
        yield server


def project_file(folder: Path, candidates: Candidates, address: str, periods: Sequence[str], **more: Any) -> Path:
    """Write a project that has a region, an older inventory, years and a catalogue, and no scene."""
    square = shapely.box(LEFT, TOP - SIZE * PIXEL_M, LEFT + SIZE * PIXEL_M, TOP)
    gpd.GeoDataFrame(geometry=[square.buffer(-50.0)], crs=EPSG).to_file(folder / "region.gpkg")
    first = min(date for date, truth in candidates.truth.items() if truth.is_good)
    content = {
        "name": "range",
        "output": "out",
        "authors": [{"name": "Chen, F."}],
        "license": "CC-BY-4.0",
        "region": "region.gpkg",
        "inventory": str(candidates.outlines(first)),
        "periods": [{"name": name, "first": int(name[:4]), "last": int(name[5:])} for name in periods],
        "search": {"catalogues": address},
        "methods": [RATIO],
        **more,
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def trimline(*arguments: object) -> str:
    """Carry a command out, and return what it printed."""
    result = CliRunner().invoke(app, [str(each) for each in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def best(searched: str, count: int = GOOD_OF_A_PERIOD) -> set[str]:
    """Return the dates of the best candidates of each period, as the search ranks them."""
    dates: set[str] = set()
    for period in json.loads(searched)["periods"]:
        ranked = sorted(
            (*period["taken"], *period["left"]), key=lambda each: (-each["weight"] * each["ice_clear"], each["id"])
        )
        dates |= {each["date"] for each in ranked[:count]}
    return dates


def local_twin(fetched: Path, candidates: Candidates, folder: Path) -> Path:
    """Write the same project with the products themselves as its scenes."""
    folder.mkdir()
    content = yaml.safe_load(fetched.read_text())
    del content["search"]
    content["region"] = str(fetched.parent / "region.gpkg")
    for scene in content["scenes"]:
        del scene["item"]
        scene["path"] = str(candidates.product(scene["date"]))
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    return path


def outlines_of(project: Path) -> dict[str, gpd.GeoDataFrame]:
    output = load_project(project).output
    return {path.parent.name: read_outlines(path) for path in sorted(output.glob("timeline/*/outlines*.parquet"))}


def test_search_fetch_and_run_give_the_outlines_of_the_products_themselves(
    latest: Candidates, archive: Server, tmp_path: Path
) -> None:
    project = project_file(tmp_path, latest, archive.url, LATEST)
    searched = trimline("search", project, "--json")
    assert best(searched) == latest.good
    fetched = json.loads(trimline("fetch", project, "--json"))
    assert fetched["failed"] == {}
    archive.stop()
    trimline("run", project, "--until", "timeline")
    twin = local_twin(project, latest, tmp_path / "local")
    trimline("run", twin, "--until", "timeline")
    ours, theirs = outlines_of(project), outlines_of(twin)
    assert ours.keys() == theirs.keys() != set()
