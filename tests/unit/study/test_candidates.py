"""Snow by which the scenes of a period are ordered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trimline.project import SceneEntry
from trimline.study import candidates
from trimline.study.candidates import candidates_of, off_glaciers

FLAGGED = {"a": 0.5, "b": 0.3}


@pytest.fixture
def entries(monkeypatch: pytest.MonkeyPatch) -> list[SceneEntry]:
    """Give two scenes whose quality bands are known."""
    monkeypatch.setattr(candidates, "cloud_and_snow", lambda scene: (0.0, FLAGGED[scene.id]))
    monkeypatch.setattr(candidates, "date_of", lambda entry, _: entry.date)
    return [SceneEntry(id=name, path=Path(f"{name}.tif"), date="2019-08-20", sensor="landsat-8-oli") for name in "ab"]


class _View:
    def __init__(self, name: str) -> None:
        self.scene: Any = type("Scene", (), {"id": name, "cloud_cover": None})()


VIEWS: Any = {name: _View(name) for name in "ab"}


def measured(a: float | None, b: float | None) -> dict[str, dict[str, Any]]:
    return {name: {"share": share, "reference": "inventory"} for name, share in zip("ab", (a, b), strict=True)}


def test_snow_off_the_glaciers_is_used_where_it_is_known_of_all(entries: list[SceneEntry]) -> None:
    found = candidates_of(entries, VIEWS, measured(0.1, 0.6))
    assert [(each.snow, each.snow_by) for each in found] == [(0.1, "inventory"), (0.6, "inventory")]
    assert [off_glaciers(each) for each in found] == [0.1, 0.6]


def test_shares_of_two_kinds_are_not_compared(entries: list[SceneEntry]) -> None:
    found = candidates_of(entries, VIEWS, measured(0.1, None))
    assert [(each.snow, each.snow_by) for each in found] == [(0.5, "flags"), (0.3, "flags")]
    assert np.isnan([off_glaciers(each) for each in found]).all()
