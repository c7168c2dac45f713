"""Our areas beside published ones, and the relative errors of a published comparison."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimline.change import COMPARISON_COLUMNS, compare_published, read_published
from trimline.errors import ChangeError

# Region, year, the previous study's area, the present one's, and the relative error as printed.
TABLE_VI = [
    ("a", 1992, 109.21, 112.45, "2.97"),
    ("a", 2001, 102.80, 107.00, "4.09"),
    ("a", 2010, 99.34, 96.59, "2.77"),
    ("a", 2009, 103.52, 102.09, "1.38"),
    ("b", 1994, 196.14, 195.72, "0.21"),
    ("b", 2002, 192.81, 192.36, "0.23"),
    ("b", 2010, 191.44, 191.27, "0.09"),
    ("b", 2007, 188.80, 189.90, "0.58"),
    ("c", 1992, 869.17, 864.12, "0.58"),
    ("c", 2002, 846.81, 856.04, "1.09"),
    ("c", 2007, 845.17, 845.44, "0.03"),
    ("d", 2018, 613.90, 608.42, "0.89"),
    ("d", 2007, 612.48, 613.15, "0.11"),
]


def table(rows: list[tuple[str, str, float]]) -> pd.DataFrame:
    columns = pd.DataFrame(rows, columns=["part", "period", "area_km2"])
    return columns.assign(uncertainty_km2=1.0, src_year=2000.0)


def published(*rows: tuple[str, int, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["region", "year", "area_km2"]).assign(source="somebody")


@pytest.mark.parametrize(("region", "year", "theirs", "ours", "printed"), TABLE_VI)
def test_relative_errors_are_those_of_table_vi(
    region: str, year: int, theirs: float, ours: float, printed: str
) -> None:
    """Chen and others (2022) compare the period that holds the year."""
    first = 1986 + 3 * ((year - 1986) // 3)
    found = compare_published(published((region, year, theirs)), table([(region, f"{first}-{first + 2}", ours)]))
    assert f"{found['relative_error_percent'].item():.2f}" == printed
    assert np.sign(found["difference_percent"].item()) == np.sign(ours - theirs)


def test_a_year_is_compared_with_the_period_that_holds_it() -> None:
    ours = table([("a", "1986-1988", 10.0), ("a", "1989-1991", 9.0)])
    found = compare_published(published(("a", 1988, 10.5), ("a", 1989, 12.0)), ours)
    assert tuple(found.columns) == COMPARISON_COLUMNS
    assert found["period"].tolist() == ["1986-1988", "1989-1991"]
    assert found["within_uncertainty"].tolist() == [True, False]
    assert found["difference_percent"].tolist() == pytest.approx([-100 / 21, -25])


def test_what_cannot_be_compared_says_why() -> None:
    ours = table([("a", "1986-1988", np.nan), ("b", "1989-1991", 1.0)])
    found = compare_published(published(("a", 1987, 1.0), ("c", 1987, 1.0), ("a", 1950, 1.0), ("a", 1990, 1.0)), ours)
    assert found["note"].tolist() == [
        "'a' was not seen in 1986-1988",
        "there is no part 'c'",
        "no period holds 1950",
        "'a' has no area in 1989-1991",
    ]
    assert found["relative_error_percent"].isna().all()
    assert found["within_uncertainty"].isna().all()


def test_a_year_in_two_periods_is_refused() -> None:
    with pytest.raises(ChangeError, match="1988 lies in 1986-1988 and in 1988-1990"):
        compare_published(published(("a", 1988, 1.0)), table([("a", "1986-1988", 1.0), ("a", "1988-1990", 1.0)]))


def test_published_areas_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text("\ufeffsource, region, area_km2, year\nJiang 2012, b, 196.14, 1994\n", encoding="utf-8")
    assert read_published(path).to_dict("records") == [
        {"region": "b", "year": 1994, "area_km2": 196.14, "source": "Jiang 2012"}
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("region,year,area_km2\na,1994,1\n", "lacks the column 'source'"),
        ("region,year,area_km2,source\na,1994,-1,x\n", r"line 2: 'area_km2' is '-1'"),
        ("region,year,area_km2,source\na,1994,1,x\na,MCMXCIV,1,x\n", r"line 3: 'year' is 'MCMXCIV'"),
        ("region,year,area_km2,source\n", "no published area"),
    ],
)
def test_a_file_that_is_wrong_is_a_named_error(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "published.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ChangeError, match=message):
        read_published(path)
    with pytest.raises(ChangeError, match="does not exist"):
        read_published(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("region,year,area_km2,source\nÖtztal,2006,116.1,A\n".encode("cp1252"), r"not in UTF-8 .*\n.*CSV UTF-8"),
        ("region,year,area_km2,source\nÖtztal,2006,116.1,A\n".encode("utf-16"), r"UTF-16"),
        (b"region;year;area_km2;source\nA;2006;116,1;B\n", r"separated by semicolons\n.*decimal commas"),
        (b"region\tyear\tarea_km2\tsource\nA\t2006\t116.1\tB\n", "separated by tabs"),
        (b"region,year,area_km2,source\nA,2006.5,116.1,B\n", r"line 2: 'year' is '2006.5'\n.*whole year"),
        (b"region,year,area_km2,source\nA,1e300,116.1,B\n", "'year' is '1e300'"),
        (b"region,year,area_km2,source\nA,2006,116,1,B\n", r"line 2: has more than 4 fields\n.*point"),
        (b'region,year,area_km2,source\nA,2006,"116,1",B\n', r"'area_km2' is '116,1'\n.*decimal point"),
        (b"region,year,area_km2,source\n" + b"A" * 200_000 + b",2006,1,B\n", "cannot be read .field larger"),
    ],
)
def test_a_table_that_a_spreadsheet_saved_otherwise_is_an_error(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "published.csv").write_bytes(content)
    with pytest.raises(ChangeError, match=message):
        read_published(tmp_path / "published.csv")


def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    (tmp_path / "published.csv").write_text("region,year,area_km2,source\nA,2006,1,B\n", encoding="utf-8-sig")
    assert read_published(tmp_path / "published.csv")["region"].tolist() == ["A"]
