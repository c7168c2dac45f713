"""A whole small study: every stage runs, says what it found, and does nothing when its inputs did not change."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import yaml
from typer.testing import CliRunner

from trimline.cli.app import app
from trimline.errors import ProjectError
from trimline.evaluation import Error, is_mapped
from trimline.files import sha256
from trimline.project import load_project
from trimline.study import run_study

SCORES = {"f1", "iou", "precision", "recall", "kappa", "oa", "area_bias", "boundary_m"}

SMALL: dict[str, Any] = {
    "name": "small",
    "output": "out",
    "seed": 3,
    "simulate": [
        {
            "name": "range",
            "size": 192,
            "seed": 7,
            "first_year": 1988,
            "rise_m_per_a": 8,
            "scenes": [
                {"date": "1988-08-20", "sensor": "landsat-5-tm"},
                {"date": "2018-08-23", "sensor": "landsat-8-oli"},
            ],
        }
    ],
    "scenes": [
        {
            "id": "1988",
            "path": "${output}/simulated/range/LT05_L1TP_139036_19880820_20200917_02_T1",
            "truth": "${output}/simulated/range/outlines_19880820.gpkg",
        },
        {
            "id": "2018",
            "path": "${output}/simulated/range/LC08_L1TP_139036_20180823_20200917_02_T1",
            "truth": "${output}/simulated/range/outlines_20180823.gpkg",
        },
    ],
    "samples": {"tile": 32},
    "methods": [
        {
            "network": "unet",
            "arguments": {"widths": [4, 8, 16]},
            "recipe": {"base": "strong", "epochs": 2, "precision": "fp32"},
        },
        "band_ratio",
    ],
}


def project_file(folder: Path, **changes: Any) -> Path:
    path = folder / "small.yaml"
    path.write_text(yaml.safe_dump(SMALL | changes))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished study."""
    folder = tmp_path_factory.mktemp("study")
    run_study(load_project(project_file(folder)))
    return folder


def test_a_study_leaves_what_every_stage_promises(folder: Path) -> None:
    output = folder / "out"
    for expected in (
        "simulated/range/truth.json",
        "samples/index.parquet",
        "samples/tiles.zarr/zarr.json",
        "training/unet/weights.safetensors",
        "training/band_ratio/thresholds.csv",
        "evaluation/scores.csv",
        "evaluation/1988_unet.tif",
        "evaluation/1988.png",
        "maps/unet/1988/probability.tif",
        "maps/unet/2018/mask.tif",
        "maps/unet/2018/outlines.gpkg",
        "report/index.html",
    ):
        assert (output / expected).exists(), expected
    assert not [each for each in output.rglob(".*") if each.is_file()], "no temporary file is left"


def test_the_result_has_the_published_shape(folder: Path) -> None:
    outcome = run_study(load_project(folder / "small.yaml")).outcome()
    assert set(outcome["methods"]) == {"unet", "band_ratio"}
    for scores in outcome["methods"].values():
        assert set(scores) >= SCORES | {"scenes"}
        assert set(scores["scenes"]) == {"1988", "2018"}
        assert all(set(of_scene) >= SCORES for of_scene in scores["scenes"].values())
    assert set(outcome["dates"]) == {"1988-08-20", "2018-08-23"}
    truth = json.loads((folder / "out/simulated/range/truth.json").read_text())
    for record in truth["scenes"]:
        assert outcome["dates"][record["date"]]["area_true_km2"] == pytest.approx(record["area_km2"], rel=1e-6)
    assert outcome["methods"]["band_ratio"]["f1"] > 0.8, "clean ice is found without training"


def test_a_second_run_does_nothing_and_changes_no_byte(folder: Path) -> None:
    before = sha256(folder / "out")
    study = run_study(load_project(folder / "small.yaml"))
    assert all(done.skipped for done in study.done.values())
    assert sha256(folder / "out") == before


