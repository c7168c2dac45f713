"""Edits as the page lists them: with their state on the periods, and with the outlines before and after them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trimline.outlines import EditOutcome, Replayed, outline_digest
from trimline.outlines.edit_layer import REVERT
from trimline.outlines.polygon_cut import polygonal
from trimline.review import contract
from trimline.review.desk import NotThere
from trimline.review.edits.drawn import geojson
from trimline.review.edits.known_edits import KnownEdits, Row, as_frame
from trimline.review.edits.trial import AFTER, BEFORE, outline_message
from trimline.review.live.live_review import LiveReview
from trimline.study.editing import NOT_REPLAYED, WRONG


def edit_rows(review: LiveReview, rows: Iterable[Row]) -> tuple[contract.EditRow, ...]:
    """Return edits with their states on the periods that are read; the lock must be held."""
    known = review.edits
    rows = list(rows)
    concerned = {name for row in rows for name in known.periods_of(row)}
    read = [live for live in map(review.live, review.names) if live.is_loaded and live.period.name in concerned]
    for live in read:
        live.bring_up_to(known)
    found = []
    for row in rows:
        outcomes = [live.outcome_of(row["edit_id"]) for live in read]
        found.append(_edit_row(known, row, [each for each in outcomes if each is not None]))
    return tuple(found)


def listed(review: LiveReview, period: str | None, glac_id: str | None) -> contract.EditList:
    """Return the edits of a period or a glacier, or all, in the order in which they were written.

    Those of a glacier are those that name it, or that changed its outline in a period that is read.
    """
    wanted = review.names if period is None else (review.live(period).period.name,)
    with review.lock:
        review.refresh()
        concerned = {name for row in review.edits.rows for name in review.edits.periods_of(row)}
    for name in wanted:
        if name in concerned:
            review.live(name).load()
    with review.lock:
        known = review.edits
        rows = [row for row in known.rows if period is None or known.concerns(row, period)]
        if glac_id is not None:
            changed = {each for name in wanted for each in _edits_on(review, name, glac_id)}
            rows = [row for row in rows if row["glac_id"] == glac_id or row["edit_id"] in changed]
        return contract.EditList(edits=edit_rows(review, rows))


def history(review: LiveReview, edit_id: str, period: str) -> contract.EditHistory:
    """Return an edit with the outlines it was made on and made, and those of today.

    Raises
    ------
    NotThere
        There is no such edit or period.
    """
    with review.at(period) as live:
        known = review.edits
        row = known.by_id.get(edit_id)
        if row is None:
            raise NotThere(f"there is no edit '{edit_id}'", remedy="look at the list of edits")
        state, mapped = live.state.copy(), live.mapped
        listed_as = edit_rows(review, [row])[0]
    before, after = _as_kept(review, edit_id, period)
    if not before and not after and edit_id not in known.wrong and row["operation"] != REVERT:
        before, after = _replayed(known, row, mapped, period)
    names = dict.fromkeys(
        [*(each.glac_id for each in (*before, *after)), *([row["glac_id"]] if row["glac_id"] else [])]
    )
    return contract.EditHistory(
        edit=listed_as,
        geometry=None if row["geometry"] is None else geojson(row["geometry"]),
        before=before,
        after=after,
        today=tuple(outline_message(state, name) for name in names if name in state),
    )


def termini(known: KnownEdits, period: str, glac_id: str) -> tuple[dict[str, object], ...]:
    """Return the terminus lines of a glacier that were drawn in a period and are not reverted, the last first."""
    return tuple(
        {
            "type": "Feature",
            "geometry": geojson(row["geometry"]),
            "properties": {name: row[name] for name in ("edit_id", "author", "time", "reason", "image")},
        }
        for row in reversed(known.rows)
        if row["operation"] == "terminus"
        and row["glac_id"] == glac_id
        and row["edit_id"] not in known.reverted
        and row["edit_id"] not in known.wrong
        and known.concerns(row, period)
    )


def _edits_on(review: LiveReview, period: str, glac_id: str) -> Sequence[str]:
    live = review.live(period)
    if not live.is_loaded:
        return ()
    live.bring_up_to(review.edits)
    return live.state.edit_ids(glac_id)


def _edit_row(known: KnownEdits, row: Row, outcomes: Sequence[EditOutcome]) -> contract.EditRow:
    state, text = _state_of(known, row, outcomes)
    names = ("edit_id", "operation", "period", "glac_id", "author", "time", "reason", "image", "reverts")
    said = {name: row[name] for name in names}
    return contract.EditRow(**{**said, "operation": row["operation"] or ""}, state=state, text=text)


def _state_of(known: KnownEdits, row: Row, outcomes: Sequence[EditOutcome]) -> tuple[str, str]:
    """Return the state of an edit over the periods that are read, and the text of the first with that state."""
    wrong = known.wrong.get(row["edit_id"])
    if wrong:
        return WRONG, "; ".join(f"{each.text}; {each.remedy}" for each in wrong)
    if row["edit_id"] in known.reverted:
        return "reverted", "a later edit reverts it"
    if not outcomes:
        return NOT_REPLAYED, "its period is not read yet"
    applied = [each for each in outcomes if each.state == "applied"]
    shown = applied or outcomes
    if len(outcomes) == 1:
        return shown[0].state, shown[0].text
    return shown[0].state, f"in {len(shown)} of {len(outcomes)} periods; {shown[0].period}: {shown[0].text}"


def _as_kept(
    review: LiveReview, edit_id: str, period: str
) -> tuple[tuple[contract.Outline, ...], tuple[contract.Outline, ...]]:
    """Return the outlines before and after an edit as they were when it was made here; none of other edits."""
    kept = review.outlines_kept_with(edit_id)
    found: dict[str, list[contract.Outline]] = {BEFORE: [], AFTER: []}
    for name, of, moment, shape in zip(kept["glac_id"], kept["period"], kept["state"], kept.geometry, strict=True):
        if of == period and moment in found:
            shape = polygonal(shape)
            about = {"glac_id": str(name), "glac_name": None, "version": outline_digest(shape)}
            found[moment].append(contract.Outline(**about, geometry=geojson(shape)))
    return tuple(found[BEFORE]), tuple(found[AFTER])


def _replayed(
    known: KnownEdits, row: Row, mapped: Replayed, period: str
) -> tuple[tuple[contract.Outline, ...], tuple[contract.Outline, ...]]:
    """Return the outlines before and after an edit on the map of today, with the edits that were written before it."""
    if not known.concerns(row, period):
        return (), ()
    state = mapped.copy()
    earlier = known.rows[: known.rows.index(row)]
    state.follow(KnownEdits.of(as_frame(earlier, known.crs), known.periods).sound)
    before = state.copy()
    state.apply(row)
    names = sorted(state.changed_since(before.marks))
    return (
        tuple(outline_message(before, name) for name in names if name in before),
        tuple(outline_message(state, name) for name in names if name in state),
    )
