"""The sheet of a glacier holds what is known of it, on one page, and says what is not."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely

from trimline.change import glacier_areas
from trimline.errors import ChangeError
from trimline.files import sha256
from trimline.glaciers.elevation import open_models
from trimline.report.glacier_sheet import GlacierTables, decimal_years, draw_glacier_sheet

PERIODS = ("2000", "2010", "2020")


@pytest.fixture
def tables() -> GlacierTables:
    """Return a glacier of three dates, `kept`, and one that is gone at the last, `gone`."""
    rows = []
    for number, period in enumerate(PERIODS):
        for name, x in (("kept", 5e5), ("gone", 5.1e5)):
            if name == "kept" or number < 2:
                shape = shapely.box(x, 4.8e6 + 300 * number, x + 800, 4.803e6)
                year = 2000.7 + 10 * number
                rows.append({"glac_id": name, "period": period, "src_year": year, "geometry": shape})
    outlines = gpd.GeoDataFrame(rows, geometry="geometry", crs=32645).assign(subregion="all")
    attributes = pd.DataFrame(outlines.drop(columns="geometry")).assign(
        area_km2=outlines.area / 1e6, zmin_m=[4000.0, 4100.0, 4050.0, np.nan, 4090.0], slope_deg=12.34,
        dem_source="A_VERY_LONG_NAME_OF_A_MODEL", termlon=-87.123456, surge_type=pd.NA,
        src_date=pd.Timestamp("2000-08-15"),
    )  # fmt: skip
    bands = pd.concat(
        [
            pd.DataFrame({
                "glac_id": row.glac_id, "period": row.period, "band_lower_m": [4000.0, 4050.0, 4150.0, np.nan],
                "band_upper_m": [4050.0, 4100.0, 4200.0, np.nan], "area_km2": [1.0, 0.5, 0.3, 0.2],
                "uncertainty_km2": 0.1,
            })
            for row in outlines.itertuples()
        ]
    )  # fmt: skip
    lines = gpd.GeoDataFrame(
        outlines[["glac_id", "period"]],
        geometry=[shapely.LineString([(x, 4.8029e6), (x, 4.8009e6)]) for x in outlines.centroid.x],
        crs=32645,
    )
    series = pd.DataFrame({
        "glac_id": ["kept"] * 3 + ["gone"] * 2, "method": "main_axis", "date": [2000.7, 2010.7, 2020.7, 2010.7, 2020.7],
        "retreat_m": [0.0, 300.0, 600.0, 0.0, np.nan], "half_pixel_error_m": 7.1,
        "status": ["first", "retreat", "retreat", "first", "vanished"],
    })  # fmt: skip
    areas = glacier_areas(outlines, pixel_m=30.0)
    return GlacierTables(outlines, areas, attributes, lines, bands, series, {"kept": "Example Glacier"})


def words_of(written: list[Path]) -> str:
    return written[1].read_text(encoding="utf-8")


def test_a_sheet_is_one_page_with_everything_on_it(tmp_path: Path, tables: GlacierTables) -> None:
    written = draw_glacier_sheet(tmp_path / "kept", "kept", tables)
    words = words_of(written)
    for each in (
        "Example Glacier (kept)", ">2000<", ">2010<", ">2020<", "flow line 2020", "lowest point, m", ">4000<", ">4090<",
        ">12.3<", "−87.1235", "A_VERY_L…A_MODEL", "2000-08-15", "area by elevation, 2000 and 2020", "elevation, m",
        "glacier area, km²", "terminus since the first date, m", "main axis", "without height", "equal-area plane",
    ):  # fmt: skip
        assert each in words, each
    assert "surge type" not in words, "attributes that no date has are left out"
    assert "no outline" not in words
    height, width, _ = matplotlib.image.imread(written[0]).shape
    assert height / width == pytest.approx(11.69 / 8.27, abs=0.01)


def test_a_vanished_glacier_says_since_when(tmp_path: Path, tables: GlacierTables) -> None:
    words = words_of(draw_glacier_sheet(tmp_path / "gone", "gone", tables))
    assert "no outline in 2020" in words
    assert "vanished by 2020.7" in words
    assert "area by elevation, 2000 and 2010" in words


def test_what_is_not_known_takes_no_room(tmp_path: Path, tables: GlacierTables) -> None:
    outlines = tables.outlines.drop(columns=["period", "src_year"]).drop_duplicates("glac_id")
    words = words_of(draw_glacier_sheet(tmp_path / "kept", "kept", GlacierTables(outlines)))
    assert ">outline<" in words
    for each in ("attributes", "elevation, m", "glacier area", "terminus", "no series"):
        assert each not in words, each
    words = words_of(draw_glacier_sheet(tmp_path / "kept", "kept", GlacierTables(outlines, tables.areas)))
    assert "glacier area" in words
    assert "terminus" not in words


def test_a_glacier_without_heights_has_a_sheet(tmp_path: Path, tables: GlacierTables) -> None:
    assert tables.hypsometry is not None
    nowhere = tables.hypsometry.assign(band_lower_m=np.nan, band_upper_m=np.nan)
    empty = tables.outlines[["glac_id", "period", "geometry"]].copy()
    empty.geometry = [shapely.LineString()] * len(empty)
    bare = GlacierTables(tables.outlines, tables.areas, None, empty, nowhere)
    words = words_of(draw_glacier_sheet(tmp_path / "kept", "kept", bare))
    assert "no heights on this glacier" in words
    assert "flow line" not in words


def test_an_unknown_glacier_is_an_error(tmp_path: Path, tables: GlacierTables) -> None:
    with pytest.raises(ChangeError, match="no outline of this glacier"):
        draw_glacier_sheet(tmp_path / "a", "nobody", tables)


def test_the_same_tables_give_the_same_bytes(tmp_path: Path, tables: GlacierTables) -> None:
    one, other = (draw_glacier_sheet(tmp_path / name, "kept", tables) for name in "ab")
    assert [sha256(path) for path in one] == [sha256(path) for path in other]


def test_dates_are_decimal_years() -> None:
    assert decimal_years(pd.Series([1999.5])).tolist() == [1999.5]
    assert decimal_years(pd.Series(["2019-01-01", "2020-07-02"])) == pytest.approx([2019.0, 2020.5], abs=1e-6)


def test_a_real_glacier_has_a_sheet(trimline_data: Path, tmp_path: Path) -> None:
    folder = trimline_data / "swiss_inventory"
    years = {year: gpd.read_parquet(folder / f"{year}.parquet") for year in (1973, 2010, 2016)}
    rows = [
        each[each["sgi_id"] == "A54g-03"]
        .dissolve("sgi_id")
        .reset_index()
        .assign(period=str(year), src_year=float(year))
        for year, each in years.items()
    ]
    outlines = gpd.GeoDataFrame(pd.concat(rows, ignore_index=True), crs=2056).rename(columns={"sgi_id": "glac_id"})
    outlines.geometry = outlines.geometry.make_valid()
    outlines["subregion"] = "all"
    heights, step = [], 100.0
    for row in outlines.itertuples():
        x, y = (each.ravel() for each in np.meshgrid(*(np.arange(a, b, 50.0) for a, b in _sides(row.geometry))))
        inside = shapely.contains_xy(row.geometry, x, y)
        points = np.column_stack([x, y])[inside]
        found = np.full(len(points), np.nan)
        for model in open_models(folder / "dem"):
            part = model.read(row.geometry.bounds, outlines.crs)
            found = found if part is None else np.fmax(found, part.at(points, outlines.crs))
        band, count = np.unique(np.floor(found / step) * step, return_counts=True)
        heights.append(pd.DataFrame({
            "glac_id": row.glac_id, "period": row.period, "band_lower_m": band, "band_upper_m": band + step,
            "area_km2": count * 0.0025, "uncertainty_km2": count * 0.00025,
        }))  # fmt: skip
    attributes = rows[-1][["area_km2", "zmin_m", "zmax_m", "zmed_m", "slope_deg", "period"]].assign(glac_id="A54g-03")
    areas = glacier_areas(outlines, pixel_m=30.0)
    sheet = GlacierTables(outlines, areas, attributes, None, pd.concat(heights), None, {"A54g-03": "Lauteraar"})
    words = words_of(draw_glacier_sheet(tmp_path / "sheet", "A54g-03", sheet))
    assert "Lauteraar (A54g-03)" in words
    assert "middle at 46.5" in words
    assert f">{attributes['zmed_m'].iloc[0]:.0f}<" in words


def _sides(shape: shapely.Geometry) -> tuple[tuple[float, float], tuple[float, float]]:
    west, south, east, north = shape.bounds
    return (west, east), (south, north)
