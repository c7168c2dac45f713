"""What is told of change names periods that there are, in order of time."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from trimline.project import Project

PERIODS = [{"name": f"{year}-{year + 2}", "first": year, "last": year + 2} for year in (1986, 1989, 1992, 1995)]


def project(**change: Any) -> Project:
    scenes = [{"id": "one", "path": "one.tif"}]
    return Project.model_validate(
        {"name": "p", "output": "out", "scenes": scenes, "periods": PERIODS, "change": change}
    )


def test_spans_and_breaks_are_periods_in_order() -> None:
    settings = project(spans=[["1986-1988", "1995-1997"]], breaks=["1989-1991", "1992-1994"]).change
    assert settings.spans == (("1986-1988", "1995-1997"),)
    assert settings.breaks == ("1989-1991", "1992-1994")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"spans": [["1986-1988", "1995-1998"]]}, "'1995-1998' is none of the periods"),
        ({"spans": [["1995-1997", "1986-1988"]]}, "does not follow"),
        ({"breaks": ["1992-1994", "1989-1991"]}, "do not follow one another"),
        ({"breaks": ["1986-1988"]}, "cannot change at the first"),
        ({"inventory_period": "1986-1988"}, "has no inventory"),
        ({"correlation": 1.2}, "less than or equal to 1"),
    ],
)
def test_what_cannot_be_told_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        project(**change)
