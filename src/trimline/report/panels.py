"""Panels of several methods on one scene: the image with the true outlines, then the errors of each method.

The form is that of Chen and others (2022, figures 5 to 8): false positives red, false negatives yellow.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from trimline.errors import GridError
from trimline.evaluation import Error, confusion_of_classes, is_ice
from trimline.files import StrPath, whole_file
from trimline.report.composite import false_colour
from trimline.report.error_map import (
    class_handles,
    coarse_grid,
    extent_km,
    faded,
    judged_window,
    overlay,
    scale_bar,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trimline.scenes import Scene

LONGEST_SIDE = 500
"""Pixels on the longer side of a panel; larger maps are averaged."""
_INCHES = 3.4
"""Longer side of a panel on the page."""
_IN_A_ROW = 3
"""Panels in a row; more are arranged in a square."""
_OUTLINE = "#ffd92f"


def write_panels(path: StrPath, *, scene: Scene, classes: Mapping[str, NDArray[np.uint8]], title: str) -> None:
    """Write a PNG of the image and one panel per method, cropped to the scored pixels.

    Parameters
    ----------
    path
        The PNG file.
    scene
        The mapped scene.
    classes
        By method: (h, w) values of `Error` on the scene's grid, see `classify`.
    title
        Title above the panels.

    Raises
    ------
    GridError
        An array does not lie on the scene's grid.
    BandError
        The scene has the bands of no composite.
    """
    path = Path(path)
    for name, each in classes.items():
        if each.shape != tuple(scene.geobox.shape):
            raise GridError(f"the map of {name} has the shape {each.shape}, not that of the scene", where=scene.id)
    window = judged_window(next(iter(classes.values())))
    cut = {name: each[window] for name, each in classes.items()}
    step = -(-max(next(iter(cut.values())).shape) // LONGEST_SIDE)
    grid = coarse_grid(scene.geobox[window], step)
    picture, extent = false_colour(scene, grid), extent_km(grid)
    panels = len(cut) + 1
    columns = panels if panels <= _IN_A_ROW else math.ceil(math.sqrt(panels))
    rows = math.ceil(panels / columns)
    inches = _INCHES / max(grid.shape)
    size = (columns * max(grid.width * inches, 1.5), rows * (max(grid.height * inches, 1.0) + 0.35) + 0.8)
    figure = Figure(figsize=size, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    first, *others = axes
    _show_truth(first, picture, next(iter(cut.values())), extent)
    for panel, (name, each) in zip(others, cut.items(), strict=False):
        panel.set_facecolor("#202428")
        panel.imshow(faded(picture), extent=extent, interpolation="nearest")
        panel.imshow(overlay(each, step), extent=extent, interpolation="nearest")
        panel.set_title(f"{name}, F1 {confusion_of_classes(each).f1 * 100:.1f} %", fontsize=9)
    for panel in axes:
        panel.set(xticks=[], yticks=[])
        panel.set_visible(panel in axes[:panels])
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    handles = class_handles((Error.HIT, Error.FALSE, Error.MISSED, Error.UNKNOWN))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})


def _show_truth(
    axes: Axes, picture: NDArray[np.uint8], classes: NDArray[np.uint8], extent: tuple[float, float, float, float]
) -> None:
    axes.imshow(picture, extent=extent, interpolation="nearest")
    truth = np.ma.masked_array(is_ice(classes), classes == Error.UNKNOWN)
    if truth.any() and not truth.all():  # no line along the edge of the scored pixels
        axes.contour(truth, levels=[0.5], colors=_OUTLINE, linewidths=1.0, extent=extent, origin="upper")
    scale_bar(axes, extent)
    axes.set_title("image and truth", fontsize=9)
