"""Reference of tables and layers: every file of columns that trimline writes, and the meaning of each column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from documentation.reference.markdown import code, escaped, page, table
from trimline.outlines import COLUMNS
from trimline.outlines.edit_layer import OPERATIONS
from trimline.report.release_outlines import short_names
from trimline.report.written_table import WrittenTable
from trimline.report.written_tables import WRITTEN
from trimline.samples.store import INDEX_COLUMNS

PATH = "reference/tables.md"
SOURCE = (
    "Generated from `trimline.outlines.COLUMNS` and from the tables listed in `src/trimline/report/written_tables.py`, "
    "which a test compares with the files of a study."
)
INTRODUCTION = """\
Paths are below the output folder of a project. `trimline change`, `glaciers` and `terminus` write the same tables from
outlines that one has, each into its own folder. Tables are CSV in UTF-8 with a head; an empty cell is an unknown or
undefined value, never 0. Layers are GeoPackage; areas in them are geodesic or in an equal-area projection, never in
degrees. Columns named by a unit hold that unit: `area_km2`, `retreat_m_per_a`. A *count* is a whole number, a *number*
is one in floating point. Columns in *italics* are there only where the study has what they hold."""

_STAGES = {
    "train": "Training",
    "evaluate": "Scores",
    "experiments": "Scores of all experiments",
    "thresholds": "Thresholds",
    "sensors": "Sensors",
    "map": "Maps of scenes",
    "timeline": "Outlines of periods",
    "change": "Areas and change",
    "glaciers": "Glacier by glacier",
    "terminus": "Termini",
    "release": "Released data",
}
"""Titles of the sections, by stage."""


def pages() -> dict[str, str]:
    """Return the page of tables and layers."""
    parts = [
        INTRODUCTION,
        "## Outlines",
        "Outlines have these columns wherever they are read or written, in this order; a file has those that are known "
        "of it. Other columns stay as they are, behind these. Names, units and meanings of RGI 7.0 are those of the "
        "Randolph Glacier Inventory. A Shapefile holds ten characters of a name; the released ones have the names in "
        "the column *Shapefile* where it differs.",
        table(("column", "type", "meaning", "Shapefile"), _published()),
        "## Samples",
        "`samples/index.parquet`: a row per sample, a tile of one scene.",
        table(("column", "meaning"), ((code(name), escaped(text)) for name, text in INDEX_COLUMNS.items())),
        "`samples/ground.parquet`: a row per block of ground, with its `part` (train, validation or test) and its "
        "square as `geometry`; without rows where the split is not by blocks.",
    ]
    for stage, members in groupby(WRITTEN, key=lambda each: each.stage):
        parts.append(f"## {_STAGES[stage]}")
        parts += _of_stage(members)
    return {PATH: page("Tables and layers", SOURCE, *parts)}


def _published() -> Iterator[tuple[str, ...]]:
    short = short_names(COLUMNS)
    for name, column in COLUMNS.items():
        kind = _with_unit(column.kind, column.unit or "")
        rgi = " (RGI 7.0)" if column.in_rgi7 else ""
        yield code(name), kind, escaped(column.meaning) + rgi, code(short[name]) if short[name] != name else ""


def _of_stage(tables: Iterable[WrittenTable]) -> Iterator[str]:
    """Yield the sections of the tables of a stage; one with the columns of the table before it refers to that."""
    before: WrittenTable | None = None
    for each in tables:
        yield f"### {each.path}"
        kind = f" Layer, {'any geometry' if each.geometry == 'any' else f'{each.geometry}s'}." if each.geometry else ""
        yield f"{escaped(each.row)}{kind}"
        if before is not None and (before.columns, before.own) == (each.columns, each.own):
            yield f"The columns are those of `{before.path}`."
        else:
            yield table(("column", "type", "meaning"), _rows(each))
            before = each
        if each.path == "edits.gpkg":
            yield "Values of `operation`:"
            yield table(("operation", "meaning"), ((code(name), escaped(text)) for name, text in OPERATIONS.items()))


def _rows(written: WrittenTable) -> Iterator[tuple[str, str, str]]:
    for name in written.columns:
        shown = f"*{code(name)}*" if name in written.optional else code(name)
        yield shown, _with_unit(written.kind(name), written.unit(name)), escaped(written.meaning(name))


def _with_unit(kind: str, unit: str) -> str:
    return f"{kind} \\[{escaped(unit)}\\]" if unit and unit != "1" else kind
