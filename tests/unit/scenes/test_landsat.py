"""Landsat products, whole and broken, in folders and archives."""

from __future__ import annotations

import io
import math
import pickle
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from trimline.errors import BandError, GridError, MetadataError, ProductError
from trimline.scenes import open_scene, product_info

RED_SCALE, RED_OFFSET = 0.004, -0.01


def red_reflectance(make: Any) -> np.ndarray:
    numbers = make.numbers("4").astype(np.float64)
    return np.where(numbers == 0, np.nan, (RED_SCALE * numbers + RED_OFFSET) / math.sin(math.radians(30)))


def test_a_folder_is_read_as_reflectance(make: Any) -> None:
    scene = open_scene(make.product())
    assert scene.id == "LC08_L1TP_139036_20190809_20190809_02_T1"
    assert (scene.sensor.id, scene.level, scene.tile, scene.date) == ("landsat-8-oli", "L1TP", "139036", "2019-08-09")
    assert tuple(scene.geobox.shape) == (make.lines, make.samples)
    assert scene.footprint.crs.epsg == 4326
    red = scene.read(["red"])
    assert red.dims == ("band", "y", "x")
    assert red.dtype == np.float32
    assert red.odc.geobox == scene.geobox
    np.testing.assert_allclose(red[0], red_reflectance(make), rtol=1e-6)


def test_digital_numbers_are_those_of_the_file_and_fill_is_nan(make: Any) -> None:
    red = open_scene(make.product()).read(["red"], units="dn")[0].to_numpy()
    assert np.isnan(red[:, : make.fill_columns]).all()
    np.testing.assert_array_equal(red[:, make.fill_columns :], make.numbers("4")[:, make.fill_columns :])


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tgz"])
def test_archives_hold_what_folders_hold(make: Any, suffix: str) -> None:
    scene = open_scene(make.archive(suffix))
    np.testing.assert_allclose(scene.read(["red"])[0], red_reflectance(make), rtol=1e-6)
    assert product_info(scene.source).bands == tuple(scene.assets)


def test_a_plain_archive_is_read_in_place_and_a_compressed_one_unpacked_beside_nothing(make: Any) -> None:
    plain = open_scene(make.archive(".tar"))
    assert plain.assets["red"].href.startswith("/vsitar/")
    before = set(make.folder.rglob("*"))
    packed = open_scene(make.archive(".tar.gz", platform=9))
    new = set(make.folder.rglob("*")) - before
    assert {each.parent.name for each in new if each.is_file()} <= {"product2", make.folder.name}
    assert not Path(packed.assets["red"].href).is_relative_to(make.folder)
    again = open_scene(packed.source)
    assert again.assets["red"].href == packed.assets["red"].href


def test_an_archive_whose_files_lie_in_a_folder_is_read(make: Any) -> None:
    folder = make.product()
    with tarfile.open(make.folder / "nested.tar", "w") as archive:
        archive.add(folder, arcname="LC08")
    assert "red" in open_scene(make.folder / "nested.tar").assets


@pytest.mark.parametrize("spelling", ["txt", "json", "xml", "TXT"])
def test_the_metadata_file_itself_can_be_given(make: Any, spelling: str) -> None:
    folder = make.product(spelling=spelling)
    (metadata,) = folder.glob(f"*_MTL.{spelling}")
    assert open_scene(metadata).assets == open_scene(folder).assets


def test_names_may_be_in_lower_case(make: Any) -> None:
    folder = make.product()
    for each in list(folder.iterdir()):
        each.rename(folder / each.name.lower())
    scene = open_scene(folder)
    assert len(scene.assets) == 10
    assert not {name for name in scene.missing if name not in ("pixel", "saturation")}


def test_several_spellings_of_one_product_are_one_product(make: Any) -> None:
    folder = make.product()
    tiny = make.Tiny()
    (folder / f"{tiny.id}_MTL.xml").write_text(make.spell(make.metadata(tiny), "xml"))
    assert open_scene(folder).id == tiny.id


def test_a_given_id_replaces_the_product_id(make: Any) -> None:
    assert open_scene(make.product(), id="late-summer").id == "late-summer"


