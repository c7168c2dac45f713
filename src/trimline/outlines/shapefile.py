"""Shapefiles as they are on the disk: whether all their parts are there and whole, and which way their rings run.

By the specification (ESRI, 1998, Shapefile Technical Description) an outer ring runs clockwise and a hole against it.
Files of which this is not so are common. The nesting of the rings then decides, where it leaves one reading only.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.errors import OutlineError
from trimline.foreign import foreign_errors

_HEADER = 100
"""Bytes of the header of a .shp and of a .shx; their length in 16-bit words stands at byte 24."""
_MAGIC = (9994).to_bytes(4, "big")
"""First bytes of a .shp."""
_LENGTH_AT = 24
_SHX_RECORD = 8
"""Bytes of a record of a .shx: offset and length of one of the .shp, in 16-bit words."""
_DBF_HEADER = 12

_WITHIN = 0.99
"""Share of a ring's ground within another from which it lies in that one: hand-drawn holes touch the edge."""

NEEDED = (".shp", ".shx", ".dbf")
"""Files without which a Shapefile is none."""


@dataclass(frozen=True)
class Part:
    """One of the files of a Shapefile, on the disk or in an archive."""

    size: int
    """Its bytes."""
    head: Callable[[int], bytes]
    """Reads so many bytes from its start, or all of them (-1)."""


def parts_on_disk(path: Path) -> dict[str, Part]:
    """Return the files of a Shapefile by their suffix in small letters."""

    def part(file: Path) -> Part:
        def head(count: int) -> bytes:
            with file.open("rb") as stream:
                return stream.read(count)

        return Part(file.stat().st_size, head)

    beside = (each for each in path.parent.iterdir() if each.stem == path.stem and each.is_file())
    return {each.suffix.lower(): part(each) for each in beside}


