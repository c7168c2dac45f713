"""Shift of the grid of a raster, by which a scene that lies off is put in place without resampling."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from affine import Affine
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox

from trimline.scenes.grid import transform_points


@dataclass(frozen=True)
class GridShift:
    """By how much a raster's grid is moved from where its file says that it lies."""

    east_m: float
    """[m]; negative is west."""
    north_m: float
    """[m]; negative is south."""
    crs: CRS
    """The plane in which these are east and north, in metres."""

    def of(self, grid: GeoBox) -> GeoBox:
        """Return a grid moved by the shift; one in another CRS by what the shift is at its centre."""
        east, north = self.east_m, self.north_m
        if grid.crs != self.crs:
            x, y = (np.array([each]) for each in grid.affine * (grid.shape[1] / 2, grid.shape[0] / 2))
            in_plane = transform_points(grid.crs, self.crs, x, y)
            back = transform_points(self.crs, grid.crs, in_plane[0] + self.east_m, in_plane[1] + self.north_m)
            there = transform_points(self.crs, grid.crs, *in_plane)  # longitudes may be counted from another meridian
            east, north = (float((after - before)[0]) for after, before in zip(back, there, strict=True))
            if not (math.isfinite(east) and math.isfinite(north)):
                return grid
        return GeoBox(grid.shape, Affine.translation(east, north) * grid.affine, grid.crs)

    def back(self, grid: GeoBox) -> GeoBox:
        """Return a grid moved the other way: where the file says that lies what really lies on it."""
        return GridShift(-self.east_m, -self.north_m, self.crs).of(grid)

    def plus(self, east_m: float, north_m: float) -> GridShift:
        """Return this shift and a further one together."""
        return GridShift(self.east_m + east_m, self.north_m + north_m, self.crs)
