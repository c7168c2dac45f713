"""Outlines of one period that cannot be read: the others are shown, and the page is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.kinds.reviewed import EARLY, LATE, cell, draft, reviewed, reviewed_in
from tests.unit.review.test_saving import request

from trimline.errors import TrimlineError
from trimline.review.pictures.scene_pictures import surroundings_of
from trimline.review.review_desk import desk_of


def garbled(path: Path) -> None:
    path.write_bytes(b"garbage")


@pytest.mark.parametrize("damage", [garbled, Path.unlink])
def test_a_period_that_is_damaged_while_it_is_served_comes_back(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "review"
    desk = desk_of(reviewed(folder))
    desk.glaciers(LATE, order="area", state=None, limit=1, offset=0)
    before = desk.review()
    path = folder / LATE / "automatic.gpkg"
    content = path.read_bytes()
    damage(path)
    during = desk.review()
    assert [each.name for each in during.periods] == [EARLY]
    assert {each.period for each in during.layers} == {EARLY}
    assert [each for each in during.problems if f"{LATE} is not shown" in each]
    assert desk.changes(before.sequence, 0.0).is_reloaded
    drawn = draft("remove", "far", cell(5.2, 0.2, 0.2))
    assert desk.save(request(desk, drawn, period=EARLY)).edits
    with pytest.raises(TrimlineError):
        desk.glaciers(LATE, order="area", state=None, limit=1, offset=0)
    path.write_bytes(content)
    after = desk.review()
    assert [each.name for each in after.periods] == [EARLY, LATE]
    assert after.problems == ()
    assert desk.changes(during.sequence, 0.0).is_reloaded
    desk.close()


def test_a_review_begins_without_a_damaged_period_but_not_without_any(tmp_path: Path) -> None:
    folder = tmp_path / "review"
    garbled(reviewed(folder).periods[0].automatic)
    desk = desk_of(reviewed_in(folder))
    assert [each.name for each in desk.review().periods] == [LATE]
    assert surroundings_of(reviewed_in(folder)) is not None
    desk.close()
    garbled(reviewed_in(folder).periods[1].automatic)
    with pytest.raises(TrimlineError):
        desk_of(reviewed_in(folder))


def test_another_layer_that_is_damaged_is_told(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.gpkg"
    garbled(inventory)
    desk = desk_of(replace(reviewed(tmp_path / "review"), inventory=inventory))
    found = desk.review()
    assert len(found.periods) == 2
    assert [each for each in found.problems if each.startswith("inventory is not shown")]
    desk.close()
