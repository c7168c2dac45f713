"""Shift of an image or of outlines relative to a reference image, or the reason why it cannot be told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TOLERATED_PIXELS = 0.5
"""Shifts above this many pixels of the coarser image are warned of: they move an outline by a visible amount, and
half a pixel is what the agencies and inventories count as well registered (Storey and others, 2014, Remote Sensing 6,
11127-11152)."""


_CERTAIN = 2.0
"""Standard errors above which a shift is no chance."""


@dataclass(frozen=True)
class Shift:
    """Where something lies relative to the reference."""

    east_m: float
    """How far it lies too far east [m]; negative is west."""
    north_m: float
    """How far it lies too far north [m]; negative is south."""
    error_m: float
    """Standard error of either number [m]."""
    pixel_m: float
    """Pixel that was correlated [m]: that of the coarser image."""
    windows: int
    """Windows that the numbers stand on."""
    share: float
    """Their share of all windows with enough ground to compare."""
    band: str = ""
    """Band that was correlated; empty for outlines."""

    @property
    def length_m(self) -> float:
        """Length of the shift [m]."""
        return math.hypot(self.east_m, self.north_m)

    @property
    def pixels(self) -> float:
        """Length of the shift [pixels of the coarser image]."""
        return self.length_m / self.pixel_m

    @property
    def is_notable(self) -> bool:
        """Whether it is more than half a pixel, and more than its error explains."""
        return self.pixels > TOLERATED_PIXELS and self.is_certain

    @property
    def is_certain(self) -> bool:
        """Whether it is more than its error explains: a scene moved by less would only be resampled."""
        return self.length_m > _CERTAIN * self.error_m

    def __str__(self) -> str:
        return f"{in_words(self.east_m, self.north_m)}, ± {self.error_m:.1f} m"

    def record(self) -> dict[str, Any]:
        """Return what JSON holds of it."""
        return {
            "east_m": self.east_m,
            "north_m": self.north_m,
            "error_m": self.error_m,
            "pixel_m": self.pixel_m,
            "pixels": self.pixels,
            "windows": self.windows,
            "share": self.share,
            "band": self.band or None,
            "reason": None,
        }


@dataclass(frozen=True)
class NoShift:
    """A shift that cannot be told."""

    reason: str
    """Why, in words."""

    def __str__(self) -> str:
        return f"cannot be told: {self.reason}"

    def record(self) -> dict[str, Any]:
        """Return what JSON holds of it: no number."""
        keys = ("east_m", "north_m", "error_m", "pixel_m", "pixels", "windows", "share", "band")
        return {**dict.fromkeys(keys), "reason": self.reason}


def shift_of_record(record: Mapping[str, Any]) -> Shift | None:
    """Return the shift of a record; None where it could not be told."""
    if record["east_m"] is None:
        return None
    return Shift(
        **{key: record[key] for key in ("east_m", "north_m", "error_m", "pixel_m", "windows", "share")},
        band=record["band"] or "",
    )


def in_words(east_m: float, north_m: float) -> str:
    """Return a shift as lengths along the points of the compass."""
    along = f"{abs(east_m):.1f} m {'east' if east_m >= 0 else 'west'}"
    return f"{along}, {abs(north_m):.1f} m {'north' if north_m >= 0 else 'south'}"
