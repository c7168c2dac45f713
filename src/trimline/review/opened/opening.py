"""What a path stands for in the review: the folder of one map, or a project file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trimline.errors import ProjectError
from trimline.files import StrPath
from trimline.project import load_project
from trimline.review.opened.of_folder import reviewed_folder
from trimline.review.opened.of_project import reviewed_project
from trimline.review.opened.reviewed import Reviewed
from trimline.study.one_map import OUTLINES, one_map


def reviewed_of(path: StrPath, overrides: Iterable[str] = (), *, quick: bool = False) -> Reviewed:
    """Return what is reviewed.

    Parameters
    ----------
    path
        A project file whose periods have been mapped, or the folder of one map.
    overrides, quick
        Of a project file, as for `trimline.load_project`.

    Raises
    ------
    TrimlineError
        The path is neither, or the periods have not been mapped: the error says what to run.

    Examples
    --------
    >>> from trimline.review.opened.opening import reviewed_of
    >>> [period.name for period in reviewed_of("projects/demo.yaml").periods]
    """
    path = Path(path)
    if path.is_dir() or path.name == OUTLINES:
        given = [*overrides, *(["--quick"] if quick else [])]
        if given:
            raise ProjectError("a folder of one map has no keys to set", where=path, remedy=f"leave out {given[0]}")
        return reviewed_folder(one_map(path))
    return reviewed_project(load_project(path, overrides, quick=quick), path)
