"""The benchmark of mapping gives its figures; how large they are is no test's affair."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from trimline.bench import map as mapping
from trimline.bench.agreement import outline_iou
from trimline.bench.alone import map_alone, peak_memory_mb
from trimline.bench.big_scene import BigScene
from trimline.bench.peers import Batches, Eager, by_monai, by_overlapping_tiles, map_whole, read_whole
from trimline.bench.quick_network import train_quickly
from trimline.cli.bench import bench
from trimline.errors import TrimlineError
from trimline.inference import Model, load_weights
from trimline.outlines import read_outlines
from trimline.scenes import open_scene

RATIOS = ["ratio_of_ceiling", "ratio_of_monai_screen_off", "ratio_of_monai_screen_on", "ratio_of_overlap50"]
KEYS = [
    "ceiling_mpx_s",
    "screen_off_mpx_s",
    "screen_on_mpx_s",
    "monai_mpx_s",
    "overlap50_mpx_s",
    "peak_memory_mb",
    "outline_iou_vs_fp32",
    "glacier_fraction",
    "glacier_windows",
    "asked_fraction",
    "read_back_fraction",
    "size",
]
TINY = {"size": 256, "rounds": 1, "device": "cpu", "arguments": {"widths": [4, 8]}, "side": 128, "seed": 1}

pytestmark = pytest.mark.usefixtures("one_thread")

needs_monai = pytest.mark.skipif(find_spec("monai") is None, reason='MONAI is absent: pip install "trimline[bench]"')


@pytest.fixture(scope="module")
def weights(big: BigScene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_quickly(big, "unet", tmp_path_factory.mktemp("weights"), {"widths": [4, 8]}, steps=10)


@pytest.fixture(scope="module")
def model(weights: Path) -> Model:
    return load_weights(weights, device="cpu", precision="fp32")


@pytest.fixture(scope="module")
def eager(weights: Path) -> Eager:
    return Eager.of(weights, torch.device("cpu"), "fp32")


@needs_monai
@pytest.mark.slow
def test_a_tiny_run_gives_every_figure_ratios_first(monkeypatch: pytest.MonkeyPatch) -> None:
    # A process of its own takes seconds to import torch; below it has a test of its own.
    monkeypatch.setattr(mapping, "peak_memory_mb", map_alone)
    figures = mapping.measure(**TINY)
    assert list(figures) == RATIOS + KEYS
    assert all(value > 0 for value in figures.values())
    assert figures["ratio_of_ceiling"] == figures["screen_off_mpx_s"] / figures["ceiling_mpx_s"]
    assert figures["ratio_of_monai_screen_on"] == figures["screen_on_mpx_s"] / figures["monai_mpx_s"]
    assert figures["glacier_fraction"] <= 0.1
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.slow
def test_memory_is_that_of_a_process_of_its_own(big: BigScene, weights: Path, tmp_path: Path) -> None:
    ballast = np.ones(1 << 28)
    memory = peak_memory_mb(big.product, weights, tmp_path, "cpu")
    assert 100 < memory < ballast.nbytes / 2**20


def test_without_monai_the_error_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trimline.bench.peers.find_spec", lambda _: None)
    with pytest.raises(TrimlineError, match="--no-peers"):
        mapping.measure(**TINY)


def test_batches_hold_every_pixel_once() -> None:
    image = torch.arange(2 * 64 * 64, dtype=torch.float32).view(1, 2, 64, 64)
    for batches in (Batches(16, 32), Batches(16, 16, 4), Batches(128, 128)):
        seen = torch.cat([each.flatten() for each in batches.of(image)])
        assert torch.equal(seen.sort().values, image.flatten())


def test_overlapping_tiles_agree_with_the_whole_where_tiles_do_not_matter(
    big: BigScene, model: Model, eager: Eager
) -> None:
    scene = open_scene(big.product)
    fed = read_whole(scene, scene.geobox, eager)
    whole = model.predict(scene.read(model.bands).to_numpy()[None])[0]
    with torch.inference_mode():
        assert np.allclose(by_overlapping_tiles(eager)(fed), whole, atol=1e-5)


@needs_monai
def test_monai_agrees_with_the_whole_where_windows_do_not_matter(big: BigScene, model: Model, eager: Eager) -> None:
    scene = open_scene(big.product)
    fed = read_whole(scene, scene.geobox, eager)
    whole = model.predict(scene.read(model.bands).to_numpy()[None])[0]
    with torch.inference_mode():
        assert np.allclose(by_monai(eager, 4)(fed), whole, atol=1e-5)


def test_a_peer_writes_outlines(big: BigScene, eager: Eager, tmp_path: Path) -> None:
    scene = open_scene(big.product)
    path = map_whole(scene, scene.geobox, eager, by_overlapping_tiles(eager), tmp_path)
    assert len(read_outlines(path)) > 0


def test_a_map_in_single_precision_agrees_with_itself(
    big: BigScene, model: Model, weights: Path, tmp_path: Path
) -> None:
    assert outline_iou(open_scene(big.product), model, weights, tmp_path, 200, "cpu") > 0.99


def test_the_command_hands_over_what_the_benchmark_takes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given: dict[str, object] = {}

    def measure(size: int = 1024, network: str = "unet", peers: bool = True) -> dict[str, float]:
        given.update(size=size, network=network, peers=peers)
        return {"ratio_of_ceiling": 0.5}

    monkeypatch.setattr(mapping, "measure", measure)
    bench("map", network="dunet", peers=False, json=True)
    assert given == {"size": 1024, "network": "dunet", "peers": False}
    assert json.loads(capsys.readouterr().out) == {"ratio_of_ceiling": 0.5}


def test_the_quick_form_takes_a_small_scene_a_narrow_network_and_one_round(monkeypatch: pytest.MonkeyPatch) -> None:
    given: dict[str, object] = {}

    class Stopped(Exception):
        pass

    def simulated(folder: Path, size: int, **_: object) -> object:
        given["size"] = size
        return None

    def trained(work: object, big: object, network: str, folder: Path, arguments: object) -> Path:
        given["arguments"] = arguments
        raise Stopped

    monkeypatch.setattr(mapping, "simulate_big_scene", simulated)
    monkeypatch.setattr(mapping, "alone", trained)
    with pytest.raises(Stopped):
        mapping.measure(size=4096, quick=True, peers=False)
    assert given == {"size": 1024, "arguments": {"widths": (16, 32, 64, 128, 256)}}
