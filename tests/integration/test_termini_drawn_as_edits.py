"""Terminus lines among the edits of a project: measured in place of the outlines' ends, and no longer when reverted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml

from trimline.outlines import append_edits
from trimline.project import load_project
from trimline.study import run_study

CRS = "EPSG:32645"
YEARS = (1990, 2005, 2020)
LENGTHS_M = {1990: 2000.0, 2005: 1900.0, 2020: 1800.0}
DRAWN_M, HALF_WIDTH_M = 120.0, 150.0
"""How far up-glacier of the outline's end a line is drawn, and half the width of a tongue."""


def tongue(x: float, length_m: float) -> shapely.Geometry:
    """Return a glacier that falls to the south from 4 200 000 m north, with a round end."""
    end = shapely.Point(x, 4_200_000 - length_m + HALF_WIDTH_M)
    shaft = shapely.box(x - HALF_WIDTH_M, end.y, x + HALF_WIDTH_M, 4_200_000)
    return shaft.union(end.buffer(HALF_WIDTH_M, quad_segs=32))


def front(x: float, length_m: float) -> shapely.LineString:
    angles = np.radians(np.linspace(180, 360, 65))
    around = np.column_stack([np.cos(angles), np.sin(angles)])
    return shapely.LineString(np.array([x, 4_200_000 - length_m + HALF_WIDTH_M]) + HALF_WIDTH_M * around)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("valley")
    for year in YEARS:
        shapes = [tongue(500_000, LENGTHS_M[year]), tongue(501_000, LENGTHS_M[year])]
        columns = {"glac_id": ["a", "b"], "src_date": [f"{year}-08-20"] * 2}
        gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS).to_file(folder / f"outlines_{year}.gpkg")
    periods = [{"name": str(y), "first": y, "outlines": f"outlines_{y}.gpkg", "pixel_m": 10} for y in YEARS]
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({"name": "valley", "output": "out", "periods": periods}))
    return path


def draw(project: Path, operation: str, shape: shapely.Geometry | None, **changes: Any) -> str:
    row = {"operation": operation, "period": "2020", "glac_id": "a", "author": "Ana", "reason": "calving front"}
    row |= {"time": "2024-05-31T14:00:00Z", "reverts": None} | changes
    edits = gpd.GeoDataFrame([row], geometry=[shape], crs=CRS)
    return str(append_edits(load_project(project).edits_file, edits)["edit_id"].iloc[0])


def measured(project: Path) -> tuple[bool, pd.DataFrame, pd.DataFrame]:
    """Return whether nothing was to do, the changes from the first year to the last, and the series."""
    study = run_study(load_project(project), until="terminus")
    folder = project.parent / "out" / "terminus"
    table = pd.read_csv(folder / "terminus.csv", dtype={"first": str, "last": str})
    whole = table[(table["first"] == "1990") & (table["last"] == "2020")].set_index(["glac_id", "method"])
    return study.done["terminus"].skipped, whole, pd.read_csv(folder / "series.csv").set_index("glac_id")


def test_a_drawn_front_gives_as_much_more_retreat_until_it_is_reverted(project: Path) -> None:
    _, outlined, _ = measured(project)
    assert set(outlined["terminus"]) == {"outline"}
    wrong = draw(project, "terminus", front(500_000, 1500.0))
    drawn_id = draw(project, "terminus", front(500_000, 1800.0 - DRAWN_M), time="2024-06-01")
    skipped, drawn, series = measured(project)
    assert not skipped, "edits are an input of the step"
    more = drawn["retreat_m"] - outlined["retreat_m"]
    methods = drawn.loc["a"].index
    assert len(methods) >= 1
    assert more.loc["a"].to_numpy() == pytest.approx(np.full(len(methods), DRAWN_M), abs=6)
    assert more.loc["b"].to_numpy() == pytest.approx(np.zeros(len(methods)), abs=1e-6)
    assert set(drawn.loc["a", "terminus"]) == {"outline to drawn"}
    assert set(drawn.loc["b", "terminus"]) == {"outline"}
    assert series.loc["a", "terminus"].tolist() == ["outline", "outline", "drawn"]
    assert series.loc["a", "retreat_m"].to_numpy() == pytest.approx([0, 100, 200 + DRAWN_M], abs=6)

    assert measured(project)[0], "nothing is done again where nothing was drawn"
    draw(project, "revert", None, reverts=drawn_id, time="2024-06-03")
    _, earlier, _ = measured(project)
    assert (earlier["retreat_m"] - outlined["retreat_m"]).loc["a"].to_numpy() == pytest.approx(300, abs=6)
    draw(project, "revert", None, reverts=wrong, time="2024-06-04")
    _, again, _ = measured(project)
    assert again["retreat_m"].to_dict() == outlined["retreat_m"].to_dict()
    assert set(again["terminus"]) == {"outline"}
