"""One scene, one network, one grid: what is to be done, strip by strip, and each strip's answer.

A strip's answer depends on nothing but the survey and the strip, so that strips can be worked on anywhere and in any
order. What is not shown to the network has the probability 0 where there are data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import MappingError
from trimline.mapping.extent import extent_on
from trimline.mapping.fitting import check_fits
from trimline.mapping.screen import SCREEN_BANDS, Within, can_screen, cells_of, could_be_ice, with_neighbours
from trimline.mapping.windows import STEP, Cut, Extent, Strip, Tiling, cover, cut_axis, even, plan_strips, reach
from trimline.training.freed_memory import give_gaps_back

if TYPE_CHECKING:
    from trimline.scenes import Scene
    from trimline.training import Segmenter

WINDOW = 896
"""Most rows of a strip, and columns of a window as high, unless said otherwise [pixels]."""

_STRIP_PIXELS = 640 * 8192
"""Most pixels of a strip unless said otherwise: strips of very wide scenes are low, so that memory does not grow."""

_READ_COLUMNS, _READERS = 1024, 2
"""Columns that are read at a time [pixels], and how many threads do so: a strip is read while the network waits."""

_FEATURE_BYTES = 1.9e9
"""Memory that a network's features may take: mapping a whole Landsat scene then needs less than 3 GB."""


class Seen(NamedTuple):
    """Rows of a scene, from all columns that the region needs."""

    image: NDArray[np.float32]
    """(bands, h, w) as the network takes them; NaN in all bands where any has no data."""
    candidates: NDArray[np.bool_]
    """(h, w): what the spectrum allows to be ice; without a screen all that has data."""


class Answer(NamedTuple):
    """What a strip adds to a map."""

    probability: NDArray[np.float32]
    """(h, w) of the strip's rows and the region's columns; NaN where there are no data. Of blended tiles their share,
    to which that of the next strip must be added."""
    asked: int
    """Pixels with data that the network was asked about."""
    known: int
    """Pixels with data."""


