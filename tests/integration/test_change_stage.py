"""Periods become numbers: areas, change and rates beside what is true, on one page."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from trimline.errors import ChangeError
from trimline.files import sha256
from trimline.outlines import area_km2, read_outlines, write_outlines
from trimline.project import load_project
from trimline.study import change_stage as stage
from trimline.study import run_study
from trimline.study.series import series_of

PERIODS = {"1986-1988": "1988-08-20", "2001-2003": "2002-08-15", "2016-2018": "2018-08-23"}
PLACES = {"139036": ("west", [700_000, 3_800_000]), "138036": ("east", [710_000, 3_800_000])}

STUDY: dict[str, Any] = {
    "name": "range",
    "output": "out",
    "seed": 3,
    "areas": [{"name": area, "title": area.title(), "tiles": [name]} for name, (area, _) in PLACES.items()],
    "periods": [{"name": name, "first": int(name[:4]), "last": int(name[5:])} for name in PERIODS],
    "simulate": [
        {
            "name": name,
            "size": 128,
            "seed": 7,
            "epsg": 32646,
            "upper_left": corner,
            "rise_m_per_a": 8,
            "scenes": [
                {"date": date, "sensor": "landsat-5-tm" if date < "2010" else "landsat-8-oli", "snow": 0}
                for date in PERIODS.values()
            ],
        }
        for name, (_, corner) in PLACES.items()
    ],
    "scenes": [
        {
            "id": f"{name}_{date}",
            "path": f"${{output}}/simulated/{name}/*_L1TP_{name}_{date.replace('-', '')}_*",
            "tile": name,
            "date": date,
            "truth": f"${{output}}/simulated/{name}/outlines_{date.replace('-', '')}.gpkg",
            "period": period,
        }
        for name in PLACES
        for period, date in PERIODS.items()
    ],
    "samples": {"tile": 32},
    "methods": ["band_ratio"],
    "change": {"breaks": ["2001-2003"]},
}


def study_file(folder: Path, **changes: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY | changes))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study that is done up to its report."""
    folder = tmp_path_factory.mktemp("change")
    run_study(load_project(study_file(folder)))
    return folder


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"out/change/{name}.csv")


def test_areas_are_those_of_the_outlines_and_parts_add_up(folder: Path) -> None:
    totals = table(folder, "totals")
    for period in PERIODS:
        outlines = read_outlines(folder / f"out/timeline/{period}/outlines.gpkg")
        of_period = totals[totals["period"] == period]
        region = of_period[of_period["level"] == "region"].iloc[0]
        assert region["area_km2"] == pytest.approx(area_km2(outlines).sum(), rel=1e-4)
        assert region["area_inner_km2"] < region["area_km2"] < region["area_outer_km2"]
        for level in ("subregion", "size_class"):
            parts = of_period[of_period["level"] == level]
            assert parts["area_km2"].sum() == pytest.approx(region["area_km2"], rel=1e-4)
            assert parts["uncertainty_km2"].sum() == pytest.approx(region["uncertainty_km2"], rel=1e-4)


def test_the_truth_is_that_of_the_days_of_the_images(folder: Path) -> None:
    truth = table(folder, "truth").set_index(["level", "part", "period"])
    for period, date in PERIODS.items():
        whole = 0.0
        for name, (area, _) in PLACES.items():
            outlines = read_outlines(folder / f"out/simulated/{name}/outlines_{date.replace('-', '')}.gpkg")
            areas = area_km2(outlines)
            true = areas[areas >= 0.01].sum()
            assert truth.loc[("subregion", area, period), "true_km2"] == pytest.approx(true, rel=1e-4)
            whole += true
        assert truth.loc[("region", "region", period), "true_km2"] == pytest.approx(whole, rel=1e-4)
    changes = table(folder, "true_changes")
    assert (changes["true_change_km2"] < 0).all(), "the equilibrium line rises"
    inside = (changes["change_km2"] - changes["true_change_km2"]).abs() <= changes["change_error_km2"]
    assert (inside == changes["inside"]).all()


