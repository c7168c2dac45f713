"""What is known of one archive: its catalogue, its collections, and how its files are read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from trimline.remote.signing import Signer, unsigned
from trimline.sensors import SENSORS


def without_login() -> Signer:
    """Return the signer of an archive that everyone may read."""
    return unsigned


@dataclass(frozen=True)
class Holding:
    """One collection of an archive."""

    collection: str
    """Its id in the catalogue."""
    instruments: tuple[str, ...]
    """Instruments of its scenes (`TM`, `ETM+`, `OLI`, `MSI`, `MSS`)."""
    level: Literal["L1", "L2"]

    def has_any_of(self, sensors: Iterable[str]) -> bool:
        """Whether it has scenes of one of some sensors, by id."""
        return any(SENSORS[sensor].instrument in self.instruments for sensor in sensors)


@dataclass(frozen=True)
class Archive:
    """One archive with a STAC catalogue."""

    name: str
    """As in project files."""
    title: str
    address: str
    """Of its STAC API, or of the JSON file of its static catalogue."""
    holdings: tuple[Holding, ...]
    access: str
    """What reading its files needs, in words."""
    signing: Callable[[], Signer] = without_login
    """Makes the signer of its files; credentials are looked for when the first file is read."""
    elevation: str | None = None
    """Its collection of elevation, tiles of Copernicus GLO-30."""
    alternates: Mapping[str, str] = field(default_factory=dict)
    """Key of the alternate address (alternate-assets extension) that is read, by the beginning of the address in place
    of which it is read."""
    at_once: int = 4
    """Requests at the same time that it allows."""

    def signer(self) -> Signer:
        """Return the signer of its files."""
        return self.signing()

    def collections(self, sensors: Iterable[str], level: str | None = None) -> tuple[str, ...]:
        """Return the collections with scenes of some sensors, of one level or of both."""
        wanted = tuple(sensors)
        return tuple(
            each.collection for each in self.holdings if level in (None, each.level) and each.has_any_of(wanted)
        )
