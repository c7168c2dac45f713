"""Coordinate reference systems: which of them lie on the Earth, and in which of them one can measure.

A system is asked for its properties, not for its code. One that is local, geocentric, vertical or of another body has
no place on a map of glaciers and is refused by name; of a compound system the horizontal part counts.

Lengths and thresholds (a buffer of 1 km, glaciers above 0.01 km2) are measured in the plane of a grid, so that the
scale of its projection must be true to `LARGEST_SCALE_ERROR` where the grid lies. Areas that are published are geodesic
and do not depend on it. The scale is that of Tissot's indicatrix (Snyder, 1987, Map projections: a working manual, USGS
Professional Paper 1395, p. 20-26), by differences of coordinates.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError

from trimline.errors import GridError, TrimlineError

LARGEST_SCALE_ERROR = 0.05
"""Largest relative error of lengths in the plane of a grid. UTM has 0.1 % in its zone and 0.7 % in the next; national
grids are below 1 %; Lambert and Albers of a continent reach 2 to 3 % over its glaciers; polar stereographic systems
that are true at 70 or 71 degrees reach 4.3 % at 60. Mercator exceeds it from 18 degrees of latitude on."""

_WORLDWIDE_SCALE = 1.5
"""Scale that a system reaches somewhere in its area of use, where it is made for showing the world."""

_SEMI_MAJOR_M = 6_378_137.0
_ECCENTRICITY_SQUARED = 0.006_694_379_990_14

_STEP_DEG = 1e-4
"""Step of the differences [degree]: 11 m."""

_METRES = ("metre", "meter")


def horizontal(crs: CRS, where: object = None, kind: type[TrimlineError] = GridError) -> CRS:
    """Return the horizontal part of a CRS, which is the CRS itself unless it is compound.

    Parameters
    ----------
    crs
        Any CRS.
    where
        The file, for the message.
    kind
        The error to raise.

    Raises
    ------
    TrimlineError
        Of the given kind: the CRS is local, geocentric or vertical, or not of the Earth.
    """
    if crs.is_compound:
        return horizontal(crs.sub_crs_list[0], where, kind)
    problem = _problem(crs)
    if problem is not None:
        raise kind(
            f"the CRS '{crs.name}' {problem}",
            where=where,
            remedy="assign the right one, for instance with `gdal_edit.py -a_srs EPSG:32646 FILE` "
            "or `ogr2ogr -a_srs EPSG:32646 NEW FILE`",
        )
    return crs


@lru_cache(maxsize=1)
def degrees() -> CRS:
    """Return WGS 84 in longitude and latitude."""
    return CRS.from_epsg(4326)


def turn_of(crs: CRS) -> float | None:
    """Return a full turn of longitude in the unit of a CRS, 360 for degrees; None where it has no longitudes."""
    if not crs.is_geographic:
        return None
    return round(2 * math.pi / float(crs.axis_info[0].unit_conversion_factor), 9)


def is_in_metres(crs: CRS) -> bool:
    """Whether a CRS is projected with both axes in metres, whatever their directions."""
    plane = crs.sub_crs_list[0] if crs.is_compound else crs
    return bool(plane.is_projected) and all(axis.unit_name in _METRES for axis in plane.axis_info[:2])


def scale_error(crs: CRS, longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]) -> float:
    """Return the largest relative error of lengths in a projection at some points, in any direction.

    Parameters
    ----------
    crs
        A projected CRS in metres.
    longitudes, latitudes
        (n,) points [degree, WGS 84].

    Returns
    -------
    float
        0.01 where a length is off by 1 %; infinite where a point has no place in the projection.
    """
    scales = _scales(crs, longitudes, latitudes)
    return float(np.abs(scales - 1.0).max()) if np.isfinite(scales).all() else math.inf


def measuring_problem(crs: CRS) -> str | None:
    """Return why nothing should be measured in a CRS wherever it is used, in words; None where one can measure.

    A projection is refused when lengths are off by more than `LARGEST_SCALE_ERROR` over most of its area of use, and by
    half somewhere in it: it shows the world, or a continent, and measures little of it. A CRS without an area of
    use is judged where its grid lies.
    """
    if not is_in_metres(crs):
        return "is not projected in metres"
    area = crs.area_of_use
    if area is None:
        return None
    east = area.east if area.east > area.west else area.east + 360.0
    inner = (np.arange(24) + 0.5) / 24
    longitudes, latitudes = np.meshgrid(
        area.west + inner * (east - area.west), area.south + inner * (area.north - area.south)
    )
    scales = _scales(crs, longitudes.ravel(), latitudes.ravel())
    scales = np.where(np.isfinite(scales), scales, np.inf)
    weight = np.cos(np.radians(latitudes.ravel()))
    wrong = np.abs(scales - 1.0).max(axis=1) > LARGEST_SCALE_ERROR
    if scales.max() <= _WORLDWIDE_SCALE or weight[wrong].sum() <= weight.sum() / 2:
        return None
    most = "without bound" if math.isinf(scales.max()) else f"up to {scales.max():.1f} times"
    return f"stretches lengths {most} in its area of use"


@lru_cache(maxsize=256)
def _to_plane(crs: CRS) -> Transformer:
    return Transformer.from_crs(degrees(), crs, always_xy=True)


def _scales(crs: CRS, longitudes: NDArray[np.float64], latitudes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (n, 2) half axes of Tissot's indicatrix; not finite where a point has no place in the projection."""
    longitude = np.asarray(longitudes, np.float64)
    latitude = np.clip(np.asarray(latitudes, np.float64), -89.99, 89.99)
    change = _to_plane(crs)
    squared = 1.0 - _ECCENTRICITY_SQUARED * np.sin(np.radians(latitude)) ** 2
    step = np.radians(2 * _STEP_DEG)
    along = step * _SEMI_MAJOR_M * np.cos(np.radians(latitude)) / np.sqrt(squared)
    up = step * _SEMI_MAJOR_M * (1.0 - _ECCENTRICITY_SQUARED) / squared**1.5
    columns = []
    for east, north, length in ((_STEP_DEG, 0.0, along), (0.0, _STEP_DEG, up)):
        ahead = np.stack(change.transform(longitude + east, latitude + north))
        behind = np.stack(change.transform(longitude - east, latitude - north))
        with np.errstate(invalid="ignore"):
            columns.append((ahead - behind) / length)
    matrices = np.moveaxis(np.stack(columns, axis=1), 2, 0)
    lost = ~np.isfinite(matrices).all(axis=(1, 2))
    scales: NDArray[np.float64] = np.linalg.svd(np.where(lost[:, None, None], 0.0, matrices), compute_uv=False)
    scales[lost] = np.nan
    return scales


_Nature = Literal["is local: it is not tied to the Earth", "is geocentric: it has no plane", "is vertical only"]


@lru_cache(maxsize=256)
def _problem(crs: CRS) -> str | None:
    """Return why a CRS has no place on a map of the Earth, in words; None where it has one."""
    nature: _Nature | None = None
    if crs.is_engineering:
        nature = "is local: it is not tied to the Earth"
    elif crs.is_geocentric:
        nature = "is geocentric: it has no plane"
    elif crs.is_vertical:
        nature = "is vertical only"
    if nature is not None:
        return nature
    if not (crs.is_projected or crs.is_geographic):
        return "is neither projected nor geographic"
    try:
        Transformer.from_crs(crs, degrees(), always_xy=True)
    except (ProjError, CRSError):
        return "cannot be brought to longitude and latitude on the Earth"
    return None
