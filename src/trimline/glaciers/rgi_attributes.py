"""Attributes of glaciers as in the Randolph Glacier Inventory 7.0, from outlines and elevation models.

Heights, slopes and aspects are those of the model's pixels, each weighted by the area of it that the outline covers.
The mean aspect is the direction of the mean of unit vectors, as in RGI 7.0 (RGI 7.0 Consortium, 2023,
https://doi.org/10.5067/f6jmovy5navz). Areas are geodesic and of the polygon, never of pixels.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.change.chunks import work_through
from trimline.change.equal_area import equal_area_crs
from trimline.cores import available_cores
from trimline.errors import OutlineError
from trimline.glaciers.model_choice import Choice, Dem, choose_models, keys_of, require_glaciers
from trimline.glaciers.model_pixels import Strip, strips
from trimline.outlines import area_km2, conform
from trimline.reprojecting import in_degrees, reprojected

_LOG = logging.getLogger(__name__)

LEAST_SHARE = 0.5
"""Share of a glacier that must have heights, for heights, slope and aspect to be stated."""

FLOW_COLUMNS = ("lmax_m", "termlon", "termlat")
"""Columns that come from flow lines."""

_HEIGHT_COLUMNS = ("zmin_m", "zmax_m", "zmed_m", "zmean_m", "slope_deg", "aspect_deg")
_WHOLE = 1 - 1e-6
"""Share from which on a glacier counts as wholly covered."""
_NAMED = 5
"""Glaciers named in a line of the log."""
_SECTOR_DEG = 45.0
_PIXELS_DIFFER = 0.01
"""Difference of the sums over pixels and polygons that is worth a line of the log, as a share."""


def attributes(
    outlines: gpd.GeoDataFrame, dem: Dem, *, flow_lines: pd.DataFrame | None = None, threads: int | None = None
) -> gpd.GeoDataFrame:
    """Return outlines with the attributes of RGI 7.0 that follow from outline and elevation model.

    Parameters
    ----------
    outlines
        Valid polygons in any CRS, a row per `glac_id`, or per `glac_id` and `period` where there is such a column.
    dem
        A raster of heights [m] in any CRS and resolution, several, or a folder of them. Each glacier is measured on
        the one that covers most of it; of models that cover the same, on the finest, then on the first.
    flow_lines
        Table with `glac_id` (and `period`), `lmax_m`, `termlon` and `termlat`, which are taken over. Without one
        these columns stay as the outlines have them.
    threads
        Number of threads; None means as many as this process may use. The result does not depend on it.

    Returns
    -------
    GeoDataFrame
        The outlines, in their order and CRS, with these columns, published ones first:

        - `area_km2`: geodesic area; `cenlon`, `cenlat` [degree]: a point inside; `utm_zone`: its zone.
        - `zmin_m`, `zmax_m`: lowest and highest height of pixels at least half covered (of all that are touched, where
          there is none); `zmed_m`, `zmean_m`: median and mean by area [m].
        - `slope_deg`: mean slope by area; `aspect_deg`: mean aspect, clockwise from north [degree]; `aspect_sec`: its
          sector, 1 (north) to 8 (north-west).
        - `dem_source`: name of the model, None where none lies there; `dem_share`: share of the area with heights.
        - `area_pixels_km2`: area of the model's pixels whose middle lies inside, with or without heights: what sums
          over a mask of pixels would give.

        Values of a glacier that is covered in part are of the part with heights; below `LEAST_SHARE` heights, slope
        and aspect are NaN. Both are logged.

    Raises
    ------
    OutlineError
        There is no CRS or no `glac_id`, a geometry is no polygon, a glacier occurs twice, or `flow_lines` lacks a
        column.
    GridError
        An elevation model cannot be read or has no CRS.
    """
    require_glaciers(outlines)
    threads = threads or available_cores()
    geometries = outlines.geometry.to_numpy()
    plane = equal_area_crs(outlines)
    choices = choose_models(geometries, outlines.crs, dem, plane, threads)
    grounds: list[_Ground] = [_Ground.nothing()] * len(outlines)

    def of_one(i: int, choice: Choice) -> None:
        grounds[i] = _measured(choice, plane)

    work_through([partial(of_one, i, choice) for i, choice in enumerate(choices) if choice is not None], threads)
    result = outlines.assign(**_places(outlines))
    for name in (*_HEIGHT_COLUMNS, "dem_share", "area_pixels_km2"):
        result[name] = [getattr(ground, name) for ground in grounds]
    result["dem_source"] = [choice.model.source if choice is not None else None for choice in choices]
    result.loc[result["dem_share"].to_numpy() == 0, "dem_source"] = None
    _report_cover(result)
    result.loc[result["dem_share"].to_numpy() < LEAST_SHARE, list(_HEIGHT_COLUMNS)] = np.nan
    result["aspect_sec"] = aspect_sectors(result["aspect_deg"].to_numpy(np.float64))
    _report_pixels(result)
    if flow_lines is not None:
        result = _with_flow_lines(result, flow_lines)
    return conform(result)


def area_sums(table: pd.DataFrame) -> pd.DataFrame:
    """Return the total area of all glaciers by polygons and by pixels of the elevation model.

    Sums over pixels whose middles lie inside differ from those over polygons, mostly for small glaciers: both are
    stated. Only glaciers that lie on a model are counted.

    Parameters
    ----------
    table
        The result of `attributes`.

    Returns
    -------
    DataFrame
        A row per period (one row named `all` without periods): `period`, `glaciers`, `area_km2`, `area_pixels_km2`,
        `difference_km2` (pixels minus polygons), `difference_percent`, and `largest_difference_percent`, of any one
        glacier.
    """
    known = table[table["area_pixels_km2"].notna() & (table["area_km2"] > 0)]
    periods = known["period"].astype(str) if "period" in known.columns else pd.Series("all", known.index)
    numbers = pd.DataFrame(known[["area_km2", "area_pixels_km2"]]).assign(
        period=periods, glaciers=1, single=(known["area_pixels_km2"] / known["area_km2"] - 1).abs() * 100
    )
    grouped = numbers.groupby("period", sort=False)
    sums = grouped[["glaciers", "area_km2", "area_pixels_km2"]].sum()
    sums["difference_km2"] = sums["area_pixels_km2"] - sums["area_km2"]
    sums["difference_percent"] = sums["difference_km2"] / sums["area_km2"] * 100
    sums["largest_difference_percent"] = grouped["single"].max()
    return sums.reset_index()


def aspect_sectors(aspect_deg: NDArray[np.float64]) -> pd.api.extensions.ExtensionArray:
    """Return the sectors of aspects, 1 (north) to 8 (north-west), clockwise; missing for NaN.

    Parameters
    ----------
    aspect_deg
        (n,) aspects, clockwise from north [degree].
    """
    sectors = np.floor((np.nan_to_num(aspect_deg) + _SECTOR_DEG / 2) % 360.0 / _SECTOR_DEG) + 1
    return pd.array(pd.Series(sectors).where(np.isfinite(aspect_deg)), dtype="Int64")


@dataclass(frozen=True)
class _Ground:
    """What the pixels under an outline give, under the names of the columns."""

    zmin_m: float
    zmax_m: float
    zmed_m: float
    zmean_m: float
    slope_deg: float
    aspect_deg: float
    dem_share: float
    area_pixels_km2: float

    @staticmethod
    def nothing() -> _Ground:
        nan = float("nan")
        return _Ground(nan, nan, nan, nan, nan, nan, 0.0, nan)


def _measured(choice: Choice, plane: CRS) -> _Ground:
    """Measure the pixels under an outline."""
    parts = [_samples(strip, choice.polygon) for strip in strips(choice.model, choice.polygon, plane)]
    height, east, north, weight, share, middle_m2 = (np.concatenate(each) for each in zip(*parts, strict=True))
    known, total = np.isfinite(height), weight.sum()
    if not known.any():
        return replace(_Ground.nothing(), area_pixels_km2=float(middle_m2.sum() / 1e6))
    sloping = np.isfinite(east) & np.isfinite(north)
    lowest, highest = _extremes(height[known], share[known])
    slope, aspect = _slope_and_aspect(east[sloping], north[sloping], weight[sloping])
    return _Ground(
        zmin_m=lowest,
        zmax_m=highest,
        zmed_m=weighted_median(height[known], weight[known]),
        zmean_m=float(np.average(height[known], weights=weight[known])),
        slope_deg=slope,
        aspect_deg=aspect,
        dem_share=float(weight[known].sum() / total),
        area_pixels_km2=float(middle_m2.sum() / 1e6),
    )


def _samples(strip: Strip, polygon: shapely.Geometry) -> tuple[NDArray[np.float64], ...]:
    """Return height, rise east and north, covered area, covered share, and the area of pixels with their middle inside.

    All are (n,), a value per pixel that the polygon touches.
    """
    covered = strip.covered_m2(polygon)
    rows, columns = np.nonzero(covered)
    weight, pixel = covered[rows, columns], strip.pixel_area_m2[rows, columns]
    share = weight / pixel
    inside = share >= 1
    edge = np.flatnonzero(~inside)
    shapely.prepare(polygon)
    inside[edge] = shapely.contains_xy(
        polygon, columns[edge] + strip.first_column + 0.5, rows[edge] + strip.first_row + 0.5
    )
    east, north = strip.rise[:, rows, columns]
    return strip.height_m[rows, columns].astype(np.float64), east, north, weight, share, pixel * inside


def _extremes(height: NDArray[np.float64], share: NDArray[np.float64]) -> tuple[float, float]:
    """Return the lowest and the highest height of pixels that lie for the most part inside."""
    mostly = share >= 0.5
    counted = height[mostly] if mostly.any() else height
    return float(counted.min()), float(counted.max())


def _slope_and_aspect(
    east: NDArray[np.float64], north: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[float, float]:
    """Return the mean slope and the direction of the mean of unit vectors downhill [degree]."""
    if not weight.sum():
        return float("nan"), float("nan")
    steepness = np.hypot(east, north)
    slope = float(np.degrees(np.average(np.arctan(steepness), weights=weight)))
    facing = np.divide(-1.0, steepness, where=steepness > 0, out=np.zeros_like(steepness)) * weight
    to_east, to_north = float((east * facing).sum()), float((north * facing).sum())
    level = np.hypot(to_east, to_north) <= 1e-9 * weight.sum()
    return slope, float("nan") if level else float(np.degrees(np.arctan2(to_east, to_north)) % 360.0)


def weighted_median(values: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """Return the value below which half of the weight lies."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(below, below[-1] / 2)])


