"""Glaciers as the page shows them: the list of a period, and one at full detail with what is beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Protocol

import numpy as np
import shapely
from numpy.typing import NDArray

from trimline.outlines import Replayed
from trimline.review import contract
from trimline.review.desk import NotThere
from trimline.review.edits.edit_view import edit_rows, termini
from trimline.review.edits.saving import measure_of, neighbouring
from trimline.review.edits.trial import outline_message
from trimline.review.live.live_period import LivePeriod
from trimline.review.live.live_review import LiveReview
from trimline.review.live.snapshot import Snapshot

NEAR_PIXELS = 2.0
"""Distance within which outlines count as neighbours, whose borders move together [pixels]."""

Order = Literal["doubt", "area", "name"]


class Doubt(Protocol):
    """What speaks against the outlines of a period, (n,) each; NaN where it is not known."""

    @property
    def doubt(self) -> NDArray[np.float64]:
        """The three others together."""
        ...

    @property
    def margin(self) -> NDArray[np.float64]:
        """Mean uncertainty of the map along the outline."""
        ...

    @property
    def disagreement(self) -> NDArray[np.float64]:
        """Share of the ground on which it differs from other periods."""
        ...

    @property
    def jump(self) -> NDArray[np.float64]:
        """Departure of its area from what other periods let expect."""
        ...


def glacier_list(
    snapshot: Snapshot,
    names: Mapping[str, str],
    doubt: Doubt | None,
    *,
    period: str,
    order: Order,
    state: contract.GlacierState | None,
    limit: int,
    offset: int,
) -> contract.GlacierList:
    """Return a part of the list of glaciers of a period.

    Parameters
    ----------
    snapshot
        The outlines.
    names
        Names of glaciers by their ids, of those that have one.
    doubt
        Of each outline, in the order of the snapshot; None until it is computed.
    period
        Name of the period.
    order
        By doubt or area, the largest first, or by name, those without a name last.
    state
        Only those of this state; None for all.
    limit, offset
        Length of the part, and the place where it begins.
    """
    ids = snapshot.glac_ids
    unknown = np.full(len(ids), np.nan)
    doubts = unknown if doubt is None else doubt.doubt
    if order == "name":
        keys = [(each not in names, names.get(each, "").casefold(), each) for each in ids]
        ranked = sorted(range(len(ids)), key=keys.__getitem__)
    else:
        sizes = snapshot.area_km2 if order == "area" else np.nan_to_num(doubts, nan=-1.0)
        ranked = np.lexsort((np.arange(len(ids)), -sizes)).tolist()
    wanted = [i for i in ranked if state is None or snapshot.states[i] == state]
    part = wanted[offset : offset + limit]
    bounds = shapely.bounds(snapshot.geometries[part]) if part else np.empty((0, 4))
    rows = []
    for i, box in zip(part, bounds.tolist(), strict=True):
        parts = {
            key: None if doubt is None else _known(getattr(doubt, key)[i])
            for key in ("doubt", "margin", "disagreement", "jump")
        }
        rows.append(
            contract.GlacierRow(
                glac_id=ids[i],
                glac_name=names.get(ids[i]),
                area_km2=float(snapshot.area_km2[i]),
                state=snapshot.states[i],
                edits=int(snapshot.edits[i]),
                bounds=tuple(box),
                **parts,
            )
        )
    return contract.GlacierList(period=period, total=len(wanted), is_complete=doubt is not None, glaciers=tuple(rows))


def glacier_of(review: LiveReview, period: str, glac_id: str) -> contract.Glacier:
    """Return a glacier in a period at full detail.

    Raises
    ------
    NotThere
        There is no such period, or no period has the glacier.
    """
    with review.at(period) as live:
        state, mapped, known = live.state.copy(), live.mapped, review.edits
    sides = neighbouring(review, period, glac_id)
    beside = [None if each is None else outline_message(review.state(each), glac_id) for each in sides]
    found = next((each for each in (state, mapped) if glac_id in each), None)
    near = found if found is not None else next((review.state(each) for each in sides if each is not None), None)
    if near is None:
        raise NotThere(f"there is no glacier '{glac_id}'", remedy="choose one of the list")
    with review.lock:
        own = set(state.edit_ids(glac_id))
        rows = [
            row
            for row in known.rows
            if known.concerns(row, period) and (row["glac_id"] == glac_id or row["edit_id"] in own)
        ]
        edits = edit_rows(review, rows)
    reach = NEAR_PIXELS * live.period.pixel_m
    return contract.Glacier(
        period=period,
        outline=outline_message(state, glac_id) if glac_id in state else None,
        automatic=outline_message(mapped, glac_id) if glac_id in mapped else None,
        neighbours=tuple(outline_message(state, each) for each in _near(state, near.outline(glac_id), glac_id, reach)),
        previous=beside[0],
        next=beside[1],
        measure=measure_of(review, period, state, glac_id) if glac_id in state else None,
        state=state.review(glac_id) if glac_id in state else "open",
        edits=edits,
        termini=termini(known, period, glac_id),
    )


def names_of(live: LivePeriod, snapshot: Snapshot) -> dict[str, str]:
    """Return the names of glaciers by their ids, of those that have one."""
    as_mapped, state = live.mapped_names(), live.state
    changed = state.changed_since(0)
    found = {each: as_mapped[each] for each in snapshot.glac_ids if each in as_mapped and each not in changed}
    for each in changed:
        name = state.value(each, "glac_name") if each in state else None
        if isinstance(name, str) and name:
            found[each] = name
    return found


def _near(state: Replayed, outline: shapely.Geometry, glac_id: str, reach: float) -> list[str]:
    """Return the glaciers within a distance [m] of an outline, without its own."""
    west, south, east, north = outline.bounds
    return [
        each
        for each in state.touching(shapely.box(west - reach, south - reach, east + reach, north + reach))
        if each != glac_id and shapely.dwithin(outline, state.outline(each), reach)
    ]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
