"""Reader of GeoTIFF stacks: one raster with several bands of any sensor.

Band names and calibration are taken, in this order, from the caller, from the sidecar (see `trimline.scenes.sidecar`),
and from the raster itself: band descriptions, scale and offset, nodata. Nothing is guessed. Floating-point bands
without a scale hold physical values; integer bands without one can be read as digital numbers only.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from odc.geo.geobox import GeoBox

from trimline.errors import BandError, GridError, ProductError
from trimline.file_identity import digest
from trimline.scenes.asset import Asset, check_readable, open_raster, raster_grid
from trimline.scenes.band_names import (
    LEFT_OUT,
    QUALITY_NAMES,
    QUALITY_OF_MISSION,
    common_name,
    common_names,
    is_agency_name,
)
from trimline.scenes.calibration import IDENTITY, Calibration, Linear, NoCalibration
from trimline.scenes.given import Given, parse_date
from trimline.scenes.grid import crs_from, flaw_of, footprint_in_degrees, grid_in_metres, in_words, working_grid
from trimline.scenes.plausible import refuse_impossible
from trimline.scenes.product_summary import ProductInfo
from trimline.scenes.reader import Reader
from trimline.scenes.scene import Scene
from trimline.scenes.sidecar import Sidecar, read_sidecar
from trimline.sensors import SENSORS, Sensor, generic_sensor, get_sensor

_LOG = logging.getLogger(__name__)

SUFFIXES = (".tif", ".tiff", ".vrt", ".img", ".jp2")
_LANDSAT_BAND_FILE = re.compile(r"(?P<product>L[COTEM]\w+?)_(?:S[RT]_)?(?:B\d+\w*|QA_\w+)", re.IGNORECASE)


@dataclass(frozen=True)
class _RasterMetadata:
    """Metadata of the raster."""

    count: int
    shape: tuple[int, int]
    dtypes: tuple[str, ...]
    descriptions: tuple[str, ...]
    scales: tuple[float, ...]
    offsets: tuple[float, ...]
    nodata: tuple[float | None, ...]

    @classmethod
    def of(cls, source: Any) -> _RasterMetadata:
        return cls(
            source.count,
            tuple(source.shape),
            tuple(source.dtypes),
            tuple((text or "").strip() for text in source.descriptions),
            tuple(source.scales),
            tuple(source.offsets),
            tuple(source.nodatavals),
        )


@dataclass(frozen=True)
class _Stack:
    """A stack with its metadata from all sources."""

    path: Path
    raster: _RasterMetadata
    given: Given
    sidecar: Sidecar
    sensor: Sensor | None

    @property
    def names(self) -> list[str]:
        """Names of the bands from the caller, the sidecar or the raster; empty where none has them."""
        return list(self.given.bands or self.sidecar.bands or self.raster.descriptions)

    @property
    def are_names_chosen(self) -> bool:
        """Whether the bands were named for this file, so that every name must be known."""
        return bool(self.given.bands or self.sidecar.bands)

    def bands(self) -> dict[str, int]:
        """Return the number of each band in the file, by common name.

        Raises
        ------
        BandError
            The names do not fit the file, or none of them is known.
        """
        names = self.names
        if self.are_names_chosen:
            if len(names) != self.raster.count:
                raise BandError(
                    f"{len(names)} bands are named, and the raster has {self.raster.count}",
                    where=self.path,
                    remedy=f"name each, in order; write {LEFT_OUT} for one that is not wanted",
                )
            found = common_names([LEFT_OUT if n in QUALITY_NAMES else n for n in names], self.sensor, self.path)
        else:
            found = [common_name(name, self.sensor) for name in names]
        bands: dict[str, int] = {}
        for index, common in enumerate(found, start=1):
            if common is not None and bands.setdefault(common, index) != index:
                raise BandError(f"two bands are '{common}'", where=self.path, remedy="name the bands: --bands ...")
        if not bands or self._agency_names_without_sensor():
            raise self._nameless()
        return bands

    def quality(self) -> dict[str, int]:
        """Return the number of the quality bands in the file, by kind; those of the sensor's mission."""
        sensor_id = self.sensor.id if self.sensor is not None else ""
        known = [
            name for mission, names in QUALITY_OF_MISSION.items() if sensor_id.startswith(mission) for name in names
        ]
        return {QUALITY_NAMES[name]: i for i, name in enumerate(self.names, start=1) if name in known}

    def calibration(self, common: str, index: int) -> Calibration:
        """Return the calibration of a band."""
        scale = self._value_of("scale", common)
        offset = self._value_of("offset", common)
        if scale is None and offset is not None:
            raise BandError(
                "an offset is given without a scale",
                where=self.path,
                remedy="give both: reflectance = (DN + offset) x scale",
            )
        if scale is not None:
            return Linear(scale, (offset or 0.0) * scale)
        own = self.raster.scales[index - 1], self.raster.offsets[index - 1]
        if own != (1.0, 0.0):
            return Linear(*own)
        if np.issubdtype(np.dtype(self.raster.dtypes[index - 1]), np.floating):
            return IDENTITY
        if common == "thermal":
            unit, remedy = "kelvin", "give its scale in a sidecar, by band name"
        else:
            unit = "reflectance"
            remedy = (
                "give scale and offset (--scale, --offset): reflectance = (DN + offset) x scale; or read units 'dn'"
            )
        return NoCalibration(f"the raster holds integers, and nothing says how they become {unit}", remedy)

    @property
    def is_scale_given(self) -> bool:
        """Whether caller or sidecar say the scale."""
        return self.given.scale is not None or self.sidecar.scale is not None

    @property
    def lacks_an_offset(self) -> bool:
        """Whether Sentinel-2's integers have a scale and no offset, which depends on the product's baseline."""
        without = self.given.offset is None and self.sidecar.offset is None
        return self.is_of_whole_sentinel_2_numbers and self.is_scale_given and without

    @property
    def is_of_whole_sentinel_2_numbers(self) -> bool:
        """Whether it holds integers of Sentinel-2, which may carry an offset."""
        is_integer = any(np.issubdtype(np.dtype(each), np.integer) for each in self.raster.dtypes)
        return is_integer and self.sensor is not None and self.sensor.id.startswith("sentinel-2")

    def assets(self, bands: Mapping[str, int]) -> dict[str, Asset]:
        """Return the assets of bands, by common name, from their numbers in the file."""
        return {
            common: Asset(
                str(self.path),
                self.calibration(common, index),
                index,
                self.nodata(index),
                is_checked=True,
                is_thermal=common == "thermal",
            )
            for common, index in bands.items()
        }

    def nodata(self, index: int) -> float | None:
        """Return the digital number of missing data."""
        for value in (self.given.nodata, self.sidecar.nodata):
            if value is not None:
                return value
        return self.raster.nodata[index - 1]

    def _value_of(self, key: Literal["scale", "offset"], common: str) -> float | None:
        """Return the value of a band from caller or sidecar; one number for all bands excludes the thermal one."""
        of_all = getattr(self.given, key)
        value = of_all if of_all is not None and common != "thermal" else getattr(self.sidecar, key)
        if isinstance(value, Mapping):
            return next((each for name, each in value.items() if common_name(name, self.sensor) == common), None)
        return value if common != "thermal" else None

    def _agency_names_without_sensor(self) -> list[str]:
        return [name for name in self.names if is_agency_name(name)] if self.sensor is None else []

    def _nameless(self) -> BandError:
        agency = self._agency_names_without_sensor()
        if agency:
            return BandError(
                f"the bands are called {', '.join(agency)}, which mean other bands on every sensor",
                where=self.path,
                remedy=f"say which sensor it is: {', '.join(SENSORS)}",
            )
        match = _LANDSAT_BAND_FILE.fullmatch(self.path.stem)
        if match and self.raster.count == 1:
            return BandError(
                "this is one band of a Landsat product",
                where=self.path,
                remedy=f"give the product's folder, archive or {match['product']}_MTL file",
            )
        return BandError(
            f"nothing says which bands the {self.raster.count} of the raster are",
            where=self.path,
            remedy="name them in order, as in --bands blue,green,red,nir,swir1,swir2, or in a sidecar",
        )


