"""The worked example of uncertainty: a glacier with its ring of half a pixel, and the error of its change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from trimline.change import change_error
from trimline.change.moving import moved

HALF_PIXEL_M = 15.0
"""Half of a pixel of Landsat [m]."""

_EARLIER, _LATER, _OUTER, _INNER = "#b2552b", "#2166ac", "#f4a582", "#92c5de"
_UPRIGHT = ("1000 m", "800 m", "500 m")
_CORNER_M = (-245.0, -155.0, -45.0, 45.0)
"""Bounds of the corner that is drawn large, where the tongue begins: west, east, south, north [m]."""


def glacier(tongue_m: float) -> shapely.Polygon:
    """Return a basin of 1200 m x 1000 m with a tongue of 400 m below its middle."""
    return shapely.union(shapely.box(-600, 0, 600, 1000), shapely.box(-200, -tongue_m, 200, 0))


def draw(folder: Path) -> list[Path]:
    """Draw the glacier with its ring, and the error of its change; return the two files."""
    earlier, later = glacier(800), glacier(500)
    example = Figure(figsize=(8.4, 4.6), layout="constrained")
    whole, corner = example.subplots(1, 2, width_ratios=(1, 1))
    _outlines(whole, earlier, later)
    _corner(corner, earlier)
    correlation = Figure(figsize=(6.4, 3.8), layout="constrained")
    _change(correlation.subplots(), earlier, later)
    paths = [folder / "uncertainty_example.png", folder / "uncertainty_correlation.png"]
    for figure, path in zip((example, correlation), paths, strict=True):
        figure.savefig(path, dpi=130)
    return paths


def one_sided(outline: shapely.Polygon) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Return the outline moved inwards and outwards by half a pixel."""
    inner, outer = (moved(np.array([outline]), distance)[0] for distance in (-HALF_PIXEL_M, HALF_PIXEL_M))
    return inner, outer


def _outlines(axes: Axes, earlier: shapely.Polygon, later: shapely.Polygon) -> None:
    inner, outer = one_sided(earlier)
    axes.fill(*outer.exterior.xy, color=_OUTER, linewidth=0, label="15 m outwards")
    axes.fill(*earlier.exterior.xy, color=_INNER, linewidth=0, label="15 m inwards")
    axes.fill(*inner.exterior.xy, color="#eef3f7", linewidth=0)
    axes.plot(*earlier.exterior.xy, color=_EARLIER, linewidth=1.6, label="outline of 2000")
    axes.plot(*later.exterior.xy, color=_LATER, linewidth=1.4, linestyle=(0, (4, 2)), label="outline of 2020")
    west, east, south, north = _CORNER_M
    axes.add_patch(Rectangle((west, south), east - west, north - south, fill=False, linewidth=1.0))
    for place, words in {
        (0, 1060): "1200 m",
        (-670, 500): "1000 m",
        (0, -860): "400 m",
        (-250, -250): "500 m",
        (265, -400): "800 m",
    }.items():
        axes.annotate(words, place, ha="center", va="center", fontsize=9, rotation=90 if words in _UPRIGHT else 0)
    axes.set(aspect="equal", xlim=(-800, 800), ylim=(-1420, 1150), xticks=[], yticks=[])
    axes.set_title("1.52 km² in 2000, 1.40 km² in 2020", fontsize=11)
    axes.legend(loc="lower center", fontsize=8, frameon=False, ncols=2)


def _corner(axes: Axes, outline: shapely.Polygon) -> None:
    inner, outer = one_sided(outline)
    west, east, south, north = _CORNER_M
    for shape, colour in ((outer, _OUTER), (outline, _INNER), (inner, "#eef3f7")):
        axes.fill(*shape.exterior.xy, color=colour, linewidth=0)
    axes.plot(*outline.exterior.xy, color=_EARLIER, linewidth=1.8)
    axes.add_patch(Rectangle((-215, -15), 15, 15, fill=False, hatch="////", linewidth=0.8, edgecolor="#7a3a1d"))
    line = {"arrowstyle": "-"}
    words = "outwards, two\nstrips overlap on\na square: - d²"
    axes.annotate(words, (-208, -8), (-243, -38), fontsize=9, arrowprops=line)
    words = "inwards, a quarter disc\nis lost too: - π d² / 4"
    axes.annotate(words, (-195, 6), (-230, 28), fontsize=9, arrowprops=line)
    axes.annotate("", (-174, 0), (-174, 15), arrowprops={"arrowstyle": "<->"})
    axes.annotate("d = 15 m", (-172, 17), fontsize=9, ha="center")
    axes.set(aspect="equal", xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    axes.set_title("the corner between basin and tongue", fontsize=11)


def _change(axes: Axes, earlier: shapely.Polygon, later: shapely.Polygon) -> None:
    first, last = (np.subtract(*(each.area for each in reversed(one_sided(it)))) / 2e6 for it in (earlier, later))
    correlation = np.linspace(0, 1, 201)
    loss = (earlier.area - later.area) / 1e6
    axes.plot(
        correlation, change_error(first, last, correlation), color=_LATER, linewidth=2, label="error of the change"
    )
    axes.axhline(loss, color=_EARLIER, linewidth=1.6, label=f"loss, {loss:.2f} km²")
    for r in (0.0, 0.5, 0.8, 1.0):
        error = float(change_error(first, last, r))
        axes.plot(r, error, "o", color=_LATER)
        away = (-4, -14) if r < 1 else (-8, -3)
        axes.annotate(f"{error:.3f}", (r, error), away, textcoords="offset points", ha="right", fontsize=9)
    axes.set(xlim=(-0.12, 1.05), ylim=(0, 0.14), xlabel="correlation r between the errors of both dates", ylabel="km²")
    axes.legend(loc="lower left", fontsize=9, frameon=False)
    axes.set_title("A loss of 0.12 km², and its error by the correlation", fontsize=11)
