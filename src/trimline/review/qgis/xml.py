"""Elements of QGIS's project and style files: options, flags, and the reference system of a layer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from pyproj import CRS

QGIS_VERSION = "3.22.0"
"""Version whose format is written: later ones read it too."""


def element(parent: Element, tag: str, text: str | None = None, **attributes: object) -> Element:
    """Append an element to another one and return it.

    Parameters
    ----------
    parent, tag, text
        Where it goes, its name, and what stands in it.
    attributes
        Written as text, true as 1 and false as 0; an underscore at the end of a name, as of ``class_``, is left out.
    """
    child = SubElement(parent, tag, {name.rstrip("_"): _text(value) for name, value in attributes.items()})
    child.text = text
    return child


def option(parent: Element, content: Any, name: str | None = None) -> Element:
    """Append a value in the form in which QGIS keeps settings: a text, a number, a mapping or a list."""
    named = {} if name is None else {"name": name}
    if isinstance(content, Mapping):
        found = SubElement(parent, "Option", {"type": "Map", **named})
        for key, value in content.items():
            option(found, value, str(key))
    elif isinstance(content, Sequence) and not isinstance(content, str):
        found = SubElement(parent, "Option", {"type": "List", **named})
        for value in content:
            option(found, value)
    else:
        kind = {bool: "bool", int: "int", float: "double"}.get(type(content), "QString")
        text = str(content).lower() if isinstance(content, bool) else str(content)
        found = SubElement(parent, "Option", {"type": kind, **named, "value": text})
    return found


def reference_system(parent: Element, crs: CRS) -> Element:
    """Append a reference system: its number in a registry where it has one, and its definition."""
    system = SubElement(parent, "spatialrefsys", {"nativeFormat": "Wkt"})
    known = crs.to_authority(min_confidence=100)
    element(system, "wkt", crs.to_wkt("WKT2_2019"))
    element(system, "authid", "" if known is None else ":".join(known))
    return system


def as_text(root: Element, doctype: str = "") -> str:
    """Return an element with everything in it as indented text."""
    ElementTree.indent(root, " ")
    return doctype + ElementTree.tostring(root, encoding="unicode") + "\n"


def _text(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
