"""Metadata files of Landsat products (``*_MTL``) in three formats, as nested groups of strings.

USGS writes the same groups and keys as text (ODL), JSON and XML; values stay as written.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from trimline.errors import MetadataError
from trimline.scenes.metadata_text import parse_json
from trimline.scenes.safe_xml import parse_xml

Groups = Mapping[str, Mapping[str, str]]
T = TypeVar("T", str, float, int)

COLLECTION_2 = "LANDSAT_METADATA_FILE"
BEFORE_COLLECTION_2 = "L1_METADATA_FILE"
"""Root groups of the two generations of the file."""

_ASSIGNMENT = re.compile(r"^\s*(?P<key>\w+)\s*=\s*(?P<value>.*?)\s*$")
_REMEDY = "it is damaged or not a Landsat metadata file: fetch the product again"


@dataclass(frozen=True)
class Keys:
    """The groups of a metadata file, with typed access to their keys."""

    groups: Groups
    name: str
    """The file's name, for messages."""
    is_before_collection_2: bool
    """Whether the file is of the older generation."""

    def text(self, key: str, *groups: str, otherwise: str | None = None) -> str:
        """Return a value as it is written, from the first of the groups that has the key."""
        return self._value(str, key, groups, otherwise)

    def number(self, key: str, *groups: str, otherwise: float | None = None) -> float:
        """Return a value as a finite number."""
        value = self._value(float, key, groups, otherwise)
        if not math.isfinite(value):
            raise self.impossible(key, value)
        return value

    def integer(self, key: str, *groups: str) -> int:
        """Return a value as a whole number."""
        return self._value(int, key, groups, None)

    def has(self, key: str, *groups: str) -> bool:
        """Whether any of the groups has the key."""
        return any(key in self.groups.get(group, {}) for group in groups)

    def missing(self, key: str, group: str) -> MetadataError:
        """Return the error for a missing key."""
        return MetadataError(
            f"the metadata lack {group}/{key}", where=self.name, remedy="fetch the product's metadata again"
        )

    def impossible(self, key: str, value: object) -> MetadataError:
        """Return the error for an impossible value."""
        return MetadataError(f"{key} cannot be '{value}'", where=self.name, remedy="fetch the product's metadata again")

    def _value(self, kind: Callable[[str], T], key: str, groups: Sequence[str], otherwise: T | None) -> T:
        for group in groups:
            if key in self.groups.get(group, {}):
                written = self.groups[group][key]
                try:
                    return kind(written)
                except ValueError:
                    raise self.impossible(key, written) from None
        if otherwise is None:
            present = next((group for group in groups if group in self.groups), groups[0])
            raise self.missing(key, present)
        return otherwise


def parse_mtl(text: str, name: str) -> Keys:
    """Parse a metadata file.

    Parameters
    ----------
    text
        The whole content.
    name
        The file's name; its suffix gives the format.

    Raises
    ------
    MetadataError
        It is not a Landsat metadata file.
    """
    suffix = name.lower().rpartition(".")[2]
    parse = {"json": _parse_json, "xml": _parse_xml}.get(suffix, _parse_odl)
    tree = parse(text, name)
    for root in (COLLECTION_2, BEFORE_COLLECTION_2):
        content = tree.get(root)
        if isinstance(content, Mapping):
            groups = {
                group: {key: str(value) for key, value in pairs.items() if not isinstance(value, Mapping | list)}
                for group, pairs in content.items()
                if isinstance(pairs, Mapping)
            }
            return Keys(groups, name, is_before_collection_2=root == BEFORE_COLLECTION_2)
    raise MetadataError(f"the file has no group {COLLECTION_2} or {BEFORE_COLLECTION_2}", where=name, remedy=_REMEDY)


def _parse_odl(text: str, name: str) -> dict[str, Any]:
    """Parse ``GROUP = NAME`` ... ``END_GROUP = NAME`` with ``KEY = VALUE`` between them."""
    root: dict[str, Any] = {}
    stack = [root]
    for line in text.splitlines():
        match = _ASSIGNMENT.match(line)
        if match is None:
            continue
        key, value = match["key"], match["value"].strip('"')
        if key == "GROUP":
            within = stack[-1].setdefault(value, {})
            if not isinstance(within, dict):
                raise MetadataError(f"{value} is both a key and a group", where=name, remedy=_REMEDY)
            stack.append(within)
        elif key == "END_GROUP":
            if len(stack) == 1:
                raise MetadataError(f"group {value} ends before it begins", where=name, remedy=_REMEDY)
            stack.pop()
        else:
            stack[-1][key] = value
    if len(stack) > 1:
        raise MetadataError("the file ends within a group", where=name, remedy=_REMEDY)
    return root


def _parse_json(text: str, name: str) -> dict[str, Any]:
    tree = parse_json(text, name, remedy=_REMEDY)
    return tree if isinstance(tree, dict) else {}


def _parse_xml(text: str, name: str) -> dict[str, Any]:
    root = parse_xml(text, name, _REMEDY)
    return {root.tag: {group.tag: {each.tag: (each.text or "").strip() for each in group} for group in root}}
