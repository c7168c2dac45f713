"""Quality masks of Sentinel-2 as the same flags as Landsat's.

Classes of the scene classification: Level-2A Algorithm Theoretical Basis Document (ESA S2-PDGS-MPC-ATBD-L2A), table of
SCL. Layers of MSK_CLASSI and MSK_QUALIT: Products Specification Document, issue 14.9, annex E. Bits of QA60:
Products Specification Document, issue 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.scenes.mask_polygons import MaskPolygons

Flags = dict[str, NDArray[np.bool_]]

SCENE_CLASSES: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "fill": (0,),
        "saturated": (1,),
        "cloud_shadow": (3,),
        "water": (6,),
        "cloud": (8, 9),
        "cirrus": (10,),
        "snow": (11,),
    }
)
"""Classes of SCL by flag; 2, 4, 5 and 7 are dark, vegetated, bare and unclassified ground. Class 1 is saturated or
defective, which SCL does not tell apart."""

CLASSIFICATION_LAYERS = ("cloud", "cirrus", "snow")
"""Flags of the three layers of MSK_CLASSI."""

TECHNICAL_LAYERS: Mapping[int, str] = MappingProxyType({3: "dropped", 5: "dropped", 6: "dropped", 8: "saturated"})
"""Flags of the layers of MSK_QUALIT: lost packets, defective pixels, no data, saturated pixels. Layers 1, 2, 4 and 7
(lost or degraded ancillary data, degraded packets, corrected cross-talk) leave the pixel of use."""

POLYGON_TYPES: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "MSK_CLOUDS": {"cloud": ("OPAQUE",), "cirrus": ("CIRRUS",)},
        "MSK_SATURA": {"saturated": ()},
        "MSK_DEFECT": {"dropped": ()},
        "MSK_NODATA": {"dropped": ("QT_NODATA_PIXELS",)},
        "MSK_TECQUA": {"dropped": ("MSI_LOST",)},
    }
)
"""Flags of the GML masks and the types of polygons that set them; () stands for all types of the file."""

OPAQUE_BIT, CIRRUS_BIT = 10, 11
"""Bits of QA60."""

HIDING = ("fill", "cloud", "cloud_shadow", "cirrus", "dropped")
"""Where none of these is set, the ground is `clear`."""
KEPT_IN_FILL = ("fill", "dropped")
"""Flags that pixels without data may have."""


def scene_class_flags(classes: NDArray[np.uint16]) -> Flags:
    """Return the flags of SCL values, of any shape."""
    return {flag: np.isin(classes, values) for flag, values in SCENE_CLASSES.items()}


def cloud_bit_flags(bits: NDArray[np.uint16]) -> Flags:
    """Return the flags of QA60 values, of any shape."""
    return {
        name: np.asarray((bits >> np.uint16(bit)) & np.uint16(1), dtype=np.bool_)
        for name, bit in (("cloud", OPAQUE_BIT), ("cirrus", CIRRUS_BIT))
    }


def polygon_flags(kind: str, polygons: MaskPolygons, geobox: GeoBox) -> Flags:
    """Return the flags of a GML mask on a grid."""
    return {flag: polygons.on(geobox, *types) for flag, types in POLYGON_TYPES[kind].items()}


def completed(flags: Flags) -> Flags:
    """Return the flags without what they say of pixels that have no data, and with `clear` where cloud is told."""
    fill = flags.get("fill")
    if fill is not None:
        image = np.logical_not(fill)
        flags = {name: flag if name in KEPT_IN_FILL else flag & image for name, flag in flags.items()}
    if "cloud" not in flags:
        return flags
    hidden = np.logical_or.reduce([flags[name] for name in HIDING if name in flags])
    return {**flags, "clear": np.logical_not(hidden)}
