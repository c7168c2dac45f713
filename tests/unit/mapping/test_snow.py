"""Snow off the glaciers: by inventory, by elevation, by the map itself; what cannot be told is not given a number."""

from __future__ import annotations

import json
import logging
import math
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import xarray
from numpy.typing import NDArray

from trimline.files import write_json
from trimline.mapping.snow import SnowOffGlaciers, is_snow, log_snow, snow_off_glaciers
from trimline.rasters import write_raster
from trimline.scenes import Scene, open_scene

SIDE = 200
PIXEL_M = 30.0
ROCK, SNOW = (0.15, 0.20, 0.25), (0.8, 0.7, 0.06)
"""Green, NIR, SWIR 1."""


def a_scene(folder: Path, snow: NDArray[np.bool_]) -> Scene:
    """Write a scene with snow, 6 x 6 km."""
    values = np.where(snow, np.array(SNOW)[:, None, None], np.array(ROCK)[:, None, None]).astype(np.float32)
    path = folder / "scene.tif"
    transform = rasterio.transform.from_origin(500_000, 3_500_000, PIXEL_M, PIXEL_M)
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=SIDE, width=SIDE, dtype="float32", crs="EPSG:32646",
        transform=transform, nodata=-1,
    ) as target:  # fmt: skip
        target.write(values)
    return open_scene(path, bands=("green", "nir", "swir1"))


def a_mask(folder: Path, scene: Scene, ice: NDArray[np.bool_], unseen: NDArray[np.bool_] | None = None) -> Path:
    mask = ice.astype(np.uint8)
    if unseen is not None:
        mask[unseen] = 255
    return write_raster(folder / "mask.tif", mask, scene.geobox, nodata=255)


def rows(first: int, last: int) -> NDArray[np.bool_]:
    """Return a band across the scene."""
    chosen = np.zeros((SIDE, SIDE), bool)
    chosen[first:last] = True
    return chosen


def outlines(first: int, last: int) -> gpd.GeoDataFrame:
    top = 3_500_000
    box = shapely.box(500_000, top - last * PIXEL_M, 500_000 + SIDE * PIXEL_M, top - first * PIXEL_M)
    return gpd.GeoDataFrame(geometry=[box], crs="EPSG:32646")


@pytest.mark.parametrize(
    ("spectrum", "is_it"),
    [
        ((0.8, 0.7, 0.1), True),
        ((0.3, 0.2, 0.05), True),
        ((0.12, 0.05, 0.02), False),  # water
        ((0.08, 0.12, 0.01), False),  # shadow
        ((0.5, 0.55, 0.4), False),  # cloud
        ((0.15, 0.2, 0.25), False),
        ((np.nan, 0.7, 0.1), False),
    ],
)
def test_snow_is_bright_in_green_and_dark_in_swir(spectrum: tuple[float, ...], is_it: bool) -> None:
    assert bool(is_snow(*np.array(spectrum, np.float32)[:, None, None])[0, 0]) == is_it


def test_by_an_inventory_ground_counts_from_500_m_on(tmp_path: Path) -> None:
    """A glacier on 40 rows, snow on it and on 50 rows below: 33 of the 143 that are 17 rows away."""
    scene = a_scene(tmp_path, rows(0, 90))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 90)), inventory=outlines(0, 40))
    assert found.reference == "inventory"
    assert found.pixel_m == 60
    assert found.share == pytest.approx(33 / 143, abs=0.02)
    assert found.ground_km2 == pytest.approx(143 * 200 * 9e-4, rel=0.02)
    assert found.snow_or_ice == pytest.approx(0.45, abs=0.01)
    assert "23 % of the ground" in str(found.warning(0.2))
    assert found.warning(0.3) is None


def test_without_an_inventory_ground_away_from_the_mapped_ice_counts(tmp_path: Path) -> None:
    scene = a_scene(tmp_path, rows(0, 40) | rows(100, 130))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 40)))
    assert (found.reference, found.why) == ("ice", "")
    assert found.share == pytest.approx(30 / 143, abs=0.02)


def test_unseen_ground_counts_nowhere(tmp_path: Path) -> None:
    scene = a_scene(tmp_path, rows(0, 40) | rows(100, 130))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 40), rows(100, 200)))
    assert found.share == 0
    assert found.ground_km2 == pytest.approx(43 * 200 * 9e-4, rel=0.05)


