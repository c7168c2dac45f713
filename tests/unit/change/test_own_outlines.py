"""Outlines that one has already, read into one table: ids, parts, regions, repairs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from trimline.change import OwnPeriod, read_own_outlines
from trimline.errors import ChangeError, OutlineError

UTM = "EPSG:32632"
X, Y = 500_000, 5_200_000


def square(x: float, width: float = 1000.0) -> shapely.Polygon:
    return shapely.box(X + x, Y, X + x + width, Y + 1000)


def write(path: Path, rows: list[dict[str, Any]], crs: str = UTM) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = gpd.GeoDataFrame(rows, crs=UTM).to_crs(crs)
    frame.to_parquet(path) if path.suffix == ".parquet" else frame.to_file(path)
    return path


def of(date: int, *files: Path, **where: str) -> OwnPeriod:
    return OwnPeriod(str(date), date + 0.5, files, where)


TWO = [{"name": "a", "geometry": square(0)}, {"name": "b", "geometry": square(3000)}]
LATER = [{"name": "b", "geometry": square(3000, 800)}, {"name": "a", "geometry": square(0, 900)}]


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "shp", "parquet", "fgb"])
def test_any_format_in_any_crs_gives_one_table(tmp_path: Path, suffix: str) -> None:
    periods = [
        of(1970, write(tmp_path / f"one.{suffix}", TWO, "EPSG:4326")),
        of(1980, write(tmp_path / "two.gpkg", LATER)),
    ]
    read = read_own_outlines(periods)
    assert read.ids == "name"
    found = sorted(zip(read.outlines["glac_id"], read.outlines["period"], strict=True))
    assert found == [("a", "1970"), ("a", "1980"), ("b", "1970"), ("b", "1980")]
    assert read.outlines.crs == "EPSG:4326"
    assert read.repairs.empty


def test_rows_of_one_glacier_are_joined(tmp_path: Path) -> None:
    rows = [*TWO, {"name": "a", "geometry": square(1500, 500)}]
    read = read_own_outlines([of(1970, write(tmp_path / "a.gpkg", rows)), of(1980, write(tmp_path / "b.gpkg", LATER))])
    first = read.outlines[read.outlines["period"] == "1970"].set_index("glac_id")
    assert first["parts"].to_dict() == {"a": 2, "b": 1}
    assert first.loc["a", "geometry"].area == pytest.approx(1.5e6)


def test_ids_that_do_not_agree_with_the_ground_are_passed_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Numbers of rows are no ids, though their column be called so."""
    one = [{"id": k, "geometry": row["geometry"]} for k, row in enumerate(TWO)]
    other = [{"id": k, "geometry": row["geometry"]} for k, row in enumerate(LATER)]
    periods = [of(1970, write(tmp_path / "a.gpkg", one)), of(1980, write(tmp_path / "b.gpkg", other))]
    with caplog.at_level(logging.INFO, "trimline"):
        read = read_own_outlines(periods)
    assert read.ids == "overlap"
    assert read.outlines["glac_id"].tolist() == ["0001", "0002", "0002", "0001"]
    assert "passed over: 'id' (0 of 2 ids of 1970 and 1980 share ground)" in caplog.text
    assert read_own_outlines(periods, id_column="id").outlines["glac_id"].tolist() == ["0", "1", "0", "1"]


def test_a_file_may_hold_several_dates(tmp_path: Path) -> None:
    rows = [{**row, "year": 1970} for row in TWO] + [{**row, "year": 1980} for row in LATER]
    path = write(tmp_path / "all.gpkg", rows)
    read = read_own_outlines([of(1970, path, year="1970"), of(1980, path, year="1980")])
    assert read.outlines["period"].tolist() == ["1970", "1970", "1980", "1980"]
    with pytest.raises(ChangeError, match="no outline belongs to 1990: none whose year is 1990"):
        read_own_outlines([of(1970, path, year="1970"), of(1990, path, year="1990")])


