"""Links in an output folder: nothing behind them is served, written or removed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.unit.review.test_pictures import WAIT_S, finished, pictures_of
from tests.unit.review.toy_review import reviewed, scene_of, write_stack

from trimline.errors import TrimlineError
from trimline.own_place import is_own
from trimline.review.opened.reviewed import ReviewedPeriod
from trimline.review.pictures.overlays import Overlays
from trimline.review.pictures.rasters import Rasters
from trimline.review.server.serving import only_server

COPY = "a" * 24


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    (folder / COPY).mkdir(parents=True)
    (folder / COPY / "red.tif").write_text("of somebody else")
    return folder


def listed(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_places_of_the_output_are_told_from_links(tmp_path: Path, elsewhere: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "link").symlink_to(elsewhere)
    (output / "circle").symlink_to("circle")
    (tmp_path / "all").symlink_to(output)
    assert is_own(output / "new/file", output)
    assert is_own(tmp_path / "all/new", tmp_path / "all"), "the whole folder may be a link"
    for path in (output / "link", output / "link/file", output / "circle/file", output / "../elsewhere", elsewhere):
        assert not is_own(path, output)


def test_copies_behind_a_link_are_neither_removed_nor_made_nor_served(tmp_path: Path, elsewhere: Path) -> None:
    review = reviewed(tmp_path, [scene_of(write_stack(tmp_path / "scene.tif", compress="zstd"))])
    with pictures_of(review) as (pictures, _, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        assert finished(pictures, "scene").state == "ready"
    copies = tmp_path / "review/pictures"
    shutil.copytree(copies, elsewhere, dirs_exist_ok=True)
    shutil.rmtree(copies)
    copies.symlink_to(elsewhere)
    before = listed(elsewhere)
    with pictures_of(review) as (pictures, rasters, _):
        assert pictures.all(WAIT_S)[0].state == "to be prepared"
        pictures.prepare("scene")
        failed = finished(pictures, "scene")
        assert failed.state == "failed"
        assert "link" in str(failed.why)
        assert not rasters
    assert listed(elsewhere) == before


def test_a_band_of_a_copy_that_is_a_link_is_not_served(tmp_path: Path, elsewhere: Path) -> None:
    review = reviewed(tmp_path, [scene_of(write_stack(tmp_path / "scene.tif", compress="zstd"))])
    with pictures_of(review) as (pictures, _, _):
        pictures.all(WAIT_S)
        pictures.prepare("scene")
        assert finished(pictures, "scene").state == "ready"
    (band,) = (tmp_path / "review/pictures").glob("*/red.tif")
    band.unlink()
    band.symlink_to(elsewhere / COPY / "red.tif")
    with pictures_of(review) as (pictures, rasters, _):
        assert pictures.all(WAIT_S)[0].state == "to be prepared"
        assert not rasters


def test_the_record_of_scenes_replaces_a_link(tmp_path: Path, elsewhere: Path) -> None:
    kept = elsewhere / "kept.json"
    kept.write_text("precious")
    (tmp_path / "review").mkdir()
    (tmp_path / "review/pictures.json").symlink_to(kept)
    with pictures_of(reviewed(tmp_path, [scene_of(write_stack(tmp_path / "scene.tif"))])) as (pictures, _, _):
        assert pictures.all(WAIT_S)[0].state == "ready"
    assert kept.read_text() == "precious"
    assert not (tmp_path / "review/pictures.json").is_symlink()


def test_a_folder_of_the_review_that_is_a_link_is_refused(tmp_path: Path, elsewhere: Path) -> None:
    output = tmp_path / "out"
    output.mkdir()
    (output / "review").symlink_to(elsewhere)
    before = listed(elsewhere)
    with pytest.raises(TrimlineError, match="through a link"), only_server(output):
        pass
    assert listed(elsewhere) == before


def test_rasters_behind_links_are_left_out(tmp_path: Path, elsewhere: Path) -> None:
    own = write_stack(tmp_path / "own.tif")
    link = tmp_path / "probability.tif"
    target = write_stack(elsewhere / "other.tif")
    link.symlink_to(target)
    review = reviewed(tmp_path)
    (first,) = review.periods
    period = ReviewedPeriod(
        first.name, first.first, first.last, first.automatic, first.pixel_m, probability=link, uncertain=own
    )
    rasters = Rasters()
    overlays = Overlays(reviewed(tmp_path, periods=[period]), rasters)
    assert [each.kind for each in overlays.all()] == ["uncertain"]
    assert list(rasters.values()) == [own]
    overlays.close()
