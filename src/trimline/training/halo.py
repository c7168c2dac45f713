"""The halo that a trained network needs, measured: how far from a window's edge its answers still feel the edge.

A network's architecture only bounds how far it can look. What it learned mostly looks less far, and a halo costs: every
pixel of it is computed again in the next window. So tiles are answered whole, and again with two of their margins cut
away; how much the answers differ at each distance from the cuts is all that there is to know.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from trimline.networks import Network
from trimline.training.answer import probability_of_ice
from trimline.training.device import best_device, in_channels_last
from trimline.training.fast_path import FastPath
from trimline.training.freed_memory import freed_memory_kept
from trimline.training.inputs import Inputs
from trimline.training.weights import WeightsMetadata, load_network, save_weights

TOLERANCE = 1e-3
"""What the edge of a window may change of a probability beyond the halo."""

_TILES = (2, 32)
"""Fewest and most tiles that are looked at, if there are so many."""

_WORK = 3e11
"""Floating-point operations for one reach, unless the fewest tiles take more: some three seconds of one core."""

_CORE = 32
"""Least side of what lies beyond the reach of all cuts, so that there is something to judge by [pixels]."""


def measure_halo(
    network: Network,
    inputs: Inputs,
    images: Tensor,
    device: torch.device,
    *,
    flips: bool = False,
    tolerance: float = TOLERANCE,
) -> int | None:
    """Return the smallest halo for which the seams between windows are not seen.

    Each tile is continued beyond its edges by mirroring, or its middle taken, so that it is somewhat larger than twice
    the halo, and answered five times: once so, and once for each of its corners with the two margins cut away that meet
    there, at multiples of the stride. The halo is the smallest multiple of the stride such that no pixel that is at
    least so far from both cuts has an answer that differs by more than the tolerance, on any tile. The answers are
    computed in single precision: what half precision rounds is no seam.

    At most 32 tiles, evenly chosen, are looked at, and fewer where the network is wide. The choice depends on nothing
    else than the arguments, so that equal training gives equal weights files.

    Parameters
    ----------
    network
        In evaluation mode, on `device`.
    inputs
        What it is fed with.
    images
        (n, bands, h, w) float32 in the inputs' units: tiles, better ones that the network did not learn from. NaN
        outside valid data, which is fed as in mapping and not judged.
    device
        Where to compute.
    flips
        Whether the answer is the mean over the eight symmetries of the square.
    tolerance
        Largest difference of a probability that is no seam.

    Returns
    -------
    int or None
        A multiple of the stride [pixels]: at most the network's own halo where that is exact, and up to twice as much
        where it is only expected (`Network.bounded`). None where every answer depends on the whole tile, or where no
        pixel has data.
    """
    if network.halo is None:
        return None
    usable = [number for number, image in enumerate(images) if torch.isfinite(image).all(dim=0).any()]
    if not usable:
        return None
    path, farthest = FastPath(network, device, "fp32"), network.halo if network.bounded else 2 * network.halo
    # Most networks look less far than half their halo, which a quarter of the work shows.
    reach = -(-network.halo // 2 // network.stride) * network.stride
    while True:
        side = reach + -(-_CORE // network.stride) * network.stride
        shown = _chosen(usable, network, inputs, (side + reach) ** 2 + 4 * side**2, flips)
        profile = _profile(path, inputs, images, shown, device, reach, side, flips)
        halo = _halo_of(profile, network.stride, tolerance)
        if halo <= reach or reach == farthest:
            return min(halo, farthest)
        reach = network.halo if reach < network.halo else farthest


def remeasure(weights: Path, images: NDArray[np.float32], written: Path) -> WeightsMetadata:
    """Measure the halo of a weights file anew, such as one from before halos were measured.

    Parameters
    ----------
    weights
        Left as it is.
    images
        (n, bands, h, w) of the weights' bands in their units; see :func:`measure_halo`.
    written
        Where to write the same weights with the halo in their metadata.

    Returns
    -------
    WeightsMetadata
        As they are written.

    Raises
    ------
    WeightsError
        The file is not one of ours.
    """
    network, metadata = load_network(weights)
    device = best_device()
    on_device = in_channels_last(network.to(device))
    halo = measure_halo(on_device, metadata.inputs, torch.from_numpy(images), device, flips=metadata.flips)
    measured = metadata.model_copy(update={"halo": halo})
    save_weights(written, network, measured)
    return measured


@torch.inference_mode()
def _profile(
    path: FastPath,
    inputs: Inputs,
    images: Tensor,
    shown: list[int],
    device: torch.device,
    reach: int,
    side: int,
    flips: bool,
) -> NDArray[np.float32]:
    """Return the largest difference at each distance from the cuts, (side,); NaN where none was judged.

    Parameters
    ----------
    path, inputs, images, device, flips
        As in :func:`measure_halo`.
    shown
        Numbers of the tiles.
    reach
        How much is cut away [pixels].
    side
        Of what is left, which ends how far from the cuts one looks [pixels].
    """
    rows, columns = (_mirrored(length, side + reach) for length in images.shape[-2:])
    first, last = slice(0, side), slice(reach, reach + side)
    away = torch.arange(side, device=device)  # from a cut above or to the left
    back = away.flip(0)
    worst = torch.full((side,), -torch.inf, device=device)
    with freed_memory_kept():
        for number in shown:
            whole = images[number : number + 1][..., rows, :][..., columns].to(device)
            full = probability_of_ice(path, inputs(whole), flips=flips)[0]
            for (high, down), (wide, across) in product(((first, back), (last, away)), repeat=2):
                cut = whole[..., high, wide]
                valid = torch.isfinite(cut[0]).all(dim=0)
                difference = probability_of_ice(path, inputs(cut), flips=flips)[0] - full[high, wide]
                distance = down.unsqueeze(1).minimum(across)
                worst.scatter_reduce_(0, distance[valid], difference.abs()[valid], "amax")
    return worst.where(worst >= 0, torch.nan).cpu().numpy()


def _halo_of(profile: NDArray[np.float32], stride: int, tolerance: float) -> int:
    """Return the smallest multiple of the stride from which on the profile stays within the tolerance.

    Where there is none, the profile's length, rounded up, says that it is farther.
    """
    judged = np.flatnonzero(~np.isnan(profile))
    if not len(judged):
        return -(-len(profile) // stride) * stride
    beyond = np.flatnonzero(profile > tolerance)
    halo = -(-(int(beyond[-1]) + 1) // stride) * stride if len(beyond) else 0
    return halo if halo <= judged[-1] else -(-len(profile) // stride) * stride


def _mirrored(length: int, wanted: int) -> Tensor:
    """Return the rows of a tile that continue it by mirroring to a wanted number, or its middle ones."""
    missing = max(0, wanted - length)
    rows = np.pad(np.arange(length), (missing // 2, missing - missing // 2), mode="reflect")
    start = (len(rows) - wanted) // 2
    return torch.from_numpy(rows[start : start + wanted])


def _chosen(usable: list[int], network: Network, inputs: Inputs, pixels: int, flips: bool) -> list[int]:
    """Return which tiles are looked at, evenly spread, as many as the work allows."""
    side = 2 * network.stride
    probe = torch.zeros((1, inputs.channels, side, side), device=next(network.parameters()).device)
    with FlopCounterMode(display=False) as counter:
        network(probe)
    each = max(1.0, counter.get_total_flops() / side**2 * pixels * (8 if flips else 1))
    fewest, most = _TILES
    count = min(len(usable), max(fewest, min(most, int(_WORK / each))))
    return [usable[int(place)] for place in np.linspace(0, len(usable) - 1, count).round()]