def test_what_evaluate_scores_is_what_map_writes(folder: Path) -> None:
    """The same pixels, by the same screen, engine and precision: one map, told twice."""
    for date in ("1988", "2018"):
        with rasterio.open(folder / f"out/evaluation/{date}_unet.tif") as scored:
            classes = scored.read(1)
        with rasterio.open(folder / f"out/maps/unet/{date}/mask.tif") as mapped:
            mask = mapped.read(1)
        judged = classes != Error.UNKNOWN
        assert judged.any()
        assert np.array_equal(is_mapped(classes)[judged], mask[judged] == 1)


def test_only_what_stands_on_a_changed_key_is_done_again(folder: Path) -> None:
    changed = load_project(folder / "small.yaml", ["map.minimum_area_km2=0.02"])
    study = run_study(changed)
    done_again = {name for name, done in study.done.items() if not done.skipped}
    assert done_again == {"map", "report"}
    run_study(load_project(folder / "small.yaml"))


def test_the_same_seed_gives_the_same_weights_and_outlines_elsewhere(folder: Path, tmp_path: Path) -> None:
    run_study(load_project(project_file(tmp_path)), until="map")
    for name in ("maps/unet/2018/mask.tif", "maps/unet/2018/outlines.gpkg", "samples/tiles.zarr"):
        assert sha256(tmp_path / "out" / name) == sha256(folder / "out" / name), name
    from trimline.inference.torch_files import load_network

    one, other = (load_network(f / "out/training/unet/weights.safetensors")[0] for f in (folder, tmp_path))
    states = one.state_dict(), other.state_dict()
    assert all((states[0][key] == states[1][key]).all() for key in states[0])


def test_scenes_are_found_by_id_date_and_path_row(folder: Path) -> None:
    for name in ("1988", "1988-08-20"):
        study = run_study(load_project(folder / "small.yaml", [f"evaluate.scenes=['{name}']"]), until="evaluate")
        assert set(study.done["evaluate"].result["methods"]["unet"]["scenes"]) == {"1988"}
    with pytest.raises(ProjectError, match="1999"):
        run_study(load_project(folder / "small.yaml", ["evaluate.scenes=[1999]"]), until="evaluate")
    run_study(load_project(folder / "small.yaml"))


def test_a_split_by_dates_trains_on_the_other_dates(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "simulated").symlink_to(folder / "out" / "simulated")
    overrides = ["simulate=[]", "split=dates", "evaluate.scenes=[2018]", "methods=[band_ratio]"]
    study = run_study(load_project(project_file(tmp_path), overrides), until="evaluate")
    summary = study.done["samples"].result["samples"]
    assert summary["train"]["scenes"] == 1
    assert set(study.outcome()["methods"]["band_ratio"]["scenes"]) == {"2018"}


def test_the_papers_split_is_judged_tile_by_tile(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "simulated").symlink_to(folder / "out" / "simulated")
    overrides = ["simulate=[]", "split=paper", "methods=[band_ratio]"]
    study = run_study(load_project(project_file(tmp_path), overrides), until="evaluate")
    assert study.outcome()["methods"]["band_ratio"]["f1"] > 0.8


def test_samples_can_be_used_by_torchgeos_trainers(folder: Path) -> None:
    import torch
    from torch.utils.data import DataLoader

    from trimline.samples import SampleStore
    from trimline.training.dataset import TileDataset

    batch = next(iter(DataLoader(TileDataset(SampleStore(folder / "out/samples"), "train"), batch_size=3)))
    assert batch["image"].shape == (3, 6, 32, 32)
    assert batch["image"].dtype == torch.float32
    assert batch["mask"].dtype == torch.int64
    assert batch["bounds"].shape == (3, 4)
    assert batch["crs"][0] == "EPSG:32646"


