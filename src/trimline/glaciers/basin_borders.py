"""Borders of basins as lines, and outlines cut along them into parts that share their borders.

Basins are known by pixel. Their borders are traced along the edges of pixels from junction to junction, smoothed once
for both sides, and laid over the outline: the parts are the faces of the one network of lines. Two neighbours
therefore have the same vertices along their border, and the parts cover the outline without gaps or overlaps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from pyproj import CRS, Transformer
from scipy import ndimage

from trimline.outlines.check import grid_crs

_ALONG_PIXELS = 3.0
"""Standard deviation of the smoothing of a border along itself [pixels]; towards its ends it is smoothed less."""

_DENSE_PIXELS = 0.1
"""Vertices that lie nearer to the border without them are left out [pixels]."""


def border_lines(labels: NDArray[np.int64], transform: Affine) -> NDArray[Any]:
    """Return the smoothed borders between basins.

    Parameters
    ----------
    labels
        (h, w) basin of each pixel; negative ones are ground without a basin, where no border is drawn.
    transform
        From pixel coordinates to a CRS.

    Returns
    -------
    NDArray
        (n,) lines from junction to junction in that CRS. Ends and junctions stay on corners of pixels.
    """
    edges: list[NDArray[np.float64]] = []
    for axis in (0, 1):
        one, other = (labels[:-1], labels[1:]) if axis == 0 else (labels[:, :-1], labels[:, 1:])
        rows, columns = np.nonzero((one != other) & (one >= 0) & (other >= 0))
        # The edge between a pixel and the one below it, or to its right.
        start = np.column_stack([columns, rows + 1] if axis == 0 else [columns + 1, rows])
        end = start + ([1, 0] if axis == 0 else [0, 1])
        edges.append(np.stack([start, end], axis=1).astype(np.float64))
    every = np.concatenate(edges)
    if not len(every):
        return np.empty(0, object)
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.linestrings(every))))
    lines = [_smooth(shapely.get_coordinates(line)) for line in merged]
    found = np.empty(len(lines), object)
    found[:] = [shapely.LinearRing(line) if closed else shapely.LineString(line) for line, closed in lines]
    a, b, c, d, e, f = transform[:6]
    placed: NDArray[Any] = shapely.transform(
        found, lambda xy: np.column_stack([a * xy[:, 0] + b * xy[:, 1] + c, d * xy[:, 0] + e * xy[:, 1] + f])
    )
    return placed


def _smooth(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Return a line without its stairs, its ends where they were, and whether it is closed."""
    closed = len(points) > 3 and bool((points[0] == points[-1]).all())
    if closed:
        line = ndimage.gaussian_filter1d(points[:-1], _ALONG_PIXELS, axis=0, mode="wrap")
        line = np.concatenate([line, line[:1]])
    else:
        smooth = ndimage.gaussian_filter1d(points, _ALONG_PIXELS, axis=0, mode="nearest", truncate=3.0)
        end = np.minimum(np.arange(len(points)), np.arange(len(points))[::-1]) / (3.0 * _ALONG_PIXELS)
        weight = np.clip(end, 0.0, 1.0)[:, np.newaxis]
        line = weight * smooth + (1.0 - weight) * points
    thinned = shapely.get_coordinates(shapely.simplify(shapely.LineString(line), _DENSE_PIXELS))
    return (thinned if len(thinned) > 4 or not closed else points), closed


def cut_by_basins(
    outline: shapely.Geometry, crs: CRS, labels: NDArray[np.int64], geobox: GeoBox, smallest_m2: float
) -> dict[int, shapely.Geometry]:
    """Cut a polygon along the borders of basins.

    Parameters
    ----------
    outline
        A valid polygon.
    crs
        Its CRS. The cut is made in it, so that no vertex of the outline moves.
    labels
        (h, w) basin of each pixel, from 0.
    geobox
        The grid of the basins, in a plane with metres.
    smallest_m2
        Smaller pieces go to the neighbour that they share the longest border with.

    Returns
    -------
    dict[int, Geometry]
        The ground of each basin within the outline: polygons or multipolygons that share borders and no ground.
    """
    plane = grid_crs(geobox)
    lines = moved(border_lines(labels, geobox.affine), plane, crs)
    faces = faces_of(outline, lines)
    there = moved(faces, crs, plane)
    owner = without_scraps(there, basin_of_each(there, labels, geobox.affine), smallest_m2, keep_largest=False)
    return joined(faces, owner)


def faces_of(outline: shapely.Geometry, lines: NDArray[Any]) -> NDArray[Any]:
    """Return the faces that lines cut a polygon into, with the same vertices on both sides of each border."""
    shapely.prepare(outline)
    lines = lines[shapely.intersects(outline, lines)] if len(lines) else lines
    if not len(lines):
        return np.array([outline], object)
    network = shapely.union_all([shapely.boundary(outline), *lines])
    faces = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(network))))
    faces = faces[shapely.contains(outline, shapely.point_on_surface(faces))]
    return faces if len(faces) > 1 else np.array([outline], object)


