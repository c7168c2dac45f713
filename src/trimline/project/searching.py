"""Where scenes are searched for, and which of them are taken."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from trimline.project.settings import SensorId, Settings, Tile


def _tuple_of_one(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


class SearchSettings(Settings):
    """A search of catalogues for the scenes of the periods."""

    catalogues: Annotated[tuple[str, ...], BeforeValidator(_tuple_of_one), Field(min_length=1)]
    """Names of known archives (`earth-search`, `planetary-computer`, ...; `trimline search --list`), addresses of STAC
    APIs, or static catalogues (address or path of their JSON file)."""
    collections: Annotated[tuple[str, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """Collections of the catalogues; None means those that the archives are known to hold of the sensors and level."""
    sensors: Annotated[tuple[SensorId, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """Sensors; None means all with a short-wave infrared band."""
    level: Literal["L1", "L2"] | None = None
    """Reflectance at the top of the atmosphere (L1) or of the surface (L2); None means either."""
    tiles: Annotated[tuple[Tile, ...] | None, BeforeValidator(_tuple_of_one)] = None
    """WRS-2 path/rows and MGRS tiles; None means all that meet the region."""
    season: tuple[str, str] | Literal["melt", "all"] = "melt"
    """First and last day, as in `[07-01, 09-30]`; `melt` means the end of the melt season by hemisphere, `all` the
    whole year."""
    cloud_cover: float = Field(80.0, ge=0, le=100)
    """Highest cloud cover in the catalogue [percent of the whole scene]; the choice goes by cloud over the glaciers."""
    most_scenes: int = Field(6, ge=1)
    """Most scenes that are taken for one period and place."""
    years: tuple[int, int] | None = None
    """First and last year; None means those of each period."""
