"""What a data release holds and says, before any of it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd

from trimline.project import Author
from trimline.report.tables import Table

CHECKSUMS = "SHA256SUMS"
COLUMNS_FILE = "columns.csv"
PARQUET = "outlines.parquet"
README = "README.md"
CITATION = "CITATION.cff"
EDITS = "edits.gpkg"


@dataclass(frozen=True)
class ReleasedPeriod:
    """The outlines of one period."""

    name: str
    """Its name, which becomes that of its files."""
    first: int
    """First year."""
    last: int
    """Last year."""
    outlines: gpd.GeoDataFrame
    """A row per glacier."""
    unseen: gpd.GeoDataFrame | None
    """Ground that no scene saw; None where nobody wrote it down."""


@dataclass(frozen=True)
class Release:
    """Everything that a release says and holds."""

    name: str
    """Of the study; with the version it names the folder."""
    version: str
    """Of the data."""
    title: str
    """One line."""
    authors: Sequence[Author]
    """In the order in which they are cited."""
    license: str
    """SPDX identifier."""
    doi: str | None
    """Without the address in front."""
    released: str | None
    """Day, month or year, ISO 8601."""
    periods: Sequence[ReleasedPeriod]
    """In the order of time; at least one."""
    missing: Sequence[str]
    """Periods of the project that have no outlines."""
    edits: gpd.GeoDataFrame
    """Corrections by hand, as `trimline.outlines.read_edits` gives them."""
    outcomes: Mapping[str, int]
    """How many edits, over all periods, ended in each state of `trimline.outlines.Outcome`."""
    tables: Sequence[Path]
    """CSV files to take along."""
    method: Mapping[str, str]
    """How ice was told from ground: network, recipe, weights."""
    scenes: Table
    """A row per scene."""
    scores: Table | None
    """How well the method agrees with the truth; None where it was not judged."""
    measures: str
    """What these scores measure, and what they do not."""
    provenance: Mapping[str, str]
    """Versions and hashes."""

    @property
    def label(self) -> str:
        """Name of the folder."""
        return f"{self.name}-{self.version}"
