"""Sensors, the common names of their bands, and the physics of the bands.

A band has one common name in trimline, independent of the agency's number: ``coastal blue green red nir swir1 swir2
thermal``, the red edge as ``rededge1..3`` with ``nir08``, and ``cirrus``, ``nir09`` and ``pan`` for bands that are
seldom used. Adding a sensor is one entry in `SENSORS`.

Sources: band edges of TM, ETM+ and OLI/TIRS from the Landsat Data Users Handbooks (USGS LSDS-1415, -1927, -1574);
centres and widths of MSI from the Sentinel-2 spectral responses (ESA COPE-GSEG-EOPG-TN-15-0007); exo-atmospheric
irradiance and thermal constants of TM and ETM+ from Chander, Markham and Helder (2009), Remote Sensing of
Environment 113, 893-903, tables 3-7; thermal constants of TIRS from the products' own metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from trimline.errors import BandError, ProductError

Units = Literal["reflectance", "dn"]
"""Units of the values of a band: reflectance (kelvin for thermal bands), or digital numbers as stored."""

ReflectanceLevel = Literal["toa", "surface"]
"""Where reflectance is that of: the top of the atmosphere (Level-1), or the surface (Level-2)."""


@dataclass(frozen=True)
class Band:
    """One spectral band of one sensor."""

    name: str
    """The agency's name: ``B3``, ``B8A``."""
    common: str
    """The name used throughout trimline: ``red``."""
    lower_um: float
    """Lower edge of the band [µm]."""
    upper_um: float
    """Upper edge of the band [µm]."""
    gsd_m: float
    """Ground sampling distance of the product [m]."""
    esun: float | None = None
    """Mean solar exo-atmospheric irradiance [W m-2 µm-1]; needed only where a product has no reflectance gains."""
    k1: float | None = None
    """First thermal constant [W m-2 sr-1 µm-1]."""
    k2: float | None = None
    """Second thermal constant [K]."""

    @property
    def centre_um(self) -> float:
        """Centre of the band [µm]."""
        return (self.lower_um + self.upper_um) / 2

    @property
    def is_thermal(self) -> bool:
        """Whether the band measures emitted rather than reflected light."""
        return self.common == "thermal"


@dataclass(frozen=True)
class Sensor:
    """One instrument on one platform."""

    id: str
    """Short name, as in project files: ``landsat-5-tm``."""
    platform: str
    """The agency's name of the platform: ``LANDSAT_5``."""
    instrument: str
    """``MSS``, ``TM``, ``ETM+``, ``OLI`` or ``MSI``."""
    bands: tuple[Band, ...]
    """In the order of the agency's numbers."""

    @property
    def by_common_name(self) -> Mapping[str, Band]:
        """The bands by their common names."""
        return {band.common: band for band in self.bands}

    def band(self, name: str) -> Band:
        """Return a band by its common name or the agency's name (``red``, ``B3``, ``B03``).

        ``B6`` of ETM+ is its low-gain thermal band, ``B6_VCID_1``.

        Raises
        ------
        BandError
            The sensor has no such band.
        """
        wanted = _plain(name)
        for band in self.bands:
            if name == band.common or wanted in (_plain(band.name), _plain(band.name.removesuffix("_VCID_1"))):
                return band
        raise BandError(
            f"{self.instrument} has no band '{name}'",
            where=self.id,
            remedy=f"its bands are {', '.join(f'{b.common} ({b.name})' for b in self.bands)}",
        )

    @property
    def gsd_m(self) -> float:
        """The finest ground sampling distance among the reflective bands that glaciers are mapped from [m]."""
        return min(b.gsd_m for b in self.bands if not b.is_thermal and b.common != "pan")


def _plain(name: str) -> str:
    """Fold ``B03`` and ``b3`` into ``B3``."""
    upper = name.upper()
    if upper.startswith("B") and upper[1:].isdigit():
        return f"B{int(upper[1:])}"
    return upper


def _mss(offset: int) -> tuple[Band, ...]:
    edges = (("green", 0.5, 0.6), ("red", 0.6, 0.7), ("nir08", 0.7, 0.8), ("nir", 0.8, 1.1))
    return tuple(Band(f"B{i + offset}", common, lower, upper, 60.0) for i, (common, lower, upper) in enumerate(edges))


def _tm(esun: tuple[float, ...], k1: float, k2: float) -> tuple[Band, ...]:
    return (
        Band("B1", "blue", 0.45, 0.52, 30.0, esun[0]),
        Band("B2", "green", 0.52, 0.60, 30.0, esun[1]),
        Band("B3", "red", 0.63, 0.69, 30.0, esun[2]),
        Band("B4", "nir", 0.76, 0.90, 30.0, esun[3]),
        Band("B5", "swir1", 1.55, 1.75, 30.0, esun[4]),
        Band("B6", "thermal", 10.40, 12.50, 30.0, None, k1, k2),
        Band("B7", "swir2", 2.08, 2.35, 30.0, esun[5]),
    )


