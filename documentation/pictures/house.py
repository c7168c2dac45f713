"""Picture of the rooms of trimline and of the way of the data between them."""

from __future__ import annotations

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from documentation.house import ARROWS, OVER_ALL, ROOMS, UNDER_ALL, Arrow, Room

_WIDTH, _HEIGHT = 1.55, 0.62
"""Of a box [inch]."""
_COLUMN, _ROW = 2.15, 0.98
"""From box to box [inch]."""
_BOX, _EDGE, _FLOW, _BAND = "#e8f0f5", "#35607a", "#35607a", "#f3efe6"


def draw(folder: Path) -> list[Path]:
    """Write the picture into a folder; return its path."""
    rows = 1 + max(room.row for room in ROOMS)
    figure = Figure(figsize=(3 * _COLUMN + 0.1, rows * _ROW + 1.9))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(-_COLUMN / 2 - 0.05, 2.5 * _COLUMN + 0.05)
    axes.set_ylim(-(rows - 0.5) * _ROW - 0.95, 0.5 * _ROW + 0.45)
    axes.axis("off")
    _band(axes, 0.5 * _ROW + 0.05, f"carry out the rooms below: {', '.join(OVER_ALL)}")
    named = {room.name: room for room in ROOMS}
    for arrow in ARROWS:
        _draw_arrow(axes, arrow, named[arrow.start], named[arrow.end])
    for room in ROOMS:
        _draw_room(axes, room)
    few = ", ".join(each for each in ("errors", "files", "sensors", "rasters", "heights") if each in UNDER_ALL)
    _band(axes, -(rows - 0.5) * _ROW - 0.35, f"shared: {few} and {len(UNDER_ALL) - 5} other files")
    axes.annotate(
        "", (0.25, -(rows - 0.5) * _ROW - 0.6), (-0.25, -(rows - 0.5) * _ROW - 0.6), arrowprops=_style("import")
    )
    axes.text(0.32, -(rows - 0.5) * _ROW - 0.6, "handed over in memory", va="center", fontsize=8)
    axes.annotate("", (2.5, -(rows - 0.5) * _ROW - 0.6), (2.0, -(rows - 0.5) * _ROW - 0.6), arrowprops=_style("disk"))
    axes.text(2.57, -(rows - 0.5) * _ROW - 0.6, "through files on disk", va="center", fontsize=8)
    path = folder / "house.svg"
    figure.savefig(path, metadata={"Date": None})
    return [path]


def _style(how: str) -> dict[str, object]:
    return {"arrowstyle": "-|>", "color": _FLOW, "linestyle": "-" if how == "import" else (0, (3, 2)), "linewidth": 1.1}


def _place(room: Room) -> tuple[float, float]:
    return room.column * _COLUMN, -room.row * _ROW


def _draw_room(axes: Axes, room: Room) -> None:
    x, y = _place(room)
    corner = (x - _WIDTH / 2, y - _HEIGHT / 2)
    axes.add_patch(
        FancyBboxPatch(corner, _WIDTH, _HEIGHT, "round,pad=0,rounding_size=0.08", fc=_BOX, ec=_EDGE, linewidth=1.0)
    )
    axes.text(x, y + 0.15, room.name, ha="center", va="center", fontsize=10, fontweight="bold", color="#15323f")
    axes.text(x, y - 0.1, _wrapped(room.about), ha="center", va="center", fontsize=7.2, linespacing=1.15)


def _wrapped(text: str, most: int = 26) -> str:
    if len(text) <= most:
        return text
    cut = text.rfind(" ", 0, most)
    return f"{text[:cut]}\n{text[cut + 1 :]}"


def _draw_arrow(axes: Axes, arrow: Arrow, start: Room, end: Room) -> None:
    (x0, y0), (x1, y1) = _place(start), _place(end)
    if start.row == end.row:
        side = 1 if x1 > x0 else -1
        head, tail = (x1 - side * _WIDTH / 2, y1), (x0 + side * _WIDTH / 2, y0)
    else:
        side = 1 if y1 > y0 else -1
        lean = 0.25 * (x1 > x0) - 0.25 * (x1 < x0)
        head, tail = (x1 - lean * _WIDTH, y1 - side * _HEIGHT / 2), (x0 + lean * _WIDTH, y0 + side * _HEIGHT / 2)
    axes.add_patch(
        FancyArrowPatch(
            tail, head, arrowstyle="-|>", mutation_scale=9, shrinkA=0, shrinkB=0, color=_FLOW, linewidth=1.1,
            linestyle="-" if arrow.how == "import" else (0, (3, 2)), zorder=0.5,
        )
    )  # fmt: skip
    middle = ((head[0] + tail[0]) / 2, (head[1] + tail[1]) / 2)
    axes.text(
        *middle, arrow.what, fontsize=6.8, ha="center", va="center", color="#444444",
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8}, zorder=0.6,
    )  # fmt: skip


def _band(axes: Axes, y: float, text: str) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (-_WIDTH / 2, y - 0.0), 2 * _COLUMN + _WIDTH, 0.28, "round,pad=0,rounding_size=0.05", fc=_BAND, ec="#b7a980"
        )
    )
    axes.text(_COLUMN, y + 0.14, text, ha="center", va="center", fontsize=8)
