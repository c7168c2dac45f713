"""The page of `trimline review` is made again when a package is built only where it has to be."""

from __future__ import annotations

import os
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def hook() -> ModuleType:
    pytest.importorskip("hatchling", reason="the hook is a plugin of hatchling, which builds packages")
    specification = spec_from_file_location("hatch_build", REPOSITORY / "hatch_build.py")
    assert specification is not None
    assert specification.loader is not None
    module = module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a repository whose page was made after its sources."""
    for number, name in enumerate(("web/src/map.ts", "web/tests/map.test.ts", "src/trimline/review/static/index.html")):
        file = tmp_path / name
        file.parent.mkdir(parents=True)
        file.touch()
        os.utime(file, (number, number))
    return tmp_path


def test_a_page_newer_than_its_sources_is_kept(hook: ModuleType, tree: Path) -> None:
    assert hook.is_current(tree)


def test_a_newer_source_makes_the_page_again(hook: ModuleType, tree: Path) -> None:
    os.utime(tree / "web/src/map.ts", (9, 9))
    assert not hook.is_current(tree)


def test_a_newer_test_of_the_page_does_not(hook: ModuleType, tree: Path) -> None:
    os.utime(tree / "web/tests/map.test.ts", (9, 9))
    assert hook.is_current(tree)


def test_the_page_of_an_sdist_is_kept_whatever_the_times_of_its_files(hook: ModuleType, tree: Path) -> None:
    (tree / "PKG-INFO").touch()
    os.utime(tree / "web/src/map.ts", (9, 9))
    assert hook.is_current(tree)


def test_an_sdist_without_a_page_has_none_to_keep(hook: ModuleType, tree: Path) -> None:
    (tree / "PKG-INFO").touch()
    (tree / "src/trimline/review/static/index.html").unlink()
    assert not hook.is_current(tree)
