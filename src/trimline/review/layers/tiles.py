"""Tiles of vector layers as GeoJSON: what is in view, as exact as its level shows.

An outline below two pixels of the screen is sent as a square, and of those below one pixel one square stands for all in
four pixels, with their number. All others have their vertices on a lattice of half a pixel, see
`trimline.review.layers.snapping`, on the last level as they are. Tiles are packed and kept until an outline in them
changes.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.review.contract import Bounds, TileGrid
from trimline.review.desk import Desk, NotThere
from trimline.review.layers.layer_shapes import LayerShapes
from trimline.review.layers.tile_grid import bounds_of_tile
from trimline.review.live.snapshot import Snapshot

_MARGIN = 1 / 16
"""Of a tile beyond its sides, so that the lines along which outlines are cut stay out of sight."""
_LATTICE = 0.5
"""Spacing of the lattice of vertices [pixels of the screen]."""
_SMALL, _TINY = 2.0, 1.0
"""Longer side of outlines that are sent as squares, and of those that are counted [pixels of the screen]."""
_CELL = 4.0
"""Side of the ground that one square of tiny outlines stands for [pixels of the screen]."""
_DECIMALS = 3
"""Of coordinates [m]."""
_MOST_KEPT_BYTES = 16_000_000
"""Of the tiles of one layer."""
_PACKING = 4
"""Level of gzip: fast."""


@dataclass(frozen=True)
class Tile:
    """A tile as it is sent."""

    packed: bytes
    """GeoJSON, by gzip."""
    etag: str
    """Of its content."""


@dataclass
class _Kept:
    """A layer as it was seen last, and its tiles."""

    shapes: LayerShapes | None
    tiles: OrderedDict[tuple[int, int, int], Tile]
    lock: threading.Lock


class Tiles:
    """Makes tiles of the layers of a desk, each once until its outlines change; safe to use from many threads."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._layers: dict[str, _Kept] = {}
        self._lock = threading.Lock()

    def tile(self, layer_id: str, z: int, x: int, y: int) -> Tile:
        """Return a tile of a layer as it is now.

        Raises
        ------
        NotThere
            There is no such layer or tile.
        """
        grid = self._desk.grid()
        bounds = bounds_of_tile(grid, z, x, y)
        if bounds is None:
            raise NotThere(f"there is no tile {x}, {y} on level {z}", where=layer_id)
        snapshot = self._desk.layer(layer_id)
        with self._lock:
            kept = self._layers.setdefault(layer_id, _Kept(None, OrderedDict(), threading.Lock()))
        with kept.lock:
            shapes = _up_to_date(kept, snapshot, grid)
            tile = kept.tiles.get((z, x, y))
            if tile is None:
                is_last = z == len(grid.resolutions) - 1
                tile = _packed(tile_content(shapes, bounds, grid.resolutions[z], is_exact=is_last))
                kept.tiles[z, x, y] = tile
                _forget_some(kept)
            kept.tiles.move_to_end((z, x, y))
        return tile


def _up_to_date(kept: _Kept, snapshot: Snapshot, grid: TileGrid) -> LayerShapes:
    """Return the shapes of a snapshot, or of a newer one, and forget the tiles that changed."""
    if kept.shapes is None:
        kept.shapes = LayerShapes(snapshot, grid.origin)
    elif kept.shapes.snapshot is not snapshot and kept.shapes.snapshot.version <= snapshot.version:
        kept.shapes = LayerShapes(snapshot, grid.origin, kept.shapes)
        for key in list(kept.tiles):
            bounds = bounds_of_tile(grid, *key)
            if bounds is None or _meets(kept.shapes.changed, _widened(bounds)):
                del kept.tiles[key]
    return kept.shapes


def _forget_some(kept: _Kept) -> None:
    while len(kept.tiles) > 1 and sum(len(each.packed) for each in kept.tiles.values()) > _MOST_KEPT_BYTES:
        kept.tiles.popitem(last=False)


