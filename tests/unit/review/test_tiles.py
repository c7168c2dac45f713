"""Tiles hold what is in view, no gap opens between neighbours, and only what changed is made again."""

from __future__ import annotations

import gzip
import json
import time
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape
from tests.unit.review.desks import LAYER, MemoryDesk, snapshot_of, squares

from trimline.bench.big_inventory import simulate_inventory
from trimline.review.desk import NotThere
from trimline.review.layers.layer_shapes import LayerShapes
from trimline.review.layers.snapping import snapped
from trimline.review.layers.tiles import Tile, Tiles, tile_content


def features(tile: Tile) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(gzip.decompress(tile.packed))["features"]
    return found


def last_tile_at(desk: MemoryDesk, east: float, north: float) -> tuple[int, int, int]:
    """Return level, column and row of the tile of the last level that holds a point."""
    grid = desk.grid()
    side = grid.resolutions[-1] * grid.tile_size
    return len(grid.resolutions) - 1, int((east - grid.origin[0]) / side), int((grid.origin[1] - north) / side)


def test_every_outline_is_in_the_first_tile() -> None:
    found = features(Tiles(MemoryDesk()).tile(LAYER, 0, 0, 0))
    assert sorted(each["properties"]["glac_id"] for each in found) == [f"G{i}" for i in range(9)]
    assert {each["properties"]["state"] for each in found} == {"open"}


def test_the_last_level_has_outlines_as_they_are() -> None:
    curve = shapely.Point(1234.5678, 987.6543).buffer(30, quad_segs=40)
    desk = MemoryDesk(snapshot_of([curve, shapely.box(0, 0, 10, 10)]))
    tile = Tiles(desk).tile(LAYER, *last_tile_at(desk, 1234, 987))
    found = {each["id"]: shape(each["geometry"]) for each in features(tile)}
    assert shapely.hausdorff_distance(found["G0"], curve) < 0.001


def test_an_outline_is_cut_beyond_the_sides_of_its_tile() -> None:
    desk = MemoryDesk(snapshot_of([shapely.box(0, 0, 100_000, 100_000).segmentize(100)]))
    grid = desk.grid()
    found = features(Tiles(desk).tile(LAYER, *last_tile_at(desk, 50_000, 50_000)))
    side = grid.resolutions[-1] * grid.tile_size
    west, _, east, _ = shape(found[0]["geometry"]).bounds
    assert east - west == pytest.approx(side * 1.125)


def test_outlines_too_small_to_be_seen_are_counted() -> None:
    tiny = squares(30, spacing_m=250, width_m=5)
    shapes = LayerShapes(tiny, (0, 0))
    found = json.loads(tile_content(shapes, (0, 0, 51_200, 51_200), 100, is_exact=False))["features"]
    assert sum(each["properties"]["count"] for each in found) == 900
    assert len(found) < 900
    exact = json.loads(tile_content(shapes, (0, 0, 51_200, 51_200), 100, is_exact=True))["features"]
    assert len(exact) == 900


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), step=st.sampled_from([3.0, 40.0, 150.0]))
def test_a_shared_border_stays_one_line_at_every_level(seed: int, step: float) -> None:
    random = np.random.default_rng(seed)
    across = np.sort(random.uniform(0, 3000, 60))
    border = np.stack([across, 1000 + np.cumsum(random.normal(0, 20, 60))], axis=1)
    south = shapely.Polygon([(across[0], 0), *border, (across[-1], 0)])
    north = shapely.Polygon([(across[0], 3000), *border, (across[-1], 3000)])
    low, high = snapped(np.array([south, north]), (0, 0), step)
    both = shapely.union(shapely.make_valid(low), shapely.make_valid(high))
    west, bottom, east, top = both.bounds
    gap = shapely.box(west, bottom, east, top).difference(both)
    assert gap.area < 1e-6


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10_000), step=st.sampled_from([1.0, 20.0, 100.0, 5000.0]))
def test_no_vertex_moves_further_than_the_diagonal_of_half_a_cell(seed: int, step: float) -> None:
    outline = simulate_inventory(1, 1, 80, seed=seed).geometry.iloc[0]
    (found,) = snapped(np.array([outline]), (0, 0), step)
    for point in shapely.get_coordinates(found):
        assert outline.exterior.distance(shapely.Point(point)) <= 0.7072 * step


def test_holes_and_parts_are_kept_where_they_can_be_seen() -> None:
    hole, speck = shapely.box(300, 300, 700, 700), shapely.box(100, 100, 101, 101)
    whole = shapely.box(0, 0, 1000, 1000).difference(hole).difference(speck)
    parts = shapely.MultiPolygon([whole, shapely.box(5000, 0, 6000, 1000), shapely.box(9000, 0, 9001, 1)])
    (found,) = snapped(np.array([parts]), (0, 0), 50)
    assert found.is_valid
    assert found.area == pytest.approx(1e6 - 400**2 + 1e6)
    assert len(found.geoms) == 2


def test_empty_and_missing_outlines_and_those_of_other_kinds_do_no_harm() -> None:
    mixed = shapely.GeometryCollection([shapely.box(0, 0, 1000, 1000), shapely.Point(0, 0)])
    desk = MemoryDesk(snapshot_of([shapely.Polygon(), None, mixed, shapely.Point(5, 5), shapely.box(2e3, 0, 3e3, 1e3)]))
    assert {each["properties"]["glac_id"] for each in features(Tiles(desk).tile(LAYER, 0, 0, 0))} == {"G2", "G4"}


def test_an_outline_that_crosses_itself_is_sent_as_it_is() -> None:
    bow = shapely.Polygon([(0, 0), (40_000, 40_000), (40_000, 0), (0, 40_000)])
    desk = MemoryDesk(snapshot_of([bow]))
    assert features(Tiles(desk).tile(LAYER, *last_tile_at(desk, 35_000, 20_000)))


def test_only_tiles_with_a_change_are_made_again() -> None:
    desk = MemoryDesk(squares(20))
    tiles = Tiles(desk)
    before = {(x, y): tiles.tile(LAYER, 2, x, y) for x in range(4) for y in range(4)}
    desk.move(0, shapely.box(0, 0, 900, 900))
    after = {key: tiles.tile(LAYER, 2, *key) for key in before}
    changed = {key for key in before if before[key].etag != after[key].etag}
    assert changed == {(0, 3)}, "the south-western one"
    assert all(before[key] is after[key] for key in before if key[0] > 1)


def test_a_glacier_that_is_gone_leaves_its_tile() -> None:
    desk = MemoryDesk()
    tiles = Tiles(desk)
    tiles.tile(LAYER, 0, 0, 0)
    desk.snapshot = snapshot_of(desk.snapshot.geometries[:-1], version=2)
    assert len(features(tiles.tile(LAYER, 0, 0, 0))) == 8


def test_tiles_that_do_not_exist_are_said_not_to() -> None:
    tiles = Tiles(MemoryDesk())
    with pytest.raises(NotThere, match="no tile"):
        tiles.tile(LAYER, 0, 1, 0)
    with pytest.raises(NotThere, match="no layer"):
        tiles.tile("../../etc/passwd", 0, 0, 0)


def test_ten_thousand_outlines_make_their_first_tiles_in_less_than_a_second() -> None:
    desk = MemoryDesk(snapshot_of(simulate_inventory(10_000, 1, 60, spacing_m=2500).geometry.array))
    tiles = Tiles(desk)
    started = time.process_time()
    for x, y in ((0, 0), (0, 1), (1, 0), (1, 1)):
        tiles.tile(LAYER, 1, x, y)
    assert time.process_time() - started < 1
