"""Satellite products on disk as `Scene` objects.

The room hands out `open_scene` and the `Scene` it gives, whose bands are read onto any grid as reflectance or digital
numbers; `product_info`, which describes a product and checks that it is complete; and `sun_position`. One file reads
one format, and `READERS` lists them.
"""

from __future__ import annotations

from trimline.scenes.asset import Asset
from trimline.scenes.band_names import COMMON_NAMES
from trimline.scenes.calibration import BrightnessTemperature, Calibration, Linear, NoCalibration
from trimline.scenes.grid import is_working_grid, working_grid
from trimline.scenes.landsat_metadata import LandsatMetadata, read_landsat_metadata
from trimline.scenes.product_info import ProductInfo
from trimline.scenes.reader import Reader
from trimline.scenes.readers import READERS, open_scene, product_info
from trimline.scenes.scene import Scene
from trimline.scenes.scene_identity import product_identity, scene_content, scene_identity
from trimline.scenes.sidecar import Sidecar
from trimline.scenes.sun import earth_sun_distance, sun_position
from trimline.sensors import Units

__all__ = [
    "COMMON_NAMES",
    "READERS",
    "Asset",
    "BrightnessTemperature",
    "Calibration",
    "LandsatMetadata",
    "Linear",
    "NoCalibration",
    "ProductInfo",
    "Reader",
    "Scene",
    "Sidecar",
    "Units",
    "earth_sun_distance",
    "is_working_grid",
    "open_scene",
    "product_identity",
    "product_info",
    "read_landsat_metadata",
    "scene_content",
    "scene_identity",
    "sun_position",
    "working_grid",
]
