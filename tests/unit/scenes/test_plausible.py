"""Numbers that cannot be reflectance are refused with the option to give; true outliers pass."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from numpy.typing import NDArray

from trimline.errors import BandError, ProductError
from trimline.scenes import open_scene, product_info
from trimline.scenes.plausible import _spread

NAMES = ("blue", "green", "red", "nir", "swir1", "swir2")
LEVELS = (0.10, 0.12, 0.15, 0.20, 0.30, 0.25)


def ground(side: int = 64, seed: int = 1) -> NDArray[np.float32]:
    """Return reflectance of rock with snow on a quarter of it, (6, side, side)."""
    noise = np.random.default_rng(seed).normal(1.0, 0.05, (6, side, side))
    values = np.array(LEVELS)[:, None, None] * noise
    snow = np.array([0.9, 0.88, 0.85, 0.75, 0.08, 0.06])[:, None, None] * noise
    values[:, : side // 2, : side // 2] = snow[:, : side // 2, : side // 2]
    return values.astype(np.float32)


def with_fill(value: float, count: int) -> NDArray[np.float32]:
    values = ground()
    values.reshape(6, -1)[:, -count:] = value
    return values


@pytest.mark.parametrize(
    ("factor", "remedy"),
    [(100.0, "--scale 0.01 "), (10_000.0, "--scale 0.0001 "), (55_000.0, "--offset"), (255.0, "--scale")],
)
def test_numbers_on_another_scale_are_refused_with_the_option(make: Any, factor: float, remedy: str) -> None:
    path = make.stack("s.tif", ground() * np.float32(factor), descriptions=NAMES)
    with pytest.raises(ProductError, match=r"cannot be reflectance: of band blue .* lie outside -0.2 to 2") as error:
        open_scene(path)
    assert remedy in str(error.value.remedy)
    read = open_scene(path, scale=1 / factor).read(["green"])
    np.testing.assert_allclose(read[0], ground()[1], rtol=1e-5)


def test_a_wrong_scale_that_was_given_is_named(make: Any) -> None:
    path = make.stack("s.tif", (ground() * 10_000).astype(np.uint16), descriptions=NAMES)
    with pytest.raises(ProductError, match=r"outside -0.2 to 2.*\na scale of 0.01 .* were applied: give"):
        open_scene(path, scale=0.01)
    assert open_scene(path, scale=1e-4).bands == NAMES


@pytest.mark.parametrize("value", [-9999.0, -32768.0, -3.4028234663852886e38, 1e20, 9.969209968386869e36])
@pytest.mark.parametrize("count", [1, 400])
def test_a_value_of_missing_data_is_refused_in_a_single_pixel_too(make: Any, value: float, count: int) -> None:
    path = make.stack("s.tif", with_fill(value, count), descriptions=NAMES)
    with pytest.raises(ProductError, match=rf"stands in {count} of 4096 pixels.*\n.*give --nodata ") as error:
        open_scene(path)
    option = str(error.value.remedy).partition("--nodata ")[2].split()[0]
    red = open_scene(path, nodata=float(option)).read(["red"])[0].to_numpy()
    assert int(np.isnan(red).sum()) == count


@pytest.mark.parametrize("value", [-1.0, -99.0, 255.0, 65535.0])
def test_one_impossible_number_in_all_bands_is_missing_data(make: Any, value: float) -> None:
    path = make.stack("s.tif", with_fill(value, 200), descriptions=NAMES)
    with pytest.raises(ProductError, match=rf"{value:.0f} stands in 200 .*\n.*--nodata {value:.0f} "):
        open_scene(path)
    assert open_scene(path, nodata=value).bands == NAMES


def test_integers_with_a_scale_are_held_to_the_same(make: Any) -> None:
    values = (ground() * 10_000).astype(np.int16)
    values[:, -1, -5:] = -9999
    path = make.stack("s.tif", values, descriptions=NAMES)
    with pytest.raises(ProductError, match=r"-9999 stands in 5 .*\n.*--nodata -9999"):
        open_scene(path, scale=1e-4)
    assert int(np.isnan(open_scene(path, scale=1e-4, nodata=-9999).read("red")).sum()) == 5


@pytest.mark.parametrize(("scale", "offset"), [(2.75e-5, -0.2), (1e-4, 0.0), (1e-4, -0.1), (1.0, -0.3)])
@pytest.mark.parametrize("side", [16, 64])
def test_tags_left_over_from_integers_are_refused(make: Any, scale: float, offset: float, side: int) -> None:
    path = make.stack("s.tif", ground(side), descriptions=NAMES)
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (scale,) * 6, (offset,) * 6
    if side == 16 and scale == 1.0:
        return  # a quarter of 16 x 16 pixels is snow, and stays bright; so few do not tell the level
    with pytest.raises(ProductError, match=r"cannot be reflectance.*\n.*raster's own tags: give --scale 1 --offset 0"):
        open_scene(path)
    read = open_scene(path, scale=1, offset=0).read(["nir"])
    np.testing.assert_allclose(read[0], ground(side)[3], rtol=1e-6)


def test_a_scale_given_for_reflectance_is_refused(make: Any) -> None:
    path = make.stack("s.tif", ground(), descriptions=NAMES)
    with pytest.raises(ProductError, match="darker than water"):
        open_scene(path, scale=1e-4)


def test_an_offset_taken_twice_is_refused(make: Any) -> None:
    path = make.stack("s.tif", (ground() * 4_000).astype(np.uint16), descriptions=NAMES)
    with pytest.raises(ProductError, match=r"half of the pixels of band blue lie below -0.05.*\n.*--offset 0"):
        open_scene(path, scale=1e-4, offset=-1000)


def glint(values: NDArray[np.float32]) -> None:
    values[:, 5, 5:7] = 3.7


def bright_snow(values: NDArray[np.float32]) -> None:
    values[:4, :30, :30] = 1.602


def dark_shadow(values: NDArray[np.float32]) -> None:
    values[:, 40:60, 40:60] = -0.04
    values[0, 41, 41:44] = -0.31


def water(values: NDArray[np.float32]) -> None:
    values[:] = np.array([0.03, 0.02, 0.012, 0.004, 0.0, -0.001], np.float32)[:, None, None]


def nothing_at_all(values: NDArray[np.float32]) -> None:
    values[:] = np.nan


@pytest.mark.parametrize("change", [glint, bright_snow, dark_shadow, water, nothing_at_all])
def test_true_outliers_pass(make: Any, change: Callable[[NDArray[np.float32]], None]) -> None:
    values = ground()
    change(values)
    path = make.stack("s.tif", values, descriptions=NAMES)
    np.testing.assert_array_equal(open_scene(path).read(NAMES), values)


def test_kelvin_passes_and_its_missing_data_do_not(make: Any) -> None:
    values = ground()[:4]
    values[3] = 271.5
    names = ("green", "nir", "swir1", "thermal")
    path = make.stack("s.tif", values, descriptions=names)
    assert float(open_scene(path).read("thermal").max()) == 271.5
    values[3, 0, 0] = -9999
    with pytest.raises(ProductError, match="--nodata -9999"):
        open_scene(make.stack("t.tif", values, descriptions=names))


@pytest.mark.parametrize("shape", [(6, 1, 1), (6, 2, 3)])
def test_a_tiny_raster_is_held_to_the_range_only_where_that_is_clear(make: Any, shape: tuple[int, int, int]) -> None:
    values = np.broadcast_to(np.array(LEVELS, np.float32)[:, None, None], shape).copy()
    assert open_scene(make.stack("s.tif", values, descriptions=NAMES)).bands == NAMES
    values[:, 0, 0] = -9999
    with pytest.raises(ProductError, match="--nodata"):
        open_scene(make.stack("t.tif", values, descriptions=NAMES))


def test_many_pixels_of_one_possible_number_are_warned_of(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    path = make.stack("s.tif", with_fill(0.0, 300), descriptions=NAMES)
    with caplog.at_level(logging.WARNING):
        open_scene(path)
    assert "hold 0 in every band" in caplog.text
    assert "--nodata 0" in caplog.text
    caplog.clear()
    open_scene(path, nodata=0)
    assert caplog.text == ""


def test_missing_data_that_the_look_at_open_time_passes_over_are_found_in_reading(
    make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trimline.scenes import plausible

    monkeypatch.setattr(plausible, "_CHUNK", 64)
    monkeypatch.setattr(plausible, "_ENOUGH", 64)
    values = ground()
    values[:, 37, 20:30] = -1.0
    values[2, 45, 5] = -9999
    scene = open_scene(make.stack("s.tif", values, descriptions=NAMES, blockysize=1))
    assert scene.read(NAMES, scene.geobox[:30, :]).shape == (6, 30, 64)
    with pytest.raises(ProductError, match=r"-1 stands in 10 .*\n.*--nodata -1"):
        scene.read(NAMES, scene.geobox[30:40, :])
    with pytest.raises(ProductError, match="--nodata -9999"):
        scene.read("red", scene.geobox[40:, :].zoom_out(4))
    with pytest.raises(ProductError, match="--nodata -9999"):
        scene.read("red", chunks=32).compute()


def test_blocks_of_a_tiled_raster_without_data_do_not_end_the_look(make: Any) -> None:
    values = np.full((6, 512, 512), np.nan, np.float32)
    values[:, 300:364, 400:464] = ground() * 100
    path = make.stack("s.tif", values, descriptions=NAMES, tiled=True, blockxsize=64, blockysize=64)
    with pytest.raises(ProductError, match=r"--scale 0\.01"):
        open_scene(path)


@pytest.mark.parametrize("count", [1, 2, 7, 64, 100])
def test_the_look_takes_every_part_once(count: int) -> None:
    assert sorted(_spread(count)) == list(range(count))


def test_integers_without_a_scale_name_the_options(make: Any) -> None:
    path = make.stack("s.tif", (ground() * 10_000).astype(np.uint16), descriptions=NAMES)
    with pytest.raises(BandError, match="--scale, --offset"):
        open_scene(path).read(["red"])


def test_a_sidecar_can_say_it(make: Any) -> None:
    path: Path = make.stack("s.tif", with_fill(-9999, 9) * np.float32(1.0), descriptions=NAMES)
    path.with_suffix(".json").write_text(json.dumps({"nodata": -9999}))
    assert int(np.isnan(open_scene(path).read("red")).sum()) == 9


def test_info_tells_of_impossible_numbers(make: Any) -> None:
    path = make.stack("s.tif", ground() * 100, descriptions=NAMES)
    assert any("cannot be reflectance" in note and "--scale 0.01" in note for note in product_info(path).notes)
    assert not any(
        "reflectance" in note for note in product_info(make.stack("t.tif", ground(), descriptions=NAMES)).notes
    )


@pytest.mark.parametrize(("added", "offset", "is_said"), [(1000, 0, True), (1000, -1000, False), (0, 0, False)])
def test_an_offset_left_in_numbers_of_sentinel_2_is_said(
    make: Any, caplog: pytest.LogCaptureFixture, added: int, offset: float, is_said: bool
) -> None:
    """An offset of 0 is believed, and said to look wrong where no number of SWIR is dark; SWIR of snow is."""
    path = make.stack("s.tif", (ground() * 10_000 + added).astype(np.uint16), descriptions=NAMES)
    with caplog.at_level(logging.WARNING):
        open_scene(path, sensor="sentinel-2-msi", scale=1e-4, offset=offset, nodata=0)
    said = "hardly a number of swir2 and swir1 is below 950" in caplog.text and "give --offset -1000" in caplog.text
    assert said == is_said, caplog.text
