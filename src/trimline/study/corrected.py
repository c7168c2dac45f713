"""What is corrected by hand: the periods of a project, the outlines it gives, or the one map of a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import geopandas as gpd

from trimline.files import StrPath
from trimline.outlines import EditOutcome, read_edits, read_outlines, replay, require_sound, write_outlines
from trimline.project import Project
from trimline.study.editing import AUTOMATIC, TIMELINE, middles_of
from trimline.study.one_map import OneMap
from trimline.study.own_series import own_series

Automatic = Iterator[tuple[str, Callable[[], gpd.GeoDataFrame]]]
"""Name of a period, and what reads its outlines before corrections."""


@dataclass(frozen=True)
class Corrected:
    """Outlines that edits are made of, and where the edits lie."""

    edits_file: Path
    """GeoPackage of the edits; it need not exist."""
    middles: Mapping[str, float] | None
    """The known periods with their middles [decimal year]; None accepts every name of a period."""
    automatic: Callable[[], Automatic]
    """Yields the outlines of the periods that have some, in order."""


def corrected_project(project: Project) -> Corrected:
    """Return a project's periods as what is corrected."""
    automatic = _given if project.has_own_outlines else _mapped
    return Corrected(project.edits_file, middles_of(project), lambda: automatic(project))


def corrected_map(one: OneMap) -> Corrected:
    """Return the map of a folder as what is corrected; its outlines get ids where they have none."""

    def automatic() -> Automatic:
        yield one.period, lambda: read_outlines(one.automatic())

    return Corrected(one.edits_file, {one.period: one.middle}, automatic)


def write_corrected(one: OneMap, path: StrPath | None = None) -> list[EditOutcome]:
    """Write the outlines of one map with its edits replayed, and return the outcome of each edit.

    Parameters
    ----------
    one
        The map.
    path
        Where to; None means ``corrected.gpkg`` beside its outlines.

    Raises
    ------
    EditError
        An edit is invalid; nothing is written then.
    """
    of_map = corrected_map(one)
    edits = read_edits(one.edits_file)
    require_sound(edits, of_map.middles, where=one.edits_file)
    final, outcomes = replay(read_outlines(one.automatic()), edits, one.period, middle=one.middle)
    write_outlines(final, one.corrected if path is None else path)
    return outcomes


def _mapped(project: Project) -> Automatic:
    for path in sorted((project.output / TIMELINE).glob(f"*/{AUTOMATIC}")):
        yield path.parent.name, partial(read_outlines, path)


def _given(project: Project) -> Automatic:
    outlines = own_series(project)[0].outlines
    for period in project.periods:
        of_period = outlines[(outlines["period"] == period.name).to_numpy()]
        if len(of_period):
            yield period.name, partial(of_period.reset_index, drop=True)
