"""Which windows a scene is mapped in.

Each window has a core, which is kept, and a halo around it, which the network sees besides. Cores are cut, and reading
starts, at multiples counted from the scene's own corner, and the halo ends where the scene ends. A network whose
receptive field the halo covers then answers as if it saw the whole scene at once, whatever the size of the windows and
whichever part of the scene is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from odc.geo.geobox import GeoBox

from trimline.errors import MappingError


@dataclass(frozen=True)
class Tiling:
    """How a scene is cut."""

    window: tuple[int, int]
    """Height and width of a core [pixels]."""
    halo: int
    """What the network sees around a core [pixels]."""
    stride: int = 1
    """Reading starts at multiples of it."""
    tile: tuple[int, int] | None = None
    """Height and width of what the network must see, for a network whose answer depends on the whole tile."""

    def __post_init__(self) -> None:
        if min(self.window) < 1 or self.halo < 0 or self.stride < 1:
            raise MappingError(
                f"a scene cannot be cut into windows of {self.window[0]} x {self.window[1]} pixels with a halo of "
                f"{self.halo}",
                remedy="the window must be at least 1, the halo at least 0",
            )

    @classmethod
    def for_tile(cls, tile: tuple[int, int], halo: int | None, stride: int) -> Tiling:
        """Cut for a network whose answer depends on the whole tile: it sees tiles of the size it was trained on.

        Their halo is a quarter of the tile unless another is given: neighbouring tiles share half of what they see,
        which softens the seams that such a network cannot be rid of.
        """
        halo = min(tile) // 4 if halo is None else halo
        if min(tile) <= 2 * halo:
            raise MappingError(
                f"a halo of {halo} leaves nothing of the tiles of {tile[0]} x {tile[1]} pixels that the network needs",
                remedy=f"give a halo below {min(tile) // 2}",
            )
        return cls((tile[0] - 2 * halo, tile[1] - 2 * halo), halo, stride, tile)


@dataclass(frozen=True)
class Window:
    """One window of a region."""

    core: tuple[slice, slice]
    """Rows and columns of the region that are kept."""
    seen: GeoBox
    """What the network sees."""
    inner: tuple[slice, slice]
    """The core's rows and columns within what is seen."""


@dataclass(frozen=True)
class Extent:
    """Where a scene lies on a region's grid: rows and columns, which may be negative or beyond the region."""

    rows: tuple[int, int]
    columns: tuple[int, int]


def plan_windows(region: GeoBox, extent: Extent, tiling: Tiling) -> list[Window]:
    """Cut the part of a region that a scene covers into windows, row by row.

    Parameters
    ----------
    region
        The grid to map.
    extent
        Where the scene lies on it; beyond it there are no windows, because there is nothing to see.
    tiling
        How to cut.

    Returns
    -------
    list[Window]
        Their cores cover what region and scene share, each pixel once.
    """
    tile = tiling.tile or (None, None)
    rows, columns = (
        list(_cuts(length, bounds, window, tiling, side))
        for length, bounds, window, side in zip(
            region.shape, (extent.rows, extent.columns), tiling.window, tile, strict=True
        )
    )
    return [
        Window((row.core, column.core), _shifted(region, row.seen, column.seen), (row.inner, column.inner))
        for row in rows
        for column in columns
    ]


@dataclass(frozen=True)
class _Cut:
    """A window along one axis."""

    core: slice
    seen: tuple[int, int]

    @property
    def inner(self) -> slice:
        return slice(self.core.start - self.seen[0], self.core.stop - self.seen[0])


def _cuts(length: int, bounds: tuple[int, int], window: int, tiling: Tiling, side: int | None) -> Iterator[_Cut]:
    lower, upper = bounds
    first, last = max(0, lower), min(length, upper)
    start = first
    while start < last:
        stop = min(lower + ((start - lower) // window + 1) * window, last)
        seen = _reach(start, stop, bounds, tiling) if side is None else _tile(start, bounds, window, tiling.halo, side)
        yield _Cut(slice(start, stop), seen)
        start = stop


def _reach(start: int, stop: int, bounds: tuple[int, int], tiling: Tiling) -> tuple[int, int]:
    """Return what is seen around a core: its halo, out to the next multiple of the stride, within the scene."""
    lower, upper = bounds
    stride = tiling.stride
    first = max(start - tiling.halo, lower) - lower
    last = min(stop + tiling.halo, upper) - lower
    return lower + first // stride * stride, min(lower + -(-last // stride) * stride, upper)


def _tile(start: int, bounds: tuple[int, int], window: int, halo: int, side: int) -> tuple[int, int]:
    """Return the tile around a core, moved into the scene where the scene is large enough."""
    lower, upper = bounds
    of_grid = lower + (start - lower) // window * window - halo
    first = max(lower, min(of_grid, upper - side))
    return first, first + side


def _shifted(region: GeoBox, rows: tuple[int, int], columns: tuple[int, int]) -> GeoBox:
    """Return a window of a grid, which may reach beyond the grid."""
    moved = region.translate_pix(columns[0], rows[0])
    return GeoBox((rows[1] - rows[0], columns[1] - columns[0]), moved.affine, region.crs)
