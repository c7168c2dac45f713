"""Area by elevation band and aspect: exact on planes, adding up to the whole, with the fringe's share as error."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from trimline.change import glacier_areas
from trimline.errors import ChangeError
from trimline.glaciers import aspects, band_totals, change_by_band, hypsometry
from trimline.outlines import area_km2

LONGITUDE, LATITUDE = 9.0, 46.0
UTM = CRS(32632)

ModelOf = Callable[..., Path]
Change = Callable[[np.ndarray], None] | None
X, Y = Transformer.from_crs(4326, UTM, always_xy=True).transform(LONGITUDE, LATITUDE)
SCALE = 0.9996
"""Of UTM on its central meridian."""


def outlines_of(
    *boxes: tuple[float, float, float, float], period: str = "2016", year: float = 2016.6
) -> gpd.GeoDataFrame:
    """Return rectangles by west, south, east and north from a point [m on the map]."""
    shapes = [shapely.box(X + w, Y + s, X + e, Y + n) for w, s, e, n in boxes]
    columns = {"glac_id": [f"g{i}" for i in range(len(boxes))], "period": period, "subregion": "all", "src_year": year}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM)


@pytest.fixture
def ramp(ground: SimpleNamespace, tmp_path: Path) -> ModelOf:
    """Write ground that falls by half a metre per metre of the map, and return its path; 3000 m at the point."""

    def write(towards: str = "south", change: Change = None, pixel_m: float = 30.0) -> Path:
        pixels = round(3600 / pixel_m)
        geobox = ground.grid(UTM, LONGITUDE, LATITUDE, pixel_m, pixels)
        columns, rows = np.meshgrid(np.arange(pixels) + 0.5, np.arange(pixels) + 0.5)
        x, y = geobox.affine * (columns, rows)
        along = (y - Y) if towards == "south" else (X - x)
        heights = (3000 + 0.5 * along).astype(np.float32)
        if change is not None:
            change(heights)
        return ground.write_model(tmp_path / "ramp.tif", heights, geobox)

    return write


def test_bands_of_a_ramp_are_strips_of_its_width(ramp: ModelOf) -> None:
    # 600 m wide, from 2900 to 3150 m: a band of 50 m is 100 m long, not a whole number of pixels. Contours along the
    # rows are the worst case: each band is wrong by half of a quarter of a pixel, 7.5 m, at each end.
    table = hypsometry(outlines_of((-300, -200, 300, 300)), ramp(), 50)
    assert table["band_lower_m"].tolist() == [2850, 2900, 2950, 3000, 3050, 3100, 3150]
    inner = table.iloc[1:-1]
    assert inner["area_km2"].to_numpy() == pytest.approx(0.06 / SCALE**2, rel=0.075)
    assert table["area_km2"].iloc[[0, -1]].to_numpy() == pytest.approx(0, abs=0.001)
    assert (table["band_upper_m"] - table["band_lower_m"] == 50).all()


def test_finer_ground_gives_strips_as_exact_as_one_likes(ramp: ModelOf) -> None:
    table = hypsometry(outlines_of((-300, -200, 300, 300)), ramp(pixel_m=5.0), 50)
    inner = table[(table["band_lower_m"] >= 2900) & (table["band_upper_m"] <= 3150)]
    assert inner["area_km2"].to_numpy() == pytest.approx(0.06 / SCALE**2, rel=0.006)


def test_the_error_of_a_band_is_the_fringe_that_lies_in_it(ramp: ModelOf) -> None:
    table = hypsometry(outlines_of((-300, -200, 300, 300)), ramp(pixel_m=5.0), 50, pixel_m=30).set_index("band_lower_m")
    # Half of outer minus inner: 15 m on both sides of 100 m; below the lowest band, half the ring of 15 m and its
    # corners.
    assert table["uncertainty_km2"].loc[3000] == pytest.approx(2 * 100 * 15 / 1e6 / SCALE, rel=0.02)
    assert table["uncertainty_km2"].loc[2850] == pytest.approx(0.5 * (600 * 15 + np.pi * 15**2 / 2) / 1e6, rel=0.05)


@given(
    st.lists(
        st.tuples(*[st.floats(-1500, 1400), st.floats(-1500, 1400), st.floats(20, 900), st.floats(20, 900)]),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from([25.0, 50.0, 100.0]),
)
@settings(max_examples=10, deadline=None)
def test_bands_and_sectors_add_up_to_the_glacier_and_glaciers_to_the_region(
    ground: SimpleNamespace,
    tmp_path_factory: pytest.TempPathFactory,
    given_boxes: list[tuple[float, float, float, float]],
    step_m: float,
) -> None:
    geobox = ground.grid(UTM, LONGITUDE, LATITUDE, 45.0, 60)  # too small for all of them: ground without height
    random = np.random.default_rng(1)
    heights = (ground.plane(geobox, LONGITUDE, LATITUDE, 20, 200) + random.normal(0, 15, (60, 60))).astype(np.float32)
    heights[random.random((60, 60)) < 0.05] = -32768
    path = ground.write_model(tmp_path_factory.mktemp("dem") / "dem.tif", heights, geobox)
    taken, boxes = shapely.Polygon(), []
    for w, s, dx, dy in given_boxes:
        new = shapely.box(w, s, w + dx, s + dy)
        if not new.intersects(taken):
            boxes.append(new.bounds)
            taken = taken.union(new)
    outlines = outlines_of(*boxes)
    areas = glacier_areas(outlines, pixel_m=30).set_index("glac_id")
    for table in (hypsometry(outlines, path, step_m, threads=1), aspects(outlines, path, threads=1)):
        sums = table.groupby("glac_id")[["area_km2", "share", "uncertainty_km2"]].sum()
        assert sums["area_km2"].to_numpy() == pytest.approx(area_km2(outlines), rel=1e-12)
        assert sums["share"].to_numpy() == pytest.approx(1)
        expected = areas.loc[sums.index, "uncertainty_outline_km2"].to_numpy()
        assert sums["uncertainty_km2"].to_numpy() == pytest.approx(expected, rel=1e-4)
        totals = band_totals(table)
        assert totals["area_km2"].sum() == pytest.approx(area_km2(outlines).sum(), rel=1e-12)
        assert totals["share"].sum() == pytest.approx(1)


def test_neighbours_share_a_border_that_does_not_move(ramp: ModelOf) -> None:
    dem = ramp()
    whole, parts = outlines_of((-300, -300, 300, 300)), outlines_of((-300, -300, 0, 300), (0, -300, 300, 300))
    one, two = (band_totals(hypsometry(each, dem)) for each in (whole, parts))
    assert two["area_km2"].to_numpy() == pytest.approx(one["area_km2"].to_numpy(), abs=1e-9)
    assert two["uncertainty_km2"].to_numpy() == pytest.approx(one["uncertainty_km2"].to_numpy(), abs=1e-7)


def test_ground_without_height_is_a_row_of_its_own(ramp: ModelOf, caplog: pytest.LogCaptureFixture) -> None:
    def hole(heights: np.ndarray) -> None:
        heights[60:63, 60:64] = -32768

    outlines = outlines_of((-300, -300, 300, 300))
    with caplog.at_level(logging.WARNING):
        table = hypsometry(outlines, ramp(change=hole))
    last = table.iloc[-1]
    assert np.isnan(last["band_lower_m"])
    assert last["area_km2"] == pytest.approx(12 * 0.0009 / SCALE**2, rel=1e-4)
    assert table["band_lower_m"].isna().sum() == 1
    assert "have no height or aspect" in caplog.text
    off = hypsometry(outlines.translate(50_000).to_frame("geometry").assign(glac_id="far"), ramp())
    assert off["area_km2"].tolist() == pytest.approx([0.36], rel=0.01)
    assert off["uncertainty_km2"].iloc[0] == pytest.approx(0.036, rel=0.02)
    assert off["dem_source"].tolist() == [None]
    assert not {"period", "src_year"} & set(off.columns)


@pytest.mark.parametrize(("towards", "sector"), [("south", "S"), ("east", "E")])
def test_all_of_a_ramp_faces_the_way_that_it_falls(ramp: ModelOf, towards: str, sector: str) -> None:
    table = aspects(outlines_of((-300, -300, 300, 300)), ramp(towards))
    assert table["sector"].tolist() == [sector]
    assert table["aspect_sec"].tolist() == [{"S": 5, "E": 3}[sector]]


def test_level_ground_has_no_sector(ramp: ModelOf) -> None:
    def level(heights: np.ndarray) -> None:
        heights[:] = 3000

    table = aspects(outlines_of((-300, -300, 300, 300)), ramp(change=level))
    assert table["sector"].tolist() == [None]
    assert table["aspect_sec"].isna().all()
    assert table["share"].tolist() == [1]


def test_a_cone_faces_all_ways_alike(ground: SimpleNamespace, tmp_path: Path) -> None:
    geobox = ground.grid(UTM, LONGITUDE, LATITUDE, 30.0, 101)
    east, north = ground.local_metres(geobox, LONGITUDE, LATITUDE)
    path = ground.write_model(tmp_path / "cone.tif", (4000 - 0.5 * np.hypot(east, north)).astype(np.float32), geobox)
    disc = gpd.GeoDataFrame({"glac_id": ["g"]}, geometry=[shapely.Point(X, Y).buffer(1200, quad_segs=64)], crs=UTM)
    table = aspects(disc.to_crs(4326), path)
    assert table["share"].to_numpy() == pytest.approx(1 / 8, abs=0.004)
    heights = hypsometry(disc, path, 100).set_index("band_lower_m")
    # From 3800 down to 3500 m the bands are rings 200 m wide.
    edges = np.array([400, 600, 800, 1000])
    assert heights["area_km2"].loc[[3700, 3600, 3500]].to_numpy() == pytest.approx(
        np.pi * (edges[1:] ** 2 - edges[:-1] ** 2) / 1e6, rel=0.01
    )


def test_errors_of_map_and_unseen_ground_are_spread_by_area(ramp: ModelOf) -> None:
    plain = outlines_of((-300, -300, 300, 300))
    with_errors = plain.assign(uncertain_error_km2=0.03, unseen_error_km2=0.04)
    one, two = (hypsometry(each, ramp()) for each in (plain, with_errors))
    expected = np.hypot(one["uncertainty_km2"], one["share"] * 0.05)
    assert two["uncertainty_km2"].to_numpy() == pytest.approx(expected.to_numpy())


@pytest.mark.parametrize("step_m", [0, -50, np.inf, np.nan])
def test_a_step_that_is_no_height_is_refused(ramp: ModelOf, step_m: float) -> None:
    with pytest.raises(ChangeError, match="step_m"):
        hypsometry(outlines_of((0, 0, 50, 50)), ramp(), step_m)


@pytest.fixture
def shrinking(ramp: ModelOf) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return bands and aspects of two glaciers; the first loses 100 m at its lower end, the second vanishes."""
    first = outlines_of((-300, -200, 300, 300), (500, -200, 600, 0), period="1973", year=1973.7)
    last = outlines_of((-300, -100, 300, 300), period="2010", year=2010.7)
    both = pd.concat([first, last], ignore_index=True)
    dem = ramp(pixel_m=5.0)
    return hypsometry(both, dem), aspects(both, dem)


