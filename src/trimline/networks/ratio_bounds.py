"""Bounds of the band ratio's arithmetic, shared by what trains its threshold and by what maps with a given one."""

from __future__ import annotations

DARKEST = 1e-4
"""What SWIR1 is raised to before the division, in the image's own units: one digital number of a Sentinel-2 product,
below what any of the sensors resolves. Black ice and shadow then have a large ratio rather than none, and negative
surface reflectance does not turn the sign."""

LOWEST = 1e-3
"""What the ratio is raised to before the logarithm; no surface comes near it."""

STRICTLY = 1e-6
"""Added to the logarithm of the threshold, so that a ratio equal to it is ground. Ratios of 8-bit numbers, among which
equality is common, differ by more."""
