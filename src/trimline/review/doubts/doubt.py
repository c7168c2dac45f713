"""What speaks against an outline: an uncertain map along it, other periods that agree otherwise, a jump of its area.

Each measure lies between 0 (nothing speaks against it) and 1. The doubt of an outline is the mean of those that are
known, each as ``value / (value + half)``, so that an ordinary value of one counts as much as an ordinary value of
another; and times the share of the glacier that is more than half a pixel of its outline, so that patches of a few
pixels, of which nothing can be known better, do not come first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from trimline.review.doubts.comparing import shared_areas
from trimline.review.doubts.outline_edges import Floats, Shapes

MEASURES = ("margin", "disagreement", "jump")
HALF = MappingProxyType({"margin": 0.5, "disagreement": 0.15, "jump": 0.15})
"""Value of each measure that counts as one half. On simulated ranges margins of networks are about 0.5 (0.8 of the band
ratio), disagreements of large glaciers below 0.04 and jumps below 0.07, from decade to decade."""
_IN_OUTLINE, _IN_OTHERS = 0b001, 0b110
"""Columns of `trimline.review.doubts.comparing.shared_areas`: ground in the outline alone, in the two others alone."""


def disagreement(
    outlines: Shapes, one: Shapes, other: Shapes, *, stopped: Callable[[], bool] = lambda: False
) -> Floats:
    """Return the share of each glacier's ground on which its outline differs from two others that agree there.

    Parameters
    ----------
    outlines
        (n,) polygons of the period.
    one, other
        (n,) polygons of the same glaciers in two other periods; None where a period has none. Where both have none,
        they agree that there is no ice.
    stopped
        Asked between parts of the work: whether to give up, with NaN for the rest.

    Returns
    -------
    NDArray[np.float64]
        (n,) between 0 and 1, right to about 0.01. The ground is that of all three outlines together; with one other
        outline, all that lies in one of the two and not in the other differs.
    """
    one = np.where(shapely.is_missing(one), other, one)
    other = np.where(shapely.is_missing(other), one, other)
    areas = shared_areas((outlines, one, other), stopped=stopped)
    # Ground of the outline that both others leave out, and agreed ice that it leaves out.
    differs = areas[:, _IN_OUTLINE] + areas[:, _IN_OTHERS]
    ground = areas[:, 1:].sum(axis=1)
    share: Floats = np.divide(differs, ground, out=np.where(np.isnan(ground), np.nan, 0.0), where=ground > 0)
    return np.clip(share, 0.0, 1.0)  # sums of pieces with signs may end beside 0 by their last digit


def expected_area(
    year: float, before: Sequence[tuple[float, Floats]], after: Sequence[tuple[float, Floats]]
) -> Floats | None:
    """Return the area that the periods around let expect.

    Parameters
    ----------
    year
        Middle of the period [decimal year].
    before, after
        Middles of other periods, the nearest first, and the areas of the glaciers in them, (n,); NaN where a period has
        no outline of a glacier.

    Returns
    -------
    NDArray[np.float64] | None
        (n,) between the nearest earlier and the nearest later area, in proportion to time. Where there are only
        earlier or only later ones, the median of the three nearest. 0 where no period has the glacier, and None where
        there is no other period.
    """
    if not before and not after:
        return None
    first, last = _nearest(before), _nearest(after)
    if first is None or last is None:
        return _median(before or after)
    share = np.divide(year - first[0], last[0] - first[0], out=np.full(len(first[0]), 0.5), where=last[0] > first[0])
    between = first[1] + share * (last[1] - first[1])
    found: Floats = np.where(np.isnan(between), np.fmax(_median(before), _median(after)), between)
    return found


def jump(area: Floats, expected: Floats | None) -> Floats:
    """Return the departure of areas from those expected, as a share of the larger of the two; NaN where none is."""
    if expected is None:
        return np.full(len(area), np.nan)
    larger = np.maximum(area, expected)
    return np.divide(np.abs(area - expected), larger, out=np.zeros(len(area)), where=larger > 0)


def doubt_of(measures: Sequence[Floats], outlines: Shapes, pixel_m: float) -> Floats:
    """Return the doubt of outlines.

    Parameters
    ----------
    measures
        `MEASURES`, (n,) each; NaN where one is not known.
    outlines
        (n,) the outlines.
    pixel_m
        Side of a pixel of their image [m].

    Returns
    -------
    NDArray[np.float64]
        (n,) between 0 and 1; NaN where no measure is known.
    """
    scaled = np.array([each / (each + HALF[name]) for name, each in zip(MEASURES, measures, strict=True)])
    known = np.isfinite(scaled)
    count = known.sum(axis=0)
    total = np.where(known, scaled, 0.0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(len(outlines), np.nan), where=count > 0)
    found: Floats = mean * _certain_share(outlines, pixel_m)
    return found


def _certain_share(outlines: Shapes, pixel_m: float) -> Floats:
    """Return how much of a glacier remains if half a pixel along its outline counts as another area."""
    area = shapely.area(outlines)
    whole = area + shapely.length(outlines) * pixel_m / 2
    share: Floats = np.divide(area, whole, out=np.zeros(len(outlines)), where=whole > 0)
    return share


def _nearest(periods: Sequence[tuple[float, Floats]]) -> tuple[Floats, Floats] | None:
    """Return year and area of the nearest period that has each glacier, NaN where none has; None without periods."""
    if not periods:
        return None
    count = len(periods[0][1])
    years, areas = np.full(count, np.nan), np.full(count, np.nan)
    for year, area in reversed(periods):
        known = np.isfinite(area)
        years[known], areas[known] = year, area[known]
    return years, areas


def _median(periods: Sequence[tuple[float, Floats]]) -> Floats:
    """Return the median area of the three nearest periods that have each glacier, 0 where none has."""
    areas: Any = np.array([area for _, area in periods])
    rank = np.cumsum(np.isfinite(areas), axis=0)
    nearest = np.where(np.isfinite(areas) & (rank <= 3), areas, np.nan)
    known = np.isfinite(nearest).any(axis=0)
    found = np.zeros(areas.shape[1])
    if known.any():
        found[known] = np.nanmedian(nearest[:, known], axis=0)
    return found
