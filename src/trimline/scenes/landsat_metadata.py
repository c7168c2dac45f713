"""Landsat metadata files as one validated object.

Two generations of the file are read: Collection 2 (root ``LANDSAT_METADATA_FILE``) and the one before, from August 2012
on (root ``L1_METADATA_FILE``: pre-collection and Collection 1). They name the same things in other
groups, so each key is looked up in the groups of both. Formats: USGS LSDS-1415 (TM), -1414 (ETM+), -1822 (OLI/TIRS).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from affine import Affine
from odc.geo.crs import CRS
from odc.geo.geobox import GeoBox

from trimline.errors import MetadataError
from trimline.scenes.calibration import Calibration
from trimline.scenes.landsat_calibration import calibrations
from trimline.scenes.metadata_text import parse_moment
from trimline.scenes.mtl import Keys, parse_mtl
from trimline.scenes.raster_opening import MOST_LINES, impossible_grid
from trimline.sensors import SENSORS, Sensor

SLC_FAILURE = datetime(2003, 5, 31, 21, 42, 35, tzinfo=UTC)
"""Landsat 7's scan line corrector failed; every later ETM+ image has wedge-shaped gaps (USGS LSDS-1927)."""

_INSTRUMENTS = {"MSS": "mss", "TM": "tm", "ETM": "etm", "ETM+": "etm", "OLI": "oli", "OLI_TIRS": "oli", "TIRS": "oli"}
_BAND_FILE = re.compile(r"FILE_NAME_BAND_(?P<band>(ST_B)?\d+(_VCID_\d)?)")
_QUALITY_FILES = {
    "pixel": "FILE_NAME_QUALITY_L1_PIXEL",
    "saturation": "FILE_NAME_QUALITY_L1_RADIOMETRIC_SATURATION",
}
_PRODUCT = ("PRODUCT_CONTENTS", "PRODUCT_METADATA", "METADATA_FILE_INFO")
_IMAGE = ("IMAGE_ATTRIBUTES", "PRODUCT_METADATA")
_PROJECTION = ("PROJECTION_ATTRIBUTES", "PRODUCT_METADATA", "PROJECTION_PARAMETERS")
_POLAR_STEREOGRAPHIC = "PS"


@dataclass(frozen=True)
class LandsatMetadata:
    """The part of a Landsat metadata file that trimline needs."""

    product_id: str
    """Landsat product id; of pre-collection products the scene id."""
    sensor: Sensor
    """Platform and instrument."""
    level: str
    """`L1TP`, `L1GT`, `L1GS`, `L2SP`, `L2SR`; before collections `L1T`, `L1G`."""
    collection: str | None
    """`02`, `01`, or None for pre-collection products."""
    category: str | None
    """`T1`, `T2` or `RT`."""
    time: datetime
    """Centre of the scene (UTC)."""
    path: int
    """WRS path (WRS-1 for Landsat 1-3)."""
    row: int
    """WRS row."""
    cloud_cover: float | None
    """[percent]"""
    sun_azimuth: float
    """At the scene's centre [degrees]."""
    sun_elevation: float
    """At the scene's centre, negative at night [degrees]."""
    crs: CRS
    """UTM (always a northern zone, northings are negative south of the equator) or polar stereographic."""
    grids: Mapping[str, GeoBox]
    """Grids of the rasters by common band name, from the corners; of the bands in `files`."""
    files: Mapping[str, str]
    """Band files by common band name."""
    quality_files: Mapping[str, str]
    """QA_PIXEL as `pixel`, QA_RADSAT as `saturation`; only those named."""
    calibrations: Mapping[str, Calibration]
    """From digital numbers to reflectance or kelvin, by common band name."""
    corners_fit: bool
    """Whether the projection corners span the stated lines and samples."""

    @property
    def tile(self) -> str:
        """WRS path and row as six digits."""
        return f"{self.path:03d}{self.row:03d}"

    @property
    def is_slc_off(self) -> bool:
        """Whether the image has the gaps of Landsat 7's failed scan line corrector."""
        return self.sensor.instrument == "ETM+" and self.time >= SLC_FAILURE


