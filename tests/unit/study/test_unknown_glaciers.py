"""Glaciers that a period does not show are no change by elevation either."""

from __future__ import annotations

import logging

import pandas as pd
import pytest

from trimline.study.glacier_files import _known


def test_a_glacier_that_is_unseen_at_one_end_is_in_no_change_of_bands(caplog: pytest.LogCaptureFixture) -> None:
    table = pd.DataFrame({"glac_id": ["a", "b", "a"], "period": ["1990", "1990", "2005"], "area_km2": [1.0, 9.0, 1.0]})
    with caplog.at_level(logging.WARNING, "trimline"):
        kept = _known(table, ("1990", "2005"), {"2005": {"b"}})
    assert set(kept["glac_id"]) == {"a"}
    assert "1 glaciers are unseen at one end" in caplog.text
    assert len(_known(table, ("1990", "2020"), {"2005": {"b"}})) == 3
