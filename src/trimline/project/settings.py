"""The base of every settings model, and the small types they share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from trimline.errors import BandError
from trimline.project.names import nearest_name
from trimline.project.yaml_text import as_written
from trimline.sensors import SENSORS


class Settings(BaseModel):
    """A part of the project file: frozen, and an unknown key or a number that is not finite is an error."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False, coerce_numbers_to_str=True
    )


def _beside_project_file(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the project file."""
    folder = (info.context or {}).get("folder")
    return path if path.is_absolute() or folder is None else (Path(folder) / path).resolve()


ProjectPath = Annotated[Path, AfterValidator(_beside_project_file)]
"""A path that, where relative, starts at the folder of the project file."""

Name = Annotated[str, BeforeValidator(as_written), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""A name that is valid as a file name; a bare number in YAML is taken as it is written."""

PeriodName = Annotated[str, BeforeValidator(as_written), Field(pattern=r"^[\w]+([ .-]?[\w]+)*$")]
"""A name of a period: `1986-1988`, or in words, `Little Ice Age`."""

IsoDate = Annotated[str, BeforeValidator(as_written), Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""A day, month or year in ISO 8601, as precise as known."""

Tile = Annotated[str, BeforeValidator(as_written), Field(pattern=r"^(\d{6}|\d{2}[C-X][A-Z]{2})$")]
"""A WRS-2 path and row (`139036`) or an MGRS tile (`45TVJ`)."""


def _of_some_sensor(name: str) -> str:
    """Refuse a band that no sensor has, under its common name or the agency's."""
    for sensor in SENSORS.values():
        try:
            sensor.band(name)
        except BandError:
            continue
        return name
    known = dict.fromkeys(band.common for sensor in SENSORS.values() for band in sensor.bands)
    raise ValueError(f"'{name}' is no band; {nearest_name(name, known)}")


def _known_sensor(name: str) -> str:
    if name not in SENSORS:
        raise ValueError(f"'{name}' is no sensor; {nearest_name(name, SENSORS)}")
    return name


BandName = Annotated[str, AfterValidator(_of_some_sensor)]
"""A band that some sensor has: its common name (`red`), or the agency's (`B4`)."""

SensorId = Annotated[str, AfterValidator(_known_sensor)]
"""A sensor id (`landsat-8-oli`)."""
