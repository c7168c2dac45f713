"""Terminus methods on glaciers whose change is known by construction."""

from __future__ import annotations

import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely.affinity import rotate
from shapely.geometry import LineString, Point, Polygon, box

from trimline.errors import ChangeError, OutlineError
from trimline.glaciers.terminus import TERMINUS_METHODS, retreat_by, terminus_change, terminus_series
from trimline.glaciers.terminus.drawing import draw_methods
from trimline.rasters import write_raster

CRS = "EPSG:32632"
X, Y = 500_000.0, 5_200_000.0


def glacier(length_m: float, bearing: float = 0.0, half_width_m: float = 300.0) -> Polygon:
    """Return a basin 2000 m wide with a tongue that ends `length_m` north of its middle, turned clockwise."""
    basin = box(X - 1000, Y - 1500, X + 1000, Y)
    tongue = box(X - half_width_m, Y - 10, X + half_width_m, Y + length_m)
    return rotate(basin.union(tongue), -bearing, origin=(X, Y))


def frame(*shapes: shapely.Geometry, ids: list[str] | None = None, **columns: object) -> gpd.GeoDataFrame:
    names = ids or [f"g{number}" for number in range(len(shapes))]
    return gpd.GeoDataFrame({"glac_id": names, **columns}, geometry=list(shapes), crs=CRS)


@pytest.mark.parametrize("method", TERMINUS_METHODS)
@pytest.mark.parametrize("later_m", [2600.0, 3400.0], ids=["retreat", "advance"])
def test_every_method_measures_a_straight_front_exactly(method: str, later_m: float) -> None:
    table = terminus_change(frame(glacier(3000)), frame(glacier(later_m)), method=method, directions={"g0": 0.0})
    row = table.iloc[0]
    assert row["retreat_m"] == pytest.approx(3000 - later_m, abs=1.0)
    assert row["status"] == ("retreat" if later_m < 3000 else "advance")
    assert row["end_found_by"] == "given direction"
    assert row.geometry.length == pytest.approx(400, abs=1.0)


@settings(max_examples=8, deadline=None)
@given(bearing=st.floats(0, 360), retreat=st.floats(30, 1500))
def test_the_change_does_not_depend_on_where_the_glacier_faces(bearing: float, retreat: float) -> None:
    table = terminus_change(
        frame(glacier(3000, bearing)), frame(glacier(3000 - retreat, bearing)), method="all", directions={"g0": bearing}
    )
    for method, found in zip(table["method"], table["retreat_m"], strict=True):
        # Distances that are carried over the width follow the bends of a centre line that was found on a grid.
        allowed = {"rel": 0.05, "abs": 8.0} if method == "extrapolated_centre_line" else {"rel": 0.01, "abs": 4.0}
        assert found == pytest.approx(retreat, **allowed), method
    assert table["methods_spread_m"].iloc[0] < 0.06 * retreat + 10


@settings(max_examples=8, deadline=None)
@given(cut=st.floats(100, 900), lean=st.floats(-0.8, 0.8))
def test_what_one_order_of_dates_calls_retreat_the_other_calls_as_large_an_advance(cut: float, lean: float) -> None:
    slanted = glacier(3000).difference(
        Polygon(
            [
                (X - 400, Y + 3000 - cut),
                (X + 400, Y + 3000 - cut + lean * cut),
                (X + 400, Y + 4000),
                (X - 400, Y + 4000),
            ]
        )
    )
    there = terminus_change(frame(glacier(3000)), frame(slanted), directions={"g0": 0.0})
    back = terminus_change(frame(slanted), frame(glacier(3000)), directions={"g0": 0.0})
    assert there["retreat_m"].iloc[0] == pytest.approx(-back["retreat_m"].iloc[0])
    assert there["retreat_m"].iloc[0] == pytest.approx(cut - lean * cut / 2, rel=0.01, abs=2.0)


def test_the_mean_of_a_slanted_front_and_its_spread_are_those_of_the_lines() -> None:
    slanted = glacier(3000).difference(
        Polygon([(X - 300, Y + 2400), (X + 300, Y + 3000), (X + 300, Y + 3100), (X - 300, Y + 3100)])
    )
    row = terminus_change(frame(glacier(3000)), frame(slanted), directions={"g0": 0.0}, spacing_m=10.0).iloc[0]
    assert row["retreat_m"] == pytest.approx(300, abs=6)
    assert row["spread_m"] == pytest.approx(600 / math.sqrt(12), rel=0.05)
    assert row["lines"] == row["lines_laid"] == pytest.approx(60, abs=1)


