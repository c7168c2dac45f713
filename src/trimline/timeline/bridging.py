"""Gaps of a period are filled from the periods around it, and its patches of ice are traced.

An outline that ends at the edge of a cloud is no outline of a glacier. A pixel that no scene of a period shows gets the
state that the nearest earlier and the nearest later period with a state agree on. Where they disagree, ice came or went
in between, and the pixel stays unseen. At either end of the record the one neighbour decides.

Inferred and observed pixels are kept apart: `mask.tif` holds what scenes of the period show, `inferred.tif` the rest.
The error of the inference is measured on observed ground: `hindcast.tif` compares what would have been inferred there
with what was observed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from trimline import __version__
from trimline.files import StrPath, whole_file
from trimline.outlines import RowTracer, write_outlines
from trimline.own_files import own_raster
from trimline.rasters import bounded_cache, write_cog
from trimline.timeline.drafts import open_draft
from trimline.timeline.period_maps import MASK, joined
from trimline.timeline.place import Place, strips
from trimline.timeline.rules import ICE, UNSEEN, StateMask
from trimline.workplace import workplace

INFERRED, HINDCAST, PATCHES = "inferred.tif", "hindcast.tif", "patches.gpkg"

BOTH_GROUND, BOTH_ICE, ICE_NOT_SEEN, ICE_NOT_INFERRED = 0, 1, 2, 3
"""Values of `hindcast.tif`: inferred and observed as ground, both as ice, inferred as ice but observed as ground,
inferred as ground but observed as ice."""


@dataclass(frozen=True)
class TraceOptions:
    """How a mask is traced: what is left out, and how much outlines are smoothed."""

    minimum_area_m2: float
    """Smaller patches are left out [m2]."""
    minimum_hole_m2: float
    """Smaller holes are filled [m2]."""
    smoothing: int
    """How often corners are cut."""


def bridge(earlier: Iterable[StateMask], later: Iterable[StateMask], shape: tuple[int, int]) -> StateMask:
    """Return the state of pixels as inferred from the periods around one.

    Parameters
    ----------
    earlier, later
        (h, w) uint8 masks of `ICE`, `GROUND` and `UNSEEN`, the nearest period first.
    shape
        h and w, in case there are none.

    Returns
    -------
    NDArray[np.uint8]
        (h, w) `ICE` or `GROUND` where both sides agree, or only one has a state; else `UNSEEN`.
    """
    before, after = (_nearest(side, shape) for side in (earlier, later))
    agreed = np.where(before == after, before, np.uint8(UNSEEN))
    one_sided = np.where(before == UNSEEN, after, before)
    return np.where((before == UNSEEN) | (after == UNSEEN), one_sided, agreed)


def trace_period(
    folder: StrPath, periods: Sequence[str], period: str, place: Place, *, options: TraceOptions, bridged: bool
) -> dict[str, Any]:
    """Write the patches of ice of a period.

    Parameters
    ----------
    folder
        Holds a folder per period with its ``mask.tif``; that of the period gets ``patches.gpkg`` (connected patches of
        ice), ``inferred.tif`` (COG of uint8: 1 ice and 0 ground that was inferred, 255 elsewhere) and ``hindcast.tif``
        (COG of uint8: 0 to 3 where ground was observed and could be inferred too, see `BOTH_GROUND` and so on; 255
        elsewhere).
    periods
        All periods, from the earliest.
    period
        The one to trace.
    place
        The grid that the masks lie on.
    options
        How patches are traced; the masks keep what is left out.
    bridged
        Whether gaps are filled at all.

    Returns
    -------
    dict
        `bridged_km2`: unseen ground with an inferred state, ice or not, by its pixels on the grid [km2].
    """
    folder = Path(folder)
    at = list(periods).index(period)
    patches: list[gpd.GeoDataFrame] = []
    count = 0
    with (
        bounded_cache(),
        workplace(folder / period, "bridge") as temporary,
        ExitStack() as stack,
    ):
        masks = {each: stack.enter_context(own_raster(folder / each / MASK)) for each in periods}
        drafts = {name: temporary / name for name in (INFERRED, HINDCAST)}
        tags = {"TRIMLINE_PERIOD": period, "TRIMLINE_VERSION": __version__}
        with (
            open_draft(drafts[INFERRED], place.geobox, "uint8", UNSEEN, tags) as inferred_file,
            open_draft(drafts[HINDCAST], place.geobox, "uint8", UNSEEN, tags) as hindcast_file,
        ):
            for island in place.islands:
                tracer = RowTracer(
                    place.of_island(island),
                    minimum_area_m2=options.minimum_area_m2,
                    minimum_hole_m2=options.minimum_hole_m2,
                    smoothing=options.smoothing,
                )
                for rows, columns in strips(island):
                    window = Window(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)
                    mask = masks[period].read(1, window=window)
                    around = np.full(mask.shape, UNSEEN, np.uint8)
                    if bridged:
                        earlier = (masks[each].read(1, window=window) for each in reversed(periods[:at]))
                        later = (masks[each].read(1, window=window) for each in periods[at + 1 :])
                        around = bridge(earlier, later, mask.shape)
                    inferred = np.where(mask == UNSEEN, around, np.uint8(UNSEEN))
                    inferred_file.write(inferred, window)
                    hindcast_file.write(_hindcast(around, mask), window)
                    tracer.add((mask == ICE) | (inferred == ICE))
                    count += int((inferred != UNSEEN).sum())
                patches.append(tracer.finish())
        paths = {name: stack.enter_context(whole_file(folder / period / name)) for name in (*drafts, PATCHES)}
        for name, path in drafts.items():
            write_cog(path, paths[name], overviews="nearest", sparse=True)
        write_outlines(joined(patches, place).assign(period=period), paths[PATCHES])
    return {"bridged_km2": count * abs(place.geobox.affine.determinant) / 1e6}


def _nearest(masks: Iterable[StateMask], shape: tuple[int, int]) -> StateMask:
    """Return the state of each pixel in the first mask that has one; masks are read only while a pixel has none."""
    found = np.full(shape, UNSEEN, np.uint8)
    for mask in masks:
        found = np.where(found == UNSEEN, mask, found)
        if not (found == UNSEEN).any():
            break
    return found


def _hindcast(inferred: StateMask, seen: StateMask) -> NDArray[np.uint8]:
    """Return the values of `hindcast.tif`, UNSEEN where a pixel was not inferred or not observed."""
    outcome = np.where(
        inferred == seen, seen, np.where(inferred == ICE, np.uint8(ICE_NOT_SEEN), np.uint8(ICE_NOT_INFERRED))
    )
    return np.where((inferred == UNSEEN) | (seen == UNSEEN), np.uint8(UNSEEN), outcome)