def require_whole(parts: Mapping[str, Part], where: object) -> None:
    """Raise unless the files of a Shapefile are all there and hold as many rows as they say.

    Parameters
    ----------
    parts
        Its files by their suffix in small letters.
    where
        The file, for the message.

    Raises
    ------
    OutlineError
        The .shx or .dbf is missing, one of the files ends early, or they hold different numbers of rows.
    """
    with foreign_errors(OutlineError, where):
        if parts[NEEDED[0]].head(len(_MAGIC)) != _MAGIC:
            raise OutlineError(
                "cannot be read as outlines: it is no Shapefile", where=where, remedy="copy or download it again"
            )
    for suffix in NEEDED:
        if suffix not in parts:
            raise OutlineError(
                f"its {suffix} is missing",
                where=where,
                remedy="copy all files of the Shapefile: .shp, .shx, .dbf, .prj",
            )
    with foreign_errors(OutlineError, where):
        shp, shx, dbf = (parts[suffix] for suffix in NEEDED)
        index = shx.head(-1)
        for suffix, part, start in ((".shp", shp, shp.head(_HEADER)), (".shx", shx, index[:_HEADER])):
            said = 2 * struct.unpack_from(">i", start, _LENGTH_AT)[0] if len(start) == _HEADER else _HEADER
            if said > part.size or part.size < _HEADER:
                raise _ends_early(suffix, f"it has {part.size} of {said} bytes", where)
        records = np.frombuffer(index, ">i4", offset=_HEADER, count=(len(index) - _HEADER) // _SHX_RECORD * 2)
        ends = 2 * records.reshape(-1, 2).astype(np.int64).sum(axis=1) + _SHX_RECORD
        if len(ends) and ends.max() > shp.size:
            row = int(np.flatnonzero(ends > shp.size)[0])
            raise _ends_early(".shp", f"the shape of row {row} lies behind its end", where)
        start = dbf.head(_DBF_HEADER)
        if len(start) < _DBF_HEADER:
            raise _ends_early(".dbf", f"it has {dbf.size} bytes", where)
        rows, header, row_bytes = struct.unpack_from("<IHH", start, 4)
    if rows != len(ends):
        raise OutlineError(
            f"its .dbf holds {rows} rows and its .shx {len(ends)}", where=where, remedy="copy the files anew, together"
        )
    if dbf.size < header + rows * row_bytes:
        held = max(0, dbf.size - header) // max(1, row_bytes)
        raise _ends_early(".dbf", f"it holds {held} of {rows} rows", where)


def _ends_early(suffix: str, found: str, where: object) -> OutlineError:
    return OutlineError(f"its {suffix} ends early: {found}", where=where, remedy="copy or download it again")


def oriented(frame: gpd.GeoDataFrame, where: object) -> tuple[gpd.GeoDataFrame, list[int]]:
    """Return polygons whose rings are outer ones or holes by their nesting, where some run the wrong way.

    A ring that lies in no other is an outer one, and one that lies in another and runs against it is the other kind:
    this holds whichever way they run. A ring that lies in another and runs as that one does may be a hole, or ground
    that is outlined twice.

    Parameters
    ----------
    frame
        Polygons as GDAL makes them of a Shapefile: it trusts the direction of the rings, and keeps it.
    where
        The file, for the message.

    Returns
    -------
    tuple[GeoDataFrame, list[int]]
        The polygons, and the rows whose rings ran the wrong way.

    Raises
    ------
    OutlineError
        A ring lies in another and runs as that one does; the row is named.
    """
    geometries = frame.geometry.to_numpy().copy()
    turned = []
    for i in np.flatnonzero(_doubtful(geometries)):
        nested = _nested(shapely.get_rings(shapely.get_parts(geometries[i])), f"outline {frame.index[i]}", where)
        if nested is not None:
            geometries[i] = nested
            turned.append(int(i))
    if not turned:
        return frame, []
    return frame.set_geometry(gpd.GeoSeries(geometries, frame.index, crs=frame.crs)), turned


def _doubtful(geometries: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which polygons have several rings and are not both valid and directed as the specification says."""
    doubtful = np.zeros(len(geometries), bool)
    kinds = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
    rows = np.flatnonzero(np.isin(shapely.get_type_id(geometries), kinds) & ~shapely.is_empty(geometries))
    polygons, polygon_of = shapely.get_parts(geometries[rows], return_index=True)
    rings, ring_of = shapely.get_rings(polygons, return_index=True)
    outer = np.diff(ring_of, prepend=-1) > 0
    wrong = np.bincount(polygon_of[ring_of], _clockwise(rings) != outer, minlength=len(rows)) > 0
    several = np.bincount(polygon_of[ring_of], minlength=len(rows)) > 1
    rows, wrong = rows[several], wrong[several]
    doubtful[rows] = wrong | ~shapely.is_valid(geometries[rows])
    return doubtful


def _clockwise(rings: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which rings run clockwise, by the sign of the area that they enclose."""
    coordinates, ring = shapely.get_coordinates(rings, return_index=True)
    starts = np.searchsorted(ring, np.arange(len(rings)))
    x, y = (coordinates - coordinates[starts][ring]).T
    steps = np.zeros(len(x))
    steps[:-1] = np.where(ring[1:] == ring[:-1], x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    return np.bincount(ring, steps, minlength=len(rings)) < 0


def _nested(rings: NDArray[np.object_], row: str, where: object) -> shapely.Geometry | None:
    """Return the polygons that the nesting of rings makes; None where GDAL's reading, by their direction, holds."""
    clockwise, filled = _clockwise(rings), shapely.polygons(rings)
    crossing_itself = ~shapely.is_valid(filled)
    filled[crossing_itself] = shapely.make_valid(filled[crossing_itself], method="structure", keep_collapsed=False)
    areas = shapely.area(filled)
    first, second = shapely.STRtree(filled).query(filled, predicate="intersects")
    larger = areas[first] < areas[second]
    inner, outer = first[larger], second[larger]
    shared = shapely.area(shapely.intersection(filled[inner], filled[outer]))
    inside = shared >= _WITHIN * areas[inner]
    crossing = ~inside & (shared > (1 - _WITHIN) * areas[inner])
    if (crossing & (clockwise[inner] & ~clockwise[outer])).any():
        raise _two_readings(row, "two rings that cross and run opposite ways, the larger one as a hole", where)
    if (crossing & (clockwise[inner] != clockwise[outer])).any():
        return None  # a hole that reaches beyond its outer ring
    inner, outer = inner[inside], outer[inside]
    depth = np.bincount(inner, minlength=len(rings))
    if (clockwise == (depth % 2 == 0)).all():
        return None
    parents = _parents(inner, outer, depth)
    if any(clockwise[ring] == clockwise[parent] for ring, parent in parents.items()):
        raise _two_readings(row, "a ring within another that runs the same way", where)
    polygons = [
        shapely.Polygon(rings[ring], [rings[each] for each, parent in parents.items() if parent == ring])
        for ring in np.flatnonzero(depth % 2 == 0)
    ]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _two_readings(row: str, rings: str, where: object) -> OutlineError:
    return OutlineError(
        f"{row} has {rings}: a hole, or ground that is outlined twice",
        where=where,
        remedy="draw the hole again, for instance with 'Delete Ring' and 'Add Ring' of QGIS",
    )


def _parents(inner: NDArray[np.intp], outer: NDArray[np.intp], depth: NDArray[np.intp]) -> dict[int, int]:
    """Return for each ring within others the innermost of them."""
    parents: dict[int, int] = {}
    for ring, around in zip(inner.tolist(), outer.tolist(), strict=True):
        if ring not in parents or depth[around] > depth[parents[ring]]:
            parents[ring] = around
    return parents
