"""Tiny satellite products, made from scratch: a few pixels of every sensor, level and spelling."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray

UPPER_LEFT_CENTRE = (500_010.0, 3_499_980.0)
"""Centre of the upper left pixel, as the MTL gives it [m]."""
LINES, SAMPLES = 40, 50
FILL_COLUMNS = 5
"""So many columns on the left hold digital number 0."""

BANDS = {
    "MSS": ("1", "2", "3", "4"),
    "TM": ("1", "2", "3", "4", "5", "6", "7"),
    "ETM": ("1", "2", "3", "4", "5", "6_VCID_1", "6_VCID_2", "7", "8"),
    "OLI_TIRS": ("1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"),
}
THERMAL: Mapping[str, tuple[str, ...]] = {
    "MSS": (),
    "TM": ("6",),
    "ETM": ("6_VCID_1", "6_VCID_2"),
    "OLI_TIRS": ("10", "11"),
}
PREFIX = {"MSS": "LM", "TM": "LT", "ETM": "LE", "OLI_TIRS": "LC"}


@dataclass(frozen=True)
class Tiny:
    """What a tiny Landsat product is to be like."""

    sensor: str = "OLI_TIRS"
    platform: int = 8
    level: str = "L1TP"
    date: str = "2019-08-09"
    collection: str = "02"
    sun_elevation: float = 30.0
    spelling: str = "txt"
    georeferenced: bool = True
    suffix: str = ".TIF"
    declared_nodata: float | None = None
    without_bands: tuple[str, ...] = ()
    without_keys: tuple[str, ...] = ()
    changed_keys: Mapping[str, Any] = field(default_factory=dict)
    qa_pixel: NDArray[np.uint16] | None = None
    qa_radsat: NDArray[np.uint16] | None = None

    @property
    def id(self) -> str:
        day = self.date.replace("-", "")
        return f"{PREFIX[self.sensor]}{self.platform:02d}_{self.level}_139036_{day}_{day}_{self.collection}_T1"

    @property
    def bands(self) -> tuple[str, ...]:
        if self.level.startswith("L2"):
            thermal = {"TM": "ST_B6", "ETM": "ST_B6", "OLI_TIRS": "ST_B10"}[self.sensor]
            reflective = (b for b in BANDS[self.sensor] if b not in (*THERMAL[self.sensor], "8", "9"))
            return (*reflective, thermal)
        return BANDS[self.sensor]

    def file_name(self, band: str) -> str:
        if band.startswith("ST_"):
            return f"{self.id}_{band}{self.suffix}"
        return f"{self.id}_{'SR_' if self.level.startswith('L2') else ''}B{band}{self.suffix}"


def numbers(band: str, shape: tuple[int, int] = (LINES, SAMPLES)) -> NDArray[np.uint16]:
    """Digital numbers of a band: a plane that differs per band, with fill on the left."""
    rows, columns = np.indices(shape)
    offset = 10 * (1 + sum(ord(letter) for letter in band) % 17)
    plane = (offset + rows + 2 * columns).astype(np.uint16)
    plane[:, :FILL_COLUMNS] = 0
    return plane


def metadata(tiny: Tiny) -> dict[str, dict[str, Any]]:
    """Return the groups of a Collection 2 metadata file."""
    left, top = UPPER_LEFT_CENTRE
    right, bottom = left + 30 * (SAMPLES - 1), top - 30 * (LINES - 1)
    files = {f"FILE_NAME_BAND_{band}": tiny.file_name(band) for band in tiny.bands}
    radiance = {}
    reflectance = {}
    for number, band in enumerate(BANDS[tiny.sensor], start=1):
        radiance |= {f"RADIANCE_MULT_BAND_{band}": 0.05 * number, f"RADIANCE_ADD_BAND_{band}": -0.1}
        if band not in THERMAL[tiny.sensor]:
            reflectance |= {f"REFLECTANCE_MULT_BAND_{band}": 0.001 * number, f"REFLECTANCE_ADD_BAND_{band}": -0.01}
    thermal = THERMAL[tiny.sensor]
    groups: dict[str, dict[str, Any]] = {
        "PRODUCT_CONTENTS": {
            "LANDSAT_PRODUCT_ID": tiny.id,
            "PROCESSING_LEVEL": tiny.level,
            "COLLECTION_NUMBER": tiny.collection,
            "COLLECTION_CATEGORY": "T1",
            **files,
            "FILE_NAME_QUALITY_L1_PIXEL": f"{tiny.id}_QA_PIXEL{tiny.suffix}",
            "FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION": f"{tiny.id}_QA_RADSAT{tiny.suffix}",
        },
        "IMAGE_ATTRIBUTES": {
            "SPACECRAFT_ID": f"LANDSAT_{tiny.platform}",
            "SENSOR_ID": tiny.sensor,
            "WRS_PATH": "139",
            "WRS_ROW": "036",
            "DATE_ACQUIRED": tiny.date,
            "SCENE_CENTER_TIME": "04:20:31.1234567Z",
            "CLOUD_COVER": "12.50",
            "SUN_AZIMUTH": "120.5",
            "SUN_ELEVATION": tiny.sun_elevation,
            "EARTH_SUN_DISTANCE": "1.0139",
        },
        "PROJECTION_ATTRIBUTES": {
            "MAP_PROJECTION": "UTM",
            "UTM_ZONE": 46,
            "GRID_CELL_SIZE_PANCHROMATIC": "15.00",
            "GRID_CELL_SIZE_REFLECTIVE": "30.00",
            "GRID_CELL_SIZE_THERMAL": "30.00",
            "PANCHROMATIC_LINES": 2 * LINES - 1,
            "PANCHROMATIC_SAMPLES": 2 * SAMPLES - 1,
            "REFLECTIVE_LINES": LINES,
            "REFLECTIVE_SAMPLES": SAMPLES,
            "THERMAL_LINES": LINES,
            "THERMAL_SAMPLES": SAMPLES,
            "CORNER_UL_PROJECTION_X_PRODUCT": f"{left:.3f}",
            "CORNER_UL_PROJECTION_Y_PRODUCT": f"{top:.3f}",
            "CORNER_LR_PROJECTION_X_PRODUCT": f"{right:.3f}",
            "CORNER_LR_PROJECTION_Y_PRODUCT": f"{bottom:.3f}",
        },
        "LEVEL1_RADIOMETRIC_RESCALING": {**radiance, **reflectance},
        "LEVEL1_THERMAL_CONSTANTS": {
            key: value
            for band in thermal
            for key, value in ((f"K1_CONSTANT_BAND_{band}", 774.8853), (f"K2_CONSTANT_BAND_{band}", 1321.0789))
        },
    }
    if tiny.level.startswith("L2"):
        groups["LEVEL2_SURFACE_REFLECTANCE_PARAMETERS"] = {
            key: value
            for band in tiny.bands
            if not band.startswith("ST_")
            for key, value in ((f"REFLECTANCE_MULT_BAND_{band}", 2.75e-05), (f"REFLECTANCE_ADD_BAND_{band}", -0.2))
        }
        last = tiny.bands[-1]
        groups["LEVEL2_SURFACE_TEMPERATURE_PARAMETERS"] = {
            f"TEMPERATURE_MULT_BAND_{last}": 0.00341802,
            f"TEMPERATURE_ADD_BAND_{last}": 149.0,
        }
    for group in groups.values():
        for key in [key for key in group if key in tiny.without_keys]:
            del group[key]
        group.update({key: value for key, value in tiny.changed_keys.items() if key in group})
    return groups


def pre_collection_metadata() -> dict[str, dict[str, Any]]:
    """Return the groups of a TM metadata file of 2014: rounded radiance gains, and none of reflectance."""
    left, top = UPPER_LEFT_CENTRE
    groups: dict[str, dict[str, Any]] = {
        "METADATA_FILE_INFO": {"LANDSAT_SCENE_ID": "LT51390361988227BKT00"},
        "PRODUCT_METADATA": {
            "DATA_TYPE": "L1T",
            "SPACECRAFT_ID": "LANDSAT_5",
            "SENSOR_ID": "TM",
            "WRS_PATH": 139,
            "WRS_ROW": 36,
            "DATE_ACQUIRED": "1988-08-14",
            "SCENE_CENTER_TIME": "04:00:47.3750190Z",
            "CORNER_UL_PROJECTION_X_PRODUCT": left,
            "CORNER_UL_PROJECTION_Y_PRODUCT": top,
            "CORNER_LR_PROJECTION_X_PRODUCT": left + 30 * (SAMPLES - 1),
            "CORNER_LR_PROJECTION_Y_PRODUCT": top - 30 * (LINES - 1),
            "REFLECTIVE_LINES": LINES,
            "REFLECTIVE_SAMPLES": SAMPLES,
            "THERMAL_LINES": LINES,
            "THERMAL_SAMPLES": SAMPLES,
            **{f"FILE_NAME_BAND_{n}": f"LT51390361988227BKT00_B{n}.TIF" for n in range(1, 8)},
        },
        "IMAGE_ATTRIBUTES": {"CLOUD_COVER": 0.0, "SUN_AZIMUTH": 110.0, "SUN_ELEVATION": 49.0},
        "MIN_MAX_RADIANCE": {},
        "MIN_MAX_PIXEL_VALUE": {},
        "RADIOMETRIC_RESCALING": {},
        "PROJECTION_PARAMETERS": {
            "MAP_PROJECTION": "UTM",
            "UTM_ZONE": 46,
            "GRID_CELL_SIZE_REFLECTIVE": 30.0,
            "GRID_CELL_SIZE_THERMAL": 30.0,
        },
    }
    ranges = ((-1.52, 169), (-2.84, 333), (-1.17, 264), (-1.51, 221), (-0.37, 30.2), (1.238, 15.303), (-0.15, 16.5))
    for band, (low, high) in enumerate(ranges, start=1):
        gain = (high - low) / 254
        groups["MIN_MAX_RADIANCE"] |= {f"RADIANCE_MAXIMUM_BAND_{band}": high, f"RADIANCE_MINIMUM_BAND_{band}": low}
        groups["MIN_MAX_PIXEL_VALUE"] |= {f"QUANTIZE_CAL_MAX_BAND_{band}": 255, f"QUANTIZE_CAL_MIN_BAND_{band}": 1}
        groups["RADIOMETRIC_RESCALING"] |= {
            f"RADIANCE_MULT_BAND_{band}": round(gain, 3),
            f"RADIANCE_ADD_BAND_{band}": round(low - gain, 5),
        }
    return groups


def spell(groups: Mapping[str, Mapping[str, Any]], spelling: str, root: str = "LANDSAT_METADATA_FILE") -> str:
    """Write groups as USGS writes them."""
    if spelling == "json":
        return json.dumps({root: {g: {k: str(v) for k, v in pairs.items()} for g, pairs in groups.items()}})
    if spelling == "xml":
        top = ElementTree.Element(root)
        for group, pairs in groups.items():
            element = ElementTree.SubElement(top, group)
            for key, value in pairs.items():
                ElementTree.SubElement(element, key).text = str(value)
        return ElementTree.tostring(top, encoding="unicode")
    lines = [f"GROUP = {root}"]
    for group, pairs in groups.items():
        lines.append(f"  GROUP = {group}")
        lines += [f"    {key} = {_quoted(value)}" for key, value in pairs.items()]
        lines.append(f"  END_GROUP = {group}")
    return "\n".join([*lines, f"END_GROUP = {root}", "END", ""]) + "\0" * 64


def _quoted(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and not value.replace(".", "").lstrip("-").isdigit() else str(value)


def write_raster(
    path: Path,
    values: NDArray[Any],
    *,
    transform: Affine | None = None,
    crs: str | None = None,
    nodata: float | None = None,
    descriptions: Sequence[str] = (),
    **profile: Any,
) -> Path:
    """Write a small GeoTIFF of one band (h, w) or several (bands, h, w)."""
    stack = values[None] if values.ndim == 2 else values
    options = {"transform": transform} if transform is not None else {}
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=len(stack),
        height=stack.shape[1],
        width=stack.shape[2],
        dtype=stack.dtype,
        crs=crs,
        nodata=nodata,
        **options,
        **profile,
    ) as target:
        target.write(stack)
        for index, text in enumerate(descriptions, start=1):
            target.set_band_description(index, text)
    return path


def write_product(folder: Path, tiny: Tiny) -> Path:
    """Write a product into a new folder and return it."""
    folder.mkdir(parents=True)
    left, top = UPPER_LEFT_CENTRE
    for band in tiny.bands:
        if band in tiny.without_bands:
            continue
        is_pan = band == "8" and tiny.sensor != "TM"
        pixel = 15 if is_pan else 30
        shape = (2 * LINES - 1, 2 * SAMPLES - 1) if is_pan else (LINES, SAMPLES)
        transform = Affine(pixel, 0, left - pixel / 2, 0, -pixel, top + pixel / 2)
        write_raster(
            folder / tiny.file_name(band),
            numbers(band, shape),
            transform=transform if tiny.georeferenced else None,
            crs="EPSG:32646" if tiny.georeferenced else None,
            nodata=tiny.declared_nodata,
        )
    for name, values in (("QA_PIXEL", tiny.qa_pixel), ("QA_RADSAT", tiny.qa_radsat)):
        if values is not None:
            write_raster(
                folder / f"{tiny.id}_{name}{tiny.suffix}",
                values,
                transform=Affine(30, 0, left - 15, 0, -30, top + 15),
                crs="EPSG:32646",
            )
    (folder / f"{tiny.id}_MTL.{tiny.spelling}").write_text(spell(metadata(tiny), tiny.spelling.lower()))
    return folder


def write_archive(folder: Path, path: Path) -> Path:
    """Pack the files of a folder, compressed where the name says so."""
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as archive:
        for each in sorted(folder.iterdir()):
            archive.add(each, arcname=each.name)
    return path


class Maker:
    """Makes tiny products below one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._made = 0

    Tiny = Tiny
    numbers = staticmethod(numbers)
    metadata = staticmethod(metadata)
    pre_collection_metadata = staticmethod(pre_collection_metadata)
    spell = staticmethod(spell)
    write_raster = staticmethod(write_raster)
    lines, samples, fill_columns = LINES, SAMPLES, FILL_COLUMNS
    upper_left_centre = UPPER_LEFT_CENTRE

    def product(self, **wishes: Any) -> Path:
        """Write a Landsat product as a folder."""
        self._made += 1
        return write_product(self.folder / f"product{self._made}", Tiny(**wishes))

    def archive(self, suffix: str, **wishes: Any) -> Path:
        """Write a Landsat product as an archive."""
        folder = self.product(**wishes)
        return write_archive(folder, self.folder / f"{Tiny(**wishes).id}{suffix}")

    def pre_collection(self, declared_nodata: float | None = None, saturated: int = 0) -> Path:
        """Write a TM product of before the collections, with `saturated` pixels of 255 in band 1."""
        folder = self.folder / "pre_collection"
        folder.mkdir()
        left, top = UPPER_LEFT_CENTRE
        for band in range(1, 8):
            values = np.minimum(numbers(str(band)), 254).astype(np.uint8)
            if band == 1:
                values[0, -saturated:] = 255
            write_raster(
                folder / f"LT51390361988227BKT00_B{band}.TIF",
                values,
                transform=Affine(30, 0, left - 15, 0, -30, top + 15),
                crs="EPSG:32646",
                nodata=declared_nodata,
            )
        text = spell(pre_collection_metadata(), "txt", "L1_METADATA_FILE")
        (folder / "LT51390361988227BKT00_MTL.txt").write_text(text)
        return folder

    def stack(self, name: str, values: NDArray[Any], **options: Any) -> Path:
        """Write a GeoTIFF stack of 30 m pixels in UTM, unless the options say otherwise."""
        defaults = {"transform": Affine(30, 0, 500_000, 0, -30, 3_500_000), "crs": "EPSG:32646"}
        return write_raster(self.folder / name, values, **{**defaults, **options})


@pytest.fixture
def make(tmp_path: Path) -> Maker:
    """Give a maker of tiny products, in the test's own folder."""
    return Maker(tmp_path)


@pytest.fixture
def pack() -> Callable[[Path, Path], Path]:
    """Give what packs a folder into an archive."""
    return write_archive
