"""Terrain shadow of scenes: by true north, whatever the part asked for, and beside a written map."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer

from trimline.errors import BandError, GridError, MetadataError
from trimline.mapping.shadow_file import IceInShadow, log_shadow, measure_shadow
from trimline.rasters import write_raster
from trimline.scenes import Scene, open_scene
from trimline.terrain import quality_with_shadow, terrain_shadow
from trimline.terrain import scene_shadow as squares
from trimline.terrain.sun import azimuth_on_grid, centre_of, sun_over

SIDE, PIXEL_M = 120, 30.0
NORTH, SOUTH = ("EPSG:32646", 500_000.0, 3_500_000.0), ("EPSG:32719", 700_000.0, 4_800_000.0)


def a_scene(folder: Path, place: tuple[str, float, float] = NORTH, azimuth: float = 135.0) -> Scene:
    crs, left, top = place
    grid = GeoBox((SIDE, SIDE), Affine(PIXEL_M, 0, left, 0, -PIXEL_M, top), crs)
    path = write_raster(folder / "scene.tif", np.ones((3, SIDE, SIDE), np.float32), grid, nodata=-1)
    return replace(open_scene(path, bands=("green", "nir", "swir1")), sun_azimuth=azimuth, sun_elevation=30.0)


def a_model(folder: Path, scene: Scene, heights: NDArray[np.float32], beyond: int = 60) -> Path:
    """Write heights on the scene's grid with a margin of level ground [pixels]."""
    return write_raster(folder / "dem.tif", np.pad(heights, beyond, constant_values=1000), scene.geobox.pad(beyond))


def hill() -> NDArray[np.float32]:
    """Return a hill of 400 m in the middle of level ground."""
    rows, columns = np.indices((SIDE, SIDE)) - SIDE / 2
    ground: NDArray[np.float32] = (1000 + 400 * np.exp(-(rows**2 + columns**2) / 50.0)).astype(np.float32)
    return ground


@pytest.mark.parametrize("place", [NORTH, SOUTH], ids=["north", "south"])
@pytest.mark.parametrize("azimuth", [40.0, 135.0, 220.0])
def test_a_shadow_points_away_from_the_sun_by_true_north(
    tmp_path: Path, place: tuple[str, float, float], azimuth: float
) -> None:
    scene = a_scene(tmp_path, place, azimuth)
    found = terrain_shadow(scene, a_model(tmp_path, scene, hill()))
    dark = (found["cast_shadow"] | found["self_shadow"]).to_numpy()
    assert not found["shadow_unknown"].any()
    rows, columns = np.nonzero(dark)
    to_degrees = Transformer.from_crs(place[0], 4326, always_xy=True)
    here = to_degrees.transform(*(scene.geobox.affine * (SIDE / 2 + 0.5, SIDE / 2 + 0.5)))
    there = to_degrees.transform(*(scene.geobox.affine * (columns.mean() + 0.5, rows.mean() + 0.5)))
    away, _, _ = Geod(ellps="WGS84").inv(*here, *there)
    assert (away - azimuth - 180 + 180) % 360 - 180 == pytest.approx(0, abs=1.0)


def test_north_of_a_grid_is_turned_by_its_convergence() -> None:
    """In UTM it is about the difference to the central meridian times the sine of the latitude."""
    grid = GeoBox((100, 100), Affine(30, 0, 740_000, 0, -30, 6_650_000), "EPSG:32646")
    longitude, latitude = centre_of(grid)
    turn = (longitude - 93) * math.sin(math.radians(latitude))
    assert abs(turn) > 3
    assert azimuth_on_grid(grid, 150.0) == pytest.approx(150.0 - turn, abs=0.05)