def _places(outlines: gpd.GeoDataFrame) -> dict[str, NDArray[np.float64]]:
    """Return areas, points inside, and their UTM zones."""
    points = in_degrees(reprojected(outlines.geometry, 4326).representative_point())
    longitude, latitude = points.x.to_numpy(), points.y.to_numpy()
    zone = pd.array(pd.Series(np.floor((longitude + 180.0) / 6.0) % 60 + 1), dtype="Int64")
    return {"area_km2": area_km2(outlines), "cenlon": longitude, "cenlat": latitude, "utm_zone": zone}


def _with_flow_lines(result: gpd.GeoDataFrame, flow_lines: pd.DataFrame) -> gpd.GeoDataFrame:
    """Take the columns of flow lines over; NaN for a glacier without one."""
    keys = [name for name in keys_of(result) if name in flow_lines.columns]
    missing = [name for name in ("glac_id", *FLOW_COLUMNS) if name not in flow_lines.columns]
    if missing:
        raise OutlineError(f"the flow lines have no column {', '.join(missing)}", remedy="give those of flow_lines()")
    table = pd.DataFrame(flow_lines)[[*keys, *FLOW_COLUMNS]]
    if table.duplicated(keys).any():
        raise OutlineError("a glacier has several main flow lines", remedy="keep the longest one of each")
    kept = result.drop(columns=[name for name in FLOW_COLUMNS if name in result.columns])
    return kept.merge(table, on=keys, how="left", validate="many_to_one").set_index(result.index)


