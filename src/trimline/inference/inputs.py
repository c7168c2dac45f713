"""Input channels of a network: bands and indices of them, normalised, finite.

One formula serves training (PyTorch tensors), mapping (NumPy arrays) and the exported graph, by the array API that both
libraries share. The object lies in the model file, so that a network never sees a scene otherwise than its samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar

import numpy as np
from array_api_compat import array_namespace, device, is_numpy_namespace

from trimline.errors import BandError

Array = TypeVar("Array")
"""A NumPy array or a PyTorch tensor."""

_FAINT = 1e-4
"""Least denominator of an index, in the image's own units (reflectance or DN): see `band_ratio`."""

_LARGEST_RATIO = 20.0
"""Where red / SWIR1 is cut off: above it the quotient measures the noise of a dark SWIR1."""

_CHUNK = 64
"""Tiles whose channels are computed at once when means are taken; bounds the memory."""


def _normalised_difference(xp: Any, first: Any, second: Any) -> Any:
    total = first + second
    quotient = (first - second) / total.clip(min=_FAINT)
    return xp.where(total > _FAINT, quotient.clip(-1.0, 1.0), 0.0)


def _bounded_ratio(_: Any, first: Any, second: Any) -> Any:
    return (first / second.clip(min=_FAINT)).clip(0.0, _LARGEST_RATIO)


INDICES: Mapping[str, tuple[str, str, Callable[[Any, Any, Any], Any]]] = {
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
    """Names from `INDICES`; their channels follow the bands."""
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
            if not all(map(math.isfinite, values)):
                raise BandError(f"a {name} of the normalisation is not a finite number")
        if any(value <= 0 for value in self.std):
            raise BandError("a standard deviation of the normalisation is not positive")

    @property
    def channels(self) -> int:
        """Number of input channels of the network."""
        return len(self.bands) + len(self.indices)

    def fitted_to(self, images: Any) -> Self:
        """Return the same inputs with the means and standard deviations of some images.

        Parameters
        ----------
        images
            (n, bands, h, w) float array or tensor, NaN outside valid data.
        """
        xp = array_namespace(images)
        count = 0
        total = squares = xp.zeros(self.channels, dtype=xp.float64, device=device(images))
        for start in range(0, len(images), _CHUNK):
            chunk = images[start : start + _CHUNK]
            valid = xp.all(xp.isfinite(chunk), axis=1)
            values = xp.astype(xp.moveaxis(self._channels_of(xp, chunk), 1, -1)[valid], xp.float64)
            count += len(values)
            total, squares = total + xp.sum(values, axis=0), squares + xp.sum(values * values, axis=0)
        if not count:
            raise BandError("no pixel has data in all bands", remedy=f"the bands are {', '.join(self.bands)}")
        mean = total / count
        std = xp.sqrt(xp.clip(squares / count - mean * mean, 0.0, None))
        # A channel that never changes tells nothing; it must not be blown up by the division either.
        std = xp.where(std > 1e-6 * (1.0 + xp.abs(mean)), std, xp.ones_like(std))
        return type(self)(self.bands, self.units, self.indices, mean=tuple(mean.tolist()), std=tuple(std.tolist()))

    def __call__(self, images: Array) -> Array:
        """Return the channels, finite.

        Parameters
        ----------
        images
            (n, bands, h, w) float32 array or tensor, in `units`, NaN outside valid data.

        Returns
        -------
        array or tensor
            (n, channels, h, w) float32; 0 in all channels of a pixel that lacks data in any band, which after
            normalisation is the mean.
        """
        xp = array_namespace(images)
        channels = self._channels_of(xp, images)
        if self.mean:
            channels -= self._per_channel(xp, self.mean, channels)
        if self.std:
            channels /= self._per_channel(xp, self.std, channels)
        invalid = ~xp.isfinite(xp.sum(images, axis=1, keepdims=True))
        # In place: a new array would take as long as all of the above.
        if is_numpy_namespace(xp):
            np.copyto(channels, 0.0, where=invalid)
        else:
            channels.masked_fill_(invalid, 0.0)
        finite: Array = channels
        return finite

    def _channels_of(self, xp: Any, images: Any) -> Any:
        """Return the bands and the indices as a new array, (n, channels, h, w)."""
        of = {band: images[:, position : position + 1] for position, band in enumerate(self.bands)}
        indices = [
            formula(xp, of[first], of[second]) for first, second, formula in (INDICES[name] for name in self.indices)
        ]
        return xp.concat([images, *indices], axis=1)

    @staticmethod
    def _per_channel(xp: Any, values: tuple[float, ...], like: Any) -> Any:
        return xp.reshape(xp.asarray(values, dtype=like.dtype, device=device(like)), (1, -1, 1, 1))
