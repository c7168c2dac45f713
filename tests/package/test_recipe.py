"""The conda recipe is one that rattler-build takes, and says what pyproject.toml says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from rattler_build import RattlerBuildError, Stage0Recipe

import trimline

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPE = REPOSITORY / "conda/recipe.yaml"
CONDA_NAMES = {"dask": "dask-core", "matplotlib": "matplotlib-base", "torch": "pytorch"}
"""Packages that conda-forge has under another name, or without what only desktops need."""


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    content = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))
    return {**content["project"], "build": content["build-system"]["requires"]}


@pytest.fixture(scope="module")
def recipe() -> dict[str, Any]:
    """Give the recipe as rattler-build renders it."""
    (rendered,) = Stage0Recipe.from_file(RECIPE).render()
    content: dict[str, Any] = rendered.recipe.to_dict()
    return content


def conda(requirements: list[str]) -> set[str]:
    """Return requirements of pip as those of conda."""
    parsed = [Requirement(each) for each in requirements]
    return {f"{CONDA_NAMES.get(each.name, each.name)} {each.specifier}".strip() for each in parsed}


def test_what_runs_it_is_what_pyproject_asks_for(project: dict[str, Any], recipe: dict[str, Any]) -> None:
    python = f"python {project['requires-python']}"
    assert set(recipe["requirements"]["run"]) == {python, *conda(project["dependencies"])}


def test_the_extras_of_users_are_constrained_as_in_pyproject(project: dict[str, Any], recipe: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    assert set(recipe["requirements"]["run_constraints"]) == conda([*extras["train"], *extras["aws"]])


def test_it_is_built_and_started_as_the_wheel_is(project: dict[str, Any], recipe: dict[str, Any]) -> None:
    assert set(recipe["requirements"]["host"]) == {"python 3.11.*", "pip", *conda(project["build"])}
    (name, place), *others = project["scripts"].items()
    assert not others
    assert recipe["build"]["python"]["entry_points"] == [f"{name} = {place}"]


def test_it_is_about_the_same_version(project: dict[str, Any], recipe: dict[str, Any]) -> None:
    assert recipe["package"] == {"name": project["name"], "version": trimline.__version__}
    assert recipe["source"] == [{"path": f"../dist/trimline-{trimline.__version__}.tar.gz"}]
    assert recipe["about"] == {
        "summary": project["description"],
        "license": project["license"],
        "license_file": project["license-files"],
    }


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("noarch: python", "noarch: pithon"),
        ("  number: 0", "  nubmer: 0"),
        ("rasterio >=1.4", "rasterio >=>1.4"),
        ("license: Apache-2.0", "license: Apache-two"),
    ],
)
def test_rattler_build_would_notice(tmp_path: Path, right: str, wrong: str) -> None:
    text = RECIPE.read_text("utf-8")
    assert right in text
    (tmp_path / "recipe.yaml").write_text(text.replace(right, wrong))
    with pytest.raises(RattlerBuildError):
        Stage0Recipe.from_file(tmp_path / "recipe.yaml").render()
