"""The region as catalogues are asked for it: cut at the 180th meridian, with few vertices, never smaller than it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
import shapely.geometry

from trimline.errors import CatalogueError, OutlineError
from trimline.longitudes import connected, cut

MOST_VERTICES = 60
"""Vertices of a region that is sent to a catalogue, whose requests are otherwise slow, or too long for an address."""
_FIRST_TOLERANCE = 1e-3
"""Tolerance of the first attempt to simplify [degrees]."""
_MARGIN = 1.1
"""Width by which a simplified region is widened, in tolerances; the buffer itself is exact to a hundredth of it."""
_EARTH = shapely.box(-180, -90, 180, 90)


def region_on_earth(region: shapely.Geometry) -> shapely.Geometry:
    """Return a region with longitudes from -180 to 180, cut at the 180th meridian.

    Parameters
    ----------
    region
        Polygons in degrees (EPSG:4326), whatever meridian their longitudes are counted from.

    Raises
    ------
    CatalogueError
        It is empty, holds no polygon, or lies nowhere on the Earth.
    """
    remedy = "give polygons in degrees, longitude first"
    if region is None or shapely.is_empty(region) or shapely.get_dimensions(region) != 2:
        raise CatalogueError("the region has no area", remedy=remedy)
    west, south, east, north = region.bounds
    if not (np.isfinite(region.bounds).all() and -90 <= south <= north <= 90 and -540 <= west <= east <= 540):
        raise CatalogueError("the region lies nowhere on the Earth", remedy=remedy)
    whole = shapely.force_2d(region if region.is_valid else shapely.make_valid(region))
    parts = [part for part in shapely.get_parts(whole) if shapely.get_dimensions(part) == 2]
    try:
        pieces = cut(connected(np.array(parts, dtype=object))[0])
    except OutlineError as error:
        raise CatalogueError(f"the region cannot be read ({error.what})", remedy=remedy) from None
    return shapely.union_all(pieces)


def region_query(region: shapely.Geometry) -> dict[str, Any]:
    """Return a region as GeoJSON of at most `MOST_VERTICES` vertices that holds all of it.

    Parameters
    ----------
    region
        As `region_on_earth` returns it.
    """
    simple, tolerance = region, _FIRST_TOLERANCE
    while shapely.get_num_coordinates(simple) > MOST_VERTICES and tolerance < 1:
        simple = shapely.simplify(region, tolerance).buffer(_MARGIN * tolerance, quad_segs=1, join_style="mitre")
        tolerance *= 2
    if shapely.get_num_coordinates(simple) > MOST_VERTICES:
        hemispheres = (shapely.box(-180, -90, 0, 90), shapely.box(0, -90, 180, 90))
        halves = [shapely.intersection(region, half) for half in hemispheres]
        simple = shapely.union_all([shapely.envelope(half) for half in halves if not shapely.is_empty(half)])
    query: dict[str, Any] = shapely.geometry.mapping(shapely.intersection(simple, _EARTH))
    return query
