"""Where a review looks: the ground of all outlines, or that of the maps where no glacier was mapped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyogrio

from trimline.errors import OutlineError
from trimline.foreign import foreign_errors
from trimline.own_files import own_raster
from trimline.review.opened.reviewed import Reviewed

Box = tuple[float, float, float, float]
"""West, south, east and north [m]."""


def extent_of(reviewed: Reviewed) -> Box | None:
    """Return the bounds of the automatic outlines of all periods that can be read, from the headers of their files.

    Where no period has an outline they are those of the maps, on which missed glaciers are drawn; None where there are
    no maps either.

    Raises
    ------
    OutlineError
        No file of outlines can be read.
    """
    return _around(_outline_boxes(reviewed)) or _around(_map_boxes(reviewed))


def _outline_boxes(reviewed: Reviewed) -> Iterable[Sequence[float]]:
    paths, failed = {each.automatic for each in reviewed.periods}, []
    for path in paths:
        try:
            with foreign_errors(OutlineError, path, what="cannot be read as outlines"):
                info = pyogrio.read_info(path, force_total_bounds=True, force_feature_count=True)
        except OutlineError as error:
            failed.append(error)
            continue
        if info["features"] and info["total_bounds"] is not None:
            yield info["total_bounds"]
    if failed and len(failed) == len(paths):
        raise failed[0]


def _map_boxes(reviewed: Reviewed) -> Iterable[Sequence[float]]:
    for path in {each.mask for each in reviewed.periods if each.mask is not None}:
        with own_raster(path) as source:
            yield source.bounds


def _around(boxes: Iterable[Sequence[float]]) -> Box | None:
    """Return the bounds of all boxes that are finite; None where there are none."""
    known = np.array(list(boxes), np.float64).reshape(-1, 4)
    known = known[np.isfinite(known).all(axis=1)]
    if not len(known):
        return None
    west, south = known[:, :2].min(axis=0).tolist()
    east, north = known[:, 2:].max(axis=0).tolist()
    return west, south, east, north
