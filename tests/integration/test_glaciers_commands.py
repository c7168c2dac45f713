"""`trimline glaciers` and `trimline terminus`, of files and of a project: a valley that loses 200 m of two tongues."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import yaml
from affine import Affine
from odc.geo.geobox import GeoBox
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ChangeError, GridError, OutlineError, TrimlineError
from trimline.project import load_project
from trimline.rasters import write_raster
from trimline.study import run_study

UTM = "EPSG:32645"
RETREAT_M = 200.0


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, list(map(str, arguments)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.stdout


def tongue(x: float, length_m: float) -> shapely.Geometry:
    """Return a glacier that falls to the south: its head stays at 4 200 000 m north, its tongue is round."""
    shaft = shapely.box(x, 4_200_000 - length_m + 150, x + 300, 4_200_000)
    return shaft.union(shapely.Point(x + 150, 4_200_000 - length_m + 150).buffer(150))


@pytest.fixture(scope="module")
def valley(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with outlines of two years and the elevation model that they lie on."""
    folder = tmp_path_factory.mktemp("valley")
    for year, lost in ((1990, 0.0), (2020, RETREAT_M)):
        shapes = [tongue(500_000, 2000 - lost), tongue(501_000, 1500 - lost)]
        columns = {"sgi_id": ["a", "b"], "src_date": [f"{year}-08-20"] * 2}
        gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM).to_file(folder / f"outlines_{year}.gpkg")
    geobox = GeoBox((200, 120), Affine(20, 0, 499_500, 0, -20, 4_201_000), UTM)
    rows = np.arange(200)[:, None] * 20.0
    heights = 5000.0 - 0.3 * rows + 0 * np.arange(120)[None, :]
    write_raster(folder / "dem.tif", heights.astype(np.float32), geobox, nodata=-9999)
    return folder


def test_a_file_of_outlines_gets_its_attributes(valley: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    found = json.loads(
        run("glaciers", valley / "outlines_1990.gpkg", "--dem", valley / "dem.tif", "-o", out, "--glims", "--json")
    )
    assert found["glaciers"]["glaciers"] == 2
    assert found["glaciers"]["without_heights"] == []
    table = gpd.read_file(out / "attributes.gpkg").set_index("glac_id")
    assert table["slope_deg"].to_numpy() == pytest.approx(np.degrees(np.arctan(0.3)), abs=0.01)
    # The grid's north is a little off true north.
    assert table["aspect_sec"].tolist() == [5, 5]
    assert table.loc["a", "lmax_m"] == pytest.approx(2000, abs=60)
    assert table.loc["a", "zmax_m"] - table.loc["a", "zmin_m"] == pytest.approx(0.3 * 2000, abs=15)
    bands = pd.read_csv(out / "hypsometry.csv")
    assert bands.groupby("glac_id")["area_km2"].sum().to_numpy() == pytest.approx(table["area_km2"], rel=1e-5)
    glims = gpd.read_file(out / "glims" / "glims_polygons.shp")
    assert set(glims["line_type"]) == {"glac_bound"}
    assert gpd.read_file(out / "glims" / "glims_lines.shp")["line_type"].tolist() == ["centerline"] * 2


def test_two_files_give_the_retreat(valley: Path, tmp_path: Path) -> None:
    files = [valley / f"outlines_{year}.gpkg" for year in (1990, 2020)]
    found = json.loads(
        run("terminus", *files, "--dem", valley / "dem.tif", "--pixel", 10, "-o", tmp_path / "t", "--json")
    )
    by_method = {row["method"]: row for row in found["terminus"]["means"]}
    assert set(by_method) == {
        *("main_axis", "centre_line", "extrapolated_centre_line", "rectilinear_box", "curvilinear_box"),
    }
    for row in by_method.values():
        assert row["retreat_m"] == pytest.approx(RETREAT_M, abs=10)
        assert row["retreat_m_per_a"] == pytest.approx(RETREAT_M / 30, abs=0.4)
    assert found["terminus"]["status"] == {"retreat": 2}
    table = pd.read_csv(tmp_path / "t" / "terminus.csv")
    assert table["terminus_rise_m"].to_numpy() == pytest.approx(0.3 * RETREAT_M, abs=5)
    assert len(gpd.read_file(tmp_path / "t" / "terminus.gpkg")) == 10
    # The other way round in time, the glaciers advance.
    back = [files[1], files[0]]
    run("terminus", *back, "--date", "1990", "--date", "2020", "--method", "main_axis", "-o", tmp_path / "back")
    assert pd.read_csv(tmp_path / "back" / "terminus.csv")["retreat_m"].to_numpy() == pytest.approx(-RETREAT_M, abs=10)


@pytest.fixture(scope="module")
def project(valley: Path) -> Path:
    path = valley / "study.yaml"
    periods = [{"name": str(y), "first": y, "outlines": f"outlines_{y}.gpkg", "pixel_m": 10} for y in (1990, 2020)]
    content = {"name": "valley", "output": "out", "dem": "dem.tif", "periods": periods}
    path.write_text(yaml.safe_dump(content))
    return path


def test_a_project_without_scenes_measures_its_glaciers(project: Path) -> None:
    folder = project.parent / "out"
    study = run_study(load_project(project))
    assert study.done["glaciers"].result["glaciers"]["outlines"] == 4
    assert study.done["terminus"].result["terminus"]["glaciers"] == 2
    lost = pd.read_csv(folder / "change" / "glacier_changes.csv")["change_km2"].sum()
    for name in ("hypsometry_changes", "aspect_changes"):
        assert pd.read_csv(folder / "glaciers" / f"{name}.csv")["change_km2"].sum() == pytest.approx(lost, abs=1e-4)
    by_aspect = pd.read_csv(folder / "terminus" / "by_aspect.csv")
    assert set(by_aspect["class"]) == {"S", "all"}
    page = (folder / "report" / "index.html").read_text()
    for words in ("Elevation and aspect", "Termini", "The largest glaciers", "main axis, 1990 to 2020"):
        assert words in page
    shown = set(re.findall(r'alt="([^"]*)"|<figcaption>([^<]*)', page))
    assert any("Area by elevation" in caption for pair in shown for caption in pair)


def test_what_is_done_is_not_done_again_and_another_dem_is_noticed(project: Path) -> None:
    run_study(load_project(project), until="terminus")
    again = run_study(load_project(project), until="terminus")
    assert again.done["glaciers"].skipped
    assert again.done["terminus"].skipped
    fewer = run_study(load_project(project, ["terminus.methods=main_axis"]), until="terminus")
    assert fewer.done["glaciers"].skipped
    assert not fewer.done["terminus"].skipped
    without = run_study(load_project(project, ["dem=null"]), until="terminus")
    assert without.done["glaciers"].result == {}
    assert without.done["terminus"].result["terminus"]["glaciers"] == 2


@pytest.mark.slow
def test_the_same_project_gives_the_same_bytes(project: Path, tmp_path: Path) -> None:
    written = []
    for name in ("one", "other"):
        run_study(load_project(project, [f"output={tmp_path / name}"]))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file() and path.parent.name != "stages")
        written.append({str(path.relative_to(tmp_path / name)): path.read_bytes() for path in files})
    assert [name for name in written[0] if written[0][name] != written[1].get(name)] == []
    assert written[0].keys() == written[1].keys()


