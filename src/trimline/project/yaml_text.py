"""YAML text as plain values: the core schema of YAML 1.2, bounded before anything is built.

Under YAML 1.1 a glacier called `no` is false, `010` is eight and `1990-08-01` is no text. Here only what YAML 1.2 calls
a number, a truth or nothing is one, and a number remembers how it was written, so that a name keeps its digits.

A few lines of aliases may stand for billions of values. So events are counted first, then the nodes that the aliases
stand for, and only then are values built. Tags that would build anything else are refused.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import yaml
from yaml.composer import Composer
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from trimline.errors import ProjectError, shortened

MOST_BYTES = 1 << 20
"""Size of the text [bytes]."""

MOST_NODES = 50_000
"""Keys, values and collections, each as often as aliases repeat it."""

MOST_LEVELS = 40
"""Collections within collections."""

MOST_CHARACTERS = 8192
"""Characters of one key or value."""

MOST_DIGITS = 400
"""Characters of one number: the longest number of double precision has some 300 digits."""

_REMEDY = "correct it there; docs/project-file.md says what a project file holds"

_LARGEST = 2**63
"""No whole number is as large."""

_NUMBERED = "tag:yaml.org,2002:"
_MERGE = f"{_NUMBERED}merge"
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_TRUTHS = {"true": True, "false": False}


class WrittenInt(int):
    """A whole number that is not written as Python writes it: `010`; its text is what was written."""

    written: str

    def __str__(self) -> str:
        return self.written


class WrittenFloat(float):
    """A number that is not written as Python writes it: `1.10`; its text is what was written."""

    written: str

    def __str__(self) -> str:
        return self.written


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """Composes nodes with the tags of the core schema; it builds no values."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)


for _name, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("merge", "<<", "<"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
):
    _Loader.add_implicit_resolver(f"{_NUMBERED}{_name}", re.compile(rf"(?:{_pattern})\Z"), list(_first))


def as_written(value: Any) -> Any:
    """Return a number or date as text, a number as it was written, and anything else as it is; for names.

    Raises
    ------
    ValueError
        The value is true or false, which YAML writes in several ways.
    """
    if isinstance(value, bool):
        raise ValueError(f"{str(value).lower()} is no name but a yes or no: put it in quotes")
    return str(value) if isinstance(value, int | float | date) else value


