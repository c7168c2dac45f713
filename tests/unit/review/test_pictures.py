"""Scenes as pictures: shown as they are where a browser reads them, copied once where not, told when they change."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from tests.unit.review.toy_review import BANDS, CRS, NORTH, WEST, reviewed, scene_of, squares, write_stack

from trimline.errors import ProductError
from trimline.review.contract import Picture
from trimline.review.opened.reviewed import Reviewed
from trimline.review.pictures.rasters import Rasters
from trimline.review.pictures.scene_pictures import Pictures
from trimline.scenes import moved_scene

WAIT_S = 30.0


@contextmanager
def pictures_of(review: Reviewed) -> Iterator[tuple[Pictures, Rasters, list[Picture]]]:
    told: list[Picture] = []
    rasters = Rasters()
    pictures = Pictures(review, rasters, told.append)
    try:
        yield pictures, rasters, told
    finally:
        pictures.close()


def finished(pictures: Pictures, scene_id: str) -> Picture:
    end = threading.Event()
    for _ in range(int(WAIT_S / 0.02)):
        picture = next(each for each in pictures.all(WAIT_S) if each.id == scene_id)
        if picture.state != "preparing":
            return picture
        end.wait(0.02)
    raise AssertionError("it takes too long")


def file_of(rasters: Rasters, source: str) -> Path:
    return rasters[source.rpartition("/")[2]]


def test_a_file_that_a_browser_reads_is_served_as_it_is(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", 1500, factor=(2, 4))
    with pictures_of(reviewed(tmp_path, [scene_of(path)])) as (pictures, rasters, _):
        (picture,) = pictures.all(WAIT_S)
        assert picture.state == "ready"
        assert picture.why is None
        (source,) = picture.sources
        assert file_of(rasters, source) == path
        assert [(each.name, each.index, each.source) for each in picture.bands] == [
            (name, number, 0) for number, name in enumerate(BANDS, 1)
        ]
        assert picture.crs == CRS
        assert picture.extent == (WEST, NORTH - 15_000, WEST + 15_000, NORTH)
        assert picture.title == "2019-08-12, sentinel-2-msi, scene"
        assert "SWIR-NIR-red" in picture.combinations
        blue = picture.bands[0]
        assert (blue.scale, blue.offset, blue.nodata) == (1e-4, 0.0, 0.0)
        assert blue.low == pytest.approx(0.108, abs=0.003), "the 2nd percentile of 0.1 to 0.5"
        assert blue.high == pytest.approx(0.492, abs=0.003)


@pytest.mark.parametrize(
    ("options", "factor", "why"),
    [
        ({"compress": "zstd"}, (2, 4), "unpack ZSTD"),
        ({}, (), "no overviews"),
        ({"tiled": False, "blockxsize": None, "blockysize": 16}, (2,), "no tiles"),
        ({"transform": rasterio.Affine(10, 1, WEST, 1, -10, NORTH)}, (2,), "west to east"),
    ],
)
def test_what_a_browser_cannot_read_is_said(
    tmp_path: Path, options: dict[str, Any], factor: tuple[int, ...], why: str
) -> None:
    given = {key: value for key, value in options.items() if value is not None}
    path = write_stack(tmp_path / "scene.tif", 1500, factor=factor, **given)
    with pictures_of(reviewed(tmp_path, [scene_of(path)])) as (pictures, rasters, _):
        (picture,) = pictures.all(WAIT_S)
        assert picture.state == "to be prepared"
        assert why in str(picture.why)
        assert not rasters, "and its file is not served"
        assert picture.sources == ()


def test_a_copy_holds_the_numbers_of_the_ground_around_the_outlines(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", 1500)
    outlines = squares((7000, 7000, 7400, 7300))
    with pictures_of(reviewed(tmp_path, [scene_of(path)], outlines)) as (pictures, rasters, told):
        pictures.all(WAIT_S)
        assert pictures.prepare("scene").state == "preparing"
        picture = finished(pictures, "scene")
        assert picture.state == "ready"
        assert picture.extent == (WEST + 5000, NORTH - 9300, WEST + 9400, NORTH - 5000), "2 km on all sides"
        assert len(picture.sources) == len(BANDS)
        assert [each.state for each in told][-1] == "ready"
        assert any("bands are copied" in str(each.why) for each in told)
        for band in picture.bands:
            with rasterio.open(file_of(rasters, picture.sources[band.source])) as copy, rasterio.open(path) as source:
                assert copy.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
                assert copy.nodata == band.nodata == 0
                there = source.read(BANDS.index(band.name) + 1, window=((500, 930), (500, 940)))
                assert np.array_equal(copy.read(1), there)
        assert pictures.prepare("scene") == picture, "once"


def test_a_moved_scene_is_copied_where_it_belongs(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif")
    scene = scene_of(path)
    moved = replace(scene, open=lambda: moved_scene(scene.open(), 4.0, -3.0))
    with pictures_of(reviewed(tmp_path, [moved])) as (pictures, rasters, _):
        assert "moved" in str(pictures.all(WAIT_S)[0].why)
        pictures.prepare("scene")
        picture = finished(pictures, "scene")
        assert picture.extent is not None
        assert picture.extent[0] == WEST + 4.0
        assert picture.extent[3] == NORTH - 3.0
        with rasterio.open(file_of(rasters, picture.sources[0])) as copy, rasterio.open(path) as source:
            assert np.array_equal(copy.read(1), source.read(1))


def test_decimal_numbers_stay_decimal_and_missing_ones_have_a_number(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", 1100, dtype="float32", compress="zstd")
    with pictures_of(reviewed(tmp_path, [scene_of(path)], squares((0, 0, 11_000, 11_000)))) as (pictures, rasters, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        picture = finished(pictures, "scene")
        with rasterio.open(file_of(rasters, picture.sources[0])) as copy:
            numbers = copy.read(1)
        assert picture.bands[0].nodata == -9999
        assert (numbers[:, 0] == -9999).all()
        assert numbers[0, -1] == 5000


def test_a_copy_is_found_again_and_removed_when_its_scene_changes(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", compress="zstd")
    review = reviewed(tmp_path, [scene_of(path)])
    with pictures_of(review) as (pictures, _, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        assert finished(pictures, "scene").state == "ready"
    copies = tmp_path / "review/pictures"
    (first,) = copies.iterdir()
    with pictures_of(review) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "ready", "without being made again"
    os.utime(path, (1, 1))
    with pictures_of(review) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "to be prepared"
    assert not first.exists()


def test_a_copy_that_does_not_reach_new_outlines_is_made_again(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", 1500, compress="zstd")
    with pictures_of(reviewed(tmp_path, [scene_of(path)], squares((0, 0, 100, 100)))) as (pictures, _, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        assert finished(pictures, "scene").state == "ready"
    with pictures_of(reviewed(tmp_path, [scene_of(path)], squares((0, 0, 500, 500)))) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "ready"
    with pictures_of(reviewed(tmp_path, [scene_of(path)], squares((0, 0, 9000, 9000)))) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "to be prepared"


def test_scenes_that_are_copied_are_not_opened_again(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", compress="zstd")
    scene, opened = scene_of(path), []

    def counted() -> Any:
        opened.append(1)
        return scene.open()

    review = reviewed(tmp_path, [replace(scene, open=counted)])
    for _ in range(2):
        with pictures_of(review) as (pictures, _, _):
            assert pictures.all(WAIT_S)[0].state == "to be prepared"
    assert len(opened) == 1
    os.utime(path, (1, 1))
    with pictures_of(review) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "to be prepared"
    assert len(opened) == 2
    (tmp_path / "review/pictures.json").write_text("{")
    with pictures_of(review) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "to be prepared", "a damaged record costs time and nothing else"


def test_a_record_names_no_file_that_is_served(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif")
    other = write_stack(tmp_path / "elsewhere.tif")
    review = reviewed(tmp_path, [scene_of(path)])
    with pictures_of(review) as (pictures, _, _):
        before = pictures.all(WAIT_S)
    record = tmp_path / "review/pictures.json"
    changed = json.loads(record.read_text())
    changed["scenes"]["scene"]["picture"]["files"] = [str(other)]
    record.write_text(json.dumps(changed))
    with pictures_of(review) as (pictures, rasters, _):
        assert pictures.all(WAIT_S) == before
        assert list(rasters.values()) == [path]


def test_a_scene_that_is_known_is_not_looked_through_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    review = reviewed(tmp_path, [scene_of(write_stack(tmp_path / "scene.tif"))])
    with pictures_of(review) as (pictures, _, _):
        before = pictures.all(WAIT_S)
    monkeypatch.setattr("trimline.review.pictures.scene_pictures.described", None)
    with pictures_of(review) as (pictures, _, _):
        assert pictures.all(WAIT_S) == before


def test_a_scene_that_is_gone_costs_no_other_its_picture_and_may_come_back(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "here.tif")
    away = tmp_path / "away.tif"
    review = reviewed(tmp_path, [scene_of(away, "away"), scene_of(path, "here")])
    with pictures_of(review) as (pictures, _, _):
        gone, here = pictures.all(WAIT_S)
        assert (gone.state, here.state) == ("failed", "ready")
        assert "there is no such file" in str(gone.why) or "not exist" in str(gone.why)
        write_stack(away)
        pictures.prepare("away")
        assert finished(pictures, "away").state == "ready"
        with pytest.raises(ProductError, match="no scene"):
            pictures.prepare("nothing")


def test_a_copy_of_ground_that_the_scene_does_not_show_fails_and_says_it(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", compress="zstd")
    with pictures_of(reviewed(tmp_path, [scene_of(path)], squares((90_000, 0, 90_500, 500)))) as (pictures, _, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        picture = finished(pictures, "scene")
        assert picture.state == "failed"
        assert "does not show the ground" in str(picture.why)
        assert not list((tmp_path / "review/pictures").glob("*")), "nothing half-written is left"


def test_a_copy_that_is_given_up_leaves_nothing(tmp_path: Path) -> None:
    path = write_stack(tmp_path / "scene.tif", 1500)
    review = reviewed(tmp_path, [scene_of(path)], squares((0, 0, 15_000, 15_000)))
    begun = threading.Event()

    def stop_when_begun(picture: Picture) -> None:
        if "bands are copied" in str(picture.why):
            begun.set()
            stopping.wait(WAIT_S)

    stopping = threading.Event()
    pictures = Pictures(review, Rasters(), stop_when_begun)
    pictures.all(WAIT_S)
    pictures.prepare("scene")
    assert begun.wait(WAIT_S)
    closing = threading.Thread(target=pictures.close)
    closing.start()
    while not pictures._stopped.is_set():
        pass
    stopping.set()
    closing.join(WAIT_S)
    assert not closing.is_alive()
    left = [each for each in (tmp_path / "review/pictures").glob("*") if not each.name.startswith(".")]
    assert not left


def test_addresses_say_nothing_of_paths_and_change_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "secret-name.tif"
    path.write_bytes(b"one")
    rasters = Rasters()
    first = rasters.address_of(path)
    assert "secret" not in first
    assert rasters.address_of(path) == first
    path.write_bytes(b"other")
    assert rasters.address_of(path) != first
    assert "../secret-name.tif" not in rasters


def test_bands_of_other_pixels_lie_side_by_side_on_the_same_ground(tmp_path: Path) -> None:
    fine = scene_of(write_stack(tmp_path / "fine.tif", 600, compress="zstd"))
    coarse_place = rasterio.Affine(20, 0, WEST, 0, -20, NORTH)
    coarse = scene_of(write_stack(tmp_path / "coarse.tif", 300, compress="zstd", transform=coarse_place))

    def mixed() -> Any:
        opened = fine.open()
        return replace(opened, assets={**opened.assets, "swir1": coarse.open().assets["swir1"]})

    outlines = squares((2990, 2990, 3010, 3010))  # 2 km around it end between pixels of 20 m
    with pictures_of(reviewed(tmp_path, [replace(fine, open=mixed)], outlines)) as (pictures, rasters, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        picture = finished(pictures, "scene")
        assert picture.state == "ready", picture.why
        grids = {}
        for band in picture.bands:
            with rasterio.open(file_of(rasters, picture.sources[band.source])) as copy:
                grids[band.name] = tuple(copy.bounds), copy.res[0]
    assert {bounds for bounds, _ in grids.values()} == {picture.extent}
    assert {name for name, (_, pixel_m) in grids.items() if pixel_m == 20} == {"swir1"}
