"""Tables of a time series say what papers print, and figures of it are whole and always the same."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from trimline.change import changes
from trimline.files import sha256
from trimline.report.change_figures import draw_area_series, most_changed
from trimline.report.change_tables import (
    areas_table,
    changes_table,
    edits_table,
    images_table,
    truth_table,
    uncertainty_table,
)
from trimline.report.on_disk import write_latex

FIRST, LAST = "1986-1988", "2019-2021"
TITLES = {"region": "Total", "training": "Training area", "area-1": "Testing area 1"}


@pytest.fixture
def totals() -> pd.DataFrame:
    """Return areas and errors that Chen and others (2022) print in table V (a)."""
    rows = [
        ("region", "region", 2518.65, 72.69, 2102.25, 72.56),
        ("subregion", "training", 1405.86, 37.77, 1173.83, 38.70),
        ("subregion", "area-1", 713.48, 13.92, 661.20, 14.28),
    ]
    return pd.DataFrame([
        {"level": level, "part": part, "period": period, "src_year": year, "glaciers": 5, "area_km2": area,
         "uncertainty_km2": error}
        for level, part, *numbers in rows
        for period, year, area, error in ((FIRST, 1987.5, *numbers[:2]), (LAST, 2020.5, *numbers[2:]))
    ])  # fmt: skip


def test_what_is_unknown_of_an_area_stands_beside_it(totals: pd.DataFrame) -> None:
    known = totals.assign(seen_km2=totals["area_km2"], unseen_km2=[0.0, 120.0, 0.0, 0.0, 0.0, 400.0])
    known.loc[5, ["area_km2", "uncertainty_km2"]] = np.nan
    _, rows = areas_table(known, TITLES)
    assert rows[1][3:] == [
        "2102.25 ± 72.56, unseen 120.00",
        "1173.83 ± 38.70",
        "unknown: seen 661.20, unseen 400.00",
    ]


def test_two_areas_get_no_line_and_three_do(totals: pd.DataFrame, tmp_path: Path) -> None:
    region = totals[totals["level"] == "region"]
    _, svg = draw_area_series(tmp_path / "two", region, TITLES)
    assert "line through" not in svg.read_text()
    assert "km² a⁻¹" not in svg.read_text()
    middle = region.iloc[[0]].assign(period="2001-2003", src_year=2002.5, area_km2=2400.0)
    three = pd.concat([region.iloc[[0]], middle, region.iloc[[1]]])
    _, svg = draw_area_series(tmp_path / "three", three, TITLES)
    assert "line through" in svg.read_text()
    _, svg = draw_area_series(tmp_path / "unknown", three.assign(area_km2=[2400.0, np.nan, 2100.0]), TITLES)
    assert "line through" not in svg.read_text()


def test_a_dollar_sign_in_a_name_begins_no_formula(totals: pd.DataFrame, tmp_path: Path) -> None:
    region = totals[totals["level"] == "region"]
    _, svg = draw_area_series(tmp_path / "named", region, {"region": "Cost $100 and $x^2$"})
    assert "Cost $100 and $x^2$" in svg.read_text()


def test_areas_stand_with_their_errors_as_in_table_v(totals: pd.DataFrame) -> None:
    heads, rows = areas_table(totals, TITLES)
    assert heads[3:] == ["Total, km²", "Training area, km²", "Testing area 1, km²"]
    assert rows[0] == [FIRST, "1987.5", "5", "2518.65 ± 72.69", "1405.86 ± 37.77", "713.48 ± 13.92"]


def test_units_of_rates_are_set_in_latex(totals: pd.DataFrame, tmp_path: Path) -> None:
    told = changes(totals, [(FIRST, LAST)], years="label")
    write_latex(tmp_path / "changes.tex", [("", changes_table(told.to_dict("records"), TITLES))])
    text = (tmp_path / "changes.tex").read_text(encoding="utf-8")
    assert r"rate km$^2$ a$^{-1}$ & rate \% a$^{-1}$" in text
    assert text.isascii(), "no engine of LaTeX needs a package for it"


def test_changes_are_printed_as_in_table_v(totals: pd.DataFrame) -> None:
    told = changes(totals, [(FIRST, LAST)], years="label")
    _, rows = changes_table(told.to_dict("records"), TITLES)
    assert rows[0][0] == f"{FIRST} to {LAST}, Total"
    assert rows[0][2:] == ["-416.40 ± 102.71", "-16.53 ± 4.08", "-11.90 ± 2.93", "-0.47 ± 0.12"]
    assert rows[1][2:] == ["-232.03 ± 54.08", "-16.50 ± 3.85", "-6.63 ± 1.55", "-0.47 ± 0.11"]


def test_a_region_of_one_part_is_told_once(totals: pd.DataFrame) -> None:
    one = totals[totals["part"] != "area-1"]
    assert len(areas_table(one, TITLES)[0]) == 4
    assert len(changes_table(changes(one, [(FIRST, LAST)]).to_dict("records"), TITLES)[1]) == 1


def test_the_reference_image_has_a_star() -> None:
    images = pd.DataFrame([
        {"period": FIRST, "subregion": "training", "tile": "137036", "date": "1987-06-24", "cloud_percent": 30.0,
         "reference": True},
        {"period": FIRST, "subregion": "training", "tile": "137036", "date": "1988-08-13", "cloud_percent": np.nan,
         "reference": False},
        {"period": FIRST, "subregion": "training", "tile": "138037", "date": "1988-07-19", "cloud_percent": 22.0,
         "reference": True},
    ])  # fmt: skip
    ((title, (_, rows)),) = images_table(images, TITLES)
    assert title == "Training area: 137036, 138037"
    assert rows == [[FIRST, "1987-06-24 (30 %)*, 1988-08-13", "1988-07-19 (22 %)*"]]


def test_every_correction_says_what_became_of_it() -> None:
    _, rows = edits_table([
        {"edit_id": "e1", "period": FIRST, "operation": "remove", "glac_id": None, "state": "not applied",
         "text": "there is no ice on its ground", "added_km2": 0.0, "removed_km2": 0.0},
        {"edit_id": "e2", "period": LAST, "operation": "add", "glac_id": "g1", "state": "applied",
         "text": "0.5000 km2 became ice of g1", "added_km2": 0.5, "removed_km2": 0.0},
    ])  # fmt: skip
    assert rows[0][:4] == [f"e1, {FIRST}", "remove", "–", "not applied"]
    assert rows[1][4:] == ["0.5000", "0.0000", "0.5000 km2 became ice of g1"]


def test_what_makes_an_area_uncertain_is_told_cause_by_cause(totals: pd.DataFrame) -> None:
    causes = {f"uncertainty_{cause}_km2": value for cause, value in (("outline", 3.0), ("map", 4.0), ("unseen", 0.0))}
    heads, rows = uncertainty_table(totals.assign(**causes, uncertainty_km2=5.0))
    assert len(heads) == 5
    assert rows == [[FIRST, "3.00", "4.00", "0.00", "5.00"], [LAST, "3.00", "4.00", "0.00", "5.00"]]


def test_what_lies_outside_its_uncertainty_has_a_star(totals: pd.DataFrame) -> None:
    truth = totals.assign(true_km2=totals["area_km2"] + 50.0)
    truth["inside"] = truth["uncertainty_km2"] >= 50
    _, rows = truth_table(truth, TITLES)
    assert rows[0][1:5] == ["2568.65", "2518.65 ± 72.69", "1455.86", "1405.86 ± 37.77 *"]


def test_a_figure_of_the_same_areas_has_the_same_bytes(totals: pd.DataFrame, tmp_path: Path) -> None:
    for name in ("one", "two"):
        draw_area_series(tmp_path / name / "areas", totals, TITLES)
    assert sha256(tmp_path / "one") == sha256(tmp_path / "two")
    drawn = (tmp_path / "one/areas.svg").read_text()
    for title in TITLES.values():
        assert title in drawn


def test_the_place_that_lost_most_ground_is_shown() -> None:
    boxes = {("a", FIRST): (0, 0, 900, 900), ("a", LAST): (0, 0, 800, 900),
             ("b", FIRST): (5000, 0, 9000, 1000), ("b", LAST): (5000, 0, 6000, 1000)}  # fmt: skip
    outlines = gpd.GeoDataFrame(
        [{"glac_id": name, "period": period} for name, period in boxes],
        geometry=[shapely.box(*each) for each in boxes.values()],
        crs=32646,
    )
    name, (west, south, east, north) = most_changed(outlines, [FIRST, LAST])
    assert name == "b"
    assert west < 6000 < 9000 < east
    assert east - west == pytest.approx(north - south)
    assert ((west + east) / 2, (south + north) / 2) == pytest.approx((7500, 500))
    gone = outlines[(outlines["glac_id"] == "a") | (outlines["period"] == FIRST)]
    assert most_changed(gone, [FIRST, LAST])[0] == "b", "a glacier that is gone has lost all its ground"
