"""Scenes become periods: two ranges in two UTM zones, a cloudy reference image, and a run that is killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
import yaml

from trimline.errors import OutlineError, ProjectError
from trimline.files import sha256
from trimline.outlines import area_km2, read_outlines, write_outlines
from trimline.project import load_project
from trimline.study import run_study
from trimline.study import timeline_stage as stage

LOOKS = [("1988-08-20", 0.4), ("1987-07-20", 0.0), ("2018-08-23", 0.0)]
ZONES = {"139036": ("west", 32646, [700_000, 3_800_000]), "137036": ("east", 32647, [200_000, 3_800_000])}


def sensor(date: str) -> str:
    return "landsat-5-tm" if date < "2000" else "landsat-8-oli"


def scene_id(date: str, name: str) -> str:
    return f"{'LT05' if date < '2000' else 'LC08'}_{name}_{date.replace('-', '')}"


STUDY: dict[str, Any] = {
    "name": "range",
    "output": "out",
    "seed": 3,
    "areas": [{"name": area, "tiles": [name]} for name, (area, _, _) in ZONES.items()],
    "periods": [{"name": "1986-1988", "first": 1986, "last": 1988}, {"name": "2016-2018", "first": 2016, "last": 2018}],
    "simulate": [
        {
            "name": name,
            "size": 128,
            "seed": 7,
            "epsg": epsg,
            "upper_left": corner,
            "rise_m_per_a": 8,
            "scenes": [
                {"date": date, "sensor": sensor(date), "cloud_fraction": cloud, "snow": 0} for date, cloud in LOOKS
            ],
        }
        for name, (_, epsg, corner) in ZONES.items()
    ],
    "scenes": [
        {
            "id": scene_id(date, name),
            "path": f"${{output}}/simulated/{name}/{scene_id(date, name)[:4]}_L1TP_{name}_{date.replace('-', '')}_*",
            "truth": f"${{output}}/simulated/{name}/outlines_{date.replace('-', '')}.gpkg",
            "period": "1986-1988" if date < "2000" else "2016-2018",
            "reference": date != "1987-07-20",
        }
        for name in ZONES
        for date, _ in LOOKS
    ],
    "samples": {"tile": 32},
    "methods": ["band_ratio"],
}
EARLY, LATE = "1986-1988", "2016-2018"


def study_file(folder: Path, **changes: Any) -> Path:
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(STUDY | changes))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study whose periods are done."""
    folder = tmp_path_factory.mktemp("timeline")
    run_study(load_project(study_file(folder)), until="timeline")
    return folder


@pytest.fixture
def again(folder: Path) -> Iterator[Path]:
    """Return the folder, and bring the study in it up to date after the test."""
    yield folder
    run_study(load_project(study_file(folder)), until="timeline")


def period(folder: Path, name: str) -> gpd.GeoDataFrame:
    return read_outlines(folder / "out/timeline" / name / "outlines.gpkg")


def test_every_period_has_its_maps_and_one_row_per_glacier(folder: Path) -> None:
    for name in (EARLY, LATE):
        below = folder / "out/timeline" / name
        files = {
            "mask.tif",
            "probability.tif",
            "uncertain.tif",
            "sources.tif",
            "sources.json",
            "inferred.tif",
            "hindcast.tif",
        }
        files |= {f"{each}.gpkg" for each in ("patches", "automatic", "outlines", "unseen")}
        assert files <= {each.name for each in below.iterdir()}
        assert not [each for each in below.iterdir() if each.name.startswith(".")], "no temporary file is left"
        outlines = period(folder, name)
        assert outlines["glac_id"].is_unique
        assert (outlines["period"] == name).all()
        assert outlines.crs.to_epsg() == 32646, "two zones are one region; of two with as many scenes, the first"
        assert outlines["area_km2"].to_numpy() == pytest.approx(area_km2(outlines))
    both = pd.concat([period(folder, EARLY), period(folder, LATE)])
    assert set(both["subregion"]) == {"west", "east"}
    assert both[["glac_id", "subregion"]].drop_duplicates()["glac_id"].is_unique, "and its subregion"
    assert both["glac_id"].duplicated().any(), "a glacier keeps its id"


