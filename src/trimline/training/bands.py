"""U-Net in bands of rows where its maps are large: the answers of the whole, in less memory.

At the finest levels one map of a window takes more than a hundred megabytes, and the memory of many such maps of many
sizes is never packed well. There each level is computed band by band: the encoder's half of a band leaves the pooled
map and what the decoder's first layer makes of the map handed across, the decoder's half what goes up. Bands share the
few rows that two convolutions look at beyond their own, so that no value changes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from trimline.networks import Network, Within
from trimline.networks.encoder_decoder import layers_of
from trimline.networks.unet import UNet
from trimline.training.freed_memory import give_gaps_back
from trimline.training.lighter_layers import ConvolutionOfTwo, ConvolutionWithReLU

_BAND_BYTES = 32e6
"""What one map of a band may take [bytes]."""

_LOOKS = 2
"""How far the two convolutions of a block look together [pixels]."""


class _Waiting(NamedTuple):
    """A band of a decoder's level until the map from the level below is there."""

    gives: slice
    """Rows of the level that it gives."""
    begun: Tensor
    """What the first layer made of the map handed across: of these rows, and of one above and below where there is."""


class InBands:
    """A U-Net made lighter, asked band by band.

    Parameters
    ----------
    network
        As `trimline.training.lighter_layers.make_lighter` leaves it; see `in_bands`.
    band_bytes
        What one map of a band may take [bytes].
    """

    def __init__(self, network: UNet, band_bytes: float = _BAND_BYTES) -> None:
        self._encoder = [_computing(block) for block in network.encoder]
        self._decoder = [_computing(block) for block in reversed(network.decoder)]
        self._up = list(reversed(network.up))
        self._pool, self._head = network.pool, network.head
        self._band_bytes = band_bytes

    def __call__(self, images: Tensor, within: Within) -> Tensor:
        """Return the logits of rows and columns of images, (n, classes, h, w)."""
        return self._level(0, images, within)

    def _level(self, level: int, features: Tensor, wanted: Within) -> Tensor:
        """Return what the decoder gives of a level, at its finest the logits, from what the encoder is fed with."""
        first, second = self._encoder[level]
        if level == len(self._decoder):
            coarsest: Tensor = second(first(features))
            return coarsest[(..., *wanted)]
        rows, columns = wanted
        height, width = features.shape[-2:]
        columns_seen = _wider(columns, _LOOKS, width)
        pooled, waiting = self._encoded(level, features, (rows, columns_seen))
        rows_below, columns_below = _halved(_wider(rows, _LOOKS, height)), _halved(columns_seen)
        below = self._level(level + 1, pooled, (rows_below, columns_below))
        given: list[Tensor] = []
        while waiting:
            gives, begun = waiting.popleft()
            computed = _wider(gives, 1, height)
            looked_at = _wider(computed, 1, height)
            source = _halved(looked_at)
            risen = self._up[level](below[..., _in(source, rows_below), :])
            risen = risen[..., _in(looked_at, _doubled(source)), _in(columns_seen, _doubled(columns_below))]
            finished = self._decoder[level][0].finish(begun, _with_rim(risen, computed, looked_at), beyond=1)
            del begun, risen
            done = _rows(self._decoder[level][1], finished, computed, gives)[..., _in(columns, columns_seen)]
            given.append(self._head(done) if level == 0 else done)
            del finished, done
            give_gaps_back()
        return given[0] if len(given) == 1 else torch.cat(given, dim=-2)

    def _encoded(self, level: int, features: Tensor, seen: Within) -> tuple[Tensor, deque[_Waiting]]:
        """Return the map that goes down, and the bands of what the decoder will see of a level."""
        first, second = self._encoder[level]
        rows, columns = seen
        height, width = features.shape[-2:]
        pooled: list[Tensor] = []
        waiting: deque[_Waiting] = deque()
        weight = second.weight
        for band in _bands(height, int(self._band_bytes / (width * len(weight) * weight.element_size()))):
            # Beyond the band the decoder looks twice, and before it each layer of the block once more.
            around, seen_by_second, seen_by_first = (_wider(band, _LOOKS + more, height) for more in range(3))
            between = _rows(first, features[..., seen_by_first, :], seen_by_first, seen_by_second)
            encoded = _rows(second, between, seen_by_second, around)
            del between
            pooled.append(self._pool(encoded[..., _in(band, around), :]))
            gives = slice(max(band.start, rows.start), min(band.stop, rows.stop))
            if gives.start < gives.stop:
                begins = _wider(gives, 1, height)
                looked_at = _wider(begins, 1, height)
                handed = encoded[..., _in(looked_at, around), columns].contiguous(memory_format=torch.channels_last)
                begun = _rows(self._decoder[level][0].begin, handed, looked_at, begins)
                waiting.append(_Waiting(gives, begun))
            del encoded
            give_gaps_back()
        return (pooled[0] if len(pooled) == 1 else torch.cat(pooled, dim=-2)), waiting


def in_bands(network: Network) -> InBands | None:
    """Return a network asked band by band, or None where it is none that can be."""
    if not isinstance(network, UNet):
        return None
    kinds = [[type(layer) for layer in _computing(block)] for block in network.encoder]
    joining = [[type(layer) for layer in _computing(block)] for block in network.decoder]
    two, joined = [ConvolutionWithReLU, ConvolutionWithReLU], [ConvolutionOfTwo, ConvolutionWithReLU]
    return InBands(network) if all(k == two for k in kinds) and all(k == joined for k in joining) else None


def _computing(block: nn.Module) -> list[Any]:
    return [layer for layer in layers_of(block) if not isinstance(layer, nn.Identity)]


def _bands(height: int, most: int) -> Iterator[slice]:
    """Cut rows into about equal bands that begin at even ones."""
    count = -(-height // max(2, most))
    side = -(-height // count // 2) * 2
    for start in range(0, height, side):
        yield slice(start, min(start + side, height))


def _rows(convolution: Callable[..., Tensor], features: Tensor, seen: slice, wanted: slice) -> Tensor:
    """Return (n, out, wanted, w) rows of a 3x3 convolution's map, and compute no others except at the rim.

    What is seen are the wanted rows, and one more on each side wherever the image goes on.
    """
    if seen == slice(wanted.start - 1, wanted.stop + 1):
        return convolution(features, beyond=1)
    return convolution(features)[..., _in(wanted, seen), :]


def _with_rim(features: Tensor, rows: slice, around: slice) -> Tensor:
    """Return features with a row of zeros wherever those around some rows lie beyond the image."""
    above, below = 1 - (rows.start - around.start), 1 - (around.stop - rows.stop)
    if not above and not below:
        return features
    return functional.pad(features, (0, 0, above, below)).contiguous(memory_format=torch.channels_last)


def _wider(rows: slice, by: int, length: int) -> slice:
    return slice(max(0, rows.start - by), min(length, rows.stop + by))


def _halved(rows: slice) -> slice:
    return slice(rows.start // 2, -(-rows.stop // 2))


def _doubled(rows: slice) -> slice:
    return slice(2 * rows.start, 2 * rows.stop)


def _in(rows: slice, around: slice) -> slice:
    """Return rows as they are counted from the first of those around."""
    return slice(rows.start - around.start, rows.stop - around.start)
