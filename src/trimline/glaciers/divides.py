"""Divides: connected ice split into glaciers along the drainage divides of its surface.

After Kienholz and others (2013, Journal of Glaciology 59, 925-937), with the merging of basins of
`trimline.glaciers.drainage`. Each polygon is divided by itself, on a grid of its own: heights smoothed, sinks drained,
pour points gathered in a gutter around the ice, basins merged where their border is no divide, slivers merged with a
neighbour. Where the elevation model has no heights on the ice, that ice goes with the nearest glacier over the ice;
the column `dem_cover` says how much of a glacier had heights, and the log how much had none.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from trimline.change import equal_area_crs
from trimline.errors import OutlineError
from trimline.files import StrPath
from trimline.glaciers.basin_borders import beyond, cut_by_basins
from trimline.glaciers.drainage import DIVERGENCE, SHALLOW_M, basins, merged_along_flow, spread_on
from trimline.glaciers.elevation import ElevationModel, open_models
from trimline.glaciers.ground import Ground, ground_around, smoothed
from trimline.glaciers.parts import ids_of, with_parts
from trimline.outlines.area import area_km2
from trimline.outlines.check import require_crs, require_polygons
from trimline.reprojecting import in_degrees, reprojected

_LOG = logging.getLogger(__name__)

SMALLEST_KM2 = 0.05
"""Glaciers below it are slivers, merged with a neighbour [km2]."""

_PIXEL_M = 25.0
"""Side of a pixel of the grid that ice is drained on [m]."""

_MOST_PIXELS = 6e6
"""Largest grid; larger ice is drained on coarser pixels."""

_SMOOTHING_M = 60.0
"""Standard deviation of the smoothing of heights [m]: two pixels of a 30 m elevation model."""

_GUTTER_M = 50.0
"""Width of the gutter around the ice [m]."""

_MARGIN_M = 300.0
"""Ground around the ice that is read [m]."""


def divide(
    outlines: gpd.GeoDataFrame,
    dem: StrPath | ElevationModel | Iterable[StrPath | ElevationModel],
    *,
    smallest_km2: float = SMALLEST_KM2,
    divergence: float = DIVERGENCE,
) -> gpd.GeoDataFrame:
    """Split connected ice into glaciers along its drainage divides.

    Parameters
    ----------
    outlines
        Valid polygons in any CRS with the column `glac_id`, each id once. Each polygon is divided by itself: rows
        that touch are not joined.
    dem
        One elevation model, several, or a folder of them, in any CRS. Of several the one with the most heights on
        a polygon divides it.
    smallest_km2
        Glaciers that would be smaller are merged with a neighbour; a separate polygon of an outline that is smaller
        goes to the nearest part [km2].
    divergence
        Least mean divergence of the direction of flow across a divide, 0 to 2; see `trimline.glaciers.drainage`.
        Larger values leave fewer glaciers.

    Returns
    -------
    GeoDataFrame
        A row per glacier, in the order of the outlines and of the new ids, in their CRS. `glac_id` is the old id where
        there is one part, else the old id with ``-01`` and so on from west to east; `divided_from` is the old id.
        `dem_cover` is the share of the ice with heights (0 to 1), `dem_source` the model. The parts of an outline
        share the vertices of their borders and cover it exactly. Areas are measured; errors of the area
        are shared by the length of margin, so that their sum stays; columns measured on the whole outline are emptied.

    Raises
    ------
    OutlineError
        There is no CRS, a geometry is no valid polygon, `glac_id` is missing or occurs twice, or a number is out of
        its range.
    GridError
        An elevation model cannot be read or has no CRS.
    """
    _require(outlines, smallest_km2, divergence)
    models = open_models(dem)
    pieces: list[list[tuple[shapely.Geometry, float, str | None]]] = []
    for name, outline in zip(outlines["glac_id"].astype(str), outlines.geometry, strict=True):
        found = _divided(outline, outlines.crs, models, smallest_km2, divergence)
        unknown = sum(area * (1.0 - cover) for _, cover, _, area in found)
        if all(source is None for *_, source, _ in found):
            _LOG.warning("%s: no elevation model has heights on it: it is not divided", name)
        elif unknown > 0:
            _LOG.warning(
                "%s: %.3f of %.3f km2 have no heights; that ice went with the nearest glacier",
                name,
                unknown,
                sum(area for *_, area in found),
            )
        pieces.append([(shape, cover, source) for shape, cover, source, _ in found])
    divided = with_parts(outlines, [[shape for shape, *_ in each] for each in pieces])
    divided["dem_cover"] = [cover for each in pieces for _, cover, _ in each]
    divided["dem_source"] = pd.Series([source for each in pieces for *_, source in each], dtype="object")
    return divided


def _require(outlines: gpd.GeoDataFrame, smallest_km2: float, divergence: float) -> None:
    require_crs(outlines)
    require_polygons(outlines)
    ids_of(outlines)
    invalid = ~outlines.is_valid
    if invalid.any():
        raise OutlineError(
            f"{int(invalid.sum())} outlines are invalid, the first in row {int(invalid.to_numpy().argmax())}",
            remedy="pass them through trimline.outlines.check first",
        )
    if not (math.isfinite(smallest_km2) and smallest_km2 >= 0):
        raise OutlineError(f"the smallest glacier is {smallest_km2:g} km2", remedy="give 0 or more")
    if not 0 <= divergence <= 2:
        raise OutlineError(f"the divergence across a divide is {divergence:g}", remedy="give 0 to 2")


_Part = tuple[shapely.Geometry, float, str | None, float]
"""Outline, share with heights, elevation model and area [km2] of a glacier."""


def _divided(
    outline: shapely.Geometry, crs: CRS, models: Sequence[ElevationModel], smallest_km2: float, divergence: float
) -> list[_Part]:
    """Return the parts of one outline, from west to east."""
    polygons = shapely.get_parts(outline)
    if not len(polygons) or outline.is_empty:
        return [(outline, 0.0, None, 0.0)]
    area = area_km2(gpd.GeoSeries(polygons, crs=crs))
    large = np.flatnonzero(area >= smallest_km2)
    if not len(large):
        large = np.array([int(area.argmax())])
    parts: list[_Part] = []
    for number in large:
        parts += _of_polygon(polygons[number], crs, models, smallest_km2, divergence)
    shapes = np.array([shape for shape, *_ in parts], object)
    for number in np.setdiff1d(np.arange(len(polygons)), large):
        nearest = int(shapely.distance(shapes, polygons[number]).argmin())
        shape, cover, source, size = parts[nearest]
        joined = shapely.multipolygons([*shapely.get_parts(shape), polygons[number]])
        parts[nearest] = (joined, cover, source, size + float(area[number]))
        shapes[nearest] = joined
    if len(parts) == 1:
        return [(outline, *parts[0][1:])]
    inside = in_degrees(gpd.GeoSeries([shape for shape, *_ in parts], crs=crs).representative_point())
    return [parts[each] for each in np.lexsort((inside.y, inside.x))]


def _of_polygon(
    polygon: shapely.Geometry, crs: CRS, models: Sequence[ElevationModel], smallest_km2: float, divergence: float
) -> list[_Part]:
    size = float(area_km2(gpd.GeoSeries([polygon], crs=crs))[0])
    ground = _ground_of(polygon, crs, models)
    if ground.source is None:
        return [(polygon, 0.0, None, size)]
    labels = glacier_basins(ground, smallest_km2, divergence)
    shares = _cover_of(labels, ground)
    cut = cut_by_basins(polygon, crs, beyond(labels), ground.geobox, smallest_km2 * 1e6)
    areas = area_km2(gpd.GeoSeries(list(cut.values()), crs=crs))
    return [
        (shape, shares.get(label, 0.0), ground.source, float(km2))
        for (label, shape), km2 in zip(cut.items(), areas, strict=True)
    ]


def _ground_of(polygon: shapely.Geometry, crs: CRS, models: Sequence[ElevationModel]) -> Ground:
    series = gpd.GeoSeries([polygon], crs=crs)
    plane = equal_area_crs(series)
    there = reprojected(series, plane).iloc[0]
    west, south, east, north = there.bounds
    wide = (east - west + 2 * _MARGIN_M) * (north - south + 2 * _MARGIN_M)
    pixel_m = _PIXEL_M * max(1, math.ceil(math.sqrt(wide / _PIXEL_M**2 / _MOST_PIXELS)))
    return ground_around(there, plane, models, pixel_m=pixel_m, margin_m=_MARGIN_M)


def glacier_basins(ground: Ground, smallest_km2: float, divergence: float) -> NDArray[np.int64]:
    """Return the glacier of each pixel of ice.

    Parameters
    ----------
    ground
        Heights and ice of one connected patch.
    smallest_km2, divergence
        As in `divide`.

    Returns
    -------
    NDArray[np.int64]
        (h, w) numbers of glaciers from 0, -1 where there is no ice.
    """
    surface = smoothed(ground.height_m, _SMOOTHING_M / ground.pixel_m)
    width = max(1, round(_GUTTER_M / ground.pixel_m))
    drained = basins(surface, ground.ice, gutter_pixels=width, shallow_m=SHALLOW_M)
    merged = merged_along_flow(
        drained,
        surface,
        ground.ice,
        ground.pixel_m,
        divergence=divergence,
        smallest_pixels=smallest_km2 * 1e6 / ground.pixel_m**2,
    )
    return spread_on(merged, ground.ice)


def _cover_of(labels: NDArray[np.int64], ground: Ground) -> dict[int, float]:
    """Return the share of each glacier's ice that has heights."""
    known = np.isfinite(ground.height_m)
    numbers = np.unique(labels[ground.ice])
    return {int(each): float(known[labels == each].mean()) for each in numbers}
