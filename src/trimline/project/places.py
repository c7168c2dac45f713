"""Where and when: the areas of a study and its periods."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from trimline.project.settings import Name, ProjectPath, Settings, Tile


class Area(Settings):
    """A part of the region that is trained on, judged or reported by itself."""

    name: Name
    title: str = ""
    """What tables and figures call it; its name where not given."""
    tiles: tuple[Tile, ...] = ()
    """WRS-2 path/rows and MGRS tiles that make it up; their scenes need not say that they belong to it."""
    outline: ProjectPath | None = None
    """Polygons that bound it; without them a glacier belongs to the area of the scenes that show it."""


class Period(Settings):
    """Years that are mapped as one."""

    name: Name
    """As tables print it: `1986-1988`."""
    first: int = Field(ge=1970, le=2100)
    """First year."""
    last: int = Field(ge=1970, le=2100)
    """Last year. A scene of another year may serve the period where nothing better exists: the scene decides, and
    loading warns."""

    @model_validator(mode="after")
    def _years_are_in_order(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"period '{self.name}' ends in {self.last}, before it begins")
        return self

    def holds(self, date: str) -> bool:
        """Whether an ISO 8601 date lies in the years of the period."""
        return self.first <= int(date[:4]) <= self.last
