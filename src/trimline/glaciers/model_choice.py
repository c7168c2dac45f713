"""The elevation model of each outline: of several, the one that covers most of it.

Models that cover the same share within a thousandth are tied: the one with the finer pixels is taken, then the one
that was given first. Heights of two models are not mixed within a glacier; tiles of one model belong in a VRT.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.change.chunks import work_through
from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.glaciers.elevation import ElevationModel, open_models
from trimline.glaciers.model_pixels import beside_model, in_pixels, strips
from trimline.outlines.check import require_crs, require_polygons
from trimline.reprojecting import moved_where_possible

_LOG = logging.getLogger(__name__)

Dem = StrPath | ElevationModel | Iterable[StrPath | ElevationModel]
"""Elevation models: a file, a folder of files, an `ElevationModel`, or several of these."""

TIED = 1e-3
"""Difference of covered shares below which two models cover an outline alike."""

_LONGEST_EDGE_M = 1000.0
"""Edges are split to this length before they are projected [m]: straight edges then keep their place within 2 cm."""


@dataclass(frozen=True)
class Choice:
    """The elevation model of an outline."""

    model: ElevationModel
    """The model."""
    polygon: shapely.Geometry
    """The outline in pixels of the model."""


def require_glaciers(outlines: gpd.GeoDataFrame) -> None:
    """Raise an error unless outlines have a CRS, are polygons, and are keyed by `glac_id` (and period).

    Raises
    ------
    OutlineError
        One of these is not so.
    """
    require_crs(outlines)
    require_polygons(outlines)
    if "glac_id" not in outlines.columns:
        raise OutlineError("the outlines have no column 'glac_id'", remedy="rename the column of identifiers to it")
    missing = outlines["glac_id"].isna()
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise OutlineError(
            f"{int(missing.sum())} of {len(missing)} outlines have no 'glac_id', the first in row {row}",
            remedy="give each glacier one",
        )
    twice = outlines.duplicated(keys_of(outlines))
    if twice.any():
        row = outlines[twice].iloc[0]
        of_period = f" in {row['period']}" if "period" in outlines.columns else ""
        raise OutlineError(
            f"the glacier {row['glac_id']} occurs more than once{of_period}",
            remedy="merge its parts with outlines.dissolve, or add a column 'period'",
        )


def keys_of(table: gpd.GeoDataFrame) -> list[str]:
    """Return the columns that identify a row: `glac_id`, and `period` where it is there."""
    return [name for name in ("glac_id", "period") if name in table.columns]


def choose_models(
    geometries: NDArray[np.object_], crs: CRS, dem: Dem, plane: CRS, threads: int = 1
) -> list[Choice | None]:
    """Return for each outline the model that covers most of it; None where none covers any of it.

    Parameters
    ----------
    geometries
        (n,) polygons.
    crs
        Theirs.
    dem
        The models.
    plane
        Equal-area plane in which shares are measured.
    threads
        Number of threads; the choice does not depend on it.

    Raises
    ------
    GridError
        A model cannot be read or has no CRS.
    """
    candidates: list[list[Choice]] = [[] for _ in geometries]
    on_crs: dict[CRS, NDArray[np.object_]] = {}
    for model in open_models(dem):
        if model.crs not in on_crs:
            on_crs[model.crs] = in_crs(geometries, crs, model.crs)
        near = _near(on_crs[model.crs], model)
        for i, polygon in zip(near, in_pixels(on_crs[model.crs][near], model), strict=True):
            candidates[i].append(Choice(model, polygon))
    chosen: list[Choice | None] = [None] * len(geometries)

    def of_one(i: int) -> None:
        chosen[i] = _best(candidates[i], plane)

    work_through([partial(of_one, i) for i, some in enumerate(candidates) if some], threads)
    if chosen and all(each is None for each in chosen):
        _LOG.warning(
            "%s: no glacier lies on the elevation models, so nothing is known of their heights; give one that covers "
            "them as dem (--dem)",
            ", ".join(str(model.path) for model in open_models(dem)),
        )
    return chosen


def in_crs(geometries: NDArray[np.object_], source: CRS, target: CRS) -> NDArray[np.object_]:
    """Return geometries in another CRS, long edges split before; empty where they have no place in it."""
    if source == target:
        return geometries
    return moved_where_possible(geometries, source, target)[0]


def _near(geometries: NDArray[np.object_], model: ElevationModel) -> NDArray[np.intp]:
    """Return which geometries in the model's CRS may lie on it."""
    height, width = model.geobox.shape
    corners = shapely.box(*model.geobox.boundingbox.bbox)
    near = np.flatnonzero(shapely.intersects(shapely.envelope(beside_model(geometries, model)), corners))
    west, north, east, south = shapely.bounds(in_pixels(geometries[near], model)).T
    on_it: NDArray[np.intp] = near[(east > 0) & (south > 0) & (west < width) & (north < height)]
    return on_it


def _best(candidates: Sequence[Choice], plane: CRS) -> Choice | None:
    if len(candidates) == 1:
        return candidates[0]
    found = []
    for order, choice in enumerate(candidates):
        share, pixel_m2 = _covered(choice, plane)
        found.append((share, pixel_m2, order))
    largest = max(share for share, _, _ in found)
    if largest == 0:
        return None
    tied = [(pixel_m2, order) for share, pixel_m2, order in found if share >= largest - TIED]
    return candidates[min(tied, key=lambda each: (round(each[0], 3), each[1]))[1]]


def _covered(choice: Choice, plane: CRS) -> tuple[float, float]:
    """Return the share of an outline with heights, and the mean area of a pixel [m2]."""
    total, known, pixel_m2, rows = 0.0, 0.0, 0.0, 0
    for strip in strips(choice.model, choice.polygon, plane):
        covered = strip.covered_m2(choice.polygon)
        total += float(covered.sum())
        known += float(covered[np.isfinite(strip.height_m)].sum())
        pixel_m2 += float(strip.pixel_area_m2.mean()) * strip.shape[0]
        rows += strip.shape[0]
    return (known / total if total else 0.0), pixel_m2 / rows