def test_what_the_reference_cannot_see_is_filled_by_the_other_scene(folder: Path) -> None:
    with rasterio.open(folder / f"out/timeline/{EARLY}/sources.tif") as source:
        numbers = source.read(1)
    listed = json.loads((folder / f"out/timeline/{EARLY}/sources.json").read_text())
    assert [each["reference"] for each in listed] == [True, True, False, False]
    counts = np.bincount(numbers.ravel(), minlength=5)
    assert [each["pixels"] for each in listed] == counts[1:].tolist()
    assert (counts[1:] > 1000).all(), "cloud hides part of either reference image, and not all"
    outlines = period(folder, EARLY)
    mixed = outlines[outlines["scene_ids"].str.contains(";")]
    assert len(mixed)
    for row in mixed.itertuples():
        shares = {part.split(":")[0]: float(part.split(":")[1]) for part in row.scene_ids.split(";")}
        assert sum(shares.values()) == pytest.approx(1, abs=1e-3)
        assert row.scene_id == max(shares, key=lambda each: shares[each])
        assert 1987.5 < row.src_year < 1988.7, "between its scenes, by their shares"


def test_cloud_over_the_reference_costs_no_ice(folder: Path) -> None:
    true = sum(area_km2(read_outlines(folder / f"out/simulated/{name}/outlines_19880820.gpkg")).sum() for name in ZONES)
    assert period(folder, EARLY)["area_km2"].sum() == pytest.approx(true, rel=0.15)


def test_ground_that_no_scene_saw_is_reported_and_is_no_ground_free_of_ice(folder: Path) -> None:
    study = run_study(load_project(study_file(folder)), until="timeline")
    said = study.outcome()["timeline"]
    for name, of_period in said["periods"].items():
        unseen = read_outlines(folder / f"out/timeline/{name}/unseen.gpkg")
        assert area_km2(unseen).sum() == pytest.approx(of_period["unseen_km2"])
        with rasterio.open(folder / f"out/timeline/{name}/mask.tif") as mask:
            blind = (mask.read(1) == 255) & (mask.read(1) != 0)
        assert blind.sum() * 900 / 1e6 >= of_period["unseen_km2"] * 0.99
        assert of_period["inferred_km2"] == pytest.approx(period(folder, name)["inferred_km2"].sum())
        assert of_period["inferred_km2"] <= of_period["unseen_km2"] + 0.1
    table = pd.read_csv(folder / "out/timeline/glaciers.csv")
    assert set(table["state"]) <= {"ice", "gone", "unseen"}
    assert len(table) == 2 * said["glaciers"]


def test_unseen_ice_is_bridged_unless_it_is_to_be_left(again: Path) -> None:
    def areas(*overrides: str) -> dict[str, float]:
        given = ["scenes.LT05_139036_19870720.period=null", "scenes.LT05_137036_19870720.period=null", *overrides]
        said = run_study(load_project(again / "study.yaml", given), until="timeline").outcome()["timeline"]
        return {name: each["area_km2"] for name, each in said["periods"].items()}

    left, bridged = areas("timeline.unseen=leave"), areas()
    assert bridged[EARLY] > left[EARLY] * 1.05, "cloud hid part of the early ice"
    assert period(again, EARLY)["inferred_km2"].sum() == pytest.approx(bridged[EARLY] - left[EARLY], rel=0.1)
    assert bridged[LATE] == pytest.approx(left[LATE], rel=0.05)


