"""Elevation models: slopes and aspects of planes in any CRS, voids of any kind, windows beyond the rim."""

from __future__ import annotations

import pickle
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.errors import GridError
from trimline.glaciers import Elevation, ElevationModel, open_models
from trimline.glaciers.elevation import without_voids
from trimline.rasters import write_raster

PLACES = {
    "geographic": (CRS(4326), (-180, 180), (-75, 78)),
    "UTM north": (CRS(32632), (6, 12), (1, 80)),
    "UTM south": (CRS(32719), (-72, -66), (-78, -1)),
    "Arctic stereographic": (CRS(3413), (-180, 180), (60, 85)),
    "Antarctic stereographic": (CRS(3031), (-180, 180), (-85, -60)),
}


@pytest.mark.parametrize("where", list(PLACES))
@given(
    across=st.floats(0.02, 0.98),
    up=st.floats(0, 1),
    slope_deg=st.floats(0.5, 55),
    aspect_deg=st.floats(0, 360, exclude_max=True),
)
@settings(max_examples=12, deadline=None)
def test_a_plane_has_its_slope_and_aspect_in_any_crs(
    ground: SimpleNamespace, where: str, across: float, up: float, slope_deg: float, aspect_deg: float
) -> None:
    crs, longitudes, latitudes = PLACES[where]
    longitude, latitude = (low + share * (high - low) for (low, high), share in ((longitudes, across), (latitudes, up)))
    geobox = ground.grid(crs, longitude, latitude, 30.0, 11)
    found = Elevation(ground.plane(geobox, longitude, latitude, slope_deg, aspect_deg), geobox, "plane")
    inner = np.s_[2:-2, 2:-2]
    assert found.slope_deg[inner] == pytest.approx(slope_deg, abs=0.05)
    turned = (found.aspect_deg[inner] - aspect_deg + 180) % 360 - 180
    assert np.abs(turned).max() < 0.2 + 0.3 / slope_deg
    corners = np.degrees(np.arctan(np.hypot(*found.corner_gradient)))
    assert corners == pytest.approx(slope_deg, abs=0.05)


@given(st.floats(0.5, 40), st.floats(0, 359))
@settings(max_examples=10, deadline=None)
def test_the_rim_of_a_plane_has_its_slope_too(ground: SimpleNamespace, slope_deg: float, aspect_deg: float) -> None:
    geobox = ground.grid(CRS(32632), 9.0, 46.0, 30.0, 7)
    found = Elevation(ground.plane(geobox, 9.0, 46.0, slope_deg, aspect_deg), geobox, "plane")
    assert found.slope_deg == pytest.approx(slope_deg, abs=0.05)


def test_level_ground_faces_nowhere(ground: SimpleNamespace) -> None:
    geobox = ground.grid(CRS(4326), 9.0, 46.0, 30.0, 7)
    found = Elevation(np.full((7, 7), 3000.0, np.float32), geobox, "flat")
    assert np.isnan(found.aspect_deg).all()
    assert (found.slope_deg == 0).all()


def test_a_pixel_measures_on_the_ground_what_geodesics_say(ground: SimpleNamespace) -> None:
    geobox = ground.grid(CRS(4326), 9.0, 60.0, 30.0, 7)
    found = Elevation(np.zeros((7, 7), np.float32), geobox, "")
    # At 60 degrees a step of longitude is half a step of latitude, but for the flattening.
    assert found.ground_m[0, 0] / found.ground_m[1, 1] == pytest.approx(-0.5, abs=0.005)
    assert found.pixel_area_m2 == pytest.approx(30.0**2 / 2, rel=0.005)


@pytest.mark.parametrize("void", [-32768, -9999, -3.4e38, 9999, 65535])
def test_numbers_beyond_dry_land_are_voids_without_being_declared(void: float) -> None:
    heights = np.full((5, 5), 4000.0, np.float32)
    heights[2, 2] = void
    assert np.isnan(without_voids(heights)).sum() == 1


@given(st.floats(60, 8000), st.integers(0, 8), st.integers(0, 8), st.integers(1, 5))
@settings(max_examples=25, deadline=None)
def test_a_patch_of_zero_in_the_mountains_is_a_void(height_m: float, row: int, column: int, size: int) -> None:
    heights = np.full((10, 10), height_m, np.float32)
    patch = np.s_[row : row + size, column : column + size]
    heights[patch] = 0
    assume((heights != 0).any())
    found = without_voids(heights)
    assert np.isnan(found[patch]).all()
    assert np.isfinite(found).sum() == (heights != 0).sum()


def test_the_sea_at_a_flat_shore_is_no_void() -> None:
    heights = np.tile(np.linspace(0, 40, 11, dtype=np.float32), (11, 1))
    heights[:, :4] = 0
    assert np.isfinite(without_voids(heights)).all()


