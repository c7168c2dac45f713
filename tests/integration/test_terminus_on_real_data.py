"""Terminus change against published lengths, an independent calculation, field measurements and simulated truth."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from odc.geo.geobox import GeoBox
from pyproj import Geod, Transformer
from rasterio.features import shapes
from scipy import ndimage
from scipy.stats import spearmanr

from trimline.glaciers.offset_lengths import offset_lengths
from trimline.glaciers.terminus import terminus_change, terminus_series
from trimline.rasters import write_raster
from trimline.simulate.environments import ENVIRONMENTS
from trimline.simulate.ice import glaciers
from trimline.simulate.terrain import mountain_range


def test_rhone_has_its_published_lengths(trimline_data: Path) -> None:
    folder = trimline_data / "terminus" / "rhone"
    outlines, line = gpd.read_file(folder / "outlines.shp"), gpd.read_file(folder / "centerline.shp")
    lengths = offset_lengths(outlines.astype({"year": int}), line).set_index("year")
    published = {1928: (10_783.6, 38.8), 2020: (9_699.9, 7.6)}
    for year, (length, error) in published.items():
        assert lengths.loc[year, "lines"] == 40
        assert abs(lengths.loc[year, "length_m"] - length) < error + 0.005 * length
        assert lengths.loc[year, "spread_m"] < 60


def test_rhone_retreats_by_what_its_lengths_lose(trimline_data: Path) -> None:
    folder = trimline_data / "terminus" / "rhone"
    outlines = gpd.read_file(folder / "outlines.shp").astype({"year": int}).assign(glac_id="B43-3")
    line = gpd.read_file(folder / "centerline.shp").assign(glac_id="B43-3")
    before, after = (outlines[outlines["year"] == year] for year in (1928, 2020))
    table = terminus_change(before, after, method="all", years=92, lines=line).set_index("method")
    # The line ends some metres inside the ice of 1928; it is prolonged to the front.
    assert table.loc["centre_line", "retreat_m"] == pytest.approx(10_813.3 - 9_705.7, abs=6)
    assert table["retreat_m"].between(700, 1250).all()


@pytest.fixture(scope="module")
def fronts(trimline_data: Path) -> gpd.GeoDataFrame:
    files = sorted((trimline_data / "terminus" / "harald_moltke" / "lines").rglob("*.shp"))
    read = [gpd.read_file(file).assign(date=file.parent.name, glac_id="harald moltke") for file in files]
    return pd.concat(read, ignore_index=True)


def test_159_fronts_in_a_box_agree_with_an_independent_calculation(
    trimline_data: Path, fronts: gpd.GeoDataFrame
) -> None:
    assert len(fronts) == 159
    boxes = gpd.read_file(trimline_data / "terminus/harald_moltke/box/harald_moltke_brae.shp")
    boxes["glac_id"] = "harald moltke"
    series = terminus_series(
        fronts, None, "rectilinear_box", "date", boxes=boxes, directions={"harald moltke": 260.0}, pixel_m=30
    )
    assert len(series) == 159
    corners = shapely.get_coordinates(boxes.geometry.iloc[0])
    expected = np.array([_mean_length_m(shapely.get_coordinates(line), corners) for line in fronts.geometry])
    assert series["retreat_m"].to_numpy() == pytest.approx(expected[0] - expected, abs=1.5, rel=1e-3)
    assert np.ptp(series["retreat_m"]) > 2000


def _mean_length_m(front: np.ndarray, corners: np.ndarray) -> float:
    """Return the area of ice in the box by its mean width, on the ground, by walking along strips of the box.

    Each strip is walked from far upstream: every crossing of the front ends ice or begins it again. The second edge of
    this box lies upstream.
    """
    upstream, downstream = (corners[1] + corners[2]) / 2, (corners[0] + corners[3]) / 2
    ahead = (downstream - upstream) / np.hypot(*(downstream - upstream))
    left = np.array([-ahead[1], ahead[0]])
    edge = (corners @ left, corners @ ahead)
    line = (front @ left, front @ ahead)
    strips, width = np.linspace(edge[0].min(), edge[0].max(), 501, retstep=True)
    area = 0.0
    for strip in strips[:-1] + width / 2:
        enters, leaves = _crossings(*edge, strip)
        at = _crossings(*line, strip)
        in_water = int((at <= enters).sum()) % 2  # where the front lies upstream of the side by which a strip enters
        pieces = np.diff([enters, *at[(at > enters) & (at < leaves)], leaves])
        area += width * pieces[in_water::2].sum()
    x, y = corners.T
    box_area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2
    longitude, latitude = Transformer.from_crs(3413, 4326, always_xy=True).transform(
        *np.array([upstream, downstream]).T
    )
    ground_length = Geod(ellps="WGS84").inv(longitude[0], latitude[0], longitude[1], latitude[1])[2]
    return float(area / box_area) * ground_length


def _crossings(across: np.ndarray, along: np.ndarray, strip: float) -> np.ndarray:
    a, b = across[:-1], across[1:]
    cut = np.nonzero((np.minimum(a, b) <= strip) & (strip < np.maximum(a, b)))[0]
    return np.sort(along[cut] + (strip - a[cut]) / (b[cut] - a[cut]) * (along[cut + 1] - along[cut]))


def measured_m(table: pd.DataFrame) -> float | None:
    """Return the retreat from September 1973 to September 2010; None where fewer than 33 of the 37 years are measured.

    Where records overlap, their mean rate counts.
    """
    start, end = pd.Timestamp("1973-09-01"), pd.Timestamp("2010-09-01")
    total, known = np.zeros((end - start).days), np.zeros((end - start).days)
    for first, last, change in zip(table["date_start"], table["date_end"], table["change_m"], strict=True):
        days = np.s_[max((first - start).days, 0) : max((last - start).days, 0)]
        if last > first:
            total[days] += change / (last - first).days
            known[days] += 1
    if (known > 0).sum() < 33 * 365.25:
        return None
    return -float((total[known > 0] / known[known > 0]).sum())


@pytest.fixture(scope="module")
def swiss(trimline_data: Path) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, pd.Series, pd.Series, Path]:
    """Give outlines of 1973 and 2010, measured retreat, aspects of the inventory of 2016, and the DEM chips."""
    folder = trimline_data / "swiss_inventory"
    old, new, last = (
        gpd.read_parquet(folder / f"{year}.parquet").rename(columns={"sgi_id": "glac_id"})
        for year in (1973, 2010, 2016)
    )
    records = pd.read_csv(folder / "length_change.csv", parse_dates=["date_start", "date_end"])
    measured = {str(glacier): measured_m(table) for glacier, table in records.groupby("sgi_id")}
    large = set(old["glac_id"][old.area > 0.5e6]) & set(new["glac_id"])
    retreat = pd.Series({key: value for key, value in measured.items() if value is not None and key in large})
    old, new = (each[each["glac_id"].isin(retreat.index)] for each in (old, new))
    return old, new, retreat, last.set_index("glac_id")["aspect_deg"].reindex(retreat.index), folder / "dem"


def agreement(table: pd.DataFrame, measured: pd.Series) -> tuple[float, float]:
    """Return Spearman's rank correlation, and the median ratio of ours to the measured retreat."""
    ours = table.set_index("glac_id")["retreat_m"].reindex(measured.index)
    assert ours.notna().all()
    return float(spearmanr(ours, measured)[0]), float((ours / measured).median())