def test_geometry_alone_finds_the_end_that_retreats() -> None:
    for bearing in (0.0, 117.0, 250.0):
        row = terminus_change(frame(glacier(3000, bearing)), frame(glacier(2500, bearing))).iloc[0]
        assert row["end_found_by"] == "geometry"
        assert abs((row["direction_deg"] - bearing + 180) % 360 - 180) < 5
        assert row["retreat_m"] == pytest.approx(500, rel=0.03)


def test_a_redrawn_divide_is_no_terminus() -> None:
    neighbour = box(X - 1000, Y - 3000, X + 1000, Y - 1500)
    redrawn = glacier(2800).difference(box(X - 1000, Y - 1500, X + 1000, Y - 1100))
    before = frame(glacier(3000), neighbour, ids=["g0", "n"])
    row = terminus_change(before, frame(redrawn)).set_index("glac_id").loc["g0"]
    assert row["retreat_m"] == pytest.approx(200, rel=0.05)


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    """Give heights that fall by 0.1 m per metre towards the south."""
    grid = GeoBox((400, 300), Affine(30, 0, X - 4500, 0, -30, Y + 6000), CRS)
    northing = Y + 6000 - 30 * (np.arange(400) + 0.5)
    heights = np.repeat((3000 + 0.1 * (northing - Y))[:, None], 300, axis=1).astype(np.float32)
    path = tmp_path / "dem.tif"
    write_raster(path, heights, grid, driver="COG")
    return path


def test_heights_decide_the_end_and_give_the_rise_of_the_terminus(dem: Path) -> None:
    # The tongue points south, down the slope, but the wide basin lost more ground.
    before, after = glacier(3000, 180), glacier(2600, 180).difference(box(X - 1100, Y + 600, X + 1100, Y + 2000))
    row = terminus_change(frame(before), frame(after), dem, years=8, pixel_m=10).iloc[0]
    assert row["end_found_by"] == "DEM"
    assert row["retreat_m"] == pytest.approx(400, abs=3)
    assert row["retreat_m_per_a"] == pytest.approx(50, abs=0.5)
    assert row["terminus_before_m"] == pytest.approx(2700, abs=2)
    assert row["terminus_rise_m"] == pytest.approx(40, abs=1)


def test_a_given_point_and_a_given_line_decide_the_end() -> None:
    before, after = frame(glacier(3000)), frame(glacier(2600))
    by_point = terminus_change(before, after, points=frame(Point(X, Y + 3050))).iloc[0]
    line = frame(LineString([(X, Y - 1400), (X, Y + 3000)]))
    by_line = terminus_change(before, after, method="all", lines=line)
    assert (by_point["end_found_by"], by_line["end_found_by"].iloc[0]) == ("given point", "given line")
    assert by_point["retreat_m"] == pytest.approx(400, rel=0.02)
    assert by_line["retreat_m"].to_numpy() == pytest.approx(np.full(5, 400.0), rel=0.02)


def test_glaciers_that_vanish_appear_or_moved_away_have_a_row() -> None:
    away = shapely.affinity.translate(glacier(3000), 20_000, 0)
    before = frame(glacier(3000), glacier(3000), ids=["gone", "moved"])
    after = frame(away, glacier(3000), ids=["moved", "new"])
    table = terminus_change(before, after, method=["main_axis", "centre_line"]).set_index("glac_id")
    assert table.loc["gone", "status"].unique().tolist() == ["vanished"]
    assert table.loc["gone", "retreat_m"].to_numpy() == pytest.approx(4500, rel=0.15)
    assert table.loc["moved", "status"].unique().tolist() == ["no overlap"]
    assert table.loc["new", "status"].unique().tolist() == ["appeared"]
    assert table.loc[["moved", "new"], "retreat_m"].isna().all()


def test_split_and_detached_ice_and_lakes_are_named() -> None:
    detached = glacier(2000).union(box(X - 300, Y + 2200, X + 300, Y + 2600))
    split = glacier(3000).difference(box(X - 1100, Y - 700, X + 1100, Y - 600))
    before = frame(glacier(3000), shapely.affinity.translate(glacier(3000), 9000, 0), ids=["d", "s"], term_type=[2, 0])
    after = frame(detached, shapely.affinity.translate(split, 9000, 0), ids=["d", "s"])
    table = terminus_change(before, after, directions={"d": 0.0, "s": 0.0}).set_index("glac_id")
    assert table.loc["d", "conditions"] == "detached; lake front"
    assert table.loc["d", "retreat_m"] == pytest.approx(400, abs=2)
    assert table.loc["d", "main_part_retreat_m"] == pytest.approx(1000, abs=2)
    assert table.loc["s", "conditions"] == "split"
    assert table.loc["s", "status"] == "no change"


