"""Ice flows as the shallow-ice approximation says: against an exact solution, and without losing any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.simulate.flow import evolve, flow_factor


def halfar(radius_m: np.ndarray, years: float, dome_m: float, margin_m: float) -> np.ndarray:
    """Thickness of Halfar's (1983, J. Geophys. Res. 88, 6043-6051) spreading dome, `years` after its start [m]."""
    # Bueler and others (2005, J. Glaciol. 51, 291-306), equations 3 and 4, with n = 3 and no accumulation.
    alpha, beta = 1 / 9, 1 / 18
    start = beta / flow_factor() * (7 / 4) ** 3 * margin_m**4 / dome_m**7
    relative = (start + years) / start
    inner = np.clip(1 - (relative**-beta * radius_m / margin_m) ** (4 / 3), 0, None)
    return dome_m * relative**-alpha * inner ** (3 / 7)


def test_a_dome_spreads_as_halfar_found() -> None:
    cell_m, cells = 500.0, 61
    axis = (np.arange(cells) - cells // 2) * cell_m
    radius = np.hypot(axis[:, None], axis[None, :])
    bed = np.zeros((cells, cells))
    start = halfar(radius, 0.0, 300.0, 9000.0)
    end = evolve(bed, start, cell_m, 400.0, np.zeros_like, longest_step_a=5.0)
    expected = halfar(radius, 400.0, 300.0, 9000.0)
    assert expected[cells // 2, cells // 2] < 0.94 * start[cells // 2, cells // 2], "it must have spread"
    inside = radius < 7000
    assert np.abs(end - expected)[inside].max() < 0.02 * 300
    assert end[cells // 2, cells // 2] == pytest.approx(expected[cells // 2, cells // 2], rel=0.01)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0, 300))
def test_flow_neither_makes_nor_loses_ice_on_any_bed(seed: int, relief_m: float) -> None:
    generator = np.random.default_rng(seed)
    bed = relief_m * generator.random((20, 20))
    thickness = np.zeros((20, 20))
    thickness[4:16, 4:16] = 60 * generator.random((12, 12))
    end = evolve(bed, thickness, 100.0, 3.0, np.zeros_like)
    assert end.sum() == pytest.approx(thickness.sum(), rel=1e-9)
    assert (end >= 0).all()


def test_ice_on_a_slope_flows_down_it() -> None:
    bed = np.tile(np.linspace(1000.0, 0.0, 40)[:, None], (1, 15))
    thickness = np.zeros_like(bed)
    thickness[5:15, 5:10] = 100.0
    end = evolve(bed, thickness, 100.0, 20.0, np.zeros_like)
    rows = np.arange(40)[:, None]
    assert (end * rows).sum() / end.sum() > (thickness * rows).sum() / thickness.sum() + 1


def test_the_balance_adds_and_takes_what_it_says() -> None:
    flat = np.zeros((10, 10))
    grown = evolve(flat, flat, 100.0, 10.0, lambda surface: np.full_like(surface, 0.5))
    assert grown.mean() == pytest.approx(5.0, rel=1e-6)
    assert evolve(flat, grown, 100.0, 10.0, lambda surface: np.full_like(surface, -1.0)).max() == 0.0


def test_ice_leaves_over_an_open_rim_and_is_dammed_by_a_closed_one() -> None:
    bed = np.tile(np.linspace(1000.0, 0.0, 20)[:, None], (1, 9))
    thickness = np.full(bed.shape, 80.0)
    dammed = evolve(bed, thickness, 100.0, 50.0, np.zeros_like)
    free = evolve(bed, thickness, 100.0, 50.0, np.zeros_like, open_rim=True)
    assert dammed.sum() == pytest.approx(thickness.sum(), rel=1e-9)
    assert dammed[-1].min() > 150
    assert free[-3].max() < 80
    assert free[[0, -1]].max() == free[:, [0, -1]].max() == 0
