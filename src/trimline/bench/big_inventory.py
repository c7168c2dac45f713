"""A simulated inventory through time, with the numbers of glaciers, periods and vertices of a regional study.

Sizes are log-normal around a third of a square kilometre, shapes are closed curves of random waves, and each glacier
shrinks at its own rate. Glaciers have no neighbours, because the plain loop that is compared does not handle
them.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

GLACIERS, PERIODS, VERTICES = 1555, 12, 300
"""The Three-Rivers Headwater in Chen and others (2022): 1555 glaciers in twelve periods."""

_MEDIAN_KM2, _SPREAD = 0.35, 1.2
"""Median size [km2], and standard deviation of its logarithm."""
_WAVES, _ROUGHNESS = 40, 1.1
"""Waves around an outline, and the exponent of their decay."""
SPACING_M = 15_000.0
"""Distance between glaciers [m]: the largest have a radius of some kilometres."""
_FIRST_YEAR, _YEARS_PER_PERIOD = 1986, 3
_CRS = 32646
MIDDLE = 500_000.0, 3_700_000.0
"""East and north of the middle of the inventory [m]."""


def simulate_inventory(
    glaciers: int = GLACIERS,
    periods: int = PERIODS,
    vertices: int = VERTICES,
    seed: int = 1,
    spacing_m: float = SPACING_M,
) -> gpd.GeoDataFrame:
    """Return outlines of so many glaciers in so many periods, in the columns that `glacier_areas` takes.

    Parameters
    ----------
    glaciers, periods
        Numbers of glaciers and periods.
    vertices
        Vertices of each outline.
    seed
        The same seed gives the same outlines.
    spacing_m
        Distance between glaciers [m]; below `SPACING_M` the largest may overlap.

    Returns
    -------
    GeoDataFrame
        `glaciers * periods` rows, period by period, in UTM.
    """
    random = np.random.default_rng(seed)
    sizes_m2 = 1e6 * _MEDIAN_KM2 * np.exp(random.normal(0, _SPREAD, glaciers))
    yearly_loss = random.uniform(0.0, 0.012, glaciers)
    side = int(np.ceil(np.sqrt(glaciers)))
    places = np.stack(np.divmod(np.arange(glaciers), side), axis=1)[:, ::-1] - side / 2
    shapes = np.stack([_shape(random, vertices) for _ in range(glaciers)])
    frames: list[shapely.Geometry] = []
    for period in range(periods):
        remaining = np.maximum(1 - yearly_loss * _YEARS_PER_PERIOD * period, 0.05)
        scale = np.sqrt(sizes_m2 * remaining)
        corners = shapes * scale[:, None, None] + spacing_m * places[:, None, :] + MIDDLE
        frames.extend(shapely.polygons(corners))
    starts = np.repeat(_FIRST_YEAR + _YEARS_PER_PERIOD * np.arange(periods), glaciers)
    return gpd.GeoDataFrame(
        {
            "glac_id": np.tile([f"g{i:05d}" for i in range(glaciers)], periods),
            "period": [f"{start}-{start + _YEARS_PER_PERIOD - 1}" for start in starts],
            "subregion": np.tile([f"area {i % 4 + 1}" for i in range(glaciers)], periods),
            "src_year": starts + 1.6,
        },
        geometry=frames,
        crs=_CRS,
    )


def _shape(random: np.random.Generator, vertices: int) -> NDArray[np.float64]:
    """Return (vertices, 2) corners of an outline of area 1 around the origin, longer than it is wide."""
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    number = np.arange(1, _WAVES)[:, None]
    height = random.normal(0, 0.17, number.shape) / number**_ROUGHNESS
    radius = 1 + (height * np.cos(number * angle + random.uniform(0, 2 * np.pi, number.shape))).sum(axis=0)
    radius = np.maximum(radius, 0.25)
    corners = np.stack([1.6 * radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    turn = random.uniform(0, np.pi)
    corners = corners @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    return np.asarray(corners / np.sqrt(shapely.area(shapely.Polygon(corners))), np.float64)
