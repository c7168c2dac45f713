"""Studies whose methods are not trained: judged where there is a truth, and mapped and measured without any."""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import rasterio
import yaml

import trimline
from trimline.errors import ProjectError, WeightsError
from trimline.evaluation import Confusion, Error
from trimline.files import sha256
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange, load_project
from trimline.simulate import write_range
from trimline.study import STAGES, run_study
from trimline.weights import shipped_weights

PERIODS = {"1986-1988": "1988-08-20", "2016-2018": "2018-08-23"}
RATIO = {"name": "index", "ratio": 1.7, "blue": 0.05}

STUDY: dict[str, Any] = {
    "name": "range",
    "output": "out",
    "authors": [{"name": "Chen, F."}],
    "license": "CC-BY-4.0",
    "periods": [{"name": name, "first": int(name[:4]), "last": int(name[5:])} for name in PERIODS],
    "scenes": [
        {"id": period, "path": f"range/L*_L1TP_139036_{date.replace('-', '')}_*", "date": date, "period": period}
        for period, date in PERIODS.items()
    ],
    "methods": [RATIO],
    "thresholds": [1.5, 2.0],
}

WITHOUT_PYTORCH = """
import os, sys
from trimline.cli import main
try:
    main()
finally:
    if "torch" in sys.modules:
        print("PyTorch was imported", file=sys.stderr)
        os._exit(99)
"""


@pytest.fixture(scope="module")
def range_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a simulated range that two satellites have looked at."""
    folder = tmp_path_factory.mktemp("products") / "range"
    looks = [
        {"date": date, "sensor": "landsat-5-tm" if date < "2010" else "landsat-8-oli", "snow": 0}
        for date in PERIODS.values()
    ]
    settings = {"name": "range", "size": 128, "seed": 7, "rise_m_per_a": 8, "scenes": looks}
    write_range(SimulatedRange.model_validate(settings), folder, progress=False)
    return folder


def study_file(folder: Path, products: Path, *, truth: bool = False, **changes: Any) -> Path:
    """Write a project beside a link to the products, its scenes with their true outlines or without."""
    if not (folder / "range").exists():
        (folder / "range").symlink_to(products)
    scenes = [
        {**each, "truth": f"range/outlines_{each['date'].replace('-', '')}.gpkg"} if truth else each
        for each in STUDY["scenes"]
    ]
    path = folder / "study.yaml"
    path.write_text(yaml.safe_dump({**STUDY, "scenes": scenes, **changes}))
    return path


def program(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_PYTORCH, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)


@pytest.fixture(scope="module")
def truthless(range_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return the folder of a study without any truth, run without PyTorch, and what its log said."""
    folder = tmp_path_factory.mktemp("truthless")
    done = program("run", study_file(folder, range_folder))
    assert done.returncode == 0, done.stdout + done.stderr
    return folder, done.stderr


def test_a_study_without_truth_says_what_it_leaves_out_and_why(truthless: tuple[Path, str]) -> None:
    folder, said = truthless
    rule = "red / swir1 > 1.7, blue > 0.05, opened and closed with 5 x 5 pixels"
    for line in (
        "samples: nothing to do, no method is trained",
        f"train/index: nothing to do, it is not trained: {rule}",
        "evaluate: nothing to do, no scene has a truth",
        "thresholds: nothing to do, no scene has a truth",
    ):
        assert line in said
    assert not (folder / "out" / "samples").exists()
    assert not (folder / "out" / "evaluation").exists()


def test_a_study_without_truth_maps_and_measures(truthless: tuple[Path, str]) -> None:
    output = truthless[0] / "out"
    areas = {}
    for period in PERIODS:
        areas[period] = read_outlines(output / "timeline" / period / "outlines.gpkg")["area_km2"].sum()
        with rasterio.open(output / "maps" / "index" / period / "mask.tif") as source:
            assert source.tags()["TRIMLINE_RULE"].startswith("red / swir1 > 1.7, blue > 0.05")
    assert areas["1986-1988"] > areas["2016-2018"] > 0
    totals = pd.read_csv(output / "change" / "totals.csv")
    region = totals[totals["level"] == "region"].set_index("period")["area_km2"]
    assert region.to_dict() == pytest.approx(areas, rel=1e-4)
    changes = pd.read_csv(output / "change" / "changes.csv")
    assert (changes.loc[changes["level"] == "region", "change_km2"] < 0).all()
    assert not (output / "change" / "truth.csv").exists()


