"""Graphs are taken by every algorithm that is used, whatever the version of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csgraph

from trimline.graphs import graph_of

ONE, OTHER = np.array([0, 1, 2, 4]), np.array([1, 2, 0, 5])


def test_indices_have_32_bits_whatever_the_numbers_have() -> None:
    graph = graph_of(ONE.astype(np.int64), OTHER.astype(np.int64), 6)
    assert graph.indices.dtype == graph.indptr.dtype == np.int32


def test_links_join_what_they_name() -> None:
    graph = graph_of(ONE, OTHER, 6)
    assert csgraph.connected_components(graph, directed=False)[1].tolist() == [0, 0, 0, 1, 2, 2]


def test_weights_are_those_of_the_links() -> None:
    graph = graph_of(ONE, OTHER, 6, [1.0, 5.0, 2.0, 3.0])
    assert csgraph.dijkstra(graph, directed=False, indices=1)[:3] == pytest.approx([1, 0, 3])
    assert csgraph.minimum_spanning_tree(graph).sum() == pytest.approx(1 + 2 + 3)
