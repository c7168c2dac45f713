"""Typed access to the elements of Sentinel-2 metadata files."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from xml.etree import ElementTree

from trimline.errors import MetadataError
from trimline.scenes.metadata_text import parse_moment
from trimline.scenes.safe_xml import elements, local_name, parse_xml, text_of

REMEDY = "it is damaged or no Sentinel-2 metadata file: fetch the product again"


class Document:
    """One metadata file; names of elements are given without their namespaces, which differ between baselines."""

    def __init__(self, text: str, name: str) -> None:
        self.name = name
        """The file's name, for messages."""
        self.root = parse_xml(text, name, REMEDY)

    @property
    def kind(self) -> str:
        """Name of the root: `Level-1C_User_Product`, `Level-2A_Tile_ID`, ..."""
        return local_name(self.root)

    def all(self, *names: str) -> Iterator[ElementTree.Element]:
        """Yield all elements that have one of these names."""
        return (each for each in self.root.iter() if local_name(each) in names)

    def inside(self, outer: str, name: str) -> ElementTree.Element | None:
        """Return the first element of a name within the first one of another name."""
        around = next(elements(self.root, outer), None)
        return None if around is None else next(elements(around, name), None)

    def text(self, *names: str) -> str:
        """Return the text of the first of these names that is there.

        Raises
        ------
        MetadataError
            None of them is.
        """
        found = self.text_or_none(*names)
        if found is None:
            raise self.missing(names[0])
        return found

    def text_or_none(self, *names: str) -> str | None:
        """Return the text of the first of these names that is there and not empty."""
        for name in names:
            for element in elements(self.root, name):
                if text_of(element):
                    return text_of(element)
        return None

    def number(self, element: ElementTree.Element | None, name: str) -> float:
        """Return the finite number in an element.

        Raises
        ------
        MetadataError
            The element is None, or holds no finite number.
        """
        if element is None:
            raise self.missing(name)
        try:
            value = float(text_of(element))
        except ValueError:
            raise self.impossible(name, text_of(element)) from None
        if not math.isfinite(value):
            raise self.impossible(name, text_of(element))
        return value

    def first_number(self, *names: str) -> float:
        """Return the number of the first of these names that is there."""
        for name in names:
            for element in elements(self.root, name):
                return self.number(element, name)
        raise self.missing(names[0])

    def time(self, *names: str) -> datetime:
        """Return a moment (UTC)."""
        written = self.text(*names)
        try:
            return parse_moment(written)
        except ValueError:
            raise self.impossible(names[0], written) from None

    def missing(self, name: str) -> MetadataError:
        """Return the error for a missing element."""
        return MetadataError(f"the metadata lack {name}", where=self.name, remedy="fetch the product's metadata again")

    def impossible(self, name: str, value: object) -> MetadataError:
        """Return the error for an impossible value."""
        return MetadataError(
            f"{name} cannot be '{value}'", where=self.name, remedy="fetch the product's metadata again"
        )
