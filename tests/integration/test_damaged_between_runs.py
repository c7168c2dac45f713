"""What was deleted, cut, emptied or garbled between two runs of a study is made again, to the byte, and said."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin
from scipy.ndimage import uniform_filter
from shapely.geometry import box

from trimline.files import sha256
from trimline.project import load_project
from trimline.study import Study
from trimline.study.train_stage import TIMING

BANDS = ("green", "red", "swir1")
LEFT, TOP = 500_010, 3_800_040
STAGES = ("evaluate", "change", "release")

NAMED = {"weights.safetensors", "scores.csv", "mask.tif", "sources.json", "totals.csv", "index.parquet"}
"""Files that are damaged whatever else is."""

DAMAGE: dict[str, Callable[[bytes], bytes | None]] = {
    "deleted": lambda _: None,
    "emptied": lambda _: b"",
    "cut": lambda whole: whole[: len(whole) // 2],
    "garbled": lambda whole: bytes(each ^ 0x5A for each in whole[:64]) + whole[64:],
}


def write_scene(folder: Path, year: int, ice: tuple[slice, slice]) -> dict[str, str]:
    """Write a stack of bright ice on dark ground and its outline, and return its entry."""
    is_ice = np.zeros((96, 96), bool)
    is_ice[ice] = True
    noise = uniform_filter(np.random.default_rng(year).random((3, 96, 96)), (0, 3, 3))
    reflectance = np.where(is_ice, np.array([0.7, 0.7, 0.1])[:, None, None], 0.2) + 0.05 * noise
    with rasterio.open(
        folder / f"{year}.tif", "w", driver="GTiff", count=3, height=96, width=96, dtype="float32",
        crs="EPSG:32646", transform=from_origin(LEFT, TOP, 30, 30),
    ) as target:  # fmt: skip
        target.write(reflectance.astype(np.float32))
        target.descriptions = BANDS
    rows, columns = ice
    outline = box(LEFT + 30 * columns.start, TOP - 30 * rows.stop, LEFT + 30 * columns.stop, TOP - 30 * rows.start)
    pyogrio.write_dataframe(gpd.GeoDataFrame(geometry=[outline], crs=32646), folder / f"{year}.gpkg")
    entry = {"id": f"s{year}", "path": f"{year}.tif", "truth": f"{year}.gpkg", "date": f"{year}-08-20"}
    return {**entry, "sensor": "landsat-5-tm", "period": str(year)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study of two periods that is done."""
    folder = tmp_path_factory.mktemp("study")
    project = {
        "name": "small",
        "output": "out",
        "authors": [{"name": "The Survey"}],
        "license": "CC-BY-4.0",
        "scenes": [
            write_scene(folder, 1990, (slice(20, 60), slice(30, 90))),
            write_scene(folder, 2005, (slice(20, 50), slice(30, 80))),
        ],
        "periods": [{"name": "1990", "first": 1990}, {"name": "2005", "first": 2005}],
        "samples": {"tile": 32},
        "bands": list(BANDS),
        "split": "paper",
        "methods": ["band_ratio"],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(project))
    carried_out(folder)
    return folder


def carried_out(folder: Path) -> Study:
    study = Study(load_project(folder / "study.yaml"))
    for stage in STAGES:
        study.bring_up(stage)
    return study


def spoilt(file: Path, how: str) -> None:
    left = DAMAGE[how](file.read_bytes())
    if left is None:
        file.unlink()
    else:
        file.write_bytes(left)


def of_each_step(output: Path) -> Iterator[Path]:
    """Yield, of every step, one file of each kind that it wrote, and those of `NAMED`."""
    for record in sorted((output / "stages").glob("*.json")):
        seen = set()
        for name in json.loads(record.read_text()).get("files", {}):
            file = output / name
            if (file.suffix not in seen or file.name in NAMED) and file.stat().st_size:
                seen.add(file.suffix)
                yield file


def kept(output: Path) -> dict[Path, str]:
    """Return the SHA-256 of every file of a study but its records, and the seconds that training took."""
    files = [each for each in output.rglob("*") if each.is_file() and each.name != TIMING]
    return {each: sha256(each) for each in files if "stages" not in each.parts}


@pytest.mark.parametrize("first", [0, 2])
def test_every_file_between_the_stages_is_made_again(
    folder: Path, first: int, caplog: pytest.LogCaptureFixture
) -> None:
    before = kept(folder / "out")
    damaged = list(of_each_step(folder / "out"))
    assert {each.name for each in damaged} >= NAMED
    ways = list(DAMAGE)
    for number, file in enumerate(damaged, first):
        spoilt(file, ways[number % len(ways)])
    with caplog.at_level(logging.INFO, logger="trimline"):
        carried_out(folder)
    assert {each: sha256(each) for each in before} == before
    said = [each for each in caplog.messages if "starting again" in each]
    assert sum(" deleted" in each or " changed" in each for each in said) > 8


def test_records_that_are_damaged_are_written_again(folder: Path) -> None:
    before = kept(folder / "out")
    ways = list(DAMAGE)
    for number, record in enumerate(sorted((folder / "out/stages").rglob("*.json"))):
        spoilt(record, ways[number % len(ways)])
    carried_out(folder)
    assert {each: sha256(each) for each in before} == before
