"""Areas and periods of a study."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from trimline.project.settings import Name, ProjectPath, Settings, Tile


class Area(Settings):
    """A part of the region with training, scores or results of its own."""

    name: Name
    title: str = ""
    """Its title in tables and figures; its name where not given."""
    tiles: tuple[Tile, ...] = ()
    """Its WRS-2 path/rows and MGRS tiles; their scenes belong to it."""
    outline: ProjectPath | None = None
    """Its polygons; without them a glacier belongs to the area of the scenes that show it."""


class Period(Settings):
    """Years that share one set of outlines."""

    name: Name
    """Its name in tables: `1986-1988`."""
    first: int = Field(ge=1970, le=2100)
    """First year."""
    last: int = Field(ge=1970, le=2100)
    """Last year. A scene of another year may be used for the period where its entry names it; loading warns."""

    @model_validator(mode="after")
    def _years_are_in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"period '{self.name}' ends in {self.last}, before it begins")
        return self

    def holds(self, date: str) -> bool:
        """Whether an ISO 8601 date lies in the years of the period."""
        return self.first <= int(date[:4]) <= self.last
