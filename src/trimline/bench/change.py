"""Benchmark of `change`: the table of areas with one-sided areas and errors, from the outlines of all periods.

The peer is the usual loop of scripts: the outlines are projected once, then row by row the geometry is moved
outwards and inwards with the defaults of GeoPandas, and its geodesic area and length are taken on the ellipsoid. Both
measure the same outlines with the same formulas in the same plane and give the same columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Geod

from trimline.bench.big_inventory import GLACIERS, PERIODS, VERTICES, simulate_inventory
from trimline.bench.figures import Figure
from trimline.bench.turns import Turns
from trimline.change import AREA_COLUMNS, LANDSAT_PIXEL_M, SIZE_BOUNDS_KM2, class_names, equal_area_crs, glacier_areas
from trimline.reprojecting import reprojected

_NUMBERS = (
    "area_km2",
    "area_inner_km2",
    "area_outer_km2",
    "uncertainty_km2",
    "perimeter_km",
    "uncertainty_perimeter_km2",
)
"""Columns that are compared; an inner area is compared as a share of the area, as it may be 0."""


_QUICK_GLACIERS = GLACIERS // 5

FIGURES: Mapping[str, Figure] = {
    "ratio_of_loop": Figure("speed against the loop", "more", 3),
    "max_relative_difference": Figure("largest difference of any number from the loop's"),
    "rows": Figure("outlines"),
}


def measure(
    glaciers: int = GLACIERS,
    periods: int = PERIODS,
    vertices: int = VERTICES,
    rounds: int = 3,
    threads: int | None = None,
    quick: bool = False,
) -> dict[str, float]:
    """Return the speed relative to the loop, the seconds of both, and the largest difference of the tables.

    Parameters
    ----------
    glaciers, periods, vertices
        Size of the inventory, see `simulate_inventory`.
    rounds
        Number of rounds in turn, after a warm-up on a tenth of the glaciers.
    threads
        Threads of `glacier_areas`; None means as many as this process may use. The loop has one.
    quick
        Whether to take a fifth of the glaciers.

    Returns
    -------
    dict[str, float]
        `ratio_of_loop` first; `seconds` and `peer_seconds` are medians, and `max_relative_difference` is the largest
        difference of any number of both tables, of areas as a share of the glacier's area.
    """
    if quick:
        glaciers = min(glaciers, _QUICK_GLACIERS)
    outlines = simulate_inventory(glaciers, periods, vertices)
    some = outlines.iloc[:: max(1, len(outlines) // 100)].reset_index(drop=True)
    turns = Turns()
    tables: dict[str, pd.DataFrame] = {}

    def make(name: str, table_of: Callable[[gpd.GeoDataFrame], pd.DataFrame], frame: gpd.GeoDataFrame) -> None:
        tables[name] = table_of(frame)

    for frame in [some] + [outlines] * rounds:
        turns.take("trimline", partial(make, "trimline", partial(glacier_areas, threads=threads), frame))
        turns.take("loop", partial(make, "loop", row_by_row, frame))
    seconds = turns.medians()
    return {
        "ratio_of_loop": seconds["loop"] / seconds["trimline"],
        "seconds": seconds["trimline"],
        "peer_seconds": seconds["loop"],
        "max_relative_difference": largest_difference(tables["trimline"], tables["loop"]),
        "rows": float(len(outlines)),
    }


def row_by_row(outlines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return the table of `glacier_areas` as a script makes it, for glaciers that have no neighbours."""
    ellipsoid = Geod(ellps="WGS84")
    half_pixel = LANDSAT_PIXEL_M / 2
    projected = reprojected(outlines, equal_area_crs(outlines))
    projected["geographic"] = reprojected(outlines.geometry, 4326)
    rows = []
    for _, row in projected.iterrows():
        area, perimeter = ellipsoid.geometry_area_perimeter(row["geographic"])
        outer = row["geometry"].buffer(half_pixel).area
        inner = row["geometry"].buffer(-half_pixel).area
        rows.append(
            {
                "glac_id": row["glac_id"],
                "period": row["period"],
                "subregion": row["subregion"],
                "src_year": row["src_year"],
                "area_km2": abs(area) / 1e6,
                "area_inner_km2": inner / 1e6,
                "area_outer_km2": outer / 1e6,
                "uncertainty_km2": (outer - inner) / 2e6,
                "uncertainty_outline_km2": (outer - inner) / 2e6,
                "uncertainty_map_km2": 0.0,
                "uncertainty_unseen_km2": 0.0,
                "perimeter_km": perimeter / 1e3,
                "shared_border_km": 0.0,
                "uncertainty_perimeter_km2": perimeter / 1e3 * half_pixel / 1e3,
            }
        )
    table = pd.DataFrame(rows)
    first = table.sort_values("src_year").groupby("glac_id")["area_km2"].first()
    bounds = [-np.inf, *SIZE_BOUNDS_KM2, np.inf]
    table["size_class"] = pd.cut(table["glac_id"].map(first), bounds, right=False, labels=class_names())
    return table[list(AREA_COLUMNS)]


def largest_difference(ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """Return the largest difference of two tables: of areas and errors by the area, of lengths by the length.

    Different text counts as infinite.
    """
    text = ["glac_id", "period", "subregion", "size_class"]
    if not (ours[text].astype(str).to_numpy() == theirs[text].astype(str).to_numpy()).all():
        return float("inf")
    a, b = ours[list(_NUMBERS)].to_numpy(np.float64), theirs[list(_NUMBERS)].to_numpy(np.float64)
    scale = np.where([name == "perimeter_km" for name in _NUMBERS], b[:, [4]], b[:, [0]])
    return float(np.max(np.abs(a - b) / scale))