def test_parts_of_a_glacier_in_several_rows_are_one_glacier() -> None:
    whole = frame(glacier(2600))
    parts = frame(glacier(1000), box(X - 300, Y + 1000, X + 300, Y + 2600), ids=["g0", "g0"])
    first, second = (terminus_change(frame(glacier(3000)), each, directions={"g0": 0.0}) for each in (whole, parts))
    assert second["retreat_m"].iloc[0] == pytest.approx(first["retreat_m"].iloc[0])


def test_geographic_coordinates_are_measured_in_metres() -> None:
    before, after = (frame(glacier(length)).to_crs(4326) for length in (3000, 2600))
    table = terminus_change(before, after, method="all", directions={"g0": 0.0})
    assert table.crs == before.crs
    assert table["retreat_m"].to_numpy() == pytest.approx(np.full(5, 400.0), rel=0.01)


def front(at_m: float, left: float = -500.0, right: float = 500.0) -> LineString:
    return LineString([(X + left, Y + at_m), (X, Y + at_m + 40), (X + right, Y + at_m)])


def test_digitised_fronts_are_measured_by_all_methods_along_a_line() -> None:
    line = frame(LineString([(X, Y - 3000), (X, Y + 4000)]))
    table = terminus_change(frame(front(1000)), frame(front(700)), method="all", lines=line)
    assert table["retreat_m"].to_numpy() == pytest.approx(np.full(5, 300.0), abs=1.0)
    assert table["end_found_by"].unique().tolist() == ["given line"]


def test_fronts_in_a_box_need_a_direction() -> None:
    boxes = frame(box(X - 400, Y - 1000, X + 400, Y + 3000))
    with pytest.raises(ChangeError, match="which side is ice"):
        terminus_change(frame(front(1000)), frame(front(700)), method="rectilinear_box", boxes=boxes)
    row = terminus_change(
        frame(front(1000)), frame(front(700, -300, 300)), method="rectilinear_box", boxes=boxes, directions={"g0": 0.0}
    ).iloc[0]
    assert row["retreat_m"] == pytest.approx(300, abs=12)
    assert "prolonged" in row["conditions"]


def test_a_front_that_turns_back_over_the_side_of_a_box_counts_every_piece() -> None:
    boxes = frame(box(X - 400, Y, X + 400, Y + 3000))
    # A hook leaves the box on the right, returns, and cuts off a piece of open water of 100 m by 200 m behind it.
    hook = LineString(
        [
            (X - 500, Y + 2000),
            (X + 500, Y + 2000),
            (X + 500, Y + 1600),
            (X + 300, Y + 1600),
            (X + 300, Y + 1400),
            (X + 500, Y + 1400),
        ]
    )
    straight = LineString([(X - 500, Y + 2000), (X + 500, Y + 2000)])
    table = terminus_change(frame(straight), frame(hook), method="rectilinear_box", boxes=boxes, directions={"g0": 0.0})
    assert table["retreat_m"].iloc[0] == pytest.approx(100 * 200 / 800, abs=0.1)


def test_both_readings_of_the_published_error() -> None:
    row = terminus_change(frame(glacier(3000)), frame(glacier(2900)), years=(2016, 2022), pixel_m=10).iloc[0]
    assert row["whole_pixel_error_m_per_a"] == pytest.approx(2.36, abs=0.005)  # as printed
    assert row["half_pixel_error_m_per_a"] == pytest.approx(1.18, abs=0.005)  # as the formula stands


def test_a_change_below_the_error_is_called_none() -> None:
    row = terminus_change(frame(glacier(3000)), frame(glacier(2990)), pixel_m=30, directions={"g0": 0.0}).iloc[0]
    assert row["status"] == "no change"
    assert row["retreat_m"] == pytest.approx(10, abs=0.1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "bow"}, "no terminus method"),
        ({"years": (2020, 2010)}, "years after"),
        ({"pixel_m": -1}, "a pixel of"),
        ({"count": 0}, "positive"),
        ({"axis": "x"}, "an axis"),
    ],
)
def test_impossible_requests_are_errors_of_ours(change: dict[str, object], error: str) -> None:
    with pytest.raises(ChangeError, match=error):
        terminus_change(frame(glacier(3000)), frame(glacier(2900)), **change)  # type: ignore[arg-type]


def test_tables_without_crs_or_key_and_mixed_geometries_are_errors_of_ours() -> None:
    good = frame(glacier(3000))
    with pytest.raises(OutlineError, match="CRS"):
        terminus_change(good, good.set_crs(None, allow_override=True))
    with pytest.raises(ChangeError, match="glac_id"):
        terminus_change(good.rename(columns={"glac_id": "id"}), good)
    with pytest.raises(ChangeError, match="polygon at one date"):
        terminus_change(good, frame(front(1000)), directions={"g0": 0.0})


