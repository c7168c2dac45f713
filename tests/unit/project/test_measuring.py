"""Periods in order, and how their outlines are to be made: what may be said of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from trimline.errors import ProjectError
from trimline.project import load_project

Write = Callable[..., Path]

PERIODS = [{"name": "early", "first": 1986, "last": 1988}, {"name": "late", "first": 2019, "last": 2021}]


def test_what_is_not_said_of_the_timeline_follows_the_maps(write: Write) -> None:
    project = load_project(write(periods=PERIODS))
    assert project.timeline.rule == "reference"
    assert project.timeline.melt_season is None
    assert project.timeline.minimum_area_km2 is None, "as in map"
    assert (project.crs, project.resolution_m, project.region) == (None, None, None)


def test_paths_of_region_and_areas_start_at_the_file_that_names_them(write: Write, tmp_path: Path) -> None:
    areas = [{"name": "west", "outline": "west.gpkg"}]
    project = load_project(write("below/project.yaml", periods=PERIODS, region="all.gpkg", areas=areas))
    assert project.region == tmp_path / "below/all.gpkg"
    assert project.areas[0].outline == tmp_path / "below/west.gpkg"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"periods": PERIODS[::-1]}, "period 'early' stands after 'late', which is later: sort them"),
        (
            {"periods": [PERIODS[0], {"name": "more", "first": 1988, "last": 1990}]},
            "periods 'early' and 'more' both hold 1988",
        ),
        ({"timeline": {"rule": "median"}}, "timeline.rule"),
        ({"timeline": {"melt_season": ["06-31", "09-30"]}}, "'06-31' is no day of the year"),
        ({"timeline": {"melt_season": ["June", "09-30"]}}, "write month and day"),
        ({"timeline": {"smothing": 3}}, "did you mean 'smoothing'"),
        ({"crs": "EPSG:4326"}, "'EPSG:4326' is not projected in metres"),
        ({"crs": "EPSG:3857"}, "stretches lengths up to 6.8 times"),
        ({"crs": "EPSG:3395"}, "stretches lengths up to 6.1 times"),
        ({"crs": "EPSG:900913"}, "stretches lengths"),
        ({"crs": "EPSG:4087"}, "stretches lengths"),
        ({"crs": "ESRI:54008"}, "stretches lengths"),
        ({"crs": "UTM 46"}, "no CRS that is known"),
        ({"periods": [], "crs": "EPSG:32646"}, "crs says how periods are measured, and there are none"),
        ({"periods": [], "timeline": {"rule": "vote"}}, "give periods"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(write: Write, given: dict[str, Any], message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        load_project(write(**{"periods": PERIODS, **given}))
