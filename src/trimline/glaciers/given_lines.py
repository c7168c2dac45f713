"""Flow lines that a user has drawn: matched with outlines and cut to them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import shapely

from trimline.errors import OutlineError
from trimline.reprojecting import reprojected

_LOG = logging.getLogger(__name__)


def clipped_lines(
    lines: gpd.GeoDataFrame, outlines: gpd.GeoDataFrame, names: Sequence[str]
) -> dict[int, shapely.Geometry]:
    """Return the part of given lines inside outlines, by the row of the outline.

    Parameters
    ----------
    lines
        LineStrings or MultiLineStrings in any CRS, with or without `glac_id`.
    outlines
        Polygons.
    names
        Their ids.

    Returns
    -------
    dict[int, Geometry]
        For each outline with a line, in its CRS: the longest one, in several pieces where it leaves the outline in
        between. Lines of no outline are left out, and the log counts them.

    Raises
    ------
    OutlineError
        The lines have no CRS, or a geometry is no line.
    """
    if lines.crs is None:
        raise OutlineError("the lines have no CRS", remedy="set it with lines.set_crs(...)")
    odd = ~lines.geom_type.isin(("LineString", "MultiLineString"))
    if odd.any():
        raise OutlineError(
            f"{int(odd.sum())} of {len(lines)} flow lines are no lines; the first is a {lines.geom_type[odd].iloc[0]}",
            remedy="give LineStrings from the head to the terminus",
        )
    moved = shapely.force_2d(reprojected(lines, outlines.crs, like=outlines).geometry.to_numpy())
    merged = np.array([shapely.line_merge(each) for each in moved], object)
    shapes = outlines.geometry.to_numpy()
    if "glac_id" in lines.columns:
        place = {name: row for row, name in enumerate(names)}
        pairs = [(i, place[name]) for i, name in enumerate(lines["glac_id"].astype(str)) if name in place]
    else:
        one, other = shapely.STRtree(shapes).query(merged, predicate="intersects")
        inside = shapely.length(shapely.intersection(merged[one], shapes[other]))
        best: dict[int, tuple[float, int]] = {}
        for i, row, length in zip(one.tolist(), other.tolist(), inside.tolist(), strict=True):
            if length > best.get(i, (0.0, -1))[0]:
                best[i] = (length, row)
        pairs = [(i, row) for i, (_, row) in best.items()]
    found: dict[int, shapely.Geometry] = {}
    used = 0
    for i, row in pairs:
        line = _in_order(shapely.intersection(merged[i], shapes[row]), merged[i])
        if line is None:
            continue
        used += 1
        if row not in found or line.length > found[row].length:
            found[row] = line
    if used < len(lines):
        _LOG.warning("%d of %d given flow lines lie in no outline, or name none", len(lines) - used, len(lines))
    return found


def _in_order(cut: shapely.Geometry, line: shapely.Geometry) -> shapely.Geometry | None:
    """Return the pieces of a line in its order; None where there are none."""
    pieces = [each for each in shapely.get_parts(shapely.line_merge(cut)) if each.geom_type == "LineString"]
    pieces = [each for each in pieces if each.length > 0]
    if not pieces:
        return None
    # Pieces of a line run as it does: they are put in the order of their starts along it.
    along = [
        [float(shapely.line_locate_point(line, shapely.Point(each.coords[end]))) for end in (0, -1)]
        if line.geom_type == "LineString"
        else [0.0, 1.0]
        for each in pieces
    ]
    turned = [shapely.reverse(each) if a > b else each for each, (a, b) in zip(pieces, along, strict=True)]
    ordered = [turned[i] for i in np.argsort([min(each) for each in along], kind="stable")]
    return ordered[0] if len(ordered) == 1 else shapely.MultiLineString(ordered)
