"""Masks of Sentinel-2 as the flags that Landsat has: rasters, polygons and the scene classification."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from trimline.errors import BandError, MetadataError
from trimline.scenes import open_scene
from trimline.scenes.sentinel2_quality import cloud_bit_flags, scene_class_flags

FILL = np.s_[:, :6]
"""The strip of a tiny product without data, in pixels of 10 m."""


@pytest.fixture
def flags(sentinel2: ModuleType, tmp_path: Path) -> Any:
    """Give what writes a product and reads its flags onto the 10 m grid, as arrays."""

    def read(**wishes: Any) -> dict[str, np.ndarray]:
        scene = open_scene(sentinel2.TinySafe(**wishes).write(tmp_path))
        found = {str(name): flag.to_numpy() for name, flag in scene.quality().items()}
        np.testing.assert_array_equal(scene.fill(), found["fill"])
        assert scene.has_fill
        return found

    return read


def pixels(where: Any, side: int = 24) -> np.ndarray:
    """Return a mask with these pixels set."""
    mask = np.zeros((side, side), np.bool_)
    mask[where] = True
    return mask


class TestPolygons:
    """Masks of before processing baseline 04.00."""

    def test_cloud_cirrus_saturation_and_defects(self, sentinel2: ModuleType, flags: Any) -> None:
        opaque = sentinel2.polygon("O", "OPAQUE", 100, 0, 160, 60)
        cirrus = sentinel2.polygon("C", "CIRRUS", 180, 120, 240, 240)
        found = flags(
            gml_masks={
                "MSK_CLOUDS_B00": sentinel2.gml(opaque, cirrus),
                "MSK_SATURA_B04": sentinel2.gml(sentinel2.polygon("S", "QT_SATURATED_PIXELS_L1A", 200, 0, 240, 20)),
                "MSK_DEFECT_B11": sentinel2.gml(sentinel2.polygon("D", "QT_DEFECTIVE_PIXELS", 100, 200, 120, 240)),
                "MSK_NODATA_B02": sentinel2.gml(
                    sentinel2.polygon("N", "QT_NODATA_PIXELS", 60, 100, 80, 120),
                    sentinel2.polygon("P", "QT_PARTIALLY_CORRECTED_PIXELS", 60, 0, 240, 240),
                ),
                "MSK_TECQUA_B03": sentinel2.gml(
                    sentinel2.polygon("L", "MSI_LOST", 140, 200, 160, 220),
                    sentinel2.polygon("A", "ANC_DEG", 60, 0, 240, 240),
                ),
            }
        )
        assert set(found) == {"fill", "cloud", "cirrus", "saturated", "dropped", "clear"}
        np.testing.assert_array_equal(found["fill"], pixels(FILL))
        np.testing.assert_array_equal(found["cloud"], pixels(np.s_[0:6, 10:16]))
        np.testing.assert_array_equal(found["cirrus"], pixels(np.s_[12:24, 18:24]))
        np.testing.assert_array_equal(found["saturated"], pixels(np.s_[0:2, 20:24]))
        dropped = pixels(np.s_[20:24, 10:12]) | pixels(np.s_[10:12, 6:8]) | pixels(np.s_[20:22, 14:16])
        np.testing.assert_array_equal(found["dropped"], dropped)
        hidden = found["fill"] | found["cloud"] | found["cirrus"] | found["dropped"]
        np.testing.assert_array_equal(found["clear"], ~hidden)

    def test_empty_masks_say_that_nothing_was_found(self, flags: Any) -> None:
        found = flags()
        assert not any(found[name].any() for name in ("cloud", "cirrus", "saturated", "dropped"))
        np.testing.assert_array_equal(found["clear"], ~pixels(FILL))

    def test_what_no_detector_saw_is_fill(self, sentinel2: ModuleType, flags: Any) -> None:
        seen = sentinel2.gml(sentinel2.polygon("F", "DETECTOR_FOOTPRINT", 0, 0, 200, 240))
        found = flags(gml_masks={"MSK_DETFOO_B02": seen})
        np.testing.assert_array_equal(found["fill"], pixels(FILL) | pixels(np.s_[:, 20:]))

    def test_cloud_over_fill_is_fill_only(self, sentinel2: ModuleType, flags: Any) -> None:
        found = flags(gml_masks={"MSK_CLOUDS_B00": sentinel2.gml(sentinel2.polygon("O", "OPAQUE", 0, 0, 240, 240))})
        np.testing.assert_array_equal(found["cloud"], ~pixels(FILL))

    def test_holes_heights_and_another_crs(self, sentinel2: ModuleType, tmp_path: Path) -> None:
        ring = sentinel2.polygon("O", "OPAQUE", 0, 0, 240, 240)
        hole = sentinel2.polygon("I", "OPAQUE", 120, 120, 180, 180)
        inner = hole[hole.index("<gml:LinearRing>") : hole.index("</gml:exterior>")]
        three = ring.replace("</gml:exterior>", f"</gml:exterior><gml:interior>{inner}</gml:interior>")
        start, end = three.index('srsDimension="2">') + 17, three.index("</gml:posList>")
        numbers = three[start:end].split()
        with_height = " ".join(f"{x} {y} 812.5" for x, y in zip(numbers[::2], numbers[1::2], strict=True))
        text = f'{three[: start - 17]}srsDimension="3">{with_height}{three[end:]}'
        tiny = sentinel2.TinySafe(gml_masks={"MSK_CLOUDS_B00": sentinel2.gml(text)})
        scene = open_scene(tiny.write(tmp_path))
        expected = ~pixels(FILL) & ~pixels(np.s_[12:18, 12:18])
        np.testing.assert_array_equal(scene.quality()["cloud"], expected)
        moved = scene.geobox.to_crs("EPSG:32645", resolution=10)
        there = scene.quality(moved)["cloud"].to_numpy()
        assert there.sum() == pytest.approx(expected.sum(), rel=0.05)
        x, y = (float(v) for v in (scene.geobox.affine * (15, 15)))
        lon_lat_hole = scene.geobox[14:16, 14:16].footprint("EPSG:32645").centroid.coords[0]
        column, row = (int(v) for v in ~moved.affine * lon_lat_hole)
        assert not there[row, column], (x, y)

    @pytest.mark.parametrize("ring", ["1 2 3", "1 2 3 4", "a b c d e f g h", "nan 1 2 3 4 5 nan 1"])
    def test_a_ring_that_is_none(self, sentinel2: ModuleType, flags: Any, ring: str) -> None:
        feature = sentinel2.polygon("O", "OPAQUE", 0, 0, 10, 10)
        start, end = feature.index('"2">') + 4, feature.index("</gml:posList>")
        broken = f"{feature[:start]}{ring}{feature[end:]}"
        with pytest.raises(MetadataError, match=r"MSK_CLOUDS_B00\.gml: a ring of a mask polygon cannot be read"):
            flags(gml_masks={"MSK_CLOUDS_B00": sentinel2.gml(broken)})


class TestRasters:
    """Masks since processing baseline 04.00."""

    @pytest.mark.parametrize("suffix", [".jp2", ".tif"])
    def test_the_layers_of_the_classification(self, flags: Any, suffix: str) -> None:
        layers = np.zeros((3, 4, 4), np.uint8)
        layers[0, 0, 1], layers[1, 1, 2], layers[2, 2, 3] = 1, 1, 1
        found = flags(baseline="05.00", suffix=suffix, raster_masks={"MSK_CLASSI_B00": layers})
        assert set(found) == {"fill", "cloud", "cirrus", "snow", "saturated", "dropped", "clear"}
        np.testing.assert_array_equal(found["cloud"], pixels(np.s_[0:6, 6:12]))
        np.testing.assert_array_equal(found["cirrus"], pixels(np.s_[6:12, 12:18]))
        np.testing.assert_array_equal(found["snow"], pixels(np.s_[12:18, 18:24]))
        np.testing.assert_array_equal(found["clear"], ~(pixels(FILL) | found["cloud"] | found["cirrus"]))

    @pytest.mark.parametrize(
        ("layer", "flag"),
        [(1, None), (2, None), (3, "dropped"), (4, None), (5, "dropped"), (6, "dropped"), (7, None), (8, "saturated")],
    )
    def test_the_layers_of_the_technical_masks(self, flags: Any, layer: int, flag: str | None) -> None:
        layers = np.zeros((8, 12, 12), np.uint8)
        layers[layer - 1, 3, 7] = 1
        found = flags(baseline="04.00", raster_masks={"MSK_QUALIT_B12": layers})
        for name in ("dropped", "saturated"):
            expected = pixels(np.s_[6:8, 14:16]) if name == flag else pixels(np.s_[:0])
            np.testing.assert_array_equal(found[name], expected)

    def test_what_no_detector_saw_is_fill(self, flags: Any) -> None:
        seen = np.full((1, 24, 24), 7, np.uint8)
        seen[:, :, 20:] = 0
        found = flags(baseline="04.00", raster_masks={"MSK_DETFOO_B02": seen})
        np.testing.assert_array_equal(found["fill"], pixels(FILL) | pixels(np.s_[:, 20:]))


class TestSceneClassification:
    CLASSES = np.tile(np.arange(12, dtype=np.uint8), (12, 1))
    """One class a column, from 0."""

    @pytest.mark.parametrize(
        ("flag", "classes"),
        [
            ("fill", (0,)),
            ("saturated", (1,)),
            ("cloud_shadow", (3,)),
            ("water", (6,)),
            ("cloud", (8, 9)),
            ("cirrus", (10,)),
            ("snow", (11,)),
        ],
    )
    def test_each_flag_has_its_classes(self, flag: str, classes: tuple[int, ...]) -> None:
        values = np.arange(12, dtype=np.uint16)
        np.testing.assert_array_equal(np.flatnonzero(scene_class_flags(values)[flag]), classes)

    def test_it_is_read_onto_the_grid_of_the_bands(self, flags: Any) -> None:
        found = flags(level="2A", baseline="05.10", classes=self.CLASSES)
        by_column = {name: flag[0] for name, flag in found.items()}
        np.testing.assert_array_equal(by_column["cloud"].nonzero()[0], [16, 17, 18, 19])
        np.testing.assert_array_equal(by_column["cloud_shadow"].nonzero()[0], [6, 7])
        np.testing.assert_array_equal(by_column["snow"].nonzero()[0], [22, 23])
        np.testing.assert_array_equal(by_column["clear"].nonzero()[0], [8, 9, 10, 11, 12, 13, 14, 15, 22, 23])

    def test_it_goes_before_the_masks_of_level_1(self, flags: Any) -> None:
        everywhere = np.ones((3, 4, 4), np.uint8)
        found = flags(level="2A", baseline="05.10", raster_masks={"MSK_CLASSI_B00": everywhere})
        assert not found["cloud"].any()


def test_qa60_has_cloud_and_cirrus_bits() -> None:
    found = cloud_bit_flags(np.array([0, 1 << 10, 1 << 11, 3 << 10], dtype=np.uint16))
    np.testing.assert_array_equal(found["cloud"], [False, True, False, True])
    np.testing.assert_array_equal(found["cirrus"], [False, False, True, True])


def test_beyond_the_product_only_fill_is_true(sentinel2: ModuleType, tmp_path: Path) -> None:
    for index, wishes in enumerate([{}, {"baseline": "04.00"}, {"level": "2A", "baseline": "05.10"}]):
        scene = open_scene(sentinel2.TinySafe(**wishes).write(tmp_path / str(index)))
        flags = scene.quality(scene.geobox.pad(3))
        outside = np.ones(flags["fill"].shape, np.bool_)
        outside[3:-3, 3:-3] = False
        assert flags["fill"].to_numpy()[outside].all()
        assert not any(flag.to_numpy()[outside].any() for name, flag in flags.items() if name != "fill")


def test_without_any_mask_there_are_no_flags(sentinel2: ModuleType, tmp_path: Path) -> None:
    scene = open_scene(sentinel2.TinySafe(masks=False).write(tmp_path))
    assert not scene.has_fill
    assert not scene.has_cloud_flags
    with pytest.raises(BandError, match="no quality band"):
        scene.quality()
    with pytest.raises(BandError, match="no quality band with fill"):
        scene.fill()