def recognises(path: Path) -> bool:
    """Whether a path has the suffix of a raster."""
    return path.is_file() and path.suffix.lower() in SUFFIXES


def open_stack(path: Path, given: Given) -> Scene:
    """Open a GeoTIFF stack.

    Raises
    ------
    BandError
        The bands are not named, or their names do not fit the file.
    GridError
        The raster lacks a CRS or a geotransform.
    ProductError
        The raster is damaged, the sensor is unknown, or the numbers cannot be reflectance.
    MetadataError
        The sidecar is wrong.
    """
    stack, native = _gather(path, given)
    if isinstance(native, GridError):
        raise native
    bands = stack.bands()
    grid = working_grid(native, path.name)
    date, time = _when(stack)
    assets = stack.assets(bands)
    refuse_impossible(
        path, assets, is_scale_given=stack.is_scale_given, may_have_an_offset=stack.is_of_whole_sentinel_2_numbers
    )
    if stack.lacks_an_offset:
        _LOG.warning(
            "%s: a scale without an offset; 0 is taken. Sentinel-2 products of baseline 04.00 and later, all of 2022 "
            "on and older ones made again, need -1000 (--offset)",
            path.name,
        )
    return Scene(
        id=given.id or stack.sidecar.id or path.stem,
        sensor=stack.sensor or generic_sensor(bands),
        time=time,
        date=date,
        geobox=grid,
        footprint=footprint_in_degrees(grid),
        assets=assets,
        source=path,
        sun_azimuth=stack.sidecar.sun_azimuth,
        sun_elevation=stack.sidecar.sun_elevation,
        tile=stack.sidecar.tile,
        cloud_cover=stack.sidecar.cloud_cover,
        quality_assets={
            kind: Asset(str(path), NoCalibration("quality bands hold flags", "read them with Scene.quality"), index)
            for kind, index in stack.quality().items()
        },
        level=stack.sidecar.level,
        metadata_sha256=digest(stack.sidecar.model_dump(mode="json")),
    )