def _report_cover(table: gpd.GeoDataFrame) -> None:
    share = table["dem_share"].to_numpy()
    for which, said in (
        (share == 0, "lie on no elevation model: no heights, slope and aspect"),
        ((share > 0) & (share < LEAST_SHARE), f"have heights on less than {LEAST_SHARE:.0%}: none are stated"),
        ((share >= LEAST_SHARE) & (share < _WHOLE), "have heights on a part only, which their values are of"),
    ):
        if which.any():
            some = ", ".join(
                f"{name} ({100 * part:.1f} %)"
                for name, part in zip(table["glac_id"][which][:_NAMED], share[which][:_NAMED], strict=True)
            )
            more = ", ..." if which.sum() > _NAMED else ""
            _LOG.warning("%d of %d outlines %s: %s%s", which.sum(), len(table), said, some, more)


def _report_pixels(table: gpd.GeoDataFrame) -> None:
    for _, row in area_sums(table).iterrows():
        if abs(row["difference_percent"]) > 100 * _PIXELS_DIFFER:
            _LOG.warning(
                "period %s: pixels with their middle inside add up to %.3f km2, the polygons to %.3f km2 (%+.1f %%)",
                row["period"],
                row["area_pixels_km2"],
                row["area_km2"],
                row["difference_percent"],
            )
