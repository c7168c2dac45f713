"""Settings of the stage `change`: errors, years, spans of time, and comparisons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from trimline.project.names import nearest_name
from trimline.project.settings import PeriodName, ProjectPath, Settings


class ChangeSettings(Settings):
    """Settings of areas, their change and its uncertainty."""

    buffer_m: float | None = Field(None, gt=0)
    """Distance by which outlines are moved in and out for the uncertainty of areas [m]; None means half a pixel."""
    correlation: float = Field(0.0, ge=0, le=1)
    """Correlation of the errors of two periods: 0 takes the root of the sum of squares, as the papers do; 1 means that
    the same error recurs in all periods."""
    years: Literal["images", "label"] = "images"
    """`images`: the dates of the scenes, weighted by area. `label`: from the first year of the first period's name to
    the last year of the others', as Chen and others (2022) count."""
    spans: tuple[tuple[PeriodName, PeriodName], ...] | None = None
    """First and last period of each measured change; None means all periods, and the spans between the breaks."""
    breaks: tuple[PeriodName, ...] = ()
    """Periods at which rates may change; they end one piece and begin the next."""
    fit: Literal["ols", "wls", "theil-sen"] = "ols"
    """The line that figures show; tables hold all three."""
    confidence: Annotated[float, Field(gt=0, lt=1)] = 0.95
    """Confidence of the intervals of fitted rates."""
    published: ProjectPath | None = None
    """CSV of published areas: `region,year,area_km2,source`, where a region is `region` or one of the areas."""
    inventory_period: PeriodName | None = None
    """The period whose outlines are compared with the project's inventory, glacier by glacier; None means no
    comparison."""
    absent: Literal["gone", "not in period"] = "not in period"
    """A glacier without an outline on a date of outlines that one has: `not in period` takes its area for unknown,
    because a file does not tell what melted from what was left out; `gone` says that the files hold all glaciers there
    were, so that its area is 0. A glacier whose row says so (GLIMS: `glac_stat` is `gone`) is gone anyway."""
    unknown_above: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Largest share of an area that glaciers without a known area may have; their areas in the nearest period then
    count in its error. Above it the area is unknown."""
    id_column: str | None = None
    """Column of the glaciers' ids in outlines that one has already; `overlap` finds the same glaciers by the ground
    they share. None takes a column of ids that agrees with the ground, or else the ground."""
    regions: ProjectPath | None = None
    """Polygons of the regions that glaciers of such outlines belong to."""
    region_column: str | None = None
    """Column of the regions' names; None means the first column of text."""


def check_change(settings: ChangeSettings, periods: Sequence[str], *, has_inventory: bool) -> None:
    """Raise `ValueError` where periods of these settings are unknown or out of order."""
    named = [("spans", each) for span in settings.spans or () for each in span]
    named += [("breaks", each) for each in settings.breaks]
    named += [("inventory_period", settings.inventory_period)] if settings.inventory_period is not None else []
    for key, name in named:
        if name not in periods:
            raise ValueError(f"change.{key}: '{name}' is none of the periods; {nearest_name(name, list(periods))}")
    for first, last in settings.spans or ():
        if periods.index(first) >= periods.index(last):
            raise ValueError(f"change.spans: '{last}' does not follow '{first}': give the earlier period first")
    places = [periods.index(each) for each in settings.breaks]
    if places != sorted(set(places)):
        raise ValueError("change.breaks: the periods do not follow one another")
    if any(place in (0, len(periods) - 1) for place in places):
        raise ValueError("change.breaks: a rate cannot change at the first or the last period")
    if settings.inventory_period is not None and not has_inventory:
        raise ValueError("change.inventory_period: the project has no inventory to compare with")
