"""GeoTIFF stacks: what their bands are, and what their numbers mean."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine

from trimline.errors import BandError, GridError, MetadataError, ProductError
from trimline.scenes import open_scene, product_info
from trimline.scenes.band_names import COMMON_NAMES, common_name
from trimline.sensors import get_sensor

INTEGERS = np.arange(1, 4 * 20 * 30 + 1, dtype=np.uint16).reshape(4, 20, 30)
FLOATS = (INTEGERS / 5000).astype(np.float32)


@pytest.mark.parametrize(
    ("descriptions", "sensor", "bands"),
    [
        (("B02", "B03", "B8A", "B11"), "sentinel-2-msi", ["blue", "green", "nir08", "swir1"]),
        (("B2", "B3", "B4", "B12"), "sentinel-2-msi", ["blue", "green", "red", "swir2"]),
        (("SRE_B2", "SRE_B3", "SRE_B4", "SRE_B8"), "sentinel-2-msi", ["blue", "green", "red", "nir"]),
        (("SR_B1", "SR_B5", "ST_B6", "SR_B7"), "landsat-5-tm", ["blue", "swir1", "thermal", "swir2"]),
        (("red", "NIR", "swir16", "lwir11"), None, ["red", "nir", "swir1", "thermal"]),
        (("Blue", "nir08", "SWIR 1", "swir22"), "landsat-8-oli", ["blue", "nir", "swir1", "swir2"]),
        (("red", "nir", "QA10", "angle"), "sentinel-2-msi", ["red", "nir"]),
    ],
)
def test_descriptions_name_the_bands(
    make: Any, descriptions: tuple[str, ...], sensor: str | None, bands: list[str]
) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=descriptions)
    scene = open_scene(path, sensor=sensor)
    assert list(scene.assets) == bands
    assert scene.sensor.id == (sensor or "unknown")
    np.testing.assert_array_equal(scene.read(bands[:1])[0], FLOATS[0])


def test_agency_names_without_a_sensor_are_not_guessed(make: Any) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("B2", "B3", "B4", "nir"))
    with pytest.raises(BandError, match=r"B2, B3, B4.*\n.*which sensor.*sentinel-2-msi"):
        open_scene(path)


def test_a_stack_without_names_asks_for_them(make: Any) -> None:
    path = make.stack("s.tif", FLOATS)
    with pytest.raises(BandError, match="--bands"):
        open_scene(path)
    info = product_info(path)
    assert info.bands == ()
    assert (info.width, info.height) == (30, 20)
    assert any("--bands" in note for note in info.notes)


def test_bands_can_be_given_and_left_out(make: Any) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("B2", "B3", "B4", "B8"))
    scene = open_scene(path, bands=["green", "-", "red", "swir1"])
    assert {name: asset.index for name, asset in scene.assets.items()} == {"green": 1, "red": 3, "swir1": 4}
    assert product_info(path, bands=["green", "-", "red", "swir1"]).bands == ("green", "red", "swir1")


@pytest.mark.parametrize(
    ("bands", "what"),
    [
        (["red", "nir"], "2 bands are named, and the raster has 4"),
        (["red", "nir", "swir1", "termal"], r"'termal' is no band\ndid you mean 'thermal'"),
        (["red", "nir", "red", "-"], "'red' stands twice"),
        (["B4", "nir", "-", "-"], "'B4' means another band on every sensor"),
        (["-", "-", "-", "-"], "nothing says which bands"),
    ],
)
def test_band_names_that_do_not_fit_are_errors(make: Any, bands: list[str], what: str) -> None:
    path = make.stack("s.tif", FLOATS)
    with pytest.raises(BandError, match=what):
        open_scene(path, bands=bands)


def test_a_band_the_sensor_lacks_is_an_error(make: Any) -> None:
    path = make.stack("s.tif", FLOATS)
    with pytest.raises(BandError, match="'rededge1' is no band of landsat-5-tm"):
        open_scene(path, bands=["red", "nir", "rededge1", "-"], sensor="landsat-5-tm")


def test_integers_without_a_scale_are_numbers_only(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("blue", "green", "red", "nir"))
    scene = open_scene(path)
    np.testing.assert_array_equal(scene.read(["red"], units="dn")[0], INTEGERS[2])
    with pytest.raises(BandError, match=r"band red: the raster holds integers.*\ngive scale"):
        scene.read(["red"])
    assert any("without a scale" in note for note in product_info(path).notes)


def test_the_offset_is_added_before_scaling(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("blue", "green", "red", "nir"))
    red = open_scene(path, scale=1e-4, offset=-1000).read(["red"])[0]
    np.testing.assert_allclose(red, (INTEGERS[2].astype(np.float64) - 1000) * 1e-4, atol=1e-7)


def test_sentinel_integers_without_an_offset_are_doubted(make: Any, caplog: pytest.LogCaptureFixture) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("B2", "B3", "B4", "B8"))
    open_scene(path, sensor="sentinel-2-msi", scale=1e-4, offset=0)
    assert not caplog.messages
    open_scene(path, sensor="sentinel-2-msi", scale=1e-4)
    assert "need -1000 (--offset)" in caplog.text


def test_an_offset_without_a_scale_is_an_error(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("blue", "green", "red", "nir"))
    with pytest.raises(BandError, match="offset is given without a scale"):
        open_scene(path, offset=-1000)


def test_the_scale_of_the_raster_itself_is_used(make: Any) -> None:
    import rasterio

    path = make.stack("s.tif", INTEGERS, descriptions=("blue", "green", "red", "nir"))
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = (2e-4,) * 4, (-0.1,) * 4
    np.testing.assert_allclose(open_scene(path).read(["red"])[0], INTEGERS[2] * 2e-4 - 0.1, atol=1e-6)


def test_one_scale_does_not_serve_the_thermal_band(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS, descriptions=("red", "nir", "swir1", "thermal"))
    scene = open_scene(path, scale=1e-4)
    assert np.isfinite(scene.read(["red"])).all()
    with pytest.raises(BandError, match="kelvin"):
        scene.read(["thermal"])
    path.with_suffix(".json").write_text(json.dumps({"scale": {"thermal": 0.1}, "offset": {"thermal": 1000}}))
    thermal = open_scene(path, scale=1e-4).read(["thermal"])[0]
    np.testing.assert_allclose(thermal, (INTEGERS[3].astype(float) + 1000) * 0.1, rtol=1e-6)


@pytest.mark.parametrize("nodata", [0.0, 5.0])
def test_nodata_is_that_of_the_raster_or_the_given_one(make: Any, nodata: float) -> None:
    values = FLOATS.copy()
    values[:, 3, 4] = nodata
    path = make.stack("s.tif", values, descriptions=("blue", "green", "red", "nir"), nodata=nodata)
    assert np.isnan(open_scene(path).read(["red"])[0, 3, 4])
    bare = make.stack("bare.tif", values, descriptions=("blue", "green", "red", "nir"))
    assert np.isnan(open_scene(bare, nodata=nodata).read(["red"])[0, 3, 4])
    assert open_scene(bare).read(["red"])[0, 3, 4] == nodata


def test_nan_and_infinity_are_no_data(make: Any) -> None:
    values = FLOATS.copy()
    values[0, 0, :2] = np.nan, np.inf
    scene = open_scene(make.stack("s.tif", values, descriptions=("blue", "green", "red", "nir"), nodata=0))
    assert np.isnan(scene.read(["blue"])[0, 0, :2]).all()


def test_an_internal_mask_is_honoured(make: Any) -> None:
    import rasterio

    path = make.stack("s.tif", FLOATS, descriptions=("blue", "green", "red", "nir"))
    mask = np.full((20, 30), 255, dtype=np.uint8)
    mask[:, :10] = 0
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=True), rasterio.open(path, "r+") as raster:
        raster.write_mask(mask)
    red = open_scene(path).read(["red"])[0].to_numpy()
    np.testing.assert_array_equal(np.isnan(red), mask == 0)


def test_a_sidecar_says_what_the_raster_does_not(make: Any) -> None:
    path = make.stack("s.tif", INTEGERS)
    sidecar = {
        "id": "vinciguerra-2022",
        "sensor": "sentinel-2-msi",
        "bands": ["B2", "B3", "-", "B11"],
        "scale": 0.0001,
        "offset": -1000,
        "nodata": 1,
        "time": "2022-02-17T11:20:31-03:00",
        "sun_azimuth": 58.2,
        "sun_elevation": 47.9,
        "tile": "19FEV",
        "cloud_cover": 3.5,
        "level": "L1C",
    }
    path.with_suffix(".json").write_text(json.dumps(sidecar))
    scene = open_scene(path)
    assert scene.id == "vinciguerra-2022"
    assert list(scene.assets) == ["blue", "green", "swir1"]
    assert scene.time == datetime(2022, 2, 17, 14, 20, 31, tzinfo=UTC)
    assert (scene.sun_azimuth, scene.sun_elevation) == (58.2, 47.9)
    assert (scene.tile, scene.cloud_cover, scene.level, scene.date) == ("19FEV", 3.5, "L1C", "2022-02-17")
    blue = scene.read(["blue"])[0].to_numpy()
    assert np.isnan(blue[0, 0])
    np.testing.assert_allclose(blue[0, 1:], (INTEGERS[0, 0, 1:].astype(float) - 1000) * 1e-4, atol=1e-7)
    assert open_scene(path, offset=0).read(["blue"])[0, 0, 1] == pytest.approx(2e-4)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"sensr": "landsat-5-tm"}', r"unknown key 'sensr'\ndid you mean 'sensor'"),
        ('{"sun_elevation": 120}', "sun_elevation: input should be less than or equal to 90"),
        ("{", "not JSON"),
        ("[1]", "valid dictionary"),
    ],
)
def test_a_wrong_sidecar_is_an_error(make: Any, content: str, what: str) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("blue", "green", "red", "nir"))
    path.with_suffix(".json").write_text(content)
    with pytest.raises(MetadataError, match=what):
        open_scene(path)


def test_a_stac_item_beside_a_stack_is_not_taken_for_a_sidecar(make: Any) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("blue", "green", "red", "nir"))
    path.with_suffix(".json").write_text('{"stac_version": "1.0.0", "type": "Feature"}')
    assert open_scene(path).time is None


@pytest.mark.parametrize(
    ("date", "time"),
    [("2019", None), ("2019-02", None), ("2019-02-17", datetime(2019, 2, 17, tzinfo=UTC))],
)
def test_a_date_is_kept_as_precisely_as_it_is_known(make: Any, date: str, time: datetime | None) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("blue", "green", "red", "nir"))
    scene = open_scene(path, date=date)
    assert (scene.date, scene.time) == (date, time)


def test_degrees_become_a_utm_grid_and_values_follow(make: Any) -> None:
    rows, columns = np.indices((60, 80)).astype(np.float32)
    plane = (0.1 + 0.001 * rows + 0.002 * columns)[None]
    path = make.stack("s.tif", plane, crs="EPSG:4326", transform=Affine(3e-4, 0, 86.8, 0, -3e-4, 28.0))
    scene = open_scene(path, bands=["red"])
    assert scene.geobox.crs.epsg == 32645
    red = scene.read(["red"])[0]
    assert float(red.min()) >= 0.1
    assert float(red.max()) <= 0.1 + 0.059 + 0.158 + 1e-6
    assert float(np.isfinite(red).mean()) > 0.95
    assert any("EPSG:32645" in note for note in product_info(path, bands=["red"]).notes)


def test_a_raster_without_crs_is_an_error_that_says_how_to_assign_one(make: Any) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("blue", "green", "red", "nir"), crs=None)
    with pytest.raises(GridError, match=r"no CRS\n.*gdal_edit"):
        open_scene(path)
    info = product_info(path)
    assert info.crs is None
    assert not info.is_complete
    assert any("no CRS" in note for note in info.notes)


def test_a_raster_without_geotransform_is_an_error(make: Any) -> None:
    path = make.stack("s.tif", FLOATS, descriptions=("blue", "green", "red", "nir"), transform=None)
    with pytest.raises(GridError, match="no geotransform"):
        open_scene(path)
    bare = make.stack("bare.tif", FLOATS, descriptions=("blue", "green", "red", "nir"), transform=None, crs=None)
    with pytest.raises(GridError, match="neither"):
        open_scene(bare)


def test_a_truncated_stack_is_an_error(make: Any) -> None:
    path = make.stack("s.tif", FLOATS)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(ProductError, match="truncated or damaged"):
        open_scene(path, bands=["blue", "green", "red", "nir"]).read(["nir"])
    assert not product_info(path).is_complete


def test_quality_bands_of_a_landsat_stack_are_flags(make: Any) -> None:
    values = INTEGERS.copy()
    values[3] = 21824
    values[3, 0, 0] = 22280
    path = make.stack("s.tif", values, descriptions=("SR_B2", "SR_B3", "SR_B4", "QA_PIXEL"))
    scene = open_scene(path, sensor="landsat-8-oli", scale=2.75e-5, offset=-7272.7)
    assert int(scene.quality().cloud.sum()) == 1
    assert "pixel" not in scene.assets


def test_quality_bands_of_a_sentinel_stack_are_flags(make: Any) -> None:
    values = INTEGERS.copy()
    values[2], values[3] = 4, 0
    values[2, 0, 0], values[3, 1, 1] = 11, 1 << 10
    path = make.stack("s.tif", values, descriptions=("B2", "B3", "SCL", "QA60"))
    scene = open_scene(path, sensor="sentinel-2-msi", scale=1e-4)
    flags = scene.quality()
    assert int(flags.snow.sum()) == 1
    assert bool(flags.cloud[1, 1])
    assert int(flags.cloud.sum()) == 1
    assert scene.bands == ("blue", "green")
    assert not open_scene(path, sensor="landsat-8-oli", bands=["B2", "B3", "-", "-"], scale=1e-4).quality_assets


def test_one_band_of_a_landsat_product_points_to_the_product(make: Any) -> None:
    folder = make.product()
    with pytest.raises(
        BandError, match=r"one band of a Landsat product\n.*LC08_L1TP_139036_20190809_20190809_02_T1_MTL"
    ):
        open_scene(next(folder.glob("*_B4.TIF")))


def test_an_unknown_sensor_lists_the_known(make: Any) -> None:
    with pytest.raises(ProductError, match="unknown sensor 'sentinel-2'"):
        open_scene(make.stack("s.tif", FLOATS), sensor="sentinel-2")


@pytest.mark.parametrize("name", COMMON_NAMES)
def test_every_common_name_is_its_own(name: str) -> None:
    assert common_name(name, None) == common_name(name.upper(), None) == name


def test_nir08_of_landsat_in_stac_is_the_near_infrared() -> None:
    assert common_name("nir08", get_sensor("landsat-9-oli")) == "nir"
    assert common_name("nir08", get_sensor("sentinel-2-msi")) == "nir08"
    assert common_name("B99", get_sensor("landsat-9-oli")) is None


def test_what_is_no_product_is_named(tmp_path: Path) -> None:
    for name, what in {
        "a.gpkg": r"GeoPackage",
        "a.shp": "Shapefile",
        "a.safetensors": "weights",
        "a.xyz": "another kind",
    }.items():
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(ProductError, match=f"{what}.*not a satellite product"):
            product_info(tmp_path / name)
    with pytest.raises(ProductError, match="no such file or folder"):
        open_scene(tmp_path / "absent.tif")


@pytest.mark.parametrize(("key", "value"), [("scale", float("nan")), ("offset", "x"), ("sun_azimuth", 400)])
def test_a_wrong_value_in_a_sidecar_is_not_taken_for_a_wrong_key(make: Any, key: str, value: object) -> None:
    path = make.stack("s.tif", INTEGERS)
    path.with_suffix(".json").write_text(json.dumps({key: value}))
    with pytest.raises(MetadataError, match=key) as told:
        open_scene(path)
    assert "did you mean" not in str(told.value)
    assert "the keys are" not in str(told.value)


@pytest.mark.parametrize(
    "given", [{"scale": float("nan")}, {"scale": float("inf")}, {"scale": 0.0}, {"offset": float("nan")}]
)
def test_a_given_number_that_cannot_be_is_refused(make: Any, given: dict[str, float]) -> None:
    with pytest.raises(ProductError, match=f"the {next(iter(given))} .* cannot be"):
        open_scene(make.stack("s.tif", INTEGERS), **given)
