"""Outlines come back from a file as they went in."""

from __future__ import annotations

import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import LineString, MultiPolygon, Polygon, box

from trimline.errors import OutlineError
from trimline.outlines import COLUMNS, area_km2, conform, read_outlines, write_outlines


@pytest.fixture
def outlines() -> gpd.GeoDataFrame:
    holed = Polygon(box(5e5, 3.79e6, 5.01e5, 3.791e6).exterior, [box(5.002e5, 3.7902e6, 5.004e5, 3.7904e6).exterior])
    two = MultiPolygon([box(5.02e5, 3.79e6, 5.03e5, 3.791e6), box(5.04e5, 3.79e6, 5.05e5, 3.791e6)])
    return gpd.GeoDataFrame(
        {"note": ["größer", None], "area_km2": [0.96, 2.0], "src_date": ["1986-08-12", "1986"]},
        geometry=[holed, two],
        crs=32646,
    )


@pytest.mark.parametrize("name", ["o.gpkg", "o.parquet", "o.shp"])
def test_what_was_written_is_read(name: str, outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_outlines(outlines, tmp_path / name)
    back = read_outlines(tmp_path / name)
    assert back.crs == outlines.crs
    assert back.geometry.geom_equals(outlines.geometry).all()
    assert back["note"].tolist()[0] == "größer"
    assert pd.isna(back["note"].tolist()[1])
    assert back["area_km2"].tolist() == [0.96, 2.0]


def test_geojson_is_longitude_and_latitude(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_outlines(outlines, tmp_path / "o.geojson")
    back = read_outlines(tmp_path / "o.geojson")
    assert back.crs == 4326
    assert area_km2(back) == pytest.approx(area_km2(outlines), rel=1e-3)


@pytest.mark.parametrize("name", ["o.gpkg", "o.parquet"])
def test_the_same_outlines_give_the_same_bytes(name: str, outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_outlines(outlines, tmp_path / "a" / name)
    time.sleep(1.1)  # a GeoPackage counts seconds
    write_outlines(outlines, tmp_path / "b" / name)
    assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_no_outlines_are_written_and_read_too(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    for name in ("o.gpkg", "o.parquet"):
        write_outlines(outlines[:0], tmp_path / name)
        back = read_outlines(tmp_path / name)
        assert len(back) == 0
        assert back.crs == outlines.crs
        assert "area_km2" in back.columns


def test_published_columns_come_first_and_have_their_types(outlines: gpd.GeoDataFrame) -> None:
    outlines = outlines.assign(
        area_km2=["0.96", "2"], src_date=pd.to_datetime(["1986-08-12", None]), glac_name=[1, np.nan]
    )
    conformed = conform(outlines)
    assert list(conformed.columns) == ["glac_name", "src_date", "area_km2", "note", "geometry"]
    assert conformed["area_km2"].dtype == np.float64
    assert conformed["src_date"].tolist() == ["1986-08-12T00:00:00", None]


def test_a_column_that_is_not_what_its_name_says_is_an_error(outlines: gpd.GeoDataFrame) -> None:
    with pytest.raises(OutlineError, match="area_km2"):
        conform(outlines.assign(area_km2=["large", "small"]))


@pytest.mark.parametrize("name", ["outlines.gpkg", "outlines.parquet"])
def test_a_column_under_its_former_name_is_read_under_the_present_one(
    name: str, outlines: gpd.GeoDataFrame, tmp_path: Path
) -> None:
    path = tmp_path / name
    write_outlines(outlines.assign(doubt_error_km2=0.25), path)
    read = read_outlines(path)
    assert (read["uncertain_error_km2"] == 0.25).all()
    assert "doubt_error_km2" not in read.columns


def test_a_file_with_both_names_of_a_column_keeps_both(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    path = tmp_path / "outlines.gpkg"
    write_outlines(outlines.assign(doubt_error_km2=0.25, uncertain_error_km2=0.5), path)
    read = read_outlines(path)
    assert (read["uncertain_error_km2"] == 0.5).all()
    assert (read["doubt_error_km2"] == 0.25).all()


def test_every_published_name_with_a_unit_carries_it() -> None:
    suffix = {"km2": "_km2", "km": "_km", "m": "_m"}
    for column in COLUMNS.values():
        if column.unit in suffix:
            assert column.name.endswith(suffix[column.unit])
        assert column.meaning


def test_names_that_a_shapefile_shortens_are_logged(
    outlines: gpd.GeoDataFrame, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_outlines(outlines.assign(perimeter_km=1.0), tmp_path / "o.shp")
    assert "perimeter_km" in caplog.text
    assert sorted(p.suffix for p in tmp_path.iterdir()) == [".cpg", ".dbf", ".prj", ".shp", ".shx"]


def test_a_failed_write_leaves_the_old_file(
    outlines: gpd.GeoDataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(_: gpd.GeoDataFrame, path: Path, **__: object) -> None:
        path.write_bytes(b"half of it")
        raise KeyboardInterrupt

    write_outlines(outlines, tmp_path / "o.gpkg")
    before = (tmp_path / "o.gpkg").read_bytes()
    monkeypatch.setattr("pyogrio.write_dataframe", write_half)
    with pytest.raises(KeyboardInterrupt):
        write_outlines(outlines, tmp_path / "o.gpkg")
    assert (tmp_path / "o.gpkg").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["o.gpkg"]


def test_what_is_no_polygon_is_not_written(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    lines = outlines.assign(geometry=outlines.boundary)
    with pytest.raises(OutlineError, match="2 of 2 outlines are no polygons"):
        write_outlines(lines, tmp_path / "o.gpkg")


def test_repairs_are_logged_when_reading(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bow_tie = Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    gpd.GeoDataFrame({"Name": ["Twisted"]}, geometry=[bow_tie], crs=32646).to_file(tmp_path / "o.gpkg")
    with caplog.at_level(logging.WARNING, "trimline"):
        outlines = read_outlines(tmp_path / "o.gpkg")
    assert outlines.is_valid.all()
    assert "o.gpkg: outline 0 (Twisted)" in caplog.text


def test_a_shapefile_without_prj_says_what_is_missing(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_outlines(outlines, tmp_path / "o.shp")
    (tmp_path / "o.prj").unlink()
    with pytest.raises(OutlineError, match=r"o\.shp(.|\n)*no CRS(.|\n)*\.prj"):
        read_outlines(tmp_path / "o.shp")


def test_several_layers_must_be_told_apart(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    outlines.to_file(tmp_path / "o.gpkg", layer="old")
    outlines[:1].to_file(tmp_path / "o.gpkg", layer="new")
    with pytest.raises(OutlineError, match=r"2 layers\nname one of them: old, new"):
        read_outlines(tmp_path / "o.gpkg")
    with pytest.raises(OutlineError, match="no layer 'olden'"):
        read_outlines(tmp_path / "o.gpkg", layer="olden")
    assert len(read_outlines(tmp_path / "o.gpkg", layer="new")) == 1


def test_further_layers_lie_in_a_geopackage_and_nowhere_else(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    clouds = outlines[:1].drop(columns=["area_km2", "src_date"])
    write_outlines(outlines, tmp_path / "o.gpkg", further={"not_seen": clouds})
    assert len(read_outlines(tmp_path / "o.gpkg")) == 2, "what is not seen is no outline"
    assert len(read_outlines(tmp_path / "o.gpkg", layer="not_seen")) == 1
    with pytest.raises(OutlineError, match="room for one layer"):
        write_outlines(outlines, tmp_path / "o.parquet", further={"not_seen": clouds})
    assert not (tmp_path / "o.parquet").exists()


@pytest.mark.parametrize("name", ["o.gpkg", "o.parquet", "o.shp"])
def test_what_is_no_vector_file_is_an_error(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"this is not a vector file")
    with pytest.raises(OutlineError, match="cannot be read"):
        read_outlines(tmp_path / name)
    with pytest.raises(OutlineError, match="does not exist"):
        read_outlines(tmp_path / "absent.gpkg")


def test_a_table_without_geometry_is_an_error(tmp_path: Path) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "o.parquet")
    with pytest.raises(OutlineError, match="GeoParquet"):
        read_outlines(tmp_path / "o.parquet")


def test_a_file_of_lines_is_an_error(tmp_path: Path) -> None:
    gpd.GeoDataFrame(geometry=[LineString([(0, 0), (1, 1)])], crs=32646).to_file(tmp_path / "lines.gpkg")
    with pytest.raises(OutlineError, match="holds no polygon"):
        read_outlines(tmp_path / "lines.gpkg")


def test_an_unknown_suffix_is_an_error(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    with pytest.raises(OutlineError, match=r"\.xyz"):
        write_outlines(outlines, tmp_path / "o.xyz")


def test_threads_that_write_at_the_same_time_write_the_same_bytes(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    many = pd.concat([outlines] * 50, ignore_index=True)

    def write(number: int) -> bytes:
        path = tmp_path / str(number) / "o.gpkg"
        write_outlines(many, path)
        return path.read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(write, range(40)))) == 1


def test_a_shapefile_says_a_fixed_date_and_cuts_names_as_gdal_does(outlines: gpd.GeoDataFrame, tmp_path: Path) -> None:
    named = outlines.assign(perimeter_km=1.0, perimeter_m=2.0)
    write_outlines(named, tmp_path / "ours.shp")
    assert (tmp_path / "ours.dbf").read_bytes()[1:4] == bytes([70, 1, 1]), "1970-01-01"
    with pytest.warns(RuntimeWarning, match="laundered"):
        pyogrio.write_dataframe(conform(named), tmp_path / "gdal.shp", driver="ESRI Shapefile")
    ours, gdal = (pyogrio.read_info(tmp_path / name)["fields"].tolist() for name in ("ours.shp", "gdal.shp"))
    assert ours == gdal


def test_a_geopackage_does_not_tell_how_often_it_was_written_to(tmp_path: Path) -> None:
    """GDAL makes more transactions of a layer on some days than on others, and SQLite counts them in the header."""
    square = gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[box(0, 0, 100, 100)], crs=32646)
    write_outlines(square, tmp_path / "a.gpkg")
    write_outlines(square, tmp_path / "b.gpkg", further={"not_seen": square})
    headers = [(tmp_path / name).read_bytes()[:100] for name in ("a.gpkg", "b.gpkg")]
    for header in headers:
        assert header[24:28] == header[92:96] == (1).to_bytes(4, "big")
    with closing(sqlite3.connect(tmp_path / "b.gpkg")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
