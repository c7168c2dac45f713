"""Which product a scene of a project file stands for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trimline.errors import ProjectError
from trimline.project import SceneEntry

PATTERN = "LT05_L1*_139036_20070731_*_02_T*"


def entry(path: Path | str, **more: Any) -> SceneEntry:
    return SceneEntry.model_validate({"id": "a", "path": path, **more})


def test_a_pattern_stands_for_the_one_product_that_fits(tmp_path: Path) -> None:
    product = tmp_path / "139036" / "LT05_L1GS_139036_20070731_20200830_02_T2"
    product.mkdir(parents=True)
    (tmp_path / "139036" / "LT05_L1TP_139036_20070816_20200830_02_T1").mkdir()
    assert entry(tmp_path / "139036" / PATTERN).product == product
    assert entry(tmp_path / "*" / PATTERN).product == product


def test_a_path_without_a_pattern_is_what_it_says(tmp_path: Path) -> None:
    assert entry(tmp_path / "absent[1]?.tif").product == tmp_path / "absent[1]?.tif"


def test_only_the_asterisk_stands_for_other_text(tmp_path: Path) -> None:
    (tmp_path / "a[1]x.tif").touch()
    (tmp_path / "a1x.tif").touch()
    assert entry(tmp_path / "a[1]*.tif").product.name == "a[1]x.tif"


def test_a_pattern_that_nothing_fits_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"scenes\.a\.path: nothing fits .*LT05_L1\*_139036") as caught:
        _ = entry(tmp_path / PATTERN).product
    assert len(str(caught.value).splitlines()) == 2


def test_a_pattern_that_several_fit_names_them(tmp_path: Path) -> None:
    for name in ("S2_20160802.tif", "S2_20160822.tif"):
        (tmp_path / name).touch()
    with pytest.raises(ProjectError, match=r"scenes\.a\.truth: 2 products fit .*S2_20160802\.tif, S2_20160822\.tif"):
        _ = entry("a.tif", truth=tmp_path / "S2_2016*.tif").truth_file


def test_the_name_of_a_landsat_product_says_where_when_and_by_what() -> None:
    known = entry(f"/archive/{PATTERN}")
    assert (known.tile, known.date, known.sensor) == ("139036", "2007-07-31", "landsat-5-tm")
    tar = entry("LC08_L1TP_137037_20180715_20200831_02_T1.tar")
    assert (tar.tile, tar.date, tar.sensor) == ("137037", "2018-07-15", "landsat-8-oli")
    assert entry("LM05_L1TP_137037_19870624_20200831_02_T1").sensor is None


def test_what_the_file_says_stands_above_the_name() -> None:
    assert entry(PATTERN, date="2007").date == "2007"


@pytest.mark.parametrize("name", ["2019.tif", "S2_20160820.tif", "notes_LT05_L1TP_139036_20070731.tif"])
def test_other_names_say_nothing(name: str) -> None:
    known = entry(name)
    assert (known.tile, known.date, known.sensor) == (None, None, None)


@pytest.mark.parametrize("tile", [139036, "139036", "45TVJ"])
def test_a_tile_is_a_path_row_or_an_mgrs_tile(tile: Any) -> None:
    assert entry("a.tif", tile=tile).tile == str(tile)


@pytest.mark.parametrize("change", [{"tile": 3599}, {"tile": "45IVJ0"}, {"cloud_cover": 101}, {"cloud_cover": -1}])
def test_what_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        entry("a.tif", **change)


def test_a_truth_by_pattern_keeps_its_layer(tmp_path: Path) -> None:
    (tmp_path / "rgi_11.gpkg").touch()
    entry = SceneEntry(id="a", path=tmp_path / "a.tif", truth=Path(f"{tmp_path}/rgi_*.gpkg|layer=glaciers"))
    assert entry.truth_file == Path(f"{tmp_path}/rgi_11.gpkg|layer=glaciers")
