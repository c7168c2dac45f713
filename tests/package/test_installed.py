"""The wheel in empty environments, run in empty folders: without any extra, and with `train`."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
from tests.package.installed import Installation
from tests.package.scenes import check_outlines, scene_for
from tests.package.served import fetched, reviewed

import trimline as sources

pytestmark = pytest.mark.slow

LEARNING = {"torch", "torchvision", "lightning", "torchmetrics", "tensorboard", "onnx", "zarr"}
DEMO_S = 1500
"""How long the demo may take on two busy cores [s]; three minutes on quiet ones."""
COMMANDS = ("info", "outline", "run", "review", "change", "glaciers", "terminus", "search", "fetch", "export", "demo")


@pytest.fixture(params=["base", "train"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Give each environment in turn."""
    given: Installation = request.getfixturevalue(request.param)
    return given


def test_the_bare_installation_has_nothing_that_learns(base: Installation) -> None:
    assert LEARNING & set(base.packages()) == set()


def test_the_extra_brings_all_that_learns(train: Installation) -> None:
    assert set(train.packages()) >= LEARNING


def test_the_package_is_the_installed_one_and_says_its_version(installation: Installation, tmp_path: Path) -> None:
    where = installation.python_says("import trimline; print(trimline.__file__)", cwd=tmp_path)
    assert Path(where).is_relative_to(installation.folder)
    assert installation.packages()["trimline"] == sources.__version__
    assert installation.run("--version", cwd=tmp_path).stdout == f"trimline {sources.__version__}\n"


def test_help_names_the_commands(installation: Installation, tmp_path: Path) -> None:
    shown = installation.run("--help", cwd=tmp_path).stdout
    named = {line.split()[0] for line in shown.splitlines() if line.startswith("  ") and line.split()}
    assert set(COMMANDS) <= named
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_is_there(installation: Installation, tmp_path: Path) -> None:
    code = "import trimline; print(*[name for name in trimline.__all__ if getattr(trimline, name) is None])"
    assert installation.python_says(code, cwd=tmp_path) == ""


def test_a_scene_becomes_outlines_that_open_in_the_browser(installation: Installation, tmp_path: Path) -> None:
    scene = scene_for(installation, tmp_path)
    installation.run("--quiet", "outline", scene.path, *scene.options, "--out", "out", cwd=tmp_path)
    check_outlines(tmp_path / "out/outlines.gpkg", scene)
    with reviewed(installation, tmp_path / "out", tmp_path) as address:
        kind, page = fetched(address)
        assert kind == "text/html"
        assert b"review.js" in page
        root = address.partition("?")[0].rstrip("/")
        kind, program = fetched(f"{root}/review.js")
        assert "javascript" in kind
        assert len(program) > 100_000


def test_without_what_learns_the_demo_says_so_and_reports_all_the_same(base: Installation, tmp_path: Path) -> None:
    ran = base.run("demo", "--out", "demo", "--json", cwd=tmp_path, timeout_s=DEMO_S)
    assert 'pip install "trimline[train]"' in ran.stderr
    outcome = json.loads(ran.stdout)
    assert set(outcome["methods"]) == {"default", "band_ratio"}
    check_demo(tmp_path / "demo")


def test_the_demo_trains_maps_and_reports(train: Installation, tmp_path: Path) -> None:
    ran = train.run("demo", "--out", "demo", "--json", cwd=tmp_path, timeout_s=DEMO_S)
    assert "pip install" not in ran.stderr
    assert list((tmp_path / "demo/training").rglob("weights.safetensors"))
    check_demo(tmp_path / "demo")


def check_demo(folder: Path) -> None:
    """Check that the demo has its report, and in both years ice that is a quarter off the truth at most."""
    assert "1988" in (folder / "report/index.html").read_text("utf-8")
    for year, day in (("1988", "19880820"), ("2018", "20180823")):
        (mapped,) = (folder / "maps").glob(f"*/{year}/outlines.gpkg")
        drawn_m2, true_m2 = (
            gpd.read_file(file).area.sum() for file in (mapped, folder / f"simulated/range/outlines_{day}.gpkg")
        )
        assert abs(drawn_m2 / true_m2 - 1) < 0.25, year


def test_what_needs_the_extra_says_which_in_two_lines(base: Installation, tmp_path: Path) -> None:
    said = base.run("export", "weights.safetensors", "model.onnx", cwd=tmp_path, check=False)
    assert said.returncode == 2
    assert "needs torch" in said.stderr
    assert 'pip install "trimline[train]"' in said.stderr
    assert len(said.stderr.splitlines()) == 2
