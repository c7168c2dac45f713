"""Figures of the report: outlines over the mapped image, and areas by date."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.files import StrPath, whole_file
from trimline.report.composite import false_colour
from trimline.reprojecting import reprojected
from trimline.scenes import Scene

LONGEST_SIDE = 1200
"""Pixels on the longer side of a picture's background; larger scenes are read coarser."""

TRUE_COLOUR, MAPPED_COLOUR = "#ffd23f", "#e4007c"
"""Yellow and magenta: distinct in every common colour blindness, and from cyan ice."""


def draw_outlines(
    path: StrPath, *, scene: Scene, mapped: gpd.GeoDataFrame, truth: gpd.GeoDataFrame | None, title: str
) -> None:
    """Write a PNG of mapped and true outlines over a false-colour composite (SWIR 1, NIR, red).

    Parameters
    ----------
    path
        The PNG file.
    scene
        The mapped scene.
    mapped, truth
        Outlines in any CRS.
    title
        Title above the picture.
    """
    path = Path(path)
    geobox = coarse(scene.geobox)
    figure = Figure(figsize=(9, 9 * geobox.height / geobox.width + 0.6), layout="constrained")
    axes = figure.add_subplot()
    box = geobox.boundingbox
    extent = (box.left / 1e3, box.right / 1e3, box.bottom / 1e3, box.top / 1e3)
    axes.imshow(false_colour(scene, geobox), extent=extent, interpolation="nearest")
    lines = [("mapped", MAPPED_COLOUR, mapped)] + ([("true", TRUE_COLOUR, truth)] if truth is not None else [])
    for _, colour, outlines in reversed(lines):
        boundary = reprojected(outlines, str(geobox.crs)).boundary
        boundary = boundary.affine_transform([1e-3, 0, 0, 1e-3, 0, 0])
        boundary[~boundary.is_empty].plot(ax=axes, color=colour, linewidth=0.9, aspect=None)
    axes.set(
        xlim=extent[:2],
        ylim=extent[2:],
        aspect="equal",
        title=title,
        xlabel=f"easting, km ({geobox.crs})",
        ylabel="northing, km",
    )
    axes.legend(
        handles=[Line2D([], [], color=colour, label=label) for label, colour, _ in lines],
        loc="lower right",
        framealpha=0.9,
    )
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, metadata={"Software": None})


def draw_areas(path: StrPath, dates: Mapping[str, Mapping[str, float]]) -> None:
    """Write a PNG of the mapped area by date [km2], and of the true one where it is known.

    Parameters
    ----------
    path
        The PNG file.
    dates
        By date: ``area_mapped_km2``, and ``area_true_km2`` where it is known.
    """
    path = Path(path)
    figure = Figure(figsize=(max(6.4, 1.3 * len(dates)), 3.6), layout="constrained")
    axes = figure.add_subplot()
    positions: NDArray[np.float64] = np.arange(len(dates), dtype=float)
    for offset, key, label, colour in (
        (-0.2, "area_true_km2", "true", "#5b6b7a"),
        (0.2, "area_mapped_km2", "mapped", "#1d6fa5"),
    ):
        values = [areas.get(key, np.nan) for areas in dates.values()]
        if not np.isfinite(values).any():
            continue
        bars = axes.bar(positions + offset, values, width=0.38, color=colour, label=label)
        axes.bar_label(bars, fmt="%.2f", padding=2, fontsize=9)
    axes.set_xticks(positions, list(dates))
    axes.set_ylabel("glacier area, km²")
    axes.margins(y=0.18)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2, loc="upper right")
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=130, metadata={"Software": None})


def coarse(geobox: GeoBox, longest: int = LONGEST_SIDE) -> GeoBox:
    """Return a grid over the same ground with at most so many pixels along a side."""
    factor = max(geobox.shape) / longest
    return geobox if factor <= 1 else geobox.zoom_out(factor)