def test_glaciers_are_selected_by_rule_with_a_reason(project: Path) -> None:
    study = run_study(load_project(project, ["terminus.select.smallest_km2=0.5"]), until="terminus")
    table = pd.read_csv(project.parent / "out" / "terminus" / "selection.csv").set_index("glac_id")
    assert study.done["terminus"].result["terminus"]["left_out"] == 1
    assert not table.loc["b", "chosen"]
    assert "smaller than 0.5" in table.loc["b", "reason"]


def test_joined_ice_is_divided_alike_in_all_periods(valley: Path, tmp_path: Path) -> None:
    """Two slopes that meet at a ridge: one outline becomes two glaciers that keep their ids."""
    geobox = GeoBox((120, 200), Affine(20, 0, 498_000, 0, -20, 4_201_200), UTM)
    columns = np.abs(np.arange(200) - 99.5)[None, :] * 20.0
    heights = 5200.0 - 0.35 * columns + 0 * np.arange(120)[:, None]
    write_raster(tmp_path / "ridge.tif", heights.astype(np.float32), geobox)
    periods = []
    for year, half in ((1990, 1500), (2020, 1300)):
        shape = shapely.box(500_000 - half, 4_199_500, 500_000 + half, 4_200_500)
        gpd.GeoDataFrame({"glac_id": ["joined"]}, geometry=[shape], crs=UTM).to_file(tmp_path / f"o{year}.gpkg")
        periods.append({"name": str(year), "first": year, "outlines": f"o{year}.gpkg"})
    content = {
        "name": "ridge",
        "output": "out",
        "dem": "ridge.tif",
        "periods": periods,
        "glaciers": {"divides": "draw"},
    }
    (tmp_path / "p.yaml").write_text(yaml.safe_dump(content))
    run_study(load_project(tmp_path / "p.yaml"), until="glaciers")
    table = pd.read_csv(tmp_path / "out" / "glaciers" / "attributes.csv")
    assert table.groupby("period")["glac_id"].apply(list).to_dict() == {
        1990: ["joined-01", "joined-02"],
        2020: ["joined-01", "joined-02"],
    }
    assert table.groupby("period")["area_km2"].sum().to_list() == pytest.approx([3.0, 2.6], rel=2e-3)
    assert table["area_km2"].to_numpy() == pytest.approx([1.5, 1.5, 1.3, 1.3], rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["glaciers", "outlines_1990.gpkg"], ChangeError, "no elevation model is given"),
        (["glaciers", "outlines_1990.gpkg", "--dem", "none.tif"], GridError, "none.tif"),
        (["glaciers", "none.gpkg", "--dem", "dem.tif"], OutlineError, "does not exist"),
        (["glaciers", "outlines_1990.gpkg", "--dem", "dem.tif", "--id", "name"], ChangeError, "no column 'name'"),
        (["terminus", "outlines_1990.gpkg"], ChangeError, "one date only"),
        (["terminus", "outlines_2020.gpkg", "outlines_1990.gpkg"], ChangeError, "in order of time"),
        (["terminus", "outlines_1990.gpkg", "outlines_2020.gpkg", "--date", "1990"], ChangeError, "1 dates are given"),
        (["terminus", "outlines_1990.gpkg", "outlines_2020.gpkg", "--method", "axis"], ChangeError, "axis"),
        (["terminus", "study.yaml", "outlines_2020.gpkg"], ChangeError, "stands alone"),
        (["terminus", "outlines_1990.gpkg", "outlines_2020.gpkg", "--set", "a=b"], ChangeError, "for a project file"),
        (
            ["terminus", "outlines_1990.gpkg", "outlines_2020.gpkg", "--direction", "S"],
            ChangeError,
            "--direction is 'S'",
        ),
        (["glaciers", "outlines_1990.gpkg", "--dem", "dem.tif", "--set", "a=b"], ChangeError, "for a project file"),
        (["glaciers", "outlines_1990.gpkg", "--dem", "elsewhere.tif"], GridError, "no outline lies on"),
    ],
)
def test_what_cannot_be_done_is_said(
    valley: Path,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    error: type[TrimlineError],
    message: str,
) -> None:
    monkeypatch.chdir(valley)
    if not Path("elsewhere.tif").exists():
        geobox = GeoBox((50, 50), Affine(20, 0, 700_000, 0, -20, 4_201_000), UTM)
        write_raster("elsewhere.tif", np.full((50, 50), 3000, np.float32), geobox)
    with pytest.raises(error, match=message):
        run(*arguments)


