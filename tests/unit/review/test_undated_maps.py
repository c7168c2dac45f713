"""A map whose date is not known has no year in the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.kinds.reviewed import reviewed

from trimline.review.review_desk import desk_of


def test_a_period_without_a_date_has_no_years(tmp_path: Path) -> None:
    what = reviewed(tmp_path)
    undated = replace(what.periods[0], name="undated", first=0, last=0)
    desk = desk_of(replace(what, periods=(undated,)))
    try:
        (period,) = desk.review().periods
    finally:
        desk.close()
    assert (period.name, period.first, period.last) == ("undated", None, None)
