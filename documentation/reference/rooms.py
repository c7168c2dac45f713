"""Reference of the Python API, a page per room: everything that the room hands out, by directives of mkdocstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import cast

import griffe

import trimline
from documentation.reference.attribute_docstrings import loaded
from documentation.reference.markdown import code, page, paragraphs, table

FOLDER = "reference/python"
SOURCE = "Generated from the docstrings of {}."
INTRODUCTION = """\
Everything that each room hands out. A room is a package below `trimline`; its page has its docstring and what
stands in its `__all__`. What has no entry here may change without notice. Scripts need few of these names: [the
names that scripts use](../../api.md)."""

_PACKAGE = Path(trimline.__file__).parent
_OPTIONS = """\
    options:
      show_root_full_path: false
      separate_signature: true
      docstring_section_style: list"""
_WITHOUT_MEMBERS = f"{_OPTIONS}\n      members: false"


@dataclass(frozen=True)
class Public:
    """A name that a room hands out."""

    name: str
    """Its name in the room."""
    path: str
    """The dotted path that mkdocstrings finds it at."""
    is_model: bool
    """Whether it is a part of the project file, whose keys stand on a page of their own."""


def pages() -> dict[str, str]:
    """Return a page per room, and the list of them."""
    found = {f"{FOLDER}/{name}.md": _page_of(name) for name in rooms()}
    rows = (
        (
            f"[`trimline.{name}`]({name}.md)",
            paragraphs(_first_sentence(import_module(f"trimline.{name}").__doc__ or "")),
        )
        for name in rooms()
    )
    modules = (
        (f"[`{name}`](trimline.md)", paragraphs(_first_sentence(import_module(name).__doc__ or ""))) for name in MODULES
    )
    index = page(
        "API by room",
        SOURCE.format("every room of the package"),
        INTRODUCTION,
        table(("room", "what it is"), [*rows, *modules]),
    )
    top = page(
        "trimline",
        SOURCE.format("`trimline`, and of the modules that lie in no room"),
        paragraphs(trimline.__doc__ or ""),
        "## Names at the top",
        table(
            ("name", "where it is described"), (_at_the_top(name) for name in trimline.__all__ if name != "__version__")
        ),
        *(_module(name) for name in MODULES),
    )
    return {f"{FOLDER}/index.md": index, f"{FOLDER}/trimline.md": top, **found}


MODULES = ("trimline.errors", "trimline.sensors")
"""Modules that belong to no room, and are public."""


@cache
def rooms() -> tuple[str, ...]:
    """Return the names of all rooms, and of rooms within rooms, that hand something out."""
    names = (path.parent.relative_to(_PACKAGE).as_posix().replace("/", ".") for path in _PACKAGE.rglob("__init__.py"))
    return tuple(name for name in sorted(names) if name != "." and public_of(name))


@cache
def public_of(room: str) -> tuple[Public, ...]:
    """Return what a room hands out, in the order of its `__all__`."""
    # The names alone: to look at what they name would import every large library.
    names = getattr(import_module(f"trimline.{room}"), "__all__", ())
    return tuple(Public(name, path_of(room, name), room == "project" and _is_model(name)) for name in names)


def path_of(room: str, name: str) -> str:
    """Return the path at which griffe, which imports nothing, finds a name that a room hands out.

    Raises
    ------
    LookupError
        It is defined nowhere in the room.
    """
    for path in (f"{room}.{name}", *_defined().get(name, ())):
        if not path.startswith(f"{room}."):
            continue
        try:
            found = loaded()[path]
            if found.is_alias:
                found = found.final_target  # raises where the name is handed out by a function of the module
        except (KeyError, griffe.AliasResolutionError):
            continue
        if found.is_module:  # a file may be called like the function in it
            continue
        return f"trimline.{path}"
    raise LookupError(f"trimline.{room} hands out {name}, which is defined nowhere that griffe reads")


@cache
def _defined() -> dict[str, list[str]]:
    """Return the paths at which each name of the package is defined, and not only imported."""
    found: dict[str, list[str]] = {}
    for path, module in _modules(loaded()):
        for name, member in module.members.items():
            if not member.is_alias:
                found.setdefault(name, []).append(f"{path}.{name}")
    return found


def _modules(module: griffe.Module) -> Iterator[tuple[str, griffe.Module]]:
    for each in module.members.values():
        if not each.is_alias and each.is_module:  # an import of a module is none, and could lead round in circles
            yield each.path.partition(".")[2], cast(griffe.Module, each)
            yield from _modules(cast(griffe.Module, each))


def _is_model(name: str) -> bool:
    """Return whether a name of the room `project` is a model with keys."""
    import trimline.project
    from trimline.project.settings import Settings

    value = getattr(trimline.project, name)
    return inspect.isclass(value) and issubclass(value, Settings)


def _page_of(room: str) -> str:
    module = import_module(f"trimline.{room}")
    public = public_of(room)
    # What can be called stands first, though capitals sort before small letters.
    ordered = sorted(public, key=lambda each: each.name.isupper())
    directives = [f"::: {each.path}\n{_WITHOUT_MEMBERS if each.is_model else _OPTIONS}" for each in ordered]
    keys = "The keys of settings stand on the page of the [project file](../project-file.md)."
    return page(
        f"trimline.{room}",
        SOURCE.format(f"`trimline.{room}`"),
        paragraphs(module.__doc__ or ""),
        keys if any(each.is_model for each in public) else "",
        *directives,
    )


def _module(name: str) -> str:
    return f"## {name}\n\n::: {name}\n    options:\n      show_root_heading: false\n      show_root_toc_entry: false"


def _at_the_top(name: str) -> tuple[str, str]:
    """Return a name at the top of the package, and a link to the page that describes it."""
    room, attribute = trimline._PLACE_OF[name].split(":")
    room = room.partition(".")[2]
    if f"trimline.{room}" in MODULES:
        return code(f"trimline.{name}"), f"[`trimline.{room}.{attribute}`](#trimline.{room}.{attribute})"
    path = next(each.path for each in public_of(room) if each.name == attribute)
    return code(f"trimline.{name}"), f"[`trimline.{room}.{attribute}`]({room}.md#{path})"


def _first_sentence(docstring: str) -> str:
    return docstring.strip().split("\n\n")[0]
