"""Plan for mapping one scene with one model: grid, windows, masks; and the prediction of each strip.

A strip's prediction depends on nothing but the plan and the strip, so that strips can be worked on anywhere and in any
order. What is not shown to the network has the probability 0 where there are data and nothing hides the ground.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError
from trimline.mapping.clouds import CloudRule, cloud_model, doubtful_flags
from trimline.mapping.compatibility import check_fits, say_what_is_new, stand_ins_for
from trimline.mapping.extent import extent_on
from trimline.mapping.image_rows import ImageRows, SceneReader
from trimline.mapping.options import MapOptions
from trimline.mapping.screen import can_screen, cells_of, with_neighbours
from trimline.mapping.strip_prediction import PixelCounts, StripPrediction
from trimline.mapping.windows import Axis, Cut, Extent, Strip, check_tile, moved, plan_axis, plan_strips
from trimline.surfaces import CLASS_OF, CLASSES_NODATA, SurfaceClass

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


@dataclass(frozen=True)
class MapPlan:
    """What decides the probabilities of a map; made by `MapPlan.of`."""

    reader: SceneReader
    """Reads the scene."""
    region: GeoBox
    """The grid to map onto; it may reach beyond the scene."""
    extent: Extent
    """Where the scene lies on the region's grid."""
    rows: Axis
    """How rows are cut into strips."""
    columns: Axis
    """How the columns of a strip are cut into windows."""
    threshold: float
    """Probability from which on a pixel is ice, and so not hidden by a shadow that another network sees there."""
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
            The halo leaves nothing of a tile, or the model does not say which tile it was trained on; or clouds are to
            be told by quality flags that the scene does not have.
        GridError
            The region has no CRS, or the elevation model that confines the map says nothing of it.
        """
        options = MapOptions() if options is None else options
        check_fits(scene, model)
        region = scene.geobox if region is None else region
        if options.within is not None:
            options.within.check(region)
        extent = extent_on(scene, region)
        clouds = CloudRule.of(scene, model, options.clouds)
        spectrum = can_screen(scene)
        screen = options.screen and spectrum
        rows, columns = _axes(model, region, extent, options, clouds, screen=screen)
        say_what_is_new(scene, model)
        reader = SceneReader(
            scene, model.bands, model.units, stand_ins_for(scene, model), clouds, spectrum=spectrum, screen=screen
        )
        return cls(reader, region, extent, rows, columns, options.threshold_of(model), options.within)

    @property
    def scene(self) -> Scene:
        """What is mapped."""
        return self.reader.scene

    @property
    def clouds(self) -> CloudRule:
        """What hides the ground."""
        return self.reader.clouds

    @property
    def screen(self) -> bool:
        """Whether the network is shown only ground where the spectrum allows ice."""
        return self.reader.screen

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
        seen = ImageRows.empty(len(self.reader.bands), shape)
        if above is not None:
            seen.part(slice(known)).fill(above.part(slice(known)))

        def read_columns(start: int) -> None:
            stop = min(start + _READ_COLUMNS, right)
            part = self.reader.read(part_of(self.region, (top + known, bottom), (start, stop)))
            seen.part(slice(known, None), slice(start - left, stop - left)).fill(part)

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
        kept = moved(rows, -top), moved(across, -left)
        known = np.isfinite(seen.image[0][kept])
        shown = self._shown(strip, seen)
        width = self.region.width
        probability = np.full((rows.stop - rows.start, width), np.nan, np.float32)
        classes = np.full(probability.shape, CLASSES_NODATA, np.uint8)
        inside, told = probability[:, across], classes[:, across]
        inside[known], told[known] = 0.0, SurfaceClass.GROUND
        sure = np.zeros(shown.shape, np.bool_)
        doubtful = doubtful_flags(seen.hidden[kept], seen.icy[kept])
        for cut in self.columns.cuts(np.logical_or.reduce(shown, axis=0)):
            image = seen.image[:, moved(slice(*strip.cut.seen), -top), moved(slice(*cut.seen), -left)]
            found = model.probabilities(image[np.newaxis])[0]
            ice = found[model.outputs.index("ice")][strip.cut.inner, cut.inner]
            here = moved(cut.kept, -across.start)
            if strip.cut.weights is not None and cut.weights is not None:
                ice = ice * strip.cut.weights[:, None] * cut.weights
            inside[:, here] += ice
            teller = model
            if self.clouds.second:
                teller = cloud_model()
                if self.clouds.flags and not (doubtful[:, here] & shown[:, here]).any():
                    continue
                found = teller.probabilities(self._shown_to(teller, strip, cut))[0]
            if len(teller.outputs) > 1:
                classified = _classified(found[:, strip.cut.inner, cut.inner], teller)
                for target, values in zip((told, sure), classified, strict=True):
                    np.copyto(target[:, here], values, where=shown[:, here])
        inside[known & ~shown] = 0.0
        overruled = doubtful & sure & self.clouds.learned
        share = 1.0 if strip.cut.weights is None else strip.cut.weights[:, None]
        by_flags = np.where(overruled, np.uint8(0), seen.hidden[kept])
        hidden = self.clouds.hidden(by_flags, told, ice=inside >= self.threshold * share)
        unseen = known & (hidden != 0)
        inside[unseen] = np.nan
        np.copyto(told, hidden, where=unseen)
        cloud, shadow, lost = (hidden == each for each in (SurfaceClass.CLOUD, SurfaceClass.SHADOW, CLASSES_NODATA))
        of_each = (known, shown, cloud, shadow, lost, doubtful, overruled)
        complete = moved(strip.complete, -rows.start)
        counts = PixelCounts(*(int((known & each)[complete].sum()) for each in of_each))
        return StripPrediction(probability, classes, counts)

    def _shown_to(self, teller: Model, strip: Strip, cut: Cut) -> NDArray[np.float32]:
        """Return what a second network sees of a window, (1, bands, h, w)."""
        return self.reader.image_for(teller, part_of(self.region, strip.cut.seen, cut.seen))[np.newaxis]

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


def _classified(found: NDArray[np.float32], teller: Model) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Return the likeliest class of each pixel, and where the network is sure of ice.

    Parameters
    ----------
    found
        (outputs, h, w) probabilities.
    teller
        Whose they are.
    """
    values = np.array([CLASS_OF[name] for name in teller.outputs], np.uint8)
    return values[found.argmax(axis=0)], found[teller.outputs.index("ice")] >= teller.threshold


def _axes(
    model: Model, region: GeoBox, extent: Extent, options: MapOptions, clouds: CloudRule, *, screen: bool
) -> tuple[Axis, Axis]:
    """Return how rows and columns of a region are cut for a model, and for the one that tells clouds."""
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
    halo, stride = model.halo if options.halo is None else options.halo, model.stride
    if clouds.second:
        halo, stride = max(halo, cloud_model().halo or 0), math.lcm(stride, cloud_model().stride)
    if options.window is not None:
        most_rows = most_columns = options.window + 2 * halo
    else:
        pixels = SCREENED_PIXELS if screen else WINDOW_PIXELS[model.arithmetic]
        covered = max(1, min(width, extent.columns[1] - extent.columns[0]))
        most_rows = min(math.isqrt(pixels), max(_STRIP_PIXELS // covered, 4 * halo))
        most_columns = pixels // max(1, most_rows)
    return (
        plan_axis(height, extent.rows, most_rows, halo, stride),
        plan_axis(width, extent.columns, most_columns, halo, stride),
    )