def test_a_series_is_measured_in_one_frame_and_sums_up() -> None:
    lengths = {2000: 3000.0, 2005: 2800.0, 2010: 2900.0, 2020: 2500.0}
    shapes = frame(*(glacier(each) for each in lengths.values()), ids=["g0"] * 4, src_year=list(lengths))
    other = frame(shapely.affinity.translate(glacier(2000), 9000, 0), ids=["h"], src_year=[2000])
    table = terminus_series(pd.concat([shapes, other]), method="all", directions={"g0": 0.0, "h": 0.0}, pixel_m=10)
    for _, rows in table[table["glac_id"] == "g0"].groupby("method"):
        assert rows["retreat_m"].to_numpy() == pytest.approx([0, 200, 100, 500], abs=2)
        assert rows["step_m"].to_numpy()[1:] == pytest.approx([200, -100, 400], abs=2)
        assert rows["status"].tolist() == ["first", "retreat", "advance", "retreat"]
    gone = table[(table["glac_id"] == "h") & (table["method"] == "main_axis")]
    assert gone["status"].tolist() == ["first", "vanished"]
    assert gone["date"].tolist() == [2000, 2005]


def test_classes_by_aspect_and_by_elevation() -> None:
    table = pd.DataFrame(
        {
            "glac_id": list("abcde"),
            "method": "main_axis",
            "retreat_m": [10.0, 30.0, 60.0, np.nan, 5000.0],
            "retreat_m_per_a": [1.0, 3.0, 6.0, np.nan, 500.0],
            "half_pixel_error_m_per_a": 1.18,
            "whole_pixel_error_m_per_a": 2.36,
            "terminus_before_m": [3550.0, 3599.0, 3610.0, 3620.0, 3630.0],
            "terminus_rise_m": [1.0, 3.0, 6.0, np.nan, np.nan],
            "direction_deg": [350.0, 10.0, 46.0, 90.0, 90.0],
            "status": ["retreat", "retreat", "retreat", "not measured", "vanished"],
        }
    )
    by_aspect = retreat_by(table, "aspect").set_index("class")
    assert by_aspect.index.tolist() == ["N", "NE", "all"]
    assert by_aspect.loc["N", "retreat_m_per_a"] == 2
    assert by_aspect.loc["all", "glaciers"] == 3
    by_height = retreat_by(table, "elevation").set_index("class")
    assert by_height["terminus_rise_m"].to_dict() == {"3500-3600": 2.0, "3600-3700": 6.0, "all": pytest.approx(10 / 3)}
    with pytest.raises(ChangeError, match="retreat by"):
        retreat_by(table, "size")  # type: ignore[arg-type]


def test_the_picture_of_the_methods_is_a_png(tmp_path: Path) -> None:
    draw_methods(tmp_path / "methods.png", frame(glacier(3000)), frame(glacier(2600)), "g0", directions={"g0": 0.0})
    assert (tmp_path / "methods.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ChangeError, match="both dates"):
        draw_methods(tmp_path / "none.png", frame(glacier(3000)), frame(glacier(2600)), "g7")


def test_a_glacier_of_which_nothing_is_known_has_not_vanished() -> None:
    before = frame(glacier(3000), shapely.affinity.translate(glacier(3000), 9000), ids=["kept", "other"])
    after = frame(glacier(2600), shapely.affinity.translate(glacier(3000), 18_000), ids=["kept", "later"])
    unknown = {"other": "unseen", "later": "not in period", "kept": "unseen"}
    table = terminus_change(before, after, unknown=unknown).set_index("glac_id")
    assert table["status"].to_dict() == {"kept": "retreat", "other": "unseen", "later": "not in period"}
    assert table.loc[["other", "later"], "retreat_m"].isna().all()


def test_a_series_ends_where_a_glacier_is_gone_and_nowhere_else() -> None:
    far = [shapely.affinity.translate(glacier(3000), 9000 * number) for number in range(3)]
    years = [1990.5, 1990.5, 1990.5, 2000.5, 2010.5]
    termini = frame(*far, far[0], far[0], ids=["kept", "gone", "unseen", "kept", "kept"], src_year=years)
    series = terminus_series(termini, gone={"gone": 2010.5})
    assert series.loc[series["status"] == "vanished", ["glac_id", "date"]].to_numpy().tolist() == [["gone", 2010.5]]


def test_a_hole_that_is_a_row_of_its_glacier_is_refused() -> None:
    both = frame(glacier(3000), box(X - 500, Y - 1000, X + 500, Y - 500), ids=["g0", "g0"])
    with pytest.raises(OutlineError, match="outline g0 has a part within another"):
        terminus_change(both, frame(glacier(2600)))
