"""Quality masks of a simulated Sentinel-2 product.

From processing baseline 04.00 on they are rasters: `MSK_CLASSI` (opaque cloud, cirrus, snow), and for each band
`MSK_DETFOO` (number of the detector) and `MSK_QUALIT` (eight flags, the sixth of missing data). Before, they are
polygons in GML, opaque cloud in `MSK_CLOUDS`. Level-2A has the scene classification `SCL` and the probabilities of
cloud and snow besides. Layout and codes after the Sentinel-2 Products Specification Document and the Level-2A Algorithm
Theoretical Basis Document (S2-PDGS-MPC-ATBD-L2A).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.features import shapes
from scipy import ndimage

from trimline.simulate.acquisition import Acquisition
from trimline.simulate.sentinel2_names import OFFSETS, ProductNames, band_file
from trimline.simulate.terrain import Field, reduce

SCL = {
    "no_data": 0,
    "cloud_shadow": 3,
    "vegetation": 4,
    "not_vegetated": 5,
    "water": 6,
    "cloud_medium": 8,
    "cloud_high": 9,
    "snow": 11,
}
"""Classes of the scene classification that a simulation knows."""

CLASSI_M = 60
"""Pixel of `MSK_CLASSI` and of clouds in GML [m]."""

_DETECTOR = 6
_QUALIT_FLAGS, _QUALIT_NODATA = 8, 5
_RIM_PX = 3
_GREEN_NDVI = 0.4
_VECTOR_KINDS = ("DEFECT", "DETFOO", "NODATA", "SATURA", "TECQUA")
_NAMESPACES = {
    "xmlns:eop": "http://www.opengis.net/eop/2.0",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xmlns:gml": "http://www.opengis.net/gml/3.2",
}


@dataclass(frozen=True)
class Mask:
    """One quality mask."""

    kind: str
    """Its type in the metadata: ``MSK_CLASSI``."""
    file: str
    """Its name in ``QI_DATA``."""
    band: int | None
    """Number of its band; None for masks of all bands."""
    content: bytes | NDArray[np.uint8]
    """GML, or (h, w) or (layer, h, w) of a raster."""
    pixel_m: int
    """Side of its pixels [m]."""


def quality_masks(names: ProductNames) -> Iterator[Mask]:
    """Yield the masks of a product, those of all bands first."""
    acquisition = names.acquisition
    rasters = OFFSETS[names.baseline] != 0
    yield _classified(acquisition) if rasters else _clouds(names)
    if names.level == "L2A":
        for pixel_m in (20, 60):
            for kind, flag in (("CLDPRB", "cloud"), ("SNWPRB", "snow")):
                percent = np.rint(100 * _share(acquisition, acquisition.flags[flag], pixel_m)).astype(np.uint8)
                yield Mask(f"MSK_{kind}", f"MSK_{kind}_{pixel_m}m.jp2", None, percent, pixel_m)
    for number, band in enumerate(acquisition.sensor.bands):
        name, pixel_m = band_file(band), round(band.gsd_m)
        if not rasters:
            for kind in _VECTOR_KINDS:
                content = _gml(names, kind, name, _footprint(acquisition) if kind == "DETFOO" else [])
                yield Mask(f"MSK_{kind}", f"MSK_{kind}_{name}.gml", number, content, pixel_m)
            continue
        fill = mostly(acquisition, "fill", pixel_m)
        detectors = np.where(fill, 0, _DETECTOR).astype(np.uint8)
        yield Mask("MSK_DETFOO", f"MSK_DETFOO_{name}.jp2", number, detectors, pixel_m)
        flags = np.zeros((_QUALIT_FLAGS, *fill.shape), np.uint8)
        flags[_QUALIT_NODATA] = fill
        yield Mask("MSK_QUALIT", f"MSK_QUALIT_{name}.jp2", number, flags, pixel_m)


def scene_classification(acquisition: Acquisition, pixel_m: int) -> NDArray[np.uint8]:
    """Return the scene classification, (h, w) of `SCL`; the rim of a cloud, three pixels, is of medium probability."""
    classes = np.full(acquisition.geobox.shape, SCL["not_vegetated"], np.uint8)
    red, nir = acquisition.bands["red"], acquisition.bands["nir"]
    classes[(nir - red) > _GREEN_NDVI * (nir + red)] = SCL["vegetation"]
    cloud = acquisition.flags["cloud"]
    core = ndimage.binary_erosion(cloud, np.ones((2 * _RIM_PX + 1,) * 2, bool), border_value=1)
    for name, where in (
        ("water", acquisition.flags["water"]),
        ("snow", acquisition.flags["snow"]),
        ("cloud_shadow", acquisition.flags["cloud_shadow"]),
        ("cloud_medium", cloud),
        ("cloud_high", core),
        ("no_data", acquisition.flags["fill"]),
    ):
        classes[where] = SCL[name]
    step = _step(acquisition, pixel_m)
    return np.ascontiguousarray(classes[step // 2 :: step, step // 2 :: step])


def mostly(acquisition: Acquisition, flag: str, pixel_m: int) -> NDArray[np.bool_]:
    """Return where a flag holds in at least half of a coarser pixel."""
    return _share(acquisition, acquisition.flags[flag], pixel_m) >= 0.5


def coarser(geobox: GeoBox, pixel_m: int) -> GeoBox:
    """Return a grid with larger pixels [m] on the same ground."""
    return geobox.zoom_out(pixel_m / float(geobox.resolution.x))


def _step(acquisition: Acquisition, pixel_m: int) -> int:
    return round(pixel_m / float(acquisition.geobox.resolution.x))


def _share(acquisition: Acquisition, flag: NDArray[np.bool_], pixel_m: int) -> Field:
    return reduce(flag.astype(np.float64), _step(acquisition, pixel_m))


def _classified(acquisition: Acquisition) -> Mask:
    cloud, snow = mostly(acquisition, "cloud", CLASSI_M), mostly(acquisition, "snow", CLASSI_M)
    layers = np.stack([cloud, np.zeros_like(cloud), snow & ~cloud]).astype(np.uint8)
    return Mask("MSK_CLASSI", "MSK_CLASSI_B00.jp2", None, layers, CLASSI_M)


def _clouds(names: ProductNames) -> Mask:
    cloud = mostly(names.acquisition, "cloud", CLASSI_M)
    found = shapes(cloud.astype(np.uint8), mask=cloud, transform=coarser(names.acquisition.geobox, CLASSI_M).transform)
    content = _gml(names, "CLOUDS", "B00", [polygon["coordinates"] for polygon, _ in found])
    return Mask("MSK_CLOUDS", "MSK_CLOUDS_B00.gml", None, content, CLASSI_M)


def _footprint(acquisition: Acquisition) -> list[list[list[tuple[float, float]]]]:
    box = acquisition.geobox.boundingbox
    west, east, south, north = box.left, box.right, box.bottom, box.top
    return [[[(west, north), (east, north), (east, south), (west, south), (west, north)]]]


def _gml(names: ProductNames, kind: str, band: str, polygons: list[list[list[tuple[float, float]]]]) -> bytes:
    """Return polygons (rings of positions, the outer one first) as a GML mask."""
    identifier = names.mask_id(kind, band)
    root = Element("eop:Mask", {**_NAMESPACES, "gml:id": identifier})
    SubElement(root, "gml:name").text = f"MSK_{kind} pixels mask from data-strip {identifier}"
    box = names.acquisition.geobox.boundingbox
    if polygons:
        epsg = names.acquisition.geobox.crs.to_epsg() if names.acquisition.geobox.crs is not None else None
        envelope = SubElement(
            SubElement(root, "gml:boundedBy"), "gml:Envelope", srsName=f"urn:ogc:def:crs:EPSG:8.7:{epsg}"
        )
        SubElement(envelope, "gml:lowerCorner").text = f"{box.left:.3f} {box.bottom:.3f} 0"
        SubElement(envelope, "gml:upperCorner").text = f"{box.right:.3f} {box.top:.3f} 0"
    members = SubElement(root, "eop:maskMembers")
    word = {"CLOUDS": "OPAQUE", "DETFOO": "DETECTOR_FOOTPRINT"}.get(kind, kind)
    stem = f"detector_footprint-{band}-{_DETECTOR:02d}" if kind == "DETFOO" else word
    for position, rings in enumerate(polygons):
        feature = SubElement(members, "eop:MaskFeature", {"gml:id": f"{stem}.{position}"})
        SubElement(feature, "eop:maskType", codeSpace="urn:gs2:S2PDGS:maskType").text = word
        outline = SubElement(
            SubElement(feature, "eop:extentOf"), "gml:Polygon", {"gml:id": f"{word}.{position}_Polygon"}
        )
        for rank, ring in enumerate(rings):
            side = SubElement(SubElement(outline, "gml:interior" if rank else "gml:exterior"), "gml:LinearRing")
            positions = " ".join(f"{x:.3f} {y:.3f} 0" for x, y in ring)
            SubElement(side, "gml:posList", srsDimension="3").text = positions
    indent(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True)) + b"\n"
