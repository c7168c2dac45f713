"""Quality flags of a scene on a grid: each kind of quality file and how it is read.

The key of a quality asset starts with its kind; what follows (``technical red``) only tells assets apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.scenes.asset import Asset
from trimline.scenes.assets_on_grid import read_assets
from trimline.scenes.mask_polygons import read_mask_polygons
from trimline.scenes.quality import is_fill, pixel_flags, saturation_flags
from trimline.scenes.sentinel2_quality import (
    CLASSIFICATION_LAYERS,
    TECHNICAL_LAYERS,
    Flags,
    cloud_bit_flags,
    completed,
    polygon_flags,
    scene_class_flags,
)
from trimline.sensors import Sensor

Reader = Callable[[Asset, GeoBox, Sensor], Flags]

CLOUD_KINDS = ("pixel", "classes", "classification", "cloud_polygons", "cloud_bits")
"""Kinds that tell where cloud is."""


def kind_of(key: str) -> str:
    """Return the kind of a quality asset from its key."""
    return key.partition(" ")[0]


def read_flags(assets: Mapping[str, Asset], geobox: GeoBox, sensor: Sensor) -> Flags:
    """Return all flags of a product on a grid, by name; one that several files tell is set where any sets it.

    Parameters
    ----------
    assets
        Quality assets by key.

    Returns
    -------
    Arrays of (h, w) bool. Outside the product only `fill` is true.
    """
    flags: Flags = {}
    for key, asset in assets.items():
        for name, flag in _READERS[kind_of(key)](asset, geobox, sensor).items():
            flags[name] = flags[name] | flag if name in flags else flag
    return completed(flags) if sensor.instrument == "MSI" else flags


def tells_fill(assets: Mapping[str, Asset]) -> bool:
    """Whether any of the assets tells where the image has no data."""
    return any(kind_of(key) in _FILL_READERS for key in assets)


def read_fill(assets: Mapping[str, Asset], geobox: GeoBox) -> NDArray[np.bool_]:
    """Return the `fill` flag on a grid, (h, w), without reading the other flags."""
    found = np.zeros(geobox.shape, np.bool_)
    for key, asset in assets.items():
        reader = _FILL_READERS.get(kind_of(key))
        if reader is not None:
            found |= reader(asset, geobox)
    return found


def _values(asset: Asset, geobox: GeoBox) -> tuple[NDArray[np.uint16], NDArray[np.bool_]]:
    """Return the numbers of a raster, 0 outside it, and where outside is."""
    numbers = read_assets([asset], geobox, "nearest")[0]
    outside: NDArray[np.bool_] = np.isnan(numbers)
    return np.where(outside, 0, numbers).astype(np.uint16), outside


def _pixel(asset: Asset, geobox: GeoBox, sensor: Sensor) -> Flags:
    values, outside = _values(asset, geobox)
    flags = pixel_flags(values, sensor)
    flags["fill"] |= outside
    return flags


def _pixel_fill(asset: Asset, geobox: GeoBox) -> NDArray[np.bool_]:
    values, outside = _values(asset, geobox)
    return outside | is_fill(values)


def _saturation(asset: Asset, geobox: GeoBox, sensor: Sensor) -> Flags:
    return saturation_flags(_values(asset, geobox)[0], sensor)


def _classes(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
    return scene_class_flags(_values(asset, geobox)[0])


def _zero(asset: Asset, geobox: GeoBox) -> NDArray[np.bool_]:
    """Return where a raster is 0, or is not."""
    return np.equal(_values(asset, geobox)[0], 0)


def _nothing(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
    return {"fill": _zero(asset, geobox)}


def _cloud_bits(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
    return cloud_bit_flags(_values(asset, geobox)[0])


def _classification(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
    layers = [replace(asset, index=index) for index, _ in enumerate(CLASSIFICATION_LAYERS, start=1)]
    numbers = np.nan_to_num(read_assets(layers, geobox, "nearest"))
    return {flag: layer > 0 for flag, layer in zip(CLASSIFICATION_LAYERS, numbers, strict=True)}


def _technical(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
    layers = [replace(asset, index=index) for index in TECHNICAL_LAYERS]
    numbers = np.nan_to_num(read_assets(layers, geobox, "nearest")) > 0
    flags: Flags = {}
    for flag, layer in zip(TECHNICAL_LAYERS.values(), numbers, strict=True):
        flags[flag] = flags[flag] | layer if flag in flags else layer
    return flags


def _outside(asset: Asset, geobox: GeoBox) -> NDArray[np.bool_]:
    """Return the pixels that no detector saw; none where the file has no footprint."""
    polygons = read_mask_polygons(asset.href)
    if not polygons.polygons:
        return np.zeros(geobox.shape, np.bool_)
    return np.logical_not(polygons.on(_of_file(asset, geobox)))


def _of_file(asset: Asset, geobox: GeoBox) -> GeoBox:
    """Return where a file of polygons says that a grid lies."""
    return geobox if asset.shift is None else asset.shift.back(geobox)


def _footprint_polygons(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
    return {"fill": _outside(asset, geobox)}


def _polygons(mask: str) -> Reader:
    def read(asset: Asset, geobox: GeoBox, _sensor: Sensor) -> Flags:
        return polygon_flags(mask, read_mask_polygons(asset.href), _of_file(asset, geobox))

    return read


_READERS: Mapping[str, Reader] = MappingProxyType(
    {
        "pixel": _pixel,
        "saturation": _saturation,
        "no_data": _nothing,
        "footprint": _nothing,
        "footprint_polygons": _footprint_polygons,
        "classes": _classes,
        "classification": _classification,
        "technical": _technical,
        "cloud_bits": _cloud_bits,
        "cloud_polygons": _polygons("MSK_CLOUDS"),
        "saturated_polygons": _polygons("MSK_SATURA"),
        "defective_polygons": _polygons("MSK_DEFECT"),
        "no_data_polygons": _polygons("MSK_NODATA"),
        "lost_polygons": _polygons("MSK_TECQUA"),
    }
)
"""How each kind is read. ``pixel`` and ``saturation`` are Landsat's QA_PIXEL and QA_RADSAT, ``no_data`` is a band whose
number 0 is no data, ``footprint`` MSK_DETFOO, ``classes`` SCL, ``classification`` MSK_CLASSI, ``technical`` MSK_QUALIT,
``cloud_bits`` QA60, and the rest the GML masks."""

_FILL_READERS: Mapping[str, Callable[[Asset, GeoBox], NDArray[np.bool_]]] = MappingProxyType(
    {
        "pixel": _pixel_fill,
        "no_data": _zero,
        "classes": _zero,
        "footprint": _zero,
        "footprint_polygons": _outside,
    }
)
"""The kinds that tell where the image has no data."""