def test_what_melts_below_is_lost_there(shrinking: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = change_by_band(shrinking[0], "1973", "2010").set_index("band_lower_m")
    assert table["change_km2"].loc[2900] == pytest.approx(-0.07 / SCALE**2, rel=0.02)
    assert table["change_percent"].loc[2900] == pytest.approx(-100, abs=2)
    assert table["rate_percent_per_a"].loc[2900] == pytest.approx(-100 / 37, abs=0.1)
    assert table["rate_km2_per_a"].loc[2900] == pytest.approx(table["change_km2"].loc[2900] / 37)
    assert not table["within_error"].loc[2900]
    assert table["change_km2"].loc[3050] == pytest.approx(0, abs=1e-9)
    assert table["within_error"].loc[3050]
    assert table["change_km2"].sum() == pytest.approx(-0.08 / SCALE**2, rel=1e-3)
    assert table["change_error_km2"].loc[3050] == pytest.approx(np.sqrt(2) * 0.003, rel=0.02)
    assert change_by_band(shrinking[0], "1973", "2010", correlation=1).set_index("band_lower_m")[
        "change_error_km2"
    ].loc[3050] == pytest.approx(0, abs=1e-9)


def test_glaciers_of_one_period_only_are_not_compared_one_by_one(shrinking: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = change_by_band(shrinking[0], "1973", "2010", per_glacier=True)
    assert table["glac_id"].unique().tolist() == ["g0"]
    assert table["change_km2"].sum() == pytest.approx(-0.06 / SCALE**2, rel=1e-3)


def test_change_by_aspect_has_the_sectors(shrinking: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    table = change_by_band(shrinking[1], "1973", "2010", years="label")
    assert table["sector"].tolist() == ["S"]
    assert table["years"].tolist() == [37]
    assert table["area_first_km2"].iloc[0] - table["area_last_km2"].iloc[0] == pytest.approx(0.08 / SCALE**2, rel=1e-3)


def test_changes_that_cannot_be_are_refused(shrinking: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    bands = shrinking[0]
    with pytest.raises(ChangeError, match="no period 1850"):
        change_by_band(bands, "1850", "2010")
    with pytest.raises(ChangeError, match="not later"):
        change_by_band(bands, "2010", "1973")
    with pytest.raises(ChangeError, match="neither elevation bands nor aspects"):
        band_totals(bands.drop(columns="band_lower_m"))
    with pytest.raises(ChangeError, match="names no year"):
        change_by_band(bands.replace("1973", "before"), "before", "2010", years="label")
