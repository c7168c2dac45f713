"""The folder of real imagery and outlines, if this machine has one."""

from __future__ import annotations

import os
from pathlib import Path

import trimline

VARIABLE = "TRIMLINE_DATA"
"""Environment variable that names the folder."""


def data_folder() -> Path | None:
    """Return where real data would lie: `TRIMLINE_DATA`, else `../shared/data` beside a checkout of the repository.

    Returns
    -------
    Path or None
        The folder, which need not exist; None where the package is installed and the variable is not set.
    """
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    repository = Path(trimline.__file__).resolve().parents[2]
    return repository.parent / "shared" / "data" if (repository / "pyproject.toml").is_file() else None


def lacking(folder: Path | None, needs: tuple[str, ...]) -> str | None:
    """Return in words why a folder has not what is needed, or None where it has.

    Parameters
    ----------
    folder
        The folder of real data; None where none is known.
    needs
        Files and folders within it.
    """
    if folder is None:
        return f"{VARIABLE} is not set"
    if not folder.is_dir():
        return f"there is no folder {folder}"
    absent = [name for name in needs if not (folder / name).exists()]
    return f"{folder} has no {absent[0]}" if absent else None
