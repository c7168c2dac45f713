"""The state of every glacier in every period: what is known of one that has no outline there.

A missing outline has several causes, and only one of them is an area of 0: the ground was seen and the ice is gone. A
glacier under cloud is unseen, and one that an inventory leaves out is not in that period; the areas of both are
unknown. `trimline.timeline` tells gone from unseen. Outlines from elsewhere do not, unless their inventories say so.

A glacier that is gone has an area of 0, and the detection limit as its error: the smallest area that is mapped, and at
least one pixel. A glacier whose area is unknown counts in the error of a total with the area of its nearest period.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from trimline.change.areas import AREA_COLUMNS
from trimline.change.long_table import period_order, require_columns
from trimline.errors import ChangeError
from trimline.outlines.states import GONE, INFERRED, MAPPED, NOT_IN_PERIOD, OUTLINED, STATES, UNKNOWN, State

SMALLEST_AREA_KM2 = 0.01
"""Smallest glacier of an inventory from images of 15 to 30 m (Paul and others, 2009, Annals of Glaciology 50(53),
119-126) [km2]."""

STATE_COLUMNS = ("state", "nearest_km2")
"""Columns that `with_states` adds to those of `glacier_areas`."""

_MEASURED = tuple(name for name in AREA_COLUMNS if name.startswith(("area_", "uncertainty_", "perimeter_", "shared_")))


def with_states(
    areas: pd.DataFrame,
    states: pd.DataFrame | None = None,
    *,
    lineage: pd.DataFrame | None = None,
    absent: State = NOT_IN_PERIOD,
    periods: Sequence[str] | None = None,
    limit_km2: float | Mapping[str, float] = SMALLEST_AREA_KM2,
) -> pd.DataFrame:
    """Return the areas with a row for every glacier in every period, also where it has no outline.

    Parameters
    ----------
    areas
        The table of `trimline.change.glacier_areas`.
    states
        What is known: `glac_id`, `period`, `state` (one of `STATES`), and where they are there `src_year` (decimal
        year in which the ground was seen) and `unseen_km2` (part of the ground that was not seen [km2]). Outlines
        decide themselves: a glacier with one is `mapped`, or `inferred` where the table says so.
    lineage
        The table of `trimline.change.lineage`. A glacier without an outline whose ice is part of another one gets no
        row, because it is counted there. None takes every id for itself.
    absent
        State of glaciers without an outline that `states` says nothing of.
    periods
        The periods in order of time; None means those of the table.
    limit_km2
        Detection limit [km2], the same for all periods or by period: the error of a glacier that is gone.

    Returns
    -------
    DataFrame
        `AREA_COLUMNS` and `STATE_COLUMNS`: first the rows of `areas` with their index, then the others by period and
        id. A glacier that is gone has the area 0, and in `uncertainty_outline_km2` the detection limit; ground of it
        that was not seen counts as its `uncertainty_unseen_km2`. Areas and errors of an unknown state are NaN.
        `nearest_km2` is the area in the nearest period in which it is known, the larger of two as near, and the
        detection limit where the glacier is gone there; NaN for outlines.

    Raises
    ------
    ChangeError
        A column is missing, or there is no such state.
    """
    require_columns(areas, AREA_COLUMNS)
    _require_states([absent, *(states["state"] if states is not None else ())])
    order = list(periods) if periods is not None else period_order(areas)
    told = {} if states is None else _told(states)
    outlined = areas.assign(glac_id=areas["glac_id"].astype(str), period=areas["period"].astype(str))
    pairs = zip(outlined["glac_id"], outlined["period"], strict=True)
    outlined["state"] = [INFERRED if told.get(pair, {}).get("state") == INFERRED else MAPPED for pair in pairs]
    outlined["nearest_km2"] = np.nan
    missing = _missing(outlined, order, lineage)
    if missing.empty:
        return outlined
    of_period = _years(outlined, order, states)
    rows = []
    for glacier, period in missing.itertuples(index=False):
        known = told.get((glacier, period), {})
        state = known.get("state", absent)
        if state in OUTLINED:  # the outline was taken away since
            state = absent
        year = known.get("src_year", np.nan)
        limit = float(limit_km2[period]) if isinstance(limit_km2, Mapping) else float(limit_km2)
        rows.append(
            (
                glacier,
                period,
                year if np.isfinite(year) else of_period[period],
                state,
                known.get("unseen_km2", 0),
                limit,
            )
        )
    added = pd.DataFrame(rows, columns=["glac_id", "period", "src_year", "state", "unseen", "limit"])
    added["nearest_km2"] = _nearest(outlined, added, order)
    gone = (added["state"] == GONE).to_numpy()
    hidden = np.minimum(np.nan_to_num(added.pop("unseen").to_numpy(float)), added["nearest_km2"].to_numpy(float))
    limits = added.pop("limit").to_numpy(float)
    for name in _MEASURED:
        added[name] = np.where(gone, 0.0, np.nan)
    for name in ("area_outer_km2", "uncertainty_outline_km2", "uncertainty_perimeter_km2"):
        added[name] = np.where(gone, limits, np.nan)
    added["uncertainty_unseen_km2"] = np.where(gone, hidden, np.nan)
    added["uncertainty_km2"] = np.where(gone, np.hypot(limits, hidden), np.nan)
    of_glacier = outlined.drop_duplicates("glac_id").set_index("glac_id")
    added["subregion"] = of_glacier["subregion"].reindex(added["glac_id"]).to_numpy()
    classes = of_glacier["size_class"].reindex(added["glac_id"]).to_numpy()
    added["size_class"] = pd.Categorical(classes, dtype=outlined["size_class"].dtype)
    added.index = pd.RangeIndex(len(added)) + (int(outlined.index.max()) + 1 if _counts(outlined.index) else 0)
    columns = [*AREA_COLUMNS, *STATE_COLUMNS]
    return pd.concat([outlined[columns], added[columns]])


def told_apart(events: pd.DataFrame, areas: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `trimline.change.lineage` in which what is unknown is neither vanished nor new.

    Parameters
    ----------
    events
        `LINEAGE_COLUMNS`.
    areas
        The table of `with_states`.

    Returns
    -------
    DataFrame
        The same rows. A glacier that `vanished` is gone; where it is unseen or not in the period it is `missing`. One
        that is `new` was gone the period before; where that is not known it is `first seen`.
    """
    states = {(row.glac_id, row.period): row.state for row in areas.itertuples()}
    order = period_order(areas.dropna(subset=["src_year"]))
    before = dict(zip(order[1:], order[:-1], strict=True))
    kinds = []
    for row in events.itertuples():
        kind, name, period = str(row.kind), str(row.glac_id), str(row.period)
        if kind == "vanished" and states.get((name, period)) in UNKNOWN:
            kind = "missing"
        elif kind == "new" and states.get((name, before.get(period, ""))) in UNKNOWN:
            kind = "first seen"
        kinds.append(kind)
    return events.assign(kind=kinds)


