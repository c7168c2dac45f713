"""How far the maps of a period can be trusted, glacier by glacier: ground in doubt, ground unseen, ground inferred.

What is inferred of unseen ground is tried on ground that was seen: `hindcast.tif` sets beside each other what the
periods around would have said of it and what the period itself showed. The share by which they disagree, of all that
would have been inferred as ice in the same subregion, is how wrong inferred ice is taken to be. Ground that nothing
could be inferred of counts as free of ice in the outlines, and may all be ice.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimline.timeline.bridging import BOTH_ICE, HINDCAST, ICE_NOT_INFERRED, ICE_NOT_SEEN, INFERRED
from trimline.timeline.combine import DOUBT, MASK
from trimline.timeline.description import areas_by_value
from trimline.timeline.doubt import DOUBTFUL_GROUND, DOUBTFUL_ICE
from trimline.timeline.rules import GROUND, ICE, UNSEEN

_RASTERS = (MASK, DOUBT, INFERRED, HINDCAST)

GROUND_COLUMNS = ("unseen_km2", "doubt_error_km2", "unresolved_km2", "hindcast_ice_km2", "hindcast_wrong_km2")
"""Columns of the table of `ground_in`."""


def ground_in(ground: gpd.GeoDataFrame, folder: Path) -> pd.DataFrame:
    """Return what a period knows of the ground of each glacier.

    Parameters
    ----------
    ground
        The ground that each glacier covers in any period, with `glac_id`, on the grid of the rasters.
    folder
        Of the period, with what `combine_period` and `draw_period` wrote.

    Returns
    -------
    DataFrame
        `GROUND_COLUMNS` [km2] by `glac_id`: ground that no scene saw; how wrong doubt may make the area, the
        larger of what was taken for ground in doubt and what was taken for ice; unseen ground of which nothing
        was inferred; and of ground that was seen, what would have been inferred as ice, and what would have
        been inferred wrongly either way.
    """
    of = dict(zip(_RASTERS, areas_by_value(ground, [folder / name for name in _RASTERS]), strict=True))
    unseen, inferred, hindcast = of[MASK][:, UNSEEN], of[INFERRED], of[HINDCAST]
    columns = (
        unseen,
        np.maximum(of[DOUBT][:, DOUBTFUL_GROUND], of[DOUBT][:, DOUBTFUL_ICE]),
        np.maximum(unseen - inferred[:, ICE] - inferred[:, GROUND], 0.0),
        hindcast[:, BOTH_ICE] + hindcast[:, ICE_NOT_SEEN],
        hindcast[:, ICE_NOT_SEEN] + hindcast[:, ICE_NOT_INFERRED],
    )
    return pd.DataFrame(dict(zip(GROUND_COLUMNS, columns, strict=True)), index=ground["glac_id"])


def unseen_errors(known: pd.DataFrame, whose: pd.Series, inferred_km2: pd.Series) -> NDArray[np.float64]:
    """Return how far unseen ground may make the area of each outline wrong, (n,) [km2].

    Parameters
    ----------
    known
        What `ground_in` found.
    whose
        Subregion of each glacier, by `glac_id`.
    inferred_km2
        Part of each outline that was inferred, by `glac_id`; (n,).
    """
    sums = known.groupby(whose.reindex(known.index))[["hindcast_ice_km2", "hindcast_wrong_km2"]].sum()
    rates = pd.Series({part: _rate(row) for part, row in sums.iterrows()}, dtype=float)
    rates = rates.fillna(_rate(known.sum())).fillna(1.0)
    by_outline = whose.reindex(inferred_km2.index).map(rates).to_numpy(dtype=float)
    unresolved = known["unresolved_km2"].reindex(inferred_km2.index).to_numpy(dtype=float)
    return np.asarray(inferred_km2.to_numpy(dtype=float) * by_outline + unresolved, np.float64)


def _rate(tried: pd.Series) -> float:
    """Return how much of inferred ice is wrong, at most all of it; NaN where nothing could be tried."""
    ice = float(tried["hindcast_ice_km2"])
    return min(float(tried["hindcast_wrong_km2"]) / ice, 1.0) if ice > 0 else np.nan
