"""Sentinel-2 products in SAFE layout: every baseline, level and layout, and what is wrong with some."""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import rasterio

from trimline.errors import BandError, MetadataError, ProductError
from trimline.scenes import Scene, open_scene, product_identity, product_info

ALL = ("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "nir09", "cirrus")
PRODUCTS: dict[str, dict[str, Any]] = {
    "L1C 02.04, long names": {"baseline": "02.04", "is_compact": False},
    "L1C 02.08": {"baseline": "02.08"},
    "L1C 04.00": {"baseline": "04.00"},
    "L1C 05.00": {"baseline": "05.00"},
    "L1C 05.11, GeoTIFF": {"baseline": "05.11", "suffix": ".tif"},
    "L2A 02.12": {"level": "2A", "baseline": "02.12"},
    "L2A 05.10": {"level": "2A", "baseline": "05.10"},
    "L2A by Sen2Cor": {"level": "2A", "baseline": "99.99"},
}


@pytest.fixture
def write(sentinel2: ModuleType, tmp_path: Path) -> Any:
    """Give what writes a tiny product."""
    return lambda **wishes: sentinel2.TinySafe(**wishes).write(tmp_path)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


class TestReflectance:
    @pytest.mark.parametrize("wishes", PRODUCTS.values(), ids=PRODUCTS)
    def test_the_same_ground_has_the_same_reflectance_in_all_baselines(
        self, sentinel2: ModuleType, tmp_path: Path, wishes: dict[str, Any]
    ) -> None:
        tiny = sentinel2.TinySafe(**wishes)
        scene = open_scene(tiny.write(tmp_path))
        values = scene.read(scene.bands)
        assert scene.level == f"L{tiny.level}"
        assert scene.reflectance_level == {"1C": "toa", "2A": "surface"}[tiny.level]
        assert scene.bands == (*(b for b in ALL if b != "cirrus" or tiny.level == "1C"), "swir1", "swir2")
        assert (scene.geobox.shape, float(scene.geobox.resolution.x)) == ((24, 24), 10.0)
        for name in scene.bands:
            number = scene.sensor.band(name).name
            expected = sentinel2.reflectance(number if number == "B8A" else f"B{int(number[1:]):02d}")
            band = values.sel(band=name).to_numpy()
            np.testing.assert_allclose(band[:, 6:], expected, atol=1e-6, err_msg=name)
            assert np.isnan(band[:, :6]).all(), name

    def test_an_offset_is_taken_from_the_metadata_and_never_from_the_date(self, write: Any) -> None:
        """A product of 2021, reprocessed with an offset of its own per band."""
        root = write(baseline="05.00")
        edit(
            root / "MTD_MSIL1C.xml",
            '<RADIO_ADD_OFFSET band_id="3">-1000</RADIO_ADD_OFFSET>',
            '<RADIO_ADD_OFFSET band_id="3">-500</RADIO_ADD_OFFSET>',
        )
        scene = open_scene(root)
        assert scene.date == "2021-09-08"
        assert scene.assets["red"].offset == pytest.approx(-0.05)
        assert scene.assets["nir"].offset == pytest.approx(-0.1)

    def test_the_quantification_is_that_of_the_metadata(self, write: Any) -> None:
        root = write()
        edit(root / "MTD_MSIL1C.xml", ">10000<", ">1000<")
        assert open_scene(root).assets["red"].scale == pytest.approx(1e-3)

    def test_of_a_band_at_several_pixel_sizes_the_finest_is_read(self, write: Any) -> None:
        scene = open_scene(write(level="2A", baseline="05.10"))
        ends = {name: Path(asset.href).stem.rpartition("_")[2] for name, asset in scene.assets.items()}
        assert (ends["red"], ends["nir08"], ends["swir1"], ends["nir09"]) == ("10m", "20m", "20m", "60m")
        assert ends["coastal"] == "60m"

    def test_larger_pixels_are_read_bilinearly_onto_the_finest_grid(self, sentinel2: ModuleType, write: Any) -> None:
        root = write()
        path = next(root.rglob("*_B11.jp2"))
        ramp = np.tile(np.arange(1000, 2200, 100, dtype=np.uint16), (12, 1))
        path.unlink()
        sentinel2.write_raster(path, ramp, 20)
        row = open_scene(root).read("swir1", units="dn").to_numpy()[12]
        np.testing.assert_allclose(row[1:-1], 1000 + 100 * ((np.arange(1, 23) + 0.5) / 2 - 0.5), atol=1e-3)

    def test_rasters_without_a_grid_have_that_of_the_metadata(self, write: Any) -> None:
        with_grid = open_scene(write(suffix=".tif")).geobox
        assert open_scene(write(suffix=".tif", georeferenced=False, tile="46RFR", masks=False)).geobox == with_grid


class TestPlaces:
    def test_a_product_is_found_by_folder_metadata_granule_and_archive(
        self, sentinel2: ModuleType, tmp_path: Path, write: Any
    ) -> None:
        root = write()
        granule = next((root / "GRANULE").iterdir())
        archive = sentinel2.pack(root, tmp_path / "renamed.zip")
        expected = open_scene(root)
        for path in (root / "MTD_MSIL1C.xml", granule, granule / "MTD_TL.xml", archive):
            scene = open_scene(path)
            assert scene.id == expected.id == root.name.removesuffix(".SAFE")
            np.testing.assert_array_equal(scene.read(["red", "swir1"]), expected.read(["red", "swir1"]))
            np.testing.assert_array_equal(scene.quality()["fill"], expected.quality()["fill"])
        assert product_identity(granule) == product_identity(root / "MTD_MSIL1C.xml") == product_identity(root)

    def test_what_the_metadata_say_is_known(self, write: Any) -> None:
        scene = open_scene(write())
        assert scene.sensor.id == "sentinel-2-msi"
        assert (scene.tile, scene.cloud_cover, scene.date) == ("46RER", 88.25, "2021-09-08")
        assert (scene.sun_azimuth, scene.sun_elevation) == (143.0, 63.5)
        assert scene.time.isoformat() == "2021-09-08T04:40:48.758475+00:00"

    def test_of_several_granules_one_must_be_chosen(self, write: Any) -> None:
        root = write(baseline="02.04", is_compact=False, granules=2)
        with pytest.raises(ProductError, match=r"holds 2 granules: .*_T46RER_N02.*_T46RES_N02.*\n.*below GRANULE"):
            open_scene(root)
        scenes = [open_scene(folder) for folder in sorted((root / "GRANULE").iterdir())]
        assert [scene.tile for scene in scenes] == ["46RER", "46RES"]
        assert len({scene.id for scene in scenes}) == 2
        assert all(scene.id.startswith(root.name.removesuffix(".SAFE")) for scene in scenes)

    def test_info_describes_it(self, write: Any) -> None:
        info = product_info(write(baseline="04.00"))
        assert info.is_complete
        assert (info.kind, info.level, info.baseline, info.tile) == ("Sentinel-2 SAFE", "L1C", "04.00", "46RER")
        assert info.quality == ("no_data", "footprint", "technical", "classification")
        assert info.notes[0] == "Offset -1000, stated in MTD_MSIL1C.xml"
        assert "bilinearly onto the grid of the 10 m bands" in info.notes[1]

    @pytest.mark.parametrize("name", ["sensor", "date", "bands", "scale"])
    def test_what_a_product_says_itself_is_not_given(self, write: Any, name: str) -> None:
        wrong = {"sensor": "landsat-8-oli", "date": "2020", "bands": ["red"], "scale": 1.0}[name]
        with pytest.raises(ProductError, match=f"{name}|landsat-8-oli|2020"):
            open_scene(write(), **{name: wrong})


class TestIdentity:
    @pytest.mark.parametrize("changed", ["MTD_MSIL1C.xml", "MTD_TL.xml", "*_B02.jp2", "MSK_CLOUDS_B00.gml"])
    def test_every_file_that_decides_pixels_or_flags_counts(self, write: Any, changed: str) -> None:
        root = write()
        before = open_scene(root).identity
        path = next(root.rglob(changed))
        if path.suffix == ".jp2":
            shutil.copyfile(next(root.rglob("*_B03.jp2")), path)
        else:
            path.write_text(path.read_text() + "\n")
        assert open_scene(root).identity != before

    def test_an_archive_counts_by_size_and_time(self, sentinel2: ModuleType, tmp_path: Path, write: Any) -> None:
        archive = sentinel2.pack(write(), tmp_path / "product.zip")
        before = open_scene(archive).identity
        assert open_scene(archive).identity == before
        with zipfile.ZipFile(archive, "a") as more:
            more.writestr("note.txt", "x")
        assert open_scene(archive).identity != before


class TestIncomplete:
    def test_a_missing_band_is_named_when_it_is_read(self, write: Any) -> None:
        root = write()
        next(root.rglob("*_B11.jp2")).unlink()
        scene = open_scene(root)
        assert "swir1" not in scene.bands
        with pytest.raises(BandError, match=r"lacks band 'swir1'\n.*_B11\.jp2, which is not there"):
            scene.read(["red", "B11"])
        info = product_info(root)
        assert not info.is_complete
        assert [Path(name).name for name in info.missing] == ["T46RER_20210908T042701_B11.jp2"]

    def test_a_missing_mask_is_named_and_its_flags_are_absent(self, write: Any) -> None:
        root = write()
        next(root.rglob("MSK_CLOUDS_B00.gml")).unlink()
        scene = open_scene(root)
        assert not {"cloud", "cirrus", "clear"} & set(scene.quality())
        assert scene.missing["cloud_polygons"].endswith("MSK_CLOUDS_B00.gml")
        assert not product_info(root).is_complete

    def test_without_any_band_it_is_described_and_not_opened(self, write: Any) -> None:
        root = write()
        for path in root.rglob("*.jp2"):
            path.unlink()
        assert product_info(root).bands == ()
        with pytest.raises(ProductError, match=r"none of the product's band files.*\n.*_B01\.jp2"):
            open_scene(root)

    @pytest.mark.parametrize("blocks", [{}, {"BLOCKXSIZE": 64, "BLOCKYSIZE": 64}])
    def test_a_truncated_image_is_an_error_and_never_zeros(self, write: Any, blocks: dict[str, int]) -> None:
        """GDAL's own threads give 0 for the tiles that a truncated JPEG 2000 lacks."""
        root = write()
        path = next(root.rglob("*_B04.jp2"))
        with rasterio.open(path) as source:
            profile = source.profile | {"height": 300, "width": 300, "QUALITY": "100", "REVERSIBLE": "YES"} | blocks
        noise = np.random.default_rng(1).integers(1, 9000, (1, 300, 300)).astype(np.uint16)
        path.unlink()
        with rasterio.open(
            path, "w", **{k: v for k, v in profile.items() if k not in ("blockxsize", "blockysize", "tiled")}
        ) as target:
            target.write(noise)
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        scene = open_scene(root)
        for bands in ("red", ["red", "green", "blue"]):
            with pytest.raises(ProductError, match=r"_B04\.jp2: the raster cannot be (read|opened)"):
                scene.read(bands, scene.geobox.pad(400))
        info = product_info(root)
        assert not info.is_complete
        assert any("_B04.jp2 is damaged" in note for note in info.notes)

    def test_a_file_that_is_no_image(self, write: Any) -> None:
        root = write()
        next(root.rglob("*_B02.jp2")).write_bytes(b"nothing")
        with pytest.raises(ProductError, match=r"_B02\.jp2: the raster cannot be opened"):
            open_scene(root)


class TestWrongMetadata:
    @pytest.mark.parametrize("baseline", ["4.0", "unknown", "04.0x", "04.00.1"])
    def test_a_baseline_that_is_none(self, write: Any, baseline: str) -> None:
        root = write(stated_baseline=baseline)
        for opened in (open_scene, product_info):
            with pytest.raises(MetadataError, match=f"'{baseline}' is no processing baseline"):
                opened(root)

    def test_an_absent_baseline(self, write: Any) -> None:
        root = write()
        edit(root / "MTD_MSIL1C.xml", "PROCESSING_BASELINE", "BASELINE")
        with pytest.raises(MetadataError, match="lack PROCESSING_BASELINE"):
            open_scene(root)

    @pytest.mark.parametrize("stated", [None, "02.08"])
    @pytest.mark.parametrize("level", ["1C", "2A"])
    def test_since_baseline_4_the_offset_must_be_stated(self, write: Any, level: str, stated: str | None) -> None:
        """Also where the baseline is understated: the names of product and granule have it too."""
        root = write(level=level, baseline="04.00", has_offset=False, stated_baseline=stated)
        with pytest.raises(MetadataError, match=r"baseline 04\.00 has an offset .* do not state it\n.*ADD_OFFSET"):
            open_scene(root)

    def test_an_offset_must_be_stated_for_every_band(self, write: Any) -> None:
        root = write(baseline="04.00")
        edit(root / "MTD_MSIL1C.xml", '<RADIO_ADD_OFFSET band_id="11">-1000</RADIO_ADD_OFFSET>', "")
        with pytest.raises(MetadataError, match="lack RADIO_ADD_OFFSET of B11"):
            open_scene(root)

    @pytest.mark.parametrize("value", ["0", "-1", "nan", "many"])
    def test_an_impossible_quantification(self, write: Any, value: str) -> None:
        root = write()
        edit(root / "MTD_MSIL1C.xml", ">10000<", f">{value}<")
        with pytest.raises(MetadataError, match=f"QUANTIFICATION_VALUE cannot be '{value}"):
            open_scene(root)

    @pytest.mark.parametrize("name", ["MTD_MSIL1C.xml", "MTD_TL.xml", "MSK_CLOUDS_B00.gml"])
    def test_entities_are_refused_and_not_expanded(self, write: Any, name: str) -> None:
        root = write()
        path = next(root.rglob(name))
        bomb = '<!DOCTYPE a [<!ENTITY b "&c;&c;"><!ENTITY c "boom">]>'
        edit(path, '<?xml version="1.0" encoding="UTF-8"?>', f'<?xml version="1.0" encoding="UTF-8"?>{bomb}')
        with pytest.raises(MetadataError, match=f"{name}.*declares a document type"):
            open_scene(root).quality()

    @pytest.mark.parametrize("name", ["MTD_MSIL1C.xml", "MTD_TL.xml"])
    def test_metadata_cut_short(self, write: Any, name: str) -> None:
        root = write()
        path = next(root.rglob(name))
        path.write_text(path.read_text()[:-100])
        with pytest.raises(MetadataError, match="not XML"):
            open_scene(root)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("<ZENITH_ANGLE>26.5<", "<ZENITH_ANGLE>NaN<", "ZENITH_ANGLE cannot be 'NaN'"),
            ("<SENSING_TIME>2021", "<SENSING_TIME>20x1", "SENSING_TIME cannot be"),
            ("EPSG:32646", "UTM 46", "HORIZONTAL_CS_CODE cannot be"),
            ("_T46RER_", "_Tx_", "TILE_ID cannot be"),
            ("Mean_Sun_Angle", "Sun", "lack Mean_Sun_Angle"),
        ],
    )
    def test_impossible_values_of_a_granule(self, write: Any, old: str, new: str, message: str) -> None:
        root = write()
        edit(next(root.rglob("MTD_TL.xml")), old, new)
        with pytest.raises(MetadataError, match=message):
            open_scene(root)

    def test_level_1b_is_named(self, tmp_path: Path) -> None:
        root = tmp_path / "S2A_OPER_PRD_MSIL1B_PDMC_20160908T070248.SAFE"
        root.mkdir()
        (root / "MTD_MSIL1B.xml").write_text('<n1:Level-1B_User_Product xmlns:n1="x"/>')
        with pytest.raises(MetadataError, match=r"Level-1B product, whose images do not lie on a map grid\n.*Level-1C"):
            open_scene(root)

    def test_a_safe_folder_of_another_mission(self, tmp_path: Path) -> None:
        root = tmp_path / "S1A_IW_GRDH_1SDV_20210908T042701.SAFE"
        root.mkdir()
        (root / "manifest.safe").write_text("<a/>")
        with pytest.raises(ProductError, match="no metadata file of a Sentinel-2 product"):
            product_info(root)


