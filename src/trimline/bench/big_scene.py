"""A simulated scene of any size with a small share of glacier, as a Landsat product.

The simulation of a whole scene would take hours. One small range is simulated instead and mirrored: the rows and
columns of the scene run to and fro over those of the range, one pixel at a time, so that terrain and light are
continuous where they turn. Columns run over the whole range. Rows stay among those without glaciers, which makes a
plain, and in every `BELT` of them run into the mountains as often as the share of glacier allows. Ice thus lies in
ranges with ice-free ground between them, as on Earth. A quarter of the plains has lakes, which then cover a percent or
two of the scene; the rest has neither water nor snow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from odc.geo.types import wh_
from rasterio.windows import Window

from trimline.errors import SimulationError
from trimline.files import whole_folder
from trimline.outlines import rasterise, read_outlines
from trimline.project import SimulatedRange
from trimline.rasters import grid_options
from trimline.scenes import Scene, open_scene
from trimline.scenes.quality import saturation_bits
from trimline.scenes.sun import earth_sun_distance
from trimline.simulate import write_range
from trimline.simulate.acquisition import Acquisition
from trimline.simulate.landsat_mtl import as_json, as_odl, as_xml, metadata

BELT = 2048
"""Rows of one range and one plain together [pixels]: 61 km."""
SIDE, SEED = 256, 2
"""Side of the range [pixels], and a seed that gives it ice on a quarter of its ground, and a third without. It takes
some 5 s to simulate."""
WINDOW = 512
"""Side of the windows in which glacier is counted [pixels]."""

_SMALLEST_PLAIN = 16
"""Smallest number of rows without glaciers for a plain."""
_LAKELAND = 0.25
"""Share of the plains that has the lakes of the range's rows without glaciers."""
_STRIP = 512
"""Rows written at once."""
_LAYOUT = {"tiled": True, "blockxsize": 256, "blockysize": 256, "compress": "deflate", "predictor": 2}
"""Layout of the rasters of Collection 2, without overviews."""
_DATE = "1988-08-20"

Positions = NDArray[np.intp]


@dataclass(frozen=True)
class BigScene:
    """A simulated scene on disk."""

    product: Path
    """The product's folder."""
    truth: Path
    """GeoTIFF on the scene's grid: 1 glacier, 0 none."""
    glacier_fraction: float
    """Share of its pixels that is glacier."""
    glacier_windows: float
    """Share of its windows of `WINDOW` x `WINDOW` pixels with glacier, which a screen must not skip."""


def simulate_big_scene(
    folder: Path, size: int, *, glacier: float = 0.1, side: int = SIDE, seed: int = SEED
) -> BigScene:
    """Simulate a range and write a scene that is mirrored from it, row by row.

    The same arguments give the same pixels.

    Parameters
    ----------
    folder
        Gets the product, `truth.tif` and the range, `range/`.
    size
        Side of the scene [pixels of 30 m].
    glacier
        Share of the scene that is glacier, at most; the scene has a little less.
    side, seed
        Side [pixels] and seed of the simulated range.

    Raises
    ------
    SimulationError
        No range of that side can be simulated, or its glaciers leave no rows for a plain.
    """
    settings = SimulatedRange.model_validate(
        {"name": "bench", "size": side, "seed": seed, "scenes": [{"date": _DATE, "cloud_fraction": 0.0}]}
    )
    record = write_range(settings, folder / "range", progress=False).scenes[0]
    small = open_scene(folder / "range" / record.product)
    is_glacier = rasterise(read_outlines(folder / "range" / record.outlines), small.geobox)
    columns = fold(size, side)
    per_row = is_glacier[:, columns].mean(axis=1)
    flags = small.quality()
    marked = np.logical_or(flags["snow"].to_numpy(), flags["water"].to_numpy())
    rows = walk(per_row, marked.any(axis=1).astype(bool), size, glacier)
    geobox = GeoBox(wh_(size, size), small.geobox.affine, small.geobox.crs)
    product, truth = folder / record.product, folder / "truth.tif"
    with whole_folder(product) as temporary:
        for path in sorted((folder / "range" / record.product).glob("*.TIF")):
            with rasterio.open(path) as source:
                _write(temporary / path.name, source.read(1), rows, columns, geobox, source.nodata)
        _write_metadata(temporary, small, settings.wrs2, geobox)
    _write(truth, is_glacier, rows, columns, geobox, None)
    return BigScene(product, truth, float(per_row[rows].mean()), _windows_with(is_glacier, rows, columns))


def fold(length: int, side: int) -> Positions:
    """Return (length,) positions that run to and fro over a side."""
    within = np.arange(length) % (2 * side)
    return np.minimum(within, 2 * side - 1 - within)


