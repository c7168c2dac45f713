"""Area of glaciers by elevation band and by aspect, from outlines and elevation models.

Each pixel of the model counts with the area of it that the outline covers. A pixel is a tilted plane, whose parts may
lie in different bands; its quarters may face different sectors. Ground without height is a class of its own, so that
the classes of a glacier add up to its geodesic area. The uncertainty of a class is the part of the outline's fringe of
half a pixel that lies in it (Granshaw and Fountain, 2006, Journal of Glaciology 52, 251-256, class by class).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimline.change.areas import LANDSAT_PIXEL_M, by_period
from trimline.change.chunks import work_through
from trimline.change.equal_area import equal_area_crs, projected
from trimline.change.long_table import optional_errors
from trimline.change.sound import sound
from trimline.cores import available_cores
from trimline.errors import ChangeError
from trimline.glaciers.model_choice import Dem, choose_models, in_crs, require_glaciers
from trimline.glaciers.model_pixels import STRIP_PIXELS, Strip, in_pixels, strips
from trimline.glaciers.moved_outlines import fringe, neighbours_of
from trimline.glaciers.rgi_attributes import aspect_sectors
from trimline.outlines import area_km2

_LOG = logging.getLogger(__name__)

SECTORS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""Names of the sectors 1 to 8."""

BAND_COLUMNS = ("band_lower_m", "band_upper_m")
ASPECT_COLUMNS = ("aspect_sec", "sector")
MEASURES = ("area_km2", "share", "uncertainty_km2")

_CARRIED = ("glac_id", "period", "subregion", "src_year")
"""Columns of the outlines that the tables keep, where they are there."""

_NOWHERE = np.iinfo(np.int64).min
"""Class of ground without height, or without aspect."""

_BAND_PARTS, _ASPECT_PARTS = 4, 2
"""Parts along the side of a pixel whose heights, and whose aspects, are told apart."""

Classes = Callable[[Strip, NDArray[np.intp], NDArray[np.intp]], NDArray[np.int64]]
"""Classes (n, k) of the k parts of n pixels of a strip, given by row and column; `_NOWHERE` where there is none."""


def hypsometry(
    outlines: gpd.GeoDataFrame,
    dem: Dem,
    step_m: float = 50.0,
    *,
    pixel_m: float | Mapping[str, float] = LANDSAT_PIXEL_M,
    threads: int | None = None,
) -> pd.DataFrame:
    """Return the area of each glacier by elevation band.

    Parameters
    ----------
    outlines
        Valid polygons in any CRS, a row per `glac_id`, or per `glac_id` and `period` where there is such a column.
        Those of one period do not overlap.
    dem
        As for `attributes`.
    step_m
        Height of a band [m]; bands begin at its multiples.
    pixel_m
        Width of a pixel of the images that were outlined [m], the same for all periods or by period: the outline errs
        by half of it.
    threads
        Number of threads; None means as many as this process may use. The result does not depend on it.

    Returns
    -------
    DataFrame
        A row per glacier, period and band that holds any ground of it or of its fringe, from low to high:

        - `glac_id`, and `period`, `subregion` and `src_year` where the outlines have them.
        - `band_lower_m` (included), `band_upper_m` (excluded) [m]; NaN for ground without height, the last row.
        - `area_km2`: its area; the bands of a glacier add up to its geodesic area.
        - `share`: of the glacier's area.
        - `uncertainty_km2`: half of the ground between the outline moved outwards and inwards by half a pixel that
          lies in the band, so that the bands add up to `uncertainty_outline_km2` of `glacier_areas`. Where the
          outlines have errors of the map and of unseen ground, whose place is not known, each band has its share by
          area of them, combined as the root of the sum of squares.
        - `dem_source`: the model, None where there is none.

    Raises
    ------
    OutlineError
        There is no CRS or no `glac_id`, a geometry is no polygon, or a glacier occurs twice.
    GridError
        An elevation model cannot be read or has no CRS.
    ChangeError
        `step_m` or `pixel_m` is not positive.
    """
    if not (np.isfinite(step_m) and step_m > 0):
        raise ChangeError(f"step_m is {step_m:g}", remedy="give a positive height of a band [m]")

    def bands(strip: Strip, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.int64]:
        return _as_classes(np.floor(strip.heights_within(rows, columns, _BAND_PARTS) / step_m))

    table = _by_class(outlines, dem, bands, _BAND_PARTS, pixel_m, threads)
    lower = table["class"].astype(np.float64).where(table["class"] != _NOWHERE) * step_m
    return _in_order(table.assign(band_lower_m=lower, band_upper_m=lower + step_m), BAND_COLUMNS)


