"""Three environments of simulated ranges, after the test areas of Chen and others (2022).

``cold-dry`` is the interior plateau: high, brown, with smooth glaciers on gentle summits. ``warm-green`` is lower and
wetter: grass in the valleys, steep valley glaciers that melt fast, debris on their tongues. ``cloudy`` has small
glaciers among much seasonal snow, seen through thin and thick cloud. The numbers are ours. The three differ
as much as the areas of the paper; a band ratio scores lower on each of them than in its table III (0.94, 0.93 and 0.77;
see benchmarks/accuracy.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from trimline.simulate.climate import Climate


@dataclass(frozen=True)
class Environment:
    """Parameters of one environment."""

    lowest_m: float
    """Elevation of the valleys [m]."""
    highest_m: float
    """Elevation of the summits [m]."""
    roughness_m: float
    """Standard deviation of the fine relief on steep ground [m]."""
    climate: Climate
    """The mass balance before any warming."""
    vegetation_line_m: float
    """Elevation up to which grass grows on gentle ground [m]."""
    bare_load: float
    """Debris load above which ice is covered, without unit: rock gathered along flow lines, and depth below the
    equilibrium line. At 5 hardly any ice is covered, at 3 much of the tongues."""
    snow_line_offset_m: float
    """Height above the equilibrium line from which seasonal snow lasts over the summer, at mean insolation [m]."""
    snow_patchiness_m: float
    """Variation of that line by hollows and gullies [m]."""
    cloud_fraction: float
    """Usual share of the scene under cloud."""
    thin_cloud: float
    """Share of thin clouds."""
    haze: float
    """Scattering of the air, relative to clear air at 5000 m."""


ENVIRONMENTS: Mapping[str, Environment] = MappingProxyType(
    {
        "cold-dry": Environment(
            lowest_m=4650.0,
            highest_m=6050.0,
            roughness_m=18.0,
            climate=Climate(5560.0, 0.006, 0.003, 0.7, 300.0),
            vegetation_line_m=4780.0,
            bare_load=5.8,
            snow_line_offset_m=0.0,
            snow_patchiness_m=110.0,
            cloud_fraction=0.0,
            thin_cloud=0.5,
            haze=1.0,
        ),
        "warm-green": Environment(
            lowest_m=3300.0,
            highest_m=5350.0,
            roughness_m=30.0,
            climate=Climate(4600.0, 0.008, 0.005, 2.2, 340.0),
            vegetation_line_m=4150.0,
            bare_load=6.2,
            snow_line_offset_m=90.0,
            snow_patchiness_m=130.0,
            cloud_fraction=0.02,
            thin_cloud=0.6,
            haze=1.7,
        ),
        "cloudy": Environment(
            lowest_m=3900.0,
            highest_m=5550.0,
            roughness_m=26.0,
            climate=Climate(5130.0, 0.007, 0.0035, 1.0, 340.0),
            vegetation_line_m=4500.0,
            bare_load=5.0,
            snow_line_offset_m=-90.0,
            snow_patchiness_m=150.0,
            cloud_fraction=0.35,
            thin_cloud=0.7,
            haze=1.6,
        ),
    }
)
"""Every environment by name."""
