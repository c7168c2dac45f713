"""Flow of ice: the shallow-ice approximation on a grid.

Glen's law with n = 3 gives a flux of -D grad(s) with D = 2 A (rho g)^3 / 5 H^5 |grad s|^2 (Cuffey and Paterson, 2010,
section 8.5). Steps are explicit. On steep beds the plain scheme creates mass; the diffusivity on each
face therefore uses the thickness upstream where the surface falls over bare rock, after Jarosch, Schoof and Anslow
(2013, The Cryosphere 7, 229-240), and no cell loses more than it holds, so that mass is conserved exactly.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from trimline.simulate.terrain import Field, gradients

GLEN_A = 2.4e-24
"""Rate factor of temperate ice [Pa-3 s-1]; Cuffey and Paterson (2010), table 3.4."""
ICE_DENSITY = 910.0
"""[kg m-3]"""
GRAVITY = 9.81
"""[m s-2]"""
SECONDS_PER_YEAR = 3.1556926e7
STABLE = 0.12
"""Largest time step as a share of dx2 / D; explicit diffusion on a square grid is stable up to 0.25."""


def flow_factor(rate_factor: float = GLEN_A) -> float:
    """Return 2 A (rho g)^3 / 5 [m-3 a-1]."""
    return 2.0 * rate_factor * SECONDS_PER_YEAR * (ICE_DENSITY * GRAVITY) ** 3 / 5.0


def evolve(
    bed_m: Field,
    thickness_m: Field,
    pixel_m: float,
    years: float,
    balance: Callable[[Field], Field],
    *,
    rate_factor: float = GLEN_A,
    longest_step_a: float = 1.0,
    balance_every_a: float = 1.0,
    open_rim: bool = False,
) -> Field:
    """Return the ice after some years of flow under a mass balance.

    Parameters
    ----------
    bed_m, thickness_m
        (h, w) bed elevation and ice thickness at the start [m].
    pixel_m
        Side of a cell [m].
    years
        Duration [a].
    balance
        Gives the mass balance of a surface [m of ice per year].
    rate_factor
        A of Glen's law [Pa-3 s-1].
    longest_step_a
        Longest time step [a].
    balance_every_a
        Interval after which the balance is computed for the changed surface [a].
    open_rim
        Whether ice leaves the grid at the outermost cells; otherwise none flows over the edge.

    Returns
    -------
    Thickness at the end [m], nowhere negative.
    """
    factor = flow_factor(rate_factor)
    thickness = thickness_m.copy()
    elapsed, next_balance = 0.0, 0.0
    gain = np.zeros_like(thickness)
    while elapsed < years - 1e-9:
        if elapsed >= next_balance - 1e-9:
            gain = balance(bed_m + thickness)
            next_balance = elapsed + balance_every_a
        flux_y, flux_x, largest = _fluxes(bed_m, thickness, pixel_m, factor)
        step = min(STABLE * pixel_m**2 / max(largest, 1e-9), longest_step_a, years - elapsed)
        thickness = _moved(thickness, flux_y, flux_x, step, pixel_m)
        thickness = np.maximum(thickness + gain * step, 0.0)
        if open_rim:
            thickness[[0, -1]] = 0.0
            thickness[:, [0, -1]] = 0.0
        elapsed += step
    return thickness


def _fluxes(bed: Field, thickness: Field, pixel_m: float, factor: float) -> tuple[Field, Field, float]:
    """Return the flux through the faces below and to the right of cells [m2/a], and the largest diffusivity."""
    surface = bed + thickness
    gradient_y, gradient_x = np.diff(surface, axis=0) / pixel_m, np.diff(surface, axis=1) / pixel_m
    # The other component of the gradient, averaged from the four faces around.
    full_y, full_x = gradients(surface, pixel_m)
    across_x = (full_x[1:] + full_x[:-1]) / 2
    across_y = (full_y[:, 1:] + full_y[:, :-1]) / 2
    diffusivity_y = factor * _on_faces(thickness, gradient_y, 0) ** 5 * (gradient_y**2 + across_x**2)
    diffusivity_x = factor * _on_faces(thickness, gradient_x, 1) ** 5 * (gradient_x**2 + across_y**2)
    largest = max(float(diffusivity_y.max(initial=0.0)), float(diffusivity_x.max(initial=0.0)))
    return -diffusivity_y * gradient_y, -diffusivity_x * gradient_x, largest


def _on_faces(thickness: Field, gradient: Field, axis: int) -> Field:
    """Return the thickness on faces: the mean, but at most the thickness upstream."""
    before = thickness[:-1] if axis == 0 else thickness[:, :-1]
    after = thickness[1:] if axis == 0 else thickness[:, 1:]
    upstream = np.where(gradient < 0, before, after)
    return np.minimum((before + after) / 2, upstream)


def _moved(thickness: Field, flux_y: Field, flux_x: Field, step: float, pixel_m: float) -> Field:
    """Move ice through the faces; a cell loses at most what it holds."""
    rate = step / pixel_m
    given = np.zeros_like(thickness)
    given[:-1] += np.maximum(flux_y, 0.0)
    given[1:] += np.maximum(-flux_y, 0.0)
    given[:, :-1] += np.maximum(flux_x, 0.0)
    given[:, 1:] += np.maximum(-flux_x, 0.0)
    given *= rate
    share = np.where(given > thickness, thickness / np.maximum(given, 1e-12), 1.0)
    flux_y = flux_y * np.where(flux_y > 0, share[:-1], share[1:])
    flux_x = flux_x * np.where(flux_x > 0, share[:, :-1], share[:, 1:])
    moved = thickness.copy()
    moved[:-1] -= flux_y * rate
    moved[1:] += flux_y * rate
    moved[:, :-1] -= flux_x * rate
    moved[:, 1:] += flux_x * rate
    return moved
