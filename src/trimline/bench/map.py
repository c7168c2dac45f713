"""Mapping: a product on disk becomes outlines on disk.

The ceiling is the bare forward pass of the same network, each pixel seen once, over tiles in memory of the fastest of
several sizes: with this network, no product of which every pixel is looked at can be mapped faster on this machine.
The peers are MONAI's sliding windows (512 pixels, overlapping by a quarter, blended by a Gaussian) and the loop that
most scripts have, over tiles of 512 pixels that overlap by half; both from the same product on disk to outlines on
disk. What a pixel costs them depends neither on what it shows nor, edges apart, on how many there are, so that of the
largest scenes they map a part, which holds as much glacier as the rest. Ours are always measured on the whole scene.
Clouds are kept, because the peers do not tell them. The goals are for scenes of 4 096 pixels (`--size 4096`): in
smaller ones more of the ground lies near ice, and the network is shown more of it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from odc.geo.geobox import GeoBox
from torch import Tensor

from trimline.bench.agreement import outline_iou
from trimline.bench.alone import alone, peak_memory_mb
from trimline.bench.big_scene import BELT, SEED, SIDE, simulate_big_scene
from trimline.bench.figures import Figure
from trimline.bench.peers import (
    CUTS,
    FOUR_AT_ONCE,
    ONE_BY_ONE,
    Eager,
    Probability,
    bare_forward,
    by_monai,
    by_overlapping_tiles,
    check_monai,
    map_whole,
    read_whole,
)
from trimline.bench.quick_network import train_quickly
from trimline.bench.turns import Turns
from trimline.inference import Model, load_weights
from trimline.inference.torch_engine import best_device
from trimline.inference.torch_export import export_onnx
from trimline.mapping import MapOptions, map_scene
from trimline.scenes import Scene, open_scene
from trimline.written import require_whole

FIGURES: Mapping[str, Figure] = {
    "ratio_of_ceiling": Figure("share of the bare forward pass, every pixel looked at", "more", 1.1),
    "ratio_of_monai_screen_off": Figure("speed against MONAI, every pixel looked at", "more", 2.5),
    "ratio_of_monai_screen_on": Figure("speed against MONAI, as trimline maps", "more", 6),
    "ratio_of_overlap50": Figure("speed against tiles that overlap by half, every pixel looked at", "more"),
    "outline_iou_vs_fp32": Figure("IoU of the outlines with those in single precision", "more", 0.999),
    "asked_fraction": Figure("share of pixels that the network was shown, as trimline maps", "less"),
    "peak_memory_mb": Figure("peak memory of a process that maps the scene [MB]", "less", 1600),
    "read_back_fraction": Figure("share of the time in which written files are read back"),
    "glacier_fraction": Figure("share of the scene that is glacier"),
    "size": Figure("side of the scene [pixels]"),
}

LARGEST = {"monai": 2 * BELT, "overlap50": BELT}
"""Side of what the peers map at most [pixels]: whole ranges and plains. A part has more edge, where MONAI's windows
overlap less, so that it is flattered a little beyond."""

_SAMPLE = 1024
"""Side of what the ceiling is measured on, and of what is compared with single precision [pixels]."""
_WARM_UP = 512
"""Side of what everybody maps first, untimed [pixels]."""
_OURS = "ours"
"""Folder of the maps that are timed."""
_QUICK_SIDE = 1024
_QUICK_ARGUMENTS: Mapping[str, dict[str, Any]] = {"unet": {"widths": (16, 32, 64, 128, 256)}}
"""What the quick form maps with: a U-Net of a sixteenth of the work."""
_ROUNDS, _MANY_PIXELS = 3, 1 << 22
"""Rounds unless said otherwise; scenes of more pixels are mapped once."""


@dataclass(frozen=True)
class _Contender:
    map: Callable[[GeoBox], object]
    """Maps a part of the scene."""
    side: int
    """Of the part that is timed [pixels]."""


def measure(
    size: int = 1024,
    network: str = "unet",
    device: str | None = None,
    peers: bool = True,
    glacier: float = 0.05,
    rounds: int | None = None,
    arguments: dict[str, Any] | None = None,
    quick: bool = False,
    side: int = SIDE,
    seed: int = SEED,
) -> dict[str, float]:
    """Return the shares of ceiling and peers that are reached, the megapixels per second of all, and peak memory.

    Parameters
    ----------
    size
        Side of the scene [pixels].
    network
        A name from the registry; it is trained for some steps first.
    device
        Where to map; None takes a CUDA device where there is one.
    peers
        Whether to measure the peers too.
    glacier
        Share of the scene that is glacier, at most.
    rounds
        How often the contenders take turns; None means three times, or once where the scene is large.
    arguments
        Of the network; None means those in the registry.
    quick
        Whether to take a small scene, a narrow network and one round, so that any machine is done in three minutes.
    side, seed
        Of the range that the scene is folded from, see `simulate_big_scene`.

    Returns
    -------
    Ratios first. `ratio_of_ceiling` and `ratio_of_overlap50` are of mapping with the screen off, where every pixel is
    looked at. `peak_memory_mb` is that of a process that maps the scene with the screen on and does nothing else.
    `outline_iou_vs_fp32` compares a map of a corner, the screen on, with that of `--engine torch` in single
    precision. `read_back_fraction` is the share of the time with the screen on that goes into reading the written files
    back. `glacier_windows` is the share of windows of 512 x 512 pixels that hold glacier, `asked_fraction` the
    share of pixels that the network was asked about with the screen on.

    Raises
    ------
    TrimlineError
        The peers are to be measured, and MONAI is not installed.
    """
    if peers:
        check_monai()
    if quick:
        size, rounds, arguments = min(size, _QUICK_SIDE), rounds or 1, arguments or _QUICK_ARGUMENTS.get(network)
    if rounds is None:
        rounds = 1 if size * size > _MANY_PIXELS else _ROUNDS
    with tempfile.TemporaryDirectory(prefix="trimline-bench-") as name:
        folder = Path(name)
        big = simulate_big_scene(folder / "scene", size, glacier=glacier, side=side, seed=seed)
        # Training leaves the memory of its process full of gaps, and who maps does not train before.
        weights = alone(train_quickly, big, network, folder / "training", arguments)
        where = best_device() if device is None else torch.device(device)
        # On the CPU the map is made of an exported model, without PyTorch, as whoever installs the light package does.
        mapped_with = weights if where.type == "cuda" else export_onnx(weights, folder / "model.onnx")
        model = load_weights(mapped_with, device=device)
        eager = Eager.of(weights, where, model.arithmetic)
        scene = open_scene(big.product)
        rates, asked = _rates(scene, model, eager, folder, rounds, peers=peers)
        read_back = _read_back_s(folder / _OURS) * rates["screen_on"] / (size * size / 1e6)
        agreement = outline_iou(scene, model, weights, folder / "corner", min(size, _SAMPLE), device)
        memory = peak_memory_mb(big.product, mapped_with, folder / "alone", device)
    ratios = {"ratio_of_ceiling": rates["screen_off"] / rates["ceiling"]}
    if peers:
        ratios |= {
            "ratio_of_monai_screen_off": rates["screen_off"] / rates["monai"],
            "ratio_of_monai_screen_on": rates["screen_on"] / rates["monai"],
            "ratio_of_overlap50": rates["screen_off"] / rates["overlap50"],
        }
    return {
        **ratios,
        **{f"{contender}_mpx_s": rate for contender, rate in rates.items()},
        "peak_memory_mb": memory,
        "outline_iou_vs_fp32": agreement,
        "glacier_fraction": big.glacier_fraction,
        "glacier_windows": big.glacier_windows,
        "asked_fraction": asked,
        "read_back_fraction": read_back,
        "size": size,
    }


def _rates(
    scene: Scene, model: Model, eager: Eager, folder: Path, rounds: int, *, peers: bool
) -> tuple[dict[str, float], float]:
    """Return the megapixels per second of all, and the share of pixels that the network was asked about.

    The ceiling takes a turn before each of the others, so that a machine that slows down in between is noticed by it.
    """
    size = scene.geobox.width
    sample = 1 << (min(size, _SAMPLE).bit_length() - 1)
    fed = read_whole(scene, scene.geobox[:sample, :sample], eager)
    batches = {cut: cut.of(fed) for cut in CUTS}
    trial = {cut: _seconds_when_warm(eager, batches[cut]) for cut in CUTS}
    fastest = min(CUTS, key=trial.__getitem__)
    at_once = min((ONE_BY_ONE, FOUR_AT_ONCE), key=trial.__getitem__).at_once

    asked: dict[bool, float] = {}

    def ours(part: GeoBox, *, screen: bool) -> None:
        options = MapOptions(screen=screen, clouds="keep")
        done = map_scene(scene, model, folder / _OURS, region=part, options=options, progress=False)
        asked[screen] = done.asked

    def theirs(part: GeoBox, *, way: Probability) -> None:
        map_whole(scene, part, eager, way, folder / "theirs")

    contenders = {
        "screen_off": _Contender(partial(ours, screen=False), size),
        "screen_on": _Contender(partial(ours, screen=True), size),
    }
    if peers:
        ways = {"monai": by_monai(eager, at_once), "overlap50": by_overlapping_tiles(eager)}
        contenders |= {
            name: _Contender(partial(theirs, way=way), min(size, LARGEST[name])) for name, way in ways.items()
        }
    forward = bare_forward(eager, batches[fastest])
    turns = Turns()
    for timed in [False] + [True] * rounds:
        for name, contender in contenders.items():
            turns.take("ceiling", forward)
            side = contender.side if timed else min(size, _WARM_UP)
            turns.take(name, partial(contender.map, scene.geobox[:side, :side]))
    sides = {"ceiling": sample} | {name: contender.side for name, contender in contenders.items()}
    return {name: sides[name] ** 2 / 1e6 / seconds for name, seconds in turns.medians().items()}, asked[True]


def _read_back_s(folder: Path) -> float:
    """Return what checking the files of a map takes, as is done before they get their names [s]."""
    started = time.perf_counter()
    for each in folder.iterdir():
        if each.is_file():
            require_whole(each)
    return time.perf_counter() - started


def _seconds_when_warm(eager: Eager, batches: list[Tensor]) -> float:
    """Return what the bare forward pass over some batches takes once it has seen a batch of that size [s]."""
    bare_forward(eager, batches[:1])()
    started = time.perf_counter()
    bare_forward(eager, batches)()
    return time.perf_counter() - started
