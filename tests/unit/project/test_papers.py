"""The papers as project files, and their simulated twins."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trimline.project import Project, load_project

PROJECTS = Path(__file__).parents[3] / "projects"

PATH_ROWS = [
    *("132037", "133035", "133036", "134037", "135037", "135038", "136037", "137036", "137037"),
    *("138035", "138037", "139035", "139036"),
]
"""In the order of the columns of table IV."""

IMAGES = {
    "1986-1988": (1, 1, 1, 1, 2, 2, 2, 2, 3, 1, 2, 1, 1),
    "1989-1991": (1, 1, 2, 2, 1, 2, 2, 1, 2, 1, 1, 2, 1),
    "1992-1994": (1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1),
    "1995-1997": (2, 1, 1, 1, 2, 3, 2, 1, 2, 1, 1, 2, 1),
    "1998-2000": (1, 1, 3, 1, 2, 1, 1, 1, 1, 1, 2, 3, 3),
    "2001-2003": (1, 2, 3, 2, 2, 2, 2, 1, 3, 1, 3, 1, 2),
    "2004-2006": (1, 1, 2, 1, 1, 2, 3, 1, 3, 1, 2, 2, 2),
    "2007-2009": (1, 2, 1, 1, 1, 1, 1, 1, 2, 1, 1, 1, 2),
    "2010-2012": (1, 1, 1, 1, 1, 2, 2, 1, 2, 1, 2, 1, 2),
    "2013-2015": (1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 1, 1),
    "2016-2018": (1, 1, 2, 1, 1, 2, 2, 1, 2, 1, 2, 1, 1),
    "2019-2021": (1, 1, 1, 1, 2, 3, 1, 1, 2, 1, 1, 1, 1),
}
"""Images per period and path/row in table IV of Chen and others (2022), counted in the table."""

TABLE_I = [
    *("132037_20070714", "133035_20070923", "133036_20090811", "134037_20070930", "135037_20070921"),
    *("135038_20070820", "136037_20100429", "137036_20070919", "137037_20070919", "138035_20090830"),
    *("138035_20100902", "138037_20070505", "139035_20060914", "139035_20070731", "139036_20070731"),
]

CYCLE_DAYS = 16
"""After so many days Landsat 5 and Landsat 8, each, pass the same path again; the two are in step."""

NO_PASS = {
    "LT05_132037_19910830": date(1991, 8, 3),
    "LT05_134037_19860615": date(1986, 6, 16),
    "LT05_134037_20110919": date(2011, 9, 9),
}
"""Printed dates on which Landsat 5 did not pass, and those of a like spelling on which it did."""


@pytest.fixture(scope="module")
def three_rivers() -> Project:
    return load_project(PROJECTS / "three-rivers.yaml")


@pytest.mark.parametrize("path", sorted(PROJECTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_project_file_loads_and_is_named_after_itself(path: Path) -> None:
    assert load_project(path).name == path.stem


def test_every_image_of_table_iv_is_there(three_rivers: Project) -> None:
    assert [period.name for period in three_rivers.periods] == list(IMAGES)
    counted = Counter((entry.period, entry.tile) for entry in three_rivers.scenes)
    for period, row in IMAGES.items():
        assert tuple(counted[period, tile] for tile in PATH_ROWS) == row, period
    assert sum(sum(row) for row in IMAGES.values()) == 225


def test_the_labelled_images_are_those_of_table_i(three_rivers: Project) -> None:
    labelled = sorted(f"{entry.tile}_{_day(entry.date):%Y%m%d}" for entry in three_rivers.scenes if entry.truth)
    assert labelled == sorted(TABLE_I)
    assert [entry.id for entry in three_rivers.scenes if entry.period is None] == [
        "LT05_137036_20070919",
        "LT05_134037_20070930",
        "LT05_136037_20100429",
    ]


def test_some_dates_of_the_tables_with_their_clouds(three_rivers: Project) -> None:
    clouds = {entry.id: entry.cloud_cover for entry in three_rivers.scenes}
    printed = {
        "LT05_139036_19881014": 3.0,
        "LT05_137036_19880813": 52.0,
        "LT05_135038_19970909": 28.0,
        "LT05_139035_19990826": 42.0,
        "LT05_136037_20020829": 57.0,
        "LT05_136037_20100429": 32.0,
        "LC08_138037_20151002": 0.23,
        "LC08_135038_20200823": 69.13,
    }
    assert {key: clouds[key] for key in printed} == printed


def test_what_stands_twice_in_a_line_agrees(three_rivers: Project) -> None:
    for entry in three_rivers.scenes:
        sensor = "LT05" if entry.sensor == "landsat-5-tm" else "LC08"
        assert entry.id == f"{sensor}_{entry.tile}_{_day(entry.date):%Y%m%d}"
        assert entry.path.parent.name == entry.tile
        assert (entry.sensor == "landsat-8-oli") == (_day(entry.date).year >= 2013)
        if entry.truth is not None:
            assert entry.truth == entry.path.parent / f"outlines_{_day(entry.date):%Y%m%d}.gpkg"


def test_landsat_passes_every_sixteen_days_but_for_three_slips_of_the_paper(three_rivers: Project) -> None:
    def phase(day: date) -> int:
        return day.toordinal() % CYCLE_DAYS

    by_path: dict[str, Counter[int]] = {}
    for entry in three_rivers.scenes:
        by_path.setdefault(str(entry.tile)[:3], Counter())[phase(_day(entry.date))] += 1
    usual = {path: phases.most_common(1)[0][0] for path, phases in by_path.items()}
    off = [e.id for e in three_rivers.scenes if phase(_day(e.date)) != usual[str(e.tile)[:3]]]
    assert sorted(off) == sorted(NO_PASS)
    assert all(phase(day) == usual[key[5:8]] for key, day in NO_PASS.items())
    # The next path to the west is passed seven days later: what stands in another column's place would show.
    assert all((usual[str(p + 1)] - usual[str(p)]) % CYCLE_DAYS == 7 for p in range(132, 139))


def test_one_image_lies_outside_the_years_of_its_period(three_rivers: Project) -> None:
    periods = {period.name: period for period in three_rivers.periods}
    outside = [e.id for e in three_rivers.scenes if e.period and e.date and not periods[e.period].holds(e.date)]
    assert outside == ["LT05_138037_19940922"]


def test_every_place_and_period_has_one_reference_image(three_rivers: Project) -> None:
    references = Counter((e.period, e.tile) for e in three_rivers.scenes if e.reference)
    assert set(references) == {(period, tile) for period in IMAGES for tile in PATH_ROWS}
    assert set(references.values()) == {1}


def test_areas_and_protocols_are_the_papers(three_rivers: Project) -> None:
    assert {area.name: sorted(area.tiles) for area in three_rivers.areas} == {
        "training": ["137036", "137037", "138037", "139036"],
        "area-1": ["138035", "139035"],
        "area-2": ["132037", "133035", "133036"],
        "area-3": ["134037", "135037", "135038", "136037"],
    }
    random, elsewhere = three_rivers.experiments
    assert (random.split.by, three_rivers.split.by, elsewhere.split.by) == ("paper", "blocks", "scenes")
    assert elsewhere.split.train == ("training",)
    assert elsewhere.evaluate.scenes == ("area-1", "area-2", "area-3")
    assert three_rivers.thresholds == tuple(round(1.5 + 0.2 * step, 1) for step in range(12))
    *papers, own = three_rivers.methods
    assert {method.recipe.base for method in papers} == {"paper"}
    assert len(papers) == 8
    assert (own.network, own.recipe.units) == ("m_landsnet", "reflectance"), "TM and OLI in one unit"
    assert three_rivers.mapping_method == own


def test_yilian_habirga_pairs_the_sensors_year_by_year() -> None:
    project = load_project(PROJECTS / "yilian-habirga.yaml")
    years = [str(year) for year in range(2016, 2023)]
    for sensor in ("sentinel-2-msi", "landsat-8-oli"):
        assert [entry.period for entry in project.scenes if entry.sensor == sensor] == years
        assert (sensor,) in {experiment.scenes for experiment in project.experiments}
    products = [entry for entry in project.scenes if entry.sensor == "sentinel-2-msi"]
    assert all("_MSIL1C_" in entry.path.name for entry in products)
    assert {(entry.scale, entry.offset, entry.nodata) for entry in products} == {(None, None, None)}, "they say it"


@pytest.mark.parametrize("name", ["three-rivers", "yilian-habirga"])
def test_a_study_and_its_twin_differ_only_in_where_the_pixels_come_from(name: str) -> None:
    real, twin = (load_project(PROJECTS / f"{each}.yaml") for each in (name, f"{name}-sim"))
    assert twin.archive == twin.output / "simulated"
    assert _all_but_the_source(real) == _all_but_the_source(twin)
    assert not real.simulate


def test_every_scene_of_a_twin_is_simulated_once() -> None:
    twin = load_project(PROJECTS / "three-rivers-sim.yaml")
    simulated = Counter(
        (each.name, each.wrs2, look.date.isoformat(), look.sensor, look.cloud_fraction)
        for each in twin.simulate
        for look in each.scenes
    )
    wanted = Counter(
        (e.tile, e.tile, e.date, e.sensor, None if e.cloud_cover is None else e.cloud_cover / 100) for e in twin.scenes
    )
    assert simulated == wanted
    assert len({each.seed for each in twin.simulate}) == len(PATH_ROWS)


def test_every_scene_of_the_other_twin_is_simulated_too() -> None:
    twin = load_project(PROJECTS / "yilian-habirga-sim.yaml")
    looks = Counter((look.sensor, f"{look.date:%Y}") for each in twin.simulate for look in each.scenes)
    assert looks == Counter((entry.sensor, entry.date) for entry in twin.scenes)
    msi = [look for each in twin.simulate for look in each.scenes if look.sensor == "sentinel-2-msi"]
    assert {look.format for look in msi} == {"safe", "zip"}
    assert {look.baseline for look in msi} == {None, "05.00"}


def _day(text: str | None) -> date:
    assert text is not None
    return date.fromisoformat(text)


def _all_but_the_source(project: Project) -> dict[str, Any]:
    content = project.model_dump(mode="json", exclude={"name", "title", "output", "archive", "simulate"})
    rewritten: dict[str, Any] = json.loads(json.dumps(content).replace(f"{project.archive}/", "${archive}/"))
    return rewritten
