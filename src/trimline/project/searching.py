"""Where scenes are searched for, and which of them are taken."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from trimline.project.measuring import MonthDay
from trimline.project.settings import SensorId, Settings, Tile

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_SCHEMES = ("http", "https", "file", "s3")
_OF_LOGINS = "leave it out: logins are read from the environment or ~/.netrc, never from a project file"


class Problem(NamedTuple):
    """What is wrong with an address, without quoting it, and what to do."""

    what: str
    remedy: str


def is_address(catalogue: str) -> bool:
    """Whether a catalogue is given by its address or path, rather than by the name of a known archive."""
    is_path = "/" in catalogue or "\\" in catalogue or catalogue.lower().endswith((".json", ".geojson"))
    return is_path or _SCHEME.match(catalogue) is not None


def address_problem(address: str) -> Problem | None:
    """Return why an address of a catalogue is refused: it may hold a secret, or is none; None where it is fine."""
    if _SCHEME.match(address) is None:
        return None
    try:
        parts = urlsplit(address)
        has_host = bool(parts.hostname) or parts.scheme == "file"
    except ValueError:
        return Problem("the address of a catalogue cannot be read", "write it as in https://HOST/PATH")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return Problem("the address of a catalogue has a user name or password in it", _OF_LOGINS)
    if parts.query or parts.fragment:
        return Problem("the address of a catalogue has a query, which may hold a token", _OF_LOGINS)
    if parts.scheme.lower() not in _SCHEMES or not has_host:
        return Problem("the address of a catalogue is none of a server", "write it as in https://HOST/PATH")
    return None


def _as_catalogue(catalogue: str, info: ValidationInfo) -> str:
    """Refuse an address with a secret in it; a relative path starts at the folder of the project file."""
    if (problem := address_problem(catalogue)) is not None:
        raise ValueError(f"{problem.what}; {problem.remedy}")
    folder = (info.context or {}).get("folder")
    if folder is None or not is_address(catalogue) or _SCHEME.match(catalogue) or Path(catalogue).is_absolute():
        return catalogue
    return str((Path(folder) / catalogue).resolve())


Catalogue = Annotated[str, Field(min_length=1), AfterValidator(_as_catalogue)]
"""Name of a known archive, or address or path of a catalogue."""


def _tuple_of_one(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class SearchSettings(Settings):
    """A search of catalogues for the scenes of the periods."""

    catalogues: Annotated[
        tuple[Catalogue, ...],
        BeforeValidator(_tuple_of_one),
        Field(min_length=1),
    ]
    """Names of known archives (`earth-search`, `planetary-computer`, ...; `trimline search --list`), addresses of STAC
    APIs, or static catalogues (address or path of their JSON file). Logins are never part of an address."""
    collections: Annotated[tuple[str, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """Collections of the catalogues; None means those that the archives are known to hold of the sensors and level."""
    sensors: Annotated[tuple[SensorId, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """Sensors; None means all with a short-wave infrared band."""
    level: Literal["L1", "L2"] | None = None
    """Reflectance at the top of the atmosphere (L1) or of the surface (L2); None means either."""
    tiles: Annotated[tuple[Tile, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """WRS-2 path/rows and MGRS tiles; None means all that meet the region."""
    season: tuple[MonthDay, MonthDay] | Literal["melt", "all"] = "melt"
    """First and last day, as in `[07-01, 09-30]`; `melt` means the melt season by the region's latitude, as the
    timeline takes it (06-15 to 09-30 in the north, 12-15 to 03-31 in the south, all year in the tropics), `all` the
    whole year."""
    cloud_cover: float = Field(80.0, ge=0, le=100)
    """Highest cloud cover in the catalogue [percent of the whole scene]; the choice goes by cloud over the glaciers."""
    most_scenes: int = Field(6, ge=1)
    """Most scenes that are taken for one period and place."""
    years: tuple[int, int] | None = None
    """First and last year; None means those of each period."""
