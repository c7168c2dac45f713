"""Columns that describe an outline of a period: its scenes with their shares, its date, area and perimeter."""

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
from trimline.errors import StageError
from trimline.outlines import area_and_perimeter_km, area_km2
from trimline.own_files import own_raster, own_records
from trimline.reprojecting import in_degrees
from trimline.years import decimal_year

_SEPARATOR = ";"
"""Separates the scenes of an outline in the column `scene_ids`."""

_VALUES = 256
"""Number of values of a uint8 raster."""


_AGAIN = "delete it, and run the stage `timeline` again"


@dataclass(frozen=True)
class SourceScene:
    """A scene of a period, as `sources.json` lists it."""

    index: int
    """Its number in `sources.tif`."""
    scene_id: str
    date: str
    """Day, month or year, ISO 8601."""
    sensor: str


def read_source_scenes(path: Path) -> dict[int, SourceScene]:
    """Return the scenes in `sources.json`, by their number in `sources.tif`."""
    listed = own_records(path, {"index": int, "scene_id": str, "date": str, "sensor": str})
    if sorted(each["index"] for each in listed) != list(range(1, len(listed) + 1)):
        raise StageError("is damaged (scenes are missing)", where=path, remedy=_AGAIN)
    return {
        each["index"]: SourceScene(each["index"], each["scene_id"], each["date"], each["sensor"]) for each in listed
    }


def shares(outlines: gpd.GeoDataFrame, raster: Path, scenes: Mapping[int, SourceScene]) -> pd.DataFrame:
    """Return which scenes outlines come from, by the pixels whose centre lies inside.

    Parameters
    ----------
    outlines
        Polygons in the CRS of the raster.
    raster
        ``sources.tif``, the scene numbers.
    scenes
        The scenes, by number.

    Returns
    -------
    DataFrame
        `row` (position of the outline), `scene_id` and `share` of its area, the largest first; the shares of an outline
        sum to 1. An outline that no scene shows (drawn by hand on unseen ground) has no row.
    """
    found = [
        (row, scenes[number].scene_id, count / total)
        for row, counts in enumerate(_counts(outlines, [raster], len(scenes) + 1)[0])
        if (total := int(counts[1:].sum()))
        for number in sorted(range(1, len(counts)), key=lambda n: (-counts[n], n))
        if (count := int(counts[number]))
    ]
    return pd.DataFrame(found, columns=["row", "scene_id", "share"])


def areas_by_value(polygons: gpd.GeoDataFrame, rasters: Sequence[Path]) -> NDArray[np.float64]:
    """Return the area of each value of a raster within each polygon, by its share of the pixels.

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
    outlines: gpd.GeoDataFrame, shared: pd.DataFrame, scenes: Mapping[int, SourceScene], *, otherwise_year: float
) -> gpd.GeoDataFrame:
    """Return outlines of one period with the columns that hold their scenes, dates and size.

    Parameters
    ----------
    outlines
        With `glac_id` and `period`.
    shared
        Returned by `shares`.
    scenes
        The scenes, by number.
    otherwise_year
        `src_year` of an outline without a scene, because all of it was inferred: the middle of the period.
    """
    by_id = {each.scene_id: each for each in scenes.values()}
    rows: list[dict[str, Any]] = [
        {"scene_id": None, "src_date": None, "src_year": otherwise_year, "scene_ids": None, "sensor": None}
        for _ in range(len(outlines))
    ]
    for row, group in shared.groupby("row", sort=True):
        parts = list(zip(group["scene_id"], group["share"], strict=True))
        main = by_id[parts[0][0]]
        rows[int(row)] = {
            "scene_id": main.scene_id,
            "src_date": main.date,
            "src_year": sum(decimal_year(by_id[scene].date) * share for scene, share in parts),
            "scene_ids": _SEPARATOR.join(f"{scene}:{share:.4f}" for scene, share in parts),
            "sensor": main.sensor,
        }
    columns = ["scene_id", "src_date", "src_year", "scene_ids", "sensor"]
    table = pd.DataFrame(rows, columns=columns, index=outlines.index)
    return with_measurements(outlines.assign(**{name: table[name] for name in columns}, trimline_version=__version__))


def shares_of(scene_ids: object) -> dict[str, float]:
    """Return the scenes of an outline with their shares of its area, from its column `scene_ids`."""
    parts = (part.rpartition(":") for part in scene_ids.split(_SEPARATOR)) if isinstance(scene_ids, str) else ()
    return {scene: float(share) for scene, _, share in parts if scene}


def with_measurements(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return outlines with geodesic `area_km2` and `perimeter_km` and a point inside, of their present geometry."""
    inside = in_degrees(gpd.GeoSeries(shapely.point_on_surface(outlines.geometry.to_numpy()), crs=outlines.crs))
    area, perimeter = area_and_perimeter_km(outlines)
    return outlines.assign(
        cenlon=inside.x.to_numpy(), cenlat=inside.y.to_numpy(), area_km2=area, perimeter_km=perimeter
    )


def _counts(polygons: gpd.GeoDataFrame, paths: Sequence[Path], values: int) -> NDArray[np.int64]:
    """Return the number of pixels of each value in each polygon, (rasters, n, values); the rasters have one grid.

    Where no pixel's centre lies inside, the pixels that are touched are counted.
    """
    counts = np.zeros((len(paths), len(polygons), values), np.int64)
    with ExitStack() as stack:
        sources = [stack.enter_context(own_raster(path)) for path in paths]
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
                        numbers = source.read(1, window=window)[inside]
                        if numbers.max() >= values:
                            raise StageError("is damaged (its scenes are not listed)", where=source.name, remedy=_AGAIN)
                        count[row] = np.bincount(numbers, minlength=values)
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
    if not np.isfinite([left, top, right, bottom]).all():
        raise StageError("is damaged (its place is lost)", where=source.name, remedy=_AGAIN)
    first_row, last_row = max(int(np.floor(top)), 0), min(int(np.ceil(bottom)), source.height)
    first_column, last_column = max(int(np.floor(left)), 0), min(int(np.ceil(right)), source.width)
    if first_row >= last_row or first_column >= last_column:
        return None
    return Window(first_column, first_row, last_column - first_column, last_row - first_row)
