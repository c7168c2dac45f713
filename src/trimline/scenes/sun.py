"""Position of the sun from time and place.

Low-precision formulas of the Astronomical Almanac after Michalsky (1988), Solar Energy 40, 227-235: good to
0.01 degrees between 1950 and 2050. Elevations are geometric, without refraction, as in Landsat's metadata.
"""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

_J2000 = datetime(2000, 1, 1, 12, tzinfo=UTC)
_SECONDS_PER_DAY = 86_400.0


def sun_position(
    time: datetime, longitude: ArrayLike, latitude: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the position of the sun.

    Parameters
    ----------
    time
        Time; UTC where it has no zone.
    longitude, latitude
        Scalars or arrays that broadcast [degrees, WGS 84].

    Returns
    -------
    azimuth
        Clockwise from north, 0 to 360 [degrees].
    elevation
        Above the horizon, negative below it [degrees].
    """
    days, hours = _days_since_2000(time)
    mean_anomaly = np.radians(357.528 + 0.9856003 * days)
    ecliptic_longitude = np.radians(
        280.460 + 0.9856474 * days + 1.915 * np.sin(mean_anomaly) + 0.020 * np.sin(2 * mean_anomaly)
    )
    obliquity = np.radians(23.439 - 0.0000004 * days)
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic_longitude), np.cos(ecliptic_longitude))
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic_longitude))
    greenwich_sidereal_hours = 6.697375 + 0.0657098242 * days + hours
    hour_angle = np.radians(15 * greenwich_sidereal_hours + np.asarray(longitude, dtype=np.float64)) - right_ascension
    phi = np.radians(np.asarray(latitude, dtype=np.float64))
    up = np.sin(declination) * np.sin(phi) + np.cos(declination) * np.cos(phi) * np.cos(hour_angle)
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.sin(declination) * np.cos(phi) - np.cos(declination) * np.sin(phi) * np.cos(hour_angle)
    azimuth = np.degrees(np.arctan2(east, north)) % 360
    elevation = np.degrees(np.arctan2(up, np.hypot(east, north)))
    return np.asarray(azimuth), np.asarray(elevation)


def earth_sun_distance(time: datetime) -> float:
    """Return the distance from the Earth to the sun [astronomical units].

    Source: The Astronomical Almanac, section C, low-precision formulas for the sun.
    """
    days, _ = _days_since_2000(time)
    mean_anomaly = np.radians(357.528 + 0.9856003 * days)
    return float(1.00014 - 0.01671 * np.cos(mean_anomaly) - 0.00014 * np.cos(2 * mean_anomaly))


def _days_since_2000(time: datetime) -> tuple[float, float]:
    """Return the days since noon of 2000-01-01 (UTC), and the hours since midnight."""
    moment = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    hours = (moment - midnight).total_seconds() / 3600
    return (moment - _J2000).total_seconds() / _SECONDS_PER_DAY, hours