@dataclass(frozen=True)
class Survey:
    """What decides the probabilities of a map."""

    scene: Scene
    """What is mapped."""
    region: GeoBox
    """The grid to map onto; it may reach beyond the scene."""
    bands: tuple[str, ...]
    """What the network sees."""
    units: Literal["reflectance", "dn"]
    """What they are measured in."""
    tiling: Tiling
    """How the scene is cut."""
    screen: bool
    """Whether the network is asked only where the spectrum allows ice."""
    within: Within | None = None
    """Ground to which the map is confined."""

    @classmethod
    def of(
        cls,
        scene: Scene,
        segmenter: Segmenter,
        region: GeoBox | None = None,
        *,
        window: int | None = None,
        halo: int | None = None,
        screen: bool = False,
        within: Within | None = None,
    ) -> Survey:
        """Plan how a network maps a scene; the parameters are those of `trimline.mapping.map_scene`.

        Raises
        ------
        WeightsError
            The scene lacks what the weights need; see `check_fits`.
        MappingError
            The window or the halo cannot be.
        """
        check_fits(scene, segmenter)
        region = scene.geobox if region is None else region
        above, below = extent_on(scene, region).rows
        return cls(
            scene=scene,
            region=region,
            bands=segmenter.bands,
            units=segmenter.units,
            tiling=tiling_for(segmenter, (below - above, region.width), window, halo),
            screen=screen and can_screen(scene),
            within=within,
        )

    @cached_property
    def extent(self) -> Extent:
        """Where the scene lies on the region's grid."""
        return extent_on(self.scene, self.region)

    @cached_property
    def strips(self) -> list[Strip]:
        """What is to be done, from the top."""
        return plan_strips(self.region.height, self.extent.rows, self.tiling) if self._columns else []

    def rows_needed(self, strip: Strip) -> tuple[int, int]:
        """Return the first and last-but-one row that a strip is judged by: what is seen, and whole cells."""
        return self._widened(strip.cut.seen, strip.cut.kept, self.extent.rows)

    @cached_property
    def columns_needed(self) -> tuple[int, int]:
        """The first and last-but-one column that strips are judged by."""
        seen = min(cut.seen[0] for cut in self._columns), max(cut.seen[1] for cut in self._columns)
        return self._widened(seen, self._across, self.extent.columns)

    def read(self, rows: tuple[int, int], above: Seen | None = None) -> Seen:
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
        seen = Seen(np.empty((len(self.bands), *shape), np.float32), np.empty(shape, np.bool_))
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

    def _read_block(self, rows: tuple[int, int], columns: tuple[int, int]) -> Seen:
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
        return Seen(image, candidates)

    def answer(self, strip: Strip, seen: Seen, segmenter: Segmenter) -> Answer:
        """Ask the network about a strip.

        Parameters
        ----------
        strip
            One of `strips`.
        seen
            The rows that `rows_needed` names.
        segmenter
            The network that the survey was planned for.
        """
        rows, columns = strip.cut.kept, self._across
        top, left = self.rows_needed(strip)[0], self.columns_needed[0]
        known = np.isfinite(seen.image[0][moved(rows, -top), moved(columns, -left)])
        cells, ground = self._asked(strip, seen)
        probability = np.full((rows.stop - rows.start, self.region.width), np.nan, np.float32)
        inside = probability[:, columns]
        inside[known] = 0.0
        for down, along in self._windows(strip, cells):
            image = seen.image[:, moved(slice(*down.seen), -top), moved(slice(*along.seen), -left)]
            answer = segmenter.probability(image[None], (down.inner, along.inner), whole_pixels=True)[0]
            if down.weights is not None and along.weights is not None:
                answer = answer * down.weights[:, None] * along.weights
            probability[moved(down.kept, -rows.start), along.kept] += answer
            give_gaps_back()
        inside[known & ~ground] = 0.0
        complete = moved(strip.complete, -rows.start)
        return Answer(probability, int(ground[complete].sum()), int(known[complete].sum()))

    def _asked(self, strip: Strip, seen: Seen) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the cells that the network is asked about, and of the pixels kept those that lie in them.

        What is asked does not depend on the strips: cells are counted from the scene's corner.
        """
        top, left = self.rows_needed(strip)[0], self.columns_needed[0]
        rows, columns = self._cells_around(strip.cut.kept, 0), self._cells_around(self._across, 1)
        block = self._pixels(rows, 0), self._pixels(columns, 1)
        on_block = moved(block[0], -top), moved(block[1], -left)
        there = np.isfinite(seen.image[(0, *on_block)])
        if self.within is not None:
            there &= self.within.on(part_of(self.region, *((axis.start, axis.stop) for axis in block)))
        cells = cells_of(there, self.tiling.cell)
        if self.screen:
            margin = self.tiling.margin
            wider = tuple(slice(max(0, axis.start - margin), axis.stop + margin) for axis in (rows, columns))
            around = moved(self._pixels(wider[0], 0), -top), moved(self._pixels(wider[1], 1), -left)
            near = with_neighbours(cells_of(seen.candidates[around], self.tiling.cell), margin)
            cells &= near[rows.start - wider[0].start :, columns.start - wider[1].start :][
                : cells.shape[0], : cells.shape[1]
            ]
        pixels = cells.repeat(self.tiling.cell, 0).repeat(self.tiling.cell, 1)[: there.shape[0], : there.shape[1]]
        kept = moved(strip.cut.kept, -block[0].start), moved(self._across, -block[1].start)
        return cells, (pixels & there)[kept]

    def _windows(self, strip: Strip, cells: NDArray[np.bool_]) -> Iterator[tuple[Cut, Cut]]:
        """Yield the rows and columns of what the network is shown."""
        first_row = self._cells_around(strip.cut.kept, 0).start
        first_column = self._cells_around(self._across, 1).start
        if self.tiling.tile is not None:
            for tile in self._columns:
                if cells[:, moved(self._cells_around(tile.kept, 1), -first_column)].any():
                    yield strip.cut, tile
            return
        for rows, columns in cover(cells, self.tiling.cell, self.tiling.halo):
            down = clipped(self._pixels(moved(rows, first_row), 0), strip.cut.kept)
            across = clipped(self._pixels(moved(columns, first_column), 1), self._across)
            for each in self._pieces(across, down.stop - down.start):
                yield (
                    Cut(down, reach(down.start, down.stop, self.rows_needed(strip), self.tiling)),
                    Cut(each, reach(each.start, each.stop, self.columns_needed, self.tiling)),
                )

    def _pieces(self, columns: slice, height: int) -> Iterator[slice]:
        """Cut columns into about equal pieces of which the network sees no more pixels than of a square window."""
        most = self.tiling.widest(height)
        step = min(even(columns.stop - columns.start, most), most)
        for start in range(columns.start, columns.stop, step):
            yield slice(start, min(start + step, columns.stop))

    def _could_be_ice(self, image: NDArray[np.float32], geobox: GeoBox) -> NDArray[np.bool_]:
        """Ask the spectral screen, of bands that the network sees anyway where these are reflectance."""
        if self.units == "reflectance" and set(SCREEN_BANDS) <= set(self.bands):
            return could_be_ice(*(image[self.bands.index(band)] for band in SCREEN_BANDS))
        return could_be_ice(*self.scene.read(SCREEN_BANDS, geobox).values)

    @cached_property
    def _columns(self) -> list[Cut]:
        return list(cut_axis(self.region.width, self.extent.columns, self.tiling, axis=1))

    @cached_property
    def _across(self) -> slice:
        """Columns of the region that the scene covers."""
        return slice(self._columns[0].kept.start, self._columns[-1].kept.stop)

    def _widened(self, seen: tuple[int, int], kept: slice, bounds: tuple[int, int]) -> tuple[int, int]:
        """Return pixels that hold what is seen, the whole cells around what is kept, and the cells beside those."""
        (lower, upper), cell = bounds, self.tiling.cell
        margin = self.tiling.margin if self.screen else 0
        first = lower + ((kept.start - lower) // cell - margin) * cell
        last = lower + (-(-(kept.stop - lower) // cell) + margin) * cell
        return min(seen[0], max(lower, first)), max(seen[1], min(upper, last))

    def _cells_around(self, pixels: slice, axis: int) -> slice:
        """Return the cells, counted from the scene's corner, that hold pixels of the region."""
        lower, cell = (self.extent.rows, self.extent.columns)[axis][0], self.tiling.cell
        return slice((pixels.start - lower) // cell, -(-(pixels.stop - lower) // cell))

    def _pixels(self, cells: slice, axis: int) -> slice:
        """Return the pixels of cells that the scene has."""
        (lower, upper), cell = (self.extent.rows, self.extent.columns)[axis], self.tiling.cell
        return slice(lower + cells.start * cell, min(upper, lower + cells.stop * cell))


def tiling_for(
    segmenter: Segmenter, shape: tuple[int, int], window: int | None = None, halo: int | None = None
) -> Tiling:
    """Return how scenes are cut for a network.

    Parameters
    ----------
    segmenter
        Its halo is what windows need to agree with the whole scene. Where its answer depends on the whole tile there
        is no such halo: it sees tiles of the size that it was trained on, which overlap.
    shape
        Rows of the scene and columns of what is mapped [pixels].
    window
        Rows of a strip, and columns of a window of so many rows [pixels]; None means as many as memory allows, see
        `window_for`. A network that depends on the whole tile has its own.
    halo
        Another margin than the network's [pixels]. A smaller one is faster, and the map then depends a little on
        where windows meet.

    Raises
    ------
    MappingError
        The window or the halo cannot be, or the weights do not say which tile they were trained on.
    """
    if segmenter.halo is not None:
        halo = segmenter.halo if halo is None else halo
        if window is not None:
            return Tiling(window, halo, segmenter.stride)
        height, width = shape
        window = window_for(segmenter, halo)
        return Tiling(window, halo, segmenter.stride, rows=even(height, min(window, _STRIP_PIXELS // max(1, width))))
    tile = segmenter.metadata.tile
    if tile is None:
        raise MappingError(
            f"the answer of {segmenter.metadata.network} depends on the whole tile, "
            "and the weights do not say which tile they were trained on",
            remedy="train anew",
        )
    return Tiling.for_tile(tile, halo, segmenter.stride)


def window_for(segmenter: Segmenter, halo: int) -> int:
    """Return the side of a window, halo left out, whose features fit into memory: a multiple of `STEP` [pixels].

    On a GPU, whose memory is its own, windows are as large as they ever are.
    """
    if segmenter.device.type != "cpu":
        return WINDOW
    fits = math.isqrt(int(_FEATURE_BYTES / segmenter.bytes_per_pixel(halo))) - 2 * halo
    return min(WINDOW, _whole_steps(fits))


def _whole_steps(pixels: int) -> int:
    """Return the largest usual side of a window that some pixels hold, and at least the smallest."""
    return max(1, pixels // STEP) * STEP


def part_of(region: GeoBox, rows: tuple[int, int], columns: tuple[int, int]) -> GeoBox:
    """Return rows and columns of a grid, which may lie beyond it."""
    start = region.translate_pix(columns[0], rows[0])
    return GeoBox((rows[1] - rows[0], columns[1] - columns[0]), start.affine, region.crs)


def moved(axis: slice, by: int) -> slice:
    """Return a slice that starts and stops so much later."""
    return slice(axis.start + by, axis.stop + by)


def clipped(axis: slice, to: slice) -> slice:
    """Return what two slices share; it stops before it starts where that is nothing."""
    return slice(max(axis.start, to.start), min(axis.stop, to.stop))
