"""Benchmark of `glaciers`: attributes of an inventory on an elevation model of 30 m, and terminus change.

The peer of attributes is the usual loop of scripts: for each glacier a window of the model is read, the outline is
rasterised on it, and heights, slopes and aspects are taken under the mask; the area is geodesic. exactextract gives
heights by exact coverage, without slope and aspect, of all glaciers in one call. Outlines and model are in one CRS,
because the loop does not reproject.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from affine import Affine
from exactextract import exact_extract
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import Geod
from rasterio.features import geometry_mask
from rasterio.windows import Window, from_bounds
from scipy import ndimage

from trimline.bench.big_inventory import GLACIERS, VERTICES, simulate_inventory
from trimline.bench.figures import Figure
from trimline.bench.turns import Turns
from trimline.glaciers import attributes, terminus_change
from trimline.rasters import write_raster
from trimline.reprojecting import reprojected

FIGURES: Mapping[str, Figure] = {
    "ratio_of_loop": Figure("speed against the loop", "more"),
    "ratio_of_exactextract": Figure("speed against exactextract, which gives heights only", "more"),
    "zmean_exactextract_m": Figure("largest difference of mean heights from exactextract [m]"),
    "zmed_difference_m": Figure("median difference of median heights from the loop [m]"),
    "slope_difference_deg": Figure("median difference of slopes from the loop [°]"),
    "glaciers": Figure("glaciers"),
}

PIXEL_M = 30.0
"""Pixel of the elevation model [m]."""
SPACING_M = 5_000.0
"""Distance between glaciers [m], so that the model has no more pixels than it needs."""
QUICK_GLACIERS = 150
TERMINI = 75
"""Glaciers whose terminus change is timed, as many as Yilian Habirga has."""

_MARGIN_M = 10_000.0
_LOWEST_M, _RELIEF_M, _ROUGH_M = 4500.0, 1500.0, 8.0
"""Lowest ground, height of the mountains, and standard deviation of the roughness [m]."""
_VALLEY_M = 12_000.0
"""Distance from valley to valley [m]."""


def measure(
    glaciers: int | None = None,
    vertices: int = VERTICES,
    rounds: int = 3,
    threads: int | None = None,
    quick: bool = False,
) -> dict[str, float]:
    """Return the seconds of attributes, of the loop, of exactextract alone, and of terminus change.

    Parameters
    ----------
    glaciers, vertices
        Number of glaciers, and of vertices of each; None means as many as the Three-Rivers Headwater has.
    rounds
        Number of rounds in turn, after a warm-up.
    threads
        Threads of `attributes`; None means as many as this process may use. The loop and exactextract have one.
    quick
        A tenth of the glaciers.

    Returns
    -------
    dict[str, float]
        `ratio_of_loop` first; `attributes_seconds`, `attributes_peer_seconds` and `exactextract_seconds` are medians.
        `zmed_difference_m` and `slope_difference_deg` are the medians of the differences from the loop, and
        `zmean_exactextract_m` the largest difference of mean heights from exactextract.
        `terminus_seconds` is of `TERMINI` glaciers by all methods.
    """
    number = glaciers or (QUICK_GLACIERS if quick else GLACIERS)
    outlines = simulate_inventory(number, 1, vertices, spacing_m=SPACING_M)
    turns, tables = Turns(), dict[str, pd.DataFrame]()
    with tempfile.TemporaryDirectory() as folder:
        dem = write_model(outlines, Path(folder) / "dem.tif")

        def make(name: str) -> None:
            if name == "trimline":
                tables[name] = attributes(outlines, dem, threads=threads)
            elif name == "loop":
                tables[name] = glacier_by_glacier(outlines, dem)
            else:
                tables[name] = exact_extract(dem, outlines, ["min", "max", "mean", "median"], output="pandas")

        for _ in range(rounds + 1):
            for name in ("trimline", "loop", "exactextract"):
                turns.take(name, partial(make, name))
        termini = terminus_seconds(dem, vertices)
    seconds, ours, loop = turns.medians(), tables["trimline"], tables["loop"]
    apart = np.abs(ours["zmean_m"].to_numpy() - tables["exactextract"]["mean"].to_numpy())
    return {
        "ratio_of_loop": seconds["loop"] / seconds["trimline"],
        "ratio_of_exactextract": seconds["exactextract"] / seconds["trimline"],
        "attributes_seconds": seconds["trimline"],
        "attributes_peer_seconds": seconds["loop"],
        "exactextract_seconds": seconds["exactextract"],
        "zmed_difference_m": float(np.median(np.abs(ours["zmed_m"] - loop["zmed_m"]))),
        "slope_difference_deg": float(np.median(np.abs(ours["slope_deg"] - loop["slope_deg"]))),
        "zmean_exactextract_m": float(apart.max()),
        "terminus_seconds": termini,
        "glaciers": float(number),
    }


def terminus_seconds(dem: Path, vertices: int = VERTICES) -> float:
    """Return how long the terminus change of `TERMINI` glaciers takes, by all methods [s]."""
    series = simulate_inventory(TERMINI, 6, vertices, spacing_m=SPACING_M)
    first, last = series["period"].iloc[0], series["period"].iloc[-1]
    before, after = (series[series["period"] == period].reset_index(drop=True) for period in (first, last))
    started = time.perf_counter()
    terminus_change(before, after, dem, "all")
    return time.perf_counter() - started


def write_model(outlines: gpd.GeoDataFrame, path: Path, seed: int = 1) -> Path:
    """Write an elevation model of ridges and valleys over the bounds of outlines, and return its path."""
    west, south, east, north = outlines.total_bounds
    rows, columns = (int(np.ceil((side + 2 * _MARGIN_M) / PIXEL_M)) for side in (north - south, east - west))
    along, across = (2 * np.pi * PIXEL_M / _VALLEY_M * np.arange(size) for size in (rows, columns))
    waves = np.sin(across)[None, :] * np.cos(0.7 * along)[:, None] + 0.5 * np.sin(2.3 * across)[None, :]
    rough = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=(512, 512)), 2, mode="wrap")
    repeats = -(-rows // 512), -(-columns // 512)
    height = _LOWEST_M + _RELIEF_M * (1.5 + waves) / 3
    height += _ROUGH_M * np.tile(rough / rough.std(), repeats)[:rows, :columns]
    affine = Affine(PIXEL_M, 0, west - _MARGIN_M, 0, -PIXEL_M, north + _MARGIN_M)
    return write_raster(path, height.astype(np.float32), GeoBox((rows, columns), affine, outlines.crs))


def glacier_by_glacier(outlines: gpd.GeoDataFrame, dem: Path) -> pd.DataFrame:
    """Return the attributes as a script makes them: a mask of pixels for each glacier, in the CRS of the model."""
    ellipsoid = Geod(ellps="WGS84")
    rows = []
    with rasterio.open(dem) as raster:
        for name, polygon, geographic in zip(
            outlines["glac_id"], outlines.geometry, reprojected(outlines.geometry, 4326), strict=True
        ):
            window = _around(raster, polygon.bounds)
            height = raster.read(1, window=window).astype(np.float64)
            inside = geometry_mask([polygon], height.shape, raster.window_transform(window), invert=True)
            south, east = np.gradient(height, PIXEL_M)
            rows.append({"glac_id": name} | _under(inside, height, south, east))
            rows[-1]["area_km2"] = abs(ellipsoid.geometry_area_perimeter(geographic)[0]) / 1e6
    return pd.DataFrame(rows)


def _around(raster: rasterio.DatasetReader, bounds: tuple[float, float, float, float]) -> Window:
    window = from_bounds(*bounds, raster.transform)
    column, row = int(window.col_off) - 2, int(window.row_off) - 2
    return Window(column, row, int(window.width) + 5, int(window.height) + 5)


def _under(
    inside: NDArray[np.bool_], height: NDArray[np.float64], south: NDArray[np.float64], east: NDArray[np.float64]
) -> dict[str, float]:
    steep = np.hypot(south, east)[inside]
    facing = np.arctan2(-east, south)[inside]
    z = height[inside]
    if not z.size:
        return dict.fromkeys(("zmin_m", "zmax_m", "zmed_m", "zmean_m", "slope_deg", "aspect_deg"), np.nan)
    return {
        "zmin_m": z.min(),
        "zmax_m": z.max(),
        "zmed_m": float(np.median(z)),
        "zmean_m": z.mean(),
        "slope_deg": float(np.degrees(np.arctan(steep)).mean()),
        "aspect_deg": float(np.degrees(np.arctan2(np.sin(facing).mean(), np.cos(facing).mean())) % 360),
    }
