"""Gaps between the scans of Landsat 7 after the failure of its scan line corrector.

Without the corrector the scans are a zigzag: they meet within 11 km of the track and separate beyond, to 14 lines at
the edge of the scene 92.5 km away, at every second scan of 16 lines (Markham and others, 2004, IEEE Transactions on
Geoscience and Remote Sensing 42, 2691-2694; Storey, Scaramuzza and Schmidt, 2005, Pecora 16).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

OFF_TRACK_M = 60_000.0
"""Distance of a simulated range east of the satellite's track [m]."""
_LINE_M = 30.0
_MEET_M, _EDGE_M = 11_000.0, 92_500.0
_WIDEST_LINES, _PERIOD_LINES = 14.0, 32.0
_TILT = np.tan(np.radians(9.0))
"""Angle of the track from south at the latitudes of the papers; scans are tilted by it."""


def scan_gaps(geobox: GeoBox, off_track_m: float = OFF_TRACK_M) -> NDArray[np.bool_]:
    """Return the gaps of Landsat 7, (h, w) bool.

    Parameters
    ----------
    geobox
        The grid, in metres.
    off_track_m
        Distance of its centre from the satellite's track [m].
    """
    pixel_m = abs(float(geobox.resolution.x))
    rows, columns = np.meshgrid(np.arange(geobox.height), np.arange(geobox.width), indexing="ij")
    east_m = (columns - geobox.width / 2) * pixel_m
    across_m = np.abs(east_m + off_track_m)
    along_lines = (rows * pixel_m + east_m * _TILT) / _LINE_M
    width_lines = _WIDEST_LINES * np.clip((across_m - _MEET_M) / (_EDGE_M - _MEET_M), 0.0, 1.0)
    gaps: NDArray[np.bool_] = along_lines % _PERIOD_LINES < width_lines
    return gaps
