"""Elevation models: read around a glacier as they are, with their voids found and the slope of the ground.

Nothing is resampled for heights, slopes and aspects: they are taken on the model's own grid, whatever its CRS. What
its pixels measure on the ground comes from geodesics at the middle of the part that was read.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from os import PathLike
from pathlib import Path

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Geod, Transformer
from rasterio import DatasetReader
from rasterio.windows import Window
from scipy import ndimage

from trimline.coordinate_systems import turn_of
from trimline.errors import GridError
from trimline.files import StrPath
from trimline.foreign import foreign_errors
from trimline.height_unit import height_unit
from trimline.heights import HIGHEST_M, LOWEST_M, elevation_files
from trimline.scenes.asset import raster_grid
from trimline.scenes.grid import longitudes_beside
from trimline.scenes.raster_opening import open_user_raster

_LOG = logging.getLogger(__name__)

_VOID_STEP_M = 50.0
"""A patch of exactly 0 whose rim lies, at its median, this much higher or lower is a void and no sea."""

_WGS84 = Geod(ellps="WGS84")
_GEOGRAPHIC = CRS.from_epsg(4326)

_HIGHEST_FOOT, _MANY = 32_000.0, 0.01
"""The highest mountain in feet, above which values are codes of voids, as 32767; the share of values that counts."""

_WIDER = 4
"""Factor by which a window grows where all that it shows is 0."""


@dataclass(frozen=True)
class Elevation:
    """A part of an elevation model."""

    height_m: NDArray[np.float32]
    """(h, w) heights [m], NaN where there is none."""
    geobox: GeoBox
    """Its grid, in any CRS."""
    source: str
    """What the model is called in tables."""

    @property
    def crs(self) -> CRS:
        """Its CRS."""
        return _crs_of(self.geobox)

    @cached_property
    def ground_m(self) -> NDArray[np.float64]:
        """(2, 2) metres east and north (rows) of a step along the columns and along the rows (columns of the matrix).

        Measured by geodesics at the middle; a part is small enough for one matrix.
        """
        height, width = self.geobox.shape
        to_geographic = transformer(self.crs, _GEOGRAPHIC)
        middle = self.geobox.affine * (width / 2, height / 2)
        longitude, latitude = to_geographic.transform(*middle)
        steps = []
        for step in ((1, 0), (0, 1)):
            there = to_geographic.transform(*(self.geobox.affine * (width / 2 + step[0], height / 2 + step[1])))
            azimuth, _, distance = _WGS84.inv(longitude, latitude, *there)
            steps.append((distance * math.sin(math.radians(azimuth)), distance * math.cos(math.radians(azimuth))))
        return np.array(steps).T

    @property
    def pixel_area_m2(self) -> float:
        """Area of a pixel on the ground [m2]."""
        return abs(float(np.linalg.det(self.ground_m)))

    @property
    def pixel_m(self) -> float:
        """Side of a square as large as a pixel [m]."""
        return math.sqrt(self.pixel_area_m2)

    @cached_property
    def gradient(self) -> NDArray[np.float64]:
        """(2, h, w) rise of the ground towards east and north [m/m]; NaN without height, and without any neighbour.

        Differences over two pixels, as Zevenbergen and Thorne (1987, Earth Surface Processes and Landforms 12, 47-56),
        over one beside voids and on the rim, turned to the ground. Horn's (1981) weighted differences smooth more:
        mean slopes of glaciers then come out too low, by half a degree on a model of 90 m.
        """
        height = self.height_m.astype(np.float64)
        along = [_difference(height, axis) for axis in (1, 0)]
        return self._on_ground(np.stack(along))

    @cached_property
    def corner_gradient(self) -> NDArray[np.float64]:
        """(2, h - 1, w - 1) rise towards east and north [m/m] where four pixels meet; NaN beside voids.

        That of the bilinear surface through their middles. It shows finer ground than `gradient`, and more noise.
        """
        height = self.height_m.astype(np.float64)
        across, down = np.diff(height, axis=1), np.diff(height, axis=0)
        return self._on_ground(np.stack([(across[1:] + across[:-1]) / 2, (down[:, 1:] + down[:, :-1]) / 2]))

    def _on_ground(self, along: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn the (2, h, w) rise per column and per row into that towards east and north [m/m]."""
        # The matrix takes ground to pixels.
        turned: NDArray[np.float64] = np.einsum("ij,jhw->ihw", np.linalg.inv(self.ground_m).T, along)
        return turned

    @property
    def slope_deg(self) -> NDArray[np.float64]:
        """(h, w) slope [degree]."""
        slope: NDArray[np.float64] = np.degrees(np.arctan(np.hypot(*self.gradient)))
        return slope

    @property
    def aspect_deg(self) -> NDArray[np.float64]:
        """(h, w) direction that the ground faces, clockwise from north [degree]; NaN on level ground."""
        east, north = self.gradient
        aspect: NDArray[np.float64] = np.degrees(np.arctan2(-east, -north)) % 360.0
        return np.where((east == 0) & (north == 0), np.nan, aspect)

    def at(self, points: NDArray[np.float64], crs: CRS) -> NDArray[np.float64]:
        """Return heights at points, bilinear [m]; NaN where one of the four pixels around is a void.

        Parameters
        ----------
        points
            (n, 2) x and y.
        crs
            Theirs.
        """
        to_grid = transformer(crs, self.crs)
        x, y = to_grid.transform(points[:, 0], points[:, 1])
        columns, rows = ~self.geobox.affine * (longitudes_beside(np.asarray(x), self.geobox), np.asarray(y))
        found: NDArray[np.float64] = ndimage.map_coordinates(
            self.height_m.astype(np.float64), np.stack([rows, columns]) - 0.5, order=1, mode="constant", cval=np.nan
        )
        return found


