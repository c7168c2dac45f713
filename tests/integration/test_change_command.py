"""`trimline change OUTLINES...`: tables, layers, figures and a report of outlines that one has already."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import yaml
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ChangeError, ProjectError, StageError, TrimlineError
from trimline.project import load_project
from trimline.study import run_study
from trimline.study.own_project import project_content
from trimline.years import decimal_year

UTM = "EPSG:32632"


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["change", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def outlines(path: Path, widths: dict[str, float], **columns: object) -> Path:
    shapes = [
        shapely.box(500_000 + 3000 * k, 5_200_000, 500_000 + 3000 * k + width, 5_201_000)
        for k, width in enumerate(widths.values())
    ]
    table = gpd.GeoDataFrame({"glac_name": list(widths), **columns}, geometry=shapes, crs=UTM)
    table.to_file(path)
    return path


@pytest.fixture
def two(tmp_path: Path) -> list[Path]:
    return [
        outlines(tmp_path / "lia.gpkg", {"a": 1000, "b": 1000}),
        outlines(tmp_path / "g_1973.gpkg", {"a": 700, "b": 990}),
    ]


def test_tables_of_two_dates_from_a_bare_command(two: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    printed = json.loads(run(*two, "--date", "lia=Little Ice Age:1840-1860", "--accuracy", "5", "-o", out, "--json"))
    assert list(printed["change"]["periods"]) == ["Little Ice Age", "1973"]
    changed = pd.read_csv(out / "change/glacier_changes.csv", index_col="glac_id")
    assert changed.loc["a", "change_km2"] == pytest.approx(-0.3, rel=1e-3)
    assert changed.loc["a", "years"] == pytest.approx(1973.5 - 1850.5)
    assert changed["verdict"].to_dict() == {"a": "significant loss", "b": "no significant change"}
    layer = gpd.read_file(out / "change/glacier_changes.gpkg")
    assert len(layer) == 2
    assert layer.area.sum() == pytest.approx(2e6)
    page = (out / "report/index.html").read_text()
    assert "no significant change" in page
    assert "5 m" in page
    for name in ("area_series", "change_map", "change_by_size", "glacier_outlines"):
        assert (out / f"report/{name}.png").is_file()
    # The project file that was made gives the same.
    study = run_study(load_project(out / "project.yaml"), until="change")
    assert study.done["change"].skipped


@pytest.fixture
def cloudy(tmp_path: Path) -> list[Path]:
    """Return 10 km2 on three dates, of which the second inventory holds 1 km2."""
    return [
        outlines(tmp_path / "g_1990.gpkg", {"a": 1000, "b": 2900, "c": 2900, "d": 2900}),
        outlines(tmp_path / "g_2005.gpkg", {"a": 1000}),
        outlines(tmp_path / "g_2020.gpkg", {"a": 1000, "b": 2900, "c": 2900, "d": 2900}),
    ]


def test_what_an_inventory_leaves_out_is_unknown_and_not_lost(cloudy: list[Path], tmp_path: Path) -> None:
    run(*cloudy, "--id", "glac_name", "-o", tmp_path / "out")
    totals = pd.read_csv(tmp_path / "out/change/totals.csv", dtype={"period": str}).query("level == 'region'")
    assert totals["area_km2"].tolist() == pytest.approx([9.7, float("nan"), 9.7], rel=1e-3, nan_ok=True)
    hidden = totals.set_index("period").loc["2005"]
    assert (hidden["seen_km2"], hidden["unseen_km2"]) == (pytest.approx(1.0, rel=1e-3), pytest.approx(8.7, rel=1e-3))
    assert hidden["absent_glaciers"] == 3
    changed = pd.read_csv(tmp_path / "out/change/glacier_changes.csv", dtype=str)
    missing = changed[(changed["glac_id"] == "b") & (changed["last"] == "2005")].iloc[0]
    assert missing["status"] == "not in 2005"
    assert pd.isna(missing["change_km2"])
    page = (tmp_path / "out/report/index.html").read_text()
    assert f"unknown: seen {hidden['seen_km2']:.2f}, unseen {hidden['unseen_km2']:.2f}" in page
    assert "3 are without an outline, and need not be gone" in page
    assert "../change/totals.csv" in page
    assert "the dashed line is fitted" not in page, "two known areas make no line"
    # The project may allow more, and the interval then holds what is not known.
    run(*cloudy, "--id", "glac_name", "-o", tmp_path / "wide", "--set", "change.unknown_above=1")
    wide = pd.read_csv(tmp_path / "wide/change/totals.csv", dtype={"period": str}).query("level == 'region'").iloc[1]
    assert wide["area_km2"] + wide["uncertainty_km2"] > 9.7
    whole = pd.read_csv(tmp_path / "wide/change/changes.csv", dtype=str).query("level == 'region' and last == '2005'")
    assert set(whole["verdict"]) == {"no significant change"}


def test_inventories_that_hold_all_glaciers_say_what_is_gone(cloudy: list[Path], tmp_path: Path) -> None:
    run(*cloudy[:2], "--id", "glac_name", "--absent", "gone", "-o", tmp_path / "out")
    changes = pd.read_csv(tmp_path / "out/change/changes.csv").query("level == 'region'").iloc[0]
    assert changes["change_km2"] == pytest.approx(-8.7, rel=1e-3)
    changed = pd.read_csv(tmp_path / "out/change/glacier_changes.csv", index_col="glac_id")
    assert changed["status"].to_dict() == {"a": "kept", "b": "vanished", "c": "vanished", "d": "vanished"}
    assert changed.loc["b", "change_percent"] == -100


def test_a_row_may_say_that_a_glacier_is_gone(cloudy: list[Path], tmp_path: Path) -> None:
    gone = outlines(tmp_path / "h_2005.gpkg", {"a": 1000, "b": 10}, glac_stat=["exists", "gone"])
    run(cloudy[0], gone, "--id", "glac_name", "-o", tmp_path / "out", "--set", "change.unknown_above=1")
    changed = pd.read_csv(tmp_path / "out/change/glacier_changes.csv", index_col="glac_id")
    assert changed["status"].to_dict() == {"a": "kept", "b": "vanished", "c": "not in 2005", "d": "not in 2005"}
    assert changed.loc["b", "change_km2"] == pytest.approx(-2.9, rel=1e-3)


def test_a_region_whose_ice_is_all_gone_lost_a_hundred_percent(cloudy: list[Path], tmp_path: Path) -> None:
    gpd.GeoDataFrame({"glac_name": []}, geometry=[], crs=UTM).to_file(tmp_path / "g_2022.gpkg")
    with pytest.raises(ChangeError, match=r"no outline belongs to 2022(.|\n)*--absent gone"):
        run(cloudy[0], tmp_path / "g_2022.gpkg", "--id", "glac_name", "-o", tmp_path / "out")
    run(cloudy[0], tmp_path / "g_2022.gpkg", "--id", "glac_name", "--absent", "gone", "-o", tmp_path / "out")
    last = pd.read_csv(tmp_path / "out/change/totals.csv", dtype={"period": str}).query("level == 'region'").iloc[-1]
    assert (last["area_km2"], last["gone_glaciers"], last["uncertainty_km2"]) == (0, 4, pytest.approx(0.04))
    (lost,) = pd.read_csv(tmp_path / "out/change/changes.csv").query("level == 'region'").to_dict("records")
    assert (lost["change_km2"], lost["change_percent"]) == (pytest.approx(-9.7, rel=1e-3), -100)


def test_dates_come_in_order_from_a_column_or_by_name(two: list[Path], tmp_path: Path) -> None:
    def found(*inputs: Path, dates: list[str]) -> list[tuple[object, ...]]:
        periods = project_content(list(inputs), dates=dates)["periods"]
        return [(each["name"], each["first"], each.get("where", {})) for each in periods]

    assert found(*two, dates=["1850", "1973"]) == [("1850", 1850, {}), ("1973", 1973, {})]
    assert found(*reversed(two), dates=["lia=1850"]) == [("lia", 1850, {}), ("1973", 1973, {})]
    one = pd.concat([gpd.read_file(path).assign(when=year) for path, year in zip(two, ("LIA", "1973"), strict=True)])
    gpd.GeoDataFrame(one).to_file(tmp_path / "both.gpkg")
    expected = [("LIA", 1850, {"when": "LIA"}), ("1973", 1973, {"when": "1973"})]
    assert found(tmp_path / "both.gpkg", dates=["when", "LIA=1850"]) == expected
    with pytest.raises(ChangeError, match="holds 'LIA', which is no date"):
        found(tmp_path / "both.gpkg", dates=["when"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "neither its name nor its folder's says a year"),
        (["--date", "1850"], "1 dates are given for 2 files"),
        (["--date", "lia=-50"], "'-50' is no date"),
        (["--date", "lia=2999"], "in the future"),
        (["--date", "lia=1850", "--date", "x=1900"], "is called 'x'"),
        (["--date", "when"], "neither its name"),
        (["--date", "lia=1850", "--pixel", "-5"], "--pixel is '-5'"),
        (["--date", "lia=1850", "--accuracy", "1900=5"], "there is no date '1900'"),
        (["--date", "lia=1850", "--pixel", "1", "--pixel", "2", "--pixel", "3"], "3 values for 2 dates"),
        (["--date", "lia=1850", "--id", "rgi_id"], "no column 'rgi_id'"),
        (["--date", "lia=1973"], "both hold 1973"),
        (["--quick"], "--quick is for a project"),
    ],
)
def test_what_is_unclear_names_the_option(two: list[Path], tmp_path: Path, arguments: list[str], message: str) -> None:
    with pytest.raises(TrimlineError, match=message):
        run(*two, *arguments, "-o", tmp_path / "out")


def test_options_for_outlines_are_refused_with_a_project(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("name: p")
    with pytest.raises(ChangeError, match="are for outlines"):
        run(tmp_path / "p.yaml", "--id", "x")


def test_a_project_without_scenes_has_outlines_and_nothing_to_map(two: list[Path], tmp_path: Path) -> None:
    content = {
        "name": "own",
        "output": "out",
        "periods": [
            {"name": "Little Ice Age", "first": 1840, "last": 1860, "outlines": "lia.gpkg", "accuracy_m": 20},
            {"name": 1973, "first": 1973, "outlines": ["g_1973.gpkg"], "pixel_m": 10, "date": "1973-09-01"},
        ],
        "change": {"published": "published.csv"},
    }
    (tmp_path / "published.csv").write_text("region,year,area_km2,source\nregion,1850,2.0,somebody\n")
    path = tmp_path / "own.yaml"
    path.write_text(yaml.safe_dump(content))
    study = run_study(load_project(path))
    areas = pd.read_csv(tmp_path / "out/change/areas.csv")
    assert areas["src_year"].unique() == pytest.approx([1850.5, 1973.667], abs=0.01)
    # 4 km of outline, moved by 20 m and by 5 m.
    assert areas["uncertainty_km2"].to_numpy() == pytest.approx([0.08, 0.08, 0.017, 0.02], rel=0.03)
    (row,) = pd.read_csv(tmp_path / "out/change/published.csv").to_dict("records")
    assert (row["period"], row["within_uncertainty"]) == ("Little Ice Age", True)
    assert study.done["map"].result == {}
    with pytest.raises(StageError, match="outlines are given"):
        run_study(load_project(path), until="release")
    content["periods"][1].pop("outlines")  # type: ignore[attr-defined, index]
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(ProjectError, match="there are no scenes, and period '1973' has no outlines"):
        load_project(path)


def test_regions_have_totals_of_their_own(two: list[Path], tmp_path: Path) -> None:
    halves = [shapely.box(499_000, 5_190_000, 502_000, 5_210_000), shapely.box(502_000, 5_190_000, 510_000, 5_210_000)]
    gpd.GeoDataFrame({"name": ["west", "east"]}, geometry=halves, crs=UTM).to_file(tmp_path / "regions.gpkg")
    content = project_content(two, dates=["lia=1850"], change={"regions": str(tmp_path / "regions.gpkg")})
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump({"name": "p", "output": "out", **content}))
    run_study(load_project(path), until="change")
    totals = pd.read_csv(tmp_path / "out/change/totals.csv")
    west = totals[(totals["part"] == "west") & (totals["period"].astype(str) == "1973")]
    assert west["area_km2"].item() == pytest.approx(0.7, rel=1e-3)


def test_glacier_national_park_is_the_published_table(trimline_data: Path, tmp_path: Path) -> None:
    files = sorted((trimline_data / "glacier_national_park").glob("*.geojson"))
    run(*files, "--date", "lia=Little Ice Age:1850", "-o", tmp_path)
    areas = pd.read_csv(tmp_path / "change/areas.csv", dtype={"period": str})
    published = pd.read_csv(trimline_data / "glacier_national_park/areas.csv", dtype={"Year": str})
    both = areas.merge(published, left_on=["glac_id", "period"], right_on=["GLACNAME", "Year"])
    assert len(both) == len(published) == 156
    deviation = (both["area_km2"] / (both["AREA"] / 1e6) - 1).abs()
    assert deviation.median() < 0.001
    assert pd.read_csv(tmp_path / "change/outlying.csv").query("level == 'region'").empty
    (repair,) = pd.read_csv(tmp_path / "change/repairs.csv").query("problem.str.contains('invalid')").to_dict("records")
    assert repair["outline"] == "Boulder Glacier"


def test_the_snow_years_of_nevado_del_huila_are_named(trimline_data: Path, tmp_path: Path) -> None:
    folders = sorted((trimline_data / "nevado_del_huila").glob("[12]*"))
    assert len(folders) == 17
    printed = run(*folders, "-o", tmp_path)
    assert "Periods that jump out" in printed
    outlying = pd.read_csv(tmp_path / "change/outlying.csv").query("level == 'region'")
    assert outlying["period"].tolist() == [2012, 2017, 2021, 2022]
    rates = pd.read_csv(tmp_path / "change/rates.csv").query("level == 'region' and method == 'ols'")
    assert rates["without"].fillna("").tolist() == ["", "2012;2017;2021;2022"]
    assert rates["rate_km2_per_a"].tolist() == pytest.approx([-0.238, -0.348], abs=0.001)
    assert "Out of line with the others: 2012, 2017, 2021, 2022" in (tmp_path / "report/index.html").read_text()


@pytest.mark.parametrize(("absent", "status"), [("not in period", "not in period"), ("gone", "vanished")])
def test_termini_are_told_by_the_states_of_their_glaciers(tmp_path: Path, absent: str, status: str) -> None:
    files = [
        outlines(tmp_path / f"g_{year}.gpkg", widths)
        for year, widths in ((1990, {"a": 1000, "b": 1000}), (2000, {"a": 900}), (2010, {"a": 800}))
    ]
    run(*files, "--id", "glac_name", "--absent", absent, "-o", tmp_path / "out")
    project = load_project(tmp_path / "out/project.yaml", ["terminus.select.seen_in_all=false"])
    run_study(project, until="terminus")
    table = pd.read_csv(tmp_path / "out/terminus/terminus.csv").drop_duplicates(["glac_id", "first", "last"])
    of_b = table[table["glac_id"] == "b"]
    assert of_b["status"].unique().tolist() == [status]
    assert of_b["retreat_m"].isna().all() == (status != "vanished")
    series = pd.read_csv(tmp_path / "out/terminus/series.csv")
    last = series[series["glac_id"] == "b"]["status"].unique().tolist()
    assert last == (["first", "vanished"] if status == "vanished" else ["first"])


@pytest.fixture
def inventories(tmp_path: Path) -> list[Path]:
    return [
        outlines(tmp_path / "rgi60.gpkg", {"a": 1000, "b": 1000}, BgnDate=["20009999", "20000813"]),
        outlines(tmp_path / "rgi70.gpkg", {"a": 900, "b": 900}, src_date=["2012-08-01T00:00:00", "2012-08-21"]),
    ]


@pytest.mark.parametrize("dates", [[], ["--date", "BgnDate", "--date", "src_date"]])
def test_dates_of_a_file_in_one_year_are_one_period_and_each_glacier_keeps_its_own(
    inventories: list[Path], tmp_path: Path, dates: list[str]
) -> None:
    out = tmp_path / "out"
    printed = json.loads(run(*inventories, *dates, "-o", out, "--json"))
    assert list(printed["change"]["periods"]) == ["2000", "2012"]
    changed = pd.read_csv(out / "change/glacier_changes.csv", index_col="glac_id")
    ends = (decimal_year("2012-08-01"), decimal_year("2012-08-21"))
    assert sorted(changed["years"]) == pytest.approx(
        sorted([ends[0] - 2000.5, ends[1] - decimal_year("2000-08-13")]), abs=1e-3
    )


def test_dates_of_two_files_in_one_year_are_told_with_the_files_and_the_option(tmp_path: Path) -> None:
    files = [outlines(tmp_path / f"{name}.gpkg", {name: 1000}) for name in ("x_2000-03-01", "y_2000-08-13")]
    with pytest.raises(ChangeError, match="both hold 2000") as told:
        run(*files, "-o", tmp_path / "out")
    assert "x_2000-03-01.gpkg" in str(told.value)
    assert "--date 2000" in str(told.value)


def test_a_wrong_value_of_an_option_names_the_option(inventories: list[Path], tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["change", *map(str, inventories), "--absent", "yes", "-o", str(tmp_path / "o")])
    assert result.exit_code == 2
    assert "'--absent'" in result.output
    assert not (tmp_path / "o").exists()


def test_rows_without_a_date_are_named_by_the_first(tmp_path: Path) -> None:
    file = outlines(tmp_path / "g.gpkg", {"a": 1000, "b": 1000, "c": 500}, when=["2000", None, None])
    with pytest.raises(ChangeError, match="2 of 3 outlines have no 'when', the first in row 1"):
        run(file, "--date", "when", "-o", tmp_path / "out")
