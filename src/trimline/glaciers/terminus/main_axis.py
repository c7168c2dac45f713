"""Main-axis method: many lines parallel to the longest axis of the glacier cut the terminus.

The change is the mean over lines, as in the paper on Yilian Habirga (its section 2.5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from trimline.glaciers.terminus.frame import Frame


def main_axis(terminus: BaseGeometry, frame: Frame) -> NDArray[np.float64]:
    """Return (n,) positions of a terminus along the parallel lines, from the tip, positive down-glacier [m]."""
    return frame.positions_along(terminus, frame.offsets_m)
