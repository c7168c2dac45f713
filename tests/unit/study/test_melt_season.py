"""The melt season of a study is that of its place, and is said."""

from __future__ import annotations

import logging
from pathlib import Path

import geopandas as gpd
import pytest
from odc.geo.geobox import GeoBox

from trimline.project import Project
from trimline.project.measuring import TimelineSettings
from trimline.study.timeline_stage import _melt_season
from trimline.timeline.place import Place


def place(crs: str, north: float) -> Place:
    geobox = GeoBox.from_bbox((500_000, north - 9000, 509_000, north), crs, resolution=30)
    return Place(geobox, (), gpd.GeoDataFrame(geometry=[], crs=crs))


@pytest.mark.parametrize(
    ("crs", "north", "season", "said"),
    [
        ("EPSG:32646", 3_800_000, ("06-15", "09-30"), "taken as 06-15 to 09-30, at 34.3 degrees north"),
        ("EPSG:32719", 3_930_000, ("12-15", "03-31"), "taken as 12-15 to 03-31, at 54.8 degrees south"),
        ("EPSG:32718", 8_990_000, ("01-01", "12-31"), "taken as 01-01 to 12-31, at 9.2 degrees south"),
    ],
)
def test_it_follows_the_place(
    crs: str, north: float, season: tuple[str, str], said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="trimline"):
        assert _melt_season(Project(name="p", output=Path("o"), scenes=SCENES), place(crs, north)) == season
    assert said in caplog.text


def test_that_of_the_project_goes_before(caplog: pytest.LogCaptureFixture) -> None:
    timeline = TimelineSettings(melt_season=("12-01", "02-28"))
    project = Project(
        name="p", output=Path("o"), scenes=SCENES, periods=[{"name": "1990", "first": 1990}], timeline=timeline
    )
    assert _melt_season(project, place("EPSG:32646", 3_800_000)) == ("12-01", "02-28")
    assert not caplog.messages


SCENES = [{"id": "a", "path": "a.tif"}]