def test_change_is_told_of_all_periods_and_of_both_sides_of_the_break(folder: Path) -> None:
    changes = table(folder, "changes")
    region = changes[changes["level"] == "region"]
    first, middle, last = PERIODS
    assert list(zip(region["first"], region["last"], strict=True)) == [(first, last), (first, middle), (middle, last)]
    assert region["change_km2"].iloc[0] == pytest.approx(region["change_km2"].iloc[1:].sum(), rel=1e-4)
    assert region["years"].iloc[0] == pytest.approx(30.0, abs=0.1), "years between images, not between labels"
    assert set(table(folder, "rates")["method"]) == {"ols", "wls", "theil-sen"}
    assert set(table(folder, "rate_changes")["test"]) == {"ends", "slopes"}, "three areas are too few for Chow's"


def test_a_sky_without_clouds_is_known_to_have_none(folder: Path) -> None:
    assert (table(folder, "scenes")["cloud_percent"] == 0).any()


def test_the_page_tells_of_change_and_its_pictures_are_there(folder: Path) -> None:
    page = (folder / "out/report/index.html").read_text()
    for words in ("Areas by period", "Change and rates", "Compared with the truth", "Outlines of all periods", "West"):
        assert words in page
    for name in ("area_series", "outlines_of_periods"):
        assert (folder / f"out/report/{name}.png").stat().st_size > 10_000
        assert (folder / f"out/report/{name}.svg").read_text().startswith("<?xml")
    assert 'src="http' not in page, "the page needs nothing else"
    for name in ("areas", "changes", "scenes", "truth"):
        assert r"\toprule" in (folder / f"out/change/{name}.tex").read_text()


def test_a_second_run_does_nothing_and_a_killed_one_ends_with_the_same_bytes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sha256(folder / "out")
    project = load_project(folder / "study.yaml")
    assert run_study(project).done["change"].skipped
    assert sha256(folder / "out") == before
    for name in ("change", "report"):
        shutil.rmtree(folder / "out" / name)
        (folder / f"out/stages/{name}.json").unlink()
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(stage, "_result", lambda *given: (_ for _ in ()).throw(KeyboardInterrupt))
        run_study(project)
    assert not (folder / "out/change").exists(), "nothing half-written"
    run_study(project)
    assert sha256(folder / "out") == before


def test_published_areas_are_set_beside_ours(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "study")
    totals = table(folder, "totals")
    ours = totals[(totals["part"] == "west") & (totals["period"] == "2001-2003")]["area_km2"].iloc[0]
    published = tmp_path / "study/published.csv"
    published.write_text(f"region,year,area_km2,source\nwest,2002,{ours / 1.02},A\nnorth,2002,1,B\n")
    study = study_file(tmp_path / "study", change={"published": "published.csv"})
    run_study(load_project(study), until="change")
    compared = table(tmp_path / "study", "published")
    assert compared["relative_error_percent"].iloc[0] == pytest.approx(2.0, abs=0.01)
    assert np.isnan(compared["relative_error_percent"].iloc[1])
    assert "north" in str(compared["note"].iloc[1])


def test_outlines_that_were_changed_to_overlap_are_named(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "study")
    path = tmp_path / "study/out/timeline/1986-1988/outlines.gpkg"
    outlines = read_outlines(path)
    outlines.loc[1, "geometry"] = outlines.geometry[0].buffer(-40).buffer(5)
    write_outlines(outlines, path)
    (tmp_path / "study/out/stages/change.json").unlink()
    timeline = json.loads((tmp_path / "study/out/stages/timeline.json").read_text())["result"]["timeline"]
    project = load_project(study_file(tmp_path / "study"))
    with pytest.raises(ChangeError, match="overlap"):
        stage._measure(project, series_of(project, timeline), tmp_path)
