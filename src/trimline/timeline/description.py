"""What an outline of a period says of itself: the scenes it came from with their shares, its date, area and length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import rasterio.features
import shapely
from numpy.typing import NDArray
from rasterio.windows import Window
from rasterio.windows import transform as window_transform

from trimline import __version__
from trimline.outlines import area_and_perimeter_km, area_km2
from trimline.timeline.preference import decimal_year

_SHARES = ";"
"""Stands between the scenes of an outline."""

_VALUES = 256
"""Values that a mask may have."""


@dataclass(frozen=True)
class Witness:
    """A scene of a period, as `sources.json` lists it."""

    index: int
    """Its number in `sources.tif`."""
    scene_id: str
    date: str
    """Day, month or year, ISO 8601."""
    sensor: str


def shares(outlines: gpd.GeoDataFrame, sources: Path, witnesses: Mapping[int, Witness]) -> pd.DataFrame:
    """Return which scenes outlines came from: pixels are counted whose centre lies inside.

    Parameters
    ----------
    outlines
        Polygons in the CRS of the raster.
    sources
        The raster of scene numbers.
    witnesses
        The scenes, by number.

    Returns
    -------
    DataFrame
        `row` (position of the outline), `scene_id` and `share` of its area, the largest first; the shares of an outline
        sum to 1. An outline that no scene shows (drawn by hand on unseen ground) has no row.
    """
    found = [
        (row, witnesses[number].scene_id, count / total)
        for row, counts in enumerate(_counts(outlines, [sources], len(witnesses) + 1)[0])
        if (total := int(counts[1:].sum()))
        for number in sorted(range(1, len(counts)), key=lambda n: (-counts[n], n))
        if (count := int(counts[number]))
    ]
    return pd.DataFrame(found, columns=["row", "scene_id", "share"])


def areas_by_value(polygons: gpd.GeoDataFrame, rasters: Sequence[Path]) -> NDArray[np.float64]:
    """Return how much of each polygon each value of a raster has, by its share of the pixels.

    Parameters
    ----------
    polygons
        In the CRS of the rasters.
    rasters
        Of uint8, on one grid.

    Returns
    -------
    NDArray[np.float64]
        (rasters, polygons, 256) areas [km2].
    """
    counts = _counts(polygons, rasters, _VALUES)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=2, keepdims=True), 1)
    return shares * area_km2(polygons)[:, np.newaxis]


def described(
    outlines: gpd.GeoDataFrame, shared: pd.DataFrame, witnesses: Mapping[int, Witness], *, otherwise_year: float
) -> gpd.GeoDataFrame:
    """Return outlines of one period with the columns that say where they come from and how large they are.

    Parameters
    ----------
    outlines
        With `glac_id` and `period`.
    shared
        What `shares` found of them.
    witnesses
        The scenes, by number.
    otherwise_year
        `src_year` of what was inferred as a whole, and has no scene: the middle of its period.
    """
    by_id = {each.scene_id: each for each in witnesses.values()}
    said: list[dict[str, Any]] = [
        {"scene_id": None, "src_date": None, "src_year": otherwise_year, "scene_ids": None, "sensor": None}
        for _ in range(len(outlines))
    ]
    for row, group in shared.groupby("row", sort=True):
        scenes = list(zip(group["scene_id"], group["share"], strict=True))
        main = by_id[scenes[0][0]]
        said[int(row)] = {
            "scene_id": main.scene_id,
            "src_date": main.date,
            "src_year": sum(decimal_year(by_id[scene].date) * share for scene, share in scenes),
            "scene_ids": _SHARES.join(f"{scene}:{share:.4f}" for scene, share in scenes),
            "sensor": main.sensor,
        }
    columns = ["scene_id", "src_date", "src_year", "scene_ids", "sensor"]
    table = pd.DataFrame(said, columns=columns, index=outlines.index)
    return measured(outlines.assign(**{name: table[name] for name in columns}, trimline_version=__version__))


def shares_of(scene_ids: object) -> dict[str, float]:
    """Return the scenes of an outline with their shares of its area, as its column `scene_ids` tells them, if any."""
    told = (part.rpartition(":") for part in scene_ids.split(_SHARES)) if isinstance(scene_ids, str) else ()
    return {scene: float(share) for scene, _, share in told if scene}


def measured(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines with geodesic `area_km2`, `perimeter_km` and a point inside, as their geometry now is."""
    inside = gpd.GeoSeries(shapely.point_on_surface(outlines.geometry.to_numpy()), crs=outlines.crs).to_crs(4326)
    area, perimeter = area_and_perimeter_km(outlines)
    return outlines.assign(
        cenlon=inside.x.to_numpy(), cenlat=inside.y.to_numpy(), area_km2=area, perimeter_km=perimeter
    )


def _counts(polygons: gpd.GeoDataFrame, paths: Sequence[Path], values: int) -> NDArray[np.int64]:
    """Return how many pixels of each value lie in each polygon, (rasters, n, values); of one grid.

    Where no pixel's centre lies inside, those that are touched are counted.
    """
    counts = np.zeros((len(paths), len(polygons), values), np.int64)
    with ExitStack() as stack:
        sources = [stack.enter_context(rasterio.open(path)) for path in paths]
        for row, geometry in enumerate(polygons.geometry):
            window = _around(geometry, sources[0])
            if window is None:
                continue
            shape, transform = (window.height, window.width), window_transform(window, sources[0].transform)
            for all_touched in (False, True):
                inside = rasterio.features.geometry_mask(
                    [geometry], shape, transform, all_touched=all_touched, invert=True
                )
                if inside.any():
                    for count, source in zip(counts, sources, strict=True):
                        count[row] = np.bincount(source.read(1, window=window)[inside], minlength=values)
                    break
    return counts


def _around(geometry: shapely.Geometry, source: Any) -> Window | None:
    """Return the pixels around a geometry; None where it lies beyond the raster."""
    if geometry is None or geometry.is_empty:
        return None
    west, south, east, north = geometry.bounds
    affine = ~source.transform
    left, top = affine * (west, north)
    right, bottom = affine * (east, south)
    first_row, last_row = max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), source.height)
    first_column, last_column = max(int(np.floor(left)), 0), min(int(np.ceil(right)), source.width)
    if first_row >= last_row or first_column >= last_column:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)
