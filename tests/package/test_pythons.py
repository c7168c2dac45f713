"""The wheel in every Python that the metadata name, where an interpreter is at hand."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from tests.package.conftest import Built
from tests.package.installed import REPOSITORY, UV, Installation, clean_environment, installed
from tests.package.scenes import check_outlines, scene_for

pytestmark = pytest.mark.slow

PYTHONS = ("3.11", "3.12", "3.13")
SUBSET = ("outlines", "glaciers", "scenes", "timeline")
"""Rooms whose unit tests are run in each, of reading, geometry and tables: those that need no PyTorch."""
TESTS_NEED = ("pytest", "hypothesis", "exactextract")
SUBSET_S = 1500


def interpreter(version: str) -> str:
    """Return an interpreter of a version, on the path or of pyenv; the test is skipped where there is none."""
    of_pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, shutil.which(f"python{version}"), *of_pyenv.glob(f"{version}.*/bin/python")]
    for each in candidates:
        code = "import sys; print('{}.{}'.format(*sys.version_info))"
        if each and subprocess.run([each, "-c", code], capture_output=True, text=True).stdout.strip() == version:
            return str(each)
    pytest.skip(f"no Python {version} on the path or in {of_pyenv}")


def test_the_metadata_name_the_pythons_that_are_tried() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    named = [each.rpartition(" :: ")[2] for each in project["classifiers"] if "Python :: 3." in each]
    assert tuple(named) == PYTHONS
    assert project["requires-python"] == f">={PYTHONS[0]}"


@pytest.fixture(scope="module", params=PYTHONS)
def in_python(request: pytest.FixtureRequest, built: Built, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Give the wheel in an environment of each Python."""
    python = interpreter(request.param)
    folder = tmp_path_factory.mktemp(f"python{request.param}") / "environment"
    return installed(built.wheel, folder, python=python)


def test_a_scene_becomes_outlines(in_python: Installation, tmp_path: Path) -> None:
    scene = scene_for(in_python, tmp_path)
    in_python.run("--quiet", "outline", scene.path, *scene.options, "--out", "out", cwd=tmp_path)
    check_outlines(tmp_path / "out/outlines.gpkg", scene)


def test_unit_tests_pass_with_it(in_python: Installation, tmp_path: Path) -> None:
    constraints = REPOSITORY / "constraints.txt"
    subprocess.run(
        [*UV, "pip", "install", "--python", in_python.python, "-c", constraints, *TESTS_NEED],
        env=clean_environment(),
        check=True,
    )
    rooms = [REPOSITORY / "tests/unit" / room for room in SUBSET]
    ran = subprocess.run(
        [in_python.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", tmp_path / "tests", *rooms],
        cwd=REPOSITORY,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=SUBSET_S,
    )
    assert ran.returncode == 0, ran.stdout[-4000:] + ran.stderr[-2000:]
    assert " passed" in ran.stdout
