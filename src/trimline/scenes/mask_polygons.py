"""Quality masks as polygons: the GML files of Sentinel-2 before processing baseline 04.00.

A file without any polygon is legal and says that nothing was found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import shapely
from numpy.typing import NDArray
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox
from pyproj.exceptions import CRSError
from rasterio.features import rasterize

from trimline.errors import MetadataError, ProductError
from trimline.scenes.archive import open_archive
from trimline.scenes.grid import transform_points
from trimline.scenes.metadata_text import decode, read_bounded
from trimline.scenes.product_files import member_of
from trimline.scenes.safe_xml import elements, parse_xml, text_of

LONGEST_EDGE_M = 1000.0
"""Edges are cut to this length before they are transformed to another CRS [m]."""

_REMEDY = "it is damaged: fetch the product again"
_EPSG = re.compile(r".*EPSG:.*?(?P<code>\d{4,6})$")


@dataclass(frozen=True)
class MaskPolygons:
    """The polygons of one file."""

    polygons: tuple[tuple[str, shapely.Polygon], ...]
    """Each with its type: ``OPAQUE``, ``CIRRUS``, ``QT_SATURATED_PIXELS_L1A``, ..."""
    crs: CRS | None
    """None where there is no polygon."""

    def on(self, geobox: GeoBox, *types: str) -> NDArray[np.bool_]:
        """Return the pixels of a grid whose centres lie in polygons of these types; of all where none is given."""
        wanted = [polygon for kind, polygon in self.polygons if not types or kind in types]
        if not wanted or self.crs is None:
            return np.zeros(geobox.shape, np.bool_)
        if self.crs != geobox.crs:
            wanted = [_transformed(polygon, self.crs, geobox.crs) for polygon in wanted]
        box = geobox.boundingbox
        west, south, east, north = shapely.bounds(wanted).T
        near = (west < box.right) & (east > box.left) & (south < box.top) & (north > box.bottom)
        wanted = [polygon for polygon, is_near in zip(wanted, near, strict=True) if is_near]
        if not wanted:
            return np.zeros(geobox.shape, np.bool_)
        burnt = rasterize(wanted, out_shape=tuple(geobox.shape), transform=geobox.affine, dtype=np.uint8)
        return np.asarray(burnt, dtype=np.bool_)


def read_mask_polygons(href: str) -> MaskPolygons:
    """Read a GML file, on disk or in a zip archive.

    Raises
    ------
    MetadataError
        It is not GML, declares a document type, or has a ring that is none.
    ProductError
        It is not there, or its archive is damaged.
    """
    member = member_of(href)
    path = member.archive if member else Path(href)
    if not path.exists():
        raise ProductError("the file is not there any more", where=path, remedy="put it back, or open the scene again")
    status = path.stat()
    return _read(href, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _read(href: str, _size: int, _modified_ns: int) -> MaskPolygons:
    root = parse_xml(decode(_content(href)), href, _REMEDY)
    polygons = []
    for feature in elements(root, "MaskFeature"):
        kind = next((text_of(each) for each in elements(feature, "maskType")), "")
        polygons += [(kind, _polygon(each, href)) for each in elements(feature, "Polygon")]
    return MaskPolygons(tuple(polygons), _crs(root, href) if polygons else None)


def _content(href: str) -> bytes:
    member = member_of(href)
    if member is not None:
        return open_archive(member.archive).content(member.name)
    return read_bounded(Path(href))


def _crs(root: ElementTree.Element, name: str) -> CRS:
    for each in root.iter():
        match = _EPSG.fullmatch(each.get("srsName", ""))
        if match is not None:
            try:
                return CRS(int(match["code"]))
            except CRSError:
                break
    raise MetadataError("the masks have no CRS that is known", where=name, remedy=_REMEDY)


def _polygon(element: ElementTree.Element, name: str) -> shapely.Polygon:
    shells = [ring for each in elements(element, "exterior") for ring in _rings(each, name)]
    holes = [ring for each in elements(element, "interior") for ring in _rings(each, name)]
    if len(shells) != 1:
        raise MetadataError("a mask polygon has no outer ring", where=name, remedy=_REMEDY)
    return shapely.Polygon(shells[0], holes)


def _rings(element: ElementTree.Element, name: str) -> list[NDArray[np.float64]]:
    rings = []
    for each in elements(element, "posList"):
        try:
            numbers = np.array(text_of(each).split(), dtype=np.float64)
            dimension = int(each.get("srsDimension", "2"))
            ring = numbers.reshape(-1, dimension)[:, :2]
        except ValueError:
            ring = np.empty((0, 2))
        if len(ring) < 4 or not np.isfinite(ring).all():
            raise MetadataError("a ring of a mask polygon cannot be read", where=name, remedy=_REMEDY)
        rings.append(ring)
    return rings


def _transformed(polygon: shapely.Polygon, from_crs: CRS, to_crs: CRS | None) -> shapely.Polygon:
    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack(transform_points(from_crs, to_crs, points[:, 0], points[:, 1]), axis=1)

    moved: shapely.Polygon = shapely.transform(shapely.segmentize(polygon, LONGEST_EDGE_M), move)
    return moved
