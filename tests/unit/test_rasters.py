"""What is written on a grid is read from it again, and from any other grid that covers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.rasters import read_onto, write_raster

GRID = GeoBox((30, 40), Affine(30, 0, 500_000, 0, -30, 3_800_000), "EPSG:32646")


@pytest.mark.parametrize("driver", ["GTiff", "COG"])
def test_values_grid_nodata_and_names_survive(tmp_path: Path, driver: str) -> None:
    values = np.arange(2 * 30 * 40, dtype=np.uint16).reshape(2, 30, 40)
    path = write_raster(tmp_path / "a.tif", values, GRID, nodata=0, names=["red", "nir"], driver=driver)  # type: ignore[arg-type]
    with rasterio.open(path) as source:
        assert np.array_equal(source.read(), values)
        assert source.descriptions == ("red", "nir")
        assert source.nodata == 0
        assert source.transform == GRID.transform
        assert source.crs.to_epsg() == 32646
    assert [each.name for each in tmp_path.iterdir()] == ["a.tif"]


def test_a_plane_is_read_onto_a_finer_grid_and_is_unknown_outside(tmp_path: Path) -> None:
    rows, columns = np.mgrid[:30, :40]
    plane = (2.0 * rows + 3.0 * columns).astype(np.float32)
    path = write_raster(tmp_path / "plane.tif", plane, GRID, nodata=-9999.0)
    finer = GeoBox((90, 150), Affine(10, 0, 500_000, 0, -10, 3_800_000), "EPSG:32646")
    read = read_onto(path, finer)
    inside = np.s_[3:87, 3:117]
    fine_rows, fine_columns = np.mgrid[:90, :150]
    expected = 2.0 * ((fine_rows + 0.5) / 3 - 0.5) + 3.0 * ((fine_columns + 0.5) / 3 - 0.5)
    assert np.abs(read[inside] - expected[inside]).max() < 0.05
    assert np.isnan(read[:, 125:]).all()


def test_classes_keep_their_values_and_their_pixels(tmp_path: Path) -> None:
    classes = np.random.default_rng(1).integers(0, 4, (30, 40)).astype(np.uint8)
    path = write_raster(tmp_path / "classes.tif", classes, GRID, nodata=255)
    finer = GeoBox((90, 123), Affine(10, 0, 500_000, 0, -10, 3_800_000), "EPSG:32646")
    read = read_onto(path, finer, classes=True)
    assert read.dtype == np.uint8
    assert np.array_equal(read[:, :120], classes.repeat(3, axis=0).repeat(3, axis=1))
    assert (read[:, 120:] == 255).all()


def test_what_has_no_place_is_an_error(tmp_path: Path) -> None:
    with rasterio.open(tmp_path / "a.tif", "w", driver="GTiff", height=2, width=2, count=1, dtype="uint8") as target:
        target.write(np.zeros((1, 2, 2), np.uint8))
    with pytest.raises(GridError, match="neither a CRS nor"):
        read_onto(tmp_path / "a.tif", GRID)
    with pytest.raises(GridError, match="no such file"):
        read_onto(tmp_path / "b.tif", GRID)
