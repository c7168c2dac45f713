"""Names in a simulated Sentinel-2 product: the product, its granule, its tile and its orbit, and its baseline.

Names follow ESA's Products Specification Document (S2-PDGS-TAS-DI-PSD). Sentinel-2A repeats its track after 143
orbits in 10 days; relative orbits are counted from the absolute ones, which are counted from one known orbit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from odc.geo.geobox import GeoBox
from pyproj import CRS

from trimline.sensors import Band
from trimline.simulate.acquisition import Acquisition

Level = Literal["L1C", "L2A"]

OFFSETS: Mapping[str, int] = MappingProxyType({"02.08": 0, "04.00": -1000, "05.00": -1000})
"""Number to add to the numbers of each processing baseline. 05.00 is that of the reprocessed archive (Collection 1)."""
BASELINE_0400 = date(2022, 1, 25)
"""First day of processing baseline 04.00, which brought the offset and quality masks as rasters."""
LAUNCH = date(2015, 6, 23)
"""Launch of Sentinel-2A."""

_REPROCESSED = datetime(2023, 7, 12, 6, 30, tzinfo=UTC)
"""Earliest generation of a simulated product of baseline 05.00."""
_DELAY = timedelta(hours=3)
"""Time from the acquisition to the product, in routine processing."""
_ORBITS, _CYCLE = 143, timedelta(days=10)
_KNOWN_ORBIT, _KNOWN_TIME = 26_481, datetime(2020, 7, 17, 22, 19, 41, tzinfo=UTC)
"""An absolute orbit of Sentinel-2A, which is its relative orbit 29."""
_RELATIVE_SHIFT = 2
_STATION = "SIM_"
_BANDS_OF_LATITUDE = "CDEFGHJKLMNPQRSTUVWX"
_COLUMNS = ("STUVWXYZ", "ABCDEFGH", "JKLMNPQR")
_ROWS = "ABCDEFGHJKLMNPQRSTUV"


@dataclass(frozen=True)
class ProductNames:
    """Names of one product, and of what lies in it."""

    acquisition: Acquisition
    level: Level
    baseline: str
    """A key of `OFFSETS`."""

    @property
    def product_id(self) -> str:
        """Product id, without ``.SAFE``."""
        sensed, made = self.sensed, f"{self.generated:%Y%m%dT%H%M%S}"
        return f"S2A_MSI{self.level}_{sensed}_N{self.digits}_R{self.relative_orbit:03d}_T{self.tile}_{made}"

    @property
    def digits(self) -> str:
        """Baseline in four digits."""
        return self.baseline.replace(".", "")

    @property
    def sensed(self) -> str:
        """Time of the acquisition, as names carry it."""
        return f"{self.acquisition.time:%Y%m%dT%H%M%S}"

    @property
    def generated(self) -> datetime:
        """Time at which the product is said to be made."""
        routine = self.acquisition.time + _DELAY
        return max(routine, _REPROCESSED) if self.baseline == "05.00" else routine

    @property
    def absolute_orbit(self) -> int:
        """Orbits since the launch."""
        return _KNOWN_ORBIT + round((self.acquisition.time - _KNOWN_TIME) / (_CYCLE / _ORBITS))

    @property
    def relative_orbit(self) -> int:
        """Orbit within the cycle, 1 to 143."""
        return (self.absolute_orbit + _RELATIVE_SHIFT) % _ORBITS + 1

    @cached_property
    def tile(self) -> str:
        """MGRS square of the scene's centre, such as ``45TTJ``."""
        return mgrs_square(self.acquisition.geobox)

    @property
    def granule(self) -> str:
        """Folder of the granule."""
        return f"GRANULE/{self.level}_T{self.tile}_A{self.absolute_orbit:06d}_{self.sensed}"

    @property
    def granule_id(self) -> str:
        """Long name of the granule."""
        return self._long(f"MSI_{self.level}_TL", f"A{self.absolute_orbit:06d}_T{self.tile}_N{self.baseline}")

    @property
    def datastrip_id(self) -> str:
        """Long name of the data strip."""
        return self._long(f"MSI_{self.level}_DS", f"S{self.sensed}_N{self.baseline}")

    def mask_id(self, kind: str, band: str) -> str:
        """Return the identifier of a vector mask (`kind` such as ``CLOUDS``)."""
        rest = f"A{self.absolute_orbit:06d}_T{self.tile}_{band}_MSI{self.level}"
        return self._long(f"MSK_{kind}", rest)

    def image(self, layer: str, pixel_m: int) -> str:
        """Return the path of an image in the product, without its suffix.

        Parameters
        ----------
        layer
            ``B02``, ``TCI``, ``SCL`` and so on.
        pixel_m
            Side of its pixels [m].
        """
        stem = f"T{self.tile}_{self.sensed}_{layer}"
        if self.level == "L1C":
            return f"{self.granule}/IMG_DATA/{stem}"
        return f"{self.granule}/IMG_DATA/R{pixel_m}m/{stem}_{pixel_m}m"

    def quality(self, file: str) -> str:
        """Return the path of a quality mask in the product."""
        return f"{self.granule}/QI_DATA/{file}"

    def _long(self, kind: str, rest: str) -> str:
        return f"S2A_OPER_{kind}_{_STATION}_{self.generated:%Y%m%dT%H%M%S}_{rest}"


def usual_baseline(day: date) -> str:
    """Return the baseline with which products of a day were first made."""
    return "02.08" if day < BASELINE_0400 else "04.00"


def band_file(band: Band) -> str:
    """Return the name of a band in file names: ``B02``, ``B8A``."""
    number = band.name.removeprefix("B")
    return f"B{int(number):02d}" if number.isdigit() else f"B{number}"


def mgrs_square(geobox: GeoBox) -> str:
    """Return the MGRS square of 100 km, with its zone, of a grid's centre in a northern UTM zone.

    Source: NGA.SIG.0012, The Universal Grids.
    """
    zone = int(str(CRS.from_user_input(str(geobox.crs)).utm_zone)[:-1])
    box = geobox.boundingbox
    east, north = (box.left + box.right) / 2, (box.bottom + box.top) / 2
    latitude = geobox.footprint("EPSG:4326").centroid.coords[0][1]
    column = _COLUMNS[zone % 3][int(east // 100_000) - 1]
    row = _ROWS[(int(north // 100_000) + (0 if zone % 2 else 5)) % len(_ROWS)]
    return f"{zone:02d}{_BANDS_OF_LATITUDE[min(int((latitude + 80) // 8), 19)]}{column}{row}"
