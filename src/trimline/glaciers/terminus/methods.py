"""Registry of terminus methods, by name.

A method is a function of a terminus (polygons of ice or the line of a front, in a metric plane) and a `Frame`. It
returns positions of the terminus down-glacier in metres, one per line it lays: the change between two dates is the
mean of the differences, over lines that cut both termini. Another method is a file, a line here, and a test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from trimline.errors import ChangeError
from trimline.glaciers.terminus.centre_line import centre_line
from trimline.glaciers.terminus.curvilinear_box import curvilinear_box
from trimline.glaciers.terminus.extrapolated_centre_line import extrapolated_centre_line
from trimline.glaciers.terminus.frame import Frame
from trimline.glaciers.terminus.main_axis import main_axis
from trimline.glaciers.terminus.rectilinear_box import rectilinear_box


class TerminusMethod(Protocol):
    """Function that locates a terminus."""

    def __call__(self, terminus: BaseGeometry, frame: Frame) -> NDArray[np.float64]:
        """Return (n,) positions of a terminus, positive down-glacier [m]; NaN where a line does not cut it."""
        ...


TERMINUS_METHODS: Mapping[str, TerminusMethod] = MappingProxyType(
    {
        "main_axis": main_axis,
        "centre_line": centre_line,
        "extrapolated_centre_line": extrapolated_centre_line,
        "rectilinear_box": rectilinear_box,
        "curvilinear_box": curvilinear_box,
    }
)
"""Methods by name."""

ALONG_THE_LINE = ("centre_line", "extrapolated_centre_line", "curvilinear_box")
"""Methods that need a centre line: a given one where termini are digitised lines."""


def chosen(method: str | Sequence[str]) -> tuple[str, ...]:
    """Return the names of one method, several, or `all`.

    Raises
    ------
    ChangeError
        There is no such method.
    """
    names = tuple(TERMINUS_METHODS) if method == "all" else (method,) if isinstance(method, str) else tuple(method)
    unknown = [name for name in names if name not in TERMINUS_METHODS]
    if unknown or not names:
        raise ChangeError(
            f"no terminus method is called {', '.join(map(repr, unknown)) or 'nothing'}",
            remedy=f"choose from {', '.join(TERMINUS_METHODS)}, or 'all'",
        )
    return names
