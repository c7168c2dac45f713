"""Picture of all terminus methods on one glacier: its outlines at two dates, and the lines and boxes laid on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from trimline.errors import ChangeError
from trimline.files import StrPath, whole_file
from trimline.glaciers.terminus.curvilinear_box import curved_box
from trimline.glaciers.terminus.frame import Frame
from trimline.glaciers.terminus.given import gather, termini_of
from trimline.glaciers.terminus.methods import TERMINUS_METHODS
from trimline.glaciers.terminus.rectilinear_box import box_of
from trimline.glaciers.terminus.setting_up import Neighbours, frame_of_polygons

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_BEFORE, _AFTER, _LAID = "#f4a582", "#92c5de", "#5b3a8c"
_MARGIN = 0.15


def draw_methods(
    path: StrPath, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, glacier: str, dem: Any = None, **given: Any
) -> None:
    """Write a PNG with a panel per method: what is laid on the terminus of a glacier, and the change it gives.

    Parameters
    ----------
    path
        The file.
    before, after, dem, given
        Outlines and what else is given, as in `terminus_change`.
    glacier
        Its `glac_id`.

    Raises
    ------
    ChangeError
        The glacier is not in both tables as a polygon.
    """
    from matplotlib.figure import Figure

    all_given = gather(before, dem=dem, **given)
    earlier, later = (termini_of(each, all_given.plane, "outlines") for each in (before, after))
    pair = [each.get(glacier) for each in (earlier, later)]
    if any(each is None or not each.geom_type.endswith("Polygon") for each in pair):
        raise ChangeError("it is not an outline at both dates", where=f"glacier {glacier}")
    first, last = pair
    frame, _ = frame_of_polygons(glacier, first, last, all_given, Neighbours(earlier))
    figure = Figure(figsize=(3.0 * len(TERMINUS_METHODS), 3.8), layout="constrained")
    panels = figure.subplots(1, len(TERMINUS_METHODS))
    for panel, (name, method) in zip(panels, TERMINUS_METHODS.items(), strict=True):
        change = method(first, frame) - method(last, frame)
        _outlines(panel, first, last)
        _laid(panel, name, frame)
        panel.set_title(f"{name.replace('_', ' ')}\n{np.nanmean(change):+.0f} m", fontsize=10)
        _window(panel, frame, first, last)
    with whole_file(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png", metadata={"Software": None})


def _outlines(panel: Axes, first: BaseGeometry, last: BaseGeometry) -> None:
    for geometry, colour, over in ((first, _BEFORE, 1), (last, _AFTER, 2)):
        for part in shapely.get_parts(geometry):
            if part.geom_type == "Polygon":
                panel.fill(
                    *shapely.get_coordinates(part.exterior).T,
                    facecolor=colour,
                    edgecolor="#404040",
                    lw=0.6,
                    zorder=over,
                )
                for hole in part.interiors:
                    panel.fill(
                        *shapely.get_coordinates(hole).T, facecolor="white", edgecolor="#404040", lw=0.4, zorder=over
                    )


def _laid(panel: Axes, name: str, frame: Frame) -> None:
    """Draw what a method lays on the terminus."""
    style: dict[str, Any] = {"color": _LAID, "lw": 0.8, "zorder": 3}
    if name == "main_axis":
        for offset in frame.offsets_m:
            ends = frame.points(np.full(2, offset), np.array([-1.0, 1.0]) * frame.reach_m / 4)
            panel.plot(*ends.T, **style)
    if name in ("centre_line", "extrapolated_centre_line", "curvilinear_box"):
        panel.plot(*shapely.get_coordinates(frame.line).T, **{**style, "lw": 1.6})
    if name == "extrapolated_centre_line":
        for offset in np.linspace(-frame.half_width_m, frame.half_width_m, 8):
            panel.plot(*shapely.get_coordinates(shapely.offset_curve(frame.line, offset)).T, **style)
    if name in ("rectilinear_box", "curvilinear_box"):
        box = box_of(frame)[0] if name == "rectilinear_box" else curved_box(frame)[0]
        panel.plot(*shapely.get_coordinates(box.exterior).T, **{**style, "lw": 1.6})


def _window(panel: Axes, frame: Frame, first: BaseGeometry, last: BaseGeometry) -> None:
    left, bottom, right, top = shapely.union(first, last).bounds
    side = max(16 * frame.half_width_m, _MARGIN * max(right - left, top - bottom))
    middle = frame.tip - 0.3 * side * frame.direction
    panel.set_xlim(middle[0] - side / 2, middle[0] + side / 2)
    panel.set_ylim(middle[1] - 0.6 * side, middle[1] + 0.6 * side)
    panel.set_aspect("equal")
    panel.set_xticks([])
    panel.set_yticks([])
    bar = 10 ** np.floor(np.log10(side / 3))
    start = middle - [0.46 * side, 0.56 * side]
    panel.plot([start[0], start[0] + bar], [start[1]] * 2, color="black", lw=2.5, zorder=4)
    panel.text(start[0], start[1] + 0.02 * side, f"{bar:.0f} m", fontsize=8, zorder=4)
