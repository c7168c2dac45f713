"""Graphs of pixels and outlines, as SciPy's algorithms take them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array


def graph_of(one: NDArray[np.integer], other: NDArray[np.integer], count: int, weights: ArrayLike = 1.0) -> csr_array:
    """Return the graph of some links, for `scipy.sparse.csgraph`.

    Its indices are of 32 bits: versions of SciPy differ in which algorithms take wider ones.

    Parameters
    ----------
    one, other
        (n,) numbers of the nodes that each link joins, from 0 on.
    count
        How many nodes there are.
    weights
        (n,) weight of each link, or one for all. The weights of links that join the same nodes are added up.
    """
    ends = (np.asarray(one, np.int32), np.asarray(other, np.int32))
    return coo_array((np.broadcast_to(weights, ends[0].shape), ends), shape=(count, count)).tocsr()
