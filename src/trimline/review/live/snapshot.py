"""Outlines of one period at one moment, as tiles and lists are made of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimline.review.contract import GlacierState, LayerKind


def layer_id(kind: LayerKind, period: str | None) -> str:
    """Return the id of a layer in addresses: ``outlines-1986-1988``, ``inventory``."""
    return kind if period is None else f"{kind}-{period}"


@dataclass(frozen=True)
class Snapshot:
    """Outlines that do not change any more; the next change makes another snapshot."""

    version: int
    """Raised with every change of the period."""
    glac_ids: tuple[str, ...]
    geometries: NDArray[np.object_]
    """Polygons and multipolygons in the review's CRS, in the order of `glac_ids`."""
    area_km2: NDArray[np.float64]
    states: tuple[GlacierState, ...]
    edits: NDArray[np.int64]
    """Number of edits that changed each outline."""
