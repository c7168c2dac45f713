"""What the tests of benchmarks share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from trimline.bench.big_scene import BigScene, simulate_big_scene


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Compute on one thread: tiny convolutions on many threads mostly wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def big(tmp_path_factory: pytest.TempPathFactory) -> BigScene:
    """Return a scene of 320 x 320 pixels, folded from a range of 128 x 128."""
    return simulate_big_scene(tmp_path_factory.mktemp("big"), 320, side=128, seed=1)