class ElevationModel:
    """One raster of heights.

    Parameters
    ----------
    path
        Any raster with a CRS, geographic or projected, whose first band is heights, in metres or in the unit of length
        that it declares.
    source
        What it is called in tables; None means the name of the file.

    Raises
    ------
    GridError
        The file cannot be read or has no place on Earth, or declares a unit that is none of length.
    """

    def __init__(self, path: StrPath, source: str | None = None) -> None:
        self.path = Path(path)
        self.source = source or self.path.stem
        with open_user_raster(self.path, GridError) as raster:
            self.geobox = raster_grid(raster)
            self.unit = height_unit(raster)
            self._valid = self.unit.numbers(LOWEST_M, HIGHEST_M, raster.dtypes[0])
        self.crs = _crs_of(self.geobox)
        self._of_thread = threading.local()
        self._is_doubted = self._is_undeclared = False
        self.beyond: tuple[float, float] | None = None
        """Least and largest of the numbers read so far that are no heights; None where all are."""

    def __reduce__(self) -> tuple[type[ElevationModel], tuple[Path, str]]:
        """Pickle the model without the open file."""
        return type(self), (self.path, self.source)

    def read(self, bounds: Sequence[float], crs: CRS, margin: int = 2) -> Elevation | None:
        """Return the part around some bounds; None where the model lies elsewhere.

        Parameters
        ----------
        bounds
            Left, bottom, right, top.
        crs
            Theirs.
        margin
            Further pixels on each side, as far as there are any.

        Raises
        ------
        GridError
            The file is damaged.
        """
        west, south, east, north = bounds
        to_model = transformer(crs, self.crs)
        left, bottom, right, top = to_model.transform_bounds(west, south, east, north)
        turn = turn_of(self.crs)
        if turn is not None:
            # West of the 180th meridian longitudes end, and those of the model may go on.
            right += turn if right < left else 0.0
            half = (right - left) / 2
            middle = float(longitudes_beside(np.array([left + half]), self.geobox)[0])
            left, right = middle - half, middle + half
        corners = [
            ~self.geobox.affine * corner for corner in ((left, top), (left, bottom), (right, top), (right, bottom))
        ]
        columns, rows = zip(*corners, strict=True)
        if not all(map(math.isfinite, (*columns, *rows))):
            return None
        height, width = self.geobox.shape
        first_row, last_row = max(0, math.floor(min(rows)) - margin), min(height, math.ceil(max(rows)) + margin)
        first_column = max(0, math.floor(min(columns)) - margin)
        last_column = min(width, math.ceil(max(columns)) + margin)
        if first_row >= last_row or first_column >= last_column:
            return None
        return self._part(first_row, last_row, first_column, last_column)

    def window(self, rows: tuple[int, int], columns: tuple[int, int]) -> Elevation:
        """Return the part between rows and columns of the model's own grid; NaN beyond its rim.

        Parameters
        ----------
        rows, columns
            First, and last plus one; they may lie beyond the model.

        Raises
        ------
        GridError
            The file is damaged.
        """
        values = np.full((rows[1] - rows[0], columns[1] - columns[0]), np.nan, np.float32)
        height, width = self.geobox.shape
        first_row, last_row = max(0, rows[0]), min(height, rows[1])
        first_column, last_column = max(0, columns[0]), min(width, columns[1])
        if first_row < last_row and first_column < last_column:
            part = self._part(first_row, last_row, first_column, last_column)
            values[first_row - rows[0] : last_row - rows[0], first_column - columns[0] : last_column - columns[0]] = (
                part.height_m
            )
        affine = self.geobox.affine * Affine.translation(columns[0], rows[0])
        return Elevation(values, GeoBox(values.shape, affine, self.geobox.crs), self.source)

    def _part(self, first_row: int, last_row: int, first_column: int, last_column: int) -> Elevation:
        """Return a part that lies within the model."""
        height, width = self.geobox.shape
        values = self._values(first_row, last_row, first_column, last_column)
        # Nothing but 0 is the sea or a void: the ground around tells which.
        wider = max(last_row - first_row, last_column - first_column)
        top, left, bottom, right = first_row, first_column, last_row, last_column
        around = values
        while _only_zero(around) and (top, left, bottom, right) != (0, 0, height, width):
            wider *= _WIDER
            top, left = max(0, first_row - wider), max(0, first_column - wider)
            bottom, right = min(height, last_row + wider), min(width, last_column + wider)
            around = self._values(top, bottom, left, right)
        found = without_voids(around)[first_row - top : last_row - top, first_column - left : last_column - left]
        self._doubt_the_unit(values)
        grid = self.geobox[first_row:last_row, first_column:last_column]
        return Elevation(found, grid, self.source)

    def _doubt_the_unit(self, values: NDArray[np.float32]) -> None:
        """Say once that many heights are above all mountains, and yet no number that stands for a void."""
        if not self._is_doubted and ((values > HIGHEST_M) & (values < _HIGHEST_FOOT)).mean() > _MANY:
            self._is_doubted = True
            _LOG.warning(
                "%s: many values are above %.0f m and count as voids; is the model in feet or decimetres?",
                self.path.name,
                HIGHEST_M,
            )

    def _say_undeclared(self, numbers: NDArray[np.float32]) -> None:
        """Say once that numbers which are no heights are not declared as missing; they count as voids."""
        below = numbers < self._valid[0]
        if not self._is_undeclared and below.any():
            self._is_undeclared = True
            _LOG.warning(
                "%s: %g stands in the elevation model and is not declared as missing data; it counts as a void",
                self.path.name,
                float(numbers[below].min()),
            )

    def _values(self, first_row: int, last_row: int, first_column: int, last_column: int) -> NDArray[np.float32]:
        """Return the heights of a window [m], NaN for declared nodata; codes of voids stay beyond all heights."""
        window = Window(first_column, first_row, last_column - first_column, last_row - first_row)
        raster = self._raster()
        with foreign_errors(GridError, self.path):
            values: NDArray[np.float32] = raster.read(1, window=window).astype(np.float32)
        if raster.nodata is not None:
            values[values == np.float32(raster.nodata)] = np.nan
        self._say_undeclared(values)
        odd = (values < self._valid[0]) | (values > self._valid[1])
        if odd.any():
            found = float(values[odd].min()), float(values[odd].max())
            before = self.beyond or found
            self.beyond = min(found[0], before[0]), max(found[1], before[1])
        heights = self.unit.in_metres(values)
        # A code may look like a height in metres.
        heights[odd & (heights >= LOWEST_M) & (heights <= HIGHEST_M)] = np.nan
        return heights

    def _raster(self) -> DatasetReader:
        """Return the open file, one per thread: neighbours lie in the same blocks, which GDAL then holds decoded."""
        if not hasattr(self._of_thread, "raster"):
            self._of_thread.raster = open_user_raster(self.path, GridError)
        return self._of_thread.raster


