"""The product of an acquisition, in the format that its settings ask for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from trimline.project import SimulatedScene
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.landsat_product import write_landsat
from trimline.simulate.sentinel2_names import usual_baseline
from trimline.simulate.sentinel2_product import write_safe
from trimline.simulate.stack_product import write_stack


def write_product(
    acquisition: Acquisition, scene: SimulatedScene, folder: Path, generator: np.random.Generator
) -> Path:
    """Write a product, whole or not at all, and return its folder or file.

    Parameters
    ----------
    acquisition
        What was seen.
    scene
        Its settings: sensor, format, level, baseline.
    folder
        The parent of the product.
    generator
        Source of the sensor's noise.
    """
    if acquisition.sensor.instrument != "MSI":
        return write_landsat(acquisition, folder, generator)
    if scene.format == "stack":
        return write_stack(acquisition, folder / f"S2_{scene.date:%Y%m%d}.tif", generator)
    return write_safe(
        acquisition,
        folder,
        generator,
        level=scene.level,
        baseline=scene.baseline or usual_baseline(scene.date),
        zipped=scene.format == "zip",
    )