def test_a_part_of_a_scene_has_the_shadow_of_the_scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the scene is cut into several squares."""
    monkeypatch.setattr(squares, "SQUARE_PIXELS", 50)
    scene = replace(a_scene(tmp_path), time=datetime(2020, 8, 20, 4, 30, tzinfo=UTC))
    rough = np.random.default_rng(1).normal(0, 25, (SIDE, SIDE)).astype(np.float32)
    dem = a_model(tmp_path, scene, hill() + rough)
    whole = terrain_shadow(scene, dem)
    part = np.s_[31:97, 12:75]
    cut = terrain_shadow(scene, dem, scene.geobox[part])
    for name in whole:
        assert (cut[name].to_numpy() == whole[name].to_numpy()[part]).all()
    assert whole["cast_shadow"].any()


def test_a_mountain_beyond_the_scene_shades_it(tmp_path: Path) -> None:
    scene = a_scene(tmp_path, azimuth=180.0)
    level = np.full((SIDE, SIDE), 1000, np.float32)
    path = a_model(tmp_path, scene, level)
    with rasterio.open(path, "r+") as model:
        heights = model.read(1)
        crest = 60 + SIDE + 15
        ridge = 600 - 50 * np.abs(np.arange(len(heights)) - crest)
        model.write(heights + np.clip(ridge, 0, None)[:, None].astype(np.float32), 1)
    found = terrain_shadow(scene, path)
    reach = int((600 / math.tan(math.radians(30)) - 15 * PIXEL_M) / PIXEL_M)
    assert found["cast_shadow"].to_numpy().sum(axis=0)[40] == pytest.approx(reach, abs=2)
    small = write_raster(tmp_path / "small.tif", level, scene.geobox)
    unknown = terrain_shadow(scene, small)["shadow_unknown"].to_numpy()
    assert not unknown.any(), "level ground beyond a level model shades nothing"
    tall = level.copy()
    tall[:3] = 2000
    unknown = terrain_shadow(scene, write_raster(tmp_path / "tall.tif", tall, scene.geobox))["shadow_unknown"]
    assert unknown.to_numpy()[66:, 40].all()


def test_the_sun_moves_across_a_scene_as_the_almanac_says(tmp_path: Path) -> None:
    scene = replace(a_scene(tmp_path), time=datetime(2020, 8, 20, 4, 30, tzinfo=UTC))
    longitude, latitude = scene.footprint.centroid.coords[0]
    assert sun_over(scene, longitude, latitude).azimuth_deg == pytest.approx(135.0)
    assert sun_over(scene, longitude, latitude + 1).elevation_deg == pytest.approx(30 - 0.75, abs=0.5)
    unsaid = replace(scene, sun_azimuth=None, sun_elevation=None)
    assert sun_over(unsaid, longitude, latitude).elevation_deg == pytest.approx(57.5, abs=6)
    with pytest.raises(MetadataError, match="neither where the sun stood nor the time"):
        sun_over(replace(unsaid, time=None), longitude, latitude)
    with pytest.raises(MetadataError, match=r"-12.0 degrees above the horizon"):
        sun_over(replace(scene, sun_elevation=-12.0), longitude, latitude)


def test_what_cannot_be_is_refused_with_its_reason(tmp_path: Path) -> None:
    scene = a_scene(tmp_path)
    dem = a_model(tmp_path, scene, hill())
    with pytest.raises(GridError, match="longitudes and latitudes"):
        terrain_shadow(scene, dem, GeoBox((10, 10), Affine(0.001, 0, 93, 0, -0.001, 31), "EPSG:4326"))
    with pytest.raises(GridError, match="no heights where the image lies"):
        terrain_shadow(scene, dem, scene.geobox.translate_pix(9000, 0))
    with pytest.raises(BandError, match="no quality band"):
        quality_with_shadow(scene, dem)


def test_ice_in_shadow_is_told_apart_beside_the_map(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = a_scene(tmp_path)
    dem = a_model(tmp_path, scene, hill())
    ice = np.zeros((SIDE, SIDE), np.uint8)
    ice[:, :90] = 1
    mask = write_raster(tmp_path / "mask.tif", ice, scene.geobox, nodata=255)
    found = measure_shadow(scene, mask, dem)
    shadow = terrain_shadow(scene, dem)
    km2 = PIXEL_M**2 / 1e6
    assert found.ice_km2 == pytest.approx(ice.sum() * km2)
    assert found.cast_km2 == pytest.approx((shadow["cast_shadow"].to_numpy() & (ice == 1)).sum() * km2)
    assert found.self_km2 == pytest.approx((shadow["self_shadow"].to_numpy() & (ice == 1)).sum() * km2)
    assert found.cast_km2 > 0
    assert found.self_km2 > 0
    with rasterio.open(tmp_path / "shadow.tif") as raster:
        kinds = raster.read(1)
    assert ((kinds == 1) == shadow["cast_shadow"]).all()
    assert ((kinds == 2) == shadow["self_shadow"]).all()
    assert "lie in cast shadow" in str(found)
    assert IceInShadow.of_record(json.loads(json.dumps(found.record()))) == found

    untold = measure_shadow(replace(scene, sun_azimuth=None, sun_elevation=None, time=None), mask, dem)
    assert "neither where the sun stood" in untold.why
    with caplog.at_level(logging.WARNING):
        log_shadow(scene.id, untold)
    assert "cannot be told" in caplog.text
    content = json.loads((tmp_path / "shadow.json").read_text())
    assert content["ice_km2"] is None
    with rasterio.open(tmp_path / "shadow.tif") as raster:
        assert (raster.read(1) == 255).all()
