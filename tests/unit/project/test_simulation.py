"""Which looks a simulated range gets from the scenes of its project."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trimline.errors import ProjectError
from trimline.project import load_project

Write = Callable[..., Path]

FOLDER = "${output}/simulated/139036"
SCENES = [
    {"id": "a", "path": f"{FOLDER}/LT05_L1*_139036_19880820_*_02_T*", "cloud_cover": 12.5},
    {"id": "b", "path": f"{FOLDER}/S2_20180823.tif", "date": "2018-08-23", "sensor": "sentinel-2-msi"},
    {"id": "c", "path": "elsewhere/LT05_L1*_139036_19880804_*_02_T*"},
]


def test_a_range_without_scenes_is_seen_by_those_of_its_folder(write: Write) -> None:
    project = load_project(write(scenes=SCENES, simulate=[{"name": 139036}]))
    looks = project.simulate[0].scenes
    assert [(look.date, look.sensor, look.cloud_fraction) for look in looks] == [
        (date(1988, 8, 20), "landsat-5-tm", 0.125),
        (date(2018, 8, 23), "sentinel-2-msi", None),
    ]


def test_a_range_named_after_a_path_row_is_there(write: Write) -> None:
    ranges: list[dict[str, Any]] = [{"name": 139036}, {"name": "here", "scenes": [{"date": "1988-08-20"}]}]
    ranges.append({"name": 133035, "wrs2": 133036, "scenes": [{"date": "1988-08-20"}]})
    project = load_project(write(scenes=SCENES, simulate=ranges))
    assert [each.wrs2 for each in project.simulate] == ["139036", "139036", "133036"]


def test_a_range_keeps_the_scenes_it_names(write: Write) -> None:
    given = [{"date": "1990-09-01"}]
    project = load_project(write(scenes=SCENES, simulate=[{"name": 139036, "scenes": given}]))
    assert [look.date for look in project.simulate[0].scenes] == [date(1990, 9, 1)]


def test_a_range_that_nobody_looks_at_is_an_error(write: Write) -> None:
    with pytest.raises(ProjectError, match="133035: it has no scenes, and no scene of the project lies in"):
        load_project(write(scenes=SCENES, simulate=[{"name": 133035}]))


@pytest.mark.parametrize(
    "known",
    [
        {"date": "2018", "sensor": "sentinel-2-msi"},
        {"date": "2018-08-23"},
        {"sensor": "sentinel-2-msi"},
        {"date": "2018-02-31", "sensor": "sentinel-2-msi"},
    ],
)
def test_a_scene_is_simulated_on_a_day_by_a_sensor(write: Write, known: dict[str, str]) -> None:
    scenes = [{"id": "a", "path": f"{FOLDER}/S2_2018*.tif", **known}]
    with pytest.raises(ProjectError, match=r"must say its day and sensor|day is out of range"):
        load_project(write(scenes=scenes, simulate=[{"name": 139036}]))


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"sensor": "landsat-8-oli", "format": "safe"}, "landsat-8-oli has no SAFE products"),
        ({"sensor": "sentinel-2-msi", "baseline": "04.00"}, "add format: safe"),
        ({"sensor": "sentinel-2-msi", "level": "L2A"}, "add format: safe"),
        ({"sensor": "sentinel-2-msi", "format": "safe", "baseline": "4"}, "baseline"),
        ({"sensor": "sentinel-2-msi", "format": "zip", "level": "2A"}, "level"),
    ],
)
def test_only_safe_products_have_a_level_and_a_baseline(write: Write, look: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        load_project(write(scenes=SCENES, simulate=[{"name": "here", "scenes": [{"date": "2018-08-23", **look}]}]))
