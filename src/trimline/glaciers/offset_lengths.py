"""Glacier length along many lines: the centre line and lines at equal distance from it, cut by the outline.

One line meets one point of the front. The mean over lines beside it speaks for the width of the front, and their spread
is an error of the length (the idea of the package glacier_lengths by Mannerfelt; its published lengths of Rhone glacier
are a test).
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString

from trimline.change.equal_area import equal_area_crs, projected
from trimline.errors import ChangeError
from trimline.outlines.check import require_crs, require_polygons

LENGTH_COLUMNS = ("length_m", "spread_m", "shortest_m", "longest_m", "lines", "lines_laid")
"""Columns that the table of lengths adds."""


def offset_lengths(
    outlines: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, count: int = 40, reach_m: float = 50.0
) -> pd.DataFrame:
    """Return the length of each outline as mean and spread over lines beside the centre line.

    Parameters
    ----------
    outlines
        Polygons of one or several dates. With a column `glac_id`, each is measured along the line of that glacier.
    lines
        Centre lines, head to terminus, that reach through the longest outline: keyed by `glac_id`, or a single one for
        all outlines.
    count
        Number of lines, half of them on each side of the centre line. An even number.
    reach_m
        Distance of the outermost lines from the centre line [m]. Too far out, lines meet the sides of the glacier.

    Returns
    -------
    DataFrame
        The columns of `outlines` without the geometry, and `LENGTH_COLUMNS`. A length is that of a line inside the ice,
        nunataks left out [m]; `spread_m` is the standard deviation over the lines that meet the ice.

    Raises
    ------
    OutlineError
        There is no CRS, or an outline is no polygon.
    ChangeError
        A number is impossible, or a glacier has no line or one with gaps.
    """
    require_crs(outlines)
    require_polygons(outlines)
    require_crs(lines)
    if count < 2 or count % 2 or not reach_m > 0:
        raise ChangeError(f"{count} lines within {reach_m:g} m", remedy="give an even number of lines and a distance")
    plane = equal_area_crs(outlines)
    polygons = projected(outlines.geometry.to_numpy(), outlines.crs, plane)
    centre = _lines_of(outlines, lines, projected(lines.geometry.to_numpy(), lines.crs, plane))
    rows = [_lengths(polygon, line, count, reach_m) for polygon, line in zip(polygons, centre, strict=True)]
    measured = pd.DataFrame(rows, columns=list(LENGTH_COLUMNS), index=outlines.index)
    return pd.concat([pd.DataFrame(outlines.drop(columns=outlines.geometry.name)), measured], axis=1)


def _lines_of(outlines: gpd.GeoDataFrame, lines: gpd.GeoDataFrame, geometries: NDArray[np.object_]) -> list[LineString]:
    merged = [shapely.line_merge(each) for each in geometries]
    if "glac_id" in outlines and "glac_id" in lines:
        by_glacier = dict(zip(lines["glac_id"].astype(str), merged, strict=True))
        missing = sorted(set(outlines["glac_id"].astype(str)) - set(by_glacier))
        if missing:
            raise ChangeError(f"glacier {missing[0]} has no centre line", where="lines")
        found = [by_glacier[key] for key in outlines["glac_id"].astype(str)]
    elif len(merged) == 1:
        found = merged * len(outlines)
    else:
        raise ChangeError(
            f"{len(merged)} centre lines without a common column 'glac_id'", remedy="key outlines and lines by glac_id"
        )
    if any(not isinstance(each, LineString) or each.is_empty for each in found):
        raise ChangeError("a centre line has gaps", where="lines", remedy="give one line per glacier")
    return found


def _lengths(polygon: object, line: LineString, count: int, reach_m: float) -> tuple[float, ...]:
    steps = reach_m * np.arange(1, count // 2 + 1) / (count // 2)
    beside = shapely.offset_curve(line, np.concatenate([steps, -steps]))
    lengths = shapely.length(shapely.intersection(beside, polygon))
    inside = lengths[lengths > 0]
    if not len(inside):
        return (np.nan, np.nan, np.nan, np.nan, 0, count)
    spread = float(inside.std(ddof=1)) if len(inside) > 1 else np.nan
    return (float(inside.mean()), spread, float(inside.min()), float(inside.max()), len(inside), count)
