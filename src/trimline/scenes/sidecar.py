"""JSON sidecar of a GeoTIFF stack, with the metadata that the stack lacks.

``stack.tif`` has ``stack.json``::

    {
      "sensor": "sentinel-2-msi",
      "bands": ["blue", "green", "red", "nir", "swir1", "-"],
      "scale": 0.0001,
      "offset": -1000,
      "nodata": 0,
      "time": "2022-02-17T14:20:31Z",
      "sun_azimuth": 58.2,
      "sun_elevation": 47.9
    }

Every key may be left out; an unknown one is an error. Reflectance is ``(DN + offset) * scale``, as ESA writes it.
"""

from __future__ import annotations

import difflib
from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from trimline.errors import MetadataError
from trimline.scenes.metadata_text import MOST_JSON_BYTES, decode, in_utc, parse_json, read_bounded

_NOT_OURS = "stac_version"
"""A key of STAC items, which some archives store under the name of the sidecar."""


def _of_an_image(moment: datetime | date) -> datetime | date:
    """Raise `ValueError` where no image is of that time."""
    in_utc(moment)
    return moment


class Sidecar(BaseModel):
    """Content of a sidecar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    """Id of the scene; the file's name where not given."""
    sensor: str | None = None
    """A sensor id, as `trimline.sensors.SENSORS` lists them."""
    bands: tuple[str, ...] | None = None
    """Names in the order of the file, common (`red`) or the agency's (`B4`); `-` for a band to leave out."""
    scale: FiniteFloat | dict[str, FiniteFloat] | None = None
    """Reflectance per digital number; by band name where bands differ. A single number excludes thermal bands."""
    offset: FiniteFloat | dict[str, FiniteFloat] | None = None
    """Added to the digital number before scaling; by band name where bands differ."""
    nodata: float | None = None
    """Digital number of missing data."""
    time: Annotated[datetime | date, AfterValidator(_of_an_image)] | None = None
    """Acquisition, ISO 8601; UTC where it has no zone."""
    sun_azimuth: float | None = Field(None, ge=0, le=360)
    """[degrees]"""
    sun_elevation: float | None = Field(None, ge=-90, le=90)
    """[degrees]"""
    tile: str | None = None
    """WRS path and row, or MGRS tile."""
    cloud_cover: float | None = Field(None, ge=0, le=100)
    """[percent]"""
    level: str | None = None
    """Processing level: `L1C`, `L2A`, ..."""

    @property
    def utc(self) -> datetime | None:
        """Acquisition as a datetime in UTC; a day is its start."""
        return None if self.time is None else in_utc(self.time)


def sidecar_of(raster: Path) -> Path:
    """Return where the sidecar of a raster lies, if there is one."""
    return raster.with_suffix(".json")


def read_sidecar(raster: Path) -> Sidecar:
    """Return the sidecar of a raster; an empty one where there is none.

    Raises
    ------
    MetadataError
        It is not JSON, has an unknown key, or an impossible value.
    """
    path = sidecar_of(raster)
    if not path.is_file():
        return Sidecar()
    text = decode(read_bounded(path, MOST_JSON_BYTES))
    content = parse_json(text, path, what="the sidecar", remedy="mend it, or move it away")
    if isinstance(content, dict) and _NOT_OURS in content:
        return Sidecar()
    try:
        return Sidecar.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise MetadataError(
            _sentence(problem["type"], key, problem["msg"]), where=path, remedy=_remedy(problem["type"], key)
        ) from None


def _sentence(kind: str, key: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key '{key}'"
    message = message.removeprefix("Value error, ")
    return f"{key or 'the content'}: {message[:1].lower()}{message[1:]}"


def _remedy(kind: str, key: str) -> str:
    if kind != "extra_forbidden":
        return (
            f"correct the value of '{key.split('.')[0]}', or leave it out" if key else 'write it as {"key": value, ...}'
        )
    close = difflib.get_close_matches(key, Sidecar.model_fields, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return f"the keys are {', '.join(Sidecar.model_fields)}"
