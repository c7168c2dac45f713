"""What the page asks for first is made before it is asked for."""

from __future__ import annotations

import pytest
from tests.unit.review.desks import PERIOD, MemoryDesk

from trimline.errors import TrimlineError
from trimline.review.first_view import prepare_first_view
from trimline.review.layers import tiles as tiles_module
from trimline.review.layers.tiles import Tiles
from trimline.review.live.snapshot import layer_id


def test_tiles_of_the_first_view_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    content = tiles_module.tile_content
    monkeypatch.setattr(tiles_module, "tile_content", lambda *of, **how: made.append(of[1]) or content(*of, **how))
    desk = MemoryDesk()
    tiles = Tiles(desk)
    prepare_first_view(desk, tiles).join(10)
    assert len(made) == 4
    tiles.tile(layer_id("outlines", PERIOD), 1, 1, 0)
    assert len(made) == 4


def test_a_first_view_that_fails_leaves_the_page_to_tell() -> None:
    desk = MemoryDesk()
    desk.failing = TrimlineError("the outlines cannot be read")
    thread = prepare_first_view(desk, Tiles(desk))
    thread.join(10)
    assert not thread.is_alive()
