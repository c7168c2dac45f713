"""Shaded relief by Horn's formula: flat ground, planes of known slope, and the file around the outlines."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st
from rasterio.transform import from_origin
from tests.unit.review.toy_review import CRS, NORTH, WEST, reviewed, squares

from trimline.errors import GridError
from trimline.review.pictures.hillshade import hillshade_file, shaded
from trimline.review.pictures.overlays import Overlays
from trimline.review.pictures.prepared_picture import Surroundings
from trimline.review.pictures.rasters import Rasters
from trimline.review.pictures.scene_pictures import surroundings_of


def plane(east: float, north: float, pixel_m: float = 30.0) -> np.ndarray:
    """Return heights that rise by so much per metre to the east and to the north."""
    rows, columns = np.mgrid[0:6, 0:7]
    return (pixel_m * (columns * east - rows * north)).astype(np.float32)


def test_flat_ground_has_the_light_of_the_sine_of_the_elevation() -> None:
    assert shaded(plane(0, 0), 30.0) == pytest.approx(math.sin(math.radians(45)))


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 360), st.floats(5, 85))
def test_light_on_a_plane_is_the_cosine_of_the_angle_to_the_sun(
    east: float, north: float, azimuth: float, elevation: float
) -> None:
    sun = np.array(
        [
            math.sin(math.radians(azimuth)) * math.cos(math.radians(elevation)),
            math.cos(math.radians(azimuth)) * math.cos(math.radians(elevation)),
            math.sin(math.radians(elevation)),
        ]
    )
    upwards = np.array([-east, -north, 1.0]) / math.sqrt(1 + east**2 + north**2)
    assert shaded(plane(east, north), 30.0, azimuth, elevation) == pytest.approx(max(0.0, sun @ upwards), abs=1e-4)


def test_light_is_unknown_beside_ground_without_a_height() -> None:
    heights = plane(0.1, 0.0)
    heights[2, 3] = np.nan
    light = shaded(heights, 30.0)
    # The pixel itself takes no part in its own slope.
    assert np.isnan(light).sum() == 8


def write_dem(path: Path, value: float | None = None) -> Path:
    heights = np.add.outer(np.zeros(200), np.arange(300.0)) if value is None else np.full((200, 300), value)
    with rasterio.open(
        path, "w", driver="GTiff", height=200, width=300, count=1, dtype="float32", crs=CRS, nodata=-9999,
        transform=from_origin(WEST - 3000, NORTH + 3000, 30, 30),
    ) as target:  # fmt: skip
        target.write(heights.astype("float32"), 1)
    return path


def test_relief_is_written_once_around_the_outlines(tmp_path: Path) -> None:
    dem, path = write_dem(tmp_path / "dem.tif"), tmp_path / "review/hillshade.tif"
    around = Surroundings((WEST, NORTH - 1000, WEST + 1000, NORTH), CRS)
    assert hillshade_file(dem, path, around) == path
    with rasterio.open(path) as source:
        assert source.bounds == pytest.approx((WEST - 2000, NORTH - 3000, WEST + 3000, NORTH + 2000), abs=30)
        assert source.res[0] == pytest.approx(30, rel=0.01)
        light = (source.read(1) - 1.0) / 254
        expected = (1 + math.sin(math.radians(45)) / 30) * math.sin(math.radians(45)) / math.hypot(1, 1 / 30)
        assert light[50, 50] == pytest.approx(expected, abs=0.005), "ground that rises by 1 m in 30 to the east"
    was = path.stat().st_mtime_ns
    hillshade_file(dem, path, around)
    assert path.stat().st_mtime_ns == was
    write_dem(dem, 5.0)
    hillshade_file(dem, path, around)
    assert path.stat().st_mtime_ns != was


def test_a_model_of_another_place_gives_no_relief(tmp_path: Path) -> None:
    dem = write_dem(tmp_path / "dem.tif", -9999)
    with pytest.raises(GridError, match="no heights around"):
        hillshade_file(dem, tmp_path / "h.tif", Surroundings((WEST, NORTH - 1000, WEST + 1000, NORTH), CRS))
    assert not (tmp_path / "h.tif").exists()


def test_relief_is_told_when_it_is_there(tmp_path: Path) -> None:
    dem = write_dem(tmp_path / "dem.tif")
    review = reviewed(tmp_path, outlines=squares((0, 0, 1000, 1000)), dem=dem)
    told: list[object] = []
    rasters = Rasters()
    overlays = Overlays(review, rasters, told.append)
    if overlays._thread is not None:
        overlays._thread.join(30)
    (relief,) = overlays.all()
    overlays.close()
    assert told == [relief]
    assert relief.kind == "hillshade"
    assert rasters[relief.source.rpartition("/")[2]] == tmp_path / "review/hillshade.tif"
    assert surroundings_of(review) is not None
