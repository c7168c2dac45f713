"""Tiles of Copernicus GLO-30, one degree by one degree: which a region needs, and where a catalogue has them.

A tile is named after its south-west corner. Its rows are one second of arc high everywhere, and its columns become
wider towards the poles. There is no tile where there is only sea, and some countries' are not released (Copernicus DEM,
Product Handbook, GEO.2018-1988-2).
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely

from trimline.catalogues.item_assets import files_of
from trimline.catalogues.login import Login
from trimline.catalogues.region_query import region_on_earth, region_query
from trimline.catalogues.registry import alternates_of, archive_of, is_remote
from trimline.catalogues.stac_api import ApiIO, collections_there, items_of_api, open_api
from trimline.catalogues.static_catalogue import Walk
from trimline.errors import CatalogueError
from trimline.longitudes import connected, cut
from trimline.remote.address import scheme_of, shown
from trimline.remote.signing import unsigned
from trimline.remote.transport import Transport

_LOG = logging.getLogger(__name__)

COLLECTION = "cop-dem-glo-30"
"""Collection of the tiles in a catalogue that is no known archive."""
_NAME = re.compile(r"Copernicus_DSM_COG_10_([NS])(\d{2})_00_([EW])(\d{3})_00")
_WIDTHS = ((50.0, 1.0), (60.0, 1.5), (70.0, 2.0), (80.0, 3.0), (85.0, 5.0), (90.0, 10.0))
"""Latitude below which columns are so many seconds of arc wide."""
_SPAN = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_METRES_PER_DEGREE = 111_320.0
_MOST_TILES = 2000
"""Tiles of a region before it is refused: 100 GB."""


@dataclass(frozen=True, order=True)
class Tile:
    """One square degree."""

    south: int
    """Latitude of its south-west corner [degrees]."""
    west: int
    """Longitude of it, from -180 up to 179 [degrees]."""

    @classmethod
    def named(cls, name: str) -> Tile | None:
        """Return the tile that a file, item or address is named after; None where it is none."""
        found = _NAME.search(name)
        if found is None:
            return None
        side, south, half, west = found.groups()
        tile = cls(int(south) * (1 if side == "N" else -1), int(west) * (1 if half == "E" else -1))
        return tile if -90 <= tile.south < 90 and -180 <= tile.west < 180 else None

    @property
    def name(self) -> str:
        """The name of its file without the suffix, as ``Copernicus_DSM_COG_10_N43_00_E084_00_DEM``."""
        side, half = "S" if self.south < 0 else "N", "W" if self.west < 0 else "E"
        return f"Copernicus_DSM_COG_10_{side}{abs(self.south):02d}_00_{half}{abs(self.west):03d}_00_DEM"

    @property
    def column_seconds(self) -> float:
        """Width of its columns [seconds of arc], by the latitude of its edge that is nearer to the equator."""
        latitude = min(abs(self.south), abs(self.south + 1))
        return next(seconds for below, seconds in _WIDTHS if latitude < below)

    @property
    def box(self) -> shapely.Polygon:
        """Its outline in degrees."""
        return shapely.box(self.west, self.south, self.west + 1, self.south + 1)


@dataclass(frozen=True)
class TileFile:
    """A tile in a catalogue."""

    tile: Tile
    href: str
    """Its address, not signed."""


def ground_around(region: shapely.Geometry, margin_m: float) -> shapely.Geometry:
    """Return the ground within a distance of a region, at least, in degrees, cut at the 180th meridian.

    Parameters
    ----------
    region
        Polygons in degrees, whatever meridian their longitudes are counted from.
    margin_m
        The distance [m].

    Raises
    ------
    CatalogueError
        The region has no area, or lies nowhere on the Earth.
    """
    boxes = []
    for part in shapely.get_parts(region_on_earth(region)):
        west, south, east, north = part.bounds
        high = margin_m / _METRES_PER_DEGREE
        south, north = max(-90.0, south - high), min(90.0, north + high)
        widest = math.cos(math.radians(min(89.0, max(abs(south), abs(north)))))
        wide = min(180.0, high / widest)
        east, west = min(east + wide, west - wide + 360), west - wide
        boxes.append(shapely.box(west, south, east, north))
    pieces: shapely.Geometry = shapely.union_all(cut(connected(np.array(boxes, dtype=object))[0]))
    return pieces


def tiles_over(ground: shapely.Geometry) -> list[Tile]:
    """Return the tiles that ground in degrees meets, with longitudes from -180 to 180, by latitude and longitude.

    Raises
    ------
    CatalogueError
        There are too many.
    """
    found: set[Tile] = set()
    for part in shapely.get_parts(ground):
        west, south, east, north = part.bounds
        cells = [
            Tile(row, column)
            for row in range(math.floor(south), math.ceil(north))
            for column in range(max(-180, math.floor(west)), min(180, math.ceil(east)))
        ]
        if len(found) + len(cells) > _MOST_TILES:
            raise CatalogueError(
                f"the region meets more than {_MOST_TILES} tiles of elevation", remedy="give a smaller region"
            )
        shapely.prepare(part)
        met = shapely.area(shapely.intersection(part, np.array([each.box for each in cells], dtype=object))) > 0
        found.update(cell for cell, is_met in zip(cells, met, strict=True) if is_met)
    return sorted(found)


def find_tiles(
    catalogue: str, tiles: Sequence[Tile], ground: shapely.Geometry, transport: Transport
) -> tuple[list[TileFile], list[Tile]]:
    """Look tiles up in a catalogue.

    Parameters
    ----------
    catalogue
        Name of a known archive, or address or path of a STAC API or static catalogue.
    tiles
        Those that are needed, see `tiles_over`.
    ground
        What they cover, as `ground_around` gives it.
    transport
        Reads static catalogues.

    Returns
    -------
    The tiles that are there, by latitude and longitude, and those that are not: sea, or not released.

    Raises
    ------
    CatalogueError
        The catalogue does not answer, or has no collection of elevation, or none of the tiles.
    """
    archive = archive_of(catalogue)
    collection = COLLECTION if archive is None else archive.elevation
    if archive is not None and collection is None:
        raise CatalogueError(
            "the archive holds no elevation", where=archive.name, remedy="name another catalogue as dem_catalogue"
        )
    wanted = set(tiles)
    found: dict[Tile, TileFile] = {}
    notes: list[str] = []
    address = catalogue if archive is None else archive.address
    for item in _items(address, collection or COLLECTION, ground, transport, notes, has_login=archive is None):
        try:
            file = _file_of(item, alternates_of(catalogue), is_remote=is_remote(catalogue))
        except CatalogueError as error:
            notes.append(error.what)
            continue
        if file is not None and file.tile in wanted:
            found.setdefault(file.tile, file)
    if found and notes:
        _LOG.warning("elevation: %d of its items could not be read, and are left out: %s", len(notes), notes[0])
    if not found:
        unread = f" ({len(notes)} items could not be read: {notes[0]})" if notes else ""
        raise CatalogueError(
            f"it has none of the {len(tiles)} tiles of elevation of the region{unread}",
            where=f"{shown(address)}, {collection}",
            remedy="check the region, or give elevation of your own as dem",
        )
    return [found[tile] for tile in sorted(found)], [tile for tile in tiles if tile not in found]


def _items(
    address: str, collection: str, ground: shapely.Geometry, transport: Transport, notes: list[str], *, has_login: bool
) -> Iterator[Mapping[str, Any]]:
    io = ApiIO(Login() if has_login else unsigned)
    client = open_api(address, io) if scheme_of(address) in ("http", "https") else None
    if client is None:
        years = ((_SPAN[0].year, _SPAN[1].year),)
        yield from Walk(transport, ground, years, notes.append, (collection,)).items(address)
        return
    if not collections_there(client, [collection], address):
        raise CatalogueError(
            f"there is no collection '{collection}'", where=shown(address), remedy="name another as dem_catalogue"
        )
    yield from items_of_api(
        client,
        io,
        collections=[collection],
        intersects=region_query(ground),
        span=_SPAN,
        cloud_cover=None,
        where=address,
    )


def _file_of(item: Any, alternates: Mapping[str, str], *, is_remote: bool) -> TileFile | None:
    """Return the raster of an item that is a tile; None of any other."""
    if not isinstance(item, Mapping):
        return None
    files = files_of(item, alternates, is_remote=is_remote)
    rasters = [file for file in files.values() if file.name.lower().endswith((".tif", ".tiff"))]
    for file in sorted(rasters, key=lambda each: each.key != "data"):
        tile = Tile.named(file.name)
        if tile is not None:
            return TileFile(tile, file.href)
    return None


def names_of(tiles: Iterable[Tile]) -> str:
    """Return the squares of tiles in words, as ``N43 E084, S01 W078``."""
    return ", ".join(
        f"{'S' if each.south < 0 else 'N'}{abs(each.south):02d} {'W' if each.west < 0 else 'E'}{abs(each.west):03d}"
        for each in tiles
    )
