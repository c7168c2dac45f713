"""Simulated products are valid: the ordinary reader opens them, and what it reads is what was simulated."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimline.errors import SimulationError
from trimline.files import sha256
from trimline.outlines import area_km2, rasterise, read_outlines
from trimline.project import SimulatedRange
from trimline.scenes import open_scene, product_info
from trimline.simulate import RangeManifest, write_range

LOOKS: list[dict[str, Any]] = [
    {"date": "1988-08-20", "sensor": "landsat-5-tm"},
    {"date": "2002-08-20", "sensor": "landsat-7-etm"},
    {"date": "2018-08-23", "sensor": "landsat-8-oli", "cloud_fraction": 0.2},
    {"date": "2018-08-23", "sensor": "sentinel-2-msi"},
    {"date": "2022-08-20", "sensor": "sentinel-2-msi"},
]
SAFE = {"sensor": "sentinel-2-msi", "format": "safe"}


def settings(**changes: Any) -> SimulatedRange:
    content = {"name": "small", "size": 384, "resolution_m": 10, "seed": 2, "first_year": 1988, "scenes": LOOKS}
    return SimulatedRange.model_validate(content | changes)


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    return write_range(settings(), tmp_path_factory.mktemp("range"), progress=False)


def scene_of(simulated: RangeManifest, position: int) -> Any:
    return open_scene(simulated.folder / simulated.scenes[position].product)


def test_every_product_is_complete_and_says_when_and_where(simulated: RangeManifest) -> None:
    for record in simulated.scenes:
        info = product_info(simulated.folder / record.product)
        assert info.is_complete, info
        scene = open_scene(simulated.folder / record.product)
        assert scene.sensor.id == record.sensor
        assert scene.date == record.date
        assert scene.geobox.crs.to_epsg() == 32646
        assert 40 < scene.sun_elevation < 75


def test_metadata_spelt_three_ways_say_the_same(simulated: RangeManifest) -> None:
    product = simulated.folder / simulated.scenes[0].product
    scenes = [open_scene(next(product.glob(f"*_MTL.{suffix}"))) for suffix in ("txt", "json", "xml")]
    assert len({(s.time, s.sun_elevation, s.tile, s.geobox) for s in scenes}) == 1
    reads = [s.read(["red", "thermal"]).to_numpy() for s in scenes]
    assert np.array_equal(reads[0], reads[1], equal_nan=True)
    assert np.array_equal(reads[0], reads[2], equal_nan=True)


def test_the_grid_of_the_metadata_is_the_grid_of_the_bands(simulated: RangeManifest) -> None:
    import rasterio

    scene = scene_of(simulated, 0)
    with rasterio.open(scene.assets["red"].href) as source:
        assert source.transform == scene.geobox.transform
        assert source.shape == scene.geobox.shape


@pytest.mark.parametrize("position", range(len(LOOKS)))
def test_snow_ice_and_rock_are_as_bright_as_they_should_be(simulated: RangeManifest, position: int) -> None:
    scene = scene_of(simulated, position)
    green, swir1, red = scene.read(["green", "swir1", "red"]).to_numpy()
    ice = rasterise(read_outlines(simulated.folder / simulated.scenes[position].outlines), scene.geobox).astype(bool)
    ndsi = (green - swir1) / (green + swir1)
    clear = scene.quality()["clear"].to_numpy() if scene.quality_assets else np.ones_like(ice)
    assert np.nanmedian(ndsi[ice & clear]) > 0.6
    assert np.nanmedian(ndsi[~ice & clear]) < 0.1
    assert np.nanmin(red) > -0.02
    assert np.nanmax(red) < 1.6


def test_tm_saturates_over_snow_in_the_visible_and_says_so(simulated: RangeManifest) -> None:
    scene = scene_of(simulated, 0)
    numbers = scene.read(["blue", "nir"], units="dn").to_numpy()
    blue_full = numbers[0] == 255
    assert blue_full.mean() > 0.01
    # Chander and others (2009): TM's blue band is full at 169 W m-2 sr-1 µm-1, whatever the gain's rounding.
    limit = math.pi * 169.0 * 1.0 / 1983.0 / math.sin(math.radians(scene.sun_elevation))
    assert scene.read(["blue"]).to_numpy().max() == pytest.approx(limit, rel=0.03)
    saturated = scene.quality()["saturated"].to_numpy()
    assert saturated[blue_full].mean() > 0.9
    assert not scene_of(simulated, 2).quality()["saturated"].to_numpy().any(), "OLI does not saturate"


def test_the_quality_band_tells_cloud_shadow_snow_and_water(simulated: RangeManifest) -> None:
    quality = scene_of(simulated, 2).quality()
    share = {name: float(quality[name].mean()) for name in quality.data_vars}
    assert 0.05 < share["cloud"] < 0.3
    assert share["dilated_cloud"] > 0
    assert share["cloud_shadow"] > 0
    assert share["snow"] > 0.02, "what the clouds leave to be seen"
    assert share["fill"] == 0
    assert not (quality["cloud"] & quality["clear"]).any()
    assert not scene_of(simulated, 0).quality()["cloud"].any()


def test_ice_is_never_warmer_than_melting(simulated: RangeManifest) -> None:
    scene = scene_of(simulated, 0)
    (kelvin,) = scene.read(["thermal"]).to_numpy()
    ice = rasterise(read_outlines(simulated.folder / simulated.scenes[0].outlines), scene.geobox).astype(bool)
    assert np.nanmedian(kelvin[ice]) < 274.5
    assert np.nanmedian(kelvin[~ice]) > 278


def test_the_true_area_is_that_of_the_true_outlines_and_shrinks(simulated: RangeManifest) -> None:
    for record in simulated.scenes:
        outlines = read_outlines(simulated.folder / record.outlines)
        assert area_km2(outlines).sum() == pytest.approx(record.area_km2, rel=1e-9)
        assert outlines["glac_id"].is_unique
        assert (outlines["zmin_m"] <= outlines["zmed_m"]).all()
        assert (outlines["zmed_m"] <= outlines["zmax_m"]).all()
    areas = [record.area_km2 for record in simulated.scenes]
    assert areas[0] > areas[1] > areas[2] > areas[4]


def test_two_sensors_on_one_day_see_the_same_glaciers(simulated: RangeManifest) -> None:
    oli, msi = simulated.scenes[2], simulated.scenes[3]
    assert oli.area_km2 == msi.area_km2
    coarse, fine = scene_of(simulated, 2), scene_of(simulated, 3)
    assert fine.geobox.resolution.x == 10
    clear = ~coarse.quality()["cloud"].to_numpy() & ~coarse.quality()["dilated_cloud"].to_numpy()
    clear &= ~coarse.quality()["cloud_shadow"].to_numpy()
    (of_oli,) = coarse.read(["nir"]).to_numpy()
    (of_msi,) = fine.read(["nir"]).to_numpy()
    averaged = of_msi.reshape(coarse.geobox.height, 3, coarse.geobox.width, 3).mean(axis=(1, 3))
    assert np.corrcoef(of_oli[clear], averaged[clear])[0, 1] > 0.97


def test_sentinel_2_carries_the_offset_of_its_processing_baseline(simulated: RangeManifest) -> None:
    before, after = (
        json.loads((simulated.folder / simulated.scenes[i].product).with_suffix(".json").read_text()) for i in (3, 4)
    )
    assert (before["offset"], after["offset"]) == (0, -1000)
    means = [float(scene_of(simulated, i).read(["nir"]).mean()) for i in (3, 4)]
    assert means[0] == pytest.approx(means[1], rel=0.2), "reflectance does not jump with the offset"


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_range(tmp_path: Path) -> None:
    small = {"size": 64, "resolution_m": 30, "scenes": LOOKS[:1]}
    hashes = {}
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        write_range(settings(seed=seed, **small), tmp_path / name, progress=False)
        hashes[name] = sha256(tmp_path / name)
    assert hashes["one"] == hashes["again"] != hashes["other"]


@pytest.mark.parametrize(("form", "suffix"), [("safe", ".SAFE"), ("zip", ".zip")])
def test_sentinel_2_is_written_as_its_settings_ask(form: str, suffix: str, tmp_path: Path) -> None:
    look = {"date": "2018-08-23", "sensor": "sentinel-2-msi", "format": form, "level": "L2A", "baseline": "05.00"}
    record = write_range(settings(size=96, scenes=[look]), tmp_path, progress=False).scenes[0]
    assert record.product.startswith("S2A_MSIL2A_20180823T")
    assert "_N0500_" in record.product
    assert Path(record.product).suffix == suffix
    assert (tmp_path / record.product).exists()


def test_more_snow_lies_in_june_than_in_august(tmp_path: Path) -> None:
    acquisitions = [{"date": "1988-06-10"}, {"date": "1988-08-25"}]
    small = settings(size=64, resolution_m=30, scenes=acquisitions)
    june, august = write_range(small, tmp_path, progress=False).scenes
    assert june.shares["snow"] > august.shares["snow"] + 0.02
    assert june.area_km2 == pytest.approx(august.area_km2, rel=0.01), "some weeks of warming lie between"


def test_landsat_7_after_may_2003_is_seen_through_gaps(tmp_path: Path) -> None:
    acquisitions = [{"date": "2004-08-23", "sensor": "landsat-7-etm"}]
    manifest = write_range(settings(size=64, resolution_m=30, scenes=acquisitions), tmp_path, progress=False)
    scene = scene_of(manifest, 0)
    assert 0.1 < float(scene.quality()["fill"].mean()) < 0.5
    assert any("SLC-off" in note for note in product_info(tmp_path / manifest.scenes[0].product).notes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": 70, "resolution_m": 30}, "divide"),
        ({"resolution_m": 30, "scenes": [{"date": "2018-08-23", "sensor": "sentinel-2-msi"}]}, "do not fit"),
        ({"scenes": [{"date": "1975-08-23", "sensor": "landsat-2-mss"}]}, "cannot be simulated"),
        ({"scenes": LOOKS[:1] * 2}, "two acquisitions"),
        ({"size": 64, "scenes": [SAFE | {"date": "2018-08-23"}]}, "not whole pixels of 60 m"),
        ({"size": 96, "scenes": [SAFE | {"date": "2014-08-23"}]}, "did not fly"),
    ],
)
def test_a_range_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SimulationError, match=message):
        write_range(settings(**changes), tmp_path, progress=False)
