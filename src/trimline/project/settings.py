"""The base of every settings model, and the small types they share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo


class Settings(BaseModel):
    """A part of the project file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


def _beside_project_file(path: Path, info: ValidationInfo) -> Path:
    """Resolve a relative path against the folder of the project file."""
    folder = (info.context or {}).get("folder")
    return path if path.is_absolute() or folder is None else (Path(folder) / path).resolve()


ProjectPath = Annotated[Path, AfterValidator(_beside_project_file)]
"""A path that, where relative, starts at the folder of the project file."""

Name = Annotated[str, BeforeValidator(str), Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
"""A name that is valid as a file name; a bare number in YAML is taken as its digits."""

IsoDate = Annotated[str, BeforeValidator(str), Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")]
"""A day, month or year in ISO 8601, as precise as known."""

Tile = Annotated[str, BeforeValidator(str), Field(pattern=r"^(\d{6}|\d{2}[C-X][A-Z]{2})$")]
"""A WRS-2 path and row (`139036`) or an MGRS tile (`45TVJ`); one that begins with 0 needs quotes in YAML."""
