"""Tables of terminus change for the page."""

from __future__ import annotations

import math

import pandas as pd

from trimline.report.tables import Table


def class_table(table: pd.DataFrame, only: str | None = None) -> Table:
    """Return the mean retreat of classes.

    Parameters
    ----------
    table
        Of `trimline.glaciers.retreat_by`, with `first` and `last`.
    only
        The one class that is shown; the rows are then named by method and span.
    """
    heads = ["", "glaciers", "retreat, m", "m a⁻¹", "spread, m a⁻¹", "± half a pixel", "± a pixel", "rise, m"]
    rows = []
    for _, row in table[table["class"] == only].iterrows() if only is not None else table.iterrows():
        name = str(row["class"])
        if only is not None:
            name = f"{str(row['method']).replace('_', ' ')}, {row['first']} to {row['last']}"
        numbers = (
            ("retreat_m", "+.1f"),
            ("retreat_m_per_a", "+.2f"),
            ("spread_m_per_a", ".2f"),
            ("half_pixel_error_m_per_a", ".2f"),
            ("whole_pixel_error_m_per_a", ".2f"),
            ("terminus_rise_m", "+.1f"),
        )
        rows.append([name, str(int(row["glaciers"])), *(_shown(row[key], form) for key, form in numbers)])
    return heads, rows


def status_table(table: pd.DataFrame) -> Table:
    """Return how many termini had which result, of a table of `terminus_change`."""
    counts = table["status"].value_counts()
    return ["result", "glaciers"], [[str(name), str(count)] for name, count in counts.items()]


def _shown(value: float, form: str) -> str:
    return "–" if value is None or math.isnan(value) else format(value, form).replace("-", "−")
