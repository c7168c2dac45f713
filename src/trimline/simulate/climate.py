"""Climate of a range: the annual mass balance of a glacier's surface.

The balance has an equilibrium line and two gradients, as measured on many glaciers (Cuffey and Paterson, 2010, The
Physics of Glaciers, section 4.4): steep below the line, gentle above it, and capped. The line lies lower on shaded
slopes and higher on sunny ones; slopes too steep to hold snow have no accumulation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trimline.simulate.terrain import Field, gradients

_HOLDS_SNOW, _SHEDS_SNOW = np.radians(35.0), np.radians(55.0)
"""Slopes up to which all snow stays, and from which on none does."""


@dataclass(frozen=True)
class Climate:
    """The mass balance of a range."""

    equilibrium_line_m: float
    """Elevation where gain and loss are equal on ground of mean insolation [m]."""
    ablation_gradient: float
    """Change of balance with height below the line [m water per m and year]."""
    accumulation_gradient: float
    """The same above the line."""
    largest_gain_m: float
    """Cap of the balance [m of ice per year]."""
    sun_shift_m: float
    """Shift of the line by insolation, between the sunniest and the shadiest slopes [m]."""

    def balance(self, surface_m: Field, sunniness: Field, slope: Field, rise_m: float = 0.0) -> Field:
        """Return the balance of a surface [m of ice per year].

        Parameters
        ----------
        surface_m
            Elevation [m].
        sunniness
            -0.5 (shadiest) to 0.5 (sunniest), see `sunniness`.
        slope
            Slope angle [rad].
        rise_m
            Rise of the equilibrium line [m].
        """
        above = surface_m - (self.equilibrium_line_m + rise_m + self.sun_shift_m * sunniness)
        balance = np.where(above < 0, self.ablation_gradient, self.accumulation_gradient) * above
        holds = np.clip((_SHEDS_SNOW - slope) / (_SHEDS_SNOW - _HOLDS_SNOW), 0.0, 1.0)
        return np.minimum(np.where(balance > 0, balance * holds, balance), self.largest_gain_m)


def sunniness(surface_m: Field, pixel_m: float) -> Field:
    """Return the relative insolation of northern slopes, -0.5 (steep, facing north) to 0.5 (steep, facing south)."""
    to_south, _ = gradients(surface_m, pixel_m)
    # Rows run south: a surface that falls southward has a negative derivative along rows and faces the sun.
    facing: Field = np.clip(-to_south / np.sqrt(1.0 + to_south**2) * 0.7, -0.5, 0.5)
    return facing


def slope_angle(surface_m: Field, pixel_m: float) -> Field:
    """Return the angle of the surface against the horizontal [rad]."""
    angle: Field = np.arctan(np.hypot(*gradients(surface_m, pixel_m)))
    return angle
