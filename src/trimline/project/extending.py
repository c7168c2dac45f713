"""Merging a project file with the one it extends into one mapping, before validation.

Mappings merge key by key. Lists whose members all have an `id`, a `name` or a `network` merge member by member, the
new ones last. Everything else is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trimline.errors import ProjectError
from trimline.foreign import foreign_errors
from trimline.project.yaml_text import read_yaml

EXTENDS = "extends"
"""The key that names the file to start from."""

_LONGEST_CHAIN = 20
"""Files that extend one another."""

PATH_KEYS = frozenset(
    {
        "output",
        "archive",
        "dem",
        "edits",
        "flow_lines",
        "inventory",
        "outline",
        "outlines",
        "path",
        "points",
        "published",
        "region",
        "regions",
        "start",
        "item",
        "truth",
        "weights",
    }
)
"""Keys whose values are paths, at any level."""

_WORDS = {"start": "default", "weights": "default"}
"""Values of such keys that are no paths."""

SHORT_FORMS = {"recipe": "base", "split": "by"}
"""Keys whose value may be one word, and the key that the word is short for."""


class WrittenPath(str):
    """A path as written in a project file; a relative one starts at the folder of that file."""

    folder: Path

    def __new__(cls, text: str, folder: Path) -> WrittenPath:
        """Keep the folder of the file that it is written in."""
        written = super().__new__(cls, text)
        written.folder = folder
        return written

    def resolved(self) -> str:
        """Return it as an absolute path.

        Raises
        ------
        ProjectError
            It is no path: links that lead to each other, for instance.
        """
        with foreign_errors(ProjectError, str(self), what="is no path that can be used"):
            return str(self) if Path(self).is_absolute() else str((self.folder / self).resolve())


def read_project_file(path: Path, extended_by: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a project file on top of the one it extends; its paths are `WrittenPath`s, its variables still as written.

    Parameters
    ----------
    path
        The YAML file.
    extended_by
        The files that extend this one, the first read first.

    Raises
    ------
    ProjectError
        A file cannot be read, is not a YAML mapping (see `yaml_text`), or extends itself through others.
    """
    with foreign_errors(ProjectError, path, what="is no path that can be used"):
        path = path.resolve()
    if len(extended_by) >= _LONGEST_CHAIN:
        raise ProjectError(f"more than {_LONGEST_CHAIN} files extend each other", where=extended_by[0])
    if path in extended_by:
        circle = " -> ".join(each.name for each in (*extended_by[extended_by.index(path) :], path))
        raise ProjectError(f"the files extend each other in a circle: {circle}", where=extended_by[0])
    content = _read(path, extended_by)
    base = content.pop(EXTENDS, None)
    own: dict[str, Any] = _with_written_paths(content, path.parent)
    if base is None:
        return own
    if not isinstance(base, str):
        raise ProjectError(f"{EXTENDS}: must be the path of one project file", where=path)
    merged: dict[str, Any] = merge(read_project_file(path.parent / base, (*extended_by, path)), own)
    return merged


def merge(base: Any, given: Any, key: str = "") -> Any:
    """Return `base` with what is given on top of it."""
    if isinstance(base, str) and isinstance(given, Mapping) and key in SHORT_FORMS:
        base = {SHORT_FORMS[key]: base}
    if isinstance(base, Mapping) and isinstance(given, Mapping):
        both = {each: merge(base[each], given[each], each) for each in given if each in base}
        return {**base, **given, **both}
    if isinstance(base, list) and isinstance(given, list):
        return _merge_lists(base, given)
    return given


def member_label(member: Any) -> str | None:
    """Return the id, name or network of a member of a list; None where it has none of them."""
    if not isinstance(member, Mapping):
        return None
    label = member.get("id", member.get("name", member.get("network")))
    return None if label is None else str(label)


def _merge_lists(base: Sequence[Any], given: Sequence[Any]) -> list[Any]:
    labels: list[str | None] = [member_label(each) for each in base]
    if None in labels or None in [member_label(each) for each in given]:
        return list(given)
    merged = list(base)
    for each in given:
        label = member_label(each)
        if label in labels:
            position = labels.index(label)
            merged[position] = merge(merged[position], each)
            labels[position] = None  # a second member with this label is kept, for validation to report
        else:
            merged.append(each)
    return merged


def _read(path: Path, extended_by: tuple[Path, ...]) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        if extended_by:
            raise ProjectError(
                f"extends {path}, which cannot be read ({error.strerror})",
                where=extended_by[-1],
                remedy=f"{EXTENDS} starts at the folder of the file it stands in",
            ) from error
        raise ProjectError(
            f"cannot be read ({error.strerror})", where=path, remedy="check the path of the project file"
        ) from error
    read = read_yaml(content, path)
    if not isinstance(read, dict):
        raise ProjectError("is not a mapping of keys to values", where=path, remedy="see docs/project-file.md")
    return read


def _with_written_paths(value: Any, folder: Path, key: str = "") -> Any:
    if isinstance(value, dict):
        return {each: _with_written_paths(held, folder, each) for each, held in value.items()}
    if isinstance(value, list):
        return [_with_written_paths(each, folder, key) for each in value]
    is_path = isinstance(value, str) and key in PATH_KEYS and value != _WORDS.get(key)
    return WrittenPath(value, folder) if is_path else value
