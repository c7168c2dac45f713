"""Columns of other people's files can be written in every format, and are read back."""

from __future__ import annotations

import logging
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from packaging.version import Version
from shapely.geometry import box

from trimline.errors import OutlineError
from trimline.outlines import read_outlines, write_outlines

READS_LISTS = Version(pyogrio.__version__) >= Version("0.12")
SUFFIXES = (".gpkg", ".parquet", ".geojson", ".shp")


def frame(**columns: Any) -> gpd.GeoDataFrame:
    shapes = [box(500_000, 5e6, 501_000, 5.001e6), box(502_000, 5e6, 503_000, 5.001e6)]
    return gpd.GeoDataFrame({"RGIId": ["1", "2"], "Name": ["A", "B"], **columns}, geometry=shapes, crs=32632)


CASES = {
    "fid repeated": frame(fid=[1, 1]),
    "fid of a shapefile": frame(fid=[1.0, 2.0]),
    "fid as text": frame(fid=["a", "b"]),
    "FID": frame(FID=[7, 7]),
    "capitals": frame(name=["q", "r"], NAME=["s", "t"]),
    "geom": frame(geom=["q", "r"]),
    "durations": frame(x=pd.to_timedelta([1, 2], "D")),
    "mixed": frame(x=[1, "a"]),
    "bytes": frame(x=[b"\x00\xff", None]),
    "lists": frame(x=[[1, 2], None]),
    "maps": frame(x=[{"a": 1}, {}]),
    "decimals": frame(x=[Decimal("1.5"), Decimal("2")]),
    "days": frame(x=[pd.Timestamp("2001-02-03").date(), None]),
    "months": frame(x=pd.period_range("2001-02", periods=2, freq="M")),
    "complex": frame(x=[1j, 2j]),
    "categories": frame(x=pd.Categorical(["a", "b"])),
    "large integers": frame(x=np.array([2**64 - 1, 0], np.uint64)),
    "larger integers": frame(x=[10**30, 1]),
    "half precision": frame(x=np.array([1, 2], np.float16)),
    "missing integers": frame(x=pd.array([1, None], dtype="Int8")),
    "missing booleans": frame(x=pd.array([True, None], dtype="boolean")),
    "zones": frame(x=pd.to_datetime(["2001-02-03T04:05:06Z", None])),
    "half a character": frame(x=pd.Series(["a\udc80", "b\0c"], dtype="object")),
    "number as name": frame().assign(**{"y": [1, 2]}).rename(columns={"y": 5}),
    "no name": frame(**{"": [1, 2]}),
}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("case", CASES)
def test_any_column_is_written_and_read_back(case: str, suffix: str, tmp_path: Path) -> None:
    if case == "lists" and suffix == ".geojson" and not READS_LISTS:
        pytest.skip("pyogrio reads lists from 0.12 on; an older one says that it leaves them out")
    outlines = CASES[case]
    write_outlines(outlines, tmp_path / f"o{suffix}")
    read = read_outlines(tmp_path / f"o{suffix}")
    assert len(read) == 2
    assert read.shape[1] == outlines.shape[1]
    assert read["Name"].tolist() == ["A", "B"]
    if suffix == ".gpkg":
        write_outlines(read, tmp_path / "again.gpkg")
        assert read_outlines(tmp_path / "again.gpkg").columns.tolist() == read.columns.tolist()


def test_what_is_changed_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "trimline"):
        write_outlines(frame(fid=[1, 1], name=["q", "r"], x=[1, "a"]), tmp_path / "o.gpkg")
    assert "fid is fid_2, name is name_2" in caplog.text
    assert "written as text: x" in caplog.text


@pytest.mark.parametrize("dtype", ["str", object])
def test_text_that_is_missing_in_a_row_is_text_still(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, dtype: object
) -> None:
    with caplog.at_level(logging.INFO, "trimline"):
        write_outlines(frame(note=pd.Series(["q", None], dtype=dtype)), tmp_path / "o.gpkg")
    assert "written as text" not in caplog.text


def test_a_second_geometry_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_outlines(frame().assign(centre=lambda each: each.centroid), tmp_path / "o.gpkg")
    assert "further geometries are left out: centre" in caplog.text
    assert "centre" not in read_outlines(tmp_path / "o.gpkg")


def test_a_published_column_twice_is_an_error(tmp_path: Path) -> None:
    twice = frame(glac_id=["a", "b"], x=["c", "d"]).rename(columns={"x": "glac_id"})
    with pytest.raises(OutlineError, match="'glac_id' stands twice"):
        write_outlines(twice, tmp_path / "o.gpkg")


def test_integers_beyond_a_column_of_counts_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(OutlineError, match="'utm_zone'"):
        write_outlines(frame(utm_zone=[10**30, 1]), tmp_path / "o.gpkg")


NAMES = st.one_of(
    st.sampled_from(
        ["fid", "FID", "geom", "geometry", "Geometry", "id", "name", "rowid", "ogc_fid", "perimeter_of_it"]
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=14),
)
TEXT = st.text("abcåß冰'\" ;", min_size=1, max_size=9).map("x{}x".format)
VALUES = st.one_of(
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=2, max_size=2),
    st.lists(TEXT, min_size=2, max_size=2),
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=2, max_size=2),
    st.lists(st.booleans(), min_size=2, max_size=2),
)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(NAMES, VALUES), max_size=5), st.sampled_from(SUFFIXES))
def test_round_trip_of_any_columns(columns: list[tuple[str, list[Any]]], suffix: str) -> None:
    assume(sum(name == "geometry" for name, _ in columns) < 2)  # geopandas holds one
    table = pd.concat([pd.Series(values, name=name) for name, values in columns], axis=1) if columns else None
    shapes = frame().geometry
    outlines = gpd.GeoDataFrame(table, geometry=shapes.to_numpy(), crs=32632) if table is None else _with(table, shapes)
    with TemporaryDirectory() as folder:
        write_outlines(outlines, Path(folder) / f"o{suffix}")
        read = read_outlines(Path(folder) / f"o{suffix}")
    if suffix == ".shp" and not columns:  # a table without columns gets one of numbers
        read = read.drop(columns="FID")
    assert read.shape[1] == len(columns) + 1
    if suffix != ".shp":  # its numbers have a width, and its booleans are numbers or letters
        by_place = [read.iloc[:, place].tolist() for place in range(len(columns))]
        assert by_place == [values for _, values in columns]


def _with(table: pd.DataFrame, shapes: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Return a frame whose columns may have any names, beside a geometry called `shape of it`."""
    outlines = gpd.GeoDataFrame(table.reset_index(drop=True))
    outlines.insert(len(outlines.columns), "shape of it", shapes.to_numpy(), allow_duplicates=True)
    return outlines.set_geometry("shape of it", crs=32632)
