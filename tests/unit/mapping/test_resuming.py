"""A map that was interrupted goes on with the rows of the same scene, and never with those of another."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from trimline.mapping import Within, map_scene
from trimline.mapping.journal import Journal
from trimline.scenes import Scene, open_scene


def opened(scene: Scene, *, name: str | None = None, **sidecar: Any) -> Scene:
    """Open the stack of a scene with a sidecar."""
    content = {"sensor": "landsat-5-tm", "scale": 1.0, "offset": 0.0} | sidecar
    scene.source.with_suffix(".json").write_text(json.dumps(content))
    return open_scene(scene.source, id=name)


def interrupted(scene: Scene, segmenter: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Map a scene until two of its strips are finished."""
    append, calls = Journal.append, []

    def stopping(self: Journal, *given: Any, **named: Any) -> None:
        append(self, *given, **named)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Journal, "append", stopping)
        map_scene(scene, segmenter, folder, window=64)


def goes_on(scene: Scene, segmenter: Any, folder: Path, caplog: pytest.LogCaptureFixture) -> bool:
    """Map a scene to its end, as if nothing was in its way, and return whether it went on where it was stopped."""
    undisturbed = map_scene(scene, segmenter, folder.with_name("undisturbed"), window=64)
    caplog.clear()
    with caplog.at_level("INFO", logger="trimline"):
        resumed = map_scene(scene, segmenter, folder, window=64)
    for name in ("probability", "mask", "outlines"):
        assert getattr(resumed, name).read_bytes() == getattr(undisturbed, name).read_bytes(), "rows of two scenes mix"
    return any("going on after row" in message for message in caplog.messages)


@pytest.mark.parametrize("change", [{"scale": 0.8}, {"offset": 0.1}, {"nodata": 0.5}])
def test_another_calibration_starts_the_map_anew(
    scene: Scene,
    segmenter: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    change: dict[str, float],
) -> None:
    interrupted(opened(scene), segmenter, tmp_path / "maps", monkeypatch)
    assert not goes_on(opened(scene, **change), segmenter, tmp_path / "maps", caplog)


def test_other_bands_start_the_map_anew(
    scene: Scene, segmenter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(opened(scene), segmenter, tmp_path / "maps", monkeypatch)
    assert not goes_on(opened(scene, bands=["swir1", "red"]), segmenter, tmp_path / "maps", caplog)


def test_the_same_scene_goes_on_also_under_another_name(
    scene: Scene, segmenter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    interrupted(opened(scene), segmenter, tmp_path / "maps", monkeypatch)
    assert goes_on(opened(scene, name="late-summer"), segmenter, tmp_path / "maps", caplog)


def test_an_elevation_model_is_known_by_its_file_and_by_what_lies_beside_it(scene: Scene) -> None:
    within = Within(dem=scene.source, minimum_elevation_m=0.0)
    before = within.digest
    scene.source.with_suffix(".tfw").write_text("30\n0\n0\n-30\n500000\n3500000\n")
    beside = within.digest
    os.utime(scene.source, ns=(1, 1))
    assert len({before, beside, within.digest}) == 3
