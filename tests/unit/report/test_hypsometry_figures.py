"""Figures of elevation bands and aspects print the numbers of their tables, and say what they leave out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from trimline.errors import ChangeError
from trimline.files import sha256
from trimline.report.aspect_figures import SECTORS, draw_aspects
from trimline.report.hypsometry_figures import GAIN, LOSS, NONE, change_colours, draw_hypsometry, without_class

FIRST, LAST = "1973", "2016"


def tables(
    classes: dict[str, list[object]], first: list[float], last: list[float]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return totals and changes of classes, with errors of a tenth of the area."""
    totals = pd.concat(
        [
            pd.DataFrame({"period": period, **classes, "area_km2": area, "uncertainty_km2": np.array(area) / 10})
            for period, area in ((FIRST, first), (LAST, last))
        ],
        ignore_index=True,
    )
    one, other = np.array(first), np.array(last)
    percent = np.where(one > 0, one, np.nan) / 100
    error = np.hypot(one, other) / 10
    changed = pd.DataFrame(classes).assign(
        first=FIRST, last=LAST, area_first_km2=one, area_last_km2=other, change_km2=other - one,
        change_error_km2=error, change_percent=(other - one) / percent, change_error_percent=error / percent,
    )  # fmt: skip
    return totals, changed


def bands(*lower: float) -> dict[str, list[object]]:
    return {"band_lower_m": list(lower), "band_upper_m": [each + 50.0 for each in lower]}


def words_of(written: list[Path]) -> str:
    return written[1].read_text(encoding="utf-8")


def test_bands_of_two_dates_have_names_and_units(tmp_path: Path) -> None:
    words = words_of(
        draw_hypsometry(tmp_path / "a", *tables(bands(2000, 2050, 2100), [1.0, 2.0, 0.5], [0.2, 1.6, 0.5]))
    )
    for each in ("elevation, m", "area by band, km²", "1973, with its uncertainty", "loss", "change within its error"):
        assert each in words
    assert "without height" not in words


def test_ground_without_height_is_stated(tmp_path: Path) -> None:
    totals, changed = tables(bands(2000, np.nan), [3.0, 1.0], [2.0, 0.5])
    words = words_of(draw_hypsometry(tmp_path / "a", totals, changed))
    assert "1973: 1 km² (25.0 %) without height, not shown; 2016: 0.5 km² (20.0 %) without height, not shown" in words


def test_new_ice_and_large_gains_have_words(tmp_path: Path) -> None:
    words = words_of(
        draw_hypsometry(tmp_path / "a", *tables(bands(2000, 2050, 2300), [0.0, 0.1, 1.0], [0.3, 0.5, 1.0]))
    )
    assert ">new<" in words
    assert "+400 % ▸" in words


@pytest.mark.parametrize("lower", [[], [np.nan]])
def test_a_region_without_heights_is_said_in_words(tmp_path: Path, lower: list[float]) -> None:
    totals, changed = tables(bands(*lower), [1.0] * len(lower), [1.0] * len(lower))
    assert "no ground with heights" in words_of(draw_hypsometry(tmp_path / "a", totals, changed))


def test_all_ice_may_be_gone(tmp_path: Path) -> None:
    assert "loss" in words_of(draw_hypsometry(tmp_path / "a", *tables(bands(2000), [1.0], [0.0])))
    assert "no ground with heights" in words_of(draw_hypsometry(tmp_path / "b", *tables(bands(2000), [0.0], [0.0])))


def test_a_change_is_coloured_only_where_it_is_larger_than_its_error() -> None:
    changed = pd.DataFrame({"change": [-2.0, 2.0, -0.5, np.nan], "error": [1.0, 1.0, 1.0, np.nan]})
    assert change_colours(changed, "change", "error") == [LOSS, GAIN, NONE, NONE]


def test_a_trifle_without_class_is_not_worth_a_line() -> None:
    totals, _ = tables(bands(2000, np.nan), [3.0, 0.001], [3.0, 0.0])
    assert without_class(totals, "band_lower_m", (FIRST, LAST), "without height") == ""


@pytest.fixture
def by_aspect() -> tuple[pd.DataFrame, pd.DataFrame]:
    classes: dict[str, list[object]] = {"aspect_sec": [1, 2, 3, 5, np.nan], "sector": ["N", "NE", "E", "S", None]}
    return tables(classes, [4.0, 2.0, 1.0, 0.0, 1.0], [2.0, 1.96, 1.5, 0.2, 1.0])


@pytest.fixture
def retreat() -> pd.DataFrame:
    return pd.DataFrame({
        "method": "main_axis", "class": ["N", "NE", "W", "all"], "glaciers": [12, 2, 5, 19],
        "retreat_m_per_a": [10.52, -3.0, 15.49, 9.0], "half_pixel_error_m_per_a": [1.18, 1.18, np.nan, 1.18],
    })  # fmt: skip


def test_each_sector_has_its_change_in_numbers(tmp_path: Path, by_aspect: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    words = words_of(draw_aspects(tmp_path / "a", *by_aspect))
    for each in (
        "−50.0 ± 11.2 %",
        "−2.0 ± 14.0 %",
        "+50.0 ± 18.0 %",
        "(b) loss",
        "(b) gain",
        "change within its error",
    ):
        assert each in words
    assert "1973: 1 km² (12.5 %) without aspect" in words
    assert words.count(">–<") == 5, "four sectors without ice, and one without any at first"
    assert all(words.count(f">{sector}<") == 2 for sector in SECTORS)


def test_retreat_by_aspect_has_its_error_and_number(
    tmp_path: Path, by_aspect: tuple[pd.DataFrame, pd.DataFrame], retreat: pd.DataFrame
) -> None:
    words = words_of(draw_aspects(tmp_path / "a", *by_aspect, retreat))
    for each in ("10.5 ± 1.2 m a⁻¹", "−3.0 ± 1.2 m a⁻¹", "15.5 m a⁻¹", "n = 12", "n = 2", "(c) retreat", "(c) advance"):
        assert each in words
    assert "pale: fewer than 3 glaciers" in words


def test_one_of_several_methods_is_named(
    tmp_path: Path, by_aspect: tuple[pd.DataFrame, pd.DataFrame], retreat: pd.DataFrame
) -> None:
    both = pd.concat([retreat, retreat.assign(method="centre_line")])
    with pytest.raises(ChangeError, match="main_axis, centre_line"):
        draw_aspects(tmp_path / "a", *by_aspect, both)
    with pytest.raises(ChangeError, match="no method 'box'"):
        draw_aspects(tmp_path / "a", *by_aspect, both, method="box")


def test_no_aspect_at_all_is_said_in_words(tmp_path: Path, by_aspect: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    totals, changed = by_aspect
    for rows in (changed[changed["sector"].isna()], changed.iloc[:0]):
        assert "no ground with an aspect" in words_of(draw_aspects(tmp_path / "a", totals, rows))


def test_the_same_tables_give_the_same_bytes(tmp_path: Path, by_aspect: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    one, other = (draw_aspects(tmp_path / name, *by_aspect) for name in "ab")
    assert [sha256(path) for path in one] == [sha256(path) for path in other]
