"""A data release: one self-contained folder with outlines, tables, catalogue, citation and checksums.

The same inputs give the same bytes: nothing in the folder depends on the time or place of writing. It is written
whole or not at all.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from trimline.files import StrPath, sha256, whole_folder
from trimline.report.licences import FILE as LICENCE
from trimline.report.licences import licence_text
from trimline.report.on_disk import write_csv
from trimline.report.release import CHECKSUMS, CITATION, MODEL, PROJECT, README, Release
from trimline.report.release_catalogue import write_catalogue
from trimline.report.release_outlines import write_all_outlines
from trimline.report.release_words import cited, write_citation, write_readme
from trimline.report.table_columns import FILE as TABLE_COLUMNS
from trimline.report.table_columns import HEADS, described_columns


def write_release(release: Release, folder: StrPath) -> None:
    """Write a release into a folder of its own, replacing an older one.

    Parameters
    ----------
    release
        Its content.
    folder
        Gets ``README.md``, ``LICENSE.md``, ``CITATION.cff``, ``SHA256SUMS``, ``columns.csv``, ``outlines.parquet``
        (all periods), ``project.yaml`` and ``model/`` (how they were made),
        ``outlines/`` (a GeoPackage per period, and one of the ground that no scene shows), ``shapefiles/`` (a zip per
        period), ``tables/``, ``stac/`` and, where there are any, ``edits.gpkg``.
    """
    folder = Path(folder)
    with whole_folder(folder) as temporary:
        columns = write_all_outlines(release, temporary)
        for path in release.tables:
            (temporary / "tables").mkdir(exist_ok=True)
            shutil.copyfile(path, temporary / "tables" / path.name)
        if release.tables:
            write_csv(temporary / "tables" / TABLE_COLUMNS, HEADS, described_columns(release.tables))
        if release.project is not None:
            (temporary / PROJECT).write_text(release.project, encoding="utf-8")
        if release.model is not None:
            (temporary / MODEL).mkdir()
            shutil.copyfile(release.model, temporary / MODEL / release.model.name)
        (temporary / LICENCE).write_text(
            licence_text(release.license, ", ".join(each.cited for each in release.authors), cited(release)),
            encoding="utf-8",
        )
        write_catalogue(release, temporary)
        write_citation(release, temporary / CITATION)
        write_readme(release, columns, temporary / README)
        write_checksums(temporary)


def write_checksums(folder: StrPath) -> None:
    """Write the SHA-256 of every file below a folder, in the format of ``sha256sum --check``."""
    folder = Path(folder)
    paths = sorted(each for each in folder.rglob("*") if each.is_file() and each.name != CHECKSUMS)
    lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")
