"""Reference pages, each generated from the code that it describes.

Every module here has `pages() -> dict[str, str]`: paths below the folder of the documentation, and their Markdown.
"""

from __future__ import annotations

from importlib import import_module

MODULES = ("command_line", "project_file", "tables", "sensors", "weights", "rooms")
"""Modules that make pages, in the order in which the pages stand."""


def pages() -> dict[str, str]:
    """Return every reference page, by its path below the folder of the documentation, in order."""
    found: dict[str, str] = {}
    for name in MODULES:
        found.update(import_module(f"{__name__}.{name}").pages())
    return found