def read_landsat_metadata(text: str, name: str) -> LandsatMetadata:
    """Read the content of an MTL file.

    Parameters
    ----------
    text
        The whole content.
    name
        The file's name, whose suffix (`.txt`, `.json`, `.xml`) gives the format.

    Raises
    ------
    MetadataError
        A key is missing, or holds an impossible value.
    """
    keys = parse_mtl(text, name)
    _refuse_older_format(keys)
    sensor = _sensor(keys)
    level = keys.text("PROCESSING_LEVEL", *_PRODUCT, otherwise="") or keys.text("DATA_TYPE", *_PRODUCT)
    time = _time(keys)
    sun_elevation = keys.number("SUN_ELEVATION", "IMAGE_ATTRIBUTES")
    if not -90 <= sun_elevation <= 90:
        raise keys.impossible("SUN_ELEVATION", sun_elevation)
    files = _band_files(keys, sensor)
    crs = _crs(keys)
    grids = {common: _grid(keys, _grid_kind(common), crs) for common in files}
    cloud_cover = keys.number("CLOUD_COVER", "IMAGE_ATTRIBUTES", "PRODUCT_METADATA", otherwise=-1.0)
    return LandsatMetadata(
        product_id=_product_id(keys),
        sensor=sensor,
        level=level,
        collection=keys.text("COLLECTION_NUMBER", *_PRODUCT, otherwise="") or None,
        category=keys.text("COLLECTION_CATEGORY", *_PRODUCT, otherwise="") or None,
        time=time,
        path=keys.integer("WRS_PATH", *_IMAGE),
        row=keys.integer("WRS_ROW", *_IMAGE),
        cloud_cover=cloud_cover if cloud_cover >= 0 else None,
        sun_azimuth=keys.number("SUN_AZIMUTH", "IMAGE_ATTRIBUTES"),
        sun_elevation=sun_elevation,
        crs=crs,
        grids=grids,
        files=files,
        quality_files={
            kind: value for kind, key in _QUALITY_FILES.items() if (value := keys.text(key, *_PRODUCT, otherwise=""))
        },
        calibrations=calibrations(keys, sensor, tuple(files), level, time, sun_elevation),
        corners_fit=_corners_fit(keys, grids),
    )


def _refuse_older_format(keys: Keys) -> None:
    if keys.has("ACQUISITION_DATE", "PRODUCT_METADATA"):
        raise MetadataError(
            "the metadata are in the format of before August 2012",
            where=keys.name,
            remedy="fetch the scene again from USGS, as a Collection 2 product",
        )


def _product_id(keys: Keys) -> str:
    return (
        keys.text("LANDSAT_PRODUCT_ID", *_PRODUCT, otherwise="")
        or keys.text("LANDSAT_SCENE_ID", *_PRODUCT, otherwise="")
        or keys.text("LANDSAT_PRODUCT_ID", *_PRODUCT)
    )


def _sensor(keys: Keys) -> Sensor:
    platform = keys.text("SPACECRAFT_ID", *_IMAGE)
    instrument = keys.text("SENSOR_ID", *_IMAGE)
    sensor_id = f"{platform.lower().replace('_', '-')}-{_INSTRUMENTS.get(instrument, instrument.lower())}"
    if sensor_id not in SENSORS:
        raise MetadataError(
            f"{instrument} on {platform} is no sensor that trimline reads",
            where=keys.name,
            remedy=f"it reads {', '.join(SENSORS)}",
        )
    return SENSORS[sensor_id]


def _time(keys: Keys) -> datetime:
    day = keys.text("DATE_ACQUIRED", *_IMAGE)
    clock = keys.text("SCENE_CENTER_TIME", *_IMAGE).rstrip("Z")
    whole, _, fraction = clock.partition(".")
    try:
        # The file has seven decimals, one more than datetime.
        return parse_moment(f"{day}T{whole}.{fraction[:6]:0<6}")
    except ValueError:
        raise keys.impossible("DATE_ACQUIRED and SCENE_CENTER_TIME", f"{day} {clock}") from None


