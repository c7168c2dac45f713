"""Surface classes: what a network can take a pixel for, and how rasters of classes number and colour them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Literal

SurfaceName = Literal["shadow", "water", "ice", "land", "cloud"]
"""Name of a surface class in model files. `ice` is snow or ice where a network does not tell them apart."""


class SurfaceClass(IntEnum):
    """Values of a raster of classes; 255 is no data."""

    GROUND = 0
    """Without ice; nothing more is told, because the network was not shown it, or tells ice only."""
    LAND = 1
    """Rock, debris, soil, plants."""
    ICE = 2
    """Snow or ice."""
    WATER = 3
    SHADOW = 4
    """Of clouds or mountains."""
    CLOUD = 5


CLASSES_NODATA = 255
"""Value of a pixel without data in a raster of classes."""

CLASS_OF: Mapping[SurfaceName, SurfaceClass] = MappingProxyType(
    {
        "shadow": SurfaceClass.SHADOW,
        "water": SurfaceClass.WATER,
        "ice": SurfaceClass.ICE,
        "land": SurfaceClass.LAND,
        "cloud": SurfaceClass.CLOUD,
    }
)
"""The value of each class by its name."""

CLASS_COLOURS: Mapping[SurfaceClass, tuple[int, int, int]] = MappingProxyType(
    {
        SurfaceClass.GROUND: (225, 222, 214),
        SurfaceClass.LAND: (158, 139, 110),
        SurfaceClass.ICE: (150, 216, 240),
        SurfaceClass.WATER: (38, 92, 168),
        SurfaceClass.SHADOW: (62, 58, 70),
        SurfaceClass.CLOUD: (255, 255, 255),
    }
)
"""Red, green, blue of each class in rasters and figures."""
