"""Layers of a QGIS project: rasters and vector files with their symbols, as elements of the project file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from pyproj import CRS

from trimline.layer_path import layer_path
from trimline.review.qgis.pictures import Picture, relative_path
from trimline.review.qgis.xml import element, reference_system

Drawing = Callable[[Element], None]
"""Appends to a layer how it is drawn, and its form."""

_FIRST_STRETCH = ("0.02", "0.98")
"""Shares of the pixels in view that are black and white."""


@dataclass(frozen=True)
class Layer:
    """One layer of a project."""

    id: str
    """Of the layer within the project."""
    name: str
    """As the user sees it."""
    source: str
    """As the provider takes it, with a path relative to the project."""
    crs: CRS
    drawing: Drawing
    kind: str = "vector"
    """`vector` or `raster`."""
    geometry: str = "Polygon"
    """Of a vector layer: `Polygon`, `Line` or `No geometry`."""
    visible: bool = True
    read_only: bool = True

    @property
    def provider(self) -> str:
        """The provider that opens it."""
        return "gdal" if self.kind == "raster" else "ogr"


@dataclass(frozen=True)
class Group:
    """A group of layers, from top to bottom."""

    name: str
    members: tuple[Layer | Group, ...]
    visible: bool = True
    expanded: bool = True


def vector_source(path: Path, folder: Path) -> str:
    """Return a vector file as QGIS names it; of a ``FILE|layer=NAME``, the layer too."""
    named = layer_path(path)
    source = relative_source(named.file, folder)
    return source if named.layer is None else f"{source}|layername={named.layer}"


def relative_source(path: Path, folder: Path) -> str:
    """Return a path relative to the project's folder, as QGIS writes it."""
    found = relative_path(path, folder)
    return found if Path(found).is_absolute() or found.startswith("../") else f"./{found}"


def write_layer(parent: Element, layer: Layer) -> None:
    """Append a layer to the layers of a project."""
    attributes = {"geometry": layer.geometry} if layer.kind == "vector" else {}
    found = element(
        parent,
        "maplayer",
        type=layer.kind,
        hasScaleBasedVisibilityFlag=0,
        styleCategories="AllStyleCategories",
        **attributes,
    )
    found.set("readOnly", str(int(layer.read_only and layer.kind == "vector")))
    element(found, "id", layer.id)
    element(found, "datasource", layer.source)
    element(found, "layername", layer.name)
    reference_system(element(found, "srs"), layer.crs)
    if layer.kind == "vector":
        element(found, "provider", "ogr", encoding="UTF-8")
    else:
        element(found, "provider", "gdal")
    layer.drawing(found)


def picture_drawing(picture: Picture) -> Drawing:
    """Return how a scene is drawn: three bands as colours or one in grey, stretched to what is in view."""

    def draw(layer: Element) -> None:
        pipe = element(layer, "pipe")
        if len(picture.bands) == 1:
            renderer = element(pipe, "rasterrenderer", type="singlebandgray", grayBand=1, gradient="BlackToWhite")
            names = ["contrastEnhancement"]
        else:
            renderer = element(pipe, "rasterrenderer", type="multibandcolor", redBand=1, greenBand=2, blueBand=3)
            names = [f"{each}ContrastEnhancement" for each in ("red", "green", "blue")]
        renderer.set("opacity", "1")
        renderer.set("alphaBand", "-1")
        _stretch_to_view(renderer)
        for name, dark, bright in zip(names, picture.dark, picture.bright, strict=True):
            contrast = element(renderer, name)
            element(contrast, "minValue", repr(dark))
            element(contrast, "maxValue", repr(bright))
            element(contrast, "algorithm", "StretchToMinimumMaximum")
        element(pipe, "rasterresampler", maxOversampling=2)

    return draw


def probability_drawing(threshold: float | None) -> Drawing:
    """Return how a probability is drawn: nothing at 0, yellow where ice begins, red at 1."""
    middle = 0.5 if threshold is None or not 0 < threshold < 1 else threshold
    steps = ((0.0, "#ffff00", 0), (middle, "#ffd500", 140), (1.0, "#d7191c", 200))

    def draw(layer: Element) -> None:
        renderer = element(element(layer, "pipe"), "rasterrenderer", type="singlebandpseudocolor", band=1)
        renderer.attrib |= {"opacity": "0.8", "alphaBand": "-1", "classificationMin": "0", "classificationMax": "1"}
        shader = element(element(renderer, "rastershader"), "colorrampshader", colorRampType="INTERPOLATED", clip=0)
        shader.attrib |= {"minimumValue": "0", "maximumValue": "1", "classificationMode": "1"}
        for value, colour, alpha in steps:
            element(shader, "item", value=value, color=colour, alpha=alpha, label=f"{value:g}")

    return draw


def hillshade_drawing(layer: Element) -> None:
    """Append how an elevation model is drawn: shaded, lit from the north-west."""
    renderer = element(element(layer, "pipe"), "rasterrenderer", type="hillshade", band=1, azimuth=315, angle=45)
    renderer.attrib |= {"zfactor": "1", "multidirection": "1", "opacity": "1", "alphaBand": "-1"}


def _stretch_to_view(renderer: Element) -> None:
    """Let QGIS find what is black and white from the pixels in view, whenever the view changes."""
    origin = element(renderer, "minMaxOrigin")
    element(origin, "limits", "CumulativeCut")
    element(origin, "extent", "UpdatedCanvas")
    element(origin, "statAccuracy", "Estimated")
    element(origin, "cumulativeCutLower", _FIRST_STRETCH[0])
    element(origin, "cumulativeCutUpper", _FIRST_STRETCH[1])