def dem(folder: Path, scene: Scene) -> Path:
    """Write elevation that falls by 10 m a row."""
    heights = np.broadcast_to(5000 - 10 * np.arange(SIDE, dtype=np.float32)[:, None], (SIDE, SIDE))
    return write_raster(folder / "dem.tif", heights.copy(), scene.geobox)


def test_by_a_dem_ground_below_the_lowest_tenth_of_the_ice_counts(tmp_path: Path) -> None:
    """Ice on 100 rows: its lowest decile begins at row 90, and ten rows of tongues lie below."""
    scene = a_scene(tmp_path, rows(0, 125))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 100)), dem=dem(tmp_path, scene))
    assert found.reference == "elevation"
    assert found.share == pytest.approx(25 / 100, abs=0.02)


def test_by_a_dem_snow_that_was_mapped_as_ice_counts_where_it_covers_the_valley(tmp_path: Path) -> None:
    scene = a_scene(tmp_path, rows(0, 199))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 198)), dem=dem(tmp_path, scene))
    assert found.share > 0.9
    assert found.warning() is not None


def test_a_white_scene_without_ground_off_the_glaciers_has_no_share_and_is_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = a_scene(tmp_path, rows(0, 200))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 200)))
    assert math.isnan(found.share)
    with caplog.at_level(logging.WARNING):
        log_snow("s", found)
    assert "100 % of the seen ground is snow or ice" in caplog.text
    assert "give an inventory" in caplog.text
    rocky = a_scene(tmp_path, rows(0, 10))
    assert snow_off_glaciers(rocky, a_mask(tmp_path, rocky, rows(0, 200))).warning() is None


def test_an_inventory_of_elsewhere_is_said_and_not_used(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    scene = a_scene(tmp_path, rows(0, 40))
    with caplog.at_level(logging.WARNING):
        found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 40)), inventory=outlines(5000, 5100))
    assert found.reference == "ice"
    assert "no glacier here" in caplog.text


def test_a_scene_without_swir_has_no_share_and_says_why(tmp_path: Path) -> None:
    whole = a_scene(tmp_path, rows(0, 40))
    scene = open_scene(whole.source, bands=("green", "nir", "-"))
    found = snow_off_glaciers(scene, a_mask(tmp_path, whole, rows(0, 40)))
    assert math.isnan(found.share)
    assert found.why == "the scene has no band 'swir1'"


def test_a_map_without_data_has_no_share(tmp_path: Path) -> None:
    scene = a_scene(tmp_path, rows(0, 40))
    found = snow_off_glaciers(scene, a_mask(tmp_path, scene, rows(0, 40), rows(0, 200)))
    assert math.isnan(found.share)
    assert math.isnan(found.snow_or_ice)
    assert found.why == "no ground is seen"


def test_a_record_comes_back_from_json(tmp_path: Path) -> None:
    found = SnowOffGlaciers(math.nan, "ice", 0.0, math.nan, 60.0, "no ground is seen")
    write_json(tmp_path / "s.json", found.record())
    again = SnowOffGlaciers.of_record(json.loads((tmp_path / "s.json").read_text()))
    assert repr(again) == repr(found)


@pytest.mark.parametrize(("clouds", "share"), [("kept", 0.0), ("quality flags and learned classes", 30 / 143)])
def test_flags_count_only_where_the_map_knows_nothing_of_cloud(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clouds: str, share: float
) -> None:
    """The flags take the snow on rows 100 to 129 for cloud."""
    scene = a_scene(tmp_path, rows(0, 40) | rows(100, 130))
    mask = a_mask(tmp_path, scene, rows(0, 40))
    with rasterio.open(mask, "r+") as source:
        source.update_tags(TRIMLINE_CLOUDS=clouds)
    flags = xarray.Dataset({"cloud": (("y", "x"), rows(100, 130)[::2, ::2])})
    flagged = replace(scene, quality_assets={"pixel": scene.assets["green"]})
    monkeypatch.setattr(Scene, "quality", lambda *_: flags)
    assert snow_off_glaciers(flagged, mask).share == pytest.approx(share, abs=0.02)
