"""Dates of outlines: as they are written, and as names of files hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from trimline.change.dates import OutlineDate, date_of_file, parse_date
from trimline.errors import ChangeError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1966", OutlineDate("1966", 1966, 1966)),
        ("1850", OutlineDate("1850", 1850, 1850)),
        ("1840-1860", OutlineDate("1840-1860", 1840, 1860)),
        ("1986 - 1988", OutlineDate("1986-1988", 1986, 1988)),
        ("2015-08-31", OutlineDate("2015-08-31", 2015, 2015, "2015-08-31")),
        ("2015-08", OutlineDate("2015-08", 2015, 2015, "2015-08")),
        ("20150831", OutlineDate("2015-08-31", 2015, 2015, "2015-08-31")),
        ("20159999", OutlineDate("2015", 2015, 2015)),
        ("20150899", OutlineDate("2015-08", 2015, 2015, "2015-08")),
        ("2015-08-31T10:20:00", OutlineDate("2015-08-31", 2015, 2015, "2015-08-31")),
        ("Little Ice Age:1850", OutlineDate("Little Ice Age", 1850, 1850)),
        ("Little Ice Age: 1840-1860", OutlineDate("Little Ice Age", 1840, 1860)),
    ],
)
def test_a_date_is_a_year_a_span_or_a_day_with_or_without_a_name(text: str, found: OutlineDate) -> None:
    assert parse_date(text) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("LIA", "no date"),
        ("-50", "no date"),
        ("0050", "too early"),
        ("2999", "in the future"),
        ("1988-1986", "not in order"),
        ("2015-02-30", "no day"),
        ("20150230", "no day"),
        ("20150001", "no day"),
        ("-9999999", "no date"),
        ("19", "no date"),
        ("", "no date"),
    ],
)
def test_what_is_no_date_is_refused_and_the_option_is_named(text: str, message: str) -> None:
    with pytest.raises(ChangeError, match=message) as caught:
        parse_date(text)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("outlines_1966.geojson", "1966"),
        ("GI1850.shp", "1850"),
        ("2012/2012_polygon.shp", "2012"),
        ("1989/glaciers.shp", "1989"),
        ("glaciers_20180823.gpkg", "2018-08-23"),
        ("glaciers_2018-08-23.gpkg", "2018-08-23"),
        ("EPSG_2056_1973.parquet", "1973"),
        ("sgi_2016.gpkg", "2016"),
    ],
)
def test_the_year_of_a_file_is_in_its_name_or_its_folders(path: str, name: str) -> None:
    assert date_of_file(Path(path)).name == name


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("change_1966_2015.shp", "several years: 1966, 2015"),
        ("x/outlines_lia.geojson", "neither its name"),
        ("x/glaciers_3456.shp", "neither its name"),
        ("x/epsg2056.shp", "neither its name"),
        ("x/LC08_139036.shp", "neither its name"),
    ],
)
def test_a_name_without_one_year_is_no_date(path: str, message: str) -> None:
    with pytest.raises(ChangeError, match=message) as caught:
        date_of_file(Path(path))
    assert "--date" in str(caught.value)
