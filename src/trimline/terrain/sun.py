"""The sun over a place of a scene: from the product's metadata, carried from the scene's centre by the almanac."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from odc.geo.geobox import GeoBox
from pyproj import Geod

from trimline.coordinate_systems import degrees
from trimline.errors import MetadataError
from trimline.scenes.grid import transform_points
from trimline.scenes.sun import sun_position

if TYPE_CHECKING:
    from trimline.scenes import Scene

LOWEST_SUN_DEG = 5.0
"""Least elevation of the sun [degrees]. Below it shadows reach farther than 30 km, and no glacier is mapped."""

_NEAR_M = 1000.0
"""Length over which a direction is carried onto a grid [m]."""
_WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Sun:
    """Position of the sun over a place."""

    azimuth_deg: float
    """Clockwise from true north [degrees]."""
    elevation_deg: float
    """Above the horizon [degrees]."""


def sun_over(scene: Scene, longitude: float, latitude: float) -> Sun:
    """Return the position of the sun over a place of a scene.

    The angles of the metadata hold at the scene's centre; elsewhere the difference between place and centre by the
    almanac is added, where the time is known. Without angles in the metadata both are the almanac's.

    Raises
    ------
    MetadataError
        Neither the angles nor the time are known, or the sun is lower than `LOWEST_SUN_DEG`.
    """
    azimuth, elevation = scene.sun_azimuth, scene.sun_elevation
    if scene.time is not None:
        there = [float(each) for each in sun_position(scene.time, longitude, latitude)]
        if azimuth is None or elevation is None:
            azimuth, elevation = there
        else:
            centre = scene.footprint.centroid.coords[0]
            at_centre = [float(each) for each in sun_position(scene.time, *centre)]
            azimuth += (there[0] - at_centre[0] + 180) % 360 - 180
            elevation += there[1] - at_centre[1]
    if azimuth is None or elevation is None:
        raise MetadataError(
            "the product says neither where the sun stood nor the time",
            where=scene.id,
            remedy="terrain shadow needs one of them; leave the elevation model out, or give the product's metadata",
        )
    if elevation < LOWEST_SUN_DEG:
        raise MetadataError(
            f"the sun stood {elevation:.1f} degrees above the horizon, and terrain shadow needs {LOWEST_SUN_DEG:g}",
            where=scene.id,
            remedy="take a scene with a higher sun, or leave the elevation model out",
        )
    return Sun(azimuth % 360, elevation)


def centre_of(geobox: GeoBox) -> tuple[float, float]:
    """Return longitude and latitude of the centre of a grid [degrees]."""
    x, y = geobox.affine * (geobox.width / 2, geobox.height / 2)
    longitude, latitude = transform_points(geobox.crs, degrees(), np.array([x]), np.array([y]))
    return float(longitude[0]), float(latitude[0])


def azimuth_on_grid(geobox: GeoBox, azimuth_deg: float) -> float:
    """Return a direction from true north as one from the north of a grid, at its centre [degrees]."""
    longitude, latitude = centre_of(geobox)
    there = _WGS84.fwd(longitude, latitude, azimuth_deg, _NEAR_M)
    x, y = transform_points(degrees(), geobox.crs, np.array([longitude, there[0]]), np.array([latitude, there[1]]))
    return math.degrees(math.atan2(float(x[1] - x[0]), float(y[1] - y[0]))) % 360