def test_glaciers_without_ids_are_found_by_their_ground(valley: Path, tmp_path: Path) -> None:
    for year in (1990, 2020):
        table = gpd.read_file(valley / f"outlines_{year}.gpkg")[["geometry"]]
        table.iloc[:: 1 if year == 1990 else -1].assign(ID=range(1, 3)).to_file(tmp_path / f"o_{year}.gpkg")
    run("terminus", tmp_path, "--method", "main_axis", "-o", tmp_path / "t")
    found = pd.read_csv(tmp_path / "t" / "terminus.csv", dtype={"glac_id": str})
    assert found["glac_id"].tolist() == ["0001", "0002"]
    assert found["retreat_m"].to_numpy() == pytest.approx(RETREAT_M, abs=10)
    out = tmp_path / "g"
    run("glaciers", tmp_path / "o_1990.gpkg", "--dem", valley / "dem.tif", "-o", out)
    assert len(pd.read_csv(out / "attributes.csv")) == 2


def test_fronts_of_one_glacier_need_a_direction(tmp_path: Path) -> None:
    for year, y in ((2019, 0), (2020, 300), (2021, 500)):
        front = shapely.LineString([(500_000, 4_000_000 + y), (501_000, 4_000_000 + y)])
        gpd.GeoDataFrame({"ID": [year]}, geometry=[front], crs=UTM).to_file(tmp_path / f"front_{year}.gpkg")
    with pytest.raises(ChangeError, match="which side is ice"):
        run("terminus", tmp_path, "-o", tmp_path / "t")
    found = json.loads(run("terminus", tmp_path, "--direction", "180", "-o", tmp_path / "t", "--json"))
    assert {row["method"]: row["retreat_m"] for row in found["terminus"]["means"]} == {
        "main_axis": pytest.approx(500, abs=1),
        "rectilinear_box": pytest.approx(500, abs=1),
    }
    assert len(pd.read_csv(tmp_path / "t" / "series.csv")["date"].unique()) == 3


def test_columns_that_differ_by_capitals_only_give_way(valley: Path, tmp_path: Path) -> None:
    table = gpd.read_file(valley / "outlines_1990.gpkg").assign(CenLat=1.0, Zmin=2, dem_source="COPDEM30")
    table.to_file(tmp_path / "rgi5.gpkg")
    run("glaciers", tmp_path / "rgi5.gpkg", "--dem", valley / "dem.tif", "--divide", "-o", tmp_path / "g")
    written = gpd.read_file(tmp_path / "g" / "attributes.gpkg")
    assert "CenLat" not in written
    assert (written["cenlat"] > 30).all()
    assert set(written["dem_source"]) == {"dem"}
