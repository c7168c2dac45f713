"""Settings of the stage `timeline`: the rule, the melt season, and the study grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from trimline.project.places import Period
from trimline.project.settings import Settings
from trimline.project.yaml_text import as_written

Rule = Literal["reference", "minimum-snow", "vote"]
"""Rule that combines several scenes of one place and period, see `trimline.timeline.rules`."""

_LEAP_YEAR = 2000
"""A leap year, which has all days."""


def _day(text: str) -> str:
    if not re.fullmatch(r"\d{2}-\d{2}", text):
        raise ValueError(f"'{text}' is no day of the year: write month and day, as in '08-25'")
    try:
        date.fromisoformat(f"{_LEAP_YEAR}-{text}")
    except ValueError:
        raise ValueError(f"'{text}' is no day of the year") from None
    return text


def _projected(text: str) -> str:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    from trimline.coordinate_systems import measuring_problem

    try:
        crs = CRS.from_user_input(text)
    except CRSError:
        raise ValueError(f"'{text}' is no CRS that is known: give its code, as in EPSG:32646") from None
    problem = measuring_problem(crs)
    if problem is not None:
        raise ValueError(f"'{text}' {problem}: give a UTM zone, or an equal-area projection of the region")
    return text


MonthDay = Annotated[str, BeforeValidator(as_written), AfterValidator(_day)]
"""A day of any year, `08-25`; YAML needs no quotes."""

ProjectedCrs = Annotated[str, AfterValidator(_projected)]
"""A CRS in metres, by its code: `EPSG:32646`."""


class TimelineSettings(Settings):
    """Settings of the outlines of periods."""

    rule: Rule = "reference"
    """`reference`: the preferred scene, and others in its gaps. `minimum-snow`: ice in every scene that shows the
    ground. `vote`: ice in most scenes that show the ground."""
    unseen: Literal["bridge", "leave"] = "bridge"
    """Ground that no scene of a period shows: `bridge` infers the state that the nearest periods before and after agree
    on, and records the inferred part of each outline; `leave` infers nothing."""
    melt_season: tuple[MonthDay, MonthDay] | None = None
    """First and last day of the season with the least snow; it may span the New Year. None means that of the place:
    06-15 to 09-30 in the north, 12-15 to 03-31 in the south, the whole year between the tropics."""
    minimum_area_km2: float | None = Field(None, ge=0)
    """Smaller outlines are left out; None means as in `map`."""
    minimum_hole_km2: float | None = Field(None, ge=0)
    """Smaller holes of outlines are filled; None means as in `map`. Unseen holes are filled too."""
    smoothing: int | None = Field(None, ge=0, le=5)
    """Number of times that the corners of outlines are cut, which keeps their areas; None means as in `map`."""


def check_order(periods: Sequence[Period]) -> None:
    """Raise `ValueError` where periods are out of order or share a year."""
    for earlier, later in pairwise(periods):
        if later.first < earlier.first:
            raise ValueError(f"period '{later.name}' stands after '{earlier.name}', which is later: sort them")
        if later.first <= earlier.last:
            raise ValueError(f"periods '{earlier.name}' and '{later.name}' both hold {later.first}: part them")


def check_outlines(periods: Sequence[Period], *, has_scenes: bool) -> None:
    """Raise `ValueError` unless a project has scenes (or a search for them), or outlines of all periods, and not both.

    Parameters
    ----------
    periods
        The periods.
    has_scenes
        Whether there are scenes, or a search that will find some.
    """
    without = [each.name for each in periods if each.outlines is None]
    if has_scenes and len(without) < len(periods):
        named = next(each.name for each in periods if each.outlines is not None)
        raise ValueError(
            f"period '{named}' has outlines, and the project has scenes, or a search for some: give one of the two"
        )
    if not has_scenes and (without or not periods):
        whose = f"period '{without[0]}' has no outlines" if periods else "no period has outlines"
        raise ValueError(
            f"there are no scenes, and {whose}: give scenes, a search for them, or the outlines of all periods"
        )
