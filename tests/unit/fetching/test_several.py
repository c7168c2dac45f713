"""Several scenes at a time: one that fails is told, the others come; a disk that fails ends all."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.fetching.conftest import Archived, region_of

from trimline.catalogues.candidate import RemoteAsset
from trimline.errors import DiskError, RemoteError
from trimline.fetching import Fetched, Request, Task, Watch, fetch_scenes
from trimline.remote import Transport

REGION = region_of(9000, 9000, 3000, 2000)


def tasks_of(archived: Archived, folder: Path, names: str, transport: Transport, lost: str = "") -> list[Task]:
    """Return tasks for the same scene under several names; one of them names a band that is not there."""
    nothing = RemoteAsset("nir", str(archived.folder / "nothing.TIF"), "nothing.TIF")
    broken = replace(archived.candidate, bands={**archived.candidate.bands, "nir": nothing})
    return [
        Task(
            name,
            Request.of(
                broken if name == lost else archived.candidate, REGION, margin_m=0, bands=("green", "nir", "swir1")
            ),
            folder / name,
            transport,
        )
        for name in names
    ]


def test_scene_that_cannot_be_fetched_comes_with_its_error_and_the_others_with_their_product(
    landsat: Archived, tmp_path: Path
) -> None:
    with Transport() as transport:
        found = {
            task.name: outcome for task, outcome in fetch_scenes(tasks_of(landsat, tmp_path, "abcd", transport, "b"))
        }
    assert set(found) == set("abcd")
    assert isinstance(found["b"], RemoteError)
    assert "band nir" in str(found["b"])
    assert all(isinstance(found[name], Fetched) for name in "acd")
    assert {path.name for path in tmp_path.iterdir() if not path.name.startswith(".")} == set("acd")


def test_full_disk_ends_all(landsat: Archived, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=100_000)
    monkeypatch.setattr("trimline.fetching.scene.shutil.disk_usage", lambda _: usage)
    with Transport() as transport, pytest.raises(DiskError):
        list(fetch_scenes(tasks_of(landsat, tmp_path, "abc", transport)))


def test_what_is_fetched_when_the_caller_stops_is_kept(landsat: Archived, tmp_path: Path) -> None:
    with Transport() as transport:
        coming = fetch_scenes(tasks_of(landsat, tmp_path, "abc", transport), at_once=1)
        first, _ = next(coming)
        coming.close()
    assert (tmp_path / first.name).is_dir()
    planned: list[int] = []
    with Transport() as transport:
        rest = fetch_scenes(tasks_of(landsat, tmp_path, "abc", transport), Watch(planned=planned.append))
        outcomes = {task.name: outcome for task, outcome in rest}
    assert all(isinstance(each, Fetched) for each in outcomes.values())
    again = outcomes[first.name]
    assert isinstance(again, Fetched)
    assert not again.is_new


def test_no_scene_takes_no_time() -> None:
    assert list(fetch_scenes([])) == []
