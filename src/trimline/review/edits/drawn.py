"""Geometries drawn in the page: GeoJSON in the review's CRS, read and checked before anything is done with them.

Nothing is repaired here. A polygon that crosses itself has two readings, and only who drew it knows which is meant.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.errors import EditError
from trimline.foreign import foreign_errors

MOST_VERTICES = 100_000
"""Vertices of one drawn geometry; the outline of the largest glaciers at 10 m has some tens of thousands."""

SURROUNDINGS_M = 10_000.0
"""Distance from the outlines of the review in which may be drawn [m]."""

_DEPTHS: Mapping[str, int] = {"LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
"""Types of geometries, and how deep their lines lie in the arrays of GeoJSON."""

POLYGONS = ("Polygon", "MultiPolygon")
LINES = ("LineString", "MultiLineString")

_DRAW_AGAIN = "draw it again"


def drawn_geometry(given: Mapping[str, Any], wanted: Sequence[str], bounds: NDArray[np.float64]) -> shapely.Geometry:
    """Return a geometry of GeoJSON.

    Parameters
    ----------
    given
        The GeoJSON object, in the review's CRS [m].
    wanted
        Types of geometry that the operation takes.
    bounds
        West, south, east and north of all outlines [m]; within `SURROUNDINGS_M` of them may be drawn.

    Returns
    -------
    shapely.Geometry
        A valid geometry in two dimensions.

    Raises
    ------
    EditError
        It is of another type, has too many vertices, heights, coordinates that are no numbers or far away, or is
        invalid; the message says where.
    """
    kind = given.get("type")
    if kind not in wanted:
        raise EditError(f"{_named(kind)} was drawn", remedy=f"draw a {' or a '.join(wanted)}")
    _require_few_vertices(given.get("coordinates"))
    lines = _lines(given.get("coordinates"), _DEPTHS[str(kind)])
    _require_near(lines, bounds)
    geometry = _built(str(kind), given["coordinates"])
    if geometry.is_empty:
        raise EditError("what was drawn is empty", remedy=_DRAW_AGAIN)
    if not shapely.is_valid(geometry):
        reason = shapely.is_valid_reason(geometry)
        raise EditError(f"what was drawn is invalid: {reason}", remedy="draw it without crossing its own border")
    return geometry


def geojson(geometry: shapely.Geometry) -> dict[str, Any]:
    """Return a geometry as GeoJSON with all its digits, so that borders that are shared stay so."""
    found: dict[str, Any] = shapely.geometry.mapping(geometry)
    return found


def _named(kind: object) -> str:
    return f"a {kind}" if isinstance(kind, str) and kind in (*_DEPTHS, "Point", "MultiPoint") else "no geometry"


def _require_few_vertices(coordinates: Any) -> None:
    """Raise where arrays hold more than `MOST_VERTICES` numbers or arrays at any depth; a loop, not a recursion."""
    waiting, found = [coordinates], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, list):
            found += len(each)
            if found > 4 * MOST_VERTICES:
                break
            waiting.extend(part for part in each if isinstance(part, list))
    if found > 4 * MOST_VERTICES:  # a vertex is one array of two numbers
        raise EditError(f"more than {MOST_VERTICES} vertices were drawn", remedy="draw it in several strokes")


def _lines(coordinates: Any, depth: int) -> list[NDArray[np.float64]]:
    """Return the lines or rings of the arrays of GeoJSON as (n, 2) coordinates."""
    if not isinstance(coordinates, list):
        raise EditError("the geometry has no coordinates", remedy="send GeoJSON")
    if depth > 1:
        return [line for part in coordinates for line in _lines(part, depth - 1)]
    return [np.array([_vertex(each) for each in coordinates], np.float64).reshape(-1, 2)]


def _vertex(given: Any) -> tuple[float, float]:
    if not isinstance(given, list) or not all(isinstance(each, int | float) for each in given):
        raise EditError("a vertex is no pair of numbers", remedy="send GeoJSON")
    if len(given) != 2 or any(isinstance(each, bool) for each in given):
        raise EditError(f"a vertex has {len(given)} coordinates", remedy="send two: heights have no place in outlines")
    try:
        return float(given[0]), float(given[1])
    except OverflowError:
        return math.inf, math.inf


def _require_near(lines: Sequence[NDArray[np.float64]], bounds: NDArray[np.float64]) -> None:
    vertices = np.concatenate(lines) if lines else np.empty((0, 2))
    if len(vertices) > MOST_VERTICES:
        raise EditError(f"{len(vertices)} vertices were drawn", remedy=f"draw at most {MOST_VERTICES} in one stroke")
    if not np.isfinite(vertices).all():
        raise EditError("a vertex has coordinates that are no numbers", remedy=_DRAW_AGAIN)
    low, high = bounds[:2] - SURROUNDINGS_M, bounds[2:] + SURROUNDINGS_M
    beyond = ((vertices < low) | (vertices > high)).any(axis=1)
    if beyond.any():
        x, y = vertices[beyond.argmax()]
        raise EditError(
            f"a vertex lies at {x:.0f}, {y:.0f}, more than {SURROUNDINGS_M / 1000:.0f} km from all outlines",
            remedy="draw it on the map, in the CRS of the review",
        )


def _built(kind: str, coordinates: Any) -> shapely.Geometry:
    """Return the geometry; raise where a line or ring is too short, or a ring is not closed."""
    with foreign_errors(EditError, what=f"what was drawn is no {kind}", remedy=_DRAW_AGAIN):
        if kind == "LineString":
            return shapely.LineString(coordinates)
        if kind == "MultiLineString":
            return shapely.MultiLineString(coordinates)
        polygons = [_polygon(rings) for rings in ([coordinates] if kind == "Polygon" else coordinates)]
        return polygons[0] if kind == "Polygon" else shapely.MultiPolygon(polygons)


def _polygon(rings: Sequence[Any]) -> shapely.Polygon:
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise EditError("a ring of the polygon is not closed", remedy="end it with its first vertex")
    return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()
