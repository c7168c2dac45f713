"""Units of heights: both readers take them to metres, and refuse what is no unit of length."""

from __future__ import annotations

import logging
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.glaciers import ElevationModel
from trimline.heights import check_heights, read_heights
from trimline.study.glacier_files import write_glaciers

GRID = GeoBox((20, 20), Affine(30, 0, 500_000, 0, -30, 5_200_000), "EPSG:32632")


def model(folder: Path, numbers: object, unit: str = "", crs: str = "EPSG:32632", dtype: str = "float32") -> Path:
    values = np.broadcast_to(np.asarray(numbers, dtype), GRID.shape)
    kind = {"driver": "GTiff", "height": 20, "width": 20, "count": 1, "dtype": dtype}
    with rasterio.open(folder / "dem.tif", "w", crs=crs, transform=GRID.affine, **kind) as raster:
        raster.write(values, 1)
        if unit:
            raster.units = (unit,)
    return folder / "dem.tif"


def heights(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return what the two readers give."""
    own = ElevationModel(path).window((0, 20), (0, 20)).height_m
    return own, read_heights(path, GRID)


@pytest.mark.parametrize(
    ("unit", "metres"),
    [
        ("ft", 0.3048), ("foot", 0.3048), ("Feet", 0.3048), ("feet above EGM96", 0.3048),
        ("US survey foot", 1200 / 3937), ("US_survey_foot", 1200 / 3937), ("us-ft", 1200 / 3937),
        ("cm", 0.01), ("centimeters", 0.01), ("dm", 0.1), ("decimetre", 0.1), ("decimeter", 0.1),
        ("m", 1), ("Metres", 1), ("[m]", 1), ("m a.s.l.", 1), ("metre (EGM2008)", 1), ("", 1),
    ],
)  # fmt: skip
def test_heights_are_taken_to_metres(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, unit: str, metres: float
) -> None:
    path = model(tmp_path, 2500 / metres, unit)
    with caplog.at_level(logging.INFO):
        check_heights(path, GRID, "dem")
        for found in heights(path):
            assert found == pytest.approx(2500, abs=0.01)
    assert caplog.text.count("converted to metres") == (metres != 1)


@pytest.mark.parametrize(
    ("number", "scale", "offset", "unit", "height_m"),
    [(25_000, 0.1, 0, "", 2500), (5000, 0.5, 0, "m", 2500), (1500, 1, 1000, "", 2500), (4000, 0.5, -500, "ft", 457.2)],
)
def test_scale_and_offset_of_the_band_count(
    tmp_path: Path, number: int, scale: float, offset: float, unit: str, height_m: float
) -> None:
    """GDAL's raster data model: number x scale + offset is in the unit of the band."""
    path = model(tmp_path, number, unit, dtype="int16")
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (scale,), (offset,)
    check_heights(path, GRID, "dem")
    for found in heights(path):
        assert found == pytest.approx(height_m, abs=0.01)


@pytest.mark.parametrize(("scale", "offset"), [(0.0, 0.0), (np.nan, 0.0), (1.0, np.inf)])
def test_a_scale_that_cannot_be_is_refused(tmp_path: Path, scale: float, offset: float) -> None:
    path = model(tmp_path, 2500)
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (scale,), (offset,)
    for read in (ElevationModel, lambda dem: read_heights(dem, GRID)):
        with pytest.raises(GridError, match="which cannot be"):
            read(path)


@pytest.mark.parametrize("unit", ["K", "m/s", "degree", "furlong of old", "metres per year"])
def test_other_units_are_refused(tmp_path: Path, unit: str) -> None:
    path = model(tmp_path, 2500, unit)
    for read in (ElevationModel, lambda dem: read_heights(dem, GRID), lambda dem: check_heights(dem, GRID, "dem")):
        with pytest.raises(GridError, match=f"declared in '{unit}', which is no unit of length"):
            read(path)


def test_a_vertical_axis_in_feet_counts(tmp_path: Path) -> None:
    for found in heights(model(tmp_path, 5000, crs="EPSG:32632+6360")):
        assert found == pytest.approx(5000 * 1200 / 3937, abs=0.01)


@pytest.mark.parametrize(("unit", "code"), [("cm", -9999), ("dm", 32767), ("cm", -32768), ("ft", 32767)])
def test_codes_of_voids_are_no_heights_in_any_unit(tmp_path: Path, unit: str, code: int) -> None:
    numbers = np.full(GRID.shape, 3000)
    numbers[:, :5] = code
    for found in heights(model(tmp_path, numbers, unit, dtype="int16")):
        assert np.isnan(found[:, :5]).all()
        assert np.isfinite(found[:, 5:]).all()


@pytest.mark.parametrize("low", [15287.0, 46000.0])
def test_numbers_that_are_no_heights_are_the_cause_that_is_told(tmp_path: Path, low: float) -> None:
    ice = shapely.box(500_100, 5_199_500, 500_500, 5_199_900)
    outlines = gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[ice], crs="EPSG:32632")
    for numbers, words in ((low, "are no heights in metres"), (np.nan, "has no heights where the outlines lie")):
        models = [ElevationModel(model(tmp_path, numbers))]
        with pytest.raises(GridError, match=words):
            write_glaciers(tmp_path, outlines, models, band_m=50.0)
