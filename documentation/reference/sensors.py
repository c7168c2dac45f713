"""Reference of sensors: bands and their names, quality flags, and what is read of which product."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from documentation.reference.markdown import code, page, table
from trimline.scenes.quality import PIXEL_BITS, TOLD_BY
from trimline.scenes.sentinel2_metadata import FIRST_WITH_OFFSET
from trimline.scenes.sentinel2_offset import QUANTIFICATION
from trimline.scenes.sentinel2_quality import (
    CIRRUS_BIT,
    CLASSIFICATION_LAYERS,
    HIDING,
    OPAQUE_BIT,
    POLYGON_TYPES,
    SCENE_CLASSES,
    TECHNICAL_LAYERS,
)
from trimline.sensors import SENSORS, Band, Sensor

PATH = "reference/sensors.md"
SOURCE = "Generated from `src/trimline/sensors.py` and the readers in `src/trimline/scenes`."
INTRODUCTION = """\
A band has one name here, whatever the agency numbers it. Commands and project files take either name: `red`, or `B4` of
a sensor where that is its red band. How digital numbers become reflectance, and what else is read of a product, stands
in [products and sensors](../products.md)."""

FLAGS = {
    "fill": "no data",
    "dilated_cloud": "within a few pixels of cloud",
    "cirrus": "thin cloud, high up",
    "cloud": "cloud",
    "cloud_shadow": "shadow of cloud",
    "snow": "snow or ice",
    "clear": "Landsat: neither cloud nor dilated cloud, as the product says. Sentinel-2: none of "
    f"{', '.join(HIDING)}, as far as the product tells them",
    "water": "water",
    "saturated": "a band that glaciers are mapped from is saturated; class 1 of SCL may be defective instead",
    "occluded": "terrain hides the ground from the sensor",
    "dropped": "lost on the way from the satellite, or defective",
}
"""The flags of `Scene.quality`, with their meaning."""


def pages() -> dict[str, str]:
    """Return the page of sensors."""
    parts = [
        INTRODUCTION,
        "## Names of bands",
        table(("name", *_families()), _names_of_bands()),
        "MSS: the first name is that of Landsat 1 to 3, the second that of Landsat 4 and 5.",
    ]
    for _, members in groupby(SENSORS.values(), key=_look):
        parts += _sensors(list(members))
    parts += [
        "## Quality flags",
        "`scene.quality()` gives the flags by these names, for all sensors alike. A flag that a product cannot tell is "
        "absent, and not false.",
        table(("flag", "meaning"), ((code(name), meaning) for name, meaning in FLAGS.items())),
        "### Landsat",
        "Flags of QA_PIXEL by bit, and the instruments whose products set them. `saturated` is from QA_RADSAT, as are "
        "`occluded` (OLI) and `dropped` (the others).",
        table(("flag", "bit", "set by"), _pixel_flags()),
        "### Sentinel-2",
        "Flags of Level-2A (SCL), of Level-1C since baseline 04.00 (layers of the masks), and of Level-1C before "
        "(polygons of the masks). Tiles of archives may have QA60 instead.",
        table(("flag", "SCL", "masks since 04.00", "masks before"), _sentinel2_flags()),
        f"QA60: `cloud` is bit {OPAQUE_BIT}, `cirrus` bit {CIRRUS_BIT}.",
        "## Products and processing baselines",
        table(("product", "levels", "reflectance from"), _products()),
        f"Sentinel-2 digital numbers are {QUANTIFICATION} times reflectance. Since processing baseline "
        f"{FIRST_WITH_OFFSET} they carry an offset, also in older scenes that were processed anew; it is taken from "
        "what the product states, never from a date ([more](../products.md#sentinel-2)).",
    ]
    return {PATH: page("Sensors and bands", SOURCE, *parts)}


def _look(sensor: Sensor) -> tuple[tuple[object, ...], ...]:
    """Return what a table of bands shows of a sensor."""
    return tuple((band.name, band.common, band.lower_um, band.upper_um, band.gsd_m) for band in sensor.bands)


def _sensors(sensors: list[Sensor]) -> Iterator[str]:
    """Yield the section of sensors with the same bands."""
    yield f"## {', '.join(each.id for each in sensors)}"
    platforms = " and ".join(each.platform for each in sensors)
    finest = f"The finest reflective pixel that glaciers are mapped from is {sensors[0].gsd_m:g} m."
    yield f"{sensors[0].instrument} on {platforms}. {finest}"
    yield table(("name", "band", "from, to \\[µm\\]", "pixel \\[m\\]"), (_row(band) for band in sensors[0].bands))


def _row(band: Band) -> tuple[str, str, str, str]:
    return code(band.common), band.name, f"{band.lower_um:g}, {band.upper_um:g}", f"{band.gsd_m:g}"


def _families() -> list[str]:
    return list(dict.fromkeys(each.instrument for each in SENSORS.values()))


def _names_of_bands() -> Iterator[tuple[str, ...]]:
    """Yield a row per common name: the agency's names by instrument, several where platforms differ."""
    names = dict.fromkeys(band.common for sensor in reversed(tuple(SENSORS.values())) for band in sensor.bands)
    for name in names:
        cells = []
        for family in _families():
            found = (each.by_common_name.get(name) for each in SENSORS.values() if each.instrument == family)
            cells.append(", ".join(dict.fromkeys(band.name for band in found if band is not None)))
        yield code(name), *cells


def _pixel_flags() -> Iterator[tuple[str, str, str]]:
    for flag, bit in PIXEL_BITS.items():
        yield code(flag), str(bit), ", ".join(name for name, flags in TOLD_BY.items() if flag in flags)


def _sentinel2_flags() -> Iterator[tuple[str, str, str, str]]:
    for flag in FLAGS:
        classes = ", ".join(str(each) for each in SCENE_CLASSES.get(flag, ()))
        layers = [f"MSK_CLASSI, layer {CLASSIFICATION_LAYERS.index(flag) + 1}"] if flag in CLASSIFICATION_LAYERS else []
        technical = [str(layer) for layer, name in TECHNICAL_LAYERS.items() if name == flag]
        layers += [f"MSK_QUALIT, layer {', '.join(technical)}"] if technical else []
        polygons = [
            kind + (f" ({', '.join(types)})" if types else "")
            for kind, flags in POLYGON_TYPES.items()
            for name, types in flags.items()
            if name == flag
        ]
        if classes or layers or polygons:
            yield code(flag), classes, "; ".join(layers), "; ".join(polygons)


def _products() -> Iterator[tuple[str, str, str]]:
    yield "Landsat 1 to 9, Collection 2 and before", "1, 2", "factors of the MTL file; before Collection 1 radiance"
    yield "Sentinel-2 SAFE, baseline 02.04 and later", "1C, 2A", "quantification and offset of MTD_MSIL1C/2A.xml"
    yield "Sentinel-2 tiles of public archives", "1C, 2A", "metadata or STAC item beside the rasters"
    yield "Stacks: one raster of several bands", "any", "scale and offset, as given or in a JSON sidecar"
