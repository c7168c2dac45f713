"""Change of every glacier between two periods, with its error, its rate, and what it means in words.

Where a glacier merged into another, or split off it, between the two periods, their areas cannot be told apart on
both dates: they are summed and compared as one, under the id of the glacier that stays, and the others say so. Every
area is so counted once, and the changes of all glaciers add up to that of the region, where all areas are known. The
change of a glacier that is unseen, or not in one of the periods, is unknown: see `trimline.change.states`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from trimline.change.areas import AREA_COLUMNS
from trimline.change.long_table import period_order, require_columns
from trimline.change.propagation import change_error
from trimline.change.rates import CHANGE_COLUMNS
from trimline.change.states import STATE_COLUMNS, with_states
from trimline.errors import ChangeError
from trimline.outlines.states import GONE, NOT_IN_PERIOD, OUTLINED, UNKNOWN, State

GLACIER_CHANGE_COLUMNS = (
    "glac_id",
    "subregion",
    "size_class",
    *CHANGE_COLUMNS[CHANGE_COLUMNS.index("first") :],
    "status",
    "glac_ids",
    "verdict",
)
"""Columns of the table of changes of glaciers, in order. Losses are negative."""

NO_CHANGE, LOSS, GAIN = "no significant change", "significant loss", "significant gain"
"""Verdicts: a change is significant where it is larger than its error."""


def verdict(change: float, error: float) -> str:
    """Return what a change means: a loss or gain larger than its error, or no significant change; empty for NaN."""
    if not (np.isfinite(change) and np.isfinite(error)):
        return ""
    if abs(change) <= error:
        return NO_CHANGE
    return LOSS if change < 0 else GAIN


def default_spans(periods: Sequence[str]) -> list[tuple[str, str]]:
    """Return the spans of a series: from the first to the last period, then from each to the next."""
    return list(dict.fromkeys([(periods[0], periods[-1]), *pairwise(periods)]))


def glacier_changes(
    areas: pd.DataFrame,
    spans: Sequence[tuple[str, str]] | None = None,
    *,
    lineage: pd.DataFrame | None = None,
    error: str = "uncertainty_km2",
    correlation: float = 0.0,
    absent: State = NOT_IN_PERIOD,
) -> pd.DataFrame:
    """Return change and rate of every glacier between periods.

    Parameters
    ----------
    areas
        The table of `trimline.change.glacier_areas`, or that of `trimline.change.with_states`, which knows why outlines
        are missing.
    spans
        First and last period of each change; None means the first and the last, then each period and the next.
    lineage
        The table of `trimline.change.lineage`, which says what merged and split; None takes every id for itself.
    error
        Column of the errors [km2].
    correlation
        Correlation of the errors of two periods, see `trimline.change.change_error`. The errors of glaciers that are
        compared as one are summed first.
    absent
        State of glaciers without an outline, where the table has no states.

    Returns
    -------
    DataFrame
        `GLACIER_CHANGE_COLUMNS`, span by span and glacier by glacier: every glacier that has an outline at one end at
        least. `status` is `kept`, `new` or `vanished` (gone on the other date: an area of 0 km2), `unseen in PERIOD` or
        `not in PERIOD` (the area on that date, and the change, are NaN), `merged into ID` or `split off ID`, whose area
        is counted under that id. `glac_ids` lists the glaciers that are compared as one, joined by
        ";". `verdict` is `significant loss`, `significant gain` or `no significant change`, where a change is no larger
        than its error. Percentages are of the first area, NaN where there was none; years are those of the glacier's
        images, or of the period where it has no outline.

    Raises
    ------
    ChangeError
        A column or period is missing, a span is not in order of time, or there is one period only.

    Examples
    --------
    >>> from trimline.change import glacier_areas, glacier_changes
    >>> areas = glacier_areas(outlines, pixel_m=30)
    >>> lost = glacier_changes(areas, [("1973", "2016")])
    """
    require_columns(areas, (*AREA_COLUMNS[:5], "size_class", error))
    if not set(STATE_COLUMNS) <= set(areas.columns):
        areas = with_states(areas, lineage=lineage, absent=absent)
    order = period_order(areas)
    wanted = default_spans(order) if spans is None else list(spans)
    missing = sorted({period for span in wanted for period in span} - set(order))
    if missing:
        raise ChangeError(f"there is no period {', '.join(missing)}", remedy=f"there are {', '.join(order)}")
    if len(order) < 2:
        raise ChangeError("there is one period only", remedy="a change needs two")
    tables = []
    for first, last in wanted:
        if order.index(first) >= order.index(last):
            raise ChangeError(f"'{last}' is not later than '{first}'", remedy="give the earlier period first")
        tables.append(_between(areas, first, last, _joined(lineage, order, first, last), error, correlation))
    return pd.concat(tables, ignore_index=True)[list(GLACIER_CHANGE_COLUMNS)]


def _joined(lineage: pd.DataFrame | None, order: Sequence[str], first: str, last: str) -> dict[str, tuple[str, str]]:
    """Return for each glacier that merged or split within a span the id it is counted under, and how."""
    if lineage is None:
        return {}
    within = order[order.index(first) + 1 : order.index(last) + 1]
    events = lineage[lineage["kind"].isin(("merged", "split")) & lineage["period"].isin(within)]
    into: dict[str, tuple[str, str]] = {}
    for row in events.itertuples():
        how = f"merged into {row.other_id}" if row.kind == "merged" else f"split off {row.other_id}"
        into.setdefault(str(row.glac_id), (str(row.other_id), how))
    return {name: (_root(name, into), how) for name, (_, how) in into.items() if _root(name, into) != name}


def _root(name: str, into: dict[str, tuple[str, str]]) -> str:
    """Return the id at the end of a chain of mergers; a circle ends where it began."""
    seen = [name]
    while seen[-1] in into and into[seen[-1]][0] not in seen:
        seen.append(into[seen[-1]][0])
    return seen[-1] if seen[-1] not in into else min(seen)


def _between(
    areas: pd.DataFrame,
    first: str,
    last: str,
    joined: dict[str, tuple[str, str]],
    error: str,
    correlation: float,
) -> pd.DataFrame:
    values = ["src_year", "area_km2", error]
    ends = {}
    for period in (first, last):
        of_period = areas.loc[areas["period"] == period, ["glac_id", *values, "state"]]
        ends[period] = of_period.set_index(of_period["glac_id"].astype(str))[[*values, "state"]]
    names = sorted({str(name) for end in ends.values() for name in end.index[end["state"].isin(OUTLINED)]})
    root = pd.Series({name: joined.get(name, (name, ""))[0] for name in names}, dtype=object)
    # The glacier that others merged into may itself be drawn at neither end.
    whole = sorted(set(names) | set(root))
    table = pd.DataFrame({"glac_id": whole}).set_index("glac_id", drop=False)
    known = areas.drop_duplicates("glac_id").set_index(areas.drop_duplicates("glac_id")["glac_id"].astype(str))
    for key in ("subregion", "size_class"):
        table[key] = known[key].astype(str).reindex(table.index)
    for which, period in (("first", first), ("last", last)):
        end = ends[period] = ends[period].loc[ends[period].index.isin(names)]
        ice = end[end["state"].isin(OUTLINED)]
        year = float(np.average(ice["src_year"], weights=ice["area_km2"])) if len(ice) else np.nan
        groups = end.assign(root=root.reindex(end.index), unknown=end["state"].isin(UNKNOWN)).groupby("root")
        unknown = groups["unknown"].any().reindex(table.index, fill_value=False)
        table[f"year_{which}"] = end["src_year"].reindex(table.index).fillna(year)
        for column, key in ((f"area_{which}_km2", "area_km2"), (f"error_{which}", error)):
            table[column] = groups[key].sum().reindex(table.index).fillna(0.0).mask(unknown)
    counted = pd.Series([name not in joined for name in table.index], table.index)
    members = root.groupby(root).agg(lambda group: ";".join(sorted(group.index)))
    table["glac_ids"] = members.reindex(table.index).fillna("")
    table["status"] = _status(table.index, joined, ends[first]["state"], ends[last]["state"], (first, last))
    change = (table["area_last_km2"] - table["area_first_km2"]).where(counted)
    off = pd.Series(change_error(table["error_first"], table["error_last"], correlation), table.index).where(counted)
    span = table["year_last"] - table["year_first"]
    if (span <= 0).any():
        wrong = table[span <= 0].iloc[0]
        raise ChangeError(
            f"its outline of {last} ({wrong['year_last']:.2f}) is not later than that of {first} "
            f"({wrong['year_first']:.2f})",
            where=wrong["glac_id"],
            remedy="correct the dates",
        )
    for which, period in (("first", first), ("last", last)):
        own = ends[period]["area_km2"].reindex(table.index)
        table[f"area_{which}_km2"] = table[f"area_{which}_km2"].where(counted, own)
    percent = table["area_first_km2"].where(table["area_first_km2"] > 0) / 100
    return table.assign(
        first=first,
        last=last,
        years=span,
        change_km2=change,
        change_error_km2=off,
        change_percent=change / percent,
        change_error_percent=off / percent,
        rate_km2_per_a=change / span,
        rate_error_km2_per_a=off / span,
        rate_percent_per_a=change / percent / span,
        rate_error_percent_per_a=off / percent / span,
        verdict=[verdict(c, e) for c, e in zip(change, off, strict=True)],
    ).reset_index(drop=True)


def _status(
    names: pd.Index,
    joined: dict[str, tuple[str, str]],
    states_first: pd.Series,
    states_last: pd.Series,
    span: tuple[str, str],
) -> list[str]:
    found = []
    for name in names:
        # Without a state, its ice is part of another glacier.
        states = states_first.get(name, GONE), states_last.get(name, GONE)
        unknown = [(state, period) for state, period in zip(states, span, strict=True) if state in UNKNOWN]
        if name in joined:
            found.append(joined[name][1])
        elif unknown:
            state, period = unknown[0]
            found.append(f"not in {period}" if state == NOT_IN_PERIOD else f"{state} in {period}")
        elif GONE in states:
            found.append("vanished" if states[1] == GONE else "new")
        else:
            found.append("kept")
    return found
