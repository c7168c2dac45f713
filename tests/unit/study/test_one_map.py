"""The folder of one map: known by its files, its outlines numbered, and numbered alike when mapped again."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from rasterio.transform import from_origin

from trimline.errors import StageError
from trimline.outlines import read_outlines, write_outlines
from trimline.outlines.edit_periods import holds_for
from trimline.study.one_map import OneMap, is_map_folder, one_map, read_scene_record, with_ids


def squares(*boxes: tuple[float, float, float, float]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.box(*each) for each in boxes], crs="EPSG:32646")


def write_map(folder: Path, outlines: gpd.GeoDataFrame, time: str | None = "2018-08-23T04:30:00+00:00") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        folder / "mask.tif", "w", driver="GTiff", height=4, width=4, count=1, dtype="uint8", crs="EPSG:32646",
        transform=from_origin(500_000, 4_000_000, 30, 30),
    ) as target:  # fmt: skip
        target.write(np.ones((1, 4, 4), np.uint8))
        if time is not None:
            target.update_tags(TRIMLINE_TIME=time)
    write_outlines(outlines, folder / "outlines.gpkg")
    return folder


def test_a_map_is_known_by_its_outlines_and_its_mask(tmp_path: Path) -> None:
    folder = write_map(tmp_path / "one", squares((0, 0, 10, 10)))
    assert is_map_folder(folder)
    assert not is_map_folder(tmp_path)
    found = one_map(folder / "outlines.gpkg")
    assert isinstance(found, OneMap)
    assert (found.folder, found.period, found.year) == (folder, "2018-08-23", 2018)


@pytest.mark.parametrize(
    ("time", "scene", "period", "year"),
    [
        ("2022", "scene", "2022", 2022),
        (None, "2022", "2022", 2022),
        (None, "2022-02", "2022-02", 2022),
        (None, "20220301", "2022-03-01", 2022),
        ("2018-08-23T04:30:00+00:00", "2022", "2018-08-23", 2018),
        (None, "LC08_2022", "undated", 0),
        (None, "2019-2021", "undated", 0),
        (None, "0042", "undated", 0),
    ],
)
def test_a_scene_is_dated_by_what_was_said_or_by_its_whole_name(
    tmp_path: Path, time: str | None, scene: str, period: str, year: int
) -> None:
    folder = write_map(tmp_path, squares((0, 0, 10, 10)), time)
    with rasterio.open(folder / "mask.tif", "r+") as target:
        target.update_tags(TRIMLINE_SCENE=scene)
    found = one_map(folder)
    assert (found.period, found.year) == (period, year)
    if year:
        assert holds_for(f"{year}/..", found.period, found.middle, edit_id="a")
        assert not holds_for(f"{year + 1}/..", found.period, found.middle, edit_id="a")


def test_a_map_without_a_date_has_a_period_all_the_same(tmp_path: Path) -> None:
    found = one_map(write_map(tmp_path, squares((0, 0, 10, 10)), None))
    assert (found.period, found.year) == ("undated", 0)


def test_a_folder_of_several_maps_is_refused_and_names_them(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_map(tmp_path / name, squares((0, 0, 10, 10)))
    with pytest.raises(StageError, match="2 scenes") as error:
        one_map(tmp_path)
    assert error.value.remedy is not None
    assert str(tmp_path / "b") in error.value.remedy


def test_outlines_are_numbered_in_their_order() -> None:
    assert with_ids(squares((0, 0, 10, 10), (20, 0, 25, 5)))["glac_id"].tolist() == ["0001", "0002"]


def test_an_outline_keeps_its_id_when_the_scene_is_mapped_again() -> None:
    earlier = with_ids(squares((0, 0, 10, 10), (20, 0, 28, 8), (40, 0, 45, 5)))
    again = with_ids(squares((20, 0, 29, 9), (1, 1, 9, 9), (60, 0, 62, 2), (80, 0, 81, 1)), earlier)
    assert again["glac_id"].tolist() == ["0002", "0001", "0004", "0005"]


def test_of_two_outlines_on_the_ground_of_one_the_larger_part_keeps_the_id() -> None:
    earlier = with_ids(squares((0, 0, 10, 10)))
    assert with_ids(squares((0, 0, 3, 10), (3, 0, 10, 10)), earlier)["glac_id"].tolist() == ["0002", "0001"]


def test_the_numbered_outlines_follow_the_map(tmp_path: Path) -> None:
    folder = write_map(tmp_path, squares((0, 0, 10, 10), (20, 0, 25, 5)))
    path = one_map(folder).automatic()
    written = path.stat().st_mtime_ns
    assert one_map(folder).automatic() == path
    assert path.stat().st_mtime_ns == written, "nothing has changed"
    write_map(folder, squares((20, 0, 26, 6), (0, 0, 4, 4)))
    found = read_outlines(one_map(folder).automatic())
    assert found["glac_id"].tolist() == ["0002", "0001"]
    assert set(found["period"]) == {"2018-08-23"}


def test_a_map_of_an_earlier_version_names_no_product(tmp_path: Path) -> None:
    assert read_scene_record(tmp_path) is None
    (tmp_path / "scene.json").write_text("[]")
    with pytest.raises(StageError, match="damaged"):
        read_scene_record(tmp_path)
