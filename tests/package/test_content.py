"""What lies in the wheel and in the sdist."""

from __future__ import annotations

import hashlib
import tarfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.package.conftest import Built
from tests.package.installed import REPOSITORY

import trimline

pytestmark = pytest.mark.slow

MEGABYTE = 1_000_000
LARGEST_FILE = 10 * MEGABYTE
LARGEST_WEIGHTS = 20 * MEGABYTE
LARGEST_PACKAGE = 25 * MEGABYTE
"""The wheel had 16 MB and the sdist 19 MB when this was written, nearly all of it the weights."""
WEIGHTS = "weights/csmask.onnx"

IN_THE_WHEEL = (
    "trimline/py.typed",
    "trimline/review/static/index.html",
    "trimline/review/static/review.js",
    "trimline/review/static/review.css",
    "trimline/review/static/licences.txt",
    "trimline/projects/demo.yaml",
    "trimline/projects/vinciguerra.yaml",
    "trimline/weights/csmask.onnx",
    "trimline/weights/README.md",
    "trimline/weights/LICENSE-ukis-csmask",
    "trimline/report/templates/page.html",
    "trimline/simulate/spectra.json",
)
IN_THE_SDIST = (
    "PKG-INFO",
    "LICENSE",
    "README.md",
    "pyproject.toml",
    "hatch_build.py",
    "projects/demo.yaml",
    "src/trimline/review/static/index.html",
    "src/trimline/weights/LICENSE-ukis-csmask",
    "web/package-lock.json",
    "web/licences.mjs",
)
NEVER = ("node_modules/", "__pycache__", ".pyc", ".venv", ".git/", "/runs/", "/site/", "/dist/", ".ready")


@pytest.fixture(scope="module")
def wheel_files(built: Built) -> dict[str, int]:
    """Sizes of the files of the wheel [bytes]."""
    with ZipFile(built.wheel) as archive:
        return {each.filename: each.file_size for each in archive.infolist()}


@pytest.fixture(scope="module")
def sdist_files(built: Built) -> dict[str, int]:
    """Sizes of the files of the sdist [bytes], by their path below its folder."""
    with tarfile.open(built.sdist) as archive:
        return {each.name.partition("/")[2]: each.size for each in archive.getmembers() if each.isfile()}


@pytest.fixture(scope="module")
def metadata(built: Built) -> Message:
    with ZipFile(built.wheel) as archive:
        return Parser().parsestr(archive.read(f"trimline-{trimline.__version__}.dist-info/METADATA").decode())


def test_the_wheel_has_the_page_the_projects_the_weights_and_their_licences(wheel_files: dict[str, int]) -> None:
    assert set(IN_THE_WHEEL) <= set(wheel_files)
    licences = {name.partition("/licenses/")[2] for name in wheel_files if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "src/trimline/weights/LICENSE-ukis-csmask"}


def test_the_wheel_has_the_package_and_nothing_else(wheel_files: dict[str, int]) -> None:
    outside = {name for name in wheel_files if not name.startswith(("trimline/", "trimline-"))}
    assert outside == set()
    assert not [name for name in wheel_files if "tests" in Path(name).parts or name.endswith(".ts")]


def test_every_module_of_the_repository_is_in_the_wheel(wheel_files: dict[str, int]) -> None:
    sources = REPOSITORY / "src"
    modules = {path.relative_to(sources).as_posix() for path in sources.rglob("*.py")}
    assert len(modules) > 300
    assert modules == {name for name in wheel_files if name.endswith(".py")}


def test_the_sdist_has_what_builds_it_again(sdist_files: dict[str, int]) -> None:
    assert set(IN_THE_SDIST) <= set(sdist_files)
    assert any(name.startswith("tests/unit/") for name in sdist_files), "whoever packages it can test it"


@pytest.mark.parametrize("kind", ["wheel_files", "sdist_files"])
def test_nothing_is_in_it_that_was_made_on_the_way_and_nothing_is_large(
    kind: str, request: pytest.FixtureRequest
) -> None:
    files: dict[str, int] = request.getfixturevalue(kind)
    assert not [name for name in files if any(each in f"/{name}" for each in NEVER)]
    large = {name: size for name, size in files.items() if size > LARGEST_FILE}
    assert [name.endswith(WEIGHTS) for name in large] == [True]
    assert max(large.values()) <= LARGEST_WEIGHTS


def test_both_are_small_enough_to_download(built: Built) -> None:
    for file in (built.wheel, built.sdist):
        assert file.stat().st_size <= LARGEST_PACKAGE, file.name


def test_the_wheel_from_the_sdist_is_the_wheel_from_the_repository_to_the_byte(built: Built) -> None:
    assert built.wheel.name == built.direct.name == f"trimline-{trimline.__version__}-py3-none-any.whl"
    digests = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (built.wheel, built.direct)}
    assert len(digests) == 1


def test_the_metadata_say_what_is_known_and_invent_nothing(metadata: Message) -> None:
    assert metadata["Version"] == trimline.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["Description-Content-Type"] == "text/markdown"
    assert {"train", "aws"} <= set(metadata.get_all("Provides-Extra"))
    assert "torch" not in {line.partition(">")[0] for line in metadata.get_all("Requires-Dist") if "extra" not in line}
    for field in ("Home-page", "Project-URL", "Author", "Author-email", "Maintainer"):
        assert metadata[field] is None, "there is no public place yet, and nobody to write to"