def test_its_report_shows_no_score_and_its_areas(truthless: tuple[Path, str]) -> None:
    page = (truthless[0] / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "nothing was judged, since no scene has a truth" in page
    assert "red / swir1 &gt; 1.7" in page or "red / swir1 > 1.7" in page
    assert "F1 %" not in page
    assert "true km²" not in page
    assert "mapped change %" in page


def test_every_stage_goes_through_and_a_second_run_does_nothing(
    truthless: tuple[Path, str], caplog: pytest.LogCaptureFixture
) -> None:
    project = load_project(truthless[0] / "study.yaml")
    with caplog.at_level(logging.INFO, "trimline"):
        outcome = run_study(project).outcome()
        for only in STAGES:
            if only != "release":
                run_study(project, only=only)
    assert [each.getMessage() for each in caplog.records if "starting" in each.getMessage()] == []
    assert "methods" not in outcome
    assert set(outcome["dates"]) == set(PERIODS.values())
    assert outcome["training"]["index"]["trained"] is False


def test_its_release_names_the_rule(truthless: tuple[Path, str]) -> None:
    run_study(load_project(truthless[0] / "study.yaml"), until="release")
    (readme,) = (truthless[0] / "out" / "release").rglob("README.md")
    text = readme.read_text(encoding="utf-8")
    assert "red / swir1 > 1.7, blue > 0.05" in text
    assert "No scene of the study has a truth." in text
    assert "The method was not judged." in text


def test_a_network_cannot_be_trained_without_a_truth(range_folder: Path, tmp_path: Path) -> None:
    path = study_file(tmp_path, range_folder, methods=[RATIO, "unet"])
    with pytest.raises(ProjectError, match=r"no scene has a truth to train unet with[\s\S]*weights or a ratio"):
        run_study(load_project(path), until="map")


@pytest.fixture(scope="module")
def judged(range_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the project file of a study with a truth, whose two methods are not trained, done up to its report."""
    folder = tmp_path_factory.mktemp("judged")
    path = study_file(folder, range_folder, truth=True, methods=[{"weights": "default"}, RATIO], split="dates")
    done = program("run", path)
    assert done.returncode == 0, done.stderr
    return path


def test_scores_are_those_of_every_pixel_of_every_scene(judged: Path, range_folder: Path) -> None:
    outcome = run_study(load_project(judged)).outcome()
    assert set(outcome["methods"]) == {"default", "index"}
    pooled = Confusion()
    for entry in load_project(judged).scenes:
        scene = trimline.open_scene(entry.product)
        truth = trimline.rasterise(read_outlines(entry.truth_file), scene.geobox) == 1
        probability = trimline.predict(scene, trimline.ratio_model(1.7, blue=0.05)).to_numpy()
        of_scene = Confusion.from_masks(truth, probability >= 0.5, np.isfinite(probability))
        pooled += of_scene
        found = outcome["methods"]["index"]["scenes"][entry.id]
        assert found["f1"] == pytest.approx(of_scene.f1)
        assert outcome["methods"]["index"]["years"][entry.date[:4]] == found
    scores = outcome["methods"]["index"]
    assert scores["f1"] == pytest.approx(pooled.f1)
    assert scores["mean"]["f1"] == pytest.approx(np.mean([year["f1"] for year in scores["years"].values()]))
    table = pd.read_csv(judged.parent / "out" / "evaluation" / "scores.csv").set_index(["method", "scene"])
    assert table.loc[("index", "mean of years"), "area_bias"] == pytest.approx(scores["mean"]["area_bias"], rel=1e-5)


def test_thresholds_are_judged_on_the_scenes_where_nothing_is_trained(judged: Path) -> None:
    outcome = run_study(load_project(judged)).outcome()
    assert outcome["thresholds"]["judged_on"] == "scenes"
    best = max(outcome["thresholds"]["scores"], key=lambda row: row["f1"])
    assert outcome["thresholds"]["optimum"] == best["threshold"]
    page = (judged.parent / "out" / "report" / "index.html").read_text(encoding="utf-8")
    assert "No method was trained here" in page


def test_other_weights_or_another_threshold_are_judged_and_mapped_again(
    range_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from trimline.inference.torch_files import load_network, save_weights

    shutil.copyfile(shipped_weights(), tmp_path / "mine.onnx")
    methods = [{"weights": "mine.onnx"}, RATIO]
    path = study_file(tmp_path, range_folder, truth=True, methods=methods, thresholds=None)
    first = run_study(load_project(path), until="map").outcome()
    assert first["training"]["mine"]["sha256"] == sha256(tmp_path / "mine.onnx")

    def done_again() -> set[str]:
        """Return which scenes are mapped again."""
        caplog.clear()
        with caplog.at_level(logging.INFO, "trimline"):
            run_study(load_project(path), until="map")
        started = {each.getMessage().partition(":")[0] for each in caplog.records if "starting" in each.getMessage()}
        return {step for step in started if step.startswith("map/")}

    maps = {f"map/{period}" for period in PERIODS}
    assert done_again() == set()
    (tmp_path / "mine.onnx").unlink()
    network, metadata = load_network(shipped_weights())
    save_weights(tmp_path / "mine.safetensors", network, metadata.model_copy(update={"threshold": 0.9}))
    path = study_file(tmp_path, range_folder, truth=True, methods=[{"weights": "mine.safetensors"}, RATIO])
    assert done_again() == maps
    (tmp_path / "mine.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        run_study(load_project(path), until="train")
    path = study_file(tmp_path, range_folder, truth=True, methods=[{**RATIO, "ratio": 2.2}], thresholds=None)
    assert done_again() == maps
    (tmp_path / "mine.safetensors").unlink()


def test_trained_and_given_methods_are_judged_on_the_same_ground(range_folder: Path, tmp_path: Path) -> None:
    path = study_file(
        tmp_path,
        range_folder,
        truth=True,
        samples={"tile": 32},
        methods=["band_ratio", {"weights": "default"}, RATIO],
        experiments=[{"name": "untrained", "methods": ["index"]}],
    )
    outcome = run_study(load_project(path), until="experiments").outcome()

    def judged_pixels(folder: Path, method: str) -> int:
        counts = []
        for period in PERIODS:
            with rasterio.open(folder / "evaluation" / f"{period}_{method}.tif") as source:
                counts.append(int((source.read(1) != Error.UNKNOWN).sum()))
        return sum(counts)

    out = tmp_path / "out"
    counts = [judged_pixels(out, method) for method in outcome["methods"]]
    assert len(counts) == 3
    assert counts[0] == counts[2], "the same pixels, since both see the same clouds"
    for method, count in zip(outcome["methods"].values(), counts, strict=True):
        labelled = count / (1 - method["not_judged"])
        assert labelled == pytest.approx(counts[0] / (1 - outcome["methods"]["band_ratio"]["not_judged"]))
    whole = judged_pixels(out / "experiments" / "untrained", "index")
    assert whole > counts[0], "all ground, since nothing is trained there"
    rows = pd.read_csv(tmp_path / "out" / "accuracy" / "accuracy.csv").set_index(["experiment", "method"])
    assert np.isnan(rows.loc[("untrained", "index"), "parameters"])


def test_the_project_of_the_real_glacier_is_evaluated_without_training(trimline_data: Path, tmp_path: Path) -> None:
    """Glaciar Vinciguerra, three years, by the paper's usual ratio: what the documentation says it scores."""
    file = Path(__file__).resolve().parents[2] / "projects" / "vinciguerra-untrained.yaml"
    project = load_project(file, [f"output={tmp_path}", "methods=[{name: band_ratio, ratio: 2.0}]"])
    scores = run_study(project, until="evaluate").outcome()["methods"]["band_ratio"]
    assert set(scores["years"]) == {"2019", "2020", "2022"}
    assert scores["mean"]["f1"] == pytest.approx(0.721, abs=0.01)
    assert scores["mean"]["recall"] > 0.95
