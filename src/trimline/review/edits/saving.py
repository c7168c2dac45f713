"""Drafts previewed and saved, and edits reverted: all or none, kept once however often they are sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import shapely

from trimline.errors import EditError, TrimlineError
from trimline.outlines import Replayed
from trimline.outlines.checking_edits import value_of
from trimline.outlines.corrected_rows import ERROR_COLUMNS
from trimline.outlines.edit_layer import REVERT
from trimline.review import contract
from trimline.review.desk import InConflict, NotThere
from trimline.review.edits.drafts import FROM, MappedOutline, ids_of, rows_of_stroke
from trimline.review.edits.edit_file import ChangedMeanwhile
from trimline.review.edits.edit_view import edit_rows
from trimline.review.edits.kept_text import kept_text
from trimline.review.edits.known_edits import KnownEdits, Row, as_frame, problems_of
from trimline.review.edits.trial import BEFORE, NEW, Stamp, Trial, outline_message, told, try_drafts, version_of
from trimline.review.live.live_review import LiveReview
from trimline.review.live.measuring import compared, correction_error_km2, independent_error_km2, message

_SAME_SAVE = ("operation", "period", "glac_id", "value", "reverts", "author", "reason", "image")
"""Columns by which an edit that is sent again is known to be the same; its geometry counts too, its time does not."""

_TRIES = 5
"""How often a save is begun while others write to the file of edits."""

ROUNDING_M = 1e-3
"""By how much vertices may move in a file of edits that has another CRS [m]."""


_MOST_SEARCHED = 200
"""Edits of a period among which those are looked for by which outlines changed."""


def preview(review: LiveReview, request: contract.PreviewRequest) -> contract.Preview:
    """Return what drafts would make of the outlines; nothing is kept."""
    with review.at(request.period) as live:
        state, version = live.state.copy(), review.version
    trial = review.trials.tried(state, version, request.drafts, review.mapped_in, review.bounds, review.as_kept)
    notes, applied = told(trial, request.drafts)
    changed = trial.changed
    measured = dict.fromkeys([*changed, *sorted(name for name in trial.named if name in trial.state)])
    return contract.Preview(
        outlines=tuple(outline_message(trial.state, name) for name in changed),
        gone=tuple(trial.gone),
        measures=tuple(measure_of(review, request.period, trial.state, name) for name in measured),
        base={name: version_of(trial.base, name) for name in sorted(trial.touched)},
        notes=notes,
        is_applied=applied,
    )


def save(review: LiveReview, request: contract.SaveRequest) -> contract.Saved:
    """Keep drafts as edits, all or none; they are on the disk when this returns.

    Raises
    ------
    InConflict
        An outline that the drafts touch is not that of `request.base`.
    EditError
        A draft is wrong or none changes anything, an identifier is in use by another edit, or the file cannot be
        written.
    """
    return _tried_again(lambda: _save(review, request))


def _save(review: LiveReview, request: contract.SaveRequest) -> contract.Saved:
    stamp = _stamp_of(request)
    with review.at(request.period) as live:
        known = review.require_edits()
        first = _first_of(known, request)
        if first is not None:
            return _saved_before(review, request, stamp, first)
        live.bring_up_to(known)
        _require_period(review, known, request, stamp)
        try:
            trial = try_drafts(
                live.state, request.drafts, _at(stamp, known), review.mapped_in, review.bounds, review.as_kept
            )
        except EditError:
            # Drafts that were right when they were previewed may be wrong on outlines of today: that is the news.
            _require_same(review, request, live.state, request.base)
            raise
        _require_same(review, request, live.state, trial.touched)
        notes, applied = told(trial, request.drafts)
        if not any(applied):
            raise EditError(f"nothing would change: {'; '.join(notes)}", remedy="draw it again, or leave it")
        _require_sound(trial.rows, known)
        before = trial.base.marks
        known = review.append(trial.rows, trial.frame())
        live.adopt(trial.state, known)
        sequence = review.announce(trial.rows, trial.state.changed_since(before), known)
        return _answer(review, trial, trial.rows, known, sequence)


def revert(review: LiveReview, request: contract.RevertRequest) -> contract.Saved:
    """Revert edits by further rows, all or none.

    Raises
    ------
    NotThere
        There is no such edit.
    EditError
        One is reverted already or named twice, or the file cannot be written.
    """
    return _tried_again(lambda: _revert(review, request))


def _revert(review: LiveReview, request: contract.RevertRequest) -> contract.Saved:
    with review.lock:
        known = review.require_edits()
        wanted = (request.edit_id, *request.edit_ids)
        missing = [each for each in wanted if each not in known.by_id]
        if missing:
            raise NotThere(f"there is no edit '{missing[0]}'", remedy="look at the list of edits")
        rows = _reverting(known, [known.by_id[each] for each in wanted], request)
        before = [known.by_id[row["edit_id"]] for row in rows if row["edit_id"] in known.by_id]
        if before:
            _require_same_rows(rows, before)
            return contract.Saved(
                sequence=review.changes.sequence, edits=edit_rows(review, before), outlines=(), gone=()
            )
        for each in wanted:
            if each in known.reverted:
                raise EditError(f"the edit '{each}' is reverted already", remedy="look at the list of edits")
            if wanted.count(each) > 1:
                raise EditError(f"the edit '{each}' is named twice", remedy="name each once")
        _require_sound(rows, known)
        read = [review.live(name) for name in review.names if review.live(name).is_loaded]
        for live in read:
            live.bring_up_to(known)
        known = review.append(rows)
        changed = {live.period.name: live.bring_up_to(known) for live in read}
        glaciers = set().union(*changed.values(), {row["glac_id"] for row in rows} - {None})
        sequence = review.announce(rows, glaciers, known)
        concerned = [name for row in rows for name in known.periods_of(row)]
        shown = next((name for name in concerned if changed.get(name)), None)
        state = None if shown is None else review.live(shown).state
        names = sorted(changed.get(shown, ())) if shown is not None else []
        return contract.Saved(
            sequence=sequence,
            edits=edit_rows(review, rows),
            outlines=tuple(outline_message(state, each) for each in names if state is not None and each in state),
            gone=tuple(each for each in names if state is not None and each not in state),
        )


def measure_of(review: LiveReview, period: str, state: Replayed, name: str) -> contract.Measure:
    """Return the measure of an outline of a state of a period, with what it is compared with."""
    measures = review.measures(period)
    own = measures.of(state, name)
    comparisons = []
    mapped = review.live(period).mapped
    if name in mapped:
        error = correction_error_km2(state.outline(name), mapped.outline(name), measures.moved_m)
        comparisons.append(compared(own, measures.of(mapped, name), "automatic", error))
    for each in neighbouring(review, period, name):
        if each is not None:
            other = review.measures(each).of(review.state(each), name)
            comparisons.append(compared(own, other, each, independent_error_km2(own, other)))
    return message(name, own, comparisons)


def neighbouring(review: LiveReview, period: str, name: str) -> tuple[str | None, str | None]:
    """Return the nearest earlier and the nearest later period that have a glacier; None where none has it."""
    at = review.names.index(period)
    earlier, later = review.names[:at][::-1], review.names[at + 1 :]
    return tuple(  # type: ignore[return-value]
        next((each for each in side if _has(review, each, name)), None) for side in (earlier, later)
    )


def _tried_again(action: Callable[[], contract.Saved]) -> contract.Saved:
    """Return what an action returns, which is begun anew where somebody else wrote to the file of edits meanwhile."""
    for _ in range(_TRIES - 1):
        try:
            return action()
        except ChangedMeanwhile:
            continue
    return action()


def _has(review: LiveReview, period: str, name: str) -> bool:
    """Whether a period has a glacier; one that cannot be read, which `Review.problems` tells, has none."""
    try:
        return review.outline_in(period, name) is not None
    except TrimlineError:
        if review.live(period).failure() is None:
            raise
        return False


def _stamp_of(request: contract.SaveRequest) -> Stamp:
    author, reason = kept_text(request.author, "author"), kept_text(request.reason, "reason")
    if author is None or reason is None:
        raise EditError("an edit has no author or no reason", remedy="say who makes it, and why")
    period = kept_text(request.holds, "period") or request.period
    return Stamp(period, author, None, reason, kept_text(request.image, "name of the image"))


def _at(stamp: Stamp, known: KnownEdits) -> Stamp:
    return Stamp(stamp.period, stamp.author, known.time_of_next(), stamp.reason, stamp.image)


def _require_period(review: LiveReview, known: KnownEdits, request: contract.SaveRequest, stamp: Stamp) -> None:
    """Raise unless the edits of a save hold for the period that it was drawn in."""
    row = {"edit_id": request.drafts[0].edit_id, "period": stamp.period, "reverts": None}
    if not known.concerns(row, request.period):
        raise EditError(
            f"the edits are to hold for '{stamp.period}', which {request.period} is no part of",
            remedy="let them hold for the period that is shown, for all, or for an interval with its middle",
        )


def _require_same(review: LiveReview, request: contract.SaveRequest, state: Replayed, names: Any) -> None:
    """Raise `InConflict` where outlines are not those that drafts were made on."""
    touched = sorted({*names, *request.base})
    changed = [name for name in touched if request.base.get(name, NEW) != version_of(state, name)]
    if not changed:
        return
    edits = _edits_since(review, request, changed)
    raise InConflict(
        contract.Conflict(
            what=f"somebody else changed {', '.join(changed)} since this was drawn; nothing was saved",
            outlines=tuple(outline_message(state, name) for name in changed if name in state),
            gone=tuple(name for name in changed if name not in state),
            edits=edit_rows(review, edits),
        )
    )


def _edits_since(review: LiveReview, request: contract.SaveRequest, names: Sequence[str]) -> list[Row]:
    """Return the edits by which outlines changed since they last had the versions of a request.

    Edits are taken away from the last one on, until every outline has its version again. Those of outlines that never
    had it, which were mapped anew, are left out.
    """
    known, live = review.edits, review.live(request.period)
    state = live.state.copy()
    after = {name: version_of(state, name) for name in names}
    found: dict[str, set[str]] = {name: set() for name in names}
    searched = [i for i, row in enumerate(known.rows) if known.concerns(row, live.period.name)][-_MOST_SEARCHED:]
    waiting = set(names)
    for i in reversed(searched):
        state.follow(KnownEdits.of(as_frame(known.rows[:i], known.crs), known.periods).sound)
        before = {name: version_of(state, name) for name in waiting}
        for name in before:
            if before[name] != after[name]:
                found[name].add(known.rows[i]["edit_id"])
        waiting = {name for name in before if before[name] != request.base.get(name, NEW)}
        after = before
        if not waiting:
            break
    since = {each for name in names if name not in waiting for each in found[name]}
    return [row for row in known.rows if row["edit_id"] in since]


def _first_of(known: KnownEdits, request: contract.SaveRequest) -> int | None:
    """Return the place of the first edit of a save that was kept before; None where none of it was."""
    ids = {each for draft in request.drafts for each in ids_of(draft)}
    if not any(each in known.by_id for each in ids):
        return None
    return next(i for i, row in enumerate(known.rows) if row["edit_id"] in ids)


def _saved_before(review: LiveReview, request: contract.SaveRequest, stamp: Stamp, first: int) -> contract.Saved:
    """Return the answer to a save that was kept before.

    The drafts are tried again on the outlines as they were then: what the earlier rows make of the map.

    Raises
    ------
    EditError
        The edits of these identifiers are others.
    """
    known, live = review.edits, review.live(request.period)
    state = live.mapped.copy()
    state.follow(KnownEdits.of(as_frame(known.rows[:first], known.crs), known.periods).sound)
    copied = {
        (str((draft.value or {}).get(FROM)), draft.glac_id): _as_copied(known.by_id[draft.edit_id])
        for draft in request.drafts
        if draft.operation == "copy" and draft.edit_id in known.by_id
    }
    try:
        trial = try_drafts(state, request.drafts, stamp, lambda *of: copied.get(of), review.bounds, review.as_kept)
        kept = known.rows[first : first + len(trial.rows)]
        _require_same_rows(trial.rows, kept)
    except EditError:
        # Where outlines were mapped anew, a redraw makes other edits of them: those that it made then count.
        kept = _drawn_before(review, request, stamp, known)
        names = sorted({row["glac_id"] for row in kept} - {None})
        now = live.state
        return contract.Saved(
            sequence=review.changes.sequence,
            edits=edit_rows(review, kept),
            outlines=tuple(outline_message(now, each) for each in names if each in now),
            gone=tuple(each for each in names if each not in now),
        )
    return _answer(review, trial, kept, known, review.changes.sequence)


def _drawn_before(
    review: LiveReview, request: contract.SaveRequest, stamp: Stamp, known: KnownEdits
) -> tuple[Row, ...]:
    """Return the edits of a save that was kept before, by the outlines that were kept with them.

    Raises
    ------
    EditError
        They are others than those of the drafts.
    """
    ids = {each for draft in request.drafts for each in ids_of(draft)}
    kept = tuple(row for row in known.rows if row["edit_id"] in ids)
    rows: dict[str, Row] = {}
    for draft in request.drafts:
        of_draft = next((known.by_id[each] for each in ids_of(draft) if each in known.by_id), None)
        if of_draft is None or draft.operation not in ("redraw", "copy"):
            found = {} if of_draft is None else {str(draft.glac_id): of_draft["geometry"]}
        else:
            table = review.outlines_kept_with(of_draft["edit_id"])
            table = table[table["state"] == BEFORE]
            found = dict(zip(table["glac_id"], table.geometry, strict=True))
        if draft.operation == "accept" and of_draft is not None and of_draft["operation"] == "accept":
            # It names an outline of that map, which is not kept.
            rows[draft.edit_id] = {**stamp.on(dict(of_draft)), "glac_id": draft.glac_id}
            continue
        copied = None if of_draft is None else _as_copied(of_draft)
        made = rows_of_stroke([draft], found.get, lambda *_, outline=copied: outline, review.bounds)
        rows |= {row["edit_id"]: review.as_kept(stamp.on(row)) for row in made}
    order = {row["edit_id"]: place for place, row in enumerate(kept)}
    _require_same_rows(sorted(rows.values(), key=lambda row: order.get(row["edit_id"], len(order))), kept)
    return kept


def _as_copied(edit: Row) -> MappedOutline:
    """Return the outline and errors that an edit copied."""
    value = value_of(edit)
    return MappedOutline(edit["geometry"], {key: value[key] for key in ERROR_COLUMNS if key in value})


def _require_same_rows(rows: Sequence[Row], kept: Sequence[Row]) -> None:
    is_same = len(rows) == len(kept) and all(
        one["edit_id"] == other["edit_id"]
        and all(one[name] == other[name] for name in _SAME_SAVE)
        and _is_same_ground(one["geometry"], other["geometry"])
        for one, other in zip(rows, kept, strict=True)
    )
    if not is_same:
        raise EditError(
            f"there is another edit '{(rows or kept)[0]['edit_id']}' already",
            remedy="see whether it was saved before; if not, draw it again",
        )


def _is_same_ground(one: shapely.Geometry | None, other: shapely.Geometry | None) -> bool:
    """Whether two geometries are the same but for the rounding of another CRS."""
    if one is None or other is None:
        return one is other
    return bool(one.normalize().wkb == other.normalize().wkb or shapely.hausdorff_distance(one, other) < ROUNDING_M)


def _require_sound(rows: Sequence[Row], known: KnownEdits) -> None:
    """Raise where a new edit is invalid; those that it reverts are among the known ones."""
    targets = [known.by_id[row["reverts"]] for row in rows if row["reverts"] in known.by_id]
    problems = problems_of(as_frame([*targets, *rows], known.crs), known.periods)
    new = {row["edit_id"] for row in rows}
    wrong = [each for each in problems if each.edit_id in new]
    if wrong:
        raise EditError(
            "; ".join(each.text for each in wrong), remedy=wrong[0].remedy, where=f"edit {wrong[0].edit_id}"
        )


def _reverting(known: KnownEdits, targets: Sequence[Row], request: contract.RevertRequest) -> list[Row]:
    """Return the rows that revert edits, in their order."""
    author, reason = kept_text(request.author, "author"), kept_text(request.reason, "reason")
    time, rows = known.time_of_next(), list[Row]()
    for number, target in enumerate(targets, start=1):
        empty: Mapping[str, Any] = dict.fromkeys(target)
        rows.append(
            {
                **empty,
                "edit_id": request.new_edit_id if number == 1 else f"{request.new_edit_id}-{number}",
                "operation": REVERT,
                "period": target["period"],
                "glac_id": target["glac_id"],
                "author": author,
                "time": time,
                "reason": reason,
                "reverts": target["edit_id"],
            }
        )
    return rows


def _answer(review: LiveReview, trial: Trial, rows: Sequence[Row], known: KnownEdits, sequence: int) -> contract.Saved:
    del known
    return contract.Saved(
        sequence=sequence,
        edits=edit_rows(review, rows),
        outlines=tuple(outline_message(trial.state, name) for name in trial.changed),
        gone=tuple(trial.gone),
    )