def test_swiss_glaciers_retreat_as_measured_where_an_end_is_given(swiss: tuple) -> None:
    old, new, measured, aspects, dem = swiss
    assert len(measured) == 51
    table = terminus_change(old, new, dem, directions=aspects, years=37)
    assert set(table["end_found_by"]) == {"given direction"}
    correlation, ratio = agreement(table, measured)
    assert correlation >= 0.7
    assert 0.75 <= ratio <= 1.3


def test_swiss_glaciers_retreat_as_measured_with_heights_where_there_are_any(swiss: tuple) -> None:
    old, new, measured, aspects, dem = swiss
    by_height = terminus_change(old, new, dem, years=37)
    covered = by_height["glac_id"][by_height["end_found_by"] == "DEM"]
    assert len(covered) == 5
    table = terminus_change(old, new, dem, directions=aspects.drop(covered), years=37)
    correlation, ratio = agreement(table, measured)
    assert correlation >= 0.7
    assert 0.75 <= ratio <= 1.3
    # Geometry alone is wrong at some ends, but better than the naive axis (0.40 and 1.58).
    correlation, ratio = agreement(by_height, measured)
    assert correlation > 0.5
    assert ratio < 1.4


PIXEL_M, SIDE = 5.0, 1024
LEFT, TOP = 500_000.0, 3_800_000.0


