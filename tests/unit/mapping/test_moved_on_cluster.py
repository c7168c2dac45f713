"""A scene that is aligned is the same on a worker as on the machine that asks."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from trimline.errors import ClusterError
from trimline.mapping.cluster_scenes import SceneSource, _opened
from trimline.scenes import moved_scene, open_scene, shift_of

GIVEN = {"id": "b", "sensor": "landsat-8-oli", "bands": ("green", "swir1"), "scale": 1e-4, "offset": 0.0}


@pytest.fixture
def product(tmp_path: Path) -> Path:
    path = tmp_path / "b.tif"
    values = np.random.default_rng(0).integers(1, 5000, (2, 20, 30)).astype(np.uint16)
    with rasterio.open(
        path, "w", height=20, width=30, count=2, dtype="uint16", crs="EPSG:32646", transform=from_origin(0, 0, 30, 30)
    ) as target:
        target.write(values)
    return path


def test_a_worker_opens_a_scene_moved_as_it_is_told(product: Path, tmp_path: Path) -> None:
    here = open_scene(product, **GIVEN)
    source = SceneSource(product, here.identity, GIVEN, moved=(-45.0, 3.0))
    with _opened(source, tmp_path) as there:
        assert shift_of(there) == (-45.0, 3.0)
        assert there.identity == moved_scene(here, -45.0, 3.0).identity
    with _opened(SceneSource(product, here.identity, GIVEN), tmp_path) as there:
        assert there.identity == here.identity
    with pytest.raises(ClusterError), _opened(SceneSource(product, "another", GIVEN, moved=(-45.0, 3.0)), tmp_path):
        pass


def test_a_moved_scene_is_the_same_after_it_was_sent(product: Path) -> None:
    moved = moved_scene(open_scene(product, **GIVEN), 12.0, -7.0)
    sent = pickle.loads(pickle.dumps(moved))  # noqa: S301 - as dask sends it
    assert sent.identity == moved.identity
    assert np.array_equal(sent.read("green").to_numpy(), moved.read("green").to_numpy())
