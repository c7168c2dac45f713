"""The glaciers of a range, year by year: flow on a coarse grid, margins on the fine one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import ndimage

from trimline.simulate.climate import Climate, slope_angle, sunniness
from trimline.simulate.flow import evolve
from trimline.simulate.terrain import Field, enlarge, reduce

SPIN_UP_A = 300.0
"""Years of the spin-up in a steady climate, after which the areas of the three environments are steady to 1 %."""
THINNEST_M = 4.0
"""Thinner ice does not flow and counts as snow, not as glacier [m]."""
SMALLEST_KM2 = 0.01
"""Smallest glacier: the inventories' usual limit (Paul and others, 2009, Annals of Glaciology 50, 119-126)."""


def glaciers(
    bed_m: Field, pixel_m: float, coarsening: int, climate: Climate, rises_m: Iterable[tuple[float, float]]
) -> Iterator[Field]:
    """Yield the thickness of the ice after a spin-up, and after each of several spells of warming.

    Parameters
    ----------
    bed_m
        (h, w) bed elevation [m]; both sides multiples of `coarsening`. Ice leaves at the edge, so it
        should be wider than the scene.
    pixel_m
        Side of a pixel [m].
    coarsening
        Pixels per cell of the flow model, along one side.
    climate
        The mass balance.
    rises_m
        For each spell its length [a] and the rise of the equilibrium line at its end against the spin-up [m]; the
        rise is linear in time.

    Yields
    ------
    (h, w) thickness [m], 0 where there is no glacier.
    """
    coarse_bed, cell_m = reduce(bed_m, coarsening), pixel_m * coarsening
    thickness = np.zeros_like(coarse_bed)
    thickness = _grow(coarse_bed, thickness, cell_m, climate, SPIN_UP_A, 0.0, 0.0)
    risen = 0.0
    for years, rise in rises_m:
        if years > 0:
            thickness = _grow(coarse_bed, thickness, cell_m, climate, years, risen, rise)
        risen = rise
        yield refined(bed_m, coarse_bed, thickness, coarsening, pixel_m)


def refined(bed_m: Field, coarse_bed_m: Field, thickness_m: Field, coarsening: int, pixel_m: float) -> Field:
    """Return the ice of the coarse grid on the fine bed.

    The ice surface is that of the coarse grid; half of the fine relief is below it, and the rest stands out as rock.
    Thin and small remains are left out.
    """
    smooth = enlarge(ndimage.gaussian_filter(thickness_m, 0.6), coarsening)
    fine = smooth - 0.5 * (bed_m - enlarge(coarse_bed_m, coarsening))
    near = ndimage.maximum_filter(thickness_m > THINNEST_M, 3)
    fine[~near.repeat(coarsening, axis=0).repeat(coarsening, axis=1)] = 0.0
    fine[fine < THINNEST_M] = 0.0
    bodies, count = ndimage.label(fine > 0)
    areas_km2 = ndimage.sum_labels(np.ones_like(fine), bodies, np.arange(count + 1)) * pixel_m**2 / 1e6
    fine[(areas_km2 < SMALLEST_KM2)[bodies]] = 0.0
    return fine


def _grow(
    bed: Field, thickness: Field, cell_m: float, climate: Climate, years: float, before: float, after: float
) -> Field:
    """Return the ice after a linear rise of the equilibrium line; insolation is that of the surface at the start."""
    surface = bed + thickness
    sun, slope = sunniness(surface, cell_m), slope_angle(surface, cell_m)
    spells = max(1, round(years / 10.0)) if before != after else max(1, round(years / 60.0))
    for spell in range(spells):
        rise = before + (after - before) * (spell + 0.5) / spells

        def balance(surface_m: Field, rise_m: float = rise) -> Field:
            return climate.balance(surface_m, sun, slope, rise_m)

        thickness = evolve(bed, thickness, cell_m, years / spells, balance, open_rim=True)
    return thickness
