"""The grid of places that tiles are cut from.

All scenes of one resolution and region share a grid (see `grid_assignment`), whatever their date: a place has one row
and column, so that dates share their labels and splits are by ground rather than by image. It is anchored on the pixel
corner of the first scene; Landsat scenes of one UTM zone share their pixels, so they are not resampled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from affine import Affine
from odc.geo.geobox import GeoBox
from odc.geo.types import wh_

from trimline.errors import SampleError


@dataclass(frozen=True, order=True)
class TilePosition:
    """Position of a tile in the grid."""

    row: int
    column: int


@dataclass(frozen=True)
class TileGrid:
    """Square tiles at a regular distance, in one projected CRS."""

    crs: str
    """A projected CRS in metres, as odc-geo accepts it."""
    resolution_m: float
    """Side of a pixel [m]."""
    origin: tuple[float, float]
    """Easting and northing of the upper left corner of place (0, 0) [m]; rows run south."""
    tile: int
    """Side of a tile [pixels]."""
    stride: int
    """Distance between the corners of neighbouring tiles [pixels]."""

    def __post_init__(self) -> None:
        if self.stride > self.tile:
            raise SampleError(
                f"a stride of {self.stride} pixels leaves gaps between tiles of {self.tile}",
                remedy="choose a stride no larger than the tile",
            )

    @classmethod
    def anchored_on(
        cls, geobox: GeoBox, *, tile: int, stride: int | None = None, resolution_m: float | None = None
    ) -> TileGrid:
        """Make a grid whose place (0, 0) starts at the upper left corner of `geobox`."""
        pixel_m = resolution_m or abs(float(geobox.resolution.x))
        box = geobox.boundingbox
        return cls(str(geobox.crs), pixel_m, (box.left, box.top), tile, stride or tile)

    def geobox(self, place: TilePosition) -> GeoBox:
        """Return the pixel grid of a place: `tile` x `tile` pixels."""
        step = self.stride * self.resolution_m
        left, top = self.origin[0] + place.column * step, self.origin[1] - place.row * step
        affine = Affine(self.resolution_m, 0.0, left, 0.0, -self.resolution_m, top)
        return GeoBox(wh_(self.tile, self.tile), affine, self.crs)

    def over(self, geobox: GeoBox) -> Iterator[TilePosition]:
        """Yield the places that share ground with the bounds of `geobox`, row by row.

        A place whose ground another place covers wholly within the bounds is not yielded: overlapping tiles that
        would only repeat the rim of the scene add nothing.
        """
        box = geobox.footprint(self.crs).boundingbox
        left = (box.left - self.origin[0]) / self.resolution_m
        right = (box.right - self.origin[0]) / self.resolution_m
        top = (self.origin[1] - box.top) / self.resolution_m
        bottom = (self.origin[1] - box.bottom) / self.resolution_m
        for row in self._positions(top, bottom):
            for column in self._positions(left, right):
                yield TilePosition(row, column)

    def _positions(self, first_px: float, last_px: float) -> range:
        """Positions along one axis whose tiles cover the pixels from `first_px` to `last_px`."""
        tolerance = 1e-6
        overlap = self.tile - self.stride
        start = math.floor((first_px + tolerance) / self.stride)
        stop = math.ceil((last_px - overlap - tolerance) / self.stride)
        return range(start, max(stop, start + 1))

    def blocks(self, place: TilePosition, block: int) -> frozenset[tuple[int, int]]:
        """Return the blocks of ground, `block` pixels on a side, that the tile of a place touches."""
        rows, columns = (self._blocks_along(n, block) for n in (place.row, place.column))
        return frozenset((r, c) for r in rows for c in columns)

    def _blocks_along(self, position: int, block: int) -> range:
        first = position * self.stride
        return range(first // block, (first + self.tile - 1) // block + 1)

    def block_geobox(self, block_position: tuple[int, int], block: int) -> GeoBox:
        """Return the pixel grid of a block of ground."""
        row, column = block_position
        return TileGrid(self.crs, self.resolution_m, self.origin, block, block).geobox(TilePosition(row, column))