def read_yaml(content: bytes | str, where: object) -> Any:
    """Return what YAML says, in plain mappings, lists, texts, numbers, truths and None; all keys are texts.

    Parameters
    ----------
    content
        UTF-8, with or without a byte-order mark, or UTF-16 with one.
    where
        The file or option that it comes from, for errors.

    Raises
    ------
    ProjectError
        It is not YAML of one document, holds a key twice, a tag or key that has no place in a project file, a value
        that contains itself, or more than the bounds of this module.
    """
    if len(content) > MOST_BYTES:
        raise ProjectError(
            f"has {len(content) / 1e6:.1f} MB, and a project file has at most {MOST_BYTES / 1e6:.1f} MB",
            where=where,
            remedy="check that this is the project file",
        )
    text = content if isinstance(content, str) else _decoded(content, where)
    try:
        _count_events(text, where)
        node = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        problem = ", ".join(each for each in (error.context, error.problem) if each)
        raise _error(
            f"is not valid YAML: {problem}", error.problem_mark.line if error.problem_mark else None, where
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _error(f"is not valid YAML: {' '.join(str(error).split())}", None, where) from error
    return None if node is None else _Building(where).value(node)


def _decoded(content: bytes, where: object) -> str:
    try:
        return content.decode("utf-16" if content.startswith(_BOMS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ProjectError(
            f"is not valid YAML: its text is not {error.encoding.upper()} (line {line})",
            where=where,
            remedy="save it as UTF-8",
        ) from error


def _count_events(text: str, where: object) -> None:
    """Refuse text with too many or too deep nodes; the parser itself needs no recursion."""
    loader = _Loader(text)
    nodes = level = 0
    for event in _events(loader):
        if isinstance(event, yaml.CollectionEndEvent):
            level -= 1
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        nodes += 1
        level += isinstance(event, yaml.CollectionStartEvent)
        if level > MOST_LEVELS:
            raise _error(f"has more than {MOST_LEVELS} levels of keys", _line(event), where)
        if nodes > MOST_NODES:
            raise _error(f"has more than {MOST_NODES} keys and values", _line(event), where)
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > MOST_CHARACTERS:
            raise _error(f"has a text of {len(event.value)} characters", _line(event), where)


def _line(event: yaml.Event) -> int | None:
    return None if event.start_mark is None else event.start_mark.line


def _events(loader: _Loader) -> Iterator[yaml.Event]:
    while loader.check_event():
        event: yaml.Event = loader.get_event()  # type: ignore[no-untyped-call]
        yield event


class _Building:
    """Values of the nodes of one document."""

    def __init__(self, where: object) -> None:
        self.where = where
        self.built = 0

    def value(self, node: Node, level: int = 0) -> Any:
        """Return the value of a node; an alias is built anew each time, and counted each time."""
        self.built += 1
        if self.built > MOST_NODES:
            raise self.error(
                f"stands for more than {MOST_NODES} keys and values by its aliases", node, "write the values out"
            )
        if level > MOST_LEVELS:
            raise self.error("holds a value that contains itself", node)
        kind = node.tag.removeprefix(_NUMBERED)
        if isinstance(node, MappingNode) and kind == "map":
            return self.mapping(node, level)
        if isinstance(node, SequenceNode) and kind == "seq":
            return [self.value(each, level + 1) for each in node.value]
        if isinstance(node, ScalarNode) and kind in ("str", "int", "float", "bool", "null", "merge"):
            return self.scalar(node, kind)
        raise self.error(f"has the tag {shortened(node.tag, 60)}, which has no place in a project file", node)

    def mapping(self, node: MappingNode, level: int) -> dict[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, held in node.value:
            if not isinstance(key, ScalarNode):
                raise self.error("has a key that is no text but a list or mapping", key)
            value = self.value(held, level + 1)
            if key.tag == _MERGE:
                merged = {**self.merged(value, held), **merged}
                continue
            name = self.text(key)
            if name in own:
                raise self.error(f"has the key '{shortened(name, 60)}' twice", key, "keep one of them")
            own[name] = value
        return {**merged, **own}

    def merged(self, value: Any, node: Node) -> dict[str, Any]:
        """Return what `<<` brings in; of several mappings the first wins."""
        together: dict[str, Any] = {}
        for each in value if isinstance(value, list) else [value]:
            if not isinstance(each, dict):
                raise self.error("has a << that names no mapping", node)
            together = {**each, **together}
        return together

    def scalar(self, node: ScalarNode, kind: str) -> Any:
        text = self.text(node)
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return _TRUTHS[text.lower()]
            if kind in ("int", "float"):
                return self.number(text, kind, node)
        except (KeyError, ValueError) as error:
            raise self.error(f"has '{shortened(text, 60)}' where its tag says {kind}", node) from error
        return text

    def number(self, text: str, kind: str, node: ScalarNode) -> int | float:
        if len(text) > MOST_DIGITS:
            raise self.error(f"has a number of {len(text)} characters", node)
        if kind == "float":
            real = WrittenFloat(re.sub(r"(?i)^([-+]?)\.(inf|nan)$", r"\1\2", text))
            real.written = text
            return float(real) if str(float(real)) == text else real
        bases = {"0x": 16, "0o": 8}
        whole = WrittenInt(int(text, bases.get(text[:2], 10)))
        if abs(whole) >= _LARGEST:
            raise self.error(f"has the number {shortened(text, 60)}, which is too large", node)
        whole.written = text
        return int(whole) if str(int(whole)) == text else whole

    def text(self, node: ScalarNode) -> str:
        text = str(node.value)
        if "\0" in text:
            raise self.error("has a text with the character of code 0", node)
        try:
            # JSON writes characters beyond 16 bits as two halves; a half alone is no character.
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        except UnicodeDecodeError as error:
            raise self.error("has a text with half a character", node) from error

    def error(self, what: str, node: Node, remedy: str | None = None) -> ProjectError:
        return _error(what, node.start_mark.line, self.where, remedy)


def _error(what: str, line: int | None, where: object, remedy: str | None = None) -> ProjectError:
    place = "" if line is None else f" (line {line + 1})"
    return ProjectError(f"{what}{place}", where=where, remedy=remedy or _REMEDY)
