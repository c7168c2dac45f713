"""The identity of a scene changes with all that decides its pixels, and is the same in another process."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimline.errors import ProductError
from trimline.scenes import Linear, Scene, open_scene, product_identity, scene_content

SIDECAR = {"sensor": "sentinel-2-msi", "bands": ["green", "red"], "scale": 1e-4, "offset": 0, "nodata": 0}


@pytest.fixture
def stack(make: Any) -> Path:
    path = make.stack("stack.tif", np.arange(800, dtype=np.uint16).reshape(2, 20, 20))
    path.with_suffix(".json").write_text(json.dumps(SIDECAR))
    return path


def in_another_process(scene: Scene, folder: Path) -> tuple[str, np.ndarray[Any, Any]]:
    """Return identity and red band of a scene as a process sees it that has a temporary folder of its own."""
    given, answer = folder / "scene.pickle", folder / "red.npy"
    (folder / "tmp").mkdir()
    given.write_bytes(pickle.dumps(scene))
    program = (
        "import pickle, sys, pathlib, numpy\n"
        "scene = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "numpy.save(sys.argv[2], scene.read(['red'])[0].to_numpy())\n"
        "print(scene.identity)\n"
    )
    command = [sys.executable, "-c", program, str(given), str(answer)]
    environment = os.environ | {"TMPDIR": str(folder / "tmp"), "PYTHONPATH": os.pathsep.join(sys.path)}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return said.stdout.strip(), np.load(answer)


@pytest.mark.parametrize(
    "change",
    [{"scale": 2e-4}, {"offset": -1000}, {"nodata": 7}, {"bands": ["red", "green"]}, {"sensor": "landsat-8-oli"}],
)
def test_what_the_sidecar_says_counts(stack: Path, change: dict[str, Any]) -> None:
    before = open_scene(stack).identity
    stack.with_suffix(".json").write_text(json.dumps(SIDECAR | change))
    assert open_scene(stack).identity != before


@pytest.mark.parametrize("given", [{"scale": 2e-4}, {"offset": -1000}, {"nodata": 7.0}, {"bands": ["red", "green"]}])
def test_what_the_caller_says_counts_and_the_name_of_the_scene_does_not(stack: Path, given: dict[str, Any]) -> None:
    assert open_scene(stack, **given).identity != open_scene(stack).identity
    assert open_scene(stack, id="other").identity == open_scene(stack).identity


def test_calibration_and_grid_of_a_scene_count_wherever_they_come_from(stack: Path) -> None:
    scene = open_scene(stack)
    red = replace(scene.assets["red"], calibration=Linear(1e-4, 0.1))
    assert replace(scene, assets={**scene.assets, "red": red}).identity != scene.identity
    assert replace(scene, geobox=scene.geobox[:10, :10]).identity != scene.identity


def test_every_band_and_quality_band_of_a_product_counts(make: Any) -> None:
    folder = make.product(qa_pixel=np.zeros((make.lines, make.samples), np.uint16))
    for band in (f"{make.Tiny().id}_B4.TIF", f"{make.Tiny().id}_QA_PIXEL.TIF"):
        before = open_scene(folder).identity
        os.utime(folder / band, ns=(1, 1))
        assert open_scene(folder).identity != before


def test_the_metadata_file_counts(make: Any) -> None:
    folder = make.product()
    before = open_scene(folder).identity
    (metadata,) = folder.glob("*_MTL.txt")
    metadata.write_text(metadata.read_text().replace("SUN_ELEVATION = 30.0", "SUN_ELEVATION = 31.0"))
    assert open_scene(folder).identity != before


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz"])
def test_an_archive_counts_by_itself_and_not_by_what_is_unpacked(make: Any, suffix: str) -> None:
    path = make.archive(suffix)
    scene = open_scene(path)
    before = scene.identity
    scene.read(["red", "nir"])
    assert scene.identity == open_scene(path).identity == before
    os.utime(path, ns=(1, 1))
    assert scene.identity != before


@pytest.mark.parametrize("suffix", ["", ".tar", ".tar.gz"])
def test_another_process_sees_the_same_scene(make: Any, suffix: str, tmp_path: Path) -> None:
    scene = open_scene(make.archive(suffix) if suffix else make.product())
    identity, red = in_another_process(scene, tmp_path)
    assert identity == scene.identity
    np.testing.assert_array_equal(red, scene.read(["red"])[0])


def test_a_file_that_is_gone_is_named(make: Any) -> None:
    folder = make.product()
    scene = open_scene(folder)
    (band,) = folder.glob("*_B4.TIF")
    band.unlink()
    with pytest.raises(ProductError, match=r"_B4\.TIF"):
        _ = scene.identity


def test_a_copy_elsewhere_has_the_same_content_and_another_identity(
    make: Any, pack: Callable[[Path, Path], Path]
) -> None:
    path = make.archive(".tar")
    copy = path.with_name("copy.tar")
    copy.write_bytes(path.read_bytes())
    one, other = open_scene(path), open_scene(copy)
    assert scene_content(one) == scene_content(other)
    assert one.identity != other.identity


def test_the_identity_of_a_product_covers_its_folder_and_its_sidecar(make: Any, stack: Path) -> None:
    before = product_identity(stack)
    stack.with_suffix(".json").write_text("{}")
    assert product_identity(stack) != before
    folder = make.product()
    (metadata,) = folder.glob("*_MTL.txt")
    before = product_identity(metadata)
    os.utime(next(folder.glob("*_B4.TIF")), ns=(1, 1))
    assert product_identity(metadata) != before
