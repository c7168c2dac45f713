"""Attributes of glaciers on ground whose heights, slope and aspect are known."""

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
from pyproj import CRS

from trimline.errors import OutlineError
from trimline.glaciers import LEAST_SHARE, area_sums, attributes
from trimline.glaciers.rgi_attributes import aspect_sectors, weighted_median
from trimline.outlines import COLUMNS, area_km2

LONGITUDE, LATITUDE = 9.0, 46.0
UTM = CRS(32632)

ModelOf = Callable[..., Path]
Change = Callable[[np.ndarray], None] | None


def glacier(
    half_m: float = 300.0, crs: CRS = UTM, longitude: float = LONGITUDE, latitude: float = LATITUDE, **more: object
) -> gpd.GeoDataFrame:
    """Return one square glacier around a place, true to the ground."""
    plane = CRS.from_proj4(f"+proj=aeqd +lat_0={latitude} +lon_0={longitude} +datum=WGS84 +units=m")
    square = gpd.GeoDataFrame({"glac_id": ["g1"], **more}, geometry=[shapely.box(*([-half_m] * 2), *([half_m] * 2))])
    return square.set_crs(plane).to_crs(crs)


@pytest.fixture
def model(ground: SimpleNamespace, tmp_path: Path) -> ModelOf:
    """Write a tilted plane around the place, and return its path."""

    def write(
        name: str = "dem",
        *,
        crs: CRS = UTM,
        pixel_m: float = 30.0,
        pixels: int = 61,
        nodata: float | None = None,
        change: Change = None,
    ) -> Path:
        geobox = ground.grid(crs, LONGITUDE, LATITUDE, pixel_m, pixels)
        heights = ground.plane(geobox, LONGITUDE, LATITUDE, 20.0, 135.0)
        if change is not None:
            change(heights)
        return ground.write_model(tmp_path / f"{name}.tif", heights, geobox, nodata=nodata)

    return write


@pytest.mark.parametrize("model_crs", [4326, 32632, 3035, 2056])
@pytest.mark.parametrize("outline_crs", [4326, 32632, 3413])
def test_a_square_on_a_plane_has_its_heights_slope_and_aspect(model: ModelOf, model_crs: int, outline_crs: int) -> None:
    found = attributes(glacier(crs=CRS(outline_crs)), model(crs=CRS(model_crs))).iloc[0]
    assert found["area_km2"] == pytest.approx(0.36, rel=1e-5)
    assert found["dem_share"] == pytest.approx(1)
    assert found["zmean_m"] == pytest.approx(3000, abs=0.5)
    assert found["zmed_m"] == pytest.approx(3000, abs=4)
    # The corners of the square are the lowest and the highest ground; a pixel beside them counts.
    reach = np.tan(np.radians(20)) * 300 * np.sqrt(2)
    assert found["zmin_m"] == pytest.approx(3000 - reach, abs=16)
    assert found["zmax_m"] == pytest.approx(3000 + reach, abs=16)
    assert found["slope_deg"] == pytest.approx(20, abs=0.05)
    assert found["aspect_deg"] == pytest.approx(135, abs=0.1)
    assert found["aspect_sec"] == 4
    assert found["utm_zone"] == 32
    assert (found["cenlon"], found["cenlat"]) == (pytest.approx(LONGITUDE, abs=1e-3), pytest.approx(LATITUDE, abs=1e-3))
    assert found["dem_source"] == "dem"


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(2, 45), st.floats(0, 359))
@settings(max_examples=15, deadline=None)
def test_both_hemispheres_are_alike(
    ground: SimpleNamespace,
    tmp_path_factory: pytest.TempPathFactory,
    latitude: float,
    longitude: float,
    slope_deg: float,
    aspect_deg: float,
) -> None:
    geobox = ground.grid(CRS(4326), longitude, latitude, 90.0, 41)
    heights = ground.plane(geobox, longitude, latitude, slope_deg, aspect_deg)
    path = ground.write_model(tmp_path_factory.mktemp("dem") / "dem.tif", heights, geobox)
    size = min(300.0, 1200.0 * np.cos(np.radians(latitude)))
    found = attributes(glacier(size, longitude=longitude, latitude=latitude, crs=CRS(4326)), path, threads=1).iloc[0]
    assert found["dem_share"] == pytest.approx(1)
    assert found["slope_deg"] == pytest.approx(slope_deg, abs=0.1)
    assert np.abs((found["aspect_deg"] - aspect_deg + 180) % 360 - 180) < 1
    assert found["zmean_m"] == pytest.approx(3000, abs=2)


