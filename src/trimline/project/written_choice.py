"""Chosen scenes written into a project file, between two lines of comment, for a person to edit.

Everything outside these lines stays as it is, byte for byte. The first line holds a digest of what stands between
them, so that a later search knows whether a person has changed it, and then leaves it alone.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from trimline.errors import ProjectError
from trimline.files import whole_file
from trimline.foreign import foreign_errors
from trimline.project.extending import EXTENDS
from trimline.project.yaml_text import read_yaml

_OPENING = re.compile(r"^# chosen by trimline search, \d{4}-\d{2}-\d{2}, digest (?P<digest>[0-9a-f]{12})\b.*$", re.M)
_CLOSING = re.compile(r"^# end of the choice[ \t\r]*$", re.M)
_DIGEST_LENGTH = 12
_BESIDE = "write the choice into another file that extends this one: -o NEW.yaml"

_PATH_ROW = re.compile(r"\d{6}")
_PLAIN = re.compile(rf"[A-Za-z][A-Za-z0-9_.-]*|{_PATH_ROW.pattern}|\d{{4}}-\d{{2}}-\d{{2}}")
"""Texts that YAML takes as written without quotes, in blocks and between braces."""
_NOT_TEXT = frozenset({"true", "false", "null"})

_ENCODINGS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class OfferedScene:
    """A scene that a search found, as an entry of a project file."""

    entry: Mapping[str, str | float | bool]
    """Keys and values of a `SceneEntry`; `id` is the first."""
    reason: str
    """Why it was taken or left."""


@dataclass(frozen=True)
class OfferedScenes:
    """Scenes of one period."""

    heading: str
    taken: Sequence[OfferedScene]
    left: Sequence[OfferedScene]
    """They are written as comments; an entry counts once its comment sign is removed."""


def write_choice(path: Path, found: Sequence[OfferedScenes], day: date, *, replace: bool = False) -> bool:
    """Write chosen scenes into a project file, whole or not at all.

    Parameters
    ----------
    path
        The project file; of a link, the file that it leads to.
    found
        The scenes, period by period.
    day
        The day of the search, for the comment.
    replace
        Whether a choice that a person has edited since it was written is replaced too.

    Returns
    -------
    Whether it was written: False where an edited choice is kept.

    Raises
    ------
    ProjectError
        The file has scenes outside the choice, or the lines around it are not in order, or it is read-only; nothing is
        written.
    DiskError
        It cannot be written.
    """
    with foreign_errors(ProjectError, path):
        path = path.resolve(strict=True)
        content = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    mark, text = _decoded(content, path)
    changed = with_choice(text, found, day, path, replace=replace)
    if changed is None:
        return False
    _require_writable(path, mode)
    with whole_file(path) as temporary:
        temporary.write_bytes(mark + changed.encode(_ENCODINGS.get(mark, "utf-8")))
        temporary.chmod(mode)
    return True


def require_place(path: Path, to: Path | None = None, *, replace: bool = False) -> None:
    """Raise where no choice could be written, before one is made; nothing is written.

    Parameters
    ----------
    path
        The project file.
    to
        The file of its own for the choice, as for `write_extending`; None means the project file.
    replace
        As for `write_choice`.

    Raises
    ------
    ProjectError
        As `write_choice` and `write_extending`, or the folder is read-only.
    """
    file = path if to is None else to
    if to is None or to.exists():
        with foreign_errors(ProjectError, file):
            file = file.resolve(strict=True)
            text = _own_text(file) if to is not None else _decoded(file.read_bytes(), file)[1]
            mode = file.stat().st_mode
        some = [OfferedScenes("", [OfferedScene({"id": "scene"}, "")], [])]
        if with_choice(text, some, date.min, file, replace=replace) is None:
            return  # an edited choice is kept
        _require_writable(file, mode)
    folder = next((each for each in file.absolute().parents if each.is_dir()), None)
    if folder is not None and not os.access(folder, os.W_OK):
        raise ProjectError("is in a folder that is read-only", where=file, remedy=_BESIDE)


def chosen_before(path: Path) -> frozenset[str]:
    """Return the ids of the scenes that the choice in a project file holds; none where it has no choice.

    Raises
    ------
    ProjectError
        It cannot be read, or the lines around the choice are not in order.
    """
    return frozenset(_in_choice(path)[0])


def edited_choice(path: Path) -> dict[str, str] | None:
    """Return the period of each scene by its id, of a choice that a person has edited; None where there is none.

    Raises
    ------
    ProjectError
        As `chosen_before`.
    """
    scenes, is_edited = _in_choice(path)
    return scenes if is_edited else None


def _in_choice(path: Path) -> tuple[dict[str, str], bool]:
    """Return the period of each scene by its id, of the choice in a project file, and whether it is edited."""
    with foreign_errors(ProjectError, path):
        _, text = _decoded(path.read_bytes(), path)
    start, end, is_edited = _place_of_choice(text, path)
    content = read_yaml(text[start:end], path)
    scenes = content.get("scenes") if isinstance(content, dict) else None
    listed = [each for each in scenes if isinstance(each, dict)] if isinstance(scenes, list) else []
    return {str(each.get("id")): str(each.get("period", "")) for each in listed}, is_edited


def write_extending(path: Path, extended: Path, found: Sequence[OfferedScenes], day: date, *, replace: bool) -> bool:
    """Write chosen scenes into a project file of their own that extends another; see `write_choice`.

    Raises
    ------
    ProjectError
        The file exists and is none that a search has written.
    DiskError
        It cannot be written.
    """
    if path.exists():
        _own_text(path)
        return write_choice(path, found, day, replace=replace)
    try:
        base = os.path.relpath(extended.resolve(), path.resolve().parent)
    except ValueError:  # another drive
        base = str(extended.resolve())
    text = with_choice(f"{EXTENDS}: {json.dumps(base, ensure_ascii=False)}\n", found, day, path)
    with whole_file(path) as temporary:
        temporary.write_text(text or "", encoding="utf-8", newline="")
    return True


def with_choice(
    text: str, found: Sequence[OfferedScenes], day: date, where: object, *, replace: bool = False
) -> str | None:
    """Return the text of a project file with the chosen scenes in it; None where an edited choice is kept.

    Raises
    ------
    ProjectError
        As `write_choice`.
    """
    newline = "\r\n" if "\r\n" in text else "\n"
    start, end, is_edited = _place_of_choice(text, where)
    outside = read_yaml(text[:start] + text[end:], where) or {}
    if not isinstance(outside, dict):
        raise ProjectError("is not a mapping of keys to values", where=where, remedy="see docs/project-file.md")
    if "scenes" in outside:
        raise ProjectError(
            "has scenes of its own, which a search does not touch",
            where=where,
            remedy=_BESIDE,
        )
    if is_edited and not replace:
        return None
    before, after = text[:start], text[end:]
    if before and not before.endswith("\n"):
        before += newline
    if start == end and before:
        before += newline
    changed = before + _block(found, day, newline) + after
    wanted = {**outside, "scenes": [_as_read(each.entry) for group in found for each in group.taken]}
    try:
        says = read_yaml(changed, where)
    except ProjectError:
        says = None
    if says != wanted:
        raise ProjectError(
            "the choice cannot be added to it without changing what it says", where=where, remedy=_BESIDE
        )
    return changed


def _place_of_choice(text: str, where: object) -> tuple[int, int, bool]:
    """Return where the choice begins and ends in a text, both its end where there is none, and whether it is edited."""
    openings, closings = list(_OPENING.finditer(text)), list(_CLOSING.finditer(text))
    if not openings and not closings:
        return len(text), len(text), False
    if len(openings) != 1 or len(closings) != 1 or closings[0].start() < openings[0].end():
        raise ProjectError(
            "the lines '# chosen by trimline search ...' and '# end of the choice' are not there once each, in order",
            where=where,
            remedy="mend them, or remove both with what stands between them",
        )
    body = text[openings[0].end() : closings[0].start()]
    end = closings[0].end()
    end += text.startswith("\n", end)
    return openings[0].start(), end, _digest(body) != openings[0]["digest"]


def _digest(body: str) -> str:
    """Return a digest of the lines of a choice, whatever their ends."""
    lines = "\n".join(line.rstrip() for line in body.strip().splitlines())
    return hashlib.sha256(lines.encode()).hexdigest()[:_DIGEST_LENGTH]


def _block(found: Sequence[OfferedScenes], day: date, newline: str) -> str:
    lines = []
    for group in found:
        lines += ["", f"  # {_one_line(group.heading)}"]
        for each in group.taken:
            lines.append(f"  # {_one_line(each.reason)}")
            pairs = [f"{key}: {_scalar(value)}" for key, value in each.entry.items()]
            lines += [f"  - {pairs[0]}", *(f"    {pair}" for pair in pairs[1:])]
        for each in group.left:
            pairs = [f"{key}: {_scalar(value)}" for key, value in each.entry.items()]
            lines += [f"  # left: {_one_line(each.reason)}", f"  # - {{{', '.join(pairs)}}}"]
    is_empty = not any(group.taken for group in found)
    body = ["scenes: []" if is_empty else "scenes:", *lines]
    opening = (
        f"# chosen by trimline search, {day.isoformat()}, digest {_digest(newline.join(body))}: edit freely; "
        "an edited choice is kept by the next search unless it is told --replace"
    )
    return newline.join([opening, *body, "# end of the choice", ""])


def _scalar(value: str | float | bool) -> str:
    if isinstance(value, str):
        is_plain = _PLAIN.fullmatch(value) is not None and value.lower() not in _NOT_TEXT
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)


def _as_read(entry: Mapping[str, str | float | bool]) -> dict[str, Any]:
    """Return an entry as YAML reads it back: a path/row is a number there."""
    return {
        key: int(value) if isinstance(value, str) and _PATH_ROW.fullmatch(value) else value
        for key, value in entry.items()
    }


def _one_line(text: str) -> str:
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


def _own_text(path: Path) -> str:
    """Return the text of a file that extends a project; raise where no search has written it."""
    text = _decoded(path.read_bytes(), path)[1]
    if _OPENING.search(text) is None:
        raise ProjectError("exists, and no search has written it", where=path, remedy="give another name")
    return text


def _require_writable(path: Path, mode: int) -> None:
    """Raise where a file is read-only: another file takes its place, which asks for no permission to write into it."""
    if not mode & stat.S_IWUSR or not os.access(path, os.W_OK):
        raise ProjectError("is read-only", where=path, remedy=f"allow it to be written (chmod u+w), or {_BESIDE}")


def _decoded(content: bytes, where: object) -> tuple[bytes, str]:
    """Return the mark of the byte order, which may be empty, and the text after it."""
    mark = next((each for each in _ENCODINGS if content.startswith(each)), b"")
    with foreign_errors(ProjectError, where, what="its text cannot be read", remedy="save it as UTF-8"):
        return mark, content[len(mark) :].decode(_ENCODINGS.get(mark, "utf-8"))
