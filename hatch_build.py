"""The page of `trimline review`, made when a wheel or an sdist is built.

It needs node and npm. The page of an sdist is taken as it is, and so is one that is there already and not older than
its sources; where there is neither page nor npm, the package is built without the page, with a warning.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = Path("src/trimline/review/static")
COMMANDS = (("ci", "--ignore-scripts"), ("run", "types"), ("run", "build"))
NO_SOURCES = ("node_modules", "generated.ts", ".ready", "tests")
"""Names below `web/` that nothing of the page is made of."""


class PageHook(BuildHookInterface[Any]):
    """Makes the page before the files of the package are collected."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the page, unless this is an editable installation: there ``make web`` makes it."""
        del build_data
        root = Path(self.root)
        if version == "editable" or is_current(root):
            return
        npm = shutil.which("npm")
        if npm is None:
            there = "an old" if (root / BUNDLE / "index.html").exists() else "no"
            self.app.display_warning(f"no npm here: the package gets {there} page of `trimline review`")
            return
        for arguments in COMMANDS:
            subprocess.run([npm, *arguments], cwd=root / "web", check=True)  # noqa: S603 - our own


def is_current(root: Path) -> bool:
    """Return whether the page is there, and either this is an sdist or no source of the page is newer.

    In an sdist times tell nothing: whoever unpacks it may give every file the time at which it was written.
    """
    page = root / BUNDLE / "index.html"
    if not page.exists():
        return False
    if (root / "PKG-INFO").exists():
        return True
    made = page.stat().st_mtime
    return all(each.stat().st_mtime <= made for each in sources(root / "web"))


def sources(folder: Path) -> list[Path]:
    """Return the files that the page is made of."""
    below = [each for each in folder.iterdir() if each.name not in NO_SOURCES] if folder.is_dir() else []
    return [file for each in below for file in (sources(each) if each.is_dir() else [each])]
