"""Benchmark of fetching: windows of scenes on a server become arrays, six bands each.

The peers read the same windows from the same server, which waits 50 ms before every answer: odc-stac, as its users call
it for a scene after the other, with as many threads as ours has requests at the same time; and our own reader that
makes one request after another and joins none. Each window is in a scene of its own, under an address that nobody has
read before, so that no cache helps. What they return is compared pixel by pixel.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pystac
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from trimline.bench.archive_process import ArchiveProcess, linked, served_elsewhere
from trimline.bench.big_scene import SEED, SIDE, simulate_big_scene
from trimline.bench.figures import Figure
from trimline.bench.turns import Turns
from trimline.errors import TrimlineError
from trimline.remote import Transport, remote_rasters
from trimline.simulate.archive import make_archive

FIGURES: Mapping[str, Figure] = {
    "ratio_of_odc_stac": Figure("speed against odc-stac", "more", 1),
    "ratio_of_sequential": Figure("speed against one request after another", "more", 4),
    "equal_windows": Figure("share of windows on whose pixels all three agree", "more", 1),
    "bytes_of_ours_per_window_bytes": Figure("bytes sent per byte of the windows", "less", 1.2),
    "ours_requests": Figure("requests of trimline"),
    "odc_stac_requests": Figure("requests of odc-stac"),
}

KEYS = ("blue", "green", "red", "nir08", "swir16", "swir22")
"""Assets that are read, by their keys in the item."""
LATENCY_S = 0.05
AT_ONCE = 4
"""Requests of ours at the same time, and threads of odc-stac."""
_PLACES_SEED = 22
_QUICK_SIZE, _QUICK_WINDOWS = 1536, 6

Reader = Callable[["_Scene"], NDArray[Any]]


@dataclass(frozen=True)
class _Scene:
    """A scene on the server, and the window of it that is read."""

    item: pystac.Item
    """With absolute addresses."""
    hrefs: tuple[str, ...]
    window: Window
    geobox: GeoBox
    """Of the window."""


def measure(
    size: int = 3072, windows: int = 20, rounds: int = 2, quick: bool = False, side: int = SIDE, seed: int = SEED
) -> dict[str, float]:
    """Return the ratios of seconds against the peers, and seconds, bytes and requests of all.

    Parameters
    ----------
    size
        Side of the scenes [pixels of 30 m].
    windows
        How many are read, 250 to 650 pixels wide and high.
    rounds
        How often.
    quick
        Whether scenes and windows are few, and each is read once.
    side, seed
        Of the range that the scenes are folded from, see `simulate_big_scene`.

    Returns
    -------
    Ratios first; seconds and bytes are of all windows together. `equal_windows` is the share of windows on whose
    pixels all agree.
    """
    if quick:
        size, windows, rounds = min(size, _QUICK_SIZE), min(windows, _QUICK_WINDOWS), 1
    _prepare_odc_stac()
    with tempfile.TemporaryDirectory(prefix="trimline-bench-") as name:
        folder = Path(name)
        product = simulate_big_scene(folder / "scene", size, side=side, seed=seed).product
        archive = make_archive(folder / "archive", [product]).parent
        item = next(archive.rglob(f"{product.name}*.json"))
        places = _places(size, windows)
        with served_elsewhere(archive, LATENCY_S) as server:
            return _measured(archive, item, places, server, rounds)


def _prepare_odc_stac() -> None:
    """Set what odc-stac recommends for rasters on servers; raise `TrimlineError` where it is not installed."""
    if find_spec("odc.stac") is None:
        raise TrimlineError(
            "odc-stac, which fetching is compared with, is not installed",
            remedy='install it (pip install "trimline[bench]")',
        )
    from odc.stac import configure_rio

    configure_rio(cloud_defaults=True)


def _measured(
    archive: Path, item: Path, places: Sequence[Window], server: ArchiveProcess, rounds: int
) -> dict[str, float]:
    turns, counts = Turns(), dict[str, dict[str, int]]()
    equal: list[bool] = []
    for turn in range(rounds + 1):
        results: list[list[NDArray[Any]]] = []
        for name, reader in _contenders().items():
            scenes = list(_scenes(archive, item, places if turn else places[:1], f"{name}-{turn}", server.url))
            results.append([])
            server.counts()
            turns.take(name, partial(_read_all, scenes, reader, results[-1]))
            counts[name] = server.counts()
        for first, *others in zip(*results, strict=True):
            equal += [np.array_equal(first, other) for other in others]
    seconds = turns.medians()
    return {
        "ratio_of_odc_stac": seconds["odc_stac"] / seconds["ours"],
        "ratio_of_sequential": seconds["sequential"] / seconds["ours"],
        "bytes_of_ours_per_window_bytes": counts["ours"]["bytes"] / _bytes_of(archive, item, places),
        "equal_windows": float(np.mean(equal)),
        **{f"{name}_s": value for name, value in seconds.items()},
        **{f"{name}_{what}": float(value) for name, each in counts.items() for what, value in each.items()},
    }


def _read_all(scenes: Sequence[_Scene], reader: Reader, results: list[NDArray[Any]]) -> None:
    results.extend(map(reader, scenes))


def _contenders() -> dict[str, Reader]:
    """Return who reads: each with connections of its own, kept open from scene to scene."""
    transport, alone = Transport(at_once=AT_ONCE), Transport(at_once=1)
    return {
        "ours": lambda scene: read_together(scene, transport),
        "odc_stac": read_by_odc_stac,
        "sequential": lambda scene: read_one_by_one(scene, alone),
    }


def read_together(scene: _Scene, transport: Transport) -> NDArray[Any]:
    """Read a window of all bands, the blocks of all of them at the same time."""
    with remote_rasters(scene.hrefs, transport, window_of=lambda _: scene.window) as rasters:
        return np.stack([raster.read(scene.window) for raster in rasters])


def read_by_odc_stac(scene: _Scene) -> NDArray[Any]:
    """Read a window of all bands with odc-stac."""
    from odc.stac import load

    found = load([scene.item], bands=list(KEYS), geobox=scene.geobox, pool=AT_ONCE)
    return np.stack([found[key].to_numpy()[0] for key in KEYS])


def read_one_by_one(scene: _Scene, transport: Transport) -> NDArray[Any]:
    """Read a window band by band and block by block, one request after another."""
    bands = []
    for href in scene.hrefs:
        with remote_rasters([href], transport) as (raster,):
            out = np.empty((int(scene.window.height), int(scene.window.width)), raster.source.dtypes[0])
            for block in _blocks(scene.window, raster.source.block_shapes[0]):
                top, left = int(block.row_off - scene.window.row_off), int(block.col_off - scene.window.col_off)
                out[top : top + int(block.height), left : left + int(block.width)] = raster.read(block)
            bands.append(out)
    return np.stack(bands)


def _blocks(window: Window, shape: tuple[int, int]) -> Iterator[Window]:
    """Yield the parts of a window that lie in one block each."""
    (top, bottom), (left, right) = ((int(a), int(b)) for a, b in window.toranges())
    height, width = shape
    for row in range(top // height, -(-bottom // height)):
        for column in range(left // width, -(-right // width)):
            first, last = max(top, row * height), min(bottom, (row + 1) * height)
            start, stop = max(left, column * width), min(right, (column + 1) * width)
            yield Window(start, first, stop - start, last - first)


def _places(size: int, windows: int) -> list[Window]:
    random = np.random.default_rng(_PLACES_SEED)
    out = []
    for _ in range(windows):
        height, width = (int(each) for each in random.integers(250, 650, 2))
        top, left = int(random.integers(0, size - height)), int(random.integers(0, size - width))
        out.append(Window(left, top, width, height))
    return out


def _scenes(archive: Path, item: Path, places: Sequence[Window], turn: str, url: str) -> Iterator[_Scene]:
    """Yield the scene once per window, under addresses of its own."""
    content = json.loads(item.read_text(encoding="utf-8"))
    for number, window in enumerate(places):
        folder = archive / turn / str(number)
        linked(item.parent, folder)
        copy = {**content, "id": f"{content['id']}-{number}", "links": []}
        copy["assets"] = {
            key: {
                **content["assets"][key],
                "href": f"{url}/{turn}/{number}/{Path(content['assets'][key]['href']).name}",
            }
            for key in KEYS
        }
        whole = _grid(content["assets"][KEYS[0]], content["properties"]["proj:epsg"])
        (top, bottom), (left, right) = ((int(a), int(b)) for a, b in window.toranges())
        yield _Scene(
            item=pystac.Item.from_dict(copy),
            hrefs=tuple(copy["assets"][key]["href"] for key in KEYS),
            window=window,
            geobox=whole[top:bottom, left:right],
        )


def _grid(asset: dict[str, Any], epsg: int) -> GeoBox:
    return GeoBox(tuple(asset["proj:shape"]), Affine(*asset["proj:transform"][:6]), f"EPSG:{epsg}")


def _bytes_of(archive: Path, item: Path, places: Sequence[Window]) -> int:
    """Return the size of the blocks that meet the windows, in all bands [bytes]."""
    content = json.loads(item.read_text(encoding="utf-8"))
    files = [str(item.parent / content["assets"][key]["href"]) for key in KEYS]
    with Transport() as transport, remote_rasters(files, transport) as rasters:
        return sum(raster.bytes_of(window) for raster in rasters for window in places)
