"""Settings of a simulated range: terrain, climate and acquisitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from trimline.project.settings import SensorId, Settings, of_form
from trimline.project.yaml_text import as_written

EnvironmentName = Literal["cold-dry", "warm-green", "cloudy"]


class SimulatedScene(Settings):
    """One acquisition of the range by one sensor."""

    sensor: SensorId = "landsat-5-tm"
    """Sensor id: `landsat-8-oli`, `sentinel-2-msi`, ..."""
    date: date
    """Day of the acquisition; the year decides how far the ice has retreated, the day the sun and the snow."""
    cloud_fraction: float | None = Field(None, ge=0, le=1)
    """Share of the scene under cloud; None means that of the environment."""
    snow: float | None = Field(None, ge=0)
    """Seasonal snow, relative to that of the environment at the end of the melt season."""
    format: Literal["stack", "safe", "zip"] = "stack"
    """How Sentinel-2 is written: a GeoTIFF stack, ESA's SAFE folder, or that folder as an archive."""
    level: Literal["L1C", "L2A"] = "L1C"
    """Level of a SAFE product: reflectance at the top of the atmosphere, or of the surface."""
    baseline: Annotated[Literal["02.08", "04.00", "05.00"] | None, BeforeValidator(as_written)] = None
    """Processing baseline of a SAFE product, without offset (02.08), with it (04.00), or reprocessed with it (05.00,
    for any date); None means 02.08 before 25 January 2022 and 04.00 since."""

    @model_validator(mode="after")
    def _has_a_format_of_its_sensor(self) -> Self:
        if self.format != "stack" and self.sensor != "sentinel-2-msi":
            raise ValueError(f"{self.sensor} has no SAFE products: leave out format, or choose sentinel-2-msi")
        if self.format == "stack" and (self.level != "L1C" or self.baseline is not None):
            raise ValueError("level and baseline are those of a SAFE product: add format: safe")
        return self


class SimulatedRange(Settings):
    """A simulated mountain range."""

    name: Annotated[
        str,
        BeforeValidator(as_written),
        of_form(r"[A-Za-z0-9_.-]+", "a name of letters, digits, '-', '_' and '.'"),
    ]
    """Its name, and that of its folder `<output>/simulated/<name>`."""
    environment: EnvironmentName = "cold-dry"
    """Climate, snow and cover: cold and dry, warm and green, or under frequent cloud."""
    size: int = Field(512, ge=64, le=20_000)
    """Pixels on a side, at `resolution_m`."""
    resolution_m: float = Field(30.0, gt=0, le=10_000)
    """Pixel of the ground truth and the DEM [m]; sensors have their own resolution."""
    seed: int = Field(0, ge=0)
    """Seed of the terrain and of all that lies on it: another one is another range."""
    first_year: int = Field(1986, ge=1000, le=2100)
    """Year up to which the climate is steady; the equilibrium line rises from then on."""
    rise_m_per_a: float = 8.0
    """Rise of the equilibrium line [m per year]."""
    wrs2: Annotated[
        str, BeforeValidator(as_written), of_form(r"\d{6}", "a path and row of six digits, such as 139036")
    ] = "139036"
    """WRS-2 path and row written into the Landsat products; the range's name where that is one."""
    epsg: int = Field(32646, ge=32601, le=32660)
    """CRS of the products, a northern UTM zone: WGS 84 / UTM 46N is that of the Three-Rivers Headwater. The climate's
    sunny slopes face south."""
    upper_left: tuple[float, float] = (500_000.0, 3_800_000.0)
    """Easting and northing of the upper left corner [m]."""
    scenes: tuple[SimulatedScene, ...] = ()
    """Without any, every scene of the project whose path lies in the range's folder: its day, its sensor, and its
    cloud cover as the share of the range under cloud."""

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_place(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and re.fullmatch(r"\d{6}", str(given.get("name", ""))):
            return {"wrs2": given["name"], **given}
        return given