def tile_content(shapes: LayerShapes, bounds: Bounds, resolution: float, *, is_exact: bool) -> str:
    """Return a tile as GeoJSON.

    Parameters
    ----------
    shapes
        Outlines of the layer.
    bounds
        Of the tile [m].
    resolution
        Width of a pixel of the screen [m].
    is_exact
        Whether outlines are sent as they are, whatever their size.

    Returns
    -------
    str
        Feature collection of polygons with the properties `glac_id`, `state` and `edits`, or, of outlines that are too
        small to be seen one by one, `count`.
    """
    box = _widened(bounds)
    numbers = shapes.meeting(box)
    around = shapes.bounds[numbers]
    size = np.maximum(around[:, 2] - around[:, 0], around[:, 3] - around[:, 1]) / resolution
    is_tiny = (size < _TINY) & (not is_exact)
    is_small = (size < _SMALL) & ~is_tiny & (not is_exact)
    large = numbers[~is_tiny & ~is_small]
    drawn = _drawn(shapes, large, box, 0 if is_exact else resolution * _LATTICE)
    middles = (around[is_small, :2] + around[is_small, 2:]) / 2
    squares = _squares(middles, np.maximum(size[is_small], _TINY) * resolution)
    features = [
        *_features(shapes.snapshot, large, drawn),
        *_features(shapes.snapshot, numbers[is_small], squares),
        *_counted(around[is_tiny], resolution),
    ]
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]}}'


def _widened(bounds: Bounds) -> Bounds:
    west, south, east, north = bounds
    margin = (east - west) * _MARGIN
    return west - margin, south - margin, east + margin, north + margin


def _meets(boxes: NDArray[np.float64], box: Bounds) -> bool:
    """Return whether any of (n, 4) boxes meets a box."""
    west, south, east, north = box
    return bool(((boxes[:, 0] <= east) & (boxes[:, 2] >= west) & (boxes[:, 1] <= north) & (boxes[:, 3] >= south)).any())


def _drawn(shapes: LayerShapes, numbers: NDArray[np.int64], box: Bounds, step: float) -> NDArray[np.object_]:
    """Return outlines, of those that reach beyond a box what lies in it."""
    bounds = shapes.bounds[numbers]
    is_inside = (bounds[:, :2] >= box[:2]).all(axis=1) & (bounds[:, 2:] <= box[2:]).all(axis=1)
    out = np.empty(len(numbers), object)
    out[is_inside] = shapes.at(numbers[is_inside], step)
    out[~is_inside] = shapes.cut(numbers[~is_inside], box, step)
    return out


def _squares(middles: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.object_]:
    half = sides[:, None] / 2
    corners = np.hstack([middles - half, middles + half])
    return np.asarray(shapely.box(*corners.T), object).reshape(-1)


def _features(snapshot: Snapshot, numbers: NDArray[np.int64], geometries: NDArray[np.object_]) -> list[str]:
    """Return features of outlines; none of those of which nothing is left."""
    out = []
    for number, geometry in zip(numbers, _as_geojson(geometries), strict=True):
        if geometry is None:
            continue
        name = json.dumps(snapshot.glac_ids[number])
        properties = f'"glac_id":{name},"state":"{snapshot.states[number]}","edits":{snapshot.edits[number]}'
        key = f'"id":{name},' if snapshot.glac_ids[number] else ""
        out.append(f'{{"type":"Feature",{key}"geometry":{geometry},"properties":{{{properties}}}}}')
    return out


def _counted(bounds: NDArray[np.float64], resolution: float) -> list[str]:
    """Return a feature for each cell with outlines that are too small to be seen, with their number."""
    middles = (bounds[:, :2] + bounds[:, 2:]) / 2
    cells, which, counts = np.unique(
        np.floor(middles / (_CELL * resolution)), axis=0, return_inverse=True, return_counts=True
    )
    which = which.reshape(-1)
    mean = np.stack([np.bincount(which, middles[:, axis], len(cells)) for axis in (0, 1)], axis=1)
    squares = _squares(mean / counts[:, None], np.full(len(cells), _TINY * resolution))
    return [
        f'{{"type":"Feature","geometry":{geometry},"properties":{{"count":{count}}}}}'
        for geometry, count in zip(_as_geojson(squares), counts, strict=True)
    ]


def _as_geojson(geometries: NDArray[np.object_]) -> list[str | None]:
    """Return polygons as GeoJSON, coordinates in millimetres; None where there is no ground."""
    rounded = shapely.transform(geometries, lambda coordinates: np.round(coordinates, _DECIMALS))
    has_ground = (shapely.get_dimensions(rounded) == 2) & ~shapely.is_empty(rounded)
    return [text if has else None for text, has in zip(shapely.to_geojson(rounded), has_ground, strict=True)]


def _packed(content: str) -> Tile:
    body = content.encode()
    digest = hashlib.blake2b(body, digest_size=12).hexdigest()
    return Tile(gzip.compress(body, _PACKING, mtime=0), f'"{digest}"')
