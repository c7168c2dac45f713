"""The area of every glacier in every period, and its uncertainty.

Two errors are offered. The buffer method moves the outline inwards and outwards by half a pixel, or by a distance
that the study chooses, and takes half the difference (Granshaw and Fountain, 2006, Journal of Glaciology 52, 251-256;
Bolch and others, 2010, The Cryosphere 4, 419-433); both one-sided areas are kept. The perimeter method multiplies the
length of the outline by half the width of a pixel. Borders between glaciers count in neither, see
`trimline.change.one_sided`.

Outlines of `trimline.timeline` have two errors more: that of uncertain pixels of the map (`uncertain_error_km2`) and
that of ground that no scene shows (`unseen_error_km2`). The three have different causes: `uncertainty_km2` is the root
of the sum of their squares. For outlines without these columns it is the error of the buffer alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.change.chunks import chunks_of, work_through
from trimline.change.equal_area import equal_area_crs, lengths_m, projected
from trimline.change.long_table import optional_errors, require_no_overlap, require_series, with_years
from trimline.change.one_sided import OneSided, near_pairs, neighbour_lists, one_sided_areas
from trimline.change.sizes import SIZE_BOUNDS_KM2, first_size_class
from trimline.change.sound import sound
from trimline.cores import available_cores
from trimline.errors import ChangeError

LANDSAT_PIXEL_M = 30.0
"""Width of a pixel of Landsat's reflective bands [m]."""

AREA_COLUMNS = (
    "glac_id",
    "period",
    "subregion",
    "src_year",
    "area_km2",
    "area_inner_km2",
    "area_outer_km2",
    "uncertainty_km2",
    "uncertainty_outline_km2",
    "uncertainty_map_km2",
    "uncertainty_unseen_km2",
    "perimeter_km",
    "shared_border_km",
    "uncertainty_perimeter_km2",
    "size_class",
)
"""Columns of the table of areas, in order."""