def _oli(k1: float, k2: float) -> tuple[Band, ...]:
    return (
        Band("B1", "coastal", 0.435, 0.451, 30.0),
        Band("B2", "blue", 0.452, 0.512, 30.0),
        Band("B3", "green", 0.533, 0.590, 30.0),
        Band("B4", "red", 0.636, 0.673, 30.0),
        Band("B5", "nir", 0.851, 0.879, 30.0),
        Band("B6", "swir1", 1.566, 1.651, 30.0),
        Band("B7", "swir2", 2.107, 2.294, 30.0),
        Band("B8", "pan", 0.503, 0.676, 15.0),
        Band("B9", "cirrus", 1.363, 1.384, 30.0),
        Band("B10", "thermal", 10.60, 11.19, 30.0, None, k1, k2),
    )


_ETM = (
    Band("B1", "blue", 0.45, 0.52, 30.0, 1997.0),
    Band("B2", "green", 0.52, 0.60, 30.0, 1812.0),
    Band("B3", "red", 0.63, 0.69, 30.0, 1533.0),
    Band("B4", "nir", 0.77, 0.90, 30.0, 1039.0),
    Band("B5", "swir1", 1.55, 1.75, 30.0, 230.8),
    # Products carry the thermal band in low (VCID_1) and high (VCID_2) gain; the low gain never saturates over land.
    Band("B6_VCID_1", "thermal", 10.40, 12.50, 30.0, None, 666.09, 1282.71),
    Band("B7", "swir2", 2.09, 2.35, 30.0, 84.90),
    Band("B8", "pan", 0.52, 0.90, 15.0, 1362.0),
)

_MSI = (
    Band("B1", "coastal", 0.432, 0.453, 60.0),
    Band("B2", "blue", 0.459, 0.525, 10.0),
    Band("B3", "green", 0.542, 0.578, 10.0),
    Band("B4", "red", 0.649, 0.680, 10.0),
    Band("B5", "rededge1", 0.697, 0.712, 20.0),
    Band("B6", "rededge2", 0.733, 0.748, 20.0),
    Band("B7", "rededge3", 0.773, 0.793, 20.0),
    Band("B8", "nir", 0.780, 0.886, 10.0),
    Band("B8A", "nir08", 0.854, 0.875, 20.0),
    Band("B9", "nir09", 0.935, 0.955, 60.0),
    Band("B10", "cirrus", 1.358, 1.389, 60.0),
    Band("B11", "swir1", 1.568, 1.659, 20.0),
    Band("B12", "swir2", 2.115, 2.290, 20.0),
)

_L4_ESUN = (1983.0, 1795.0, 1539.0, 1028.0, 219.8, 83.49)
_L5_ESUN = (1983.0, 1796.0, 1536.0, 1031.0, 220.0, 83.44)

UNKNOWN_SENSOR = "unknown"
"""Id of the sensor of a stack that does not say its own."""

SENSORS: Mapping[str, Sensor] = MappingProxyType(
    {
        sensor.id: sensor
        for sensor in (
            Sensor("landsat-1-mss", "LANDSAT_1", "MSS", _mss(4)),
            Sensor("landsat-2-mss", "LANDSAT_2", "MSS", _mss(4)),
            Sensor("landsat-3-mss", "LANDSAT_3", "MSS", _mss(4)),
            Sensor("landsat-4-mss", "LANDSAT_4", "MSS", _mss(1)),
            Sensor("landsat-5-mss", "LANDSAT_5", "MSS", _mss(1)),
            Sensor("landsat-4-tm", "LANDSAT_4", "TM", _tm(_L4_ESUN, 671.62, 1284.30)),
            Sensor("landsat-5-tm", "LANDSAT_5", "TM", _tm(_L5_ESUN, 607.76, 1260.56)),
            Sensor("landsat-7-etm", "LANDSAT_7", "ETM+", _ETM),
            Sensor("landsat-8-oli", "LANDSAT_8", "OLI", _oli(774.8853, 1321.0789)),
            Sensor("landsat-9-oli", "LANDSAT_9", "OLI", _oli(799.0284, 1329.2405)),
            Sensor("sentinel-2-msi", "SENTINEL_2", "MSI", _MSI),
        )
    }
)
"""Every sensor that trimline reads, by id."""


def generic_sensor(common_names: Iterable[str]) -> Sensor:
    """Return a nameless sensor with these bands, for images of an unknown instrument.

    Its band edges are NaN and it has no thermal constants: results that need them are undefined.
    """
    unknown = float("nan")
    bands = tuple(Band(name, name, unknown, unknown, unknown) for name in common_names)
    return Sensor(UNKNOWN_SENSOR, UNKNOWN_SENSOR, UNKNOWN_SENSOR, bands)


def get_sensor(sensor_id: str) -> Sensor:
    """Return a sensor by its id.

    Raises
    ------
    ProductError
        There is no such sensor.
    """
    try:
        return SENSORS[sensor_id]
    except KeyError:
        raise ProductError(f"unknown sensor '{sensor_id}'", remedy=f"the sensors are {', '.join(SENSORS)}") from None