def seen(ice: np.ndarray, bodies: np.ndarray, pixel_m: float) -> gpd.GeoDataFrame:
    """Return outlines of ice as pixels of a sensor show it: those of which at least half is ice."""
    step = round(pixel_m / PIXEL_M)
    side = SIDE // step * step
    share = ice[:side, :side].reshape(side // step, step, side // step, step).mean(axis=(1, 3))
    body = ndimage.maximum_filter(bodies[:side, :side].reshape(side // step, step, side // step, step).max((1, 3)), 3)
    numbered = np.where(share >= 0.5, body, 0).astype(np.int32)
    grid = Affine(pixel_m, 0, LEFT, 0, -pixel_m, TOP)
    found = [
        (shapely.geometry.shape(each), f"g{int(value)}") for each, value in shapes(numbered, transform=grid) if value
    ]
    geometries, names = zip(*found, strict=True)
    return gpd.GeoDataFrame({"glac_id": names}, geometry=list(geometries), crs=32646)


def true_retreat_m(before: np.ndarray, after: np.ndarray, height_m: np.ndarray, bearing_deg: float) -> float:
    """Return the true mean retreat of a body at its lowest end: cells are walked along parallel lines, one by one."""
    rows, columns = np.nonzero(before | after)
    x, y = columns * PIXEL_M, -rows * PIXEL_M
    east, north = np.sin(np.radians(bearing_deg)), np.cos(np.radians(bearing_deg))
    along, aside = x * east + y * north, y * east - x * north
    lowest = int(np.argmin(height_m[rows, columns]))
    length = np.ptp(along)
    width = max(before.sum(), after.sum()) * PIXEL_M**2 / length
    changes, fronts = [], []
    for strip in np.arange(aside[lowest] - width, aside[lowest] + width, 2 * PIXEL_M):
        inside = np.abs(aside - strip) < PIXEL_M
        first, last = (along[inside & mask[rows, columns]] for mask in (before, after))
        if len(first) and len(last):
            changes.append(first.max() - last.max())
            fronts.append(max(first.max(), last.max()))
    near = np.array(fronts) > max(fronts) - 0.3 * length
    return float(np.array(changes)[near].mean())


@pytest.mark.slow
@pytest.mark.parametrize("rise_m", [150.0, -150.0], ids=["retreat", "advance"])
def test_simulated_glaciers_retreat_and_advance_as_they_truly_do(rise_m: float, tmp_path: Path) -> None:
    environment = ENVIRONMENTS["cold-dry"]
    differences: dict[float, list[float]] = {10.0: [], 30.0: []}
    truths = []
    for seed in (1, 2, 3):
        bed = mountain_range(
            (SIDE, SIDE),
            PIXEL_M,
            np.random.default_rng(seed),
            lowest_m=environment.lowest_m,
            highest_m=environment.highest_m,
            roughness_m=environment.roughness_m,
            coarsening=8,
        )
        thick = [each.copy() for each in glaciers(bed, PIXEL_M, 16, environment.climate, [(0, 0.0), (25, rise_m)])]
        height = (bed + thick[0]).astype(np.float32)
        grid = GeoBox((SIDE, SIDE), Affine(PIXEL_M, 0, LEFT, 0, -PIXEL_M, TOP), "EPSG:32646")
        write_raster(tmp_path / "dem.tif", height, grid, driver="COG")
        first, last = (each > 0 for each in thick)
        bodies, number = ndimage.label(first | last)
        large = np.nonzero(np.bincount(bodies.ravel(), minlength=number + 1) * PIXEL_M**2 > 0.1e6)[0][1:]
        bodies = np.where(np.isin(bodies, large), bodies, 0)
        for pixel_m, found in differences.items():
            before, after = (seen(ice, bodies, pixel_m) for ice in (first, last))
            table = terminus_change(before, after, tmp_path / "dem.tif", years=25, pixel_m=pixel_m)
            assert set(table["end_found_by"]) == {"DEM"}
            for row in table.itertuples():
                body = bodies == int(row.glac_id[1:])
                truth = true_retreat_m(first & body, last & body, height, row.direction_deg)
                truths.append(truth)
                found.append(row.retreat_m - truth)
    assert (np.mean(truths) > 20) == (rise_m > 0)
    assert (np.mean(truths) < -20) == (rise_m < 0)
    assert abs(np.mean(differences[10.0])) < 10  # Sentinel-2
    assert abs(np.mean(differences[30.0])) < 20  # Landsat
