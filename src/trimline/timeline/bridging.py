"""Ground that no scene of a period saw, bridged by the periods around it; and the patches of ice that come of it all.

An outline that ends at the edge of a cloud is no outline of a glacier. What the nearest earlier and the nearest later
period that saw a pixel agree on is taken for what it was in between: between ice and ice there was ice, between ground
and ground there was none. Where they disagree the ice came or went unseen, and the pixel stays unseen. At either end of
the record there is one neighbour, and it is taken at its word.

What was inferred is told apart from what was seen: `mask.tif` holds only what scenes of the period showed, and
`inferred.tif` the rest.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.windows import Window

from trimline import __version__
from trimline.files import whole_file
from trimline.mapping.rasters import bounded_cache, write_cog
from trimline.outlines import RowTracer, write_outlines
from trimline.timeline.combine import MASK, draft, joined
from trimline.timeline.place import Place, strips
from trimline.timeline.rules import ICE, UNSEEN, Said

INFERRED, PATCHES = "inferred.tif", "patches.gpkg"


@dataclass(frozen=True)
class Drawing:
    """How a mask becomes outlines."""

    minimum_area_m2: float
    """Smaller patches are left out [m2]."""
    minimum_hole_m2: float
    """Smaller holes are filled [m2]."""
    smoothing: int
    """How often corners are cut."""


def bridge(earlier: Sequence[Said], later: Sequence[Said], shape: tuple[int, int]) -> Said:
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
        ice) and ``inferred.tif`` (COG of uint8: 1 ice and 0 ground that was inferred, 255 elsewhere).
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
        path = Path(temporary) / INFERRED
        tags = {"TRIMLINE_PERIOD": period, "TRIMLINE_VERSION": __version__}
        with draft(path, place.geobox, "uint8", UNSEEN, tags) as inferred_file:
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
                    inferred = np.full(mask.shape, UNSEEN, np.uint8)
                    if bridged and (mask == UNSEEN).any():
                        earlier = [masks[each].read(1, window=window) for each in reversed(periods[:at])]
                        later = [masks[each].read(1, window=window) for each in periods[at + 1 :]]
                        inferred = np.where(mask == UNSEEN, bridge(earlier, later, mask.shape), np.uint8(UNSEEN))
                    inferred_file.write(inferred, 1, window=window)
                    tracer.add((mask == ICE) | (inferred == ICE))
                    count += int((inferred != UNSEEN).sum())
                patches.append(tracer.finish())
        inferred_path, patch_path = (
            stack.enter_context(whole_file(folder / period / name)) for name in (INFERRED, PATCHES)
        )
        write_cog(path, inferred_path, overviews="nearest", sparse=True)
        write_outlines(joined(patches, place).assign(period=period), patch_path)
    return {"bridged_km2": count * abs(place.geobox.affine.determinant) / 1e6}


def _nearest(masks: Sequence[Said], shape: tuple[int, int]) -> Said:
    """Return what the first mask says that saw a pixel."""
    found = np.full(shape, UNSEEN, np.uint8)
    for mask in masks:
        found = np.where(found == UNSEEN, mask, found)
    return found