def test_a_second_run_does_nothing_and_changes_no_byte(folder: Path) -> None:
    before = sha256(folder / "out")
    study = run_study(load_project(folder / "study.yaml"), until="timeline")
    assert study.done["timeline"].skipped
    assert sha256(folder / "out") == before


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize(
    ("dies_in", "after"),
    [("footprint_of", 2), ("combine_period", 1), ("trace_period", 1), ("write_glaciers", 0), ("replay_period", 1)],
)
def test_a_run_that_is_killed_goes_on_and_ends_with_the_same_bytes(
    again: Path, monkeypatch: pytest.MonkeyPatch, dies_in: str, after: int
) -> None:
    before = sha256(again / "out")
    project = load_project(again / "study.yaml")
    shutil.rmtree(again / "out/timeline")
    for each in (again / "out/stages").glob("timeline*"):
        each.unlink()
    real, calls = getattr(stage, dies_in), 0

    def dying(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls > after:
            raise Killed
        return real(*given, **named)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(stage, dies_in, dying)
        run_study(project, until="timeline")
    kept = {each: each.stat().st_mtime_ns for each in (again / "out/stages").glob("timeline*")}
    run_study(project, until="timeline")
    assert sha256(again / "out") == before
    assert kept == {each: each.stat().st_mtime_ns for each in kept}, "what was done is not done again"


def test_periods_that_are_not_mapped_are_skipped_and_reported(again: Path) -> None:
    project = load_project(again / "study.yaml", [f"map.scenes=[{LATE}]"])
    said = run_study(project, until="timeline").outcome()["timeline"]
    assert said["skipped"] == [EARLY]
    assert list(said["periods"]) == [LATE]
    assert said["periods"][LATE]["area_km2"] == pytest.approx(period(again, LATE)["area_km2"].sum())


def test_a_region_without_ice_has_no_glaciers_and_is_no_error(again: Path) -> None:
    project = load_project(again / "study.yaml", ["timeline.minimum_area_km2=1000"])
    said = run_study(project, until="timeline").outcome()["timeline"]
    assert said["glaciers"] == 0
    assert [each["area_km2"] for each in said["periods"].values()] == [0, 0]
    assert [each["year"] for each in said["periods"].values()] == [None, None], "undefined, and not a year"
    assert period(again, LATE).empty


def test_a_period_without_any_scene_is_named(again: Path) -> None:
    periods = [*STUDY["periods"], {"name": "later", "first": 2020, "last": 2022}]
    with pytest.raises(ProjectError, match="the period 'later' has no scene"):
        run_study(load_project(study_file(again, periods=periods)), until="timeline")


def test_a_region_bounds_what_is_measured_and_an_area_outside_it_is_named(again: Path) -> None:
    shown = period(again, LATE)
    half = gpd.GeoDataFrame(geometry=[shapely.box(*shown[shown["subregion"] == "west"].total_bounds)], crs=shown.crs)
    write_outlines(half, again / "region.gpkg")
    moved = gpd.GeoDataFrame(geometry=half.translate(90_000, 0))
    write_outlines(moved, again / "area.gpkg")
    changed = load_project(study_file(again, region="region.gpkg"))
    said = run_study(changed, until="timeline").outcome()["timeline"]
    inside = period(again, LATE)
    assert set(inside["subregion"]) == {"west"}
    assert said["ground_km2"] == pytest.approx(area_km2(half)[0], rel=1e-3)
    areas = [{**STUDY["areas"][0], "outline": "area.gpkg"}, STUDY["areas"][1]]
    with pytest.raises(ProjectError, match="the area 'west' lies outside the region"):
        run_study(load_project(study_file(again, region="region.gpkg", areas=areas)), until="timeline")


def test_an_inventory_names_the_glaciers(again: Path) -> None:
    shown = period(again, LATE)[["glac_id", "geometry"]]
    inventory = shown.rename(columns={"glac_id": "rgi_id"}).assign(rgi_id=lambda table: "RGI-" + table["rgi_id"])
    inventory["Name"] = [f"Glacier {number}" for number in range(len(inventory))]
    inventory.loc[0, "Name"] = ""
    write_outlines(inventory, again / "inventory.gpkg")
    run_study(load_project(study_file(again, inventory="inventory.gpkg")), until="timeline")
    named = period(again, LATE)
    assert set(named["glac_id"]) == set(inventory["rgi_id"])
    assert named["area_km2"].sum() == pytest.approx(area_km2(shown).sum())
    called = named.set_index("glac_id")["glac_name"]
    assert called.reindex(inventory["rgi_id"]).fillna("").tolist() == inventory["Name"].tolist()
    twice = inventory.iloc[:1].assign(geometry=inventory.geometry.iloc[:1].translate(9_000, 0))
    write_outlines(pd.concat([inventory, twice]), again / "inventory.gpkg")
    with pytest.raises(OutlineError, match="stand twice in the column 'rgi_id'"):
        run_study(load_project(study_file(again, inventory="inventory.gpkg")), until="timeline")
