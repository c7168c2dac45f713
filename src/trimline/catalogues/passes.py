"""Passes over a place: of several processings of one pass the newest is kept, two passes of a day stay two.

A pass is known by sensor, level, tile, and datatake (Sentinel-2) or day (Landsat, which sees a path/row once a day). A
datatake may reach an archive in parts that show different ground of one tile: a scene is replaced by a newer one only
where that covers it.
"""

from __future__ import annotations

from collections.abc import Iterable

import shapely

from trimline.catalogues.candidate import Candidate

COVERED = 0.9
"""Share of a scene's footprint from which another one of the same pass covers it: archives outline the same image in
different ways."""


def newest_of_each_pass(candidates: Iterable[Candidate]) -> tuple[list[Candidate], list[tuple[Candidate, Candidate]]]:
    """Return the newest processing of each pass, by time and id, and each older one with the one that replaces it.

    Of two that are equally new the first is kept.
    """
    passes: dict[tuple[str | None, ...], list[Candidate]] = {}
    for each in candidates:
        passes.setdefault(_pass_of(each), []).append(each)
    kept: list[Candidate] = []
    replaced: list[tuple[Candidate, Candidate]] = []
    for same in passes.values():
        # The sort is stable: of two that are equally new the first stays first.
        newest: list[Candidate] = []
        for each in sorted(same, key=lambda one: one.processed or "", reverse=True):
            cover = next((other for other in newest if _covers(other, each)), None)
            if cover is None:
                newest.append(each)
            else:
                replaced.append((each, cover))
        kept.extend(newest)
    return sorted(kept, key=lambda each: (each.time, each.id)), replaced


def _pass_of(each: Candidate) -> tuple[str | None, ...]:
    day = each.time.date().isoformat()
    when = each.datatake or (day if each.sensor.startswith("landsat") else each.time.isoformat(timespec="seconds"))
    return each.sensor, each.level, each.tile or each.id, when


def _covers(newer: Candidate, older: Candidate) -> bool:
    shared = shapely.intersection(newer.footprint, older.footprint)
    return bool(shapely.area(shared) >= COVERED * shapely.area(older.footprint))
