"""A study whose method starts from weights that exist, and trains them on."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from tests.integration.test_single_stages import PROJECT

from trimline.inference import read_metadata
from trimline.project import load_project
from trimline.study import run_study

FEW_STEPS = {"epochs": 1, "batches_per_epoch": 2, "batch_size": 2, "select": "last", "threshold": "half"}


@pytest.mark.parametrize(
    ("network", "first", "second"),
    [
        ("unet", {"arguments": {"widths": [4, 4, 4, 4, 4]}, "recipe": {**FEW_STEPS, "indices": []}}, FEW_STEPS),
        ("band_ratio", {}, {"indices": []}),
    ],
)
def test_a_method_that_starts_from_weights_has_their_network(
    tmp_path: Path, network: str, first: dict[str, object], second: dict[str, object]
) -> None:
    path = tmp_path / "study.yaml"
    study = {key: value for key, value in PROJECT.items() if key != "thresholds"}
    before = {"name": "before", "network": network, **first}
    path.write_text(yaml.safe_dump({**study, "methods": [before]}))
    run_study(load_project(path), until="train")
    start = "out/training/before/weights.safetensors"
    path.write_text(yaml.safe_dump({**study, "methods": [before, {"name": "on", "start": start, "recipe": second}]}))
    run_study(load_project(path), until="evaluate")
    tuned = read_metadata(tmp_path / "out/training/on/weights.safetensors")
    assert tuned.network == network
    assert tuned.data["start"]["file"] == "weights.safetensors"
    thresholds = tmp_path / "out/training/on/thresholds.csv"
    assert thresholds.is_file() == (network == "band_ratio")
    if network == "band_ratio":
        thresholds.unlink()
        run_study(load_project(path), until="train")
        assert thresholds.is_file(), "a search that lost its table is done again"
