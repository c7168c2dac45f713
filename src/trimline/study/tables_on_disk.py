"""Tables that the stage `change` wrote, read back for the report."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from trimline.errors import StageError
from trimline.foreign import foreign_errors

_FORMER_COLUMNS = {"uncertainty_doubt_km2": "uncertainty_map_km2"}
"""Columns of tables written by earlier versions, and their present names."""

_TEXT = (
    "period", "first", "last", "break", "part", "tile", "subregion", "region", "source", "note", "scene_id", "date",
    "glac_id", "glac_ids", "glac_name", "other_id", "without", "verdict", "flagged", "status", "outline",
)  # fmt: skip
"""Columns of names and words, which stay text also where they look like numbers."""


def read_table(path: Path) -> pd.DataFrame:
    """Read one table.

    Raises
    ------
    StageError
        It is missing or damaged.
    """
    with foreign_errors(StageError, path, what="is damaged", remedy="delete it and run `trimline run PROJECT`"):
        table = pd.read_csv(path, dtype=dict.fromkeys(_TEXT, str)).rename(columns=_FORMER_COLUMNS)
    return table.fillna(dict.fromkeys(table.columns.intersection(_TEXT), ""))


def read_tables(folder: Path) -> dict[str, pd.DataFrame]:
    """Read all tables of a folder, by their names."""
    return {path.stem: read_table(path) for path in sorted(folder.glob("*.csv"))}
