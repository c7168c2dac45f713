"""The wheel and the sdist, built once, and environments that hold nothing but the wheel."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest
from tests.package.installed import REPOSITORY, UV, Installation, clean_environment, installed

BUILD_S = 900
NO_NPM = """#!/bin/sh
echo "npm was called: the page is not there, or older than its sources (make web)" >&2
exit 1
"""


@dataclass(frozen=True)
class Built:
    """The files of one build."""

    wheel: Path
    """Built from the sdist, as whoever installs from it gets it."""
    sdist: Path
    direct: Path
    """The wheel built from the repository."""


def without_npm(folder: Path) -> Path:
    """Return a folder for the front of the path, in which npm is a program that fails."""
    npm = folder / "npm"
    npm.write_text(NO_NPM)
    npm.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Build the sdist, a wheel from it, and a wheel from the repository; none makes the page, which `make` has made."""
    both, alone = (tmp_path_factory.mktemp(name) for name in ("dist", "direct"))
    variables = clean_environment()
    variables["PATH"] = f"{without_npm(tmp_path_factory.mktemp('programs'))}{os.pathsep}{variables['PATH']}"
    for folder, options in ((both, ()), (alone, ("--wheel",))):
        subprocess.run(
            [*UV, "build", *options, "--out-dir", folder, REPOSITORY], env=variables, check=True, timeout=BUILD_S
        )
    return Built(*both.glob("*.whl"), *both.glob("*.tar.gz"), *alone.glob("*.whl"))


@pytest.fixture(scope="session")
def base(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Give the wheel without any extra, in an environment of its own."""
    folder = tmp_path_factory.mktemp("base") / "environment"
    yield installed(built.wheel, folder)
    rmtree(folder)


@pytest.fixture(scope="session")
def train(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Give the wheel with the extra `train`, in an environment of its own."""
    folder = tmp_path_factory.mktemp("train") / "environment"
    yield installed(built.wheel, folder, extra="train")
    rmtree(folder)