def test_one_label_serves_every_date_of_a_place(tmp_path: Path, folder: Path) -> None:
    import geopandas as gpd

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "simulated").symlink_to(folder / "out" / "simulated")
    scenes = [{key: value for key, value in scene.items() if key != "truth"} for scene in SMALL["scenes"]]
    inventory = "${output}/simulated/range/outlines_19880820.gpkg"
    path = project_file(tmp_path, scenes=scenes, simulate=[], inventory=inventory)
    run_study(load_project(path), until="samples")
    index = gpd.read_parquet(tmp_path / "out/samples/index.parquet")
    assert index["mask"].nunique() == len(index[["row", "column"]].drop_duplicates()) < index["image"].nunique()


def test_experiments_are_tabled_beside_the_studys_own_scores(tmp_path: Path, folder: Path) -> None:
    import pandas as pd

    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "simulated").symlink_to(folder / "out" / "simulated")
    path = project_file(
        tmp_path,
        simulate=[],
        methods=[
            {"name": "ratio", "network": "band_ratio"},
            {"name": "paper", "network": "band_ratio", "recipe": "paper"},
        ],
        thresholds=[1.5, 2.5, 3.5],
        quick={"thresholds": [2.0]},
        experiments=[
            {"name": "random", "split": "paper"},
            {
                "name": "dates",
                "title": "Another date",
                "split": "dates",
                "evaluate": {"groups": {"late": ["2018"]}},
                "methods": ["ratio"],
            },
        ],
    )
    study = run_study(load_project(path))
    outcome = study.outcome()
    assert set(outcome["experiments"]) == {"random", "dates"}
    late = outcome["experiments"]["dates"]["ratio"]
    assert late["groups"]["late"]["f1"] == late["scenes"]["2018"]["f1"] == late["f1"]
    table = pd.read_csv(tmp_path / "out/accuracy/accuracy.csv", keep_default_na=False)
    assert list(table["experiment"]) == ["Split by ground"] * 2 + ["random"] * 2 + ["Another date"]
    assert list(table["group"]) == ["", "", "", "", "late"]
    assert (table["parameters"] == 1).all()
    assert table["f1"].iloc[-1] == pytest.approx(late["f1"], rel=1e-5)
    latex = (tmp_path / "out/accuracy/accuracy.tex").read_text()
    assert latex.count(r"\midrule") == 3
    assert r"\textbf{" in latex
    assert [row["threshold"] for row in outcome["thresholds"]["scores"]] == [1.5, 2.5, 3.5]
    thresholds = pd.read_csv(tmp_path / "out/thresholds/thresholds.csv")
    assert list(thresholds["threshold"][thresholds["optimum"] == 1]) == [outcome["thresholds"]["optimum"]]
    page = (tmp_path / "out/report/index.html").read_text()
    assert "What the random split flatters" in page
    assert "Another date: late" in page
    again = run_study(load_project(path))
    assert all(done.skipped for done in again.done.values())
    assert load_project(path, quick=True).thresholds == (2.0,)


def test_a_project_without_a_quick_form_says_so(folder: Path) -> None:
    with pytest.raises(ProjectError, match="no quick form"):
        load_project(folder / "small.yaml", quick=True)


def test_an_experiment_with_an_unknown_method_names_the_nearest(folder: Path) -> None:
    experiments = "experiments=[{name: odd, methods: [unett]}]"
    with pytest.raises(ProjectError, match="did you mean 'unet'"):
        run_study(load_project(folder / "small.yaml", [experiments]), until="experiments")


def test_the_command_line_prints_one_json_object(folder: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", str(folder / "small.yaml"), "--json"])
    assert result.exit_code == 0, result.output
    assert set(json.loads(result.stdout)["methods"]) == {"unet", "band_ratio"}


def test_the_report_carries_every_picture_and_names_its_sources(folder: Path) -> None:
    page = (folder / "out/report/index.html").read_text()
    assert page.count("data:image/png") == 5, "areas, two scenes with their errors, two maps of outlines"
    assert "sha256" in page
    assert "transfer in space" in page
