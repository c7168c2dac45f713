"""Ground that no scene of a period saw, bridged by the periods around it; and the patches of ice that come of it all.

An outline that ends at the edge of a cloud is no outline of a glacier. What the nearest earlier and the nearest later
period that saw a pixel agree on is taken for what it was in between: between ice and ice there was ice, between ground
and ground there was none. Where they disagree the ice came or went unseen, and the pixel stays unseen. At either end of
the record there is one neighbour, and it is taken at its word.

What was inferred is told apart from what was seen: `mask.tif` holds only what scenes of the period showed, and
`inferred.tif` the rest. How far such an inference can be trusted is tried on the ground that was seen: `hindcast.tif`
says what would have been inferred there, beside what was seen.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.windows import Window

from trimline import __version__
from trimline.files import whole_file
from trimline.mapping.rasters import bounded_cache, write_cog
from trimline.outlines import RowTracer, write_outlines
from trimline.timeline.combine import MASK, draft, joined
from trimline.timeline.place import Place, strips
from trimline.timeline.rules import ICE, UNSEEN, Said

INFERRED, HINDCAST, PATCHES = "inferred.tif", "hindcast.tif", "patches.gpkg"

BOTH_GROUND, BOTH_ICE, ICE_NOT_SEEN, ICE_NOT_INFERRED = 0, 1, 2, 3
"""What `hindcast.tif` says of a pixel: inferred and seen as ground, both as ice, inferred as ice but seen as ground,
inferred as ground but seen as ice."""


@dataclass(frozen=True)
class Drawing:
    """How a mask becomes outlines."""

    minimum_area_m2: float
    """Smaller patches are left out [m2]."""
    minimum_hole_m2: float
    """Smaller holes are filled [m2]."""
    smoothing: int
    """How often corners are cut."""


def bridge(earlier: Iterable[Said], later: Iterable[Said], shape: tuple[int, int]) -> Said:
    """Return what the periods around one say of its pixels.

    Parameters
    ----------
    earlier, later
        (h, w) uint8 masks of `ICE`, `GROUND` and `UNSEEN`, the nearest period first.
    shape
        h and w, in case there are none.

    Returns
    -------
    NDArray[np.uint8]
        (h, w) `ICE` or `GROUND` where both sides agree, or only one saw the pixel; else `UNSEEN`.
    """
    before, after = (_nearest(side, shape) for side in (earlier, later))
    agreed = np.where(before == after, before, np.uint8(UNSEEN))
    one_sided = np.where(before == UNSEEN, after, before)
    return np.where((before == UNSEEN) | (after == UNSEEN), one_sided, agreed)


def draw_period(
    folder: Path, periods: Sequence[str], period: str, place: Place, *, drawing: Drawing, bridged: bool
) -> dict[str, Any]:
    """Write the patches of ice of a period.

    Parameters
    ----------
    folder
        Holds a folder per period with its ``mask.tif``; that of the period gets ``patches.gpkg`` (connected patches of
        ice), ``inferred.tif`` (COG of uint8: 1 ice and 0 ground that was inferred, 255 elsewhere) and ``hindcast.tif``
        (COG of uint8: 0 to 3 where ground was seen and could be inferred too, see `BOTH_GROUND` and so on; 255
        elsewhere).
    periods
        All periods, from the earliest.
    period
        The one to draw.
    place
        The grid that the masks lie on.
    drawing
        How patches are drawn; the masks keep what they leave out.
    bridged
        Whether unseen ground is bridged at all.

    Returns
    -------
    dict
        `bridged_km2`: unseen ground that could be bridged, whether ice or not, in the units of the grid.
    """
    at = list(periods).index(period)
    patches: list[gpd.GeoDataFrame] = []
    count = 0
    with (
        bounded_cache(),
        tempfile.TemporaryDirectory(prefix=".bridge.", dir=folder / period) as temporary,
        ExitStack() as stack,
    ):
        masks = {each: stack.enter_context(rasterio.open(folder / each / MASK)) for each in periods}
        drafts = {name: Path(temporary) / name for name in (INFERRED, HINDCAST)}
        tags = {"TRIMLINE_PERIOD": period, "TRIMLINE_VERSION": __version__}
        with (
            draft(drafts[INFERRED], place.geobox, "uint8", UNSEEN, tags) as inferred_file,
            draft(drafts[HINDCAST], place.geobox, "uint8", UNSEEN, tags) as hindcast_file,
        ):
            for island in place.islands:
                tracer = RowTracer(
                    place.of_island(island),
                    minimum_area_m2=drawing.minimum_area_m2,
                    minimum_hole_m2=drawing.minimum_hole_m2,
                    smoothing=drawing.smoothing,
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
                    inferred_file.write(inferred, 1, window=window)
                    hindcast_file.write(_beside(around, mask), 1, window=window)
                    tracer.add((mask == ICE) | (inferred == ICE))
                    count += int((inferred != UNSEEN).sum())
                patches.append(tracer.finish())
        paths = {name: stack.enter_context(whole_file(folder / period / name)) for name in (*drafts, PATCHES)}
        for name, path in drafts.items():
            write_cog(path, paths[name], overviews="nearest", sparse=True)
        write_outlines(joined(patches, place).assign(period=period), paths[PATCHES])
    return {"bridged_km2": count * abs(place.geobox.affine.determinant) / 1e6}


def _nearest(masks: Iterable[Said], shape: tuple[int, int]) -> Said:
    """Return what the first mask says that saw a pixel; masks are asked only while a pixel is unseen."""
    found = np.full(shape, UNSEEN, np.uint8)
    for mask in masks:
        found = np.where(found == UNSEEN, mask, found)
        if not (found == UNSEEN).any():
            break
    return found


def _beside(inferred: Said, seen: Said) -> NDArray[np.uint8]:
    """Return what was inferred beside what was seen, UNSEEN where either is unknown."""
    said = np.where(
        inferred == seen, seen, np.where(inferred == ICE, np.uint8(ICE_NOT_SEEN), np.uint8(ICE_NOT_INFERRED))
    )
    return np.where((inferred == UNSEEN) | (seen == UNSEEN), np.uint8(UNSEEN), said)
