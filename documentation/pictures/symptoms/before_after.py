"""The form of every picture: two panels over the image, the wrong outline on the left and the right one beside it.

Colours are those of Okabe and Ito, which colour-blind readers tell apart; false and missed ice differ in their hatching
too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import geopandas as gpd
import numpy as np
import shapely
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.files import whole_file
from trimline.report.composite import false_colour
from trimline.report.error_map import faded, scale_bar
from trimline.scenes import Scene

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

WRONG, RIGHT, MISSED, HIDDEN = "#D55E00", "#0072B2", "#F0E442", "#202428"
"""Vermilion, blue, yellow, and nearly black."""
_WIDTH_INCHES, _DPI = 8.0, 110
_PANEL_INCHES, _TITLE_INCHES, _LINE_INCHES = 3.95, 0.45, 0.3
"""Width of a panel, height of its title, height of a line of the legend."""
_TEXT = 13
"""Size of the text [points]; half of it, at 400 pixels, is still read."""
_KINDS = {
    "wrong": "outline, wrong",
    "right": "outline, right",
    "false": "ice that is none",
    "missed": "ice that is missed",
    "hidden": "not seen",
}


class Panel(Protocol):
    """One half of a picture."""

    @property
    def title(self) -> str:
        """Words above it."""
        ...

    @property
    def kinds(self) -> frozenset[str]:
        """What of the legend it shows."""
        ...

    @property
    def aspect(self) -> float:
        """Its height by its width."""
        ...

    def draw(self, axes: Axes) -> None:
        """Draw it."""
        ...


@dataclass(frozen=True)
class MapPanel:
    """Outlines over an image."""

    title: str
    scene: Scene
    wrong: gpd.GeoSeries | None = None
    right: gpd.GeoSeries | None = None
    false: shapely.Geometry | None = None
    """Ice that is none."""
    missed: shapely.Geometry | None = None
    hidden: gpd.GeoSeries | None = None
    """Ground that is not seen."""
    window: GeoBox | None = None
    """Part of the scene that is shown; None means all."""
    note: str = ""
    """Words over the image."""
    picture: NDArray[np.uint8] | None = None
    """(h, w, 4) image in place of the scene's own."""

    @property
    def kinds(self) -> frozenset[str]:
        """What of the legend it shows."""
        shown = {name: getattr(self, name) for name in _KINDS}
        return frozenset(name for name, each in shown.items() if each is not None and not _is_nothing(each))

    @property
    def aspect(self) -> float:
        """Its height by its width."""
        return float(self._grid.height / self._grid.width)

    @property
    def _grid(self) -> GeoBox:
        return self.scene.geobox if self.window is None else self.window

    def draw(self, axes: Axes) -> None:
        """Draw it."""
        grid = self._grid
        box = grid.boundingbox
        extent = (box.left / 1e3, box.right / 1e3, box.bottom / 1e3, box.top / 1e3)
        axes.set_facecolor("#b8b8b8")
        picture = false_colour(self.scene, grid) if self.picture is None else self.picture
        axes.imshow(faded(picture), extent=extent, interpolation="nearest")
        if self.hidden is not None:
            _fill(axes, self.hidden, HIDDEN, 0.55, "xx")
        if self.false is not None:
            _fill(axes, gpd.GeoSeries([self.false]), WRONG, 0.6, "//")
        if self.missed is not None:
            _fill(axes, gpd.GeoSeries([self.missed]), MISSED, 0.65, "..")
        for outlines, colour in ((self.wrong, WRONG), (self.right, RIGHT)):
            if outlines is not None:
                _trace(axes, outlines, colour)
        if self.note:
            box_style = {"facecolor": "white", "edgecolor": HIDDEN, "boxstyle": "round,pad=0.4"}
            axes.text(0.5, 0.5, self.note, transform=axes.transAxes, ha="center", va="center", fontsize=_TEXT)
            axes.texts[-1].set_bbox(box_style)
        axes.set(xlim=extent[:2], ylim=extent[2:], xticks=[], yticks=[], xlabel="", ylabel="", aspect="equal")
        scale_bar(axes, extent)
        for text in axes.texts:
            text.set_fontsize(max(text.get_fontsize(), _TEXT - 2))


@dataclass(frozen=True)
class Case:
    """A fault and its remedy: two panels, and the fault as a number."""

    name: str
    """Of the file, without its ending."""
    source: str
    """Where the image is from."""
    panels: tuple[Panel, Panel]
    what: str
    """What is counted."""
    before: float
    after: float
    kept: dict[str, float] = field(default_factory=dict)
    """What the remedy must not change, or other numbers of the case."""

    def write(self, folder: Path) -> Path:
        """Draw it as a PNG into a folder."""
        shown = frozenset[str]().union(*(panel.kinds for panel in self.panels))
        handles = [_handle(kind) for kind in _KINDS if kind in shown]
        lines = 1 + -(-len(handles) // 2)
        height = _TITLE_INCHES + _PANEL_INCHES * max(each.aspect for each in self.panels) + _LINE_INCHES * lines
        figure = Figure(figsize=(_WIDTH_INCHES, height), layout="constrained")
        axes: Sequence[Axes] = figure.subplots(1, 2)
        for side, panel in zip(axes, self.panels, strict=True):
            panel.draw(side)
            side.set_title(panel.title, fontsize=_TEXT)
        if handles:
            figure.legend(
                handles=handles,
                loc="outside lower center",
                ncols=2,
                frameon=False,
                fontsize=_TEXT,
                title=self.source,
                title_fontsize=_TEXT - 1,
            )
        else:
            figure.supxlabel(self.source, fontsize=_TEXT - 1)
        path = folder / f"{self.name}.png"
        with whole_file(path) as temporary:
            figure.savefig(temporary, dpi=_DPI, metadata={"Software": None})
        return path


def _is_nothing(shown: gpd.GeoSeries | shapely.Geometry) -> bool:
    return bool(shown.is_empty.all() if isinstance(shown, gpd.GeoSeries) else shown.is_empty)


def _in_km(shapes: gpd.GeoSeries) -> gpd.GeoSeries:
    flat = gpd.GeoSeries(shapes.values).set_crs(None, allow_override=True)
    return flat[~flat.is_empty].scale(1e-3, 1e-3, origin=(0, 0))


def _fill(axes: Axes, shapes: gpd.GeoSeries, colour: str, opacity: float, hatch: str) -> None:
    filled = _in_km(shapes)
    if len(filled):
        filled.plot(ax=axes, facecolor=colour, edgecolor="none", alpha=opacity, aspect=None)
        filled.plot(ax=axes, facecolor="none", edgecolor="white", linewidth=0, hatch=hatch, alpha=0.8, aspect=None)


def _trace(axes: Axes, outlines: gpd.GeoSeries, colour: str) -> None:
    edges = _in_km(outlines).boundary
    if len(edges):
        edges.plot(ax=axes, color="white", linewidth=3.4, aspect=None)
        edges.plot(ax=axes, color=colour, linewidth=1.8, aspect=None)


def _handle(kind: str) -> Artist:
    if kind in ("wrong", "right"):
        return Line2D([], [], color=WRONG if kind == "wrong" else RIGHT, linewidth=3, label=_KINDS[kind])
    colour, hatch = {"false": (WRONG, "//"), "missed": (MISSED, ".."), "hidden": (HIDDEN, "xx")}[kind]
    return Patch(facecolor=colour, alpha=0.7, edgecolor="white", hatch=hatch, label=_KINDS[kind])
