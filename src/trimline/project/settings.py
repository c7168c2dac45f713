"""The base of every settings model, and the small types they share."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo

from trimline.errors import BandError
from trimline.project.names import nearest_name
from trimline.project.yaml_text import as_written
from trimline.sensors import SENSORS


class Settings(BaseModel):
    """A part of the project file: frozen, and an unknown key or a number that is not finite is an error."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        validate_default=True,
        allow_inf_nan=False,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,  # a password may stand in an address that is refused
    )


def _beside_project_file(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the project file."""
    folder = (info.context or {}).get("folder")
    return path if path.is_absolute() or folder is None else (Path(folder) / path).resolve()


ProjectPath = Annotated[Path, AfterValidator(_beside_project_file)]
"""A path that, where relative, starts at the folder of the project file."""


def of_form(pattern: str, words: str) -> AfterValidator:
    """Return what refuses a text that does not match a pattern, and says in words what would."""

    def check(text: str) -> str:
        if re.fullmatch(pattern, text) is None:
            raise ValueError(f"'{text}' is not {words}")
        return text

    return AfterValidator(check)


Name = Annotated[
    str,
    BeforeValidator(as_written),
    of_form(
        r"[A-Za-z0-9][A-Za-z0-9_.-]*", "a name of letters, digits, '-', '_' and '.' that begins with a letter or digit"
    ),
]
"""A name that is valid as a file name; a bare number in YAML is taken as it is written."""

PeriodName = Annotated[
    str,
    BeforeValidator(as_written),
    of_form(r"\w+([ .-]\w+)*", "a name of words with one space, '.' or '-' between them"),
]
"""A name of a period: `1986-1988`, or in words, `Little Ice Age`."""

IsoDate = Annotated[
    str, BeforeValidator(as_written), of_form(r"\d{4}(-\d{2}(-\d{2})?)?", "a date such as 2019, 2019-02 or 2019-02-17")
]
"""A day, month or year in ISO 8601, as precise as known."""

Tile = Annotated[
    str,
    BeforeValidator(as_written),
    of_form(r"\d{6}|\d{2}[C-X][A-Z]{2}", "a WRS-2 path and row (139036) or an MGRS tile (45TVJ)"),
]
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
