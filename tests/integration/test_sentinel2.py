"""Real Sentinel-2 products: whole ones, and complete ones made of real metadata."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path, PurePosixPath
from types import ModuleType

import numpy as np
import pytest
import rasterio
from odc.geo.geobox import GeoBox

from trimline.errors import ProductError
from trimline.scenes import Scene, open_scene, product_info

PRODUCTS = {
    "S2A_MSIL1C_20180629T000241_N0206_R030_T56JMM_20180629T012042": ("02.06", "56JMM", 439),
    "S2A_MSIL1C_20210713T032051_N0301_R032_T48LWP_20210713T054224": ("03.01", "48LWP", 20),
}


class TestWholeProducts:
    """Two Level-1C products as zip archives, decimated, with all their bands and masks."""

    @pytest.fixture(params=PRODUCTS)
    def archive(self, request: pytest.FixtureRequest, trimline_data: Path) -> Path:
        """Give each in turn."""
        return trimline_data / "sentinel2_safe" / f"{request.param}.zip"

    def test_they_are_complete(self, archive: Path) -> None:
        info = product_info(archive)
        baseline, tile, side = PRODUCTS[archive.stem]
        assert info.is_complete
        assert (info.id, info.baseline, info.tile, info.width) == (archive.stem, baseline, tile, side)
        assert len(info.bands) == 13

    def test_reflectance_is_that_of_an_independent_reading(self, archive: Path, tmp_path: Path) -> None:
        """Unpacked and read with rasterio, by what the product's metadata say."""
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(tmp_path)
        (root,) = tmp_path.iterdir()
        text = (root / "MTD_MSIL1C.xml").read_text()
        (quantification,) = re.findall(r"<QUANTIFICATION_VALUE[^>]*>(\d+)<", text)
        assert "RADIO_ADD_OFFSET" not in text
        scene = open_scene(archive)
        for name in scene.bands:
            number = scene.sensor.band(name).name
            padded = number if number == "B8A" else f"B{int(number[1:]):02d}"
            (path,) = root.glob(f"GRANULE/*/IMG_DATA/*_{padded}.jp2")
            with rasterio.open(path) as source:
                numbers = source.read(1).astype(np.float64)
                grid = GeoBox(source.shape, source.transform, str(source.crs))
            ours = scene.read(name, grid).to_numpy()
            np.testing.assert_array_equal(np.isnan(ours), numbers == 0)
            np.testing.assert_allclose(ours[numbers > 0], numbers[numbers > 0] / int(quantification), atol=1e-6)

    def test_bands_of_all_pixel_sizes_lie_on_one_grid(self, archive: Path) -> None:
        scene = open_scene(archive)
        values = scene.read(["blue", "swir1", "nir09"])
        assert values.odc.geobox == scene.geobox
        assert float(np.isfinite(values).mean()) > 0.6

    def test_the_flags_agree_with_the_image_and_the_stated_cloud(self, archive: Path) -> None:
        scene = open_scene(archive)
        flags = scene.quality()
        assert set(flags) == {"fill", "cloud", "cirrus", "saturated", "dropped", "clear"}
        empty = np.isnan(scene.read("blue").to_numpy())
        fill = flags["fill"].to_numpy()
        assert fill[empty].all()
        assert (fill & ~empty).mean() < 0.03, "the rim of the swath, which decimation blurred"
        image = ~fill
        cloud = (flags["cloud"] | flags["cirrus"]).to_numpy()
        assert cloud[image].mean() * 100 == pytest.approx(scene.cloud_cover, abs=2)

    def test_nothing_is_written_beside_them(self, archive: Path) -> None:
        before = set(archive.parent.iterdir())
        scene = open_scene(archive)
        scene.read(scene.bands)
        scene.quality()
        assert set(archive.parent.iterdir()) == before

    def test_an_unpacked_product_is_the_same_scene(self, archive: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(tmp_path)
        (root,) = tmp_path.iterdir()
        there, here = open_scene(archive), open_scene(root)
        assert (there.id, there.geobox, there.time) == (here.id, here.geobox, here.time)
        np.testing.assert_array_equal(there.read(["red", "swir1"]), here.read(["red", "swir1"]))


class TestMadeOfRealMetadata:
    """Metadata of real products, two Level-1C and one Level-2A of baseline 04.00, with flat fields as pixels."""

    @pytest.fixture(params=["T01LAC", "T46RER", "T33XWJ"])
    def scene(
        self, request: pytest.FixtureRequest, trimline_data: Path, sentinel2: ModuleType, tmp_path: Path
    ) -> Scene:
        """Make and open each in turn."""
        (tree,) = (trimline_data / "sentinel2_metadata").glob(f"*_{request.param}_*.SAFE")
        return open_scene(sentinel2.complete(tree, tmp_path))

    def test_reflectance_is_that_of_the_fields(self, scene: Scene, sentinel2: ModuleType) -> None:
        has_offset = scene.level == "L2A"
        assert scene.bands == tuple(b.common for b in scene.sensor.bands if not (has_offset and b.common == "cirrus"))
        assert (scene.assets["red"].offset == pytest.approx(-0.1)) == has_offset
        for name in scene.bands:
            number = scene.sensor.band(name).name
            expected = sentinel2.reflectance(number if number == "B8A" else f"B{int(number[1:]):02d}")
            values = scene.read(name).to_numpy()
            np.testing.assert_allclose(values[np.isfinite(values)], expected, atol=1e-6)
            assert np.isfinite(values).mean() == pytest.approx(0.75, abs=0.1)

    def test_metadata_agree_with_the_stac_item_beside_them(self, scene: Scene) -> None:
        said = json.loads((Path(scene.source) / "expected_output.json").read_text())
        properties = said["properties"]
        assert scene.id == PurePosixPath(properties["s2:product_uri"]).stem
        assert scene.tile == properties["grid:code"].removeprefix("MGRS-")
        assert scene.sun_azimuth == pytest.approx(properties["view:sun_azimuth"])
        assert scene.sun_elevation == pytest.approx(properties["view:sun_elevation"])
        assert scene.cloud_cover == pytest.approx(properties["eo:cloud_cover"])
        assert str(scene.crs) == properties["proj:code"]
        for key, name in (("blue", "blue"), ("swir16", "swir1")):
            raster = said["assets"][key]["raster:bands"][0]
            asset = scene.assets[name]
            assert (asset.scale, asset.offset) == pytest.approx((raster["scale"], raster["offset"]))
            assert PurePosixPath(said["assets"][key]["href"]).stem == Path(asset.href).stem

    def test_the_scene_classification_becomes_flags(
        self, trimline_data: Path, sentinel2: ModuleType, tmp_path: Path
    ) -> None:
        (tree,) = (trimline_data / "sentinel2_metadata").glob("*_MSIL2A_*.SAFE")
        flags = open_scene(sentinel2.complete(tree, tmp_path)).quality()
        side = flags.sizes["y"]
        assert flags["snow"].to_numpy()[: side // 2 - 2, side // 2 :].all()
        assert not flags["snow"].to_numpy()[side // 2 + 2 :].any()
        assert flags["fill"].to_numpy()[:, : side // 4 - 2].all()


def test_metadata_alone_can_be_described_but_not_opened(trimline_data: Path) -> None:
    folders = sorted((trimline_data / "sentinel2_metadata").glob("*.SAFE"))
    assert len(folders) == 3
    for folder in folders:
        info = product_info(folder)
        assert not info.is_complete
        assert len(info.missing) >= 12
        with pytest.raises(ProductError, match="none of the product's band files"):
            open_scene(folder)
