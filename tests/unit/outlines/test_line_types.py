"""What GLIMS says that a polygon is decides what is ice."""

from __future__ import annotations

import logging
from pathlib import Path

import geopandas as gpd
import pytest
from shapely.geometry import Polygon, box

from trimline.errors import OutlineError
from trimline.outlines import area_km2, check, read_outlines
from trimline.outlines.line_types import glaciers_of
from trimline.report.glims import write_glims

HERE, THERE = (500_000, 5_000_000, 502_000, 5_002_000), (510_000, 5_000_000, 512_000, 5_002_000)
ROCK = box(500_500, 5_000_500, 501_100, 5_001_100)
LAKE = box(499_000, 5_000_000, 499_500, 5_000_500)
DEBRIS = box(501_200, 5_000_000, 501_600, 5_000_400)


def glims(*rows: tuple[str, str | None, Polygon], column: str = "line_type", **columns: object) -> gpd.GeoDataFrame:
    ids, types, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"glac_id": ids, column: types, **columns}, geometry=list(shapes), crs=32632)


@pytest.mark.parametrize("column", ["line_type", "LINE_TYPE", "Line_Type"])
@pytest.mark.parametrize("holed", [False, True])
def test_rock_is_cut_out_and_what_is_no_glacier_left_out(
    column: str, holed: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    boundary = box(*HERE).difference(ROCK) if holed else box(*HERE)
    rows = [("G1", "glac_bound", boundary), ("G1", "intrnl_rock", ROCK), ("G1", "debris_cov", DEBRIS)]
    rows += [("G3", "pro_lake", LAKE), ("G1", "supra_lake", DEBRIS), ("G1", "basin_bound", box(*HERE).buffer(900))]
    glims(*rows, column=column).to_file(tmp_path / "o.shp")
    with caplog.at_level(logging.INFO, "trimline"):
        read = read_outlines(tmp_path / "o.shp")
    assert read.geometry.area.tolist() == pytest.approx([3.64e6])
    assert "4 rows are no glaciers: 1 basin_bound (basins), 1 debris_cov" in caplog.text
    assert "1 polygons of rock are cut out of 1 glaciers" in caplog.text


def test_rock_without_the_id_of_its_glacier_is_cut_where_it_lies() -> None:
    rows = [("G1", "glac_bound", box(*HERE)), ("G2", "glac_bound", box(*THERE)), ("", "intrnl_rock", ROCK)]
    assert glaciers_of(glims(*rows)).geometry.area.tolist() == pytest.approx([3.64e6, 4e6])


def test_rock_is_cut_out_of_the_outline_of_its_own_date() -> None:
    rows = [("G1", "glac_bound", box(*HERE)), ("G1", "glac_bound", box(*HERE)), ("G1", "intrnl_rock", ROCK)]
    dated = glims(*rows, anlys_id=[1, 2, 2], src_date=["1990", "2000", "2000"])
    assert glaciers_of(dated).geometry.area.tolist() == pytest.approx([4e6, 3.64e6])


def test_rock_in_no_glacier_is_told(caplog: pytest.LogCaptureFixture) -> None:
    glaciers_of(glims(("G1", "glac_bound", box(*HERE)), ("G1", "intrnl_rock", LAKE)))
    assert "1 polygons of rock lie in no glacier" in caplog.text


@pytest.mark.parametrize(
    ("types", "message"),
    [
        (("glac_bound", "solid"), "holds 'solid', which GLIMS does not know"),
        (("glac_bound", None), "outline 1 has no 'line_type'"),
        (("pro_lake", "debris_cov"), "holds no glacier: its 'line_type' says debris_cov, pro_lake"),
    ],
)
def test_types_that_say_nothing_of_ice_are_an_error(types: tuple[str, str | None], message: str) -> None:
    with pytest.raises(OutlineError, match=message):
        glaciers_of(glims(("G1", types[0], box(*HERE)), ("G1", types[1], LAKE)))


def test_a_file_without_the_column_or_with_an_empty_one_is_as_it_is() -> None:
    plain = gpd.GeoDataFrame({"a": [1]}, geometry=[box(*HERE)], crs=32632)
    assert glaciers_of(plain) is plain
    empty = glims(("G1", None, box(*HERE)))
    assert glaciers_of(empty) is empty


def test_our_own_set_for_glims_is_read_with_the_areas_that_were_written(tmp_path: Path) -> None:
    holed = box(*HERE).difference(ROCK)
    outlines = gpd.GeoDataFrame(
        {"glac_id": ["a", "b", "a"], "period": ["1990", "1990", "2000"]},
        geometry=[holed, box(*THERE), box(*HERE)],
        crs=32632,
    )
    write_glims(outlines, tmp_path / "glims")
    read = read_outlines(tmp_path / "glims" / "glims_polygons.shp")
    assert area_km2(read) == pytest.approx(area_km2(outlines), rel=1e-6)
    assert check(read)[1] == [] or all(each.kind == "overlap" for each in check(read)[1])
