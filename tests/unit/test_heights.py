"""Heights on a grid, and models that say nothing of the place."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.heights import check_heights, read_heights
from trimline.mapping.zone import GlacierZone
from trimline.rasters import write_raster

GRID = GeoBox((40, 50), Affine(30, 0, 500_000, 0, -30, 3_800_000), "EPSG:32646")


def model(folder: Path, heights: Any, *, east_m: float = 0.0, nodata: float | None = None) -> Path:
    grid = GeoBox(GRID.shape, Affine.translation(east_m, 0) * GRID.affine, GRID.crs)
    values = np.broadcast_to(np.asarray(heights, np.float32), GRID.shape)
    return write_raster(folder / "dem.tif", values, grid, nodata=nodata)


def test_a_model_elsewhere_is_refused_by_its_key(tmp_path: Path) -> None:
    dem = model(tmp_path, 4000.0, east_m=90_000)
    with pytest.raises(GridError, match=r"no heights where the image lies\n.*as dem"):
        check_heights(dem, GRID, "dem")
    with pytest.raises(GridError, match="as dem"):
        GlacierZone(dem=dem, minimum_elevation_m=3000).check(GRID)


def test_a_model_of_nothing_but_voids_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="no heights where"):
        check_heights(model(tmp_path, -9999.0, nodata=-9999), GRID, "dem")
    with pytest.raises(GridError, match="no heights in metres"):
        check_heights(model(tmp_path, -9999.0), GRID, "dem")
    with pytest.raises(GridError, match="no heights in metres"):
        check_heights(model(tmp_path, 14000.0), GRID, "dem")


@pytest.mark.parametrize("code", [-9999.0, -32768.0, 32767.0, float(np.finfo(np.float32).min)])
def test_undeclared_voids_are_no_low_ground_and_are_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: float
) -> None:
    heights = np.full(GRID.shape, 5000.0, np.float32)
    heights[:, :20] = code
    zone = GlacierZone(dem=model(tmp_path, heights), minimum_elevation_m=3000)
    shifted = GeoBox(GRID.shape, Affine.translation(7, 11) * GRID.affine, GRID.crs)
    for grid in (GRID, shifted):
        found = read_heights(zone.dem or "", grid)
        assert np.nanmin(found) == np.nanmax(found) == 5000
        assert zone.on(grid).all()
    with caplog.at_level(logging.WARNING):
        zone.check(GRID)
    assert f"mostly {code:g}" in caplog.text


def test_partial_cover_and_zeros_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heights = np.full(GRID.shape, 5000.0, np.float32)
    heights[:, :20] = 0
    dem = model(tmp_path, heights, east_m=600)
    check_heights(dem, GRID, "dem", warn=False)
    assert not caplog.text
    check_heights(dem, GRID, "dem")
    assert "60.0 % of the grid" in caplog.text
    assert "exactly 0 m" in caplog.text
