"""Maps keep the scale of the ground, show true north, and leave holes open."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import matplotlib.image
import numpy as np
import pandas as pd
import pytest
import shapely
from matplotlib.figure import Figure
from pyproj import CRS

from trimline.report.map_frame import draw_lines, draw_polygons, frame_around, within, write_words
from trimline.report.period_colours import colour_of_year, colours_of, periods_of


def square(x: float, y: float, side: float, crs: int = 32645) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[shapely.box(x, y, x + side, y + side)], crs=crs)


def test_a_kilometre_on_the_ground_is_a_kilometre_on_the_map() -> None:
    outlines = square(5e5, 4.8e6, 1000.0).to_crs(4326)
    frame = frame_around(outlines)
    west, south, east, north = shapely.total_bounds(frame.shapes(outlines))
    assert (east - west, north - south) == pytest.approx((1.0, 1.0), rel=2e-3)
    assert frame.bounds_km[0] < west < east < frame.bounds_km[2]
    assert south - frame.bounds_km[1] > frame.bounds_km[3] - north, "a strip at the foot is left for the scale bar"


def test_a_map_takes_in_tables_of_several_crs_and_passes_over_empty_ones() -> None:
    one, other = square(5e5, 4.8e6, 1000.0), square(5.2e5, 4.8e6, 1000.0).to_crs(3857)
    frame = frame_around(one, None, one.iloc[:0], other)
    assert frame.bounds_km[2] - frame.bounds_km[0] == pytest.approx(21 * (1 + 2 * 0.04), rel=5e-3)


def test_a_map_of_nothing_is_a_kilometre_wide() -> None:
    assert frame_around(None).bounds_km[2] == pytest.approx(0.54)


@pytest.mark.parametrize(
    ("code", "x", "y", "degrees"),
    [
        (3413, 1e6, -1e6, -45.0),  # at 0 degrees of longitude, 45 from the middle meridian
        (3413, 0.0, -1e6, 0.0),
        (3031, 0.0, 1e6, 0.0),
        (3031, 1e6, 0.0, 90.0),
    ],
)
def test_the_arrow_shows_true_north(code: int, x: float, y: float, degrees: float) -> None:
    frame = within(CRS.from_epsg(code), (x - 500, y - 500, x + 500, y + 500))
    assert frame.north_deg == pytest.approx(degrees, abs=0.05)


def test_the_crs_is_named() -> None:
    assert within(CRS.from_epsg(32645), (0, 0, 1e3, 1e3)).words == "EPSG:32645"
    assert frame_around(square(5e5, 4.8e6, 1e3)).words.startswith("equal-area plane, middle at 43.357° N, 87.006° E")
    assert frame_around(square(-70.1, -50.1, 0.2, 4326)).words == "equal-area plane, middle at 50.000° S, 70.000° W"


@pytest.mark.parametrize("turned", [False, True])
def test_holes_stay_open_whichever_way_their_rings_run(tmp_path: Path, turned: bool) -> None:
    hole = shapely.box(3, 3, 7, 7).exterior
    holed = shapely.Polygon(shapely.box(0, 0, 10, 10).exterior, [hole.reverse() if turned else hole])
    figure = Figure(figsize=(1, 1), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    draw_polygons(axes, np.array([holed, shapely.Polygon()], object), facecolor="black", linewidth=0)
    axes.set(xlim=(0, 10), ylim=(0, 10))
    figure.savefig(tmp_path / "a.png", dpi=100)
    picture = matplotlib.image.imread(tmp_path / "a.png")[..., 0]
    assert picture[50, 50] == 1.0
    assert picture[10, 10] == 0.0


def test_lines_are_those_of_rings_and_of_lines() -> None:
    axes = Figure().add_subplot()
    holed = shapely.Point(0, 0).buffer(2).difference(shapely.Point(0, 0).buffer(1))
    drawn = draw_lines(axes, np.array([holed, shapely.LineString([(0, 0), (1, 1)]), shapely.LineString()], object))
    assert len(drawn.get_paths()) == 3


def test_missing_geometries_are_empty() -> None:
    table = square(5e5, 4.8e6, 1000.0)
    frame = frame_around(table)
    assert frame.shapes(gpd.GeoSeries([None, table.geometry.iloc[0]], crs=table.crs))[0].is_empty


def test_words_alone_are_a_figure(tmp_path: Path) -> None:
    written = write_words(tmp_path / "none", "nothing to draw")
    assert [path.suffix for path in written] == [".png", ".svg"]
    assert "nothing to draw" in written[1].read_text(encoding="utf-8")


def test_periods_are_in_order_of_their_years_or_else_of_rows() -> None:
    table = pd.DataFrame({"period": ["b", "a", "b"], "src_year": [2001.0, 1999.5, 2000.0]})
    assert periods_of(table) == ["a", "b"]
    assert periods_of(table.drop(columns="src_year")) == ["b", "a"]
    assert periods_of(table.drop(columns="period")) == [""]
    assert periods_of(table.iloc[:0]) == [""]


def test_colours_of_periods_run_as_those_of_years() -> None:
    colours = colours_of(["first", "middle", "last"])
    assert colours["first"] == colour_of_year(1990.0, 1990.0, 2000.0)
    assert colours["last"] == colour_of_year(2000.0, 1990.0, 2000.0)
    assert colour_of_year(1990.0, 1990.0, 1990.0) == colours_of(["only"])["only"]
