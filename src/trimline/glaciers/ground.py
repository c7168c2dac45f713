"""Heights around one outline on a square grid in metres, for drainage and for routes over the ice.

Heights are taken from the elevation model at the middle of each pixel, bilinear. Of several models the one with the
most heights on the ice is taken; of those that differ by less than a thousandth the finest, and of equal ones the
first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import rasterio.features
import shapely
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS
from scipy import ndimage

from trimline.glaciers.elevation import ElevationModel

_ALIKE = 1e-3
"""Difference of the shares of ice with heights below which two models cover it alike."""


@dataclass(frozen=True)
class Ground:
    """Heights and ice on one grid."""

    height_m: NDArray[np.float64]
    """(h, w) heights [m], NaN where there is none."""
    ice: NDArray[np.bool_]
    """(h, w) pixels whose middle lies inside the outline; all that it touches where there is none."""
    geobox: GeoBox
    """The grid, in a plane with metres."""
    pixel_m: float
    """Side of a pixel [m]."""
    source: str | None
    """Name of the elevation model; None where no model has a height on the ice."""

    @property
    def cover(self) -> float:
        """Share of the ice with heights, 0 to 1."""
        count = int(self.ice.sum())
        return float(np.isfinite(self.height_m[self.ice]).sum()) / count if count else 0.0

    def xy(self, rows: NDArray[np.integer], columns: NDArray[np.integer]) -> NDArray[np.float64]:
        """Return (n, 2) x and y of the middle of pixels."""
        a, b, c, d, e, f = self.geobox.affine[:6]
        x, y = columns + 0.5, rows + 0.5
        return np.column_stack([a * x + b * y + c, d * x + e * y + f])


def ground_around(
    outline: shapely.Geometry, plane: CRS, models: Sequence[ElevationModel], *, pixel_m: float, margin_m: float
) -> Ground:
    """Return the ground around an outline.

    Parameters
    ----------
    outline
        A polygon or multipolygon in the plane.
    plane
        A CRS in metres.
    models
        Elevation models in any CRS; may be none.
    pixel_m
        Side of a pixel [m].
    margin_m
        Ground beyond the bounds of the outline [m].

    Raises
    ------
    GridError
        A model is damaged.
    """
    west, south, east, north = shapely.bounds(outline)
    # Corners on whole multiples of the pixel: the grid does not depend on the last digits of the outline.
    left, top = (
        math.floor((west - margin_m) / pixel_m) * pixel_m,
        math.ceil((north + margin_m) / pixel_m) * pixel_m,
    )
    width = math.ceil((east + margin_m - left) / pixel_m)
    height = math.ceil((top - (south - margin_m)) / pixel_m)
    transform = rasterio.Affine(pixel_m, 0.0, left, 0.0, -pixel_m, top)
    geobox = GeoBox((height, width), transform, plane.to_wkt())
    ice = rasterio.features.rasterize([outline], (height, width), transform=transform, dtype="uint8").astype(bool)
    if not ice.any():  # smaller than a pixel, or between their middles
        ice = rasterio.features.rasterize(
            [outline], (height, width), transform=transform, all_touched=True, dtype="uint8"
        ).astype(bool)
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    x, y = transform * (columns.ravel(), rows.ravel())
    points = np.column_stack([x, y])
    best, source, most, finest = np.full((height, width), np.nan), None, 0, math.inf
    for model in models:
        part = model.read((left, top - height * pixel_m, left + width * pixel_m, top), plane)
        if part is None:
            continue
        heights = part.at(points, plane).reshape(height, width)
        found = int(np.isfinite(heights[ice]).sum())
        alike = _ALIKE * np.count_nonzero(ice)
        if found > most + alike or (found > 0 and found >= most - alike and part.pixel_m < finest):
            best, source, most, finest = heights, part.source, found, part.pixel_m
    return Ground(best, ice, geobox, pixel_m, source)


def smoothed(height_m: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    """Return heights smoothed by a Gaussian that leaves voids out; they stay voids.

    Parameters
    ----------
    height_m
        (h, w) heights [m], NaN in voids.
    sigma
        Standard deviation [pixels].
    """
    known = np.isfinite(height_m)
    weight = ndimage.gaussian_filter(known.astype(np.float64), sigma)
    total = ndimage.gaussian_filter(np.where(known, height_m, 0.0), sigma)
    return np.where(known, total / np.where(known, weight, 1.0), np.nan)


def fall_of(height_m: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (2, h, w) unit vectors down the surface, along rows and columns; 0 on level ground and beside voids.

    Parameters
    ----------
    height_m
        (h, w) smoothed heights [m], NaN in voids.
    """
    rise = np.stack([np.gradient(height_m, axis=axis) for axis in (0, 1)])
    with np.errstate(invalid="ignore", divide="ignore"):
        fall: NDArray[np.float64] = np.nan_to_num(-rise / np.hypot(*rise))
    return fall
