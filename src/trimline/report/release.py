"""Content of a data release, before it is written."""

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
PROJECT, MODEL = "project.yaml", "model"


@dataclass(frozen=True)
class ReleasedPeriod:
    """The outlines of one period."""

    name: str
    """Its name, also of its files."""
    first: int
    """First year."""
    last: int
    """Last year."""
    outlines: gpd.GeoDataFrame
    """A row per glacier."""
    unseen: gpd.GeoDataFrame | None
    """Ground that no scene shows; None where it is not known."""
    sources: Sequence[str] = ()
    """Addresses of the catalogue's items that its scenes were fetched from."""


@dataclass(frozen=True)
class Release:
    """A data release: its citation, data and provenance."""

    name: str
    """Name of the study; with the version it names the folder."""
    version: str
    """Version of the data."""
    title: str
    """One line."""
    authors: Sequence[Author]
    """In the order in which they are cited."""
    license: str
    """SPDX identifier."""
    doi: str | None
    """DOI without the address in front."""
    released: str | None
    """Day, month or year, ISO 8601."""
    periods: Sequence[ReleasedPeriod]
    """In the order of time; at least one."""
    missing: Sequence[str]
    """Periods of the project that have no outlines."""
    edits: gpd.GeoDataFrame
    """Corrections by hand, as `trimline.outlines.read_edits` gives them."""
    outcomes: Mapping[str, int]
    """Number of edits, over all periods, that have each state of `trimline.outlines.EditOutcome`."""
    tables: Sequence[Path]
    """CSV files to include."""
    method: Mapping[str, str]
    """The mapping method: network, recipe, weights."""
    scenes: Table
    """A row per scene."""
    scores: Table | None
    """Scores of the method; None where it was not evaluated."""
    measures: str
    """What these scores measure, and what they do not."""
    provenance: Mapping[str, str]
    """Versions and hashes."""
    project: str | None = None
    """The project with all its settings, as YAML without folders of a machine."""
    model: Path | None = None
    """The model file that mapped; None where a rule did."""
    bias: str = ""
    """In a sentence, by how much the method is off in area where it was judged; empty where it was not."""

    @property
    def label(self) -> str:
        """Name of the folder."""
        return f"{self.name}-{self.version}"
