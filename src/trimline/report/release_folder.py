"""A data release: one self-contained folder with outlines, tables, catalogue, citation and checksums.

The same inputs give the same bytes: nothing in the folder depends on the time or place of writing. It is written
whole or not at all.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from trimline.files import StrPath, sha256, whole_folder
from trimline.report.release import CHECKSUMS, CITATION, README, Release
from trimline.report.release_catalogue import write_catalogue
from trimline.report.release_outlines import write_all_outlines
from trimline.report.release_words import write_citation, write_readme


def write_release(release: Release, folder: StrPath) -> None:
    """Write a release into a folder of its own, replacing an older one.

    Parameters
    ----------
    release
        Its content.
    folder
        Gets ``README.md``, ``CITATION.cff``, ``SHA256SUMS``, ``columns.csv``, ``outlines.parquet`` (all periods),
        ``outlines/`` (a GeoPackage per period, and one of the ground that no scene shows), ``shapefiles/`` (a zip per
        period), ``tables/``, ``stac/`` and, where there are any, ``edits.gpkg``.
    """
    folder = Path(folder)
    with whole_folder(folder) as temporary:
        columns = write_all_outlines(release, temporary)
        for path in release.tables:
            (temporary / "tables").mkdir(exist_ok=True)
            shutil.copyfile(path, temporary / "tables" / path.name)
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
