"""Plan for mapping one scene with one model: grid, windows, masks; and the prediction of each strip.

A strip's prediction depends on nothing but the plan and the strip, so that strips can be worked on anywhere and in any
order. What is not shown to the network has the probability 0 where there are data.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError
from trimline.mapping.compatibility import check_fits
from trimline.mapping.extent import extent_on
from trimline.mapping.options import MapOptions
from trimline.mapping.screen import SCREEN_BANDS, can_screen, cells_of, could_be_ice, with_neighbours
from trimline.mapping.windows import Axis, Extent, Strip, check_tile, moved, plan_axis, plan_strips

if TYPE_CHECKING:
    from trimline.inference import Model
    from trimline.mapping.zone import GlacierZone
    from trimline.scenes import Scene

WINDOW_PIXELS = {"fp32": 832 * 832, "bf16": 1088 * 1088, "fp16": 1088 * 1088}
"""Pixels of a window, halo included, unless said otherwise: a U-Net's features then take a gigabyte."""

SCREENED_PIXELS = 512 * 512
"""The same with the spectral screen on: smaller windows keep closer to the ice."""

_STRIP_PIXELS = 1088 * 4096
"""Most pixels of a strip unless said otherwise: strips of very wide scenes are low, so that memory does not grow."""

_READ_COLUMNS, _READERS = 1024, 2
"""Columns that are read at a time [pixels], and how many threads do so."""

CELL = 32
"""Least side of the squares of ground that are shown to the network or not [pixels]."""

MARGIN = 64
"""How far at least ground is shown around what could be ice: debris hides the ice of a glacier's tongue [pixels]."""


class ImageRows(NamedTuple):
    """Rows of a scene, from all columns that the region needs."""

    image: NDArray[np.float32]
    """(bands, h, w) as the network takes them; NaN in all bands where any has no data."""
    candidates: NDArray[np.bool_]
    """(h, w): what the spectrum allows to be ice; without a screen all that has data."""


class StripPrediction(NamedTuple):
    """What a strip adds to a map."""

    probability: NDArray[np.float32]
    """(h, w) of the strip's rows and the region's columns; NaN where there are no data. Of blended tiles their share,
    to which that of the next strip must be added."""
    shown: int
    """Pixels with data that the network was shown, and whose prediction is kept."""
    known: int
    """Pixels with data."""