def walk(glacier: NDArray[np.float64], marked: NDArray[np.bool_], length: int, most: float) -> Positions:
    """Return (length,) rows of a range that make up a scene: in every belt mountains, a plain with lakes, a plain.

    Parameters
    ----------
    glacier
        (side,) share of each row that is glacier.
    marked
        (side,) whether a row holds snow or water.
    length
        Rows of the scene.
    most
        Share of the scene that is glacier, at most.

    Returns
    -------
    Neighbours differ by one row.

    Raises
    ------
    SimulationError
        The range has too few rows without glaciers that lie together.
    """
    plain = _longest_run(glacier == 0)
    if len(plain) < _SMALLEST_PLAIN:
        raise SimulationError(
            f"the simulated range has no {_SMALLEST_PLAIN} rows together that no glacier reaches",
            remedy="choose another seed or a larger side",
        )
    bare = _longest_run(~marked & _is_in(plain, len(glacier)))
    steps = [plain[-1]]
    for start in range(0, length, BELT):
        end = min(start + BELT, length)
        _climb(steps, glacier, plain, end, most * (end - start))
        _stay(steps, plain, len(steps) + round(_LAKELAND * (end - len(steps))))
        _stay(steps, bare if len(bare) >= _SMALLEST_PLAIN else plain, end)
        del steps[end:]
    return np.array(steps, np.intp)


def _climb(steps: list[int], glacier: NDArray[np.float64], plain: range, end: int, allowed: float) -> None:
    """Return rows from the plain's edge into the mountains and back, within the rows and the glacier left [rows]."""
    sides = [(plain[-1], glacier[plain.stop :]), (plain[0], glacier[: plain.start][::-1])]
    for edge, outward in cycle([each for each in sides if each[1].any()]):
        direction = 1 if edge == plain[-1] else -1
        there_and_back = 2 * np.cumsum(outward) - outward
        left = end - len(steps) - abs(steps[-1] - edge)
        fits = (there_and_back <= allowed) & (2 * np.arange(1, len(outward) + 1) <= left)
        far = int(np.count_nonzero(fits))
        if not far or not there_and_back[far - 1]:
            return
        for target in (edge, edge + direction * far, edge):
            _go(steps, target)
        allowed -= there_and_back[far - 1]
        if far < len(outward):
            return


def _stay(steps: list[int], among: range, end: int) -> None:
    """Return rows that run to and fro among some rows until there are enough."""
    while len(steps) < end:
        _go(steps, among[0] if steps[-1] == among[-1] else among[-1])


def _go(steps: list[int], target: int) -> None:
    step = 1 if target > steps[-1] else -1
    steps.extend(range(steps[-1] + step, target + step, step))


def _is_in(rows: range, side: int) -> NDArray[np.bool_]:
    inside = np.zeros(side, bool)
    inside[rows.start : rows.stop] = True
    return inside


def _longest_run(where: NDArray[np.bool_]) -> range:
    """Return the longest run of true values, the first of those that are equally long."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], where, [False]))))
    runs = [range(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]
    return max(runs, key=len, default=range(0))


def _windows_with(is_glacier: NDArray[np.uint8], rows: Positions, columns: Positions) -> float:
    """Return the share of windows that hold glacier."""
    starts = range(0, len(rows), WINDOW)
    found = [
        is_glacier[np.ix_(rows[top : top + WINDOW], columns[left : left + WINDOW])].any()
        for top in starts
        for left in starts
    ]
    return float(np.mean(found))


def _write(
    path: Path, values: NDArray[Any], rows: Positions, columns: Positions, geobox: GeoBox, nodata: float | None
) -> None:
    options: Mapping[str, Any] = grid_options(geobox) | _LAYOUT
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype=values.dtype, nodata=nodata, num_threads="all_cpus", **options
    ) as target:
        for start in range(0, len(rows), _STRIP):
            strip = values[rows[start : start + _STRIP]][:, columns]
            target.write(strip, 1, window=Window(0, start, *strip.shape[::-1]))


def _write_metadata(folder: Path, small: Scene, wrs2: str, geobox: GeoBox) -> None:
    """Write the metadata of the same acquisition at wider ground, in all three spellings."""
    if small.time is None or small.sun_azimuth is None or small.sun_elevation is None:
        raise SimulationError("the simulated product does not say when it was taken", where=small.id)
    flags = {"cloud": np.zeros((1, 1), bool)}
    acquisition = Acquisition(small.sensor, small.time, geobox, small.sun_azimuth, small.sun_elevation, wrs2, {}, flags)
    with rasterio.open(small.quality_assets["saturation"].href) as source:
        quality = source.read(1)
    saturated = {band: bool((quality >> bit & 1).any()) for band, bit in saturation_bits(small.sensor).items()}
    bands = [band for band in small.sensor.bands if band.common in small.assets]
    groups = metadata(acquisition, bands, saturated, earth_sun_distance(small.time))
    stem = folder / f"{acquisition.product_id}_MTL"
    stem.with_suffix(".txt").write_text(as_odl(groups), encoding="ascii")
    stem.with_suffix(".json").write_text(as_json(groups), encoding="ascii")
    stem.with_suffix(".xml").write_bytes(as_xml(groups))