def _band_files(keys: Keys, sensor: Sensor) -> dict[str, str]:
    """Return the band files by common name; the high-gain thermal band of ETM+ and band 11 of TIRS are left out."""
    group = next((g for g in _PRODUCT if any(_BAND_FILE.fullmatch(k) for k in keys.groups.get(g, {}))), None)
    if group is None:
        raise keys.missing("FILE_NAME_BAND_1", _PRODUCT[0])
    common_of = {band.name: band.common for band in sensor.bands}
    thermal = next((band.common for band in sensor.bands if band.is_thermal), None)
    files = {}
    for key, value in keys.groups[group].items():
        match = _BAND_FILE.fullmatch(key)
        if match is None:
            continue
        common = thermal if match["band"].startswith("ST_") else common_of.get(f"B{match['band']}")
        if common is not None:
            files[common] = value
    in_order = [band.common for band in sensor.bands if band.common in files]
    return {common: files[common] for common in in_order}


def _crs(keys: Keys) -> CRS:
    projection = keys.text("MAP_PROJECTION", *_PROJECTION)
    if projection == "UTM":
        zone = keys.integer("UTM_ZONE", *_PROJECTION)
        if not 1 <= abs(zone) <= 60:
            raise keys.impossible("UTM_ZONE", zone)
        return CRS(32600 + abs(zone))
    if projection == _POLAR_STEREOGRAPHIC:
        latitude = keys.number("TRUE_SCALE_LAT", *_PROJECTION)
        longitude = keys.number("VERTICAL_LON_FROM_POLE", *_PROJECTION)
        if (latitude, longitude) == (-71.0, 0.0):
            return CRS(3031)
        pole = -90 if latitude < 0 else 90
        return CRS(f"+proj=stere +lat_0={pole} +lat_ts={latitude} +lon_0={longitude} +datum=WGS84 +units=m")
    raise keys.impossible("MAP_PROJECTION", projection)


def _grid_kind(common: str) -> str:
    return {"thermal": "THERMAL", "pan": "PANCHROMATIC"}.get(common, "REFLECTIVE")


def _grid(keys: Keys, kind: str, crs: CRS) -> GeoBox:
    """Return the grid of a kind of band; the corners are centres of pixels for every kind."""
    pixel_m = keys.number(f"GRID_CELL_SIZE_{kind}", *_PROJECTION)
    left = keys.number("CORNER_UL_PROJECTION_X_PRODUCT", *_PROJECTION)
    top = keys.number("CORNER_UL_PROJECTION_Y_PRODUCT", *_PROJECTION)
    shape = keys.integer(f"{kind}_LINES", *_PROJECTION), keys.integer(f"{kind}_SAMPLES", *_PROJECTION)
    affine = Affine(pixel_m, 0, left - pixel_m / 2, 0, -pixel_m, top + pixel_m / 2)
    is_impossible = pixel_m <= 0 or min(shape) <= 0 or max(shape) > MOST_LINES
    if is_impossible or impossible_grid(shape, affine, is_geographic=False) is not None:
        raise keys.impossible(f"GRID_CELL_SIZE_{kind}, {kind}_LINES and {kind}_SAMPLES", (pixel_m, *shape))
    return GeoBox(shape, affine, crs)


def _corners_fit(keys: Keys, grids: Mapping[str, GeoBox]) -> bool:
    """Whether the lower right corner agrees with the upper left one, the lines and the samples."""
    common = next((name for name in grids if _grid_kind(name) == "REFLECTIVE"), next(iter(grids)))
    grid = grids[common]
    right = keys.number("CORNER_LR_PROJECTION_X_PRODUCT", *_PROJECTION)
    bottom = keys.number("CORNER_LR_PROJECTION_Y_PRODUCT", *_PROJECTION)
    pixel_m, box = grid.affine.a, grid.boundingbox
    off_m = max(abs(box.right - pixel_m / 2 - right), abs(box.bottom + pixel_m / 2 - bottom))
    return bool(off_m < pixel_m / 2)
