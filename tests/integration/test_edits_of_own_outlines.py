"""Corrections of outlines that a project gives: in areas, attributes and termini, and not without being asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import yaml

from trimline.outlines import append_edits, area_km2
from trimline.project import load_project
from trimline.study.corrected import corrected_project
from trimline.study.edit_states import states_of
from trimline.study.own_series import corrected_series, edited_identities, own_series
from trimline.study.study import run_study

UTM = 32646


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(5e5 + x, 3.8e6 + y, 5e5 + x + width, 3.8e6 + y + height)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project of two dates of two glaciers."""
    for year, height in ((1990, 3000), (2020, 2500)):
        frame = gpd.GeoDataFrame(
            {"id": ["A", "B"]}, geometry=[box(0, 0, 1000, height), box(5000, 0, 1000, height)], crs=UTM
        )
        frame.to_file(tmp_path / f"{year}.gpkg")
    content: dict[str, Any] = {
        "name": "own",
        "output": "out",
        "periods": [
            {"name": str(year), "first": year, "outlines": f"{year}.gpkg", "pixel_m": 30} for year in (1990, 2020)
        ],
        "change": {"id_column": "id"},
    }
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content))
    return path


def corrected(path: Path, *rows: tuple[str, str, str, shapely.Geometry | None]) -> None:
    """Append edits: operation, period, glacier and ground."""
    content = [
        {
            "operation": operation,
            "period": period,
            "glac_id": name,
            "author": "Ana",
            "time": f"2024-01-01T00:00:{i:02d}Z",
        }
        for i, (operation, period, name, _) in enumerate(rows)
    ]
    edits = gpd.GeoDataFrame(content, geometry=[row[-1] for row in rows], crs=UTM)
    append_edits(load_project(path).edits_file, edits)


def areas(path: Path) -> pd.DataFrame:
    run_study(load_project(path), until="change")
    table = pd.read_csv(path.parent / "out" / "change" / "areas.csv", dtype={"period": str})
    return table.pivot_table("area_km2", "glac_id", "period")


def test_areas_change_by_the_edited_ground_and_by_nothing_else(project: Path) -> None:
    before = areas(project)
    lake = box(0, 0, 500, 1000)
    corrected(
        project,
        ("remove", "2000/..", "A", lake),
        ("add", "1990", "C", box(8000, 0, 1000, 1000)),
        ("flag", "*", "B", None),
    )
    after = areas(project)
    ground = area_km2(gpd.GeoSeries([lake], crs=UTM))[0]
    assert before.loc["A", "2020"] - after.loc["A", "2020"] == pytest.approx(ground, rel=1e-6)
    assert after.loc["A", "1990"] == before.loc["A", "1990"]
    assert after.loc["B"].equals(before.loc["B"])
    assert after.loc["C", "1990"] == pytest.approx(1.0, rel=1e-2)
    edited = pd.read_csv(project.parent / "out" / "change" / "edits.csv", dtype={"period": str})
    assert edited.set_index("period")["edited"].to_dict() == {"1990": 1, "2020": 1}


def test_the_series_has_new_glaciers_with_the_time_of_their_period(project: Path) -> None:
    given, ids = own_series(load_project(project))
    assert corrected_series(load_project(project))[0].outlines.equals(given.outlines)
    corrected(project, ("add", "1990", "C", box(8000, 0, 1000, 1000)))
    series, same_ids = corrected_series(load_project(project))
    assert same_ids == ids
    assert set(series.outlines.columns) - set(given.outlines.columns) == {"edit_ids"}
    new = series.outlines.set_index("glac_id").loc["C"]
    assert (new["period"], new["src_year"]) == ("1990", 1990.5)


def test_steps_are_done_again_when_edits_are_made(project: Path) -> None:
    loaded = load_project(project)
    before = edited_identities(loaded)
    assert "edits" not in before
    corrected(project, ("flag", "1990", "A", None))
    once = edited_identities(loaded)
    corrected(project, ("flag", "1990", "B", None))
    assert before != once != edited_identities(loaded)


def test_the_list_has_the_outcome_in_every_period(project: Path) -> None:
    corrected(project, ("remove", "*", "A", box(0, 0, 500, 500)), ("flag", "2020", "gone", None))
    first, second = states_of(corrected_project(load_project(project)))
    assert first.text.startswith("applied in 2 of 2 periods")
    assert (second.state, second.text) == ("not applied", "there is no glacier gone")
