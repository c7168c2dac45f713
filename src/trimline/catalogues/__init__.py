"""Catalogues of archives (STAC): known archives and their rules, candidates for a study, and the choice among them.

`search` finds the scenes of some periods over a region, as `Candidate`s; `read_candidate` makes one of a STAC item.
`known_archive` looks an `Archive` up and `transport_for` gives what reads its files; `register_archive` adds one, with
its `Holding`s.
"""

from __future__ import annotations

from trimline.catalogues.archive import Archive, Holding
from trimline.catalogues.candidate import Candidate, RemoteAsset
from trimline.catalogues.reading import read_candidate
from trimline.catalogues.registry import archive_names, known_archive, register_archive, transport_for
from trimline.catalogues.searching import SearchResult, search

__all__ = [
    "Archive",
    "Candidate",
    "Holding",
    "RemoteAsset",
    "SearchResult",
    "archive_names",
    "known_archive",
    "read_candidate",
    "register_archive",
    "search",
    "transport_for",
]
