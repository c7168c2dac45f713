"""The grid of places covers every scene, and its blocks know which tiles share ground."""

from __future__ import annotations

import numpy as np
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from odc.geo.types import wh_

from trimline.samples.tile_grid import TileGrid, TilePosition


def scene_box(left: int, top: int, width: int, height: int) -> GeoBox:
    return GeoBox(wh_(width, height), Affine(30, 0, 500_000 + left * 30, 0, -30, 3_800_000 - top * 30), "EPSG:32646")


sizes = st.integers(1, 400)
shifts = st.integers(-300, 300)


@given(shifts, shifts, sizes, sizes, st.integers(16, 64), st.data())
def test_every_pixel_of_a_scene_lies_in_a_tile(
    left: int, top: int, width: int, height: int, tile: int, data: st.DataObject
) -> None:
    stride = data.draw(st.integers(8, tile))
    grid = TileGrid.anchored_on(scene_box(0, 0, 100, 100), tile=tile, stride=stride)
    covered = np.zeros((height, width), bool)
    for place in grid.over(scene_box(left, top, width, height)):
        row, column = place.row * stride - top, place.column * stride - left
        covered[max(row, 0) : max(row + tile, 0), max(column, 0) : max(column + tile, 0)] = True
    assert covered.all()


@given(shifts, shifts, st.integers(16, 64), st.integers(16, 200), st.data())
def test_tiles_that_share_ground_share_a_block(
    row: int, column: int, tile: int, block: int, data: st.DataObject
) -> None:
    grid = TileGrid("EPSG:32646", 30.0, (500_000.0, 3_800_000.0), tile, data.draw(st.integers(8, tile)))
    one = TilePosition(row, column)
    other = TilePosition(row + data.draw(st.integers(-3, 3)), column + data.draw(st.integers(-3, 3)))
    share_ground = grid.geobox(one).extent.geom.intersection(grid.geobox(other).extent.geom).area > 0
    if share_ground:
        assert grid.blocks(one, block) & grid.blocks(other, block)


def test_the_blocks_of_a_tile_cover_it() -> None:
    grid = TileGrid("EPSG:32646", 30.0, (500_000.0, 3_800_000.0), 64, 32)
    place = TilePosition(3, -5)
    blocks = [grid.block_geobox(position, 100).extent.geom for position in grid.blocks(place, 100)]
    tile = grid.geobox(place).extent.geom
    assert sum(block.intersection(tile).area for block in blocks) == tile.area


def test_places_are_on_the_pixels_of_the_scene_they_are_anchored_on() -> None:
    scene = scene_box(7, 11, 300, 300)
    grid = TileGrid.anchored_on(scene, tile=64)
    assert scene.overlap_roi(grid.geobox(TilePosition(1, 2))) == np.s_[64:128, 128:192]
