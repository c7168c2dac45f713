"""One table or layer that a study writes: its columns with their meaning, type and unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from trimline.outlines import COLUMNS
from trimline.report.table_columns import meaning_of, unit_of

Kind = Literal["text", "number", "count", "true or false"]

_COUNTS = frozenset(
    [
        "aspect_sec",
        "edited",
        "epoch",
        "glaciers",
        "gone_glaciers",
        "unseen_glaciers",
        "absent_glaciers",
        "index",
        "lines",
        "lines_laid",
        "outline",
        "parameters",
        "periods",
        "rank",
        "texts_cut_in_shapefile",
        "windows",
    ]
)
_TRUTHS = frozenset(["chosen", "inside", "reference", "within_error", "within_uncertainty"])
_NUMBERS = frozenset(
    ["area_bias", "cloud", "confidence", "dem_cover", "snow", "statistic", "p_value", "share", "src_year", "threshold"]
)


@dataclass(frozen=True)
class WrittenTable:
    """A table or layer of a study."""

    path: str
    """Its file within the output; `<...>` stands for a name."""
    stage: str
    """The stage that writes it."""
    row: str
    """What a row is, in words."""
    columns: tuple[str, ...]
    """Its columns in order, the geometry left out."""
    optional: frozenset[str] = frozenset()
    """Columns that are there only where the study has what they hold."""
    own: Mapping[str, str] = field(default_factory=dict)
    """Meanings of columns that mean something else in other tables."""
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """Types of columns that have another one in other tables."""
    geometry: str = ""
    """Type of the geometry of a layer; empty for a table."""

    def meaning(self, column: str) -> str:
        """Return the meaning of a column."""
        return self.own.get(column) or meaning_of(column, self.path)

    def kind(self, column: str) -> Kind:
        """Return the type of a column."""
        if column in self.kinds:
            return self.kinds[column]
        if column in _TRUTHS:
            return "true or false"
        if column in _COUNTS:
            return "count"
        if column in COLUMNS:
            return COLUMNS[column].kind
        return "number" if unit_of(column) or column in _NUMBERS else "text"

    def unit(self, column: str) -> str:
        """Return the unit of a column; empty where it has none."""
        published = COLUMNS[column].unit if column in COLUMNS else None
        return published or unit_of(column)
