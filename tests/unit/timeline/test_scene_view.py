"""What a scene says of each pixel: where it is blind, and what resampling keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import StageError
from trimline.rasters import MASK_NODATA, PROBABILITY_NODATA, encode_mask, encode_probability, write_raster
from trimline.scenes import open_scene
from trimline.scenes.quality import PIXEL_BITS
from trimline.timeline.period_maps import combine_period
from trimline.timeline.place import Place, footprint_of, footprints, lay_out_grid
from trimline.timeline.preference import Candidate
from trimline.timeline.rules import GROUND, ICE, UNSEEN
from trimline.timeline.scene_view import MappedScene, cloud_and_snow

SIDE = 32


def grid(height: int, width: int, left: float = 500_000, bottom: float = 3_800_000) -> GeoBox:
    """Return a grid of pixels of 30 m."""
    return GeoBox((height, width), Affine(30, 0, left, 0, -30, bottom + height * 30), "EPSG:32646")


GRID = grid(SIDE, SIDE)


def view(
    folder: Path, probability: NDArray[np.float32], *, pixel: int | NDArray[np.uint16] = 0, radiance: int = 0
) -> MappedScene:
    """Write a scene of one Landsat stack with its maps, and return it."""
    folder.mkdir(exist_ok=True)
    flags = np.broadcast_to(np.asarray(pixel, np.uint16), (SIDE, SIDE))
    saturation = np.zeros((SIDE, SIDE), np.uint16)
    saturation[:, : SIDE // 2] = radiance
    bands = np.stack([np.full((SIDE, SIDE), 1000, np.uint16), flags, saturation])
    stack = write_raster(folder / "scene.tif", bands, GRID, names=["red", "QA_PIXEL", "QA_RADSAT"])
    write_raster(folder / "probability.tif", encode_probability(probability), GRID, nodata=PROBABILITY_NODATA)
    write_raster(folder / "mask.tif", encode_mask(probability, 0.5), GRID, nodata=MASK_NODATA)
    with rasterio.open(folder / "mask.tif", "r+") as mask:
        mask.update_tags(TRIMLINE_THRESHOLD="0.5")
    return MappedScene.of(open_scene(stack, sensor="landsat-5-tm", date="1988-08-20"), folder)


def ramp() -> NDArray[np.float32]:
    """Return a probability that rises from the west to the east."""
    return np.broadcast_to(np.linspace(0, 1, SIDE, dtype=np.float32), (SIDE, SIDE)).copy()


def test_on_its_own_grid_a_view_says_what_was_mapped(tmp_path: Path) -> None:
    probability = ramp()
    probability[:4] = np.nan
    seen = view(tmp_path, probability).view(GRID[2:20, 3:30], GRID)
    np.testing.assert_array_equal(seen.state, encode_mask(probability, 0.5)[2:20, 3:30])
    np.testing.assert_allclose(seen.probability, probability[2:20, 3:30], atol=1e-4)
    np.testing.assert_array_equal(seen.uncertain, (seen.probability > 0.2) & (seen.probability < 0.8))
    assert not seen.saturated.any()


def test_a_ratio_has_no_uncertain_pixels(tmp_path: Path) -> None:
    seen = view(tmp_path, ramp())
    assert seen.view(GRID, GRID).uncertain.any()
    with rasterio.open(tmp_path / "mask.tif", "r+") as mask:
        mask.update_tags(TRIMLINE_NETWORK="band_ratio")
    assert not MappedScene.of(seen.scene, tmp_path).view(GRID, GRID).uncertain.any()


@pytest.mark.parametrize("flag", ["fill", "cloud", "dilated_cloud", "cloud_shadow"])
def test_a_view_is_blind_under_cloud_its_shadow_and_fill(tmp_path: Path, flag: str) -> None:
    pixel = np.zeros((SIDE, SIDE), np.uint16)
    pixel[10:20] = 1 << PIXEL_BITS[flag]
    seen = view(tmp_path, ramp(), pixel=pixel).view(GRID, GRID)
    assert (seen.state[10:20] == UNSEEN).all()
    assert np.isnan(seen.probability[10:20]).all(), "what a cloud looks like says nothing of the ground"
    assert not seen.uncertain[10:20].any()
    assert (seen.state[:10] != UNSEEN).all()


@pytest.mark.parametrize("flag", ["snow", "water", "clear"])
def test_snow_and_water_hide_nothing(tmp_path: Path, flag: str) -> None:
    seen = view(tmp_path, ramp(), pixel=1 << PIXEL_BITS[flag]).view(GRID, GRID)
    assert (seen.state != UNSEEN).all()


def test_saturation_is_told_apart_and_a_dropped_pixel_is_not_seen(tmp_path: Path) -> None:
    bright = view(tmp_path / "bright", ramp(), radiance=1 << 2).view(GRID, GRID)
    assert bright.saturated[:, : SIDE // 2].all()
    assert not bright.saturated[:, SIDE // 2 :].any()
    assert (bright.state != UNSEEN).all()
    dropped = view(tmp_path / "dropped", ramp(), radiance=1 << 9).view(GRID, GRID)
    assert (dropped.state[:, : SIDE // 2] == UNSEEN).all()
    assert not dropped.saturated.any()


def test_another_zone_is_resampled_from_the_probability_and_does_not_depend_on_the_block(tmp_path: Path) -> None:
    disc = np.hypot(*(np.indices((SIDE, SIDE)) - SIDE / 2)) < 10
    seen = view(tmp_path, disc.astype(np.float32))
    shown = footprint_of("a", seen.mask)
    assert shown is not None
    place = lay_out_grid(footprints([shown], "EPSG:32645"), [shown.grid])
    region = place.geobox
    assert region.crs.epsg == 32645
    state = seen.view(region, region).state
    factor = (place.ground.geometry.area.sum()) / (SIDE * 30) ** 2
    assert (state == ICE).sum() == pytest.approx(disc.sum() * factor, rel=0.02)
    top, bottom, left, right = seen.rectangle(region)
    assert (top, left) == (0, 0)
    assert abs(bottom - region.height) <= 1
    assert abs(right - region.width) <= 1
    part = seen.view(region[5:17, 7:30], region).state
    np.testing.assert_array_equal(part, state[5:17, 7:30])


def test_a_period_keeps_the_probability_and_the_uncertain_pixels_of_the_scene_behind_each_pixel(tmp_path: Path) -> None:
    pixel = np.zeros((SIDE, SIDE), np.uint16)
    pixel[:8] = 1 << PIXEL_BITS["cloud"]
    first, other = view(tmp_path / "one", ramp(), pixel=pixel), view(tmp_path / "two", ramp()[:, ::-1].copy())
    candidates = [Candidate(name, "1988-08-20", reference=False, cloud=0.0, snow=0.0) for name in ("one", "two")]
    shown = footprint_of("one", first.mask)
    assert shown is not None
    place = lay_out_grid(footprints([shown], "EPSG:32646"), [shown.grid])
    combine_period([*zip(candidates, (first, other), strict=True)], place, tmp_path, period="now", rule="reference")
    expected = ramp()
    expected[:8] = expected[:8, ::-1]
    with rasterio.open(tmp_path / "probability.tif") as source:
        np.testing.assert_allclose(source.read(1) * 1e-4, expected, atol=1e-4)
    with rasterio.open(tmp_path / "uncertain.tif") as source:
        uncertain = source.read(1)
    np.testing.assert_array_equal(uncertain == 1, (expected > 0.2) & (expected < 0.5))
    np.testing.assert_array_equal(uncertain == 2, (expected >= 0.5) & (expected < 0.8))


def test_cloud_and_snow_are_shares_of_the_image_and_of_its_clear_ground(tmp_path: Path) -> None:
    pixel = np.zeros((SIDE, SIDE), np.uint16)
    pixel[:8] = 1
    pixel[8:14] = 1 << PIXEL_BITS["cloud"]
    pixel[14:17] = 1 << PIXEL_BITS["snow"]
    cloud, snow = cloud_and_snow(view(tmp_path, ramp(), pixel=pixel).scene)
    assert cloud == pytest.approx(6 / 24)
    assert snow == pytest.approx(3 / 18)


def test_a_scene_that_is_not_mapped_is_named(tmp_path: Path) -> None:
    seen = view(tmp_path, ramp())
    with pytest.raises(StageError, match="has not been mapped"):
        MappedScene.of(seen.scene, tmp_path / "nowhere")
    write_raster(tmp_path / "mask.tif", np.zeros((SIDE, SIDE), np.uint8), GRID)
    with pytest.raises(StageError, match="no tag TRIMLINE_THRESHOLD"):
        MappedScene.of(seen.scene, tmp_path)


def mask_file(path: Path, mask: NDArray[np.uint8], left: float = 500_000) -> Path:
    height, width = mask.shape
    return write_raster(path, mask, grid(height, width, left), nodata=255)


def test_a_footprint_is_the_hull_of_what_has_data(tmp_path: Path) -> None:
    mask = np.full((700, 40), 255, np.uint8)
    mask[100:600, 10:30] = GROUND
    mask[300:310] = 255  # a gap of the scanner
    shown = footprint_of("a", mask_file(tmp_path / "a.tif", mask))
    assert shown is not None
    assert shown.hull.bounds == (500_300, 3_803_000, 500_900, 3_818_000)
    assert shown.hull.area == 500 * 20 * 900
    assert footprint_of("a", mask_file(tmp_path / "b.tif", np.full((9, 9), 255, np.uint8))) is None


def laid(tmp_path: Path, *lefts: float) -> Place:
    shown = [
        footprint_of(str(i), mask_file(tmp_path / f"{i}.tif", np.zeros((20, 20), np.uint8), left))
        for i, left in enumerate(lefts)
    ]
    found = [each for each in shown if each is not None]
    return lay_out_grid(footprints(found, "EPSG:32646"), [each.grid for each in found])


def test_the_grid_has_the_pixels_of_most_scenes_and_islands_that_do_not_touch(tmp_path: Path) -> None:
    place = laid(tmp_path, 500_000 + 15, 500_315, 560_015, 530_000)
    assert (place.geobox.affine.c - 500_015) % 30 == 0
    assert place.islands == ((0, 20, 0, 30), (0, 20, 999, 1020), (0, 20, 2000, 2020))
    assert place.geobox.shape == (20, 2020)
