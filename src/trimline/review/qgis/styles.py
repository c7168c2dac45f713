"""Styles of the layer of edits as QGIS keeps them: forms and symbols, as text for the table `layer_styles`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from xml.etree.ElementTree import Element

from trimline.review.opened.reviewed import ReviewedPeriod
from trimline.review.qgis.form import form_of, operations_of, write_form
from trimline.review.qgis.symbols import by_operation
from trimline.review.qgis.xml import QGIS_VERSION, as_text

DEFAULT_STYLE = "trimline"
"""Name of the style that QGIS takes by itself; those of areas and lines have a word behind it."""

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
_GEOMETRY = {"lines": "1", "areas": "2"}
"""Types of geometry, as QGIS counts them."""


def styles_of(periods: Sequence[ReviewedPeriod]) -> dict[str, str]:
    """Return the styles of the layer by name, as QML: the default one, which holds the form alone, comes first.

    One default serves whatever is drawn, because QGIS refuses the symbols of lines for areas.
    """
    form = Element("qgis", version=QGIS_VERSION, styleCategories="LayerConfiguration|Fields|Forms")
    write_form(form, form_of(periods))
    found = {DEFAULT_STYLE: as_text(form, _DOCTYPE)}
    kinds: tuple[Literal["areas", "lines"], ...] = ("areas", "lines")
    for kind in kinds:
        root = Element("qgis", version=QGIS_VERSION, styleCategories="LayerConfiguration|Symbology|Fields|Forms")
        by_operation(root, operations_of(kind), kind)
        write_form(root, form_of(periods, kind))
        root.append(_geometry_type(_GEOMETRY[kind]))
        found[f"{DEFAULT_STYLE} {kind}"] = as_text(root, _DOCTYPE)
    return found


def _geometry_type(number: str) -> Element:
    found = Element("layerGeometryType")
    found.text = number
    return found
