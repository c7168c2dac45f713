"""Outlines of a simulated range at several dates, in which a glacier keeps its number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd

from trimline.glaciers import divide
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange
from trimline.simulate import write_range

NUMBER = "number"
"""Column of the glaciers' numbers."""

_SIDE = 192
"""Pixels of the range on a side, of 30 m."""
_SMALLEST_KM2 = 0.05
"""Smaller ice of the first year is left out."""


def outlines_through_years(
    years: Sequence[int], folder: Path, *, seed: int, rise_m_per_a: float
) -> list[gpd.GeoDataFrame]:
    """Simulate a range whose ice retreats, and return its true outlines by year.

    Parameters
    ----------
    years
        The years, ascending.
    folder
        An empty folder; it gets `dem.tif`, the surface of the first year, among other files.
    seed
        Another seed is another range.
    rise_m_per_a
        Rise of the equilibrium line [m per year].

    Returns
    -------
    list of GeoDataFrame
        One per year, in a projected CRS, with the column `NUMBER`: 1 for the largest glacier of the first year, whose
        connected ice is divided along its drainage divides. The ice of later years has the number of the glacier on
        whose ground of the first year it lies, as one geometry; what lies beyond is left out. A glacier that is gone
        has no row.
    """
    settings = SimulatedRange.model_validate(
        {
            "name": "range",
            "environment": "warm-green",
            "size": _SIDE,
            "seed": seed,
            "first_year": years[0],
            "rise_m_per_a": rise_m_per_a,
            "scenes": [{"date": f"{year}-08-25", "cloud_fraction": 0.0} for year in years],
        }
    )
    manifest = write_range(settings, folder, progress=False)
    ice = [read_outlines(folder / record.outlines)[["glac_id", "area_km2", "geometry"]] for record in manifest.scenes]
    parts = divide(ice[0][ice[0]["area_km2"] >= _SMALLEST_KM2], folder / manifest.dem)
    parts = parts.assign(size=parts.area).sort_values("size", ascending=False)
    first = parts[["geometry"]].assign(**{NUMBER: range(1, len(parts) + 1)})
    return [first.reset_index(drop=True), *(_on_the_ground_of(first, later) for later in ice[1:])]


def _on_the_ground_of(first: gpd.GeoDataFrame, later: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return later ice cut by the glaciers of the first date, one row per number."""
    cut = gpd.overlay(later[["geometry"]], first, keep_geom_type=True)
    return cut.dissolve(NUMBER).reset_index()[[NUMBER, "geometry"]]
