"""What a user gives for a product that lacks it: sensor, bands, scale, date."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from trimline.errors import ProductError

_ISO_DATE_LENGTHS = {4: "%Y", 7: "%Y-%m", 10: "%Y-%m-%d"}


@dataclass(frozen=True)
class Given:
    """The keyword arguments of `open_scene`; None where not given."""

    id: str | None = None
    """Id of the scene."""
    sensor: str | None = None
    """A sensor id."""
    bands: Sequence[str] | None = None
    """Band names in the order of the file; `-` for a band to leave out."""
    scale: float | None = None
    """Reflectance per digital number: reflectance = (DN + offset) x scale."""
    offset: float | None = None
    """Added to the digital number before scaling."""
    nodata: float | None = None
    """Digital number of missing data."""
    date: str | None = None
    """Day, month or year of the acquisition, ISO 8601."""

    def __post_init__(self) -> None:
        if self.scale is not None and not (math.isfinite(self.scale) and self.scale > 0):
            raise ProductError(f"the scale {self.scale} cannot be", remedy="give a finite number above 0, as 0.0001")
        if self.offset is not None and not math.isfinite(self.offset):
            raise ProductError(f"the offset {self.offset} cannot be", remedy="give a finite number, as -1000")
        if self.date is not None:
            parse_date(self.date)

    def refuse(self, names: Sequence[str], where: object, why: str) -> None:
        """Raise `ProductError` where one of these was given, since the product has it."""
        for each in fields(self):
            if each.name in names and getattr(self, each.name) is not None:
                raise ProductError(
                    f"'{each.name}' cannot be given: {why}", where=where, remedy=f"leave {each.name} out"
                )


def parse_date(date: str) -> datetime | None:
    """Return the start of a day (UTC), or None for a month or a year.

    Raises
    ------
    ProductError
        It is not a date in ISO 8601.
    """
    try:
        day = datetime.strptime(date, _ISO_DATE_LENGTHS[len(date)]).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        raise ProductError(f"'{date}' is not a date", remedy="write 2019, 2019-02 or 2019-02-17") from None
    return day if len(date) == 10 else None
