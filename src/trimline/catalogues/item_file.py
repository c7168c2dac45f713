"""Items of chosen scenes as files: what `trimline search` leaves for `trimline fetch`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trimline.catalogues.candidate import Candidate
from trimline.catalogues.kept_item import without_secrets
from trimline.errors import CatalogueError
from trimline.files import StrPath, write_json
from trimline.scenes.metadata_text import MOST_JSON_BYTES, decode, parse_json, read_bounded

CATALOGUE = "trimline:catalogue"
"""Key of the item in the file that names the catalogue it is from, as `Candidate.catalogue` does."""

_AGAIN = "run `trimline search` again, which writes it anew"


def write_item(candidate: Candidate, path: StrPath) -> None:
    """Write the item of a candidate, with the name of its catalogue, as JSON, without secrets.

    Raises
    ------
    DiskError
        It cannot be written.
    """
    write_json(path, {**without_secrets(candidate.item), CATALOGUE: candidate.catalogue})


def read_item(path: StrPath, otherwise: str | None = None) -> tuple[Mapping[str, Any], str]:
    """Return the item in a file as its catalogue gave it, and the name of the catalogue.

    Parameters
    ----------
    path
        The file.
    otherwise
        Name of the catalogue where the file does not say it.

    Raises
    ------
    CatalogueError
        There is no such file, or it does not say which catalogue the item is from.
    MetadataError
        It is not JSON.
    """
    path = Path(path)
    if not path.is_file():
        raise CatalogueError("there is no such item", where=path, remedy=_AGAIN)
    content = parse_json(
        decode(read_bounded(path, MOST_JSON_BYTES, CatalogueError)), path, what="the item", remedy=_AGAIN
    )
    if not isinstance(content, dict) or content.get("type") != "Feature":
        raise CatalogueError("the file holds no STAC item", where=path, remedy=_AGAIN)
    catalogue = content.pop(CATALOGUE, otherwise)
    if not isinstance(catalogue, str) or not catalogue:
        raise CatalogueError(
            "the item does not say which catalogue it is from",
            where=path,
            remedy=f'{_AGAIN}, or add "{CATALOGUE}": the name or address of the catalogue',
        )
    return content, catalogue
