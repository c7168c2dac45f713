"""Retreat by elevation stands class by class, with the number of glaciers and the mean of all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimline.errors import ChangeError
from trimline.report.retreat_by_elevation import draw_retreat_by_elevation


@pytest.fixture
def retreat() -> pd.DataFrame:
    return pd.DataFrame({
        "method": "main_axis", "class": ["3500-3600", "3600-3700", "3700-3800", "all"], "glaciers": [6, 9, 1, 20],
        "retreat_m_per_a": [15.2, 11.0, -2.0, 11.39], "half_pixel_error_m_per_a": 1.18,
        "terminus_rise_m": [30.87, 33.0, np.nan, 17.75],
    })  # fmt: skip


def words_of(written: list[Path]) -> str:
    return written[1].read_text(encoding="utf-8")


def test_every_class_is_named_with_its_glaciers(tmp_path: Path, retreat: pd.DataFrame) -> None:
    words = words_of(draw_retreat_by_elevation(tmp_path / "a", retreat))
    for each in ("3500–3600 (n = 6)", "3700–3800 (n = 1)", "(n = 20)", "(a) advance", "m a⁻¹"):
        assert each in words


def test_without_elevations_it_is_said_in_words(tmp_path: Path, retreat: pd.DataFrame) -> None:
    words = words_of(draw_retreat_by_elevation(tmp_path / "a", retreat[retreat["class"] == "all"]))
    assert "no terminus with an elevation" in words


def test_one_of_several_methods_is_named(tmp_path: Path, retreat: pd.DataFrame) -> None:
    both = pd.concat([retreat, retreat.assign(method="centre_line")])
    with pytest.raises(ChangeError, match="main_axis, centre_line"):
        draw_retreat_by_elevation(tmp_path / "a", both)
    assert "n = 20" in words_of(draw_retreat_by_elevation(tmp_path / "a", both, method="centre_line"))