def joined(faces: NDArray[Any], owner: NDArray[np.int64]) -> dict[int, shapely.Geometry]:
    """Return the ground of each owner."""
    parts = {}
    for each in np.unique(owner):
        own = faces[owner == each]
        parts[int(each)] = own[0] if len(own) == 1 else shapely.union_all(own)
    return parts


def beyond(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return basins spread to all pixels by the nearest one, so that their borders cross the whole outline."""
    if (labels < 0).all():
        return np.zeros_like(labels)
    row, column = ndimage.distance_transform_edt(labels < 0, return_distances=False, return_indices=True)
    spread: NDArray[np.int64] = labels[row, column]
    return spread


def moved(geometries: NDArray[Any], source: CRS, target: CRS) -> NDArray[Any]:
    """Return geometries in another CRS."""
    change = Transformer.from_crs(source, target, always_xy=True)
    there: NDArray[Any] = shapely.transform(geometries, change.transform, interleaved=False)
    return there


def basin_of_each(faces: NDArray[Any], labels: NDArray[np.int64], transform: Affine) -> NDArray[np.int64]:
    """Return the basin with the most pixels in each face; at a point inside it where it holds none."""
    owner = _label_at(shapely.get_coordinates(shapely.point_on_surface(faces)), labels, transform)
    burnt = rasterio.features.rasterize(
        [(face, number + 1) for number, face in enumerate(faces)],
        labels.shape,
        transform=transform,
        dtype="int32",
    )
    held = (burnt > 0) & (labels >= 0)
    pair, count = np.unique(np.column_stack([burnt[held] - 1, labels[held]]), axis=0, return_counts=True)
    order = np.argsort(count, kind="stable")
    owner[pair[order, 0]] = pair[order, 1]
    return owner


def _label_at(points: NDArray[np.float64], labels: NDArray[np.int64], transform: Affine) -> NDArray[np.int64]:
    columns, rows = ~transform * (points[:, 0], points[:, 1])
    row = np.clip(np.floor(rows).astype(int), 0, labels.shape[0] - 1)
    column = np.clip(np.floor(columns).astype(int), 0, labels.shape[1] - 1)
    found: NDArray[np.int64] = labels[row, column]
    return found


def without_scraps(
    faces: NDArray[Any], owner: NDArray[np.int64], smallest: float, *, keep_largest: bool
) -> NDArray[np.int64]:
    """Give small pieces of basins to the neighbour with the longest shared border, the smallest first.

    Parameters
    ----------
    faces
        (n,) faces in a plane.
    owner
        (n,) the basin of each.
    smallest
        Smaller pieces are given away, in the unit of the plane squared.
    keep_largest
        Whether the largest piece of a basin stays however small it is.

    Returns
    -------
    NDArray[np.int64]
        (n,) the basin of each face.
    """
    owner, area = owner.copy(), shapely.area(faces)
    one, other = shapely.STRtree(faces).query(faces, predicate="intersects")
    one, other = one[one < other], other[one < other]
    # Borders have the same vertices on both sides. As lines they may be intersected also where a change of the CRS left
    # a face that is not quite valid.
    borders = shapely.boundary(faces)
    shared = shapely.length(shapely.intersection(borders[one], borders[other]))
    beside: list[list[tuple[int, float]]] = [[] for _ in faces]
    for a, b, length in zip(one[shared > 0], other[shared > 0], shared[shared > 0], strict=True):
        beside[a].append((int(b), float(length)))
        beside[b].append((int(a), float(length)))
    while True:
        pieces = _pieces(owner, beside)
        size = np.bincount(pieces, area)
        of_piece = np.empty(len(size), np.int64)
        of_piece[pieces] = owner
        largest: dict[int, int] = {}
        for piece in np.argsort(size, kind="stable"):
            largest[int(of_piece[piece])] = int(piece)
        moved = False
        for piece in np.argsort(size, kind="stable"):
            if size[piece] >= smallest or (keep_largest and largest[int(of_piece[piece])] == piece):
                continue
            border: dict[int, float] = {}
            for face in np.flatnonzero(pieces == piece):
                for neighbour, length in beside[face]:
                    if pieces[neighbour] != piece:
                        to = int(owner[neighbour])
                        border[to] = border.get(to, 0.0) + length
            if border:
                owner[pieces == piece] = max(border, key=lambda each: (border[each], -each))
                moved = True
                break
        if not moved:
            return owner


def _pieces(owner: NDArray[np.int64], beside: list[list[tuple[int, float]]]) -> NDArray[np.int64]:
    """Return which connected piece of a basin each face belongs to."""
    piece = np.full(len(owner), -1, np.int64)
    number = 0
    for start in range(len(owner)):
        if piece[start] >= 0:
            continue
        piece[start], reached = number, [start]
        while reached:
            for neighbour, _ in beside[reached.pop()]:
                if piece[neighbour] < 0 and owner[neighbour] == owner[start]:
                    piece[neighbour] = number
                    reached.append(neighbour)
        number += 1
    return piece
