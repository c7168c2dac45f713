"""What is mapped depends on the scene and the network, and on nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from odc.geo.geobox import GeoBox

from trimline.errors import GridError, MappingError, WeightsError
from trimline.mapping import MapOptions, check_fits, predict_array
from trimline.scenes import Asset, NoCalibration, Scene


@pytest.mark.parametrize("window", [16, 33, 64, 100, 512])
def test_the_size_of_the_windows_does_not_matter(scene: Scene, model: Any, window: int) -> None:
    image = scene.read(model.bands).values
    whole = model.predict(image[None])[0]
    mapped = predict_array(scene, model, options=MapOptions(window=window, screen=False))
    assert np.array_equal(np.isnan(mapped), np.isnan(whole))
    assert np.nanmax(np.abs(mapped - whole)) < 1e-4


def test_a_halo_too_small_does_matter(scene: Scene, model: Any) -> None:
    """Or the test above would prove nothing."""
    whole = predict_array(scene, model, options=MapOptions(screen=False))
    assert (
        np.nanmax(np.abs(predict_array(scene, model, options=MapOptions(window=64, halo=0, screen=False)) - whole))
        > 1e-3
    )


def test_a_part_of_a_scene_is_mapped_as_in_the_whole(scene: Scene, model: Any) -> None:
    whole = predict_array(scene, model, options=MapOptions(window=64, screen=False))
    part = predict_array(scene, model, scene.geobox[37:190, 23:301], options=MapOptions(window=64, screen=False))
    assert part == pytest.approx(whole[37:190, 23:301], abs=1e-6, nan_ok=True)


def test_beyond_the_scene_nothing_is_known(scene: Scene, model: Any) -> None:
    wider = scene.geobox.pad(30, 20)
    mapped = predict_array(scene, model, wider, options=MapOptions(window=64, screen=False))
    height, width = scene.geobox.shape
    inside = np.zeros(wider.shape, bool)
    inside[20 : 20 + height, 30 : 30 + width] = True
    assert np.isnan(mapped[~inside]).all()
    whole = predict_array(scene, model, options=MapOptions(window=64, screen=False))
    assert mapped[inside].reshape(height, width) == pytest.approx(whole, abs=1e-6, nan_ok=True)


def test_another_grid_can_be_mapped(scene: Scene, model: Any) -> None:
    coarse = GeoBox.from_bbox((503_000, 3_795_000, 508_000, 3_799_000), "EPSG:32646", resolution=60)
    mapped = predict_array(scene, model, coarse, options=MapOptions(window=32, screen=False))
    assert mapped.shape == coarse.shape
    assert np.isfinite(mapped).all()
    elsewhere = GeoBox.from_bbox((503_000, 6_000_000, 508_000, 6_004_000), "EPSG:32646", resolution=60)
    assert np.isnan(predict_array(scene, model, elsewhere, options=MapOptions(screen=False))).all()
    abroad = scene.geobox.to_crs(32645)
    mapped = predict_array(scene, model, abroad, options=MapOptions(window=64, screen=False))
    assert 0.5 < np.isfinite(mapped).mean() < 1


def test_windows_without_data_are_not_shown_to_the_network(make_scene: Callable[..., Scene], model: Any) -> None:
    image = np.full((2, 256, 256), np.nan, np.float32)
    image[:, 10:20, 200:210] = 0.3
    predict_array(make_scene(image), model, options=MapOptions(window=64, screen=False))
    assert len(model.seen) == 1
    model.seen.clear()
    predict_array(make_scene(np.full_like(image, np.nan)), model, options=MapOptions(window=64, screen=False))
    assert model.seen == []


def test_fill_is_nodata_though_the_bands_have_numbers(scene: Scene, model: Any, monkeypatch: Any) -> None:
    def fill(_: Scene, geobox: GeoBox) -> Any:
        there = np.zeros(geobox.shape, bool)
        there[:, :10] = geobox.affine.c == scene.geobox.affine.c
        return there

    monkeypatch.setattr(Scene, "fill", fill)
    flagged = replace(scene, quality_assets={"pixel": scene.assets["red"]})
    mapped = predict_array(flagged, model, options=MapOptions(window=64, screen=False, clouds="keep"))
    assert np.isnan(mapped[:, :10]).all()
    assert np.isfinite(mapped[100:, 10:]).all()


def test_a_network_of_whole_tiles_sees_its_own_tile(scene: Scene, model: Any) -> None:
    model.tile = (64, 64)
    mapped = predict_array(scene, model, options=MapOptions(window=512, screen=False))
    assert set(model.seen) == {(64, 64)}
    assert np.isfinite(mapped[100:, 100:]).all()


def test_a_network_of_whole_tiles_must_say_which(scene: Scene, model: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(model), "halo", None)
    with pytest.raises(MappingError, match="blur depends on the whole tile"):
        predict_array(scene, model, options=MapOptions(screen=False))


def test_a_band_that_the_scene_lacks_is_named(scene: Scene, model: Any) -> None:
    model.bands = ("red", "nir")
    with pytest.raises(WeightsError, match=r"made: the weights need the band 'nir'(.|\n)*red, swir1"):
        predict_array(scene, model, options=MapOptions(screen=False))
    lost = replace(scene, missing={"nir": "made_B4.TIF"})
    with pytest.raises(WeightsError, match=r"made_B4\.TIF"):
        check_fits(lost, model)


def test_weights_for_numbers_refuse_reflectance(scene: Scene, model: Any) -> None:
    model.units = "dn"
    with pytest.raises(WeightsError, match=r"made, band red: (.|\n)*digital numbers"):
        predict_array(scene, model, options=MapOptions(screen=False))


def test_weights_for_numbers_refuse_those_of_another_instrument(scene: Scene, model: Any) -> None:
    """A network that learnt the 8 bits of TM finds ice everywhere in the 16 bits of OLI."""
    model.units, model.sensors = "dn", ("landsat-8-oli", "landsat-9-oli")
    with pytest.raises(WeightsError, match=r"know the digital numbers of OLI, and those of TM are on another scale"):
        check_fits(scene, model)
    model.units = "reflectance"
    check_fits(scene, model)


def test_weights_for_reflectance_refuse_bare_numbers(scene: Scene, model: Any) -> None:
    bare = Asset(scene.assets["red"].href, NoCalibration("the raster holds integers", "give scale and offset; or ..."))
    uncalibrated = replace(scene, assets={**scene.assets, "red": bare})
    with pytest.raises(WeightsError, match=r"need reflectance, and the raster holds integers\ngive scale and offset"):
        predict_array(uncalibrated, model, options=MapOptions(screen=False))


def test_a_grid_needs_a_crs(scene: Scene, model: Any) -> None:
    with pytest.raises(GridError, match="no CRS"):
        predict_array(scene, model, GeoBox((10, 10), scene.geobox.affine, None), options=MapOptions(screen=False))