def describe_stack(path: Path, given: Given) -> ProductInfo:
    """Describe a GeoTIFF stack.

    Raises
    ------
    ProductError
        It is not a raster, or the sidecar is wrong.
    """
    stack, native = _gather(path, given)
    notes = []
    bands: dict[str, int] = {}
    try:
        bands = stack.bands()
    except BandError as error:
        if given.bands:
            raise
        notes.append(f"{error.what}; {error.remedy}")
    unnamed = stack.raster.count - len(bands) - len(stack.quality())
    if bands and unnamed:
        notes.append(f"{unnamed} of {stack.raster.count} bands are left out")
    if any(isinstance(_calibration_or_none(stack, *each), NoCalibration) for each in bands.items()):
        notes.append("integers without a scale: to be read as reflectance, scale and offset must be given")
    if isinstance(native, GridError):
        notes.append(f"{native.what}: it cannot be opened as a scene; {native.remedy}")
    elif (flaw := flaw_of(native)) is not None:
        said = f"{flaw}: " if native.crs is not None and native.crs.projected else ""
        notes.append(f"{said}worked on as {in_words(grid_in_metres(native, path))}")
    damage = check_readable(str(path))
    if damage:
        notes.append(f"damaged: {damage}")
    elif bands and not isinstance(native, GridError):
        notes += _impossible(stack, bands)
    _, time = _when(stack)
    fields = ProductInfo.grid_fields(None if isinstance(native, GridError) else native)
    height, width = stack.raster.shape
    return ProductInfo(
        path=path,
        kind="GeoTIFF stack",
        id=given.id or stack.sidecar.id or path.stem,
        sensor=stack.sensor.id if stack.sensor else None,
        time=time,
        level=stack.sidecar.level,
        tile=stack.sidecar.tile,
        cloud_cover=stack.sidecar.cloud_cover,
        sun_azimuth=stack.sidecar.sun_azimuth,
        sun_elevation=stack.sidecar.sun_elevation,
        bands=tuple(bands),
        quality=tuple(stack.quality()),
        missing=(),
        is_complete=not damage and not isinstance(native, GridError),
        is_usable=bool(bands) and not damage and not isinstance(native, GridError),
        notes=tuple(notes),
        **{"width": width, "height": height, **fields},
    )


def _gather(path: Path, given: Given) -> tuple[_Stack, GeoBox | GridError]:
    """Return a stack with its metadata, and its own grid or the error of it."""
    sidecar = read_sidecar(path)
    sensor_id = given.sensor or sidecar.sensor
    with open_raster(str(path)) as source:
        raster = _RasterMetadata.of(source)
        native: GeoBox | GridError
        if source.crs is not None:
            crs_from(source.crs, source.name)  # a CRS that is not of the Earth is an error, none at all is said
        try:
            native = raster_grid(source)
        except GridError as error:
            native = error
    return _Stack(path, raster, given, sidecar, get_sensor(sensor_id) if sensor_id else None), native


def _when(stack: _Stack) -> tuple[str | None, datetime | None]:
    """Return date and time, the caller's before the sidecar's; the sidecar's time where both have the same day."""
    utc = stack.sidecar.utc
    sidecar_date = utc.date().isoformat() if utc else None
    date = stack.given.date
    if date is None or date == sidecar_date:
        return sidecar_date, utc
    return date, parse_date(date)


def _impossible(stack: _Stack, bands: Mapping[str, int]) -> list[str]:
    """Return in words that the numbers cannot be what they are said to be; nothing where they can."""
    try:
        refuse_impossible(
            stack.path,
            stack.assets(bands),
            is_scale_given=stack.is_scale_given,
            may_have_an_offset=stack.is_of_whole_sentinel_2_numbers,
        )
    except ProductError as error:
        return [] if isinstance(error, BandError) else [f"{error.what}; {error.remedy}"]
    return []


def _calibration_or_none(stack: _Stack, common: str, index: int) -> Calibration | None:
    try:
        return stack.calibration(common, index)
    except BandError:
        return None


def unsaid_by_stack(path: Path, given: Given) -> Given:
    """Return of what is given what a stack does not say itself; nothing where it is of another sensor."""
    stack, _ = _gather(path, Given(sensor=given.sensor))
    sidecar, raster = stack.sidecar, stack.raster
    if given.sensor is not None and sidecar.sensor not in (None, given.sensor):
        return Given()
    try:
        is_named = bool(stack.bands())
    except BandError:
        is_named = sidecar.bands is not None
    is_plain = {*zip(raster.scales, raster.offsets, strict=True)} == {(1.0, 0.0)}
    is_scaled = sidecar.scale is not None or not is_plain or np.issubdtype(np.dtype(raster.dtypes[0]), np.floating)
    return Given(
        sensor=given.sensor,
        bands=None if is_named else given.bands,
        scale=None if is_scaled else given.scale,
        offset=None if is_scaled or sidecar.offset is not None else given.offset,
        nodata=given.nodata if sidecar.nodata is None and raster.nodata[0] is None else None,
    )


STACK = Reader("GeoTIFF stack", recognises, open_stack, describe_stack, unsaid_by_stack)
"""Reader of any raster with several bands."""
