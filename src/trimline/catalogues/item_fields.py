"""Fields of STAC items, in the spellings of several archives and versions: time, sun, cloud, footprint, id."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import shapely
import shapely.geometry

from trimline.errors import CatalogueError, OutlineError
from trimline.file_names import safe_name
from trimline.foreign import foreign_errors
from trimline.longitudes import connected, cut, short_way
from trimline.scenes.metadata_text import float_of, parse_moment

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.-]")
_MOST_DEGREES = 540.0
"""Longitude beyond which none is written, however it is counted [degrees]."""
_MOST_PARTS, _MOST_VERTICES = 1000, 100_000
"""Parts and vertices of a footprint that no scene has: a scene is a quadrangle, or some pieces of a swath."""


def properties_of(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of an item; none where it has none."""
    properties = item.get("properties")
    return properties if isinstance(properties, Mapping) else {}


def id_of(item: Mapping[str, Any]) -> str:
    """Return the id of an item as a name for files and project files; a digest keeps changed ones apart.

    Raises
    ------
    CatalogueError
        It has none, or one that is no text (half of a surrogate pair).
    """
    given = item.get("id")
    if not isinstance(given, str) or not given:
        raise CatalogueError("an item has no id")
    if any("\ud800" <= each <= "\udfff" for each in given):
        raise CatalogueError("the id of an item is no text", where=given)
    plain = _NOT_PLAIN.sub("_", safe_name(given, "item")).lstrip("_.-")
    return plain if plain == given else f"{plain or 'item'}-{hashlib.sha256(given.encode()).hexdigest()[:8]}"


def time_of(item: Mapping[str, Any]) -> datetime:
    """Return the time of acquisition (UTC), or its start where an item has a range only.

    Raises
    ------
    CatalogueError
        There is none, or none that an image can have.
    """
    properties = properties_of(item)
    written = properties.get("datetime") or properties.get("start_datetime")
    if not isinstance(written, str):
        raise CatalogueError("the item has no time", where=item.get("id"))
    try:
        return parse_moment(written)
    except (ValueError, OverflowError):
        raise CatalogueError(f"its time cannot be '{written[:40]}'", where=item.get("id")) from None


def cloud_of(item: Mapping[str, Any]) -> float | None:
    """Return the cloud cover [percent]; None where it is not known, which Landsat writes as -1."""
    return _within(properties_of(item).get("eo:cloud_cover"), 0, 100)


def sun_of(item: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return elevation and azimuth of the sun [degrees]; None where they are not known."""
    properties = properties_of(item)
    zenith = _within(properties.get("s2:mean_solar_zenith"), 0, 180)
    elevation = _first(properties, ("view:sun_elevation", "eo:sun_elevation"), -90, 90)
    if elevation is None and zenith is not None:
        elevation = 90.0 - zenith
    azimuth = _first(properties, ("view:sun_azimuth", "eo:sun_azimuth", "s2:mean_solar_azimuth"), -360, 360)
    return elevation, None if azimuth is None else azimuth % 360


def footprint_of(item: Mapping[str, Any]) -> shapely.Geometry:
    """Return the footprint, cut at the 180th meridian; the bounding box where an item has no other.

    Raises
    ------
    CatalogueError
        There is none, or it is no polygon on the Earth.
    """
    where = item.get("id")
    geometry = item.get("geometry")
    with foreign_errors(CatalogueError, where, what="its footprint cannot be read"), np.errstate(invalid="ignore"):
        shape = box_of(item.get("bbox")) if geometry is None else shapely.geometry.shape(geometry)
    if shape is None or shapely.get_dimensions(shape) != 2:
        raise CatalogueError("the item has no footprint", where=where)
    if shapely.get_num_geometries(shape) > _MOST_PARTS or shapely.get_num_coordinates(shape) > _MOST_VERTICES:
        raise CatalogueError("its footprint has more parts than any scene", where=where)
    west, south, east, north = shape.bounds
    is_finite = bool(np.isfinite(shapely.get_coordinates(shape)).all())
    if not (is_finite and -90 <= south <= north <= 90 and max(-west, east) <= _MOST_DEGREES):
        raise CatalogueError("its footprint lies nowhere on the Earth", where=where)
    try:
        with foreign_errors(CatalogueError, where, what="its footprint cannot be read"):
            flat = shapely.get_parts(shapely.force_2d(shape))
            parts = [_sound(part) for part in flat if shapely.get_dimensions(part) == 2]
            pieces = shapely.get_parts(cut(connected(np.array(parts, dtype=object))[0]))
    except OutlineError as error:
        raise CatalogueError(f"its footprint cannot be read ({error.what})", where=where) from None
    polygons = [piece for piece in pieces if shapely.get_dimensions(piece) == 2 and piece.area > 0]
    if not polygons:
        raise CatalogueError("its footprint has no area", where=where)
    return polygons[0] if len(polygons) == 1 else shapely.multipolygons(polygons)


def _sound(part: shapely.Polygon) -> shapely.Geometry:
    """Return a part of a footprint with its edges the short way round; where it crosses itself, its convex hull.

    At the 180th meridian the corners of some Landsat items of USGS are in disorder.
    """
    ring = shapely.get_coordinates(part.exterior)
    x = short_way(ring, 360.0)
    if x[0] != x[-1]:
        return part  # it winds around a pole
    straight = shapely.Polygon(np.column_stack([x, ring[:, 1]]))
    return straight if straight.is_valid else straight.convex_hull


def box_of(box: Any) -> shapely.Geometry | None:
    """Return a bounding box of STAC as a polygon, east of 180 where it spans that meridian; None where it is none."""
    if not isinstance(box, list | tuple) or len(box) not in (4, 6):
        return None
    west, south, east, north = (float(box[i]) for i in ((0, 1, 2, 3) if len(box) == 4 else (0, 1, 3, 4)))
    return shapely.box(west, south, east + 360 if east < west else east, north)


def _first(properties: Mapping[str, Any], keys: tuple[str, ...], least: float, most: float) -> float | None:
    found = (_within(properties.get(key), least, most) for key in keys)
    return next((value for value in found if value is not None), None)


def _within(value: Any, least: float, most: float) -> float | None:
    number = float_of(value)
    return number if number is not None and least <= number <= most else None