@dataclass(frozen=True)
class MapPlan:
    """What decides the probabilities of a map; made by `MapPlan.of`."""

    scene: Scene
    """What is mapped."""
    region: GeoBox
    """The grid to map onto; it may reach beyond the scene."""
    bands: tuple[str, ...]
    """What the network sees."""
    units: Literal["reflectance", "dn"]
    """What they are measured in."""
    extent: Extent
    """Where the scene lies on the region's grid."""
    rows: Axis
    """How rows are cut into strips."""
    columns: Axis
    """How the columns of a strip are cut into windows."""
    screen: bool
    """Whether the network is shown only ground where the spectrum allows ice."""
    within: GlacierZone | None = None
    """Ground to which the map is confined."""

    @classmethod
    def of(cls, scene: Scene, model: Model, region: GeoBox | None = None, options: MapOptions | None = None) -> MapPlan:
        """Plan how a model maps a scene.

        Parameters
        ----------
        scene
            What is mapped.
        model
            What maps it.
        region
            The grid to map onto; None means the scene's own.
        options
            None means the defaults.

        Raises
        ------
        WeightsError
            The scene lacks what the model needs; see `check_fits`.
        MappingError
            The halo leaves nothing of a tile, or the model does not say which tile it was trained on.
        GridError
            The region has no CRS.
        """
        options = MapOptions() if options is None else options
        check_fits(scene, model)
        region = scene.geobox if region is None else region
        extent = extent_on(scene, region)
        screen = options.screen and can_screen(scene)
        rows, columns = _axes(model, region, extent, options, screen=screen)
        return cls(scene, region, model.bands, model.units, extent, rows, columns, screen, options.within)

    @cached_property
    def strips(self) -> list[Strip]:
        """What is to be done, from the top."""
        return plan_strips(self.rows) if self._across.start < self._across.stop else []

    @property
    def cell(self) -> int:
        """Side of the squares of ground that are shown to the network or not [pixels]."""
        return -(-CELL // self.rows.stride) * self.rows.stride

    @property
    def margin(self) -> int:
        """How many cells around what could be ice are shown."""
        return -(-MARGIN // self.cell)

    def rows_needed(self, strip: Strip) -> tuple[int, int]:
        """Return the first and last-but-one row that a strip is judged by: what is seen, and whole cells."""
        return self._widened(strip.cut.seen, strip.cut.kept, self.extent.rows)

    @cached_property
    def columns_needed(self) -> tuple[int, int]:
        """The first and last-but-one column that strips are judged by."""
        (first, last), side = self.columns.seen, self.columns.side
        return self._widened((first, max(last, first + side)), self._across, self.extent.columns)

    def read(self, rows: tuple[int, int], above: ImageRows | None = None) -> ImageRows:
        """Read rows of the region's grid.

        Parameters
        ----------
        rows
            The first and the last but one.
        above
            The uppermost of them, where they have been read already.

        Raises
        ------
        ProductError
            A raster of the scene is damaged.
        """
        (top, bottom), (left, right) = rows, self.columns_needed
        shape = bottom - top, right - left
        known = 0 if above is None else min(above.candidates.shape[0], shape[0])
        seen = ImageRows(np.empty((len(self.bands), *shape), np.float32), np.empty(shape, np.bool_))
        if above is not None:
            seen.image[:, :known], seen.candidates[:known] = above.image[:, :known], above.candidates[:known]

        def read_columns(start: int) -> None:
            stop = min(start + _READ_COLUMNS, right)
            there = slice(known, None), slice(start - left, stop - left)
            part = self._read_block((top + known, bottom), (start, stop))
            seen.image[:, *there], seen.candidates[there] = part

        if known < shape[0]:
            # What reading needs besides its result depends on neither side of the scene.
            with ThreadPoolExecutor(_READERS) as pool:
                for _ in pool.map(read_columns, range(left, right, _READ_COLUMNS)):
                    pass
        return seen

    def predict(self, strip: Strip, seen: ImageRows, model: Model) -> StripPrediction:
        """Show the network a strip.

        Parameters
        ----------
        strip
            One of `strips`.
        seen
            The rows that `rows_needed` names.
        model
            What the plan was made for.
        """
        rows, across = strip.cut.kept, self._across
        top, left = self.rows_needed(strip)[0], self.columns_needed[0]
        known = np.isfinite(seen.image[0][moved(rows, -top), moved(across, -left)])
        shown = self._shown(strip, seen)
        probability = np.full((rows.stop - rows.start, self.region.width), np.nan, np.float32)
        inside = probability[:, across]
        inside[known] = 0.0
        for cut in self.columns.cuts(np.logical_or.reduce(shown, axis=0)):
            image = seen.image[:, moved(slice(*strip.cut.seen), -top), moved(slice(*cut.seen), -left)]
            predicted = model.predict(image[np.newaxis])[0][strip.cut.inner, cut.inner]
            if strip.cut.weights is not None and cut.weights is not None:
                predicted = predicted * strip.cut.weights[:, None] * cut.weights
            probability[:, cut.kept] += predicted
        inside[known & ~shown] = 0.0
        complete = moved(strip.complete, -rows.start)
        return StripPrediction(probability, int(shown[complete].sum()), int(known[complete].sum()))

    def _read_block(self, rows: tuple[int, int], columns: tuple[int, int]) -> ImageRows:
        geobox = part_of(self.region, rows, columns)
        image: NDArray[np.float32] = self.scene.read(self.bands, geobox, units=self.units).values
        # A sum is NaN where any of its terms is; no band of a scene is infinite.
        absent: NDArray[np.bool_] = np.isnan(image.sum(axis=0))
        if "pixel" in self.scene.quality_assets:
            absent |= self.scene.fill(geobox)
        for band in image:
            band[absent] = np.nan
        candidates: NDArray[np.bool_] = np.logical_not(absent)
        if self.screen:
            candidates &= self._could_be_ice(image, geobox)
        return ImageRows(image, candidates)

    def _could_be_ice(self, image: NDArray[np.float32], geobox: GeoBox) -> NDArray[np.bool_]:
        """Apply the spectral screen to bands that the network sees anyway, where these are reflectance."""
        if self.units == "reflectance" and set(SCREEN_BANDS) <= set(self.bands):
            return could_be_ice(*(image[self.bands.index(band)] for band in SCREEN_BANDS))
        return could_be_ice(*self.scene.read(SCREEN_BANDS, geobox).values)

    def _shown(self, strip: Strip, seen: ImageRows) -> NDArray[np.bool_]:
        """Return which of the pixels kept the network is shown, (h, w): those in cells with or near candidates.

        The choice does not depend on the strips: cells are counted from the scene's corner.
        """
        top, left = self.rows_needed(strip)[0], self.columns_needed[0]
        rows, columns = self._cells_around(strip.cut.kept, 0), self._cells_around(self._across, 1)
        block = self._pixels(rows, 0), self._pixels(columns, 1)
        there = np.isfinite(seen.image[0, moved(block[0], -top), moved(block[1], -left)])
        if self.within is not None:
            there &= self.within.on(part_of(self.region, *((axis.start, axis.stop) for axis in block)))
        cells = cells_of(there, self.cell)
        if self.screen:
            wider = tuple(slice(max(0, axis.start - self.margin), axis.stop + self.margin) for axis in (rows, columns))
            around = moved(self._pixels(wider[0], 0), -top), moved(self._pixels(wider[1], 1), -left)
            near = with_neighbours(cells_of(seen.candidates[around], self.cell), self.margin)
            cells &= near[rows.start - wider[0].start :, columns.start - wider[1].start :][
                : cells.shape[0], : cells.shape[1]
            ]
        pixels = cells.repeat(self.cell, 0).repeat(self.cell, 1)[: there.shape[0], : there.shape[1]]
        kept = moved(strip.cut.kept, -block[0].start), moved(self._across, -block[1].start)
        return (pixels & there)[kept]

    @property
    def _across(self) -> slice:
        """Columns of the region that the scene covers."""
        return self.columns.kept

    def _widened(self, seen: tuple[int, int], kept: slice, bounds: tuple[int, int]) -> tuple[int, int]:
        """Return pixels that hold what is seen, the whole cells around what is kept, and the cells beside those."""
        (lower, upper), cell = bounds, self.cell
        margin = self.margin if self.screen else 0
        first = lower + ((kept.start - lower) // cell - margin) * cell
        last = lower + (-(-(kept.stop - lower) // cell) + margin) * cell
        return min(seen[0], max(lower, first)), max(seen[1], min(upper, last))

    def _cells_around(self, pixels: slice, axis: int) -> slice:
        """Return the cells, counted from the scene's corner, that hold pixels of the region."""
        lower = (self.extent.rows, self.extent.columns)[axis][0]
        return slice((pixels.start - lower) // self.cell, -(-(pixels.stop - lower) // self.cell))

    def _pixels(self, cells: slice, axis: int) -> slice:
        """Return the pixels of cells that the scene has."""
        lower, upper = (self.extent.rows, self.extent.columns)[axis]
        return slice(lower + cells.start * self.cell, min(upper, lower + cells.stop * self.cell))


def part_of(region: GeoBox, rows: tuple[int, int], columns: tuple[int, int]) -> GeoBox:
    """Return rows and columns of a grid, which may lie beyond it."""
    start = region.translate_pix(columns[0], rows[0])
    return GeoBox((rows[1] - rows[0], columns[1] - columns[0]), start.affine, region.crs)


def _axes(model: Model, region: GeoBox, extent: Extent, options: MapOptions, *, screen: bool) -> tuple[Axis, Axis]:
    """Return how rows and columns of a region are cut for a model."""
    height, width = region.shape
    if model.halo is None:
        tile = model.tile
        if tile is None:
            raise MappingError(
                f"a prediction of {model.metadata.network} depends on the whole tile, "
                "and the weights do not say which tile they were trained on",
                remedy="train anew",
            )
        # Neighbours share half of what they see: each place is then seen in four tiles, and counts nothing at an edge.
        halo = min(tile) // 4 if options.halo is None else options.halo
        check_tile(tile, halo)
        return (
            plan_axis(height, extent.rows, tile[0], halo, model.stride, tile=tile[0]),
            plan_axis(width, extent.columns, tile[1], halo, model.stride, tile=tile[1]),
        )
    halo = model.halo if options.halo is None else options.halo
    if options.window is not None:
        most_rows = most_columns = options.window + 2 * halo
    else:
        pixels = SCREENED_PIXELS if screen else WINDOW_PIXELS[model.arithmetic]
        covered = max(1, min(width, extent.columns[1] - extent.columns[0]))
        most_rows = min(math.isqrt(pixels), max(_STRIP_PIXELS // covered, 4 * halo))
        most_columns = pixels // max(1, most_rows)
    return (
        plan_axis(height, extent.rows, most_rows, halo, model.stride),
        plan_axis(width, extent.columns, most_columns, halo, model.stride),
    )
