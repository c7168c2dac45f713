"""A simulated scene as a GeoTIFF stack with a sidecar: Sentinel-2 at 10 m.

All bands lie on the 10 m grid; those that MSI samples at 20 m are averaged and repeated, as resampling tools do.
Reflectance = (DN + offset) x scale with the quantification 1/10 000; from 25 January 2022 on the offset is -1000
(processing baseline 04.00), before it is 0.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trimline.files import write_json
from trimline.rasters import write_raster
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.camera import quantised
from trimline.simulate.sentinel2_names import OFFSETS, usual_baseline
from trimline.simulate.terrain import reduce

SCALE = 1e-4
_BITS = 16
NOISE = 6e-4
"""Standard deviation of MSI's noise [reflectance]; signal-to-noise of 150 to 200 at reference radiance."""
_LEFT_OUT = frozenset({"coastal", "nir09", "cirrus"})
"""Bands of 60 m, which are left out: they measure the air."""


def write_stack(acquisition: Acquisition, path: Path, generator: np.random.Generator) -> Path:
    """Write the GeoTIFF and its JSON sidecar, each whole or not at all, and return the GeoTIFF's path.

    Parameters
    ----------
    acquisition
        The acquisition, on the grid of 10 m.
    path
        The GeoTIFF.
    generator
        Source of the sensor's noise.
    """
    offset = OFFSETS[usual_baseline(acquisition.time.date())]
    bands = [
        band for band in acquisition.sensor.bands if band.common in acquisition.bands and band.common not in _LEFT_OUT
    ]
    sidecar = {
        "sensor": acquisition.sensor.id,
        "bands": [band.common for band in bands],
        "scale": SCALE,
        "offset": offset,
        "nodata": 0,
        "time": acquisition.time.isoformat(),
        "sun_azimuth": round(acquisition.sun_azimuth, 6),
        "sun_elevation": round(acquisition.sun_elevation, 6),
        "cloud_cover": round(100.0 * float(acquisition.flags["cloud"].mean()), 2),
        "level": "L1C",
    }
    write_json(path.with_suffix(".json"), sidecar)
    layers = []
    for band in bands:
        coarser = round(band.gsd_m / acquisition.sensor.gsd_m)
        seen = reduce(acquisition.bands[band.common], coarser)
        numbers, _ = quantised(seen, SCALE, offset * SCALE, _BITS, NOISE, generator)
        layers.append(numbers.repeat(coarser, axis=0).repeat(coarser, axis=1))
    return write_raster(path, np.stack(layers), acquisition.geobox, nodata=0, names=[band.name for band in bands])
