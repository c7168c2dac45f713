"""Docstrings of attributes: the texts below the fields of a class and the constants of a module."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import cast

import griffe

_SOURCE = Path(__file__).parents[2] / "src"


@cache
def loaded() -> griffe.Module:
    """Return the package as griffe reads it, without importing it."""
    return cast(griffe.Module, griffe.load("trimline", search_paths=[_SOURCE]))


def docstrings_of_module(name: str) -> dict[str, str]:
    """Return the docstrings of the constants of a module, by name."""
    return _docstrings(loaded()[name.partition(".")[2]])


def docstrings_of_class(kind: type) -> dict[str, str]:
    """Return the docstrings of the fields of a class and its bases, by name."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.startswith("trimline."):
            found |= _docstrings(loaded()[f"{each.__module__.partition('.')[2]}.{each.__qualname__}"])
    return found


def _docstrings(holder: griffe.Object | griffe.Alias) -> dict[str, str]:
    """Return the docstrings of attributes that stand in a module or class itself."""
    return {
        name: " ".join(member.docstring.value.split())
        for name, member in holder.members.items()
        if not member.is_alias and member.is_attribute and member.docstring is not None
    }
