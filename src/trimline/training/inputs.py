"""What a network is fed with: bands and indices of them, normalised, finite.

The same object serves training and mapping and lies in the weights file, so that a network never sees a scene
otherwise than it saw its samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import Tensor

from trimline.errors import BandError

_FAINT = 1e-4
"""Least denominator of an index, in the image's own units (reflectance or DN): see `band_ratio`."""

_LARGEST_RATIO = 20.0
"""Where red / SWIR1 is cut off: above it the quotient measures the noise of a dark SWIR1."""

_CHUNK = 64
"""Tiles whose channels are computed at once when means are taken; bounds the memory."""


def _normalised_difference(first: Tensor, second: Tensor) -> Tensor:
    total = first + second
    difference = (first - second).div_(total.clamp(min=_FAINT)).clamp_(-1.0, 1.0)
    return difference.mul_(total > _FAINT)


def _bounded_ratio(first: Tensor, second: Tensor) -> Tensor:
    return (first / second.clamp(min=_FAINT)).clamp_(0.0, _LARGEST_RATIO)


INDICES: Mapping[str, tuple[str, str, Callable[[Tensor, Tensor], Tensor]]] = {
    "ndsi": ("green", "swir1", _normalised_difference),
    "ndwi": ("green", "nir", _normalised_difference),
    "red_swir1": ("red", "swir1", _bounded_ratio),
}
"""Per index the two bands it is made of, and how. NDSI: Hall and others (1995); NDWI: McFeeters (1996). Where the
denominator is not positive a normalised difference is 0."""


@dataclass(frozen=True)
class Inputs:
    """The channels of a network and their normalisation."""

    bands: tuple[str, ...]
    """Common names of the bands, in the order the images have them."""
    units: Literal["reflectance", "dn"]
    """What the images must be measured in."""
    indices: tuple[str, ...] = ()
    """Names from :data:`INDICES`; their channels follow the bands."""
    mean: tuple[float, ...] = ()
    """Subtracted, one value per channel; empty means nothing is."""
    std: tuple[float, ...] = ()
    """Divided by, one value per channel; empty means by nothing."""

    def __post_init__(self) -> None:
        for index in self.indices:
            if index not in INDICES:
                raise BandError(f"unknown index '{index}'", remedy=f"the indices are {', '.join(INDICES)}")
            missing = [band for band in INDICES[index][:2] if band not in self.bands]
            if missing:
                raise BandError(
                    f"the index '{index}' needs the band {' and '.join(missing)}, which the samples do not have",
                    remedy=f"they have {', '.join(self.bands)}: add the band, or leave the index out of the recipe",
                )
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (0, self.channels):
                raise BandError(f"{len(values)} values of {name} do not fit {self.channels} channels")

    @property
    def channels(self) -> int:
        """Number of input channels of the network."""
        return len(self.bands) + len(self.indices)

    def fitted_to(self, images: Tensor) -> Self:
        """Return the same inputs with the means and standard deviations of some images.

        Parameters
        ----------
        images
            (n, bands, h, w) float, NaN outside valid data.
        """
        count = 0
        total = squares = torch.zeros(self.channels, dtype=torch.float64)
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            valid = torch.isfinite(chunk).all(dim=1)
            values = self._channels_of(chunk).movedim(1, -1)[valid].double()
            count += len(values)
            total, squares = total + values.sum(0), squares + values.square().sum(0)
        if not count:
            raise BandError("no pixel has data in all bands", remedy=f"the bands are {', '.join(self.bands)}")
        mean = total / count
        std = (squares / count - mean.square()).clamp(min=0.0).sqrt()
        # A channel that never changes tells nothing; it must not be blown up by the division either.
        std = torch.where(std > 1e-6 * (1.0 + mean.abs()), std, torch.ones_like(std))
        return type(self)(self.bands, self.units, self.indices, mean=tuple(mean.tolist()), std=tuple(std.tolist()))

    def __call__(self, images: Tensor, *, whole_pixels: bool = False) -> Tensor:
        """Return the channels, finite.

        Parameters
        ----------
        images
            (n, bands, h, w) float, in `units`, NaN outside valid data.
        whole_pixels
            Whether a pixel that lacks data in any band is NaN in all already, which saves looking.

        Returns
        -------
        Tensor
            (n, channels, h, w), channels last in memory; 0 in all channels of a pixel that lacks data in any band,
            which after normalisation is the mean.
        """
        channels = self._channels_of(images, self.mean)
        if self.std:
            channels.div_(self._per_channel(self.std, channels))
        if not whole_pixels:
            # 0 where all bands are finite, else NaN: as fast as memory allows, unlike a reduction of truth values.
            channels.add_(images.sum(dim=1, keepdim=True).mul_(0.0))
        # The channels of a pixel side by side, as the fastest convolutions want them.
        fed = torch.empty_like(channels, memory_format=torch.channels_last)
        return torch.nan_to_num(channels, nan=0.0, out=fed)

    def _channels_of(self, images: Tensor, mean: tuple[float, ...] = ()) -> Tensor:
        """Return the bands and the indices less their means, if there are any, as a new tensor."""
        count, bands, height, width = images.shape
        channels = images.new_empty((count, self.channels, height, width))
        if mean:
            torch.sub(images, self._per_channel(mean[:bands], images), out=channels[:, :bands])
        else:
            channels[:, :bands] = images
        for position, index in enumerate(self.indices, start=bands):
            first, second, formula = INDICES[index]
            value = formula(images[:, self.bands.index(first)], images[:, self.bands.index(second)])
            torch.sub(value, mean[position] if mean else 0.0, out=channels[:, position])
        return channels

    @staticmethod
    def _per_channel(values: tuple[float, ...], like: Tensor) -> Tensor:
        return torch.tensor(values).view(1, -1, 1, 1).to(like, non_blocking=True)