@pytest.mark.parametrize(
    ("void", "nodata"), [(-32768.0, None), (-32768.0, -32768.0), (0.0, None), (0.0, 0.0), (np.nan, None), (9999, 9999)]
)
def test_voids_are_shares_and_never_heights(
    model: ModelOf, void: float, nodata: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    def hole(heights: np.ndarray) -> None:
        heights[25:36, 21:27] = void

    with caplog.at_level(logging.WARNING):
        found = attributes(glacier(), model(change=hole, nodata=nodata)).iloc[0]
    assert found["dem_share"] == pytest.approx(1 - 11 * 6 * 0.0009 / 0.36, abs=0.005)
    assert 2840 < found["zmin_m"] < found["zmax_m"] < 3160
    assert found["slope_deg"] == pytest.approx(20, abs=0.05)
    assert "1 of 1 outlines have heights on a part only, which their values are of: g1 (83." in caplog.text


def test_a_glacier_at_the_rim_of_the_model_is_measured_on_what_is_there(
    model: ModelOf, caplog: pytest.LogCaptureFixture
) -> None:
    dem = model(pixels=61)  # 915 m from its middle to its rim
    east = glacier().translate(820).set_crs(UTM)
    outlines = glacier().set_geometry(east)
    found = attributes(outlines, dem).iloc[0]
    assert found["dem_share"] == pytest.approx((915 - 520) / 600, abs=0.01)
    assert found["slope_deg"] == pytest.approx(20, abs=0.05)
    far = attributes(outlines.translate(100).to_frame("geometry").assign(glac_id="g1"), dem).iloc[0]
    assert 0.4 < far["dem_share"] < LEAST_SHARE
    assert far[["zmin_m", "zmax_m", "zmed_m", "zmean_m", "slope_deg", "aspect_deg"]].isna().all()
    assert pd.isna(far["aspect_sec"])
    assert far["dem_source"] == "dem"
    assert "have heights on less than 50%: none are stated: g1" in caplog.text


def test_a_glacier_off_the_model_has_its_area_all_the_same(model: ModelOf, caplog: pytest.LogCaptureFixture) -> None:
    found = attributes(glacier(longitude=10.5), model()).iloc[0]
    assert found["area_km2"] == pytest.approx(0.36, rel=1e-5)
    assert found["dem_share"] == 0
    assert found["dem_source"] is None
    assert np.isnan(found["zmed_m"])
    assert "lie on no elevation model" in caplog.text


def test_of_several_models_the_one_that_covers_most_is_taken_then_the_finest_then_the_first(model: ModelOf) -> None:
    def half(heights: np.ndarray) -> None:
        heights[:, : heights.shape[1] // 2] = np.nan

    coarse, fine = model("coarse", pixel_m=90.0, pixels=31), model("fine", pixel_m=15.0, pixels=121)
    broken, twin = model("broken", pixel_m=10.0, pixels=181, change=half), model("twin", pixel_m=15.0, pixels=121)
    sources = [
        attributes(glacier(), dem)["dem_source"].iloc[0]
        for dem in ([coarse, fine], [broken, coarse], [broken, coarse, fine, twin], [twin, fine], broken)
    ]
    assert sources == ["fine", "coarse", "fine", "twin", "broken"]


def test_a_glacier_smaller_than_a_pixel_has_the_height_of_its_pixel(model: ModelOf) -> None:
    found = attributes(glacier(half_m=4.0), model(pixel_m=90.0, pixels=31)).iloc[0]
    assert found["zmin_m"] == found["zmax_m"] == found["zmed_m"] == pytest.approx(3000, abs=0.1)
    assert found["dem_share"] == pytest.approx(1)


def test_areas_of_pixels_stand_beside_those_of_polygons(model: ModelOf) -> None:
    two = pd.concat([glacier(half_m=100.0), glacier(half_m=4.0, longitude=9.002).assign(glac_id="g2")])
    found = attributes(two, model(pixel_m=90.0, pixels=31))
    # The pixels in the middle are 90 m wide; only those whose middle lies inside count.
    assert found["area_pixels_km2"].iloc[0] == pytest.approx(9 * 0.0081, rel=0.002)
    sums = area_sums(found).iloc[0]
    assert sums["period"] == "all"
    assert sums["area_km2"] == pytest.approx(found["area_km2"].sum())
    assert sums["difference_km2"] == pytest.approx(found["area_pixels_km2"].sum() - found["area_km2"].sum())
    assert sums["largest_difference_percent"] > 50


def test_a_large_glacier_read_in_strips_is_measured_as_one(model: ModelOf, monkeypatch: pytest.MonkeyPatch) -> None:
    dem = model()
    whole = attributes(glacier(), dem)
    monkeypatch.setattr("trimline.glaciers.model_pixels.strips.__defaults__", (100,))
    pd.testing.assert_frame_equal(
        pd.DataFrame(attributes(glacier(), dem).drop(columns="geometry")), pd.DataFrame(whole.drop(columns="geometry"))
    )


def test_rows_keep_their_order_index_and_columns_and_threads_change_nothing(model: ModelOf) -> None:
    rows = [glacier(half_m=half, period=[period]).assign(note=period) for period in ("b", "a") for half in (250.0,)]
    outlines = pd.concat(rows).set_axis([7, 3])
    one, two = (attributes(outlines, model(), threads=threads) for threads in (1, 2))
    assert one.index.tolist() == [7, 3]
    assert one["note"].tolist() == ["b", "a"]
    assert one.crs == outlines.crs
    pd.testing.assert_frame_equal(one, two)
    computed = set(one.columns) - {"note", "geometry"}
    assert computed <= set(COLUMNS)
    assert list(one.columns[: len(computed)]) == [name for name in COLUMNS if name in computed]


def test_lengths_come_from_flow_lines_where_they_are_given(model: ModelOf) -> None:
    two = pd.concat([glacier(), glacier(half_m=50.0).assign(glac_id="g2")], ignore_index=True)
    lines = pd.DataFrame({"glac_id": ["g2"], "lmax_m": [321.0], "termlon": [9.0], "termlat": [46.0]})
    assert "lmax_m" not in attributes(two, model()).columns
    found = attributes(two, model(), flow_lines=lines)
    assert found["lmax_m"].isna().tolist() == [True, False]
    assert found["lmax_m"].iloc[1] == 321
    with pytest.raises(OutlineError, match="no column termlat"):
        attributes(two, model(), flow_lines=lines.drop(columns="termlat"))
    with pytest.raises(OutlineError, match="several main flow lines"):
        attributes(two, model(), flow_lines=pd.concat([lines, lines]))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda frame: frame.drop(columns="glac_id"), "no column 'glac_id'"),
        (lambda frame: pd.concat([frame, frame]), "occurs more than once"),
        (lambda frame: frame.assign(glac_id=None), "have no 'glac_id'"),
        (lambda frame: frame.set_crs(None, allow_override=True), "no CRS"),
        (lambda frame: frame.set_geometry(frame.boundary), "no polygons"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    model: ModelOf, spoil: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame], message: str
) -> None:
    with pytest.raises(OutlineError, match=message):
        attributes(spoil(glacier()), model())


def test_sectors_begin_half_a_sector_before_north() -> None:
    degrees = np.array([0, 22.4, 22.6, 45, 90, 180, 270, 337.4, 337.6, 360, np.nan])
    sectors = pd.Series(aspect_sectors(degrees))
    assert sectors.iloc[:-1].tolist() == [1, 1, 2, 2, 3, 5, 7, 8, 1, 1]
    assert pd.isna(sectors.iloc[-1])


def test_the_median_is_by_weight() -> None:
    assert weighted_median(np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 5.0])) == 2
    assert weighted_median(np.array([3.0, 1.0]), np.array([9.0, 1.0])) == 3


def test_areas_are_those_of_the_outlines(model: ModelOf) -> None:
    outlines = glacier(crs=CRS(4326))
    assert attributes(outlines, model())["area_km2"].to_numpy() == pytest.approx(area_km2(outlines))
