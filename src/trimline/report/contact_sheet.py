"""Contact sheet: several scenes on one page, each as false colour, with its outlines, and as surface classes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray
from rasterio.enums import Resampling

from trimline.errors import BandError
from trimline.files import StrPath, whole_file
from trimline.outlines import read_outlines
from trimline.own_files import own_raster
from trimline.report.composite import false_colour
from trimline.report.figures import MAPPED_COLOUR, coarse
from trimline.reprojecting import reprojected
from trimline.surfaces import CLASS_COLOURS, CLASSES_NODATA, SurfaceClass

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from odc.geo.geobox import GeoBox

    from trimline.scenes import Scene

LONGEST_SIDE = 420
"""Pixels on the longer side of a picture; larger scenes are read coarser."""
_PICTURES = 3
"""Of one scene, side by side."""
_INCHES = 1.9
"""Side of a picture on the page."""
_LABELS = {SurfaceClass.GROUND: "ground, not examined further", SurfaceClass.ICE: "snow or ice"}
_NO_DATA = (118, 116, 120)
"""Red, green, blue of what has no data."""


@dataclass(frozen=True)
class Sheet:
    """One scene of a contact sheet."""

    scene: Scene
    outlines: Path
    """As `map_scene` writes them."""
    classes: Path
    """As `map_scene` writes them."""
    caption: str = ""
    """Beside the scene's id."""


def draw_contact_sheet(path: StrPath, sheets: Sequence[Sheet], *, columns: int | None = None) -> None:
    """Write a PNG of some scenes and their maps.

    Parameters
    ----------
    path
        The PNG file.
    sheets
        The scenes.
    columns
        Scenes in a row; None means a page about as wide as high.
    """
    if columns is None:
        columns = max(1, min(4, round(math.sqrt(len(sheets) / _PICTURES))))
    rows = -(-len(sheets) // columns)
    size = columns * (_PICTURES * _INCHES + 0.2), rows * (_INCHES + 0.55) + 0.6
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.subplots(rows, columns * _PICTURES, squeeze=False)
    for panel in axes.ravel():
        panel.set_axis_off()
    for position, sheet in enumerate(sheets):
        row, column = divmod(position, columns)
        _draw(axes[row, column * _PICTURES : (column + 1) * _PICTURES], sheet)
    handles = [
        Patch(facecolor=_rgb(CLASS_COLOURS[each]), edgecolor="#888", label=_LABELS.get(each, each.name.lower()))
        for each in SurfaceClass
    ]
    handles.append(Patch(facecolor=_rgb(_NO_DATA), edgecolor="#888", label="no data"))
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=8)
    with whole_file(Path(path)) as temporary:
        figure.savefig(temporary, dpi=110, metadata={"Software": None})


def _draw(axes: NDArray[np.object_], sheet: Sheet) -> None:
    plain, outlined, classified = axes
    geobox = coarse(sheet.scene.geobox, LONGEST_SIDE)
    box = geobox.boundingbox
    extent = (box.left, box.right, box.bottom, box.top)
    plain.set_title(f"{sheet.scene.id}\n{sheet.caption}", fontsize=6, loc="left")
    try:
        picture = false_colour(sheet.scene, geobox)
    except BandError:
        picture = np.full((*geobox.shape, 3), 60, np.uint8)
    for panel in (plain, outlined):
        panel.imshow(picture, extent=extent, interpolation="nearest")
    _draw_outlines(outlined, sheet.outlines, geobox)
    classified.imshow(_coloured(sheet.classes, (geobox.height, geobox.width)), extent=extent, interpolation="nearest")
    for panel in axes:
        panel.set(xlim=extent[:2], ylim=extent[2:], aspect="equal")


def _draw_outlines(axes: Axes, path: Path, geobox: GeoBox) -> None:
    boundary = reprojected(read_outlines(path), str(geobox.crs)).boundary
    if len(boundary):
        boundary.plot(ax=axes, color=MAPPED_COLOUR, linewidth=0.6, aspect=None)
    axes.set_axis_off()


def _coloured(path: Path, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a raster of classes as a picture, (h, w, 3)."""
    with own_raster(path) as source:
        classes = source.read(1, out_shape=shape, resampling=Resampling.nearest)
    colours = np.zeros((256, 3), np.uint8)
    for each, colour in CLASS_COLOURS.items():
        colours[each] = colour
    colours[CLASSES_NODATA] = _NO_DATA
    picture: NDArray[np.uint8] = colours[classes]
    return picture


def _rgb(colour: tuple[int, int, int]) -> tuple[float, float, float]:
    red, green, blue = colour
    return red / 255, green / 255, blue / 255
