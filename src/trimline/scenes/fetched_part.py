"""Products of which `trimline fetch` brought a part: what it left in the archive is not missing.

What was fetched is read from ``fetched.json``, which `trimline.fetching` writes beside the files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from trimline.errors import TrimlineError
from trimline.scenes.metadata_text import MOST_JSON_BYTES, decode, parse_json, read_bounded

_RECORD = "fetched.json"


@dataclass(frozen=True)
class FetchedPart:
    """What was fetched of a product."""

    is_whole: bool
    """Whether the rasters are the archive's own files; they are windows of them otherwise."""
    extent: str
    """What was fetched, in words."""
    lost: Mapping[str, str]
    """Files that were fetched and are gone, by common name of the band or kind of the quality file."""


def fetched_part(path: Path) -> FetchedPart | None:
    """Return what was fetched into the folder of a product; None where nothing was, or its record cannot be read.

    Parameters
    ----------
    path
        The folder, or a file in it.
    """
    folder = path if path.is_dir() else path.parent
    record = folder / _RECORD
    if not record.is_file():
        return None
    try:
        content = parse_json(decode(read_bounded(record, MOST_JSON_BYTES)), record)
        named = {str(each["what"]): str(each["name"]) for each in content["files"]}
        is_whole, region = content["whole"] is True, content["region"]
    except (TrimlineError, KeyError, TypeError):
        return None
    lost = {what.split(" ", 1)[-1]: name for what, name in named.items() if not (folder / Path(name).name).is_file()}
    extent = "as the archive's own files" if is_whole else "over all of the scene" if region is None else "for a region"
    return FetchedPart(is_whole, extent, lost)
