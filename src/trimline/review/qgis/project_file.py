"""The QGIS project file: layers in groups, their order, what is in view, and snapping that suits shared borders."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree.ElementTree import Element

from pyproj import CRS

from trimline.files import whole_file
from trimline.review.qgis.layers import Group, Layer, write_layer
from trimline.review.qgis.xml import QGIS_VERSION, as_text, element, reference_system

WRITER = "trimline"
"""What stands in the file as the one who saved it; QGIS writes the user's name over it."""

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"

_BEGINNING = 1 << 14
"""Bytes of a project in which its first element stands."""

_ROOT = re.compile("<qgis [^>]*>")

_SNAPPING_PIXELS = 12
_VERTICES_AND_SEGMENTS = 3
_ALL_LAYERS = 2
_PIXELS = 1
"""As QGIS counts kinds of snapping, and units of its tolerance."""


def write_project(
    path: Path, title: str, crs: CRS, root_group: Group, view: tuple[float, float, float, float] | None
) -> None:
    """Write a project file, whole or not at all.

    Parameters
    ----------
    path
        The file; paths of layers are relative to its folder.
    title
        Of the window.
    crs
        Of the map.
    root_group
        All layers, from top to bottom.
    view
        West, south, east and north of what is shown first, in that CRS; None leaves it to QGIS.
    """
    root = Element("qgis", projectname=title, version=QGIS_VERSION, saveUser=WRITER, saveUserFull=WRITER)
    element(root, "title", title)
    reference_system(element(root, "projectCrs"), crs)
    _write_tree(element(root, "layer-tree-group"), root_group)
    snapping = element(root, "snapping-settings", enabled=1, mode=_ALL_LAYERS, type=_VERTICES_AND_SEGMENTS)
    snapping.attrib |= {"unit": str(_PIXELS), "tolerance": str(_SNAPPING_PIXELS), "intersection-snapping": "0"}
    canvas = element(root, "mapcanvas", name="theMapCanvas", annotationsVisible=1)
    element(canvas, "units", "meters")
    if view is not None:
        extent = element(canvas, "extent")
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), view, strict=True):
            element(extent, name, repr(value))
    element(canvas, "rotation", "0")
    reference_system(element(canvas, "destinationsrs"), crs)
    layers = element(root, "projectlayers")
    for layer in layers_in(root_group):
        write_layer(layers, layer)
    properties = element(root, "properties")
    element(element(properties, "Paths"), "Absolute", "false", type="bool")
    element(element(properties, "SpatialRefSys"), "ProjectionsEnabled", "1", type="int")
    element(element(properties, "Digitizing"), "TopologicalEditing", "1", type="int")
    with whole_file(path) as temporary:
        temporary.write_text(as_text(root, _DOCTYPE), encoding="utf-8")


def is_ours(path: Path) -> bool:
    """Whether a project file is as trimline wrote it, so that it may be written anew; false of what is no project."""
    with path.open("rb") as file:
        beginning = file.read(_BEGINNING)
    root = _ROOT.search(beginning.decode("utf-8", "replace"))
    return root is not None and f'saveUser="{WRITER}"' in root[0]


def layers_in(group: Group) -> Iterator[Layer]:
    """Yield the layers of a group and of those in it, from top to bottom."""
    for member in group.members:
        if isinstance(member, Layer):
            yield member
        else:
            yield from layers_in(member)


def _write_tree(parent: Element, group: Group) -> None:
    for member in group.members:
        checked = "Qt::Checked" if member.visible else "Qt::Unchecked"
        if isinstance(member, Layer):
            found = element(parent, "layer-tree-layer", id=member.id, name=member.name, checked=checked, expanded=0)
            found.attrib |= {"providerKey": member.provider, "source": member.source}
        else:
            found = element(parent, "layer-tree-group", name=member.name, checked=checked, expanded=member.expanded)
            _write_tree(found, member)
