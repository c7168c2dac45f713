"""Where the network is not asked there is no ice, whatever the windows."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from trimline.mapping import GlacierZone, MapOptions, map_scene, predict_array
from trimline.mapping.screen import cells_of, could_be_ice
from trimline.rasters import write_raster
from trimline.scenes import NoCalibration, Scene

BANDS = ("green", "swir1", "nir")


def rock_with_ice(*places: tuple[int, int], shape: tuple[int, int] = (600, 700)) -> NDArray[np.float32]:
    """Return green, SWIR 1 and NIR of rock, with some bright pixels; the model calls SWIR 1 above 0.3 ice."""
    image = np.stack([np.full(shape, value, np.float32) for value in (0.15, 0.9, 0.2)])
    for row, column in places:
        image[:, row, column] = (0.8, 0.1, 0.7)
    return image


@pytest.fixture
def rock(make_scene: Callable[..., Scene]) -> Callable[..., Scene]:
    return lambda *places: make_scene(rock_with_ice(*places), bands=BANDS)


@pytest.fixture
def eager(model: Any) -> Any:
    model.bands = BANDS
    return model


def test_snow_and_ice_pass_the_screen_and_rock_and_meadow_do_not() -> None:
    surfaces = {  # green, NIR and SWIR 1, as TM sees them
        "fresh snow": (0.90, 0.85, 0.10), "clean ice": (0.50, 0.40, 0.03), "dirty ice": (0.25, 0.20, 0.12),
        "ice in shadow": (0.12, 0.09, 0.01), "meadow": (0.08, 0.40, 0.20), "rock": (0.15, 0.20, 0.25),
        "bare soil": (0.12, 0.20, 0.30), "deep shadow": (0.05, 0.03, 0.01), "clear lake": (0.09, 0.03, 0.01),
        "turbid lake": (0.22, 0.082, 0.005), "no data": (np.nan, np.nan, np.nan),
    }  # fmt: skip
    values = np.array(list(surfaces.values()), np.float32).T
    found = dict(zip(surfaces, could_be_ice(*values), strict=True))
    assert [name for name, ice in found.items() if ice] == ["fresh snow", "clean ice", "dirty ice", "ice in shadow"]


def test_cells_hold_their_pixels() -> None:
    pixels = np.zeros((130, 200), bool)
    pixels[63, 64] = pixels[129, 199] = True
    assert np.argwhere(cells_of(pixels, 64)).tolist() == [[0, 1], [2, 3]]


def test_the_network_is_asked_around_what_could_be_ice(rock: Callable[..., Scene], eager: Any) -> None:
    scene = rock((300, 400))
    assert (predict_array(scene, eager, options=MapOptions(screen=False)) > 0.3).all()
    screened = predict_array(scene, eager, options=MapOptions())
    asked = np.zeros(scene.geobox.shape, bool)
    asked[224:384, 320:480] = True  # the cell of the pixel, and two rings around it
    assert (screened[asked] > 0.3).all()
    assert (screened[~asked] == 0).all()


@pytest.mark.parametrize("window", [40, 64, 100, 300])
def test_what_is_asked_does_not_depend_on_the_windows(rock: Callable[..., Scene], eager: Any, window: int) -> None:
    scene = rock((300, 400), (5, 690), (599, 0), (320, 63))
    whole = predict_array(scene, eager, options=MapOptions())
    assert 0 < (whole > 0).mean() < 1
    np.testing.assert_allclose(predict_array(scene, eager, options=MapOptions(window=window)), whole, atol=1e-4)
    part = predict_array(scene, eager, scene.geobox[150:400, 50:600], options=MapOptions(window=window))
    np.testing.assert_allclose(part, whole[150:400, 50:600], atol=1e-4)


def test_blended_tiles_are_screened_alike(rock: Callable[..., Scene], eager: Any) -> None:
    eager.tile = (128, 128)
    screened = predict_array(rock((300, 400)), eager, options=MapOptions())
    assert (screened[224:384, 320:480] > 0.3).all()
    assert screened[:224].max() == screened[:, 480:].max() == 0


def test_a_scene_without_ice_is_not_shown_to_the_network(rock: Callable[..., Scene], eager: Any) -> None:
    probability = predict_array(rock(), eager, options=MapOptions())
    assert (probability == 0).all()
    assert eager.seen == []


def test_a_map_says_how_much_was_asked(rock: Callable[..., Scene], eager: Any, tmp_path: Path) -> None:
    scene = rock((300, 400))
    assert map_scene(scene, eager, tmp_path / "on").asked == pytest.approx(25 * 32**2 / (600 * 700))
    assert map_scene(scene, eager, tmp_path / "off", options=MapOptions(screen=False)).asked == 1


def test_without_its_bands_or_a_calibration_there_is_no_screen(
    rock: Callable[..., Scene], scene: Scene, model: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="trimline")
    assert np.nanmax(predict_array(scene, model, options=MapOptions())) > 0
    assert "no band 'green'" in caplog.text
    mapped = rock((300, 400))
    raw = replace(mapped.assets["green"], calibration=NoCalibration("the raster holds integers", "give a scale"))
    model.bands = ("swir1", "swir1")
    uncalibrated = replace(mapped, assets={**mapped.assets, "green": raw})
    assert (predict_array(uncalibrated, model, options=MapOptions()) > 0.3).all()
    assert "no spectral screen, because the raster holds integers" in caplog.text


def test_a_map_is_confined_to_the_inventory_and_to_where_it_is_high(
    rock: Callable[..., Scene], eager: Any, tmp_path: Path
) -> None:
    scene = rock((300, 400))
    grid = scene.geobox
    x, y = grid.affine * (350.0, 300.0)
    glacier = gpd.GeoDataFrame(geometry=[shapely.box(x - 600, y - 600, x + 600, y + 600)], crs=32646).to_crs(4326)
    near = (
        predict_array(scene, eager, options=MapOptions(within=GlacierZone(glacier, 300.0), screen=False, window=100))
        > 0.3
    )
    rows, columns = np.argwhere(near).min(0), np.argwhere(near).max(0)
    assert rows == pytest.approx([270, 320], abs=1)
    assert columns == pytest.approx([329, 379], abs=1)
    assert sum(h * w for h, w in eager.seen) < 0.2 * 600 * 700
    height = np.linspace(5000, 3000, 600, dtype=np.float32)[:, None].repeat(700, 1)
    height[:, :50] = np.nan
    dem = write_raster(tmp_path / "dem.tif", height, grid, nodata=np.nan)
    high = (
        predict_array(
            scene, eager, options=MapOptions(within=GlacierZone(dem=dem, minimum_elevation_m=4000), screen=False)
        )
        > 0.3
    )
    assert high[:299].all()
    assert not high[301:, 52:].any()
    assert high[:, :48].all(), "where the elevation is not known there may be ice"


def test_ground_of_the_map_decides_which_map_it_is(tmp_path: Path) -> None:
    one = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=32646)
    digests = {
        GlacierZone(one).digest,
        GlacierZone(one, 10.0).digest,
        GlacierZone(one.translate(1).to_frame("geometry")).digest,
    }
    assert len(digests) == 3
