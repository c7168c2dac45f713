"""The area of an outline with its uncertainty, as the tables of `trimline run` have it, and against other outlines.

Area and perimeter are geodesic. The uncertainty is that of `trimline.change.glacier_areas`: of an outline moved by half
a pixel, without the borders that it shares with neighbours, and of what is left of errors of the map.
"""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from trimline.change.areas import measured
from trimline.errors import ChangeError
from trimline.outlines import Replayed
from trimline.outlines.area import area_and_perimeter_km
from trimline.review.contract import Comparison, Measure

_LOG = logging.getLogger(__name__)

_MOST_KEPT = 2000
"""Measures of one period that are kept."""

_Seen = tuple[tuple[shapely.Geometry, tuple[str, ...]], ...]
"""Outlines that a measure follows from, with the edits that changed them."""

_Key = tuple[str, tuple[tuple[int, tuple[str, ...]], ...]]
"""The glacier, and the numbers of these outlines as objects, with the edits."""


@dataclass(frozen=True)
class Measured:
    """Area and perimeter of one outline."""

    area_km2: float
    uncertainty_km2: float | None
    """None where outlines overlap, so that its own share of the ground is not defined."""
    perimeter_km: float


@dataclass(frozen=True)
class ErrorOfOutlines:
    """How far outlines of a period may lie from the truth, and the plane in which that is measured."""

    pixel_m: float
    """Width of a pixel [m]."""
    buffer_m: float | None
    """Distance by which outlines are moved [m]; None for half a pixel."""
    plane: CRS
    """Equal-area projection, see `trimline.change.equal_area`."""

    @property
    def moved_m(self) -> float:
        """Distance by which an outline may lie off [m]."""
        return self.pixel_m / 2.0 if self.buffer_m is None else self.buffer_m

    @property
    def reach_m(self) -> float:
        """Distance to the farthest neighbour that plays a role [m]."""
        return 2.0 * self.moved_m


class Measures:
    """Measures the outlines of one period, each once as long as it and its neighbours stay; safe for many threads.

    Parameters
    ----------
    errors
        Those of the period.
    """

    def __init__(self, errors: ErrorOfOutlines) -> None:
        self._errors = errors
        self._known: OrderedDict[_Key, tuple[_Seen, Measured]] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def moved_m(self) -> float:
        """Distance by which an outline of the period may lie off [m]."""
        return self._errors.moved_m

    def of(self, state: Replayed, name: str) -> Measured:
        """Return the measure of a glacier of a state that nobody changes meanwhile."""
        names = state.touching(around(state.outline(name), self._errors.reach_m))
        seen = tuple((state.outline(each), state.edit_ids(each)) for each in names)
        key = name, tuple((id(outline), edits) for outline, edits in seen)
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            return known[1]
        found = measure(state.outlines(names), name, self._errors)
        with self._lock:
            self._known[key] = seen, found  # the outlines are kept, so that none of their numbers is used again
            if len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)
        return found


def around(outline: shapely.Geometry, reach_m: float) -> shapely.Geometry:
    """Return the box within which an outline's neighbours lie; the map's scale differs by less than a tenth."""
    west, south, east, north = shapely.bounds(outline)
    far = 1.1 * reach_m
    return shapely.box(west - far, south - far, east + far, north + far)


def measure(outlines: gpd.GeoDataFrame, glac_id: str, errors: ErrorOfOutlines) -> Measured:
    """Measure one outline of a period.

    Parameters
    ----------
    outlines
        It and its neighbours, in the order of the period: `glac_id`, and the columns of errors where there are any.
    glac_id
        Which of them.
    errors
        Those of the period.
    """
    own = (outlines["glac_id"].astype(str) == glac_id).to_numpy()
    area, perimeter = area_and_perimeter_km(outlines[own])
    filled = outlines.assign(period="", subregion="", src_year=0.0)
    try:
        rows = np.flatnonzero(own).tolist()
        table = measured(filled, errors.pixel_m, errors.buffer_m, errors.plane, threads=1, wanted=rows)
    except ChangeError as error:
        _LOG.warning("the uncertainty of %s is not known: %s", glac_id, error.what)
        return Measured(float(area[0]), None, float(perimeter[0]))
    return Measured(float(area[0]), float(table["uncertainty_km2"].to_numpy()[own][0]), float(perimeter[0]))


def correction_error_km2(corrected: shapely.Geometry, mapped: shapely.Geometry, moved_m: float) -> float:
    """Return the error of the difference in area between a corrected outline and the mapped one [km2].

    Both are of one image, and where no hand moved the margin they have one error, which drops out. What is left is
    that of the new pieces of margin and that of the pieces which they replace: their lengths times the distance by
    which a margin may lie off, taken as independent of each other.

    Parameters
    ----------
    corrected, mapped
        The outlines, in one CRS in metres.
    moved_m
        That distance [m].
    """
    new, old = shapely.boundary(corrected), shapely.boundary(mapped)
    lengths_m = shapely.length([shapely.difference(new, old), shapely.difference(old, new)])
    return float(np.hypot(*lengths_m)) * moved_m / 1e6


def independent_error_km2(own: Measured, other: Measured) -> float | None:
    """Return the error of the difference of areas with independent errors [km2]; None where one is unknown."""
    if own.uncertainty_km2 is None or other.uncertainty_km2 is None:
        return None
    return math.hypot(own.uncertainty_km2, other.uncertainty_km2)


def compared(own: Measured, other: Measured, label: str, error_km2: float | None) -> Comparison:
    """Return one area against another, with the error of their difference [km2]."""
    change = own.area_km2 - other.area_km2
    return Comparison.model_validate(
        {
            "with": label,
            "area_km2": other.area_km2,
            "uncertainty_km2": other.uncertainty_km2,
            "change_km2": change,
            "change_percent": 100.0 * change / other.area_km2 if other.area_km2 > 0 else None,
            "change_uncertainty_km2": error_km2,
        }
    )


def message(glac_id: str, own: Measured, comparisons: Sequence[Comparison]) -> Measure:
    """Return the measure of an outline as the page is told it.

    Parameters
    ----------
    glac_id
        The glacier.
    own
        Its measure.
    comparisons
        With the automatic outline and with those of other periods.
    """
    return Measure(
        glac_id=glac_id,
        area_km2=own.area_km2,
        uncertainty_km2=own.uncertainty_km2,
        perimeter_km=own.perimeter_km,
        comparisons=tuple(comparisons),
    )
