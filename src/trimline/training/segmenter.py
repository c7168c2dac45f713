"""A trained network, ready to be asked: images in, probability of ice out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from trimline.errors import BandError
from trimline.files import StrPath, sha256
from trimline.networks import Network, Within, get_network
from trimline.training.answer import probability_of_ice
from trimline.training.device import Precision, best_device, half_type, in_channels_last
from trimline.training.fast_path import FastPath, fastest
from trimline.training.inputs import Inputs
from trimline.training.weights import WeightsMetadata, load_network

_HELD = 3.3
"""Memory that a process takes for features, over what is alive at a time, where freed memory is kept for the next
layer: 2.2 (M-LandsNet, U-Net++) to 3.1 (U-Net in single precision, asked whole) was measured where it decides how large
windows are."""

_PIXELS_AT_ONCE = 1 << 20
"""Pixels of a batch that the network sees at once: the features of the finest level then stay below some 500 MB."""


@dataclass(frozen=True)
class Segmenter:
    """A network with what it must be fed and how its answer is read."""

    network: Network
    """As it was trained, in evaluation mode, on `device`; `path` is how it is computed."""
    metadata: WeightsMetadata
    """All that is known of its training."""
    device: torch.device
    """Where it computes."""
    precision: Precision = "auto"
    """Arithmetic of its convolutions."""
    sha256: str = ""
    """Of the weights file, for provenance; empty where there is none."""
    measured: FastPath | None = None
    """How it is computed, where that was measured; see `fastest`."""

    @cached_property
    def path(self) -> FastPath:
        """How the network is computed: as was measured, else by what is known of the device."""
        return self.measured or FastPath(self.network, self.device, self.precision)

    @property
    def arithmetic(self) -> str:
        """What it computes in, as `path` says it: `bf16`, for example."""
        return str(self.path)

    def bytes_per_pixel(self, halo: int) -> float:
        """Return the memory that features take, gaps included, per pixel of a large window with some halo [bytes]."""
        return _HELD * self.path.bytes_per_pixel(halo)

    def fastest(self, sides: tuple[int, int]) -> Self:
        """Return the same segmenter, computed in the fastest way that this device has, and log which it is.

        With the precision `auto` this is measured, for a second or so, and half precision is taken only where it is
        faster; any other precision is kept. Outlines are the same but for rounding, an IoU of 0.999 or more:
        where not even that may change from machine to machine, ask for `fp32`.

        Parameters
        ----------
        sides
            Height and width of the windows that it will be asked about [pixels].
        """
        if self.measured is not None:
            return self
        title = get_network(self.metadata.network).title
        return replace(self, measured=fastest(self.network, self.device, self.precision, sides, title))

    @property
    def inputs(self) -> Inputs:
        """Bands, units, indices and normalisation."""
        return self.metadata.inputs

    @property
    def bands(self) -> tuple[str, ...]:
        """Common names of the bands that images must have, in order."""
        return self.inputs.bands

    @property
    def units(self) -> Literal["reflectance", "dn"]:
        """What images must be measured in."""
        return self.inputs.units

    @property
    def sensors(self) -> tuple[str, ...]:
        """Ids of the sensors whose scenes it was trained on; empty where the weights do not say."""
        return tuple(self.metadata.data.get("provenance", {}).get("sensors", ()))

    @property
    def stride(self) -> int:
        """Windows of a large image should start at multiples of it [pixels]."""
        return self.network.stride

    @property
    def receptive_field(self) -> int | None:
        """Side of the square of pixels that an answer depends on; None where it is the whole tile."""
        return self.network.receptive_field

    @property
    def halo(self) -> int | None:
        """Margin around a window within which the window's edge is felt; None where it is the whole tile.

        As measured on the weights, where it was, else as far as the network can look.
        """
        return self.declared_halo if self.metadata.halo is None else self.metadata.halo

    @property
    def declared_halo(self) -> int | None:
        """Margin around a window within which the edge can be felt at all, by the network's architecture."""
        return self.network.halo

    @property
    def threshold(self) -> float:
        """Probability from which on a pixel is ice."""
        return self.metadata.threshold

    def probability(
        self, images: NDArray[np.float32], within: Within | None = None, *, whole_pixels: bool = False
    ) -> NDArray[np.float32]:
        """Return the probability of ice.

        Parameters
        ----------
        images
            (n, bands, h, w) float32 of the bands `bands` in `units`, NaN outside valid data; any h and w.
        within
            Rows and columns that are wanted; None means all. What they do not depend on is left out, as far as the
            network can.
        whole_pixels
            Whether a pixel that lacks data in any band is NaN in all already, which saves looking.

        Returns
        -------
        NDArray
            (n, h, w) float32 in [0, 1], of the rows and columns wanted; NaN where any band is NaN.

        Raises
        ------
        BandError
            The images do not have as many bands as the network was trained on.
        """
        if images.ndim != 4 or images.shape[1] != len(self.bands):
            raise BandError(
                f"images of shape {images.shape} do not have the {len(self.bands)} bands that the weights need",
                remedy=f"give (n, bands, h, w) with {', '.join(self.bands)}",
            )
        count, _, height, width = images.shape
        path = self.path  # folds batch norm at the first call, outside inference mode
        wanted = (slice(0, height), slice(0, width)) if within is None else within
        ice = np.empty((count, *(axis.stop - axis.start for axis in wanted)), dtype=np.float32)
        at_once = max(1, _PIXELS_AT_ONCE // max(1, height * width))
        for start in range(0, count, at_once):
            part = slice(start, start + at_once)
            ice[part] = self._probability(
                path, torch.from_numpy(np.ascontiguousarray(images[part], np.float32)), wanted, whole_pixels
            )
        return ice

    @torch.inference_mode()
    def _probability(
        self, path: FastPath, images: torch.Tensor, wanted: Within, whole_pixels: bool
    ) -> NDArray[np.float32]:
        height, width = images.shape[-2:]
        images = images.to(self.device)
        # A sum is one pass where a reduction of truth values takes six times as long.
        inside = images[(..., *wanted)]
        absent = (inside[:, 0] if whole_pixels else inside.sum(dim=1)).isfinite().logical_not_()
        fed = self.inputs(images, whole_pixels=whole_pixels)
        below, right = -height % self.stride, -width % self.stride
        if below or right:
            # What is added to reach a multiple of the stride is what lies outside a scene: pixels without data.
            fed = functional.pad(fed, (0, right, 0, below))
        ice = probability_of_ice(path, fed, flips=self.metadata.flips, within=wanted)
        ice = ice.masked_fill(absent, torch.nan)
        answer: NDArray[np.float32] = ice.cpu().numpy()
        return answer


def load_weights(
    path: StrPath, *, device: torch.device | str | None = None, precision: Precision = "auto"
) -> Segmenter:
    """Return a trained network, ready to be asked.

    Parameters
    ----------
    path
        A `weights.safetensors` written by :func:`trimline.training.train`.
    device
        Where to compute; None takes a CUDA device where there is one.
    precision
        `auto` computes in bfloat16 where the device has instructions for it; :meth:`Segmenter.fastest` measures
        whether that pays.

    Raises
    ------
    NetworkError
        The device does not compute in this precision.
    WeightsError
        The file is absent, damaged, pickled, of another program or another format.

    Examples
    --------
    >>> import trimline
    >>> weights = trimline.load_weights("weights.safetensors")
    >>> weights.bands, weights.threshold
    """
    path = Path(path)
    network, metadata = load_network(path)
    where = best_device() if device is None else torch.device(device)
    half_type(precision, where)  # refuses what cannot be
    return Segmenter(in_channels_last(network.to(where)), metadata, where, precision, sha256(path))
