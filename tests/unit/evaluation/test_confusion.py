"""The scores are those that their authors defined, and those that others printed."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from trimline.errors import GridError
from trimline.evaluation import SCORES, Confusion

counts = st.integers(0, 10**9)

# Chen and others (2022), Table II: precision, recall, F1, kappa and overall accuracy of the band ratio, in percent.
TABLE_2 = {
    1.5: (84.98, 98.01, 91.03, 88.07, 95.53),
    1.7: (86.79, 97.69, 91.92, 89.29, 96.02),
    1.9: (88.22, 97.36, 92.57, 90.18, 96.38),
    2.1: (89.36, 96.98, 93.01, 90.79, 96.62),
    2.3: (90.35, 96.58, 93.36, 91.27, 96.82),
    2.5: (91.15, 96.12, 93.57, 91.56, 96.94),
    2.7: (91.77, 95.68, 93.68, 91.73, 97.01),
    2.9: (92.34, 95.21, 93.75, 91.83, 97.06),
    3.1: (92.82, 94.75, 93.77, 91.87, 97.08),
    3.3: (93.24, 94.21, 93.72, 91.82, 97.07),
    3.5: (93.64, 93.49, 93.57, 91.63, 97.02),
    3.7: (93.96, 92.60, 93.27, 91.27, 96.91),
}

# The same, Table III: precision, recall, F1, in percent.
TABLE_3 = {
    ("band ratio", "scene 1"): (92.55, 94.91, 93.71),
    ("U-Net", "scene 1"): (95.27, 96.60, 95.93),
    ("U-Net++", "scene 1"): (95.55, 95.96, 95.76),
    ("GlacierNet", "scene 1"): (97.03, 87.07, 91.78),
    ("SaU-Net", "scene 1"): (96.61, 94.88, 95.74),
    ("U-Net+cSE", "scene 1"): (96.81, 95.10, 95.95),
    ("LandsNet", "scene 1"): (95.93, 94.97, 95.45),
    ("M-LandsNet", "scene 1"): (96.03, 95.99, 96.01),
    ("M-LandsNet", "area 1"): (96.74, 94.02, 95.36),
    ("M-LandsNet", "area 2"): (95.05, 92.26, 93.63),
    ("LandsNet", "area 2"): (97.76, 81.20, 88.71),
    ("U-Net", "area 3"): (59.68, 87.88, 71.09),
    ("GlacierNet", "area 3"): (66.55, 74.46, 70.28),
    ("M-LandsNet", "area 3"): (76.92, 84.38, 80.48),
}


def with_scores(precision: float, recall: float, prevalence: float) -> Confusion:
    """Return counts in a thousand million pixels that have given scores, in percent."""
    n = 10**9
    ice = prevalence * n
    tp = recall / 100 * ice
    fp = tp * (100 / precision - 1)
    return Confusion(round(tp), round(fp), round(ice - tp), round(n - ice - fp))


@pytest.mark.parametrize("row", [*TABLE_2.values(), *TABLE_3.values()])
def test_f1_is_the_printed_one(row: tuple[float, ...]) -> None:
    precision, recall, f1, *_ = row
    assert with_scores(precision, recall, 0.2).f1 * 100 == pytest.approx(f1, abs=0.0101)


@pytest.mark.parametrize("row", TABLE_2.values(), ids=[f"threshold {t}" for t in TABLE_2])
def test_kappa_is_the_printed_one(row: tuple[float, ...]) -> None:
    """Overall accuracy gives the share of ice, which the paper does not print; kappa then follows."""
    precision, recall, _, kappa, oa = row
    wrong_per_ice = recall / 100 * (100 / precision - 1) + 1 - recall / 100
    confusion = with_scores(precision, recall, (1 - oa / 100) / wrong_per_ice)
    assert confusion.oa * 100 == pytest.approx(oa, abs=1e-4)
    assert confusion.kappa * 100 == pytest.approx(kappa, abs=0.03)


def test_kappa_of_cohens_own_kind_of_table() -> None:
    """20 and 15 agreed, 5 and 10 not: observed 0.7, by chance 0.5, kappa 0.4."""
    confusion = Confusion(tp=20, fp=5, fn=10, tn=15)
    assert confusion.oa == pytest.approx(0.7)
    assert confusion.kappa == pytest.approx(0.4)


def test_scores_of_a_table_by_hand() -> None:
    scores = Confusion(tp=60, fp=20, fn=30, tn=90).scores()
    assert tuple(scores) == SCORES == ("f1", "iou", "precision", "recall", "kappa", "oa", "area_bias")
    assert scores["precision"] == pytest.approx(60 / 80)
    assert scores["recall"] == pytest.approx(60 / 90)
    assert scores["f1"] == pytest.approx(120 / 170)
    assert scores["iou"] == pytest.approx(60 / 110)
    assert scores["oa"] == pytest.approx(150 / 200)
    assert scores["area_bias"] == pytest.approx(-10 / 90)


@given(counts, counts, counts, counts)
def test_scores_keep_their_bounds_and_relations(tp: int, fp: int, fn: int, tn: int) -> None:
    confusion = Confusion(tp, fp, fn, tn)
    for name, value in confusion.scores().items():
        if not math.isnan(value) and name not in ("kappa", "area_bias"):
            assert 0 <= value <= 1
    if not math.isnan(confusion.kappa):
        assert -1 <= confusion.kappa <= 1
    if tp:
        harmonic = 2 / (1 / confusion.precision + 1 / confusion.recall)
        assert confusion.f1 == pytest.approx(harmonic)
        assert confusion.iou == pytest.approx(confusion.f1 / (2 - confusion.f1))


@given(st.data())
def test_parts_sum_to_the_whole(data: st.DataObject) -> None:
    truth, mapped, valid = (data.draw(arrays(np.bool_, (6, 7))) for _ in range(3))
    whole = Confusion.from_masks(truth, mapped, valid)
    parts = Confusion.from_masks(truth[:2], mapped[:2], valid[:2]) + Confusion.from_masks(
        truth[2:], mapped[2:], valid[2:]
    )
    assert parts == whole
    assert whole.n == valid.sum()


def test_what_is_undefined_is_not_a_number() -> None:
    nothing = Confusion().scores()
    assert all(math.isnan(value) for value in nothing.values())
    no_ice = Confusion(tn=10).scores()
    assert {name for name, value in no_ice.items() if not math.isnan(value)} == {"oa"}
    none_mapped = Confusion(fn=3, tn=7)
    assert math.isnan(none_mapped.precision)
    assert none_mapped.f1 == 0
    assert none_mapped.area_bias == -1
    assert math.isnan(Confusion(tp=5).kappa)


def test_masks_of_any_type_are_counted_alike() -> None:
    truth = np.array([[1, 0, 1, 0]])
    mapped = np.array([[1, 1, 0, 0]])
    expected = Confusion(1, 1, 1, 1)
    for dtype in (bool, np.uint8, np.float32):
        assert Confusion.from_masks(truth.astype(dtype), mapped.astype(dtype)) == expected


def test_counts_do_not_overflow() -> None:
    big = Confusion(tp=5 * 10**9, fp=10**9, fn=10**9, tn=9 * 10**9)
    assert big.kappa == pytest.approx(Confusion(5, 1, 1, 9).kappa)


def test_masks_of_two_grids_are_an_error() -> None:
    ones: NDArray[np.uint8] = np.ones((2, 3), np.uint8)
    with pytest.raises(GridError, match=r"truth \(2, 3\), mapped \(3, 2\)"):
        Confusion.from_masks(ones, ones.T)


def test_the_rows_above_are_those_of_the_paper() -> None:
    """Guard against a slip of the pen where the paper's text lies beside the project."""
    papers = sorted((Path(__file__).resolve().parents[4] / "shared" / "seeds").glob("000_*.txt"))
    if not papers:
        pytest.skip("the paper's text is absent")
    text = papers[0].read_text(encoding="utf-8")
    numbers = [[float(x) for x in re.findall(r"\d+\.\d+|\d+\b", line)] for line in text.splitlines() if "\t" in line]
    for row in TABLE_2.values():
        assert any(line[-5:] == pytest.approx(list(row)) for line in numbers if len(line) >= 5)
    for row in TABLE_3.values():
        assert any(line[-5:-2] == pytest.approx(list(row)) for line in numbers if len(line) >= 5)
