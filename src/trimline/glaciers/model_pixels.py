"""Pixels of an elevation model under a polygon: heights, rise of the ground, and how much of each pixel is covered.

Everything is taken on the model's own grid. What a pixel measures on the ground is its area in an equal-area plane,
taken at some nodes and interpolated between them. Large glaciers are read in strips of rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from trimline.coordinate_systems import turn_of
from trimline.glaciers.coverage import coverage
from trimline.glaciers.elevation import Elevation, ElevationModel, transformer
from trimline.longitudes import beside

STRIP_PIXELS = 4_000_000
"""Pixels of a strip, at most."""

_RIM = 1
"""Pixels beyond a polygon that the slopes of its pixels need."""
_NODE_PIXELS = 64
"""Pixels between the nodes at which the area of a pixel is taken."""


@dataclass(frozen=True)
class Strip:
    """Rows of an elevation model with all columns that some polygons reach."""

    elevation: Elevation
    """Heights, with a rim of one pixel on each side."""
    first_row: int
    """First row without the rim, of the model."""
    first_column: int
    """First column without the rim, of the model."""
    plane: CRS
    """Equal-area plane in which pixels are measured."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns without the rim."""
        height, width = self.elevation.height_m.shape
        return height - 2 * _RIM, width - 2 * _RIM

    @property
    def height_m(self) -> NDArray[np.float32]:
        """(h, w) heights [m]; NaN where there is none."""
        return self.elevation.height_m[_RIM:-_RIM, _RIM:-_RIM]

    @cached_property
    def rise(self) -> NDArray[np.float64]:
        """(2, h, w) rise of the ground towards east and north [m/m]; NaN beside voids."""
        return self.elevation.gradient[:, _RIM:-_RIM, _RIM:-_RIM]

    def heights_within(self, rows: NDArray[np.intp], columns: NDArray[np.intp], parts: int) -> NDArray[np.float64]:
        """Return the (n, parts * parts) heights of the parts of n pixels, each a tilted plane [m]; NaN for voids."""
        # What a step to the next column and to the next row rises.
        steps = np.einsum("ij,in->jn", self.elevation.ground_m, np.nan_to_num(self.rise[:, rows, columns]))
        places = (np.arange(parts) + 0.5) / parts - 0.5
        across, down = (each.ravel() for each in np.meshgrid(places, places))
        within: NDArray[np.float64] = (
            self.height_m[rows, columns].astype(np.float64)[:, None]
            + steps[0][:, None] * across
            + steps[1][:, None] * down
        )
        return within

    def rise_within(self, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the (2, n, 4) rise towards east and north in the quarters of n pixels [m/m]; NaN for voids.

        That of the bilinear surface between the middles of pixels; beside voids that of the pixel.
        """
        corners = self.elevation.corner_gradient
        quarters = np.stack(
            [corners[:, rows + down, columns + across] for down in (0, 1) for across in (0, 1)], axis=-1
        )
        within: NDArray[np.float64] = np.where(np.isnan(quarters), self.rise[:, rows, columns][:, :, None], quarters)
        return within

    @cached_property
    def pixel_area_m2(self) -> NDArray[np.float64]:
        """(h, w) area of each pixel on the ground [m2]."""
        across, down = (_nodes(size) for size in (self.shape[1], self.shape[0]))
        columns, rows = np.meshgrid(across, down)
        affine = self.elevation.geobox.affine
        change = transformer(self.elevation.crs, self.plane)
        steps = []
        for column, row in ((1, 0), (0, 1)):
            ends = []
            for side in (-0.5, 0.5):
                place = _mapped(affine, columns + _RIM + side * column, rows + _RIM + side * row)
                ends.append(np.stack(change.transform(*place)))
            steps.append(ends[1] - ends[0])
        at_nodes = np.abs(steps[0][0] * steps[1][1] - steps[0][1] * steps[1][0])
        # Without a place in the plane there is nothing of the polygon either.
        at_nodes = np.where(np.isfinite(at_nodes), at_nodes, 0.0)
        return _between(down, self.shape[0]) @ at_nodes @ _between(across, self.shape[1]).T

    def covered_m2(self, polygon: shapely.Geometry) -> NDArray[np.float64]:
        """Return the (h, w) areas of the parts of pixels that a polygon covers [m2].

        Parameters
        ----------
        polygon
            In pixels of the model, see `in_pixels`.
        """
        return self.parts_covered(polygon, 1)[:, :, 0] * self.pixel_area_m2

    def parts_covered(self, polygon: shapely.Geometry, parts: int) -> NDArray[np.float64]:
        """Return the shares of pixels that a polygon covers in each of their parts.

        Parameters
        ----------
        polygon
            In pixels of the model, see `in_pixels`.
        parts
            Parts along the side of a pixel.

        Returns
        -------
        NDArray[np.float64]
            (h, w, parts * parts), row by row within a pixel; a pixel that is covered wholly has the sum 1.
        """
        height, width = self.shape
        moved = shapely.transform(polygon, lambda corners: parts * (corners - (self.first_column, self.first_row)))
        shares = coverage(moved, (height * parts, width * parts)).reshape(height, parts, width, parts)
        return shares.transpose(0, 2, 1, 3).reshape(height, width, parts * parts) / parts**2


def in_pixels(geometries: NDArray[np.object_], model: ElevationModel) -> NDArray[np.object_]:
    """Return geometries in the model's CRS in pixels of its grid: x is the column, y the row."""
    back = ~model.geobox.affine
    moved: NDArray[np.object_] = shapely.transform(
        beside_model(geometries, model), lambda corners: np.stack(_mapped(back, corners[:, 0], corners[:, 1]), axis=1)
    )
    return moved


def beside_model(geometries: NDArray[np.object_], model: ElevationModel) -> NDArray[np.object_]:
    """Return geometries in the model's CRS, their longitudes counted as its own are."""
    turn = turn_of(model.crs)
    if turn is None:
        return geometries
    box = model.geobox.boundingbox
    return beside(geometries, (box.left + box.right) / 2, turn)


def _mapped(
    affine: Affine, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return affine.a * x + affine.b * y + affine.c, affine.d * x + affine.e * y + affine.f


def strips(model: ElevationModel, polygon: shapely.Geometry, plane: CRS, pixels: int = STRIP_PIXELS) -> Iterator[Strip]:
    """Read the part of a model under a polygon, strip by strip from the top; NaN beyond the model's rim.

    Parameters
    ----------
    model
        The elevation model.
    polygon
        In its pixels, see `in_pixels`; not empty.
    plane
        Equal-area plane in which pixels are measured.
    pixels
        Pixels of a strip, at most; a strip has at least one row.
    """
    west, north, east, south = shapely.bounds(polygon)
    columns = math.floor(west), max(math.ceil(east), math.floor(west) + 1)
    top, bottom = math.floor(north), max(math.ceil(south), math.floor(north) + 1)
    step = max(1, pixels // (columns[1] - columns[0]))
    for first in range(top, bottom, step):
        last = min(first + step, bottom)
        part = model.window((first - _RIM, last + _RIM), (columns[0] - _RIM, columns[1] + _RIM))
        yield Strip(part, first, columns[0], plane)


def _nodes(size: int) -> NDArray[np.float64]:
    """Return positions of nodes along a side, from the middle of the first pixel to that of the last."""
    return np.linspace(0.5, max(size - 0.5, 1.5), 2 + size // _NODE_PIXELS)


def _between(nodes: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """Return the (size, nodes) weights of linear interpolation at the middles of pixels."""
    place = (np.arange(size) + 0.5 - nodes[0]) / (nodes[1] - nodes[0])
    weights: NDArray[np.float64] = np.maximum(1 - np.abs(place[:, None] - np.arange(len(nodes))), 0.0)
    return weights