def aspects(
    outlines: gpd.GeoDataFrame,
    dem: Dem,
    *,
    pixel_m: float | Mapping[str, float] = LANDSAT_PIXEL_M,
    threads: int | None = None,
) -> pd.DataFrame:
    """Return the area of each glacier by the eight sectors that its ground faces.

    Parameters
    ----------
    outlines, dem, pixel_m, threads
        As for `hypsometry`.

    Returns
    -------
    DataFrame
        As that of `hypsometry`, with `aspect_sec`, 1 (north) to 8 (north-west), and its name `sector` in place of the
        band; missing for level ground and ground without height, the last row.

    Raises
    ------
    OutlineError, GridError, ChangeError
        As `hypsometry`.
    """

    def sectors(strip: Strip, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.int64]:
        east, north = strip.rise_within(rows, columns)
        facing = np.degrees(np.arctan2(-east, -north)) % 360.0
        facing[(east == 0) & (north == 0)] = np.nan
        numbers = aspect_sectors(facing.ravel()).to_numpy(np.float64, na_value=np.nan)
        return _as_classes(numbers.reshape(facing.shape))

    table = _by_class(outlines, dem, sectors, _ASPECT_PARTS, pixel_m, threads)
    sector = table["class"].where(table["class"] != _NOWHERE).astype("Int64")
    names = sector.map(dict(enumerate(SECTORS, start=1))).astype(object)
    return _in_order(table.assign(aspect_sec=sector, sector=names.where(sector.notna(), None)), ASPECT_COLUMNS)


def _as_classes(numbers: NDArray[np.float64]) -> NDArray[np.int64]:
    known = np.isfinite(numbers)
    return np.where(known, np.nan_to_num(numbers), _NOWHERE).astype(np.int64)


def _in_order(table: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    carried = [name for name in _CARRIED if name in table.columns]
    return table[[*carried, *columns, *MEASURES, "dem_source"]]


def _by_class(
    outlines: gpd.GeoDataFrame,
    dem: Dem,
    classes: Classes,
    parts: int,
    pixel_m: float | Mapping[str, float],
    threads: int | None,
) -> pd.DataFrame:
    """Return area, share and uncertainty by glacier and class of ground."""
    require_glaciers(outlines)
    threads = threads or available_cores()
    geometries, crs, plane = outlines.geometry.to_numpy(), outlines.crs, equal_area_crs(outlines)
    periods = (outlines["period"] if "period" in outlines.columns else pd.Series("", outlines.index)).astype(str)
    distances = by_period(pixel_m, periods.to_numpy(object)) / 2
    areas = area_km2(outlines)
    in_plane = sound(projected(geometries, crs, plane))
    neighbours = neighbours_of(in_plane, distances, periods.to_numpy(object))
    choices = choose_models(geometries, crs, dem, plane, threads)
    found: list[dict[int, NDArray[np.float64]]] = [{} for _ in geometries]

    def of_one(i: int) -> None:
        around, choice, sums = fringe(in_plane, i, float(distances[i]), neighbours[i]), choices[i], found[i]
        if choice is None:
            sums[_NOWHERE] = np.array([1.0, around.area_m2()])
            return
        moved = in_pixels(in_crs(np.append(around.polygons, around.reach), plane, choice.model.crs), choice.model)
        for strip in strips(choice.model, moved[-1], plane, STRIP_PIXELS // parts**2):
            ice = strip.parts_covered(choice.polygon, parts)
            error = np.zeros_like(ice)
            for polygon, weight in zip(moved[:-1], around.weights, strict=True):
                error += weight * strip.parts_covered(polygon, parts)
            rows, columns = np.nonzero(((ice > 0) | (error > 0)).any(axis=-1))
            labels, which = np.unique(classes(strip, rows, columns), return_inverse=True)
            pixel_m2 = strip.pixel_area_m2[rows, columns, None]
            for k, shares in enumerate((ice, error)):
                of_part = np.maximum(shares[rows, columns], 0.0) * pixel_m2
                for label, value in zip(labels, np.bincount(which.ravel(), of_part.ravel()), strict=True):
                    sums.setdefault(int(label), np.zeros(2))[k] += value

    work_through([partial(of_one, int(i)) for i in np.flatnonzero(areas > 0)], threads)
    return _long(outlines, areas, found, [None if choice is None else choice.model.source for choice in choices])


def _long(
    outlines: gpd.GeoDataFrame,
    areas: NDArray[np.float64],
    found: list[dict[int, NDArray[np.float64]]],
    sources: list[str | None],
) -> pd.DataFrame:
    """Return the long table of classes, each glacier's in order, ground without class last."""
    of_map, unseen = optional_errors(outlines, "uncertain_error_km2"), optional_errors(outlines, "unseen_error_km2")
    rows, labels, shares, errors = [], [], [], []
    for i, sums in enumerate(found):
        total = sum(both[0] for both in sums.values())
        for label in sorted(sums, key=lambda each: (each == _NOWHERE, each)):
            rows.append(i)
            labels.append(label)
            shares.append(sums[label][0] / total)
            errors.append(sums[label][1] / 1e6)
    share, row = np.array(shares, np.float64), np.array(rows, np.intp)
    carried = pd.DataFrame(outlines)[[name for name in _CARRIED if name in outlines.columns]]
    table = carried.iloc[row].reset_index(drop=True)
    table["class"] = np.array(labels, np.int64)
    table["area_km2"], table["share"] = share * areas[row], share
    table["uncertainty_km2"] = np.sqrt(np.array(errors) ** 2 + (share * of_map[row]) ** 2 + (share * unseen[row]) ** 2)
    table["dem_source"] = pd.Series([sources[i] for i in rows], table.index, dtype=object)
    nowhere = table["area_km2"].to_numpy() * (table["class"] == _NOWHERE).to_numpy()
    if nowhere.sum() > 0:
        _LOG.warning(
            "%.3f of %.3f km2, on %d outlines, have no height or aspect: they are rows of their own",
            nowhere.sum(),
            areas.sum(),
            np.count_nonzero(nowhere > 0),
        )
    return table
