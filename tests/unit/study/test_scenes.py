"""Which scenes a name stands for, and what is opened to find out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml

from trimline.errors import ProjectError
from trimline.project import Project, load_project
from trimline.study.scenes import has_truth, open_entry, select, trained_scenes, truth_of

ABSENT = [
    {"id": "a", "path": "139036/LT05_L1*_139036_19880820_*_02_T*", "period": "1986-1988", "area": "west"},
    {"id": "b", "path": "139036/LC08_L1*_139036_20180823_*_02_T*", "area": "west", "truth": "b_*.gpkg"},
    {"id": "c", "path": "133035/LC08_L1*_133035_20180829_*_02_T*", "area": "east", "truth": "c.gpkg"},
]


def study(folder: Path, scenes: list[dict[str, Any]], **more: Any) -> Project:
    path = folder / "project.yaml"
    periods = [{"name": "1986-1988", "first": 1986, "last": 1988}]
    content = {"name": "small", "output": "out", "scenes": scenes, "periods": periods, **more}
    path.write_text(yaml.safe_dump(content))
    return load_project(path)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("a", "a"),
        ("west", "ab"),
        ("1986-1988", "a"),
        ("139036", "ab"),
        ("2018", "bc"),
        ("2018-08-29", "c"),
        ("landsat-8-oli", "bc"),
    ],
)
def test_a_name_stands_for_scenes_whose_products_are_not_there_yet(tmp_path: Path, name: str, ids: str) -> None:
    found = select(study(tmp_path, ABSENT), [name], "evaluate.scenes")
    assert "".join(entry.id for entry in found) == ids


def test_a_name_that_stands_for_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"'1999' is no scene, date, area, period, sensor or path/row"):
        select(study(tmp_path, ABSENT), ["1999"], "evaluate.scenes")


def test_scenes_without_truth_are_not_trained_on_even_where_their_area_is(tmp_path: Path) -> None:
    split = {"by": "scenes", "train": ["west"]}
    project = study(tmp_path, ABSENT, split=split, evaluate={"scenes": ["east"]})
    assert [entry.id for entry in trained_scenes(project)] == ["b"]
    assert [has_truth(project, entry) for entry in project.scenes] == [False, True, True]


def test_a_pattern_is_looked_for_when_the_scene_is_opened(tmp_path: Path) -> None:
    project = study(tmp_path, [{"id": "a", "path": "S2_2016*.tif", "truth": "outlines_2016*.gpkg", "date": "2016"}])
    with pytest.raises(ProjectError, match="nothing fits"):
        open_entry(project.scenes[0])
    with rasterio.open(
        tmp_path / "S2_20160820.tif",
        "w",
        driver="GTiff",
        width=4,
        height=4,
        count=1,
        dtype="uint16",
        crs="EPSG:32645",
        transform=rasterio.transform.from_origin(300_000, 4_800_000, 10, 10),
    ) as target:
        target.write(np.ones((1, 4, 4), np.uint16))
        target.set_band_description(1, "red")
    assert open_entry(project.scenes[0]).date == "2016"
    (tmp_path / "outlines_20160820.gpkg").touch()
    assert truth_of(project, project.scenes[0]) == tmp_path / "outlines_20160820.gpkg"
