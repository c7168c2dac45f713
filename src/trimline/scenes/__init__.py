"""Satellite products on disk as `Scene` objects.

The room hands out `open_scene` and the `Scene` it gives, whose bands are read onto any grid as reflectance or digital
numbers; `product_info`, which describes a product and checks that it is complete; `moved_scene`, which puts a scene in
place; and `sun_position`. One file reads one format, and `READERS` lists them. Names are imported on first use, so
that a wrong path or band name is answered before the libraries that read rasters are loaded.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from trimline.sensors import Units

if TYPE_CHECKING:
    from trimline.scenes.asset import Asset
    from trimline.scenes.band_names import COMMON_NAMES
    from trimline.scenes.calibration import BrightnessTemperature, Calibration, Linear, NoCalibration
    from trimline.scenes.grid import is_working_grid, working_grid
    from trimline.scenes.landsat_metadata import LandsatMetadata, read_landsat_metadata
    from trimline.scenes.moving import moved_scene, shift_of
    from trimline.scenes.opening import open_scene, open_unsaid, product_info
    from trimline.scenes.product_summary import ProductInfo
    from trimline.scenes.reader import Reader
    from trimline.scenes.readers import READERS
    from trimline.scenes.scene import Scene, reflectance_level
    from trimline.scenes.scene_identity import product_identity, scene_content, scene_identity
    from trimline.scenes.sidecar import Sidecar
    from trimline.scenes.sun import earth_sun_distance, sun_position

_FILE_OF = {
    "Asset": "asset",
    "BrightnessTemperature": "calibration",
    "COMMON_NAMES": "band_names",
    "Calibration": "calibration",
    "LandsatMetadata": "landsat_metadata",
    "Linear": "calibration",
    "NoCalibration": "calibration",
    "ProductInfo": "product_summary",
    "READERS": "readers",
    "Reader": "reader",
    "Scene": "scene",
    "Sidecar": "sidecar",
    "earth_sun_distance": "sun",
    "is_working_grid": "grid",
    "moved_scene": "moving",
    "open_scene": "opening",
    "open_unsaid": "opening",
    "product_identity": "scene_identity",
    "product_info": "opening",
    "read_landsat_metadata": "landsat_metadata",
    "reflectance_level": "scene",
    "scene_content": "scene_identity",
    "scene_identity": "scene_identity",
    "shift_of": "moving",
    "sun_position": "sun",
    "working_grid": "grid",
}

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
    "moved_scene",
    "open_scene",
    "open_unsaid",
    "product_identity",
    "product_info",
    "read_landsat_metadata",
    "reflectance_level",
    "scene_content",
    "scene_identity",
    "shift_of",
    "sun_position",
    "working_grid",
]


def __getattr__(name: str) -> Any:
    """Import a public name from its file on first use."""
    if name not in _FILE_OF:
        raise AttributeError(f"module 'trimline.scenes' has no attribute {name!r}")
    return getattr(import_module(f"trimline.scenes.{_FILE_OF[name]}"), name)
