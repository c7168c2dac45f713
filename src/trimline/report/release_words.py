"""Texts of a release: its README, and the citation file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from trimline.errors import ReleaseError
from trimline.files import StrPath, whole_file
from trimline.outlines import area_km2
from trimline.project import Author, Project
from trimline.report.release import Release, ReleasedPeriod
from trimline.report.release_outlines import ReleasedColumn
from trimline.report.tables import Table, number

_MESSAGE = "If you use these data, please cite them as below."


def require_citable(project: Project) -> None:
    """Raise `ReleaseError` where a project has no authors or no licence."""
    lacks_licence = project.license is None
    licence = "its SPDX identifier, as in license: CC-BY-4.0"
    if not project.authors:
        raise ReleaseError(
            f"the project names no authors{' and no licence' if lacks_licence else ''}",
            where=f"{project.name}: authors",
            remedy="add to the project file, as in authors: [{family-names: Chen, given-names: Jia, orcid: "
            "0000-0002-1825-0097, affiliation: Some University}], or [{name: Some Agency}]"
            + (f"; of the licence {licence}" if lacks_licence else ""),
        )
    if lacks_licence:
        raise ReleaseError(
            "the project does not say under which licence its data are released",
            where=f"{project.name}: license",
            remedy=f"add to the project file {licence}",
        )


def write_citation(release: Release, path: StrPath) -> None:
    """Write a citation file, Citation File Format 1.2.0 (https://citation-file-format.github.io)."""
    path = Path(path)
    content: dict[str, Any] = {
        "cff-version": "1.2.0",
        "message": _MESSAGE,
        "type": "dataset",
        "title": release.title,
        "authors": [_entity(author) for author in release.authors],
        "version": release.version,
        "license": release.license,
    }
    if release.doi is not None:
        content["doi"] = release.doi
    if release.released is not None and len(release.released) == len("2019-02-17"):
        content["date-released"] = release.released
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1000)
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def cited(release: Release) -> str:
    """Return the reference to the release, for a list of references."""
    names = [author.cited for author in release.authors]
    who = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    year = f" ({release.released[:4]})" if release.released is not None else ""
    where = f" https://doi.org/{release.doi}" if release.doi is not None else ""
    end = "" if who.endswith(".") and not year else "."
    return f"{who}{year}{end} {release.title}. Version {release.version} [data set].{where}"


def write_readme(release: Release, columns: Sequence[ReleasedColumn], path: StrPath) -> None:
    """Write the README: everything needed to use the data without the study."""
    path = Path(path)
    # Markdown, not HTML: only characters that would break a table are escaped.
    environment = Environment(  # noqa: S701
        loader=PackageLoader("trimline.report"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["table"] = markdown
    text = environment.get_template("release.md").render(
        release=release,
        message=_MESSAGE,
        citation=cited(release),
        periods=_periods(release.periods),
        columns=_columns(columns),
        operations=_counted(release.edits["operation"].value_counts().to_dict()),
        outcomes=_counted(release.outcomes) or "none was replayed",
        tables=[each.name for each in release.tables if each.name != "scores.csv"],
        has_unseen=any(each.unseen is not None for each in release.periods),
    )
    with whole_file(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def markdown(table: Table) -> str:
    """Return a table in Markdown."""
    heads, rows = table
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(_cell(each) for each in line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(str(text).split()).replace("|", "\\|")


def _entity(author: Author) -> dict[str, str]:
    entity = {
        "name": author.name,
        "family-names": author.family_names,
        "given-names": author.given_names,
        "orcid": f"https://orcid.org/{author.orcid}" if author.orcid is not None else None,
        "affiliation": author.affiliation,
    }
    if author.name is not None:
        entity["affiliation"] = None  # a group of the Citation File Format has none
    return {key: value for key, value in entity.items() if value is not None}


def _periods(periods: Sequence[ReleasedPeriod]) -> Table:
    rows = []
    for each in periods:
        area = each.outlines["area_km2"].to_numpy(dtype=float)
        years = (
            each.outlines["src_year"].to_numpy(dtype=float)
            if "src_year" in each.outlines
            else np.full(len(area), np.nan)
        )
        known = np.isfinite(years) & (area > 0)
        year = float(np.average(years[known], weights=area[known])) if known.any() else float("nan")
        unseen = "not recorded" if each.unseen is None else number(float(area_km2(each.unseen).sum()), 3)
        rows.append([each.name, number(year, 2), str(len(area)), number(float(area.sum()), 3), unseen])
    return ["period", "mean year, by area", "glaciers", "area km²", "unseen km²"], rows


def _columns(columns: Sequence[ReleasedColumn]) -> Table:
    rows = [[each.name, each.short, each.kind, each.unit, each.meaning] for each in columns]
    return ["column", "in Shapefiles", "type", "unit", "meaning"], rows


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{counts[name]} × {name}" for name in sorted(counts))
