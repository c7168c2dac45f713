"""Choice among the candidates of one period: the main reference image of each place, then others for what it misses.

The weight of a candidate says how well ice can be mapped where it shows it,

    weight = (1 - cloud) (1 - snow)^2 exp(-days / 30) sun sensor gaps,

with the share of its glaciers under cloud, the share of snow on the ground around them, the days outside the season,
the sine of the sun's elevation relative to that of 45 degrees (low sun, long shadows), a factor for the size of the
pixel and one for the stripes of Landsat 7. Snow counts twice: what cloud hides another scene shows, but snow beside the
ice is mapped as ice, and no other scene mends it. Days count as in `trimline.timeline.preference`, which orders the
scenes that were mapped.

The choice is greedy: the next scene is the one with the largest product of its weight and the share of all glaciers
that it shows clearly and no scene before it does. Greedy choice of a cover reaches at least 1 - 1/e of what the best
choice of as many scenes reaches (Nemhauser, Wolsey and Fisher 1978, Mathematical Programming 14, 265-294). The first
scene of each place is its main reference image.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from trimline.catalogues.looking import Look
from trimline.sensors import SENSORS

LEAST_GAIN = 0.01
"""Share of all glaciers that a further scene must add; less is within the error of flags at cloud edges."""

LEAST_WEIGHT = 0.1
"""Weight below which a scene is not taken, even where no other shows the ground: what it adds is mostly snow."""

_OFF_SEASON_DAYS = 30.0
"""Days outside the season after which the weight falls to 1/e."""

_HIGH_SUN_DEG = 45.0
"""Sun's elevation from which on shadows count for nothing [degrees]."""

_SNOW_POWER = 2
"""Exponent of the share without snow."""

_UNKNOWN_SHARE = 0.5
"""Share of snow where it is not known; zero would favour scenes without a measurement."""

_STRIPED = 0.8
"""Factor of Landsat 7 without its scan line corrector: what is missing is counted apart, and edges are torn."""

_PIXEL_POWER = 0.1
"""Exponent of the factor for pixels, (10 m / side) ** 0.1: 0.9 for 30 m, as the error of an outline grows with them."""


@dataclass(frozen=True, eq=False)
class Ranked:
    """A candidate of a period with its weight, and what became of it."""

    look: Look
    weight: float
    """From 0 to 1, see the module."""
    gain: float
    """Share of all glaciers that it adds to those taken before it; of one that is left, to all that are taken."""
    is_taken: bool
    is_reference: bool
    reason: str
    """Why it was taken or left, in words."""


@dataclass(frozen=True, eq=False)
class Choice:
    """What is taken and left of the candidates of a period."""

    period: str
    taken: tuple[Ranked, ...]
    """In the order in which they were taken."""
    left: tuple[Ranked, ...]
    """The best first."""
    seen: float
    """Share of all glaciers that the taken scenes together show clearly."""
    of_glaciers: bool = True
    """Whether shares are those of glaciers, and not of the whole region because no glaciers are known."""

    @property
    def ranked(self) -> tuple[Ranked, ...]:
        """All candidates by weight times the share of the glaciers that each alone shows clearly, the best first."""
        return tuple(sorted((*self.taken, *self.left), key=lambda each: _order(each.look, each.weight)))


def chosen(
    looks: Sequence[Look],
    period: str,
    *,
    most: int = 6,
    off_season: Callable[[date], float] = lambda _: 0.0,
) -> Choice:
    """Choose scenes that together show all glaciers, the best first.

    Parameters
    ----------
    looks
        Of the candidates of the period at the same ground, in any order: the choice does not depend on it.
    period
        Its name.
    most
        Most scenes of one place (WRS-2 path/row or MGRS tile).
    off_season
        Days by which a day lies outside the season.
    """
    weights = {each.candidate.id: weight_of(each, off_season) for each in looks}
    waiting = sorted(looks, key=lambda each: _order(each, weights[each.candidate.id]))
    seen = np.zeros(looks[0].clear.shape if looks else 0, np.bool_)
    taken: list[Ranked] = []
    of_place: Counter[str] = Counter()
    while True:
        open_for_it = [
            each for each in waiting if of_place[_place(each)] < most and weights[each.candidate.id] >= LEAST_WEIGHT
        ]
        gains = {each.candidate.id: _gain(each, seen) for each in open_for_it}
        adding = [each for each in open_for_it if gains[each.candidate.id] >= LEAST_GAIN]
        if not adding:
            break
        best = max(adding, key=lambda each: gains[each.candidate.id] * weights[each.candidate.id])
        gain = gains[best.candidate.id]
        is_first = not of_place[_place(best)]
        why = _why_taken(best, gain, is_first=is_first, before=bool(taken))
        taken.append(Ranked(best, weights[best.candidate.id], gain, True, is_first, why))
        of_place[_place(best)] += 1
        seen |= best.clear
        waiting.remove(best)
    left = []
    for each in waiting:
        weight, gain = weights[each.candidate.id], _gain(each, seen)
        why = _why_left(each, weight, gain, most=most, days=_days(each, off_season))
        left.append(Ranked(each, weight, gain, False, False, why))
    of_glaciers = all(each.of_glaciers for each in looks)
    return Choice(period, tuple(taken), tuple(left), float(seen.mean()) if seen.size else 0.0, of_glaciers)


