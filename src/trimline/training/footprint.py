"""How much memory a network's features take, told without computing them.

The network is asked about a tile on torch's "meta" device, where tensors have shapes but no content, and what is alive
at a time is counted.
"""

from __future__ import annotations

import copy
import weakref
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten

from trimline.networks import Network

_SIDE = 896
"""Side of the tile, halo left out: about that of a large window [pixels]."""


def bytes_per_pixel(network: Network, dtype: torch.dtype, halo: int) -> float:
    """Return the most memory that features take at a time, per pixel of a large tile [bytes].

    Parameters
    ----------
    network
        Asked in evaluation mode; it is not changed.
    dtype
        Of the features.
    halo
        What the tile has on each side that is not asked for [pixels]: a decoder does not compute it.
    """
    side = -(-(_SIDE + 2 * halo) // network.stride) * network.stride
    on_meta = copy.deepcopy(network).eval().to(device="meta", dtype=dtype)
    images = torch.empty(1, network.bands, side, side, dtype=dtype, device="meta")
    inner = slice(halo, side - halo)
    with torch.no_grad(), _Counting() as counting:
        on_meta(images, (inner, inner))
    most: int = counting.most
    return most / side**2


class _Counting(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of tensors made within, while they live."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = 0
        self._alive = 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        for each in tree_flatten(result)[0]:
            if isinstance(each, torch.Tensor):
                self._count(each.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        self._alive += storage.nbytes()
        self.most = max(self.most, self._alive)
        weakref.finalize(storage, self._forget, key, storage.nbytes())

    def _forget(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._alive -= size
