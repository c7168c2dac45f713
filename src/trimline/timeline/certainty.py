"""Area errors of each glacier in one period: from uncertain pixels, from unseen ground, and from inferred ice.

The error of inferred ice is measured on observed ground: `hindcast.tif` compares what would have been inferred from the
periods around with what the period shows. The area on which they disagree, divided by the area inferred as ice in the
same subregion, is the error rate of inferred ice. Unseen ground without an inferred state counts as free of ice in the
outlines, and all of it as an error.
"""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from trimline.timeline.bridging import BOTH_ICE, HINDCAST, ICE_NOT_INFERRED, ICE_NOT_SEEN, INFERRED
from trimline.timeline.description import areas_by_value
from trimline.timeline.period_maps import MASK, UNCERTAIN
from trimline.timeline.rules import GROUND, ICE, UNSEEN
from trimline.timeline.uncertain import UNCERTAIN_GROUND, UNCERTAIN_ICE

_RASTERS = (MASK, UNCERTAIN, INFERRED, HINDCAST)

OBSERVATION_COLUMNS = ("unseen_km2", "uncertain_error_km2", "unresolved_km2", "hindcast_ice_km2", "hindcast_wrong_km2")
"""Columns of the table of `observation_of`."""


def observation_of(ground: gpd.GeoDataFrame, folder: Path) -> pd.DataFrame:
    """Return how well a period shows the ground of each glacier.

    Parameters
    ----------
    ground
        The ground that each glacier covers in any period, with `glac_id`, on the grid of the rasters.
    folder
        Of the period, with what `combine_period` and `trace_period` wrote.

    Returns
    -------
    DataFrame
        `OBSERVATION_COLUMNS` [km2] by `glac_id`: unseen ground; the area error from uncertain pixels, the larger of
        those mapped as ground and those mapped as ice; unseen ground without an inferred state; and of observed
        ground, what would have been inferred as ice, and what would have been inferred wrongly either way.
    """
    of = dict(zip(_RASTERS, areas_by_value(ground, [folder / name for name in _RASTERS]), strict=True))
    unseen, inferred, hindcast = of[MASK][:, UNSEEN], of[INFERRED], of[HINDCAST]
    columns = (
        unseen,
        np.maximum(of[UNCERTAIN][:, UNCERTAIN_GROUND], of[UNCERTAIN][:, UNCERTAIN_ICE]),
        np.maximum(unseen - inferred[:, ICE] - inferred[:, GROUND], 0.0),
        hindcast[:, BOTH_ICE] + hindcast[:, ICE_NOT_SEEN],
        hindcast[:, ICE_NOT_SEEN] + hindcast[:, ICE_NOT_INFERRED],
    )
    return pd.DataFrame(dict(zip(OBSERVATION_COLUMNS, columns, strict=True)), index=ground["glac_id"])


def unseen_errors(observed: pd.DataFrame, subregion: pd.Series, inferred_km2: pd.Series) -> NDArray[np.float64]:
    """Return the area error of each outline from unseen ground, (n,) [km2].

    Parameters
    ----------
    observed
        Returned by `observation_of`.
    subregion
        Subregion of each glacier, by `glac_id`.
    inferred_km2
        Part of each outline that was inferred, by `glac_id`; (n,).
    """
    sums = observed.groupby(subregion.reindex(observed.index))[["hindcast_ice_km2", "hindcast_wrong_km2"]].sum()
    rates = pd.Series({part: _rate(row) for part, row in sums.iterrows()}, dtype=float)
    rates = rates.fillna(_rate(observed.sum())).fillna(1.0)
    by_outline = subregion.reindex(inferred_km2.index).map(rates).to_numpy(dtype=float)
    unresolved = observed["unresolved_km2"].reindex(inferred_km2.index).to_numpy(dtype=float)
    return np.asarray(inferred_km2.to_numpy(dtype=float) * by_outline + unresolved, np.float64)


def _rate(sums: pd.Series) -> float:
    """Return the error rate of inferred ice, at most 1; NaN where no observed ground could be inferred."""
    ice = float(sums["hindcast_ice_km2"])
    return min(float(sums["hindcast_wrong_km2"]) / ice, 1.0) if ice > 0 else np.nan
