"""XML of products, read without expanding anything."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree

from trimline.errors import MetadataError

_MOST_TAGS = 4_000_000
"""Opening and closing tags of a document, at most; the largest of ESA have a quarter of it."""


def parse_xml(text: str, name: str, remedy: str) -> ElementTree.Element:
    """Return the root of an XML document.

    Parameters
    ----------
    text
        The whole content.
    name, remedy
        The file's name and what to do, for errors.

    Raises
    ------
    MetadataError
        It is not XML, or declares a document type. Metadata declare none; one that does may hold entities that
        expand without end.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise MetadataError("the file declares a document type", where=name, remedy=remedy)
    if text.count("<") > _MOST_TAGS:
        raise MetadataError(f"the file has more than {_MOST_TAGS} elements", where=name, remedy=remedy)
    try:
        return ElementTree.fromstring(text.lstrip("\ufeff"))  # noqa: S314 - entities are refused above
    except (ElementTree.ParseError, ValueError) as error:
        raise MetadataError(f"the file is not XML ({error})", where=name, remedy=remedy) from error


def local_name(element: ElementTree.Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def elements(root: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    """Yield all elements of a name, whatever their namespace, in the order of the file."""
    return (each for each in root.iter() if local_name(each) == name)


def text_of(element: ElementTree.Element) -> str:
    """Return the text of an element without surrounding spaces."""
    return (element.text or "").strip()