def test_glaciers_belong_to_the_region_of_most_of_their_first_outline(tmp_path: Path) -> None:
    regions = gpd.GeoDataFrame(
        {"title": ["west", "east"]}, geometry=[square(-5000, 5900), square(900, 10_000)], crs=UTM
    ).to_crs(4326)
    periods = [of(1970, write(tmp_path / "a.gpkg", TWO)), of(1980, write(tmp_path / "b.gpkg", LATER))]
    read = read_own_outlines(periods, regions=regions)
    assert dict(zip(read.outlines["glac_id"], read.outlines["subregion"], strict=True)) == {"a": "west", "b": "east"}
    read = read_own_outlines(periods, regions=regions[:1])
    assert set(read.outlines["subregion"]) == {"west", "outside the regions"}


def test_repairs_are_reported_with_the_areas(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bow = shapely.Polygon([(X, Y), (X + 1000, Y + 1000), (X + 1000, Y), (X, Y + 1000)])
    rows = [{"name": "a", "geometry": bow}, TWO[1]]
    read = read_own_outlines([of(1970, write(tmp_path / "a.gpkg", rows)), of(1980, write(tmp_path / "b.gpkg", LATER))])
    (repair,) = read.repairs.to_dict("records")
    assert (repair["period"], repair["outline"]) == ("1970", "0")
    assert repair["after_km2"] == pytest.approx(0.5, rel=1e-3)
    assert repair["before_km2"] < 0.01
    assert "made valid, 0.5" in caplog.text


def test_two_files_of_a_date_may_not_outline_the_same_ground(tmp_path: Path) -> None:
    one, same = write(tmp_path / "a.gpkg", TWO), write(tmp_path / "same.gpkg", TWO)
    other = write(tmp_path / "b.gpkg", LATER)
    assert len(read_own_outlines([of(1970, one, same), of(1980, other)]).outlines) == 4
    with pytest.raises(ChangeError, match="that another file outlines too"):
        read_own_outlines([of(1970, one, other), of(1980, other)])


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.gpkg", TWO), write(tmp_path / "b.gpkg", LATER)
    with pytest.raises(ChangeError, match="no column 'sgi_id'"):
        read_own_outlines([of(1970, one), of(1980, other)], id_column="sgi_id")
    with pytest.raises(ChangeError, match="no such file"):
        read_own_outlines([of(1970, one), of(1980, tmp_path / "absent.gpkg")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ChangeError, match="holds no outlines"):
        read_own_outlines([of(1970, one), of(1980, tmp_path / "empty")])
    (tmp_path / "bad.geojson").write_text("{}")
    with pytest.raises(OutlineError):
        read_own_outlines([of(1970, one), of(1980, tmp_path / "bad.geojson")])


@pytest.mark.parametrize("name", ["hole", "part"])
def test_a_hole_that_is_a_row_of_its_glacier_is_refused(tmp_path: Path, name: str) -> None:
    hole = shapely.box(X + 300, Y + 300, X + 700, Y + 700)
    if name == "part":  # a multipolygon that holds it
        hole = shapely.MultiPolygon([hole, square(6000)])
    rows = [*TWO, {"name": "a", "geometry": hole}]
    periods = [of(1970, write(tmp_path / "a.gpkg", rows)), of(1980, write(tmp_path / "b.gpkg", LATER))]
    with pytest.raises(OutlineError, match=r"1970: outline a has a part within another: a hole, or ground") as caught:
        read_own_outlines(periods, id_column="name")
    assert "outlined twice" in str(caught.value)


def test_two_days_of_one_glacier_in_one_period_are_refused(tmp_path: Path) -> None:
    rows = [
        {"name": "a", "when": "2000-03-01", "geometry": square(0)},
        {"name": "a", "when": "2000-08-13", "geometry": square(0, 900)},
    ]
    file = write(tmp_path / "one.gpkg", rows)
    early = OwnPeriod("2000", 2000.5, [file], {"when": ["2000-03-01", "2000-08-13"]})
    with pytest.raises(ChangeError, match="several days of 2000, as rows 0 and 1"):
        read_own_outlines([early, of(2010, write(tmp_path / "two.gpkg", TWO))])


def test_the_first_outline_without_an_id_is_named(tmp_path: Path) -> None:
    rows = [{"name": name, "geometry": square(3000 * k)} for k, name in enumerate(["a", None, ""])]
    periods = [of(1970, write(tmp_path / "one.gpkg", rows)), of(1980, write(tmp_path / "two.gpkg", TWO))]
    with pytest.raises(ChangeError, match="2 of 3 outlines have no 'name', the first in row 1"):
        read_own_outlines(periods, id_column="name")
