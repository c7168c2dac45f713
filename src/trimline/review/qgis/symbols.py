"""Symbols of outlines, edits and unseen ground as QGIS draws them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal
from xml.etree.ElementTree import Element

from trimline.review.qgis.xml import element, option

Colour = tuple[int, int, int, int]
"""Red, green, blue and opacity, 0 to 255."""

CYAN: Colour = (0, 229, 255, 255)
YELLOW: Colour = (255, 221, 51, 255)
WHITE: Colour = (255, 255, 255, 255)
GREY: Colour = (40, 40, 40, 200)

OPERATION_COLOURS: Mapping[str, Colour] = MappingProxyType(
    {
        "add": (57, 181, 74, 255),
        "remove": (230, 57, 70, 255),
        "replace": (255, 140, 0, 255),
        "split": (224, 64, 251, 255),
        "terminus": (255, 235, 59, 255),
    }
)
"""By operation, of edits that are drawn; all others are white."""

_FILLED = 70
"""Opacity of the ground of an edit: the image stays visible under it."""


def outline_symbol(parent: Element, colour: Colour, width_mm: float, style: str = "solid", name: str = "0") -> None:
    """Append the symbol of polygons whose margin is drawn alone."""
    symbol = element(parent, "symbol", type="fill", name=name, alpha=1, clip_to_extent=1, force_rhr=0)
    _layer(symbol, "SimpleLine", _line(colour, width_mm, style))


def area_symbol(parent: Element, colour: Colour, name: str = "0") -> None:
    """Append the symbol of polygons that are filled thinly, with a margin."""
    symbol = element(parent, "symbol", type="fill", name=name, alpha=1, clip_to_extent=1, force_rhr=0)
    properties = {
        "color": _written((*colour[:3], _FILLED)),
        "outline_color": _written(colour),
        "outline_width": "0.5",
        "outline_width_unit": "MM",
        "outline_style": "solid",
        "style": "solid",
    }
    _layer(symbol, "SimpleFill", properties)


def line_symbol(parent: Element, colour: Colour, width_mm: float, name: str = "0") -> None:
    """Append the symbol of lines."""
    symbol = element(parent, "symbol", type="line", name=name, alpha=1, clip_to_extent=1, force_rhr=0)
    _layer(symbol, "SimpleLine", _line(colour, width_mm, "solid"))


def hatched_symbol(parent: Element, colour: Colour, name: str = "0") -> None:
    """Append the symbol of hatched polygons."""
    symbol = element(parent, "symbol", type="fill", name=name, alpha=1, clip_to_extent=1, force_rhr=0)
    properties = {
        "angle": "45",
        "color": _written(colour),
        "distance": "2.5",
        "distance_unit": "MM",
        "line_width": "0.26",
        "line_width_unit": "MM",
    }
    hatch = _layer(symbol, "LinePatternFill", properties)
    inner = element(hatch, "symbol", type="line", name=f"@{name}@0", alpha=1, clip_to_extent=1, force_rhr=0)
    _layer(inner, "SimpleLine", _line(colour, 0.26, "solid"))


def one_symbol(parent: Element) -> Element:
    """Append a renderer with one symbol for all, and return where the symbol goes."""
    renderer = element(parent, "renderer-v2", type="singleSymbol", symbollevels=0, enableorderby=0, forceraster=0)
    return element(renderer, "symbols")


def by_operation(parent: Element, operations: Iterable[str], kind: Literal["areas", "lines"]) -> None:
    """Append a renderer that draws edits in the colour of their operation."""
    renderer = element(parent, "renderer-v2", type="categorizedSymbol", attr="operation", symbollevels=0)
    categories, symbols = element(renderer, "categories"), element(renderer, "symbols")
    shown = [*(each for each in operations if each in OPERATION_COLOURS), ""]
    for number, operation in enumerate(shown):
        label = operation or "other"
        element(categories, "category", symbol=number, value=operation, label=label, render="true", type="string")
        colour = OPERATION_COLOURS.get(operation, WHITE)
        if kind == "areas":
            area_symbol(symbols, colour, name=str(number))
        else:
            line_symbol(symbols, colour, 0.6, name=str(number))


def _line(colour: Colour, width_mm: float, style: str) -> dict[str, str]:
    return {
        "line_color": _written(colour),
        "line_width": f"{width_mm:g}",
        "line_width_unit": "MM",
        "line_style": style,
        "joinstyle": "round",
        "capstyle": "round",
    }


def _layer(symbol: Element, kind: str, properties: Mapping[str, str]) -> Element:
    layer = element(symbol, "layer", class_=kind, enabled=1, locked=0)
    layer.set("pass", "0")
    option(layer, properties)
    return layer


def _written(colour: Colour) -> str:
    return ",".join(map(str, colour))
