"""Error map: hits, false ice and missed ice over a false-colour composite.

Colours are those of Chen and others (2022, figures 5 and 7): false positives red, false negatives yellow.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from affine import Affine
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import GridError
from trimline.evaluation import Confusion, Error, classify
from trimline.files import StrPath, whole_file
from trimline.report.composite import composite_bands, false_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from trimline.scenes import Scene


COLOURS = {
    Error.HIT: ("#ffffff", 0.45),
    Error.FALSE: ("#e31a1c", 1.0),
    Error.MISSED: ("#ffd92f", 1.0),
    Error.UNKNOWN: ("#202428", 0.6),
}
"""Colour and opacity of each class; correct ground has none."""

LABELS = {
    Error.HIT: "ice, mapped",
    Error.FALSE: "false ice",
    Error.MISSED: "missed ice",
    Error.UNKNOWN: "not scored",
}

_COLOUR_KEPT = 0.3
"""Share of the background's colour that is shown."""

LONGEST_SIDE = 1400
"""Pixels on the longer side of the picture's raster; larger maps are averaged."""

_INCHES = 8.0
"""Longer side of the map on the page."""


def write_error_map(
    path: StrPath,
    *,
    scene: Scene,
    truth: NDArray[Any],
    mapped: NDArray[Any],
    valid: NDArray[Any] | None = None,
    title: str,
) -> None:
    """Write a PNG of hits, false and missed ice over the scene, cropped to the scored pixels.

    Parameters
    ----------
    path
        The PNG file.
    scene
        The mapped scene; its image is the background.
    truth, mapped
        (h, w) on the scene's grid; what is not 0 is ice.
    valid
        (h, w), or None for all: pixels where it is 0 are darkened.
    title
        Title above the picture.

    Raises
    ------
    GridError
        The arrays do not lie on the scene's grid.
    BandError
        The scene has the bands of no composite.
    """
    path = Path(path)
    classes = classify(truth, mapped, valid)
    if classes.shape != tuple(scene.geobox.shape):
        raise GridError(
            f"a map of shape {classes.shape} does not lie on a grid of {tuple(scene.geobox.shape)}", where=scene.id
        )
    judged = judged_window(classes)
    classes = classes[judged]
    step = -(-max(classes.shape) // LONGEST_SIDE)
    coarse = coarse_grid(scene.geobox[judged], step)
    figure = _figure(*coarse.shape)
    axes = figure.add_subplot()
    axes.set_facecolor("#202428")
    extent = extent_km(coarse)
    axes.imshow(faded(false_colour(scene, coarse)), extent=extent, interpolation="nearest")
    axes.imshow(overlay(classes, step), extent=extent, interpolation="nearest")
    _annotate(axes, Confusion.from_masks(truth, mapped, valid), scene, classes, title)
    scale_bar(axes, extent)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, metadata={"Software": None})


