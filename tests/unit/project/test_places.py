"""Areas, periods and experiments: what is known of a scene's place, and what may be named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimline.errors import ProjectError
from trimline.project import load_project

Write = Callable[..., Path]

AREAS = [{"name": "west", "tiles": [139036, 139035]}, {"name": "east", "title": "The east"}]
PERIODS = [{"name": "1986-1988", "first": 1986, "last": 1988}, {"name": 2016, "first": 2016, "last": 2016}]
SCENES = [
    {"id": "a", "path": "LT05_L1TP_139036_19880820_20200917_02_T1", "period": "1986-1988"},
    {"id": "b", "path": "b.tif", "area": "east", "date": "2016-08", "period": 2016, "sensor": "sentinel-2-msi"},
]


def study(write: Write, **more: Any) -> Path:
    return write(**{"areas": AREAS, "periods": PERIODS, "scenes": SCENES, "methods": ["unet", "band_ratio"], **more})


def test_a_scene_belongs_to_the_area_that_lists_its_tile(write: Write) -> None:
    project = load_project(study(write))
    assert [entry.area for entry in project.scenes] == ["west", "east"]
    assert [entry.period for entry in project.scenes] == ["1986-1988", "2016"]


def test_without_areas_a_scene_may_call_its_own_what_it_likes(write: Write) -> None:
    assert load_project(write(scenes=[{"id": "a", "path": "a.tif", "area": "north"}])).scenes[0].area == "north"


def test_a_scene_of_another_year_serves_its_period_with_a_warning(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        load_project(study(write))
        assert not caplog.records
        load_project(study(write), ["scenes.a.date=1994-09-22"])
    assert [record.getMessage() for record in caplog.records] == [
        "scene a of 1994-09-22 is used for the period 1986-1988, which goes from 1986 to 1988",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"areas": [*AREAS, {"name": "east"}]}, "area 'east' stands twice"),
        ({"areas": [*AREAS, {"name": "north", "tiles": [139035]}]}, "tile '139035' stands twice"),
        ({"periods": [PERIODS[0], *PERIODS]}, "period '1986-1988' stands twice"),
        ({"periods": [*PERIODS, {"name": "x", "first": 2001, "last": 1999}]}, "ends in 1999, before it begins"),
        (
            {"periods": [{"name": "1986-1989", "first": 1986, "last": 1988}]},
            "a: '1986-1988' is none of the periods; did",
        ),
        ({"areas": [AREAS[0], {"name": "easter"}]}, "b: 'east' is none of the areas; did you mean 'easter'"),
        ({"periods": []}, "none of the periods"),
        (
            {"scenes": [{**SCENES[0], "reference": True}, {**SCENES[0], "id": "c", "reference": True}]},
            "both the reference",
        ),
        ({"scenes": [{"id": "a", "path": "a.tif", "reference": True}]}, "reference of no period"),
        ({"thresholds": [1.5, 1.5]}, "rising order"),
        ({"thresholds": [0.0]}, "thresholds"),
    ],
)
def test_areas_and_periods_are_known_by_name(write: Write, change: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError, match=message) as caught:
        load_project(study(write, **change))
    assert len(str(caught.value).splitlines()) <= 2


def experiment(**more: Any) -> dict[str, Any]:
    return {"experiments": [{"name": "one", **more}]}


def test_an_experiment_splits_and_judges_in_its_own_way(write: Write) -> None:
    groups = {"far": ["east"], "late": ["2016", "b"]}
    given = experiment(split={"by": "scenes", "train": ["west"]}, evaluate={"groups": groups}, methods=["unet"])
    (one,) = load_project(study(write, **given)).experiments
    assert one.split.train == ("west",)
    assert one.evaluate.scenes == ("east", "2016", "b")
    assert dict(one.evaluate.groups) == {"far": ("east",), "late": ("2016", "b")}
    assert one.methods == ("unet",)
    assert one.samples is None
    own = experiment(scenes=["sentinel-2-msi"], samples={"tile": 80})
    assert load_project(study(write, **own)).experiments[0].samples is not None
    assert load_project(study(write, **experiment(split="paper"))).experiments[0].methods is None


@pytest.mark.parametrize("name", ["a", "west", "1986-1988", "2016-08", "1988", "139036", "sentinel-2-msi", "45TVJ"])
def test_an_experiment_names_scenes_by_anything_that_may_stand_for_them(write: Write, name: str) -> None:
    assert load_project(study(write, **experiment(evaluate={"scenes": [name]}))).experiments[0].evaluate.scenes == (
        name,
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"methods": ["unett"]}, "'unett' is none of the methods; did you mean 'unet'"),
        ({"split": {"by": "scenes", "train": ["wst"]}, "evaluate": {"scenes": ["b"]}}, "'wst' is no .* mean 'west'"),
        ({"evaluate": {"groups": {"far": ["eats"]}}}, "'eats' is no .* mean 'east'"),
        ({"scenes": ["landsat-5"]}, "'landsat-5' is no .* mean 'landsat-5-tm'"),
        ({"evaluate": {"scenes": ["1999"]}}, "'1999' is no scene"),
        ({"split": "scenes"}, "must say what is evaluated"),
        ({"split": "halves"}, "split"),
        ({"name": "../one"}, "name"),
    ],
)
def test_an_experiment_that_names_what_there_is_not_is_refused(
    write: Write, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ProjectError, match=message):
        load_project(study(write, **experiment(**given)))


def test_the_groups_of_the_study_itself_are_looked_up_too(write: Write) -> None:
    with pytest.raises(ProjectError, match="evaluate: 'nrth' is no scene"):
        load_project(study(write, evaluate={"groups": {"far": ["nrth"]}}))
    with pytest.raises(ProjectError, match="experiment 'one' stands twice"):
        load_project(study(write, experiments=[{"name": "one"}, {"name": "one"}]))
