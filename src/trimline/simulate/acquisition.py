"""One acquisition of a range by a sensor, before it is written as a product."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.sensors import Sensor

PROCESSED = "20200917"
"""Processing date in the names of simulated products; fixed, so that names are known beforehand."""

_PREFIX = {"TM": "LT", "ETM+": "LE", "OLI": "LC"}


@dataclass(frozen=True)
class Acquisition:
    """One acquisition: bands without noise, flags, and the position of the sun."""

    sensor: Sensor
    time: datetime
    geobox: GeoBox
    sun_azimuth: float
    sun_elevation: float
    wrs2: str
    bands: Mapping[str, NDArray[np.float64]]
    """By common name: reflectance at the top of the atmosphere (of the surface for a product of it), or brightness
    temperature [K]; (h, w)."""
    flags: Mapping[str, NDArray[np.bool_]]
    """`cloud`, `cloud_shadow`, `snow`, `water`, and `fill` where there is no image; (h, w)."""

    @property
    def product_id(self) -> str:
        """Landsat product id."""
        prefix, mission = _PREFIX[self.sensor.instrument], self.sensor.platform.removeprefix("LANDSAT_")
        return f"{prefix}{int(mission):02d}_L1TP_{self.wrs2}_{self.time:%Y%m%d}_{PROCESSED}_02_T1"
