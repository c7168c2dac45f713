"""Projects, weights and samples."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from tests.kinds.kind import Kind


def _absent(folder: Path) -> list[str]:
    return ["run", "study.yaml"]


def _bomb(folder: Path) -> list[str]:
    lines = ["name: small", "a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    (folder / "study.yaml").write_text("\n".join(lines))
    return ["run", "study.yaml"]


def _twice(folder: Path) -> list[str]:
    (folder / "study.yaml").write_text("name: small\nseed: 1\noutput: out\nseed: 2\n")
    return ["run", "study.yaml"]


def _true(folder: Path) -> list[str]:
    (folder / "study.yaml").write_text("name: true\noutput: out\nscenes: [{id: a, path: a.tif}]\n")
    return ["run", "study.yaml"]


def _without_sensor(folder: Path) -> list[str]:
    with rasterio.open(
        folder / "a.tif", "w", driver="GTiff", count=2, height=8, width=8, dtype="float32", crs="EPSG:32646",
        transform=from_origin(500_010, 3_800_040, 30, 30),
    ) as target:  # fmt: skip
        target.write(np.full((2, 8, 8), 0.3, np.float32))
        target.descriptions = ("red", "swir1")
    (folder / "study.yaml").write_text(
        "name: small\noutput: out\nbands: [red, swir1]\nmethods: [{ratio: 2.0}]\n"
        "periods: [{name: 1990, first: 1990}]\nscenes: [{id: a, path: a.tif, date: 1990-08-01, period: 1990}]\n"
    )
    return ["run", "study.yaml"]


def _greedy_weights(folder: Path) -> list[str]:
    known = {"format": 1, "network": "unet", "inputs": {"bands": ["red"], "units": "dn"}, "tile": [10**9, 10**9]}
    header = json.dumps({"__metadata__": {"trimline": json.dumps(known)}}).encode()
    (folder / "weights.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (folder / "a.tif").touch()
    return ["outline", "a.tif", "--weights", "weights.safetensors"]


KINDS: tuple[Kind, ...] = (
    Kind(
        title="A project file that is not there",
        chapter="Projects, weights and samples",
        make=_absent,
        story="The path is wrong, or the working folder is another one.",
        message="study.yaml: cannot be read (No such file or directory)\ncheck the path of the project file",
    ),
    Kind(
        title="Aliases that stand for billions of values",
        chapter="Projects, weights and samples",
        make=_bomb,
        story="A few lines of YAML aliases can stand for more values than a machine holds. They are counted before any "
        "value is made.",
        message="study.yaml: stands for more than 50000 keys and values by its aliases (line 2)\nwrite the values out",
    ),
    Kind(
        title="A key that stands twice",
        chapter="Projects, weights and samples",
        make=_twice,
        story="Of two values for one key YAML readers take the last, and nobody knows which was meant.",
        message="study.yaml: has the key 'seed' twice (line 4)\nkeep one of them",
    ),
    Kind(
        title="A name that is a yes or no",
        chapter="Projects, weights and samples",
        make=_true,
        story="A glacier called `no` keeps its name, since project files are read by the rules of YAML 1.2. Only "
        "`true` and `false` are no names, because YAML writes them in several ways.",
        message="study.yaml: name: true is no name but a yes or no: put it in quotes\n"
        "correct the key; docs/project-file.md describes each",
    ),
    Kind(
        title="A stack whose sensor nobody says",
        chapter="Projects, weights and samples",
        make=_without_sensor,
        story="The error of an area follows from the sensor. What the last stages of a study need is asked for before "
        "the first begins.",
        message="scenes.a.sensor: the sensor of a.tif is not known, and the error of areas follows from it\n"
        "name it, as in sensor: landsat-5-tm; `trimline info` says what a product is",
    ),
    Kind(
        title="Weights that ask for too much",
        chapter="Projects, weights and samples",
        make=_greedy_weights,
        story="The file was changed, or is of another program. What its metadata ask for is bounded before a network "
        "is built.",
        message="weights.safetensors: the metadata of this weights file are damaged (tile.0: Input should be less "
        "than or equal to 8192)\ncopy it again from where it was trained, or train anew",
    ),
)
