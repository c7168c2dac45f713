"""A study does again what is not as it was, says why, and goes on where it was killed."""

from __future__ import annotations

import json
import logging
import os
import pickle
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import yaml
from rasterio.transform import from_origin
from scipy.ndimage import uniform_filter
from shapely.geometry import box

from trimline.errors import StageError
from trimline.files import sha256
from trimline.inference import Inputs, ModelMetadata, load_weights
from trimline.inference.torch_files import load_network, save_weights
from trimline.mapping import MapOptions, map_scene
from trimline.networks import build
from trimline.outlines import read_outlines
from trimline.project import load_project
from trimline.project.simulation import SimulatedRange
from trimline.samples import SampleStore
from trimline.scenes import open_scene
from trimline.simulate import write_range
from trimline.study import Study, run_study
from trimline.study.running import only_run

BANDS = ("green", "red", "swir1")
SIDECAR = {"sensor": "landsat-5-tm", "bands": BANDS, "scale": 1e-4, "offset": 0, "nodata": 0, "time": "1988-08-20"}
LEFT, TOP = 500_010, 3_800_040


def write_study(folder: Path) -> Path:
    """Write a project of one scene of bright ice, its sidecar and its outlines, and return the project file."""
    ice = np.zeros((128, 128), bool)
    ice[20:60, 30:90] = ice[80:120, 10:50] = True
    noise = uniform_filter(np.random.default_rng(0).random((3, 128, 128)), (0, 3, 3))
    reflectance = np.where(ice, np.array([0.7, 0.7, 0.1])[:, None, None], 0.2) + 0.05 * noise
    with rasterio.open(
        folder / "stack.tif", "w", driver="GTiff", count=3, height=128, width=128, dtype="uint16",
        crs="EPSG:32646", transform=from_origin(LEFT, TOP, 30, 30),
    ) as target:  # fmt: skip
        target.write((reflectance * 1e4).astype(np.uint16))
    (folder / "stack.json").write_text(json.dumps(SIDECAR))
    outlines = [
        box(LEFT + 30 * west, TOP - 30 * south, LEFT + 30 * east, TOP - 30 * north)
        for north, south, west, east in ((20, 60, 30, 90), (80, 120, 10, 50))
    ]
    pyogrio.write_dataframe(gpd.GeoDataFrame(geometry=outlines, crs=32646), folder / "truth.shp")
    project = {
        "name": "small",
        "output": "out",
        "scenes": [{"id": "1988", "path": "stack.tif", "truth": "truth.shp"}],
        "samples": {"tile": 32},
        "bands": list(BANDS),
        "split": "paper",
        "methods": ["band_ratio"],
    }
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump(project))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a study that is done."""
    folder = tmp_path_factory.mktemp("study")
    write_study(folder)
    carried_out(folder)
    return folder


@pytest.fixture
def folder(finished: Path) -> Iterator[Path]:
    """Return the folder, and bring the study in it up to date, with what was given at first, after the test."""
    kept = {each: each.read_bytes() for each in finished.iterdir() if each.is_file()}
    yield finished
    for each, content in kept.items():
        if each.read_bytes() != content:
            each.write_bytes(content)
    carried_out(finished)


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """Give what the log says of the steps that are done."""
    with caplog.at_level(logging.INFO, logger="trimline"):
        yield caplog.messages


def carried_out(folder: Path) -> Study:
    """Bring the scores and maps of a study up to date."""
    study = Study(load_project(folder / "study.yaml"))
    for stage in ("evaluate", "map"):
        study.bring_up(stage)
    return study


def again(study: Study) -> set[str]:
    """Return the stages and steps that were done again."""
    return {step for step, done in study.ledger.steps.items() if not done.skipped}


def test_a_study_that_is_done_is_not_done_again(folder: Path) -> None:
    before = sha256(folder / "out")
    assert not again(carried_out(folder))
    assert sha256(folder / "out") == before


def test_an_offset_in_a_sidecar_is_seen_and_named(folder: Path, said: Callable[[], list[str]], caplog: Any) -> None:
    (folder / "stack.json").write_text(json.dumps(SIDECAR | {"offset": -1000}))
    assert again(carried_out(folder)) >= {"samples", "map/1988", "map"}
    assert "samples: starting again: inputs changed: scenes.1988.identity" in caplog.messages


def test_the_crs_beside_a_shapefile_is_seen_and_named(folder: Path, said: Any, caplog: Any) -> None:
    prj = folder / "truth.prj"
    prj.write_text(prj.read_text().replace("_46N", "_46n"))
    run_study(load_project(folder / "study.yaml"), until="samples")
    assert any(each.startswith("samples: starting again: inputs changed: truths.") for each in caplog.messages)


def test_a_retrained_network_is_what_all_later_stages_use_and_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import trimline.training

    train = trimline.training.train
    weights = folder / "out/training/band_ratio/weights.safetensors"
    old = carried_out(folder)

    def differently(*given: Any, **named: Any) -> Path:
        written = train(*given, **named)
        network, known = load_network(written)
        return save_weights(written, network, known.model_copy(update={"threshold": known.threshold / 2}))

    weights.unlink()
    with monkeypatch.context() as patched:
        patched.setattr(trimline.training, "train", differently)
        new = carried_out(folder)
    told = new.done["train"].result["training"]["band_ratio"]["sha256"]
    assert told == sha256(weights) != old.done["train"].result["training"]["band_ratio"]["sha256"]
    assert again(new) >= {"train/band_ratio", "train", "evaluate", "map/1988", "map"}
    with rasterio.open(folder / "out/maps/band_ratio/1988/mask.tif") as mask:
        assert mask.tags()["TRIMLINE_WEIGHTS_SHA256"] == told
    weights.unlink()


def test_weights_that_come_out_the_same_make_nothing_else_again(folder: Path) -> None:
    (folder / "out/training/band_ratio/weights.safetensors").unlink()
    study = carried_out(folder)
    assert again(study) == {"train/band_ratio", "train"}


def test_emptied_records_are_said_and_the_study_is_as_before(folder: Path, caplog: Any) -> None:
    before = sha256(folder / "out/maps")
    for each in (folder / "out/stages").rglob("*.json"):
        each.write_text("")
    with caplog.at_level(logging.INFO, logger="trimline"):
        carried_out(folder)
    for step in ("samples", "train/band_ratio", "map/1988"):
        assert f"{step}: starting again: its record is damaged" in caplog.messages
    assert sha256(folder / "out/maps") == before


@pytest.mark.parametrize("size", [None, 0, 100], ids=["deleted", "emptied", "truncated"])
def test_a_damaged_mask_is_made_again(folder: Path, caplog: Any, size: int | None) -> None:
    mask = folder / "out/maps/band_ratio/1988/mask.tif"
    whole = mask.read_bytes()
    mask.unlink() if size is None else os.truncate(mask, size)
    with caplog.at_level(logging.INFO, logger="trimline"):
        study = carried_out(folder)
    what = "deleted" if size is None else "changed"
    assert f"map/1988: starting again: maps/band_ratio/1988/mask.tif {what}" in caplog.messages
    assert mask.read_bytes() == whole
    assert again(study) == {"map/1988", "map"}


def test_a_corrupted_store_of_samples_is_made_again(folder: Path, caplog: Any) -> None:
    store = folder / "out/samples"
    before = sha256(store)
    chunk = max(each for each in store.rglob("*") if "/c/" in each.as_posix() and each.is_file())
    chunk.write_bytes(bytes(len(chunk.read_bytes())))
    with caplog.at_level(logging.INFO, logger="trimline"):
        study = carried_out(folder)
    assert any(each.startswith("samples: starting again: samples/tiles.zarr/") for each in caplog.messages)
    assert sha256(store) == before
    assert len(SampleStore(store).load("train"))
    assert again(study) == {"samples"}, "the same samples train no network again"


def test_two_runs_of_a_project_do_not_work_at_once(folder: Path) -> None:
    project = load_project(folder / "study.yaml")
    with only_run(project.output), pytest.raises(StageError, match=rf"out: another run \(process {os.getpid()} on "):
        run_study(project, until="samples", wait_s=0)


# A compressed archive, in several processes

MAP_AND_DIE = """
import os, signal, sys
from pathlib import Path
from trimline.mapping import MapOptions, map_scene
from trimline.mapping.journal import Journal
from trimline.scenes import open_scene
from trimline.inference import load_weights
append = Journal.append
def dying(self, *given, **named):
    append(self, *given, **named)
    os.kill(os.getpid(), signal.SIGKILL)
