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
import json
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from trimline.errors import MetadataError

_NOT_OURS = "stac_version"
"""A key of STAC items, which some archives store under the name of the sidecar."""


class Sidecar(BaseModel):
    """Content of a sidecar."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    """Id of the scene; the file's name where not given."""
    sensor: str | None = None
    """A sensor id, as `trimline.sensors.SENSORS` lists them."""
    bands: tuple[str, ...] | None = None
    """Names in the order of the file, common (`red`) or the agency's (`B4`); `-` for a band to leave out."""
    scale: float | dict[str, float] | None = None
    """Reflectance per digital number; by band name where bands differ. A single number excludes thermal bands."""
    offset: float | dict[str, float] | None = None
    """Added to the digital number before scaling; by band name where bands differ."""
    nodata: float | None = None
    """Digital number of missing data."""
    time: datetime | date | None = None
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
        if self.time is None:
            return None
        if not isinstance(self.time, datetime):
            return datetime(self.time.year, self.time.month, self.time.day, tzinfo=UTC)
        return self.time.replace(tzinfo=UTC) if self.time.tzinfo is None else self.time.astimezone(UTC)


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
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MetadataError(
            f"the sidecar is not JSON ({error})", where=path, remedy="mend it, or move it away"
        ) from error
    if isinstance(content, dict) and _NOT_OURS in content:
        return Sidecar()
    try:
        return Sidecar.model_validate(content)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise MetadataError(_sentence(problem["type"], key, problem["msg"]), where=path, remedy=_remedy(key)) from None


def _sentence(kind: str, key: str, message: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key '{key}'"
    return f"{key or 'the content'}: {message[:1].lower()}{message[1:]}"


def _remedy(key: str) -> str:
    close = difflib.get_close_matches(key, Sidecar.model_fields, n=1)
    if close and close[0] != key:
        return f"did you mean '{close[0]}'?"
    return f"the keys are {', '.join(Sidecar.model_fields)}"