def _difference(height: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Return the rise per pixel along an axis: the mean of those to the next and from the last pixel that are known."""
    steps = np.diff(height, axis=axis)
    none = np.full_like(height.take([0], axis), np.nan)
    onward, back = np.concatenate([steps, none], axis), np.concatenate([none, steps], axis)
    return np.where(np.isnan(onward), back, np.where(np.isnan(back), onward, (onward + back) / 2))


def transformer(source: CRS, target: CRS) -> Transformer:
    """Return the change of coordinates from one CRS to another, x before y; made once, as that takes milliseconds."""
    return _transformer(source.srs, target.srs)


@cache
def _transformer(source: str, target: str) -> Transformer:
    # Strings are looked up at once; a CRS writes itself out for each look.
    return Transformer.from_crs(source, target, always_xy=True)


def _only_zero(values: NDArray[np.float32]) -> bool:
    """Tell whether all values that are there are 0, and there are some."""
    known = values[np.isfinite(values)]
    return bool(known.size) and not known.any()


def _crs_of(geobox: GeoBox) -> CRS:
    if geobox.crs is None:
        raise GridError("a grid of heights has no CRS", remedy="assign one with gdal_edit.py -a_srs")
    return geobox.crs.proj


def open_models(given: StrPath | ElevationModel | Iterable[StrPath | ElevationModel]) -> list[ElevationModel]:
    """Return the elevation models that were given: one, several, or all rasters of a folder, in the order of names.

    Raises
    ------
    GridError
        A file cannot be read or has no CRS, or a folder holds no raster.
    """
    if isinstance(given, ElevationModel):
        return [given]
    if not isinstance(given, str | PathLike):
        return [model for each in given for model in open_models(each)]
    return [ElevationModel(each) for each in elevation_files(given)]


def without_voids(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return heights with NaN where they cannot be: beyond those of dry land, and patches of 0 in the mountains.

    Parameters
    ----------
    values
        (h, w) heights [m], declared nodata already NaN.
    """
    found = np.where((values < LOWEST_M) | (values > HIGHEST_M), np.float32(np.nan), values)
    zero = found == 0
    if not zero.any():
        return found
    patches, _ = ndimage.label(zero, np.ones((3, 3)))
    for number, place in enumerate(ndimage.find_objects(patches), start=1):
        around = tuple(slice(max(0, axis.start - 1), axis.stop + 1) for axis in place)
        patch = patches[around] == number
        rim = ndimage.binary_dilation(patch, np.ones((3, 3))) & ~patch
        heights = found[around][rim]
        heights = heights[np.isfinite(heights)]
        # A patch without any ground around it cannot be told from the sea.
        if heights.size and abs(float(np.median(heights))) > _VOID_STEP_M:
            found[around][patch] = np.nan
    return found