def weight_of(look: Look, off_season: Callable[[date], float] = lambda _: 0.0) -> float:
    """Return the weight of a candidate, from 0 to 1, see the module; 0 where it shows no glacier."""
    if not look.seen > 0:
        return 0.0
    candidate = look.candidate
    snow = look.snow_off_ice if math.isfinite(look.snow_off_ice) else _UNKNOWN_SHARE
    weight = (
        (1.0 - look.cloud_over_ice)
        * (1.0 - snow) ** _SNOW_POWER
        * math.exp(-_days(look, off_season) / _OFF_SEASON_DAYS)
    )
    if candidate.sun_elevation is not None:
        up = math.sin(math.radians(max(candidate.sun_elevation, 0.0))) / math.sin(math.radians(_HIGH_SUN_DEG))
        weight *= min(up, 1.0)
    weight *= (10.0 / SENSORS[candidate.sensor].gsd_m) ** _PIXEL_POWER
    return float(weight * _STRIPED if candidate.is_slc_off else weight)


def _order(look: Look, weight: float) -> tuple[float, str]:
    """Return what candidates are sorted by: the best first, equal ones by id."""
    return -weight * look.clear_ice, look.candidate.id


def _place(look: Look) -> str:
    """Return the place of a candidate; those without a tile share one of their sensor."""
    return look.candidate.tile or look.candidate.sensor


def _gain(look: Look, seen: NDArray[np.bool_]) -> float:
    return int(np.count_nonzero(look.clear & ~seen)) / seen.size if seen.size else 0.0


def _days(look: Look, off_season: Callable[[date], float]) -> float:
    return off_season(look.candidate.time.date())


def _why_taken(look: Look, gain: float, *, is_first: bool, before: bool) -> str:
    shows = f"shows {_percent(look.clear_ice)} of {_ground(look)} clearly"
    more = f" ({_percent(gain)} that no scene before it shows)" if before else ""
    role = f"main reference of {_place(look)}" if is_first else "fills gaps"
    return f"{role}: {shows}{more}; {_conditions(look)}"


def _why_left(look: Look, weight: float, gain: float, *, most: int, days: float) -> str:
    if not look.seen > 0:
        return "shows no glacier" if look.of_glaciers else "shows nothing of the region"
    if weight < LEAST_WEIGHT:
        return f"{_worst(look, days)}: weight {weight:.2f}, below {LEAST_WEIGHT}"
    if gain < LEAST_GAIN:
        return f"adds {_percent(gain)} of {_ground(look)} to what the taken scenes show; {_conditions(look)}"
    more = f"it would add {_percent(gain)} of {_ground(look)}"
    return f"{most} scenes of {_place(look)} are taken; {more}; {_conditions(look)}"


def _conditions(look: Look) -> str:
    where = "off the ice" if look.of_glaciers else "on the region, ice included,"
    snow = "unknown" if math.isnan(look.snow_off_ice) else _percent(look.snow_off_ice)
    words = [f"cloud over {_ground(look)} {_percent(look.cloud_over_ice)}", f"snow {where} {snow}"]
    if look.candidate.sun_elevation is not None:
        words.append(f"sun at {look.candidate.sun_elevation:.0f} degrees")
    return ", ".join(words)


def _worst(look: Look, days: float) -> str:
    """Return in words what lowers the weight of a candidate most."""
    sun = look.candidate.sun_elevation
    causes = [(1.0 - look.cloud_over_ice, f"cloud over {_percent(look.cloud_over_ice)} of {_ground(look)}")]
    if math.isnan(look.snow_off_ice):
        causes.append(((1.0 - _UNKNOWN_SHARE) ** _SNOW_POWER, "snow off the ice unknown"))
    else:
        where = "ground off the ice" if look.of_glaciers else "region, ice included"
        bare = (1.0 - look.snow_off_ice) ** _SNOW_POWER
        causes.append((bare, f"snow on {_percent(look.snow_off_ice)} of the {where}"))
    causes.append((math.exp(-days / _OFF_SEASON_DAYS), f"{days:.0f} days out of season"))
    if sun is not None:
        causes.append((math.sin(math.radians(max(sun, 0.0))), f"sun at {sun:.0f} degrees"))
    return min(causes)[1]


def _ground(look: Look) -> str:
    return "the ice" if look.of_glaciers else "the region"


def _percent(share: float) -> str:
    """Return a share in words; what is not 0 or 1 is not rounded to it."""
    if math.isnan(share):
        return "an unknown share"
    if 0 < share < 0.01:
        return "under 1 %"
    return f"{min(share * 100, 99) if share < 1 else 100:.0f} %"
