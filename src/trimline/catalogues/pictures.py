"""Small pictures of candidates: SWIR 1, near infrared and red at overview resolution, on the grid of the region."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.catalogues.candidate import Candidate
from trimline.catalogues.ground import Ground
from trimline.catalogues.overview import level_for, opened, sampled
from trimline.errors import BandError
from trimline.reprojecting import reprojected

if TYPE_CHECKING:
    from trimline.remote import Transport

BANDS = ("swir1", "nir", "red")
"""Bands shown as red, green and blue: ice is cyan, snow pale, rock brown, cloud white."""

LONGEST_SIDE = 320
"""Pixels on the longer side of a picture."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A small picture of a candidate."""

    values: NDArray[np.float32]
    """(3, h, w) numbers of `BANDS` as stored; NaN where the image has no data."""
    geobox: GeoBox
    outlines: gpd.GeoDataFrame | None
    """The glaciers in the CRS of the grid."""


def picture_of(candidate: Candidate, ground: Ground, transport: Transport) -> Picture | None:
    """Return a picture of the part of the region that a candidate shows; None where it shows none of it.

    Raises
    ------
    RemoteError
        A band cannot be read.
    BandError
        The candidate lacks a band.
    """
    missing = [band for band in BANDS if band not in candidate.bands]
    if missing:
        raise BandError(f"the scene has no band {missing[0]}", where=candidate.id)
    geobox = _part_shown(candidate, ground)
    if geobox is None:
        return None
    height, width = geobox.shape
    rows, columns = np.mgrid[0:height, 0:width] + 0.5
    x, y = geobox.transform * (columns.ravel(), rows.ravel())
    points = np.column_stack([x, y])

    @cache  # all bands of a scene lie in one CRS
    def points_in(crs: str) -> NDArray[np.float64]:
        return ground.moved(points, crs)

    values = np.full((len(BANDS), height, width), np.nan, np.float32)
    with opened([candidate.bands[band] for band in BANDS], transport) as rasters:
        for layer, raster in zip(values, rasters, strict=True):
            level = level_for(raster, float(abs(geobox.resolution.x)), codes=False)
            found = sampled(raster, points_in, level)
            has_data = (found.inside & (found.values != 0)).reshape(height, width)
            layer[has_data] = found.values.reshape(height, width)[has_data]
    return Picture(values, geobox, ground.outlines) if np.isfinite(values).all(axis=0).any() else None


def _part_shown(candidate: Candidate, ground: Ground) -> GeoBox | None:
    """Return a coarse grid of the part of the region within a candidate's footprint."""
    whole = ground.geobox.boundingbox
    there = reprojected(gpd.GeoSeries([candidate.footprint], crs=4326), str(ground.geobox.crs))
    west, south, east, north = there.total_bounds
    left, bottom = max(whole.left, west), max(whole.bottom, south)
    right, top = min(whole.right, east), min(whole.top, north)
    if not (right > left and top > bottom):
        return None
    finest = float(abs(ground.geobox.resolution.x))
    pixel = max((right - left) / LONGEST_SIDE, (top - bottom) / LONGEST_SIDE, finest)
    return GeoBox.from_bbox((left, bottom, right, top), ground.geobox.crs, resolution=pixel, tight=True)