def glacier_areas(
    outlines: gpd.GeoDataFrame,
    pixel_m: float | Mapping[str, float] = LANDSAT_PIXEL_M,
    buffer_m: float | None = None,
    bounds_km2: Sequence[float] = SIZE_BOUNDS_KM2,
    crs: CRS | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """Return the area of each outline with its one-sided areas and errors.

    Parameters
    ----------
    outlines
        One row per glacier and period, with `glac_id`, `period`, `subregion`, `src_year` (decimal year; dates are read
        as `trimline.years` says) and valid polygons in any CRS; outlines of one period do not overlap. The
        columns `uncertain_error_km2` and `unseen_error_km2` are used where they are there.
    pixel_m
        Width of a pixel [m], the same for all periods or by period; for the errors.
    buffer_m
        Distance by which outlines are moved [m]; None means half a pixel.
    bounds_km2
        Bounds of the size classes [km2].
    crs
        The equal-area plane to measure in; None means that of `equal_area_crs`.
    threads
        Number of threads; None means as many as this process may use. The table does not depend on it.

    Returns
    -------
    DataFrame
        `AREA_COLUMNS`, a row per outline in the order and with the index of `outlines`. Areas and errors in km2,
        lengths in km. `uncertainty_outline_km2` is half of outer minus inner, `uncertainty_map_km2` is
        `uncertain_error_km2`, `uncertainty_unseen_km2` is `unseen_error_km2`, and `uncertainty_km2` the root of the sum
        of their squares. `uncertainty_perimeter_km2` is the length of outline that is not shared with a neighbour times
        half a pixel.

    Raises
    ------
    OutlineError
        There is no CRS, or a geometry is no polygon.
    ChangeError
        A column is missing, a `src_year` is no year, a glacier is twice in a period or lies in two subregions, outlines
        are invalid or overlap, or a distance is not positive.
    """
    outlines = with_years(outlines)
    require_series(outlines)
    table = measured(outlines, pixel_m, buffer_m, crs or equal_area_crs(outlines), threads)
    return with_size_classes(table, bounds_km2)


def with_size_classes(table: pd.DataFrame, bounds_km2: Sequence[float]) -> pd.DataFrame:
    """Return the table of `measured`, of all periods together, in the columns of `glacier_areas`."""
    years, areas = table["src_year"].to_numpy(), table["area_km2"].to_numpy()
    classes = first_size_class(table["glac_id"], years, areas, bounds_km2)
    return table.assign(size_class=classes)[list(AREA_COLUMNS)]


def measured(
    outlines: gpd.GeoDataFrame,
    pixel_m: float | Mapping[str, float],
    buffer_m: float | None,
    plane: CRS,
    threads: int | None,
    wanted: Collection[int] | None = None,
) -> pd.DataFrame:
    """Return the table of `glacier_areas` without size classes, which depend on all periods of a glacier.

    `wanted` are positions of rows: only their one-sided areas and errors are measured then.
    """
    periods = outlines["period"].astype(str).to_numpy()
    pixels = by_period(pixel_m, periods)
    distances = pixels / 2 if buffer_m is None else np.full(len(outlines), _positive(buffer_m, "buffer_m"))
    threads = threads or available_cores()
    geometries, areas, perimeter = _in_plane(outlines, plane, threads)
    names = outlines["glac_id"].astype(str).to_numpy()
    moved = _moved(geometries, distances, periods, names, areas, threads, wanted)
    shared = np.zeros(len(outlines))
    bordering = ~shapely.is_empty(moved.shared_border)
    shared[bordering] = lengths_m(moved.shared_border[bordering])
    outline = (moved.outer_m2 - moved.inner_m2) / 2e6
    of_map, unseen = optional_errors(outlines, "uncertain_error_km2"), optional_errors(outlines, "unseen_error_km2")
    return pd.DataFrame(
        {
            "glac_id": outlines["glac_id"].astype(str),
            "period": periods,
            "subregion": outlines["subregion"].astype(str),
            "src_year": outlines["src_year"].astype(np.float64),
            "area_km2": areas / 1e6,
            "area_inner_km2": moved.inner_m2 / 1e6,
            "area_outer_km2": moved.outer_m2 / 1e6,
            "uncertainty_km2": np.sqrt(outline**2 + of_map**2 + unseen**2),
            "uncertainty_outline_km2": outline,
            "uncertainty_map_km2": of_map,
            "uncertainty_unseen_km2": unseen,
            "perimeter_km": perimeter / 1e3,
            "shared_border_km": shared / 1e3,
            "uncertainty_perimeter_km2": perimeter_error_km2((perimeter - shared) / 1e3, pixels),
        },
        index=outlines.index,
    )


def perimeter_error_km2(
    perimeter_km: NDArray[np.float64] | float, pixel_m: NDArray[np.float64] | float
) -> NDArray[np.float64]:
    """Return a length of outline times half the width of a pixel.

    The formula is often printed as the perimeter times the *area* of half a pixel, which is a volume; the width of
    half a pixel is meant.

    Parameters
    ----------
    perimeter_km
        Length of outline [km].
    pixel_m
        Width of a pixel [m].

    Returns
    -------
    NDArray[np.float64]
        Errors [km2].
    """
    return np.asarray(perimeter_km, np.float64) * np.asarray(pixel_m, np.float64) / 2e3


def _in_plane(
    outlines: gpd.GeoDataFrame, plane: CRS, threads: int
) -> tuple[NDArray[np.object_], NDArray[np.float64], NDArray[np.float64]]:
    """Return the outlines in the plane, their areas [m2] and lengths [m]."""
    given, crs = outlines.geometry.to_numpy(), outlines.crs
    geometries = np.empty(len(given), dtype=object)
    areas, lengths = np.zeros(len(given)), np.zeros(len(given))

    def of_chunk(chunk: NDArray[np.intp]) -> None:
        there = sound(projected(given[chunk], crs, plane))
        geometries[chunk], areas[chunk], lengths[chunk] = there, shapely.area(there), lengths_m(there)

    work_through([partial(of_chunk, chunk) for chunk in chunks_of(np.arange(len(given)))], threads)
    return geometries, areas, lengths


def _moved(
    geometries: NDArray[np.object_],
    distances: NDArray[np.float64],
    periods: NDArray[np.object_],
    names: NDArray[np.object_],
    areas: NDArray[np.float64],
    threads: int,
    wanted: Collection[int] | None,
) -> OneSided:
    """Move outlines period by period, because only outlines of the same period are neighbours."""
    first: list[NDArray[np.intp]] = []
    second: list[NDArray[np.intp]] = []
    for period in pd.unique(periods):
        rows = np.flatnonzero(periods == period)
        one, other = near_pairs(geometries[rows], float(distances[rows[0]]))
        require_no_overlap(geometries[rows], one, other, names[rows], period)
        first.append(rows[one])
        second.append(rows[other])
    none = [np.empty(0, np.intp)]
    neighbours = neighbour_lists(len(geometries), np.concatenate(first or none), np.concatenate(second or none))
    return one_sided_areas(geometries, distances, neighbours, areas, threads, wanted)


def by_period(pixel_m: float | Mapping[str, float], periods: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the width of a pixel of each row [m]; raise `ChangeError` where none is given or it is not positive."""
    if not isinstance(pixel_m, Mapping):
        return np.full(len(periods), _positive(pixel_m, "pixel_m"))
    missing = sorted(set(periods) - set(pixel_m))
    if missing:
        raise ChangeError(
            f"no width of a pixel is given for {', '.join(missing)}", remedy="give `pixel_m` for every period"
        )
    widths = {period: _positive(width, f"pixel_m of {period}") for period, width in pixel_m.items()}
    return np.array([widths[period] for period in periods], np.float64)


def _positive(distance: float, name: str) -> float:
    if not (np.isfinite(distance) and distance > 0):
        raise ChangeError(f"{name} is {distance:g}", remedy="give a positive distance [m]")
    return float(distance)