def coarse_grid(geobox: GeoBox, step: int) -> GeoBox:
    """Return the grid whose pixels are `step` pixels of another on a side; the last ones may reach beyond its edge."""
    height, width = (-(-side // step) for side in geobox.shape)
    a, b, c, d, e, f, *_ = geobox.affine
    return GeoBox((height, width), Affine(a * step, b * step, c, d * step, e * step, f), geobox.crs)


def extent_km(geobox: GeoBox) -> tuple[float, float, float, float]:
    """Return left, right, bottom and top of a grid in kilometres, in the order of matplotlib."""
    box = geobox.boundingbox
    return box.left / 1e3, box.right / 1e3, box.bottom / 1e3, box.top / 1e3


def class_handles(kinds: Iterable[Error]) -> list[Patch]:
    """Return the legend handles of some classes."""
    return [
        Patch(facecolor=COLOURS[kind][0], alpha=COLOURS[kind][1], edgecolor="#202428", label=LABELS[kind])
        for kind in kinds
    ]


def faded(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture with less colour, so that rock and meadow do not look like errors."""
    colours = picture[..., :3].astype(np.float32)
    grey = colours.mean(axis=-1, keepdims=True)
    faded = _COLOUR_KEPT * colours + (1 - _COLOUR_KEPT) * grey
    return np.concatenate([np.rint(faded).astype(np.uint8), picture[..., 3:]], axis=-1)


def judged_window(classes: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Return the rows and columns around the scored pixels; all of them where there are none."""
    known = classes != Error.UNKNOWN
    if not known.any():
        return slice(0, classes.shape[0]), slice(0, classes.shape[1])
    rows, columns = np.flatnonzero(known.any(axis=1)), np.flatnonzero(known.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def overlay(classes: NDArray[np.uint8], step: int) -> NDArray[np.float32]:
    """Return (h, w, 4) colours; where pixels are averaged, each class is weighted by its share."""
    from matplotlib.colors import to_rgb

    colour: NDArray[np.float32] = np.zeros((1, 1, 3), np.float32)
    opacity: NDArray[np.float32] = np.zeros((1, 1), np.float32)
    for kind, (name, alpha) in COLOURS.items():
        weight = alpha * _share(classes == kind, step)
        colour = colour + weight[..., None] * np.asarray(to_rgb(name), np.float32)
        opacity = opacity + weight
    plain = np.maximum(opacity, 1e-6)[..., None]
    return np.concatenate([np.clip(colour / plain, 0, 1), opacity[..., None]], axis=-1)


def _share(there: NDArray[np.bool_], step: int) -> NDArray[np.float32]:
    """Return the mean over squares of `step` pixels; those cut by the edge have fewer pixels."""
    if step == 1:
        return there.astype(np.float32)
    height, width = there.shape
    rows, columns = np.arange(0, height, step), np.arange(0, width, step)
    sums = np.add.reduceat(np.add.reduceat(there, rows, axis=0, dtype=np.float32), columns, axis=1)
    counts = np.diff(np.append(rows, height))[:, None] * np.diff(np.append(columns, width))[None, :]
    return np.asarray(sums / counts, dtype=np.float32)


def _figure(height: int, width: int) -> Figure:
    inches = _INCHES / max(height, width)
    return Figure(figsize=(max(width * inches, 4.0) + 1.0, max(height * inches, 2.0) + 1.7), layout="constrained")


def _annotate(axes: Axes, confusion: Confusion, scene: Scene, classes: NDArray[np.uint8], title: str) -> None:
    scores = f"F1 {confusion.f1:.3f}   precision {confusion.precision:.3f}   recall {confusion.recall:.3f}"
    axes.set_title(f"{title}\n", loc="left", fontsize=12, fontweight="bold")
    axes.text(0, 1.012, scores, transform=axes.transAxes, fontsize=9.5, va="bottom")
    axes.set_xlabel(f"easting, km ({scene.geobox.crs}); {', '.join(composite_bands(scene))} as red, green, blue")
    axes.set_ylabel("northing, km")
    axes.tick_params(labelsize=8)
    shown = [kind for kind in LABELS if kind != Error.UNKNOWN or (classes == kind).any()]
    handles = class_handles(shown)
    axes.figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9.5)


def scale_bar(axes: Axes, extent: tuple[float, float, float, float]) -> None:
    """Draw a bar of a round length, about a fifth of the map's width."""
    left, right, bottom, top = extent
    length = _round_length((right - left) / 5)
    margin = 0.03 * min(right - left, top - bottom)
    thickness = 0.012 * (top - bottom)
    axes.add_patch(Rectangle((left + margin, bottom + margin), length, thickness, fc="white", ec="#202428", lw=0.8))
    axes.text(
        left + margin + length / 2,
        bottom + margin + 1.6 * thickness,
        f"{length:g} km" if length >= 1 else f"{length * 1e3:g} m",
        ha="center",
        va="bottom",
        fontsize=9,
        color="white",
        bbox={"boxstyle": "round,pad=0.15", "fc": "#202428", "ec": "none", "alpha": 0.55},
    )
    axes.set(xlim=(left, right), ylim=(bottom, top))


def _round_length(km: float) -> float:
    """Return the largest of 1, 2, 5, 10, 20, ... (and their fractions) that is not longer [km]."""
    power = 10.0 ** np.floor(np.log10(km))
    return float(power * max(digit for digit in (1, 2, 5) if digit * power <= km * (1 + 1e-9)))
