"""No package that users install forbids what the Apache License allows, and the page of licences lists all."""

from __future__ import annotations

import re
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest
from documentation.reference import licences

BUNDLED_COPYLEFT = {
    "GPL-3.0-or-later WITH GCC-exception-3.1",
    "LGPL-2.1-or-later",
    "LGPLv2.1",
    "FTL OR GPL-2.0-or-later",
}
"""Licences of libraries inside wheels that name the GPL: libraries linked dynamically, and those with an exception or a
choice."""


def forbids(licence: str) -> bool:
    """Whether every choice that a licence gives is the GPL or the AGPL, without an exception for those who link."""
    without_lesser = re.sub(r"LGPL|Lesser General Public License", "", licence, flags=re.IGNORECASE)
    choices = re.split(r" OR |, ", without_lesser)
    return all(re.search(r"GPL|General Public License", each) and "exception" not in each for each in choices)


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", False),
        ("GPL-3.0-or-later", True),
        ("AGPL-3.0-only AND MIT", True),
        ("GNU General Public License v3 (GPLv3)", True),
        ("GNU Affero General Public License v3", True),
        ("GNU Lesser General Public License v2 or later (LGPLv2+)", False),
        ("FTL OR GPL-2.0-or-later", False),
        ("GPL-3.0-or-later WITH GCC-exception-3.1", False),
    ],
)
def test_what_forbids_is_told_from_what_does_not(licence: str, expected: bool) -> None:
    assert forbids(licence) is expected


@pytest.mark.parametrize("extra", [None, "train", "aws"])
def test_nothing_that_users_install_is_under_the_gpl(extra: str | None) -> None:
    installed, missing = licences.needed([extra] if extra else [])
    assert missing == set()
    assert len(installed) > 40
    assert {
        name: each.metadata["License"] for name, each in installed.items() if forbids(licences.licence_of(each))
    } == {}


def test_every_package_of_the_bare_installation_states_its_licence() -> None:
    installed, _ = licences.needed()
    assert "trimline" not in installed
    assert [name for name, each in installed.items() if licences.licence_of(each) == licences.UNSTATED] == []


def test_libraries_inside_wheels_are_those_known() -> None:
    installed, _ = licences.needed()
    named = {licence for each in installed.values() for licence in licences.bundled_licences(each)}
    assert {each for each in named if "GPL" in each} <= BUNDLED_COPYLEFT


def test_the_bare_installation_is_what_pyproject_says_and_what_that_needs() -> None:
    installed, _ = licences.needed()
    assert {"rasterio", "starlette"} <= set(installed), "a dependency, and what another one needs"
    assert not {"torch", "botocore", "pytest"} & set(installed)
    assert {"torch", "zarr", "rasterio"} <= set(licences.needed(["train"])[0])


@pytest.mark.parametrize(
    ("metadata", "expected"),
    [
        ("License-Expression: MIT\nLicense: other", "MIT"),
        (
            "Classifier: License :: OSI Approved :: BSD License\nClassifier: License :: OSI Approved",
            "BSD License, OSI Approved",
        ),
        ("License: Apache-2.0", "Apache-2.0"),
        ("License: " + "a whole text " * 20, licences.UNSTATED),
        ("Summary: no word of it", licences.UNSTATED),
    ],
)
def test_the_licence_is_what_the_metadata_state(tmp_path: Path, metadata: str, expected: str) -> None:
    folder = tmp_path / "some-1.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.4\nName: some\nVersion: 1\n{metadata}\n")
    assert licences.licence_of(PathDistribution(folder)) == expected


def test_the_page_lists_packages_of_the_review_page_from_its_licences(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = "@x/half 3.9.3 (MIT)\n\nMIT License\n\nCopyright (c) 2017 Somebody\n\nol 10.11.0 (BSD-2-Clause)\n\nText\n"
    (tmp_path / "licences.txt").write_text(texts)
    monkeypatch.setattr(licences, "PAGE_LICENCES", tmp_path / "licences.txt")
    assert [(each.name, each.licence) for each in licences.page_packages()] == [
        ("@x/half", "MIT"),
        ("ol", "BSD-2-Clause"),
    ]
    page = licences.pages()["reference/licences.md"]
    for row in ("| ol | 10.11.0 | BSD-2-Clause |", "| rasterio |", "| torch |", "## The extra `aws` adds"):
        assert row in page
    monkeypatch.setattr(licences, "PAGE_LICENCES", tmp_path / "absent.txt")
    assert "The page was not built" in licences.pages()["reference/licences.md"]
