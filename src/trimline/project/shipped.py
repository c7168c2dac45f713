"""Project files that come along with trimline."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path


def shipped_project(name: str) -> Path:
    """Return the path of a project file that comes along: in the installed package, or beside the sources.

    Parameters
    ----------
    name
        Of the file, such as ``demo.yaml``.
    """
    package = Path(str(files("trimline")))
    installed = package / "projects" / name
    return installed if installed.exists() else package.parents[1] / "projects" / name