def test_level_2_is_surface_reflectance_and_kelvin(make: Any) -> None:
    scene = open_scene(make.product(level="L2SP"))
    numbers = make.numbers("ST_B10")[:, make.fill_columns :].astype(np.float64)
    thermal = scene.read(["thermal"])[0, :, make.fill_columns :]
    np.testing.assert_allclose(thermal, 0.00341802 * numbers + 149.0, rtol=1e-6)
    assert scene.level == "L2SP"


def test_level_1_thermal_is_brightness_temperature(make: Any) -> None:
    radiance = 0.5 * make.numbers("10")[:, make.fill_columns :].astype(np.float64) - 0.1
    kelvin = open_scene(make.product()).read(["thermal"])[0, :, make.fill_columns :]
    np.testing.assert_allclose(kelvin, 1321.0789 / np.log(774.8853 / radiance + 1), rtol=1e-5)


def test_a_declared_nodata_of_255_does_not_hide_saturated_snow(make: Any) -> None:
    scene = open_scene(make.pre_collection(declared_nodata=255, saturated=7))
    blue = scene.read(["blue"], units="dn")[0].to_numpy()
    np.testing.assert_array_equal(blue[0, -7:], 255)
    assert np.isnan(blue[:, : make.fill_columns]).all()


def test_rasters_without_a_grid_lie_on_the_corners_of_the_metadata(make: Any) -> None:
    bare, georeferenced = open_scene(make.product(georeferenced=False)), open_scene(make.product())
    assert bare.geobox == georeferenced.geobox
    for band in ("red", "pan"):
        np.testing.assert_array_equal(bare.read([band]), georeferenced.read([band]))


def test_rasters_without_a_grid_must_have_the_size_of_the_metadata(make: Any) -> None:
    folder = make.product(georeferenced=False)
    for each in list(folder.glob("*.TIF")):
        each.unlink()  # GDAL would delete the metadata with the raster it overwrites
        make.write_raster(each, make.numbers("4")[5:, :])
    with pytest.raises(GridError, match="50 x 35 pixels are not the 50 x 40"):
        open_scene(folder)


def test_a_crop_with_its_own_grid_is_read_as_it_lies(make: Any) -> None:
    folder = make.product()
    for each in list(folder.glob("*_B[1-7].TIF")):
        with rasterio.open(each) as source:
            values, transform, crs = source.read(1), source.transform, source.crs
        each.unlink()
        make.write_raster(each, values[10:30, 20:45], transform=transform * transform.translation(20, 10), crs=crs)
    scene = open_scene(folder)
    assert tuple(scene.geobox.shape) == (20, 25)
    np.testing.assert_allclose(scene.read(["red"])[0], red_reflectance(make)[10:30, 20:45], rtol=1e-6)


def test_corners_that_do_not_fit_the_lines_are_refused_where_they_are_needed(make: Any) -> None:
    changed = {"CORNER_LR_PROJECTION_X_PRODUCT": 999_999.0}
    assert open_scene(make.product(changed_keys=changed))
    with pytest.raises(GridError, match="corners"):
        open_scene(make.product(changed_keys=changed, georeferenced=False))


def test_a_missing_band_is_reported_and_named_when_it_is_read(make: Any) -> None:
    folder = make.product(without_bands=("6",))
    info = product_info(folder)
    assert not info.is_complete
    assert "LC08_L1TP_139036_20190809_20190809_02_T1_B6.TIF" in info.missing
    scene = open_scene(folder)
    assert scene.read(["red"]).shape == (1, make.lines, make.samples)
    with pytest.raises(BandError, match=r"lacks band 'swir1'\n.*_B6\.TIF"):
        scene.read(["red", "swir1"])


def test_a_product_without_any_band_is_an_error(make: Any) -> None:
    folder = make.product()
    for each in folder.glob("*.TIF"):
        each.unlink()
    with pytest.raises(ProductError, match="none of the product's band files"):
        open_scene(folder)
    assert product_info(folder).bands == ()