Journal.append = dying
archive, weights, folder = map(Path, sys.argv[1:])
model = load_weights(weights, engine="openvino", precision="fp32")
map_scene(open_scene(archive), model, folder, options=MapOptions(window=64))
"""
OPEN_AND_END = """
import pathlib, pickle, sys
from trimline.scenes import open_scene
scene = open_scene(sys.argv[1])
scene.read(["red"])
pathlib.Path(sys.argv[2]).write_bytes(pickle.dumps(scene))
"""


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a simulated Landsat product as a compressed archive."""
    folder = tmp_path_factory.mktemp("range")
    look = {"date": "1988-08-20", "sensor": "landsat-5-tm"}
    write_range(SimulatedRange(name="range", size=192, seed=7, scenes=[look]), folder, progress=False)
    (product,) = folder.glob("LT05_*")
    path = folder / f"{product.name}.tar.gz"
    with tarfile.open(path, "w:gz") as packed:
        for each in sorted(product.iterdir()):
            packed.add(each, arcname=each.name)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    inputs = Inputs(bands=("red", "swir1"), units="reflectance")
    metadata = ModelMetadata(network="band_ratio", arguments={}, inputs=inputs)
    return save_weights(tmp_path_factory.mktemp("weights") / "ratio.safetensors", build("band_ratio", 2), metadata)


def in_another_process(program: str, *given: Path) -> int:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-c", program, *map(str, given)], env=environment, check=False).returncode


def test_a_map_of_a_compressed_archive_goes_on_after_its_process_was_killed(
    archive: Path, weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert in_another_process(MAP_AND_DIE, archive, weights, tmp_path / "killed") == -signal.SIGKILL
    scene, model = open_scene(archive), load_weights(weights, engine="openvino", precision="fp32")
    whole = map_scene(scene, model, tmp_path / "whole", options=MapOptions(window=64))
    with caplog.at_level(logging.INFO, logger="trimline"):
        resumed = map_scene(scene, model, tmp_path / "killed", options=MapOptions(window=64))
    assert [each for each in caplog.messages if "going on after row" in each]
    for name in ("probability", "mask", "outlines"):
        assert getattr(resumed, name).read_bytes() == getattr(whole, name).read_bytes()
    assert len(read_outlines(resumed.outlines))


def test_a_scene_in_a_compressed_archive_outlives_the_process_that_opened_it(archive: Path, tmp_path: Path) -> None:
    given = tmp_path / "scene.pickle"
    assert in_another_process(OPEN_AND_END, archive, given) == 0
    scene = pickle.loads(given.read_bytes())  # noqa: S301 - our own
    np.testing.assert_array_equal(scene.read(["red"]), open_scene(archive).read(["red"]))
