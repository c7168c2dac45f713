"""Scenes are mapped on a real dask cluster of processes on this machine, one of which dies on the way."""

from __future__ import annotations

import pickle
import tarfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.clusters import Cluster, cluster_in

from trimline import __version__
from trimline.errors import ClusterError, ProductError
from trimline.inference import Inputs, ModelMetadata, load_weights, ratio_model
from trimline.inference.torch_files import save_weights
from trimline.mapping import MapOptions, MapPlan, map_scene
from trimline.mapping.cluster import connected
from trimline.mapping.cluster_strips import _predict, on_cluster
from trimline.networks import build
from trimline.project.simulation import SimulatedRange
from trimline.scenes import Scene, open_scene
from trimline.simulate import write_range

NARROW = {"widths": (4, 4, 8, 8, 8)}
BANDS = ("green", "red", "swir1")


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    inputs = Inputs(bands=BANDS, units="reflectance", mean=(0.4,) * 3, std=(0.2,) * 3)
    metadata = ModelMetadata(network="unet", arguments=NARROW, inputs=inputs)
    return save_weights(tmp_path / "unet.safetensors", build("unet", 3, **NARROW), metadata)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    import rasterio
    from rasterio.transform import from_origin
    from scipy.ndimage import uniform_filter

    noise = uniform_filter(np.random.default_rng(0).random((3, 700, 300)), (0, 25, 25)).astype(np.float32)
    noise = (noise - noise.min()) / np.ptp(noise)
    with rasterio.open(
        tmp_path / "stack.tif", "w", driver="GTiff", count=3, height=700, width=300, dtype="float32",
        crs="EPSG:32646", transform=from_origin(500_010, 3_800_040, 30, 30), nodata=float("nan"),
    ) as dataset:  # fmt: skip
        dataset.write(noise)
        for i, name in enumerate(BANDS, start=1):
            dataset.set_band_description(i, name)
    return open_scene(tmp_path / "stack.tif", id="made", sensor="landsat-5-tm", date="1986-08-12")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Return a simulated Landsat product as a compressed archive."""
    look = {"date": "1988-08-20", "sensor": "landsat-5-tm"}
    simulated = SimulatedRange(name="range", size=192, seed=7, scenes=[look])
    write_range(simulated, tmp_path / "range", progress=False)
    (product,) = (tmp_path / "range").glob("LT05_*")
    path = tmp_path / f"{product.name}.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for each in sorted(product.iterdir()):
            packed.add(each, arcname=each.name)
    return path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with cluster_in(tmp_path / "cluster") as started:
        yield started


def test_a_worker_that_dies_changes_no_byte(
    scene: Scene, weights: Path, cluster: Cluster, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = load_weights(weights, engine="openvino", precision="fp32")
    here = map_scene(scene, model, tmp_path / "here", options=MapOptions(window=64))
    with connected(cluster.address) as client:
        client.wait_for_workers(2, timeout=60)
        journal = tmp_path / "there" / ".map" / "records.bin"

        def kill_one_half_way() -> None:
            while not journal.exists() or journal.stat().st_size < 3 * 24:
                time.sleep(0.005)
            cluster.workers[0].kill()

        killer = threading.Thread(target=kill_one_half_way)
        killer.start()
        there = map_scene(
            scene,
            model,
            tmp_path / "there",
            predictor=on_cluster(client, weights, model),
            options=MapOptions(window=64),
        )
        killer.join()
        assert cluster.workers[0].wait(10) != 0
        assert len(client.nthreads()) == 1
        for name in ("probability", "mask", "outlines"):
            assert getattr(here, name).read_bytes() == getattr(there, name).read_bytes()

        # What goes wrong on a worker is said as it would be here.
        (scene.source).write_bytes(scene.source.read_bytes()[:200_000])
        with pytest.raises(ProductError, match="damaged"):
            map_scene(
                scene,
                model,
                tmp_path / "bad",
                predictor=on_cluster(client, weights, model),
                options=MapOptions(window=64),
            )


def test_workers_without_a_common_temporary_folder_map_a_compressed_archive(
    archive: Path, weights: Path, cluster: Cluster, tmp_path: Path
) -> None:
    scene, model = open_scene(archive), load_weights(weights, engine="openvino", precision="fp32")
    here = map_scene(scene, model, tmp_path / "here", options=MapOptions(window=64))
    with connected(cluster.address) as client:
        client.wait_for_workers(2, timeout=60)
        predictor = on_cluster(client, weights, model)
        there = map_scene(scene, model, tmp_path / "there", predictor=predictor, options=MapOptions(window=64))
        index = ratio_model(1.8, blue=0.05)
        by_index = [
            map_scene(scene, index, tmp_path / where, predictor=each, options=MapOptions(window=64)).mask
            for where, each in (("index_here", None), ("index_there", on_cluster(client, None, index)))
        ]
    assert by_index[0].read_bytes() == by_index[1].read_bytes(), "a spectral index needs no file"
    for name in ("probability", "mask", "outlines"):
        assert getattr(here, name).read_bytes() == getattr(there, name).read_bytes()
    unpacked = {each.parent for each in cluster.folder.glob("tmp*/trimline-*/*_B3.TIF")}
    assert unpacked, "workers unpack for themselves"


def test_a_worker_that_sees_another_file_under_the_same_path_refuses(scene: Scene, weights: Path) -> None:
    model = load_weights(weights, engine="openvino", precision="fp32")
    plan = MapPlan.of(scene, model)
    said = _predict(plan, plan.strips[0], "identity elsewhere", "no plugin", None, __version__)
    assert isinstance(said, ClusterError)
    assert "sees other files" in said.what


def test_no_scheduler_is_said() -> None:
    with pytest.raises(ClusterError, match="no scheduler answers"), connected("tcp://127.0.0.1:1"):
        pass


def test_errors_travel_whole() -> None:
    error = ProductError("is damaged", where="file.tif", remedy="fetch it again")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)  # noqa: S301 - our own
    assert type(pickle.loads(pickle.dumps(error))) is ProductError  # noqa: S301