def test_declared_voids_are_none_too(ground: SimpleNamespace, tmp_path: Path) -> None:
    geobox = ground.grid(CRS(32632), 9.0, 46.0, 30.0, 9)
    heights = ground.plane(geobox, 9.0, 46.0, 10, 0)
    heights[4, 4] = 1234
    model = ElevationModel(ground.write_model(tmp_path / "dem.tif", heights, geobox, nodata=1234))
    assert np.argwhere(np.isnan(model.window((0, 9), (0, 9)).height_m)).tolist() == [[4, 4]]


def test_a_window_of_nothing_but_zero_is_judged_by_the_ground_around_it(
    ground: SimpleNamespace, tmp_path: Path
) -> None:
    geobox = ground.grid(CRS(32632), 9.0, 46.0, 30.0, 200)
    heights = ground.plane(geobox, 9.0, 46.0, 10, 0)
    heights[50:150, 50:150] = 0
    model = ElevationModel(ground.write_model(tmp_path / "dem.tif", heights, geobox))
    assert np.isnan(model.window((90, 110), (90, 110)).height_m).all()
    sea = ElevationModel(ground.write_model(tmp_path / "sea.tif", np.zeros((200, 200), np.float32), geobox))
    assert (sea.window((90, 110), (90, 110)).height_m == 0).all()


def test_a_window_beyond_the_rim_holds_nothing_there(ground: SimpleNamespace, tmp_path: Path) -> None:
    geobox = ground.grid(CRS(32632), 9.0, 46.0, 30.0, 9)
    heights = ground.plane(geobox, 9.0, 46.0, 10, 45)
    model = ElevationModel(ground.write_model(tmp_path / "dem.tif", heights, geobox))
    around = model.window((-3, 12), (-2, 4))
    assert around.height_m.shape == tuple(around.geobox.shape) == (15, 6)
    assert (around.height_m[3:12, 2:] == heights[:, :4]).all()
    assert np.isfinite(around.height_m).sum() == 9 * 4
    assert around.geobox.affine * (2, 3) == geobox.affine * (0, 0)
    assert np.isnan(model.window((40, 44), (0, 5)).height_m).all()


def test_heights_at_points_of_a_plane_lie_on_it(ground: SimpleNamespace, tmp_path: Path) -> None:
    geobox = ground.grid(CRS(32632), 9.0, 46.0, 30.0, 9)
    model = ElevationModel(ground.write_model(tmp_path / "dem.tif", ground.plane(geobox, 9.0, 46.0, 20, 90), geobox))
    x, y = geobox.affine * (4.5, 4.5)
    there = np.array([[x, y], [x + 50.0, y]])
    first, second = model.window((0, 9), (0, 9)).at(there, geobox.crs.proj)
    assert first == pytest.approx(3000.0, abs=0.01)
    assert second == pytest.approx(3000.0 - 50.0 / 0.9996 * np.tan(np.radians(20)), abs=0.01)


def test_models_are_a_file_several_or_a_folder(ground: SimpleNamespace, tmp_path: Path) -> None:
    geobox = ground.grid(CRS(32632), 9.0, 46.0, 30.0, 9)
    for name in ("b.tif", "a.tif"):
        ground.write_model(tmp_path / name, np.full((9, 9), 3000.0, np.float32), geobox)
    assert [model.source for model in open_models(tmp_path)] == ["a", "b"]
    assert [model.source for model in open_models([tmp_path / "b.tif", str(tmp_path / "a.tif")])] == ["b", "a"]
    again = pickle.loads(pickle.dumps(ElevationModel(tmp_path / "a.tif", source="COP30")))  # noqa: S301 - our own
    assert again.source == "COP30"
    assert again.window((0, 1), (0, 1)).height_m.tolist() == [[3000.0]]


def test_a_folder_without_a_model_and_a_raster_without_a_crs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GridError, match="no elevation model"):
        open_models(tmp_path)
    with rasterio.open(
        tmp_path / "bare.tif", "w", driver="GTiff", height=4, width=4, count=1, dtype="float32"
    ) as raster:
        raster.write(np.zeros((1, 4, 4), np.float32))
    with pytest.raises(GridError, match="neither a CRS nor"):
        open_models(tmp_path)
    with pytest.raises(GridError, match="no such file"):
        open_models(tmp_path / "absent.tif")


@pytest.mark.parametrize(("factor", "doubted"), [(1.0, False), (3.2808, True)])
def test_a_model_in_feet_is_doubted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, factor: float, doubted: bool
) -> None:
    geobox = GeoBox((40, 40), Affine(30, 0, 600_000, 0, -30, 5_200_000), "EPSG:32632")
    heights = np.linspace(2500, 3500, 1600, dtype=np.float32).reshape(40, 40) * np.float32(factor)
    heights[0, 0] = 32_767
    path = write_raster(tmp_path / "dem.tif", heights, geobox)
    model = ElevationModel(path)
    for _ in range(2):
        model.read((600_000, 5_198_800, 601_200, 5_200_000), CRS.from_epsg(32632))
    assert len([each for each in caplog.messages if "feet" in each]) == int(doubted)
