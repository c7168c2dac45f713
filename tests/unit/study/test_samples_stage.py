"""A split whose scores flatter is warned of where samples are cut by it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trimline.project import Project
from trimline.study import samples_stage


@pytest.mark.parametrize("split", ["paper", "blocks"])
def test_the_random_split_of_the_papers_is_warned_of(
    tmp_path: Path, split: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    truth = tmp_path / "outlines.gpkg"
    truth.touch()
    scenes = [{"id": "a", "path": "a.tif", "truth": truth}]
    project = Project(name="p", output=tmp_path, scenes=scenes, methods=("band_ratio",), split={"by": split})
    monkeypatch.setattr(samples_stage, "cut_samples", lambda *_, **__: None)
    monkeypatch.setattr(samples_stage, "labelled_scene", lambda *_: None)
    monkeypatch.setattr(samples_stage, "truth_identities", lambda *_: {})
    monkeypatch.setattr(samples_stage, "SampleStore", lambda _: SimpleNamespace(summary=dict))
    ledger = SimpleNamespace(once=lambda _name, _inputs, _outputs, work, **_: work())
    study: Any = SimpleNamespace(project=project, source_of=lambda _: "digest", ledger=ledger)
    with caplog.at_level("WARNING", "trimline"):
        samples_stage.run(study)
    said = [record.getMessage() for record in caplog.records]
    assert (said == []) == (split == "blocks")
    assert all("copies" in each and "flatter every trained method" in each for each in said)
