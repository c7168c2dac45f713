"""Order of preference of the scenes of a period: reference images first, then the clearest with the least snow.

Scenes that are no reference image are ordered by their weight,

    weight = (1 - cloud) * (1 - snow) * exp(-days / 30),

the share of the scene without cloud, times the share of the ground without snow, times a factor for the days by which
the date lies outside the melt season: a month costs two thirds. Snow is that off the glaciers where it was measured in
all scenes of the period, else all that the quality bands flag, with the ice.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from trimline.years import days_of

UNKNOWN_SHARE = 0.5
"""Share assumed where cloud or snow was not measured. Zero would favour scenes without a measurement."""

FLAGS = "flags"
"""Stands for snow by the quality band, ice included."""

OFF_SEASON_DAYS = 30.0
"""Days outside the melt season after which the weight of a scene falls to 1/e."""


@dataclass(frozen=True)
class Candidate:
    """What the order of scenes depends on."""

    id: str
    """The scene."""
    date: str
    """Day, month or year, ISO 8601."""
    reference: bool = False
    """Whether it is the main reference image of its place."""
    cloud: float = math.nan
    """Share under cloud, 0 to 1; NaN where unknown."""
    snow: float = math.nan
    """Share of the ground under snow, 0 to 1; NaN where unknown."""
    snow_by: str = FLAGS
    """What ground the snow is a share of: off the glaciers by `inventory`, `elevation` or `ice` (see
    `trimline.mapping.snow`), or by the quality `flags` all that is clear."""


def preferred(candidates: Iterable[Candidate], melt_season: tuple[str, str]) -> list[Candidate]:
    """Return scenes in order of preference, the best first.

    Parameters
    ----------
    candidates
        The scenes of one period, in any order; the result does not depend on it.
    melt_season
        First and last day, as ``06-15``.
    """

    def key(each: Candidate) -> tuple[bool, float, str, str]:
        return not each.reference, -weight(each, melt_season), each.date, each.id

    return sorted(candidates, key=key)


def weight(candidate: Candidate, melt_season: tuple[str, str]) -> float:
    """Return the weight of a scene, from 0 to 1, see the module."""
    clear, bare = (1.0 - _known(share) for share in (candidate.cloud, candidate.snow))
    return clear * bare * math.exp(-days_outside(candidate.date, melt_season) / OFF_SEASON_DAYS)


def days_outside(iso_date: str, melt_season: tuple[str, str]) -> int:
    """Return how many days a date lies outside the melt season, 0 within it.

    Of a month or a year alone the day is taken that lies nearest. The season may span the New Year.
    """
    first, last = days_of(iso_date)
    years = range(first.year - 1, last.year + 2)
    start, end = melt_season
    least = math.inf
    for year in years:
        begins = _day_of(year, start)
        ends = _day_of(year + (end < start), end)
        least = min(least, max((begins - last).days, (first - ends).days, 0))
    return int(least)


def _known(share: float) -> float:
    return share if math.isfinite(share) else UNKNOWN_SHARE


def _day_of(year: int, month_day: str) -> date:
    """Return a day of a year; 29 February is the 28th where there is none."""
    month, day = (int(part) for part in month_day.split("-"))
    try:
        return date(year, month, day)
    except ValueError:
        return date(year, month, day - 1)