class TestArchives:
    @pytest.fixture
    def archive(self, sentinel2: ModuleType, tmp_path: Path, write: Any) -> Path:
        """Pack a product."""
        return sentinel2.pack(write(suffix=".tif"), tmp_path / "product.zip")

    @pytest.mark.parametrize("name", ["/etc/passwd", "../outside.txt", "a/../../b", "C:/x", "..\\b"])
    def test_one_that_reaches_outside_is_refused_whole(self, archive: Path, name: str) -> None:
        with zipfile.ZipFile(archive, "a") as more:
            more.writestr(zipfile.ZipInfo(name), "x")
        with pytest.raises(ProductError, match="not a plain file inside it"):
            open_scene(archive)

    def test_one_with_a_link_is_refused_whole(self, archive: Path) -> None:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        with zipfile.ZipFile(archive, "a") as more:
            more.writestr(link, "/etc/passwd")
        with pytest.raises(ProductError, match="'link', which is not a plain file"):
            product_info(archive)

    def test_one_that_is_no_safe(self, tmp_path: Path) -> None:
        path = tmp_path / "other.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("readme.txt", "x")
        for opened in (open_scene, product_info):
            with pytest.raises(ProductError, match=r"no metadata file of a Sentinel-2 product.*\ngive a SAFE folder"):
                opened(path)

    @pytest.mark.parametrize("content", [b"", b"PK", b"PK\x03\x04" + bytes(100)])
    def test_one_that_is_no_archive(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "S2A_MSIL1C_20210908T042701_N0301_R133_T46RER_20210908T070248.zip"
        path.write_bytes(content)
        with pytest.raises(ProductError, match="the archive cannot be read"):
            open_scene(path)

    def test_one_cut_short(self, archive: Path) -> None:
        archive.write_bytes(archive.read_bytes()[:-2000])
        with pytest.raises(ProductError, match="the archive cannot be read"):
            open_scene(archive)

    def test_one_with_two_products(self, sentinel2: ModuleType, archive: Path) -> None:
        with zipfile.ZipFile(archive, "a") as more:
            more.writestr("other.SAFE/MTD_MSIL1C.xml", "<a/>")
        with pytest.raises(ProductError, match="there are 2 products"):
            open_scene(archive)

    def test_reading_writes_nothing(self, archive: Path) -> None:
        before = sorted(archive.parent.rglob("*"))
        scene = open_scene(archive)
        scene.read(["red", "swir1"])
        scene.quality()
        product_info(archive)
        assert sorted(archive.parent.rglob("*")) == before


def test_lazy_reading_gives_the_same(write: Any) -> None:
    scene: Scene = open_scene(write(baseline="04.00"))
    eager = scene.read(["red", "swir1", "nir09"])
    lazy = scene.read(["red", "swir1", "nir09"], chunks=7).compute()
    np.testing.assert_allclose(lazy, eager, atol=1e-7)


def test_scenes_of_one_day_and_tile_have_their_own_ids(sentinel2: ModuleType, tmp_path: Path) -> None:
    tiny = sentinel2.TinySafe()
    ids = {open_scene(replace(tiny, baseline=b).write(tmp_path)).id for b in ("03.01", "05.00")}
    assert len(ids) == 2
