"""A study that is disturbed says what happened, leaves nothing damaged, and ends in the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.faults.injections import injected, small_disk
from tests.faults.study import write_study

from trimline.project import load_project

SEED = 20261129
QUICK = ("samples", "train", "map", "timeline")
"""Stages whose faults are tried in the ordinary suite: they write rasters, vectors, tables, weights and Zarr."""
UNTAUGHT = {"methods": ["band_ratio"], "experiments": [], "thresholds": None, "map": {"window": 64}}
"""Changes of the study by which no network is trained."""


def test_injected_faults_change_no_byte(tmp_path: Path) -> None:
    counts = injected(tmp_path, count=30, seed=SEED, stages=QUICK, changes=UNTAUGHT)
    print(counts)  # noqa: T201 - the counts are what the tool is for
    assert counts.wrong == []
    assert sum(counts.tried.values()) >= 28, "few stages have nothing to damage"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [SEED, SEED + 1])
def test_many_injected_faults_change_no_byte(tmp_path: Path, seed: int) -> None:
    counts = injected(tmp_path, count=150, seed=seed)
    print(counts)  # noqa: T201
    assert counts.wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("disk", ["tmpfs", "ext4"])
def test_a_full_disk_leaves_no_damaged_file_in_any_stage(tmp_path: Path, disk: str) -> None:
    (tmp_path / "probe").mkdir()
    with small_disk(disk, tmp_path / "probe") as place:
        if place is None:
            pytest.skip(f"this user cannot mount {disk}, or has no tools for it")
    counts = injected(tmp_path, count=200, seed=SEED, kinds=("full",), disk=disk)
    print(counts)  # noqa: T201
    assert counts.wrong == []


@pytest.mark.slow
def test_a_read_only_disk_is_said_in_every_stage(tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    with small_disk("tmpfs", tmp_path / "probe") as place:
        if place is None:
            pytest.skip("this user cannot mount a disk")
    counts = injected(tmp_path, count=60, seed=SEED, kinds=("readonly",))
    print(counts)  # noqa: T201
    assert counts.wrong == []


def test_the_study_reaches_every_stage(tmp_path: Path) -> None:
    project = load_project(write_study(tmp_path))
    assert project.learns
    assert project.thresholds
    assert project.experiments
    assert project.periods
    assert project.dem is not None
