"""The weights that come along: small, complete, honest about themselves, and better than guessing on a new range."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.evaluation import score_scene
from trimline.inference import load_weights, read_metadata
from trimline.mapping import map_scene
from trimline.outlines import rasterise, read_outlines
from trimline.project import SimulatedRange
from trimline.scenes import open_scene
from trimline.simulate import RangeManifest, write_range
from trimline.weights import shipped_weights


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    """Return a range of a seed that no project file names."""
    settings = SimulatedRange.model_validate(
        {"name": "unseen", "size": 192, "seed": 9001, "scenes": [{"date": "2019-08-23", "sensor": "landsat-8-oli"}]}
    )
    return write_range(settings, tmp_path_factory.mktemp("unseen"), progress=False)


def test_they_are_small_and_say_where_they_come_from() -> None:
    path = shipped_weights()
    assert path.stat().st_size <= 20e6
    metadata = read_metadata(path)
    assert metadata.inputs.bands == ("blue", "green", "red", "nir", "swir1", "swir2")
    assert metadata.outputs == ("shadow", "water", "ice", "land", "cloud")
    assert "ukis-csmask" in metadata.data["source"]
    assert metadata.bf16_iou is not None
    assert (path.parent / "LICENSE-ukis-csmask").read_text().lstrip().startswith("Apache License")
    card = (path.parent / "README.md").read_text(encoding="utf-8")
    for heading in (f"# {path.name}", "## Data", "## Scores", "## Precision", "## Limits", "## Licence"):
        assert heading in card
    assert f"**{metadata.bf16_iou:.4f}**" in card, "the card says what decides the precision"


def test_they_find_the_bare_ice_of_a_simulated_range_and_hardly_anything_else(
    unseen: RangeManifest, tmp_path: Path
) -> None:
    (record,) = unseen.scenes
    scene = open_scene(unseen.folder / record.product)
    written = map_scene(scene, load_weights(), tmp_path)
    mapped = rasterise(read_outlines(written.outlines), scene.geobox)
    truth = rasterise(read_outlines(unseen.folder / record.outlines), scene.geobox)
    counts = score_scene(truth, mapped, None, 30.0).confusion
    # The truth holds debris-covered ice and ice in deep shadow, which this network does not find.
    assert counts.precision > 0.97
    assert counts.f1 > 0.8


def test_bf16_maps_the_ice_of_single_precision(unseen: RangeManifest) -> None:
    scene = open_scene(unseen.folder / unseen.scenes[0].product)
    exact, rough = (load_weights(engine="openvino", precision=each) for each in ("fp32", "bf16"))
    image = scene.read(exact.bands, units=exact.units).to_numpy()[np.newaxis]
    slow, fast = (model.predict(image) >= model.threshold for model in (exact, rough))
    assert rough.arithmetic == "bf16"
    assert (fast & slow).sum() / (fast | slow).sum() >= 0.99
    assert load_weights(engine="openvino").arithmetic == "fp32", "its record says that bf16 moves outlines"


def test_pytorch_computes_them_too(unseen: RangeManifest) -> None:
    scene = open_scene(unseen.folder / unseen.scenes[0].product)
    here, there = (load_weights(engine=each, precision="fp32", device="cpu") for each in ("openvino", "torch"))
    image = scene.read(here.bands, units=here.units).to_numpy()[np.newaxis]
    np.testing.assert_allclose(here.predict(image), there.predict(image), rtol=0, atol=1e-5)


def test_outline_uses_them_where_none_are_given_and_says_so(unseen: RangeManifest, tmp_path: Path) -> None:
    product = str(unseen.folder / unseen.scenes[0].product)
    result = CliRunner().invoke(app, ["outline", product, "-o", str(tmp_path / "out"), "--json"])
    assert result.exit_code == 0, result.output
    said = json.loads(result.stdout)
    assert said["weights"] == str(shipped_weights())
    assert said["area_km2"] > 0
    assert "comes along" in result.stderr
