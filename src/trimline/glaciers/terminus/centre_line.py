"""Centre-line method: the distance along one line at which it leaves the ice.

Compared with others by Lea and others (2014, Journal of Glaciology 60(220), 323-332).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from trimline.glaciers.terminus.frame import Frame, chainage


def centre_line(terminus: BaseGeometry, frame: Frame) -> NDArray[np.float64]:
    """Return (1,) position of a terminus along the centre line, from its head [m]."""
    return np.array([chainage(frame.line, terminus)])
