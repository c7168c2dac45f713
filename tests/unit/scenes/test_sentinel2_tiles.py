"""Sentinel-2 tiles as public archives lay them out, and the offset of their numbers."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from trimline.errors import MetadataError, ProductError
from trimline.scenes import open_scene, product_info

KEYS = {"B02": "blue", "B03": "green", "B04": "red", "B08": "nir", "B11": "swir16", "B12": "swir22"}
DARK = {"B02": 0.09, "B03": 0.07, "B04": 0.05, "B08": 0.03, "B11": 0.02, "B12": 0.01}
"""Reflectance of dark water, by band."""
BRIGHT = {"B02": 0.25, "B03": 0.3, "B04": 0.35, "B08": 0.4, "B11": 0.5, "B12": 0.45}
"""Reflectance of desert sand."""
APPLIED = "earthsearch:boa_offset_applied"


def write_cogs(
    sentinel2: ModuleType,
    folder: Path,
    *,
    added: int,
    ground: Mapping[str, float] = DARK,
    by_key: bool = True,
    raster: Mapping[str, Any] | None = None,
    **properties: Any,
) -> Path:
    """Write rasters of one ground, with `added` in their numbers, and an item with these properties."""
    folder.mkdir(parents=True)
    assets = {}
    for band, key in KEYS.items():
        pixel = sentinel2.PIXEL_M[band]
        values = sentinel2.field_of(band, pixel).astype(np.int64)
        numbers = np.where(values == 0, 0, round(ground[band] * 10_000) + added).astype(np.uint16)
        name = f"{key if by_key else band}.tif"
        sentinel2.write_raster(folder / name, numbers, pixel)
        assets[key] = {"href": f"https://example.org/tiles/{name}"} | ({"raster:bands": [raster]} if raster else {})
    scl = np.full((12, 12), 6, np.uint8)
    scl[:, :3] = 0
    sentinel2.write_raster(folder / ("scl.tif" if by_key else "SCL.tif"), scl, 20)
    item = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "S2A_46RER_20210908_0_L2A",
        "properties": {"datetime": "2021-09-08T04:40:48.758Z", "eo:cloud_cover": 3.5, "grid:code": "MGRS-46RER"}
        | {"view:sun_azimuth": 143.0, "view:sun_elevation": 63.5, "s2:processing_baseline": "05.00"}
        | properties,
        "assets": assets,
    }
    (folder / "S2A_46RER_20210908_0_L2A.json").write_text(json.dumps(item))
    return folder


KEPT, TAKEN = {"scale": 1e-4, "offset": -0.1}, {"scale": 1e-4, "offset": 0}


class TestItems:
    @pytest.mark.parametrize(
        ("added", "raster", "properties"),
        [
            (0, KEPT, {APPLIED: True}),
            (0, TAKEN, {APPLIED: True}),
            (0, None, {APPLIED: True}),
            (0, None, {"sentinel:boa_offset_applied": True}),
            (1000, KEPT, {APPLIED: False}),
            (1000, KEPT, {}),
            (0, TAKEN, {}),
            (0, None, {"s2:processing_baseline": "02.08"}),
            (0, None, {"s2:processing_baseline": "03.01", APPLIED: False}),
        ],
    )
    @pytest.mark.parametrize("by_key", [True, False])
    def test_the_offset_is_what_the_item_says(
        self, sentinel2: ModuleType, tmp_path: Path, added: int, raster: Any, properties: Any, by_key: bool
    ) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=added, raster=raster, by_key=by_key, **properties)
        scene = open_scene(folder)
        for band, name in (("B02", "blue"), ("B12", "swir2")):
            np.testing.assert_allclose(scene.read(name)[:, 6:], DARK[band], atol=1e-6)
            assert np.isnan(scene.read(name)[:, :6]).all()

    def test_what_the_item_says_is_known(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=0, **{APPLIED: True})
        for path in (folder, folder / "S2A_46RER_20210908_0_L2A.json"):
            scene = open_scene(path)
            assert (scene.id, scene.level, scene.tile) == ("S2A_46RER_20210908_0_L2A", "L2A", "46RER")
            assert (scene.sun_azimuth, scene.sun_elevation, scene.cloud_cover) == (143.0, 63.5, 3.5)
            assert scene.bands == ("blue", "green", "red", "nir", "swir1", "swir2")
            assert scene.quality()["water"].to_numpy()[:, 6:].all()
        info = product_info(folder)
        assert (info.kind, info.baseline, info.is_complete) == ("Sentinel-2 tile", "05.00", True)
        assert "says that it was taken out already" in info.notes[0]

    @pytest.mark.parametrize("properties", [{APPLIED: False}, {}])
    def test_an_offset_that_was_taken_out_before_is_not_taken_twice(
        self, sentinel2: ModuleType, tmp_path: Path, properties: Any
    ) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=0, raster=KEPT, **properties)
        with pytest.raises(ProductError, match=r"reflectance below -0\.\d\d: .* taken out .* before\n.*--offset 0"):
            open_scene(folder)
        info = product_info(folder)
        assert any("the offset was taken out of the numbers before" in note for note in info.notes)
        scene = open_scene(folder, scale=1e-4, offset=0)
        np.testing.assert_allclose(scene.read("red")[:, 6:], DARK["B04"], atol=1e-6)

    def test_an_offset_that_may_have_been_left_in_is_a_warning(
        self, sentinel2: ModuleType, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=1000, **{APPLIED: True})
        with caplog.at_level(logging.WARNING):
            open_scene(folder)
        assert "unless the ground is that bright, the numbers carry ESA's offset" in caplog.text
        assert any("carry ESA's offset" in note for note in product_info(folder).notes)

    def test_bright_ground_is_no_error(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        for number, (added, properties) in enumerate([(0, {APPLIED: True}), (1000, {APPLIED: False})]):
            raster = KEPT if added else TAKEN
            folder = write_cogs(
                sentinel2, tmp_path / str(number), added=added, ground=BRIGHT, raster=raster, **properties
            )
            np.testing.assert_allclose(open_scene(folder).read("red")[:, 6:], 0.35, atol=1e-6)

    def test_an_item_that_tells_nothing_of_the_offset(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        for number, properties in enumerate([{}, {APPLIED: False}, {"s2:processing_baseline": None}]):
            folder = write_cogs(sentinel2, tmp_path / str(number), added=1000, **properties)
            with pytest.raises(ProductError, match=r"nothing tells whether the numbers carry an offset.*\n.*--offset"):
                open_scene(folder)
            assert any("nothing tells" in note for note in product_info(folder).notes)
            scene = open_scene(folder, scale=1e-4, offset=-1000)
            np.testing.assert_allclose(scene.read("swir2")[:, 6:], DARK["B12"], atol=1e-6)

    def test_the_products_own_metadata_beside_it_tell(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=1000)
        (folder / "product_metadata.xml").write_text(sentinel2.TinySafe(level="2A", baseline="05.00").product_xml())
        np.testing.assert_allclose(open_scene(folder).read("red")[:, 6:], DARK["B04"], atol=1e-6)

    def test_an_item_that_contradicts_itself(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=1000, raster=TAKEN, **{APPLIED: False})
        with pytest.raises(MetadataError, match=r"was not taken out of the numbers, but its raster:bands"):
            open_scene(folder)

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            ({APPLIED: "yes"}, "neither true nor false"),
            ({"s2:processing_baseline": "5"}, "'5' is no processing baseline"),
            ({"view:sun_elevation": "high"}, "not a number"),
            ({"datetime": "yesterday"}, "datetime cannot be 'yesterday'"),
        ],
    )
    def test_impossible_values(self, sentinel2: ModuleType, tmp_path: Path, properties: Any, message: str) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=0, raster=TAKEN, **properties)
        with pytest.raises(MetadataError, match=message):
            open_scene(folder)

    def test_two_items_in_one_folder(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=0, raster=TAKEN)
        item = json.loads((folder / "S2A_46RER_20210908_0_L2A.json").read_text())
        (folder / "S2A_46RER_20210908_1_L2A.json").write_text(json.dumps(item | {"id": "S2A_46RER_20210908_1_L2A"}))
        with pytest.raises(ProductError, match="there are 2 STAC items"):
            open_scene(folder)
        assert open_scene(folder / "S2A_46RER_20210908_1_L2A.json").id == "S2A_46RER_20210908_1_L2A"

    def test_the_item_counts_in_the_identity(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_cogs(sentinel2, tmp_path / "tile", added=0, raster=TAKEN)
        before = open_scene(folder).identity
        item = folder / "S2A_46RER_20210908_0_L2A.json"
        item.write_text(item.read_text().replace("3.5", "4.5"))
        assert open_scene(folder).identity != before


def write_tile(sentinel2: ModuleType, folder: Path, *, level: str = "1C", baseline: str = "02.08") -> Path:
    """Write a tile as `sentinel-s2-l1c` or `sentinel-s2-l2a` has it."""
    tiny = sentinel2.TinySafe(level=level, baseline=baseline)
    folder.mkdir(parents=True)
    for band, pixel in tiny.images():
        below = "" if level == "1C" else f"R{pixel}m/"
        values = np.full((12, 12), 11, np.uint8) if band == "SCL" else sentinel2.field_of(band, pixel, tiny.offset)
        if band != "SCL" or pixel == 20:
            sentinel2.write_raster(folder / f"{below}{band}.jp2", values, pixel)
    (folder / "metadata.xml").write_text(tiny.granule_xml())
    (folder / "tileInfo.json").write_text(
        json.dumps(
            {
                "path": "tiles/46/R/ER/2021/9/8/0",
                "timestamp": "2021-09-08T04:40:48.758Z",
                "utmZone": 46,
                "latitudeBand": "R",
                "gridSquare": "ER",
                "cloudyPixelPercentage": 88.25,
                "productName": tiny.name.removesuffix(".SAFE"),
                "datastrip": {"id": f"S2A_OPER_MSI_L{level}_DS_VGS4_20210908T070248_S20210908T043714_N{baseline}"},
            }
        )
    )
    (folder / "qi").mkdir()
    cloud = sentinel2.polygon("O", "OPAQUE", 100, 0, 160, 60)
    (folder / "qi" / "MSK_CLOUDS_B00.gml").write_text(sentinel2.gml(cloud))
    return folder


class TestTiles:
    @pytest.mark.parametrize("level", ["1C", "2A"])
    def test_a_tile_before_baseline_4_has_no_offset(self, sentinel2: ModuleType, tmp_path: Path, level: str) -> None:
        folder = write_tile(sentinel2, tmp_path / "0", level=level)
        for path in (folder, folder / "tileInfo.json", folder / "metadata.xml"):
            scene = open_scene(path)
            assert (scene.level, scene.tile, scene.cloud_cover) == (f"L{level}", "46RER", 88.25)
            assert scene.id.startswith(f"S2A_MSIL{level}_20210908T042701_N0208")
            assert float(scene.geobox.resolution.x) == 10
            for name, band in (("blue", "B02"), ("swir1", "B11"), ("nir09", "B09")):
                np.testing.assert_allclose(scene.read(name)[:, 6:], sentinel2.reflectance(band), atol=1e-6)
        assert product_info(folder).is_complete
        assert ("snow" in scene.quality()) == (level == "2A")
        assert scene.quality()["cloud"].to_numpy()[0:6, 10:16].all()

    def test_since_baseline_4_the_products_metadata_are_needed(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_tile(sentinel2, tmp_path / "0", baseline="04.00")
        message = r"carry an offset \(processing baseline 04\.00\)\nlay .* MTD_MSIL1C\.xml .* --offset -1000"
        with pytest.raises(ProductError, match=message):
            open_scene(folder)

    @pytest.mark.parametrize("name", ["product_metadata.xml", "MTD_MSIL1C.xml"])
    def test_the_products_metadata_beside_it_tell(self, sentinel2: ModuleType, tmp_path: Path, name: str) -> None:
        folder = write_tile(sentinel2, tmp_path / "0", baseline="04.00")
        product = sentinel2.TinySafe(baseline="04.00").product_xml()
        (folder / name).write_text(product)
        for path in (folder, folder / "tileInfo.json"):
            blue = open_scene(path).read("blue")
            np.testing.assert_allclose(blue[:, 6:], sentinel2.reflectance("B02"), atol=1e-6)

    def test_a_missing_band_is_named(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_tile(sentinel2, tmp_path / "0")
        (folder / "B11.jp2").unlink()
        info = product_info(folder)
        assert info.missing == ("B11.jp2",)
        assert not info.is_complete

    def test_rasters_alone_need_a_scale(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        for band in ("B02", "B03"):
            sentinel2.write_raster(tmp_path / "tile" / f"{band}.tif", sentinel2.field_of(band, 10), 10)
        with pytest.raises(ProductError, match="nothing tells"):
            open_scene(tmp_path / "tile")
        with pytest.raises(ProductError, match="an offset is given without a scale"):
            open_scene(tmp_path / "tile", offset=0)
        scene = open_scene(tmp_path / "tile", scale=1e-4, date="2019-02-17")
        assert (scene.level, scene.reflectance_level, scene.date) == (None, None, "2019-02-17")
        np.testing.assert_allclose(scene.read("blue")[:, 6:], sentinel2.reflectance("B02"), atol=1e-6)

    def test_bits_of_qa60(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_tile(sentinel2, tmp_path / "0")
        (folder / "qi" / "MSK_CLOUDS_B00.gml").unlink()
        bits = np.zeros((4, 4), np.uint16)
        bits[0, 1], bits[1, 2] = 1 << 10, 1 << 11
        sentinel2.write_raster(folder / "QA60.tif", bits, 60)
        flags = open_scene(folder).quality()
        assert flags["cloud"].to_numpy()[0:6, 6:12].all()
        assert flags["cirrus"].to_numpy()[6:12, 12:18].all()
        assert int(flags["cloud"].sum()) == int(flags["cirrus"].sum()) == 36

    def test_damaged_tile_info(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        folder = write_tile(sentinel2, tmp_path / "0")
        for content, message in (("{", "not JSON"), ("[]", "no description of a tile")):
            (folder / "tileInfo.json").write_text(content)
            with pytest.raises(MetadataError, match=message):
                open_scene(folder)
