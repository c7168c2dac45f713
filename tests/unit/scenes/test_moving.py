"""A moved scene has the same numbers elsewhere: no pixel changes, and every flag moves along."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.scenes import Scene, moved_scene, open_scene, scene_content, shift_of
from trimline.scenes.grid_shift import GridShift

BANDS = ("green", "nir", "swir1")


def stack(folder: Path, *, crs: str = "EPSG:32646", transform: Affine | None = None, name: str = "a.tif") -> Scene:
    path = folder / name
    values = np.random.default_rng(0).integers(1, 5000, (3, 40, 50)).astype(np.uint16)
    transform = Affine(30, 0, 500_000, 0, -30, 3_500_000) if transform is None else transform
    with rasterio.open(
        path, "w", driver="GTiff", height=40, width=50, count=3, dtype="uint16", crs=crs, transform=transform
    ) as target:
        target.write(values)
        for index, band in enumerate(BANDS, 1):
            target.set_band_description(index, band)
    return open_scene(path, sensor="landsat-8-oli", bands=BANDS, scale=1e-4, offset=0)


def test_a_moved_scene_has_the_same_numbers_on_its_own_grid(tmp_path: Path) -> None:
    scene = stack(tmp_path)
    moved = moved_scene(scene, 12.5, -7.0)
    assert np.array_equal(scene.read(list(BANDS)).to_numpy(), moved.read(list(BANDS)).to_numpy())
    assert moved.geobox.affine * (0, 0) == pytest.approx((500_012.5, 3_499_993.0))
    assert moved.footprint != scene.footprint


def test_a_scene_moved_by_whole_pixels_has_its_numbers_that_much_further(tmp_path: Path) -> None:
    scene = stack(tmp_path)
    there = moved_scene(scene, 60.0, -90.0).read("nir", scene.geobox).to_numpy()
    assert np.array_equal(there[3:, 2:], scene.read("nir").to_numpy()[:-3, :-2])
    assert np.isnan(there[:3]).all()
    assert np.isnan(there[:, :2]).all()


def test_moving_is_the_same_as_writing_the_file_elsewhere(tmp_path: Path) -> None:
    scene = stack(tmp_path)
    other = stack(tmp_path, transform=Affine(30, 0, 500_011, 0, -30, 3_500_004), name="b.tif")
    moved = moved_scene(scene, 11.0, 4.0).read(list(BANDS), scene.geobox).to_numpy()
    assert np.array_equal(moved, other.read(list(BANDS), scene.geobox).to_numpy(), equal_nan=True)


def test_identity_and_provenance_tell_a_moved_scene_from_the_scene(tmp_path: Path) -> None:
    scene = stack(tmp_path)
    some = [scene, moved_scene(scene, 3.0, 0.0), moved_scene(scene, 0.0, 3.0)]
    assert len({each.identity for each in some}) == 3
    assert len({scene_content(each) for each in some}) == 3
    assert [shift_of(each) for each in some] == [None, (3.0, 0.0), (0.0, 3.0)]


def test_moves_add_up(tmp_path: Path) -> None:
    scene = stack(tmp_path)
    twice = moved_scene(moved_scene(scene, 10.0, 2.0), -4.0, 1.0)
    assert shift_of(twice) == (6.0, 3.0)
    assert twice.geobox == moved_scene(scene, 6.0, 3.0).geobox


def test_a_raster_in_degrees_moves_by_metres(tmp_path: Path) -> None:
    scene = stack(tmp_path, crs="EPSG:4326", transform=Affine(3e-4, 0, 86.9, 0, -3e-4, 28.0))
    assert scene.crs == "EPSG:32645"
    moved = moved_scene(scene, 48.0, -25.0)
    here = scene.read("nir").to_numpy()
    there = moved.read("nir").to_numpy()
    assert np.allclose(here, there, atol=2e-3, equal_nan=True)
    assert np.isfinite(here).mean() > 0.9
    unmoved = scene.read("nir", moved.geobox).to_numpy()
    known = np.isfinite(unmoved) & np.isfinite(there)
    assert np.abs(unmoved - there)[known].mean() > 0.02, "which the numbers at the same place show"


def test_a_shift_in_degrees_is_that_in_metres() -> None:
    shift = GridShift(100.0, 0.0, CRS(32646))
    grid = GeoBox((10, 10), Affine(1e-3, 0, 93.0, 0, -1e-3, 0.005), "EPSG:4326")
    east = shift.of(grid).affine.c - grid.affine.c
    assert east == pytest.approx(math.degrees(100.0 / (6_378_137.0 * 0.9996)), rel=1e-4)
    assert shift.back(shift.of(grid)).affine.c == pytest.approx(grid.affine.c, abs=1e-9)


def test_a_shift_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="cannot be moved"):
        moved_scene(stack(tmp_path), math.nan, 0.0)
