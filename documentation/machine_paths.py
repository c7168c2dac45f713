"""Paths of the machine that builds the documentation, and how they are kept out of pages and notebooks.

A run's folder is replaced by nothing (``out/x.gpkg``), real data by ``$TRIMLINE_DATA``, the environment by ``.venv``,
the repository by ``trimline``. What is left is found by the check of the site, which stops the build.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from documentation.places import REPOSITORY, real_data

_CELL = re.compile(r"/\S*?/ipykernel_\d+/\d+\.py")


def cleaner(run: Path) -> Callable[[str], str]:
    """Return a function that takes paths of this machine out of a text printed by a run in the folder."""
    data = real_data()
    names = [(run, "."), (Path(sys.prefix), ".venv"), (REPOSITORY, "trimline"), (Path.home(), "~")]
    if data is not None:
        names.append((data, "$TRIMLINE_DATA"))
    spellings = {str(form): name for path, name in names for form in (path, path.resolve()) if len(form.parts) > 1}
    longest_first = sorted(spellings.items(), key=lambda item: len(item[0]), reverse=True)

    def clean(text: str) -> str:
        text = _CELL.sub("cell", text)
        for path, name in longest_first:
            inside = "" if name == "." else f"{name}/"
            text = re.sub(rf"(?<![\w.-])(?:file://)?{re.escape(path)}/", inside, text)
            text = re.sub(rf"(?<![\w.-])(?:file://)?{re.escape(path)}(?![\w-])", name, text)
        return text

    return clean


def forbidden() -> list[str]:
    """Return the texts that no page may hold."""
    data = real_data()
    paths = {REPOSITORY, Path(sys.prefix), Path(tempfile.gettempdir()), Path("/tmp"), Path.home()}  # noqa: S108
    paths |= {data} if data is not None else set()
    return sorted(f"{path}/" for path in paths if len(path.parts) > 1)
