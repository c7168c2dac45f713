"""Terminus change: how far the end of each glacier moved, by five methods under one interface.

`terminus_change` compares two dates and `terminus_series` many; `retreat_by` gives means by aspect and by elevation of
the terminus. The methods stand in `TERMINUS_METHODS`, a file each. Retreat is positive.
"""

from __future__ import annotations

from trimline.glaciers.terminus.change import TERMINUS_COLUMNS, terminus_change
from trimline.glaciers.terminus.methods import TERMINUS_METHODS, TerminusMethod
from trimline.glaciers.terminus.series import SERIES_COLUMNS, terminus_series
from trimline.glaciers.terminus.statistics import RETREAT_COLUMNS, retreat_by

__all__ = [
    "RETREAT_COLUMNS",
    "SERIES_COLUMNS",
    "TERMINUS_COLUMNS",
    "TERMINUS_METHODS",
    "TerminusMethod",
    "retreat_by",
    "terminus_change",
    "terminus_series",
]
