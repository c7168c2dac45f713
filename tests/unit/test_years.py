"""Columns of years: decimal years, dates of RGI 6.0 and 7.0, and numbers that are no years."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from trimline.change import changes, glacier_areas, lineage, totals
from trimline.errors import ChangeError, OutlineError
from trimline.outlines import conform
from trimline.years import decimal_years

AUGUST = 2000 + 213.5 / 366
"""Noon of 1 August 2000."""


def column(values: object) -> pd.Series:
    return pd.Series(values)


@pytest.mark.parametrize(
    ("values", "years"),
    [
        ([1850.0, 2010.5], [1850.0, 2010.5]),
        ([2000, 2010], [2000.0, 2010.0]),
        (["2000", " 2010.5 "], [2000.0, 2010.5]),
        ([20000801.0], [AUGUST]),
        ([20000801, 20009999, 20000899], [AUGUST, 2000.5, 2000 + 228.5 / 366]),
        (["20000801", "2000-08-01", "2000-08-01T10:11:12Z"], [AUGUST] * 3),
        (["2000-08"], [2000 + 228.5 / 366]),
        (pd.to_datetime(["2000-08-01", None]), [AUGUST, np.nan]),
        (pd.to_datetime(["2000-08-01 12:00"], utc=True), [AUGUST]),
        (pd.array([2000, pd.NA], dtype="Int64"), [2000.0, np.nan]),
        ([None, "2000"], [np.nan, 2000.0]),
        ([], []),
    ],
)
def test_a_date_is_read_as_what_the_column_holds(values: object, years: list[float]) -> None:
    assert decimal_years(column(values)) == pytest.approx(years, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize(
    "value",
    [
        *(-9999999, -9999999.0, 0, 19, 999, 9999, 20001301, 20000099, 20000231, 99990101, 1e30, np.inf, -np.inf),
        *("LIA", "2000-02-30", "2000-13", "1988-00-01", "", "nan", "-2000", True, 10**30),
    ],
)
def test_what_is_no_year_is_refused_with_the_column_and_the_value(value: object) -> None:
    shown = str(value).removesuffix(".0")
    with pytest.raises(ChangeError) as caught:
        decimal_years(column([value, 2000.5] if isinstance(value, float) else [value]), "BgnDate", ChangeError)
    assert caught.value.what == f"the column 'BgnDate' holds '{shown}', which is no year"
    assert "20009999" in str(caught.value.remedy)


@given(st.floats(allow_nan=False) | st.integers() | st.text(max_size=12) | st.dates().map(str))
def test_every_value_is_a_year_of_the_field_or_an_error(value: object) -> None:
    try:
        (year,) = decimal_years(column([value]))
    except OutlineError:
        return
    assert 1000 <= year < 2101


def two_dates(years: object) -> gpd.GeoDataFrame:
    boxes = [shapely.box(10 + 0.02 * k, 46, 10.01 + 0.02 * k - wide, 46.01) for wide in (0, 0.005) for k in range(2)]
    keys = {"glac_id": list("abab"), "period": list("ppqq"), "subregion": "all", "src_year": years}
    return gpd.GeoDataFrame(keys, geometry=boxes, crs=4326)


@pytest.mark.parametrize(
    "years",
    [
        [2000.5, 2000.5, 2010.5, 2010.5],
        [20000801.0, 20000801.0, 20100801.0, 20100801.0],
        pd.to_datetime(["2000-08-01"] * 2 + ["2010-08-01"] * 2),
        ["2000-08-01"] * 2 + ["2010-08-01T00:00:00"] * 2,
    ],
)
def test_the_rate_is_over_ten_years_however_the_dates_are_written(years: object) -> None:
    row = changes(totals(glacier_areas(two_dates(years)), ["region"]), [("p", "q")]).iloc[0]
    assert row["years"] == pytest.approx(10, abs=0.01)
    assert row["rate_km2_per_a"] == pytest.approx(-0.0861, abs=1e-4)


def test_no_table_of_change_is_made_of_numbers_that_are_no_years() -> None:
    wrong = two_dates([-9999999.0, 2000.5, 2010.5, 2010.5])
    for measure in (glacier_areas, lineage):
        with pytest.raises(ChangeError, match="'src_year' holds '-9999999'"):
            measure(wrong)
    areas = glacier_areas(two_dates([2000.5, 2000.5, 2010.5, 2010.5]))
    with pytest.raises(ChangeError, match="'src_year' holds '-9999999'"):
        totals(areas.assign(src_year=[-9999999.0, 2000.5, 2010.5, 2010.5]))


def test_files_get_decimal_years_and_not_nanoseconds() -> None:
    frame = two_dates(pd.to_datetime(["2000-08-01"] * 4))
    assert conform(frame)["src_year"].tolist() == pytest.approx([AUGUST] * 4)
    with pytest.raises(OutlineError, match="'src_year' holds 'LIA'"):
        conform(two_dates(["LIA"] * 4))
