"""Areas and periods of a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from trimline.project.settings import IsoDate, Name, PeriodName, ProjectPath, Settings, Tile

FIRST_YEAR, LAST_YEAR = 1000, 2100
"""Years that a period may hold: outlines of moraines reach back beyond any image."""


def _tuple_of_one(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


def _as_text(value: Any) -> str | tuple[str, ...]:
    return tuple(str(each) for each in value) if isinstance(value, list | tuple) else str(value)


class Area(Settings):
    """A part of the region with training, scores or results of its own."""

    name: Name
    """Its name, by which scenes and experiments refer to it."""
    title: str = ""
    """Its title in tables and figures; its name where not given."""
    tiles: tuple[Tile, ...] = ()
    """Its WRS-2 path/rows and MGRS tiles; their scenes belong to it."""
    outline: ProjectPath | None = None
    """Its polygons; without them a glacier belongs to the area of the scenes that show it."""


class Period(Settings):
    """Years that share one set of outlines."""

    name: PeriodName
    """Its name in tables: `1986-1988`, or in words, `Little Ice Age`."""
    first: int = Field(ge=FIRST_YEAR, le=LAST_YEAR)
    """First year."""
    last: int = Field(ge=FIRST_YEAR, le=LAST_YEAR)
    """Last year; the first where not given. A scene of another year may be used for the period where its entry names
    it; loading warns."""
    outlines: Annotated[tuple[ProjectPath, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """Files of outlines that one has already, or folders of them; the project then has no scenes."""
    where: Mapping[str, str | tuple[str, ...]] = {}
    """Rows of these files that belong to the period, where a file holds several: `{Year: 1966}`. Several values may be
    given as a list, `{BgnDate: [20009999, 20000813]}`; where they are dates, each row then has its own."""
    date: IsoDate | None = None
    """Date of the outlines, where it is known better than by the year; None means the middle of the years."""
    pixel_m: float | None = Field(None, gt=0)
    """Width of a pixel of the images that the outlines were drawn on [m]; half of it is their error."""
    accuracy_m: float | None = Field(None, gt=0)
    """Accuracy of the outlines as stated by who drew them [m], in place of half a pixel."""

    @model_validator(mode="before")
    @classmethod
    def _one_year_is_first_and_last(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        rows = given.get("where")
        more = (
            {"where": {str(key): _as_text(value) for key, value in rows.items()}} if isinstance(rows, Mapping) else {}
        )
        return {"last": given["first"], **given, **more} if "first" in given else {**given, **more}

    @model_validator(mode="after")
    def _years_are_in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"period '{self.name}' ends in {self.last}, before it begins")
        if self.pixel_m is not None and self.accuracy_m is not None:
            raise ValueError(
                f"period '{self.name}' has pixel_m and accuracy_m: give the one that its error follows from"
            )
        if self.date is not None and not self.holds(self.date):
            raise ValueError(f"period '{self.name}' does not hold its date {self.date}")
        return self

    @property
    def error_m(self) -> float | None:
        """Distance by which its outlines may be off [m]; None where neither a pixel nor an accuracy is given."""
        if self.accuracy_m is not None:
            return self.accuracy_m
        return None if self.pixel_m is None else self.pixel_m / 2

    @property
    def middle(self) -> float:
        """The middle of its years [decimal year]."""
        return (self.first + self.last + 1) / 2.0

    def holds(self, date: str) -> bool:
        """Whether an ISO 8601 date lies in the years of the period."""
        return self.first <= int(date[:4]) <= self.last