def test_a_truncated_raster_is_an_error_when_it_is_read_and_reported_by_info(make: Any) -> None:
    folder = make.product()
    (red,) = folder.glob("*_B4.TIF")
    red.write_bytes(red.read_bytes()[: red.stat().st_size // 2])
    with pytest.raises(ProductError, match="truncated or damaged") as caught:
        open_scene(folder).read(["red"])
    assert str(red) in str(caught.value.where)
    info = product_info(folder)
    assert not info.is_complete
    assert any("_B4.TIF is damaged" in note for note in info.notes)


def test_a_file_that_is_no_raster_is_an_error(make: Any) -> None:
    folder = make.product()
    for each in folder.glob("*.TIF"):
        each.write_text("not found")
    with pytest.raises(ProductError, match="cannot be opened"):
        open_scene(folder)
    assert not product_info(folder).is_complete


def test_metadata_without_a_needed_key_are_an_error(make: Any) -> None:
    with pytest.raises(MetadataError, match="IMAGE_ATTRIBUTES/SUN_ELEVATION"):
        open_scene(make.product(without_keys=("SUN_ELEVATION",)))


def test_a_folder_with_two_products_asks_which(make: Any) -> None:
    folder = make.product()
    other = make.product(platform=9)
    for each in other.iterdir():
        each.rename(folder / each.name)
    with pytest.raises(ProductError, match=r"2 products: LC08.*LC09.*\n.*_MTL file"):
        open_scene(folder)
    assert open_scene(next(folder.glob("LC09*_MTL.txt"))).sensor.id == "landsat-9-oli"


def test_an_empty_folder_says_that_it_is_empty(tmp_path: Path) -> None:
    with pytest.raises(ProductError, match="empty folder"):
        open_scene(tmp_path)


def test_a_folder_of_rasters_without_metadata_says_so(make: Any) -> None:
    folder = make.product()
    next(folder.glob("*_MTL.txt")).unlink()
    with pytest.raises(ProductError, match="11 rasters without metadata of Landsat or Sentinel-2"):
        open_scene(folder)


@pytest.mark.parametrize("content", [b"", b"nothing of the kind" * 100, b"\x1f\x8b\x08\x00broken"])
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_corrupt_archive_is_an_error(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"LC08{suffix}"
    path.write_bytes(content)
    with pytest.raises(ProductError, match="archive cannot be read"):
        open_scene(path)


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_truncated_archive_is_an_error(make: Any, suffix: str) -> None:
    path = make.archive(suffix)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ProductError):
        open_scene(path)


def test_an_archive_without_metadata_is_an_error(make: Any) -> None:
    folder = make.product()
    next(folder.glob("*_MTL.txt")).unlink()
    path = make.folder / "bare.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(folder, arcname=".")
    with pytest.raises(ProductError, match="no Landsat metadata file"):
        open_scene(path)


@pytest.mark.parametrize(
    "name", ["../escaped_MTL.txt", "/etc/escaped_MTL.txt", "a/../../escaped_MTL.txt", "..\\escaped"]
)
@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_a_member_outside_the_archive_is_refused_and_nothing_written(tmp_path: Path, name: str, suffix: str) -> None:
    path = tmp_path / f"evil{suffix}"
    with tarfile.open(path, "w:gz" if suffix.endswith("gz") else "w") as archive:
        member = tarfile.TarInfo(name)
        member.size = 4
        archive.addfile(member, io.BytesIO(b"evil"))
    with pytest.raises(ProductError, match="not a plain file inside it"):
        open_scene(path)
    assert list(tmp_path.rglob("*escaped*")) == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_an_archive_are_refused(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("LC08_B4.TIF")
        member.type, member.linkname = kind, "/etc/passwd"
        archive.addfile(member)
    with pytest.raises(ProductError, match="not a plain file inside it"):
        open_scene(path)


def test_what_a_product_says_itself_cannot_be_given(make: Any) -> None:
    folder = make.product()
    for key, value in {"bands": ["red"], "scale": 1.0, "offset": 1.0, "nodata": 1}.items():
        with pytest.raises(ProductError, match=f"'{key}' cannot be given"):
            open_scene(folder, **{key: value})


def test_a_given_sensor_must_agree(make: Any) -> None:
    folder = make.product()
    assert open_scene(folder, sensor="landsat-8-oli").sensor.id == "landsat-8-oli"
    with pytest.raises(ProductError, match="of landsat-8-oli, not landsat-5-tm"):
        open_scene(folder, sensor="landsat-5-tm")


def test_a_product_that_may_not_be_read_says_so(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make.product()

    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ProductError, match="may not be read"):
        open_scene(folder)


def test_linear_assets_tell_their_scale_and_offset(make: Any) -> None:
    assets = open_scene(make.product()).assets
    assert (assets["red"].scale, assets["red"].offset) == (
        pytest.approx(RED_SCALE / 0.5),
        pytest.approx(RED_OFFSET / 0.5),
    )
    assert (assets["thermal"].scale, assets["thermal"].offset) == (None, None)


def test_a_given_date_must_agree(make: Any) -> None:
    folder = make.product()
    assert open_scene(folder, date="2019").date == "2019-08-09"
    with pytest.raises(ProductError, match="taken on 2019-08-09, not 2018"):
        open_scene(folder, date="2018")
    with pytest.raises(ProductError, match="is not a date"):
        open_scene(folder, date="summer")


def test_mss_opens_but_has_no_swir(make: Any) -> None:
    folder = make.product(sensor="MSS", platform=5)
    scene = open_scene(folder)
    assert scene.read(["green", "red", "nir"]).shape[0] == 3
    with pytest.raises(BandError, match="MSS has no band 'swir1'"):
        scene.read(["red", "swir1"])
    assert any("MSS has no short-wave infrared" in note for note in product_info(folder).notes)


def test_info_tells_of_slc_off(make: Any) -> None:
    after = product_info(make.product(sensor="ETM", platform=7, date="2010-01-09"))
    before = product_info(make.product(sensor="ETM", platform=7, date="2001-01-09"))
    assert any("SLC-off" in note for note in after.notes)
    assert not any("SLC-off" in note for note in before.notes)


def test_at_night_reflectance_is_refused_and_numbers_are_read(make: Any) -> None:
    scene = open_scene(make.product(sun_elevation=-8.0))
    with pytest.raises(BandError, match="below the horizon"):
        scene.read(["red"])
    assert np.isfinite(scene.read(["red"], units="dn")).any()
    assert np.isfinite(scene.read(["thermal"])).any()


def test_quality_flags_are_read_by_name(make: Any) -> None:
    pixel = np.full((make.lines, make.samples), 21824, dtype=np.uint16)
    pixel[:, 0], pixel[0, 1], pixel[0, 2], pixel[0, 3] = 1, 22280, 23888, 30048
    radsat = np.zeros_like(pixel)
    radsat[1, 1], radsat[2, 2] = 1 << 3, 1 << 11
    scene = open_scene(make.product(qa_pixel=pixel, qa_radsat=radsat))
    flags = scene.quality()
    assert np.array_equal(scene.fill(), flags["fill"])
    assert set(flags) == {
        "fill",
        "cloud",
        "cloud_shadow",
        "dilated_cloud",
        "cirrus",
        "snow",
        "water",
        "clear",
        "saturated",
        "occluded",
    }
    assert all(flag.dtype == bool and flag.dims == ("y", "x") for flag in flags.values())
    assert flags.odc.geobox == scene.geobox
    assert int(flags.fill.sum()) == make.lines
    assert bool(flags.cloud[0, 1])
    assert bool(flags.cloud_shadow[0, 2])
    assert bool(flags.snow[0, 3])
    assert (int(flags.saturated.sum()), bool(flags.saturated[1, 1])) == (1, True)
    assert (int(flags.occluded.sum()), bool(flags.occluded[2, 2])) == (1, True)


def test_outside_the_product_only_fill_is_true(make: Any) -> None:
    pixel = np.full((make.lines, make.samples), 21824, dtype=np.uint16)
    scene = open_scene(make.product(qa_pixel=pixel))
    flags = scene.quality(scene.geobox.pad(3))
    assert "saturated" not in flags
    assert bool(flags.fill[:3].all())
    assert not bool(flags.clear[:3].any())
    assert bool(flags.clear[3:-3, 3:-3].all())


def test_a_product_without_quality_bands_says_so(make: Any) -> None:
    with pytest.raises(BandError, match=r"no quality band\n.*QA_PIXEL"):
        open_scene(make.product()).quality()


def test_a_scene_survives_pickling(make: Any) -> None:
    scene = open_scene(make.product())
    copy = pickle.loads(pickle.dumps(scene))  # noqa: S301 - what was just made here
    np.testing.assert_array_equal(copy.read(["red"]), scene.read(["red"]))