def _require_states(given: Sequence[object]) -> None:
    strange = sorted({str(each) for each in given} - set(STATES))
    if strange:
        raise ChangeError(f"there is no state '{strange[0]}'", remedy=f"there are {', '.join(STATES)}")


def _told(states: pd.DataFrame) -> dict[tuple[str, str], dict[Hashable, Any]]:
    require_columns(states, ("glac_id", "period", "state"))
    kept = [name for name in ("state", "src_year", "unseen_km2") if name in states.columns]
    keys = zip(states["glac_id"].astype(str), states["period"].astype(str), strict=True)
    return dict(zip(keys, states[kept].to_dict("records"), strict=True))


def _missing(outlined: pd.DataFrame, order: Sequence[str], lineage: pd.DataFrame | None) -> pd.DataFrame:
    """Return glacier and period of all that have no outline, without those whose ice is part of another glacier."""
    glaciers = sorted(set(outlined["glac_id"]))
    every = pd.MultiIndex.from_product([order, glaciers])
    have = pd.MultiIndex.from_arrays([outlined["period"], outlined["glac_id"]])
    lacking = every.difference(have, sort=False)
    inside = _part_of_another(lineage, order)
    rows = [(glacier, period) for period, glacier in lacking if (glacier, period) not in inside]
    return pd.DataFrame(rows, columns=["glac_id", "period"])


def _part_of_another(lineage: pd.DataFrame | None, order: Sequence[str]) -> set[tuple[str, str]]:
    """Return glacier and period where a glacier is part of another: after it merged, or before it split off."""
    if lineage is None or lineage.empty:
        return set()
    place = {period: k for k, period in enumerate(order)}
    found: set[tuple[str, str]] = set()
    for name, events in lineage.groupby("glac_id", sort=False):
        own = sorted((place[str(row.period)], str(row.kind)) for row in events.itertuples() if str(row.period) in place)
        for k, period in enumerate(order):
            past = [kind for at, kind in own if at <= k]
            if (past and past[-1] == "merged") or (not past and own and own[0][1] == "split"):
                found.add((str(name), period))
    return found


def _years(outlined: pd.DataFrame, order: Sequence[str], states: pd.DataFrame | None) -> dict[str, float]:
    """Return the mean year of each period: of its outlines, or else of what is said of its glaciers."""
    by_outline = outlined.groupby("period")["src_year"].mean()
    said = pd.Series(dtype=float)
    if states is not None and "src_year" in states.columns:
        said = states.assign(period=states["period"].astype(str)).groupby("period")["src_year"].mean()
    return {period: float(by_outline.get(period, said.get(period, np.nan))) for period in order}


def _nearest(outlined: pd.DataFrame, added: pd.DataFrame, order: Sequence[str]) -> list[float]:
    """Return for each added row the area of its glacier in the nearest period with a known one."""
    place = {period: k for k, period in enumerate(order)}
    gone = added[added["state"] == GONE]
    known = pd.DataFrame(
        {
            "glac_id": [*outlined["glac_id"], *gone["glac_id"]],
            "period": [*outlined["period"], *gone["period"]],
            "year": [*outlined["src_year"], *gone["src_year"]],
            "km2": [*outlined["area_km2"], *gone["limit"]],
            "ice": [*([True] * len(outlined)), *([False] * len(gone))],
        }
    )
    by_glacier = {str(name): table for name, table in known.groupby("glac_id", sort=False)}
    found = []
    for row in added.itertuples():
        table = by_glacier[str(row.glac_id)]
        if row.state == GONE:
            table = table[table["ice"]]
        away = (table["year"] - float(row.src_year)).abs().to_numpy(float)
        if not np.isfinite(away).all():  # years are not known: the order of the periods is
            away = np.abs(np.array([place[period] for period in table["period"]]) - place[str(row.period)]).astype(
                float
            )
        found.append(float(table["km2"].to_numpy(float)[np.isclose(away, away.min(), rtol=0, atol=1e-6)].max()))
    return found


def _counts(index: pd.Index) -> bool:
    return len(index) > 0 and pd.api.types.is_integer_dtype(index)
