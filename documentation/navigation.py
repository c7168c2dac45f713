"""The navigation: entries ``FOLDER/*`` of ``mkdocs.yml`` stand for the pages of a folder that no other entry names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any


def expanded(nav: Sequence[Any], pages: Sequence[str]) -> list[Any]:
    """Return the navigation with every ``FOLDER/*`` replaced by pages, a subfolder's in a section of its own.

    A section without any page is left out.

    Parameters
    ----------
    nav : sequence
        The navigation as it stands in ``mkdocs.yml``.
    pages : sequence of str
        All pages by their path below ``docs/``, in the order in which they shall appear; an ``index.md`` comes first.
    """
    named = {entry for entry in _paths(nav) if not entry.endswith("/*")}
    left = sorted((page for page in pages if page not in named), key=lambda page: not page.endswith("index.md"))

    def expand(entries: Sequence[Any]) -> list[Any]:
        whole: list[Any] = []
        for entry in entries:
            if isinstance(entry, str) and entry.endswith("/*"):
                whole += _below(PurePosixPath(entry).parent, left)
            elif isinstance(entry, dict):
                sections = {title: expand(each) if isinstance(each, list) else each for title, each in entry.items()}
                whole += [sections] if all(sections.values()) else []
            else:
                whole.append(entry)
        return whole

    return expand(nav)


def _below(folder: PurePosixPath, pages: Sequence[str]) -> list[Any]:
    inside = [PurePosixPath(page) for page in pages if folder in PurePosixPath(page).parents]
    entries: list[Any] = [str(page) for page in inside if page.parent == folder]
    deeper = dict.fromkeys(page.relative_to(folder).parts[0] for page in inside if page.parent != folder)
    return entries + [{name.replace("-", " ").capitalize(): _below(folder / name, pages)} for name in deeper]


def _paths(nav: Any) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    children = nav.values() if isinstance(nav, dict) else nav
    return [path for child in children for path in _paths(child)]
