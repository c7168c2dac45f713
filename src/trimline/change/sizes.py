"""Size classes of glaciers, with the bounds of common inventories.

A glacier keeps the class in which it was first mapped. If it changed its class as it shrank, the area of a class would
change with glaciers that enter or leave it, and not with melt.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimline.errors import ChangeError

SIZE_BOUNDS_KM2 = (0.1, 0.5, 1.0, 5.0, 10.0)
"""Bounds between classes [km2]; a glacier of exactly that size is in the upper class."""


def class_names(bounds_km2: Sequence[float] = SIZE_BOUNDS_KM2) -> list[str]:
    """Return the names of the classes between the bounds, from small to large: `<0.1`, `0.1-0.5`, ..., `>=10` [km2]."""
    if list(bounds_km2) != sorted(set(bounds_km2)) or not bounds_km2 or bounds_km2[0] <= 0:
        raise ChangeError(
            f"size classes cannot have the bounds {', '.join(f'{bound:g}' for bound in bounds_km2) or 'of nothing'}",
            remedy="give positive bounds in increasing order [km2]",
        )
    between = [f"{low:g}-{high:g}" for low, high in pairwise(bounds_km2)]
    return [f"<{bounds_km2[0]:g}", *between, f">={bounds_km2[-1]:g}"]


def first_size_class(
    glac_id: pd.Series,
    src_year: NDArray[np.float64],
    area_km2: NDArray[np.float64],
    bounds_km2: Sequence[float] = SIZE_BOUNDS_KM2,
) -> pd.Series:
    """Return the class of each glacier in the first year in which it was mapped, the same in all its rows.

    Parameters
    ----------
    glac_id
        (n,) identifiers.
    src_year
        (n,) decimal years.
    area_km2
        (n,) areas [km2].
    bounds_km2
        See `SIZE_BOUNDS_KM2`.

    Returns
    -------
    Series
        (n,) names of `class_names`, an ordered categorical on the index of `glac_id`.
    """
    names = class_names(bounds_km2)
    order = np.lexsort((area_km2, src_year))
    ids = glac_id.to_numpy()[order]
    first_area = pd.Series(area_km2[order], index=ids).groupby(level=0).first()
    codes = np.searchsorted(np.asarray(bounds_km2), glac_id.map(first_area).to_numpy(np.float64), side="right")
    return pd.Series(pd.Categorical.from_codes(codes, names, ordered=True), index=glac_id.index)
