"""Simulated scenes of other years, sensors, snow and clouds: how far they were moved is found, and undone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.coregistration import NoShift, Shift, inventory_shift, placed, shift_between
from trimline.outlines import read_outlines, write_outlines
from trimline.project import SimulatedRange
from trimline.rasters import grid_options
from trimline.scenes import Scene, moved_scene, open_scene
from trimline.simulate import RangeManifest, write_range

LANDSAT: dict[str, Any] = {
    "name": "landsat",
    "size": 256,
    "resolution_m": 30,
    "seed": 5,
    "first_year": 1988,
    "scenes": [
        {"date": "1988-08-20", "sensor": "landsat-5-tm"},
        {"date": "2018-08-23", "sensor": "landsat-8-oli", "cloud_fraction": 0.2},
        {"date": "2019-08-26", "sensor": "landsat-8-oli", "cloud_fraction": 1.0},
    ],
}
MIXED: dict[str, Any] = {
    "name": "mixed",
    "size": 288,
    "resolution_m": 10,
    "seed": 3,
    "first_year": 1988,
    "scenes": [
        {"date": "2009-08-20", "sensor": "landsat-5-tm"},
        {"date": "2019-08-28", "sensor": "sentinel-2-msi", "cloud_fraction": 0.1},
    ],
}
PIXEL_M = 30.0
ALONG = 0.8, -0.6
"""East and north of a shift of length 1."""


@pytest.fixture(scope="module")
def landsat(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    return write_range(SimulatedRange.model_validate(LANDSAT), tmp_path_factory.mktemp("landsat"), progress=False)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    return write_range(SimulatedRange.model_validate(MIXED), tmp_path_factory.mktemp("mixed"), progress=False)


def scenes_of(simulated: RangeManifest) -> list[Scene]:
    return [open_scene(simulated.folder / each.product) for each in simulated.scenes]


def check_found(found: Shift | NoShift, east_m: float, north_m: float) -> None:
    assert isinstance(found, Shift), str(found)
    off = np.array([found.east_m - east_m, found.north_m - north_m])
    assert np.abs(off).max() < 0.1 * PIXEL_M, "a tenth of a pixel"
    assert np.abs(off).max() < 2 * found.error_m, "and no more than its error"
    assert found.pixel_m == PIXEL_M


@pytest.mark.parametrize("pixels", [0.3, 1.0, 2.0])
def test_landsat_thirty_years_later_is_found_within_a_tenth_of_a_pixel(landsat: RangeManifest, pixels: float) -> None:
    first, second, _ = scenes_of(landsat)
    east_m, north_m = (pixels * PIXEL_M * each for each in ALONG)
    check_found(shift_between(first, moved_scene(second, east_m, north_m)), east_m, north_m)


@pytest.mark.parametrize("pixels", [0.3, 1.0, 2.0])
def test_sentinel2_and_landsat_are_found_on_each_other(mixed: RangeManifest, pixels: float) -> None:
    tm, msi = scenes_of(mixed)
    east_m, north_m = (pixels * PIXEL_M * each for each in ALONG)
    check_found(shift_between(tm, moved_scene(msi, east_m, north_m)), east_m, north_m)
    check_found(shift_between(moved_scene(msi, east_m, north_m), tm), -east_m, -north_m)


def test_an_image_that_was_sampled_elsewhere_is_found(mixed: RangeManifest) -> None:
    """Pixels of 30 m made of the 10 m ones from another corner on: no grid was moved, the sensor was."""
    tm, msi = scenes_of(mixed)
    values = msi.read("nir", units="dn").to_numpy()[10:-20, 20:-10]
    side = 3 * (min(values.shape) // 3)
    path = mixed.folder / "sampled.tif"
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=side // 3,
        width=side // 3,
        count=1,
        dtype="float32",
        crs=str(msi.crs),
        # As if the first pixel were at column 21 and row 9: too far east and north by 10 m.
        transform=msi.geobox[9:, 21:].affine * rasterio.Affine.scale(3),
    ) as target:
        target.write(values[:side, :side].reshape(side // 3, 3, side // 3, 3).mean(axis=(1, 3)), 1)
    other = open_scene(path, sensor="landsat-8-oli", bands=["nir"], scale=1e-4, offset=0)
    check_found(shift_between(tm, other), 10.0, 10.0)


def test_a_clouded_scene_or_another_place_gives_no_number(landsat: RangeManifest, mixed: RangeManifest) -> None:
    first, _, clouded = scenes_of(landsat)
    assert isinstance(shift_between(first, clouded), NoShift)
    assert str(shift_between(first, moved_scene(first, 50_000, 0))).startswith("cannot be told: the scenes have too")
    elsewhere = moved_scene(first, 1500.0, 0.0)
    assert isinstance(shift_between(first, elsewhere), NoShift), "more than is looked for"


def test_a_placed_scene_lies_on_its_reference_and_is_the_same_image(landsat: RangeManifest) -> None:
    first, second, _ = scenes_of(landsat)
    off = moved_scene(second, 41.0, 17.0)
    there = placed(off, shift_between(first, off))
    assert np.array_equal(there.read("nir").to_numpy(), second.read("nir").to_numpy(), equal_nan=True)
    again = shift_between(first, there)
    check_found(again, 0.0, 0.0)
    assert placed(there, again) is there, "what is not certain moves nothing"
    assert placed(there, NoShift("cloud")) is there


@pytest.mark.parametrize(("east_m", "north_m"), [(0.0, 0.0), (120.0, -90.0), (-150.0, 0.0)])
def test_outlines_that_lie_off_are_found_within_fifteen_metres(
    landsat: RangeManifest, east_m: float, north_m: float
) -> None:
    for record, scene in list(zip(landsat.scenes, scenes_of(landsat), strict=True))[:2]:
        outlines = read_outlines(landsat.folder / record.outlines)
        outlines["geometry"] = outlines.translate(east_m, north_m)
        found = inventory_shift(outlines, scene)
        assert isinstance(found, Shift), str(found)
        off = np.hypot(found.east_m - east_m, found.north_m - north_m)
        assert off < 15.0
        assert off < 2 * found.error_m
        assert found.is_notable == (east_m != 0.0)


def test_outlines_of_other_glaciers_give_no_number(landsat: RangeManifest) -> None:
    first, _, clouded = scenes_of(landsat)
    outlines = read_outlines(landsat.folder / landsat.scenes[0].outlines)
    west, _, east, _ = outlines.total_bounds
    mirrored = outlines.assign(geometry=outlines.scale(-1, 1, origin=((west + east) / 2, 0)))
    assert isinstance(inventory_shift(mirrored, first), NoShift)
    assert isinstance(inventory_shift(outlines, clouded), NoShift)


def test_what_is_said_of_stacks_holds_for_them_only(landsat: RangeManifest, tmp_path: Path) -> None:
    """A stack of whole numbers, 60 m too far east, beside a Landsat product and beside another such stack."""
    product = str(landsat.folder / landsat.scenes[0].product)
    bands = "red", "nir", "swir1"
    for number, scene in enumerate(scenes_of(landsat)[:2]):
        values = np.nan_to_num(scene.read(bands).to_numpy() * 10000 + 1000, nan=0).round().astype(np.uint16)
        grid = moved_scene(scene, 60.0 * number, 0.0).geobox
        with rasterio.open(
            tmp_path / f"{number}.tif", "w", **grid_options(grid), driver="GTiff", count=3, dtype="uint16"
        ) as target:
            target.write(values)
    first, second = str(tmp_path / "0.tif"), str(tmp_path / "1.tif")
    options = ["--sensor", "landsat-8-oli", "--bands", ",".join(bands), "--scale", "0.0001", "--offset", "-1000"]
    options += ["--nodata", "0"]
    for reference in (product, first):
        answer = CliRunner().invoke(app, ["align", reference, second, *options, "--json"])
        assert answer.exit_code == 0, answer.output
        assert json.loads(answer.stdout)["east_m"] == pytest.approx(60.0, abs=3.0)
        call = ["outline", second, *options, "--align", reference, "--method", "band_ratio"]
        answer = CliRunner().invoke(app, [*call, "-o", str(tmp_path / "out")])
        assert answer.exit_code == 0, answer.output
        with rasterio.open(tmp_path / "out" / "mask.tif") as source:
            assert float(source.tags()["TRIMLINE_MOVED_M"].split()[0]) == pytest.approx(-60.0, abs=3.0)


def test_the_command_says_how_far_a_scene_or_an_inventory_lies_off(landsat: RangeManifest, tmp_path: Path) -> None:
    reference, other = (str(landsat.folder / each.product) for each in landsat.scenes[:2])
    answer = CliRunner().invoke(app, ["align", reference, other, "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    assert abs(found["east_m"]) < 3
    assert found["reason"] is None
    outlines = read_outlines(landsat.folder / landsat.scenes[0].outlines)
    outlines["geometry"] = outlines.translate(-150.0, 0.0)
    write_outlines(outlines, tmp_path / "old.gpkg")
    answer = CliRunner().invoke(app, ["align", reference, str(tmp_path / "old.gpkg")])
    assert answer.exit_code == 0, answer.output
    assert answer.stdout.startswith("old.gpkg lies 1")
    assert " m west, " in answer.stdout
