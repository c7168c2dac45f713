"""Text of metadata files, sidecars and STAC items: decoded from whatever encoding, read as JSON, moments in it."""

from __future__ import annotations

import codecs
import json
import math
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from trimline.errors import MetadataError, ProductError, TrimlineError
from trimline.foreign import foreign_errors

MOST_TEXT_BYTES = 1 << 26
"""Size of the largest file that is read as metadata [bytes]; the largest of ESA have some 20 MB."""
MOST_JSON_BYTES = 1 << 24
"""The same of JSON, whose smallest values take thirty times their text in memory."""
FIRST_YEAR, LAST_YEAR = 1800, 2200
"""Years that an image can be of, aerial photographs included; others are slips, and some no clock can hold."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def decode(content: bytes) -> str:
    """Return the text of a metadata file.

    A byte-order mark tells the encoding; without one it is UTF-8, or Latin-1 where it cannot be that.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(encoding, errors="replace")
            break
    else:
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin-1")
    # USGS pads some metadata files with null bytes to a whole block.
    return text.replace("\0", "")


def check_text_size(size: int, where: object, most: int = MOST_TEXT_BYTES) -> None:
    """Raise `ProductError` where a file is larger than any metadata [bytes]."""
    if size > most:
        raise ProductError(
            f"the metadata file has {size >> 20} MB, which none has",
            where=where,
            remedy="do not trust it: fetch the product from its agency",
        )


def read_bounded(path: Path, most: int = MOST_TEXT_BYTES, kind: type[TrimlineError] = ProductError) -> bytes:
    """Return the content of a metadata file.

    Raises
    ------
    TrimlineError
        Of the given kind where it cannot be read; `ProductError` where it is larger than any metadata.
    """
    with foreign_errors(kind, path):
        size = path.stat().st_size
    check_text_size(size, path, most)
    with foreign_errors(kind, path):
        return path.read_bytes()


def parse_json(text: str, where: object, *, what: str = "the file", remedy: str | None = None) -> Any:
    """Return the content of a JSON document.

    Parameters
    ----------
    text
        The whole content.
    where, what, remedy
        The file, what it is called, and what to do, for errors.

    Raises
    ------
    MetadataError
        It is not JSON, is nested without end, or holds a whole number that no computer would write.
    """
    if len(text) > MOST_JSON_BYTES:
        raise MetadataError(f"{what} has {len(text) >> 20} MB, which none has", where=where, remedy=remedy)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MetadataError(f"{what} is not JSON ({error})", where=where, remedy=remedy) from error
    except RecursionError as error:
        raise MetadataError(f"{what} is nested too deeply", where=where, remedy=remedy) from error
    except ValueError as error:  # a whole number of more than 4300 digits
        raise MetadataError(f"{what} holds a number that is too long", where=where, remedy=remedy) from error


def float_of(value: object) -> float | None:
    """Return a value of JSON as a finite number; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def parse_moment(written: str) -> datetime:
    """Return a moment, ISO 8601, in UTC; UTC is meant where it has no zone.

    Raises
    ------
    ValueError
        It is none, or lies in no year that an image can be of.
    """
    return in_utc(datetime.fromisoformat(written))


def in_utc(moment: datetime | date) -> datetime:
    """Return a moment in UTC; UTC is meant where it has no zone, and the start of the day where it has no time.

    Raises
    ------
    ValueError
        It lies in no year that an image can be of.
    """
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"no image is of the year {moment.year}")
    if not isinstance(moment, datetime):
        return datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
