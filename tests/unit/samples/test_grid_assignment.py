"""Scenes share a grid where they can, and where grids overlap no ground is on two sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox

from trimline.project import SampleSettings
from trimline.samples.grid_assignment import footprint, footprints, grids_for, one_sided
from trimline.samples.tile_grid import TileGrid, TilePosition

SAMPLES = SampleSettings(tile=64)


def scene(pixel_m: float, epsg: int = 32646, left: float = 500_000, side_m: float = 7680) -> GeoBox:
    side = round(side_m / pixel_m)
    return GeoBox((side, side), Affine(pixel_m, 0, left, 0, -pixel_m, 3_800_000), f"EPSG:{epsg}")


def test_scenes_of_one_resolution_and_region_share_a_grid() -> None:
    # 102 E in the grid of zone 46, as Chen and others (2022) projected all of the Three-Rivers Headwater.
    geoboxes = [scene(30), scene(30, left=620_000), scene(30, epsg=32647, left=650_000)]
    grids, serving = grids_for(geoboxes, SAMPLES)
    assert (len(grids), serving) == (1, [0, 0, 0])


def test_another_resolution_or_another_continent_starts_a_grid() -> None:
    geoboxes = [scene(30), scene(10), scene(10, epsg=32719, left=540_000), scene(30)]
    grids, serving = grids_for(geoboxes, SAMPLES)
    assert serving == [0, 1, 2, 0]
    assert [grid.resolution_m for grid in grids] == [30, 10, 10]
    assert grids[2].crs.endswith("32719")


def test_one_pixel_for_all_puts_neighbours_of_two_sensors_on_one_grid() -> None:
    grids, serving = grids_for([scene(30), scene(10)], SampleSettings(tile=64, resolution_m=20))
    assert (len(grids), serving) == (1, [0, 0])
    assert grids[0].resolution_m == 20


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(-3000, 3000))
def test_no_ground_is_on_two_sides_whatever_the_grids_and_parts(seed: int, shift_m: float) -> None:
    generator = np.random.default_rng(seed)
    geoboxes = [scene(30), scene(10, left=500_000 + shift_m)]
    grids, _ = grids_for(geoboxes, SAMPLES)
    rows = [
        {"grid": number, "row": place.row, "column": place.column}
        for number, (grid, geobox) in enumerate(zip(grids, geoboxes, strict=True))
        for place in grid.over(geobox)
    ]
    tiles = pd.DataFrame(rows)
    drawn = pd.Series(generator.choice(["train", "validation", "test"], len(tiles), p=[0.8, 0.1, 0.1]), dtype=object)
    parts = one_sided(tiles, grids, drawn)
    assert ((parts == drawn) | (parts == "unused")).all()
    assert (parts[drawn == "test"] == "test").all(), "the test gives way to nothing"
    ground = footprints(tiles, grids)
    for side, other in (("train", "test"), ("train", "validation"), ("validation", "test")):
        for number in (0, 1):
            one = [g for g, p, n in zip(ground, parts, tiles["grid"], strict=True) if p == side and n == number]
            two = [g for g, p, n in zip(ground, parts, tiles["grid"], strict=True) if p == other and n != number]
            shared = shapely.area(shapely.intersection(shapely.union_all(one), shapely.union_all(two)))
            assert shared < 1e-12


def test_footprints_of_many_tiles_are_those_of_each() -> None:
    geoboxes = [scene(30), scene(10, epsg=32647)]
    grids = [TileGrid.anchored_on(each, tile=64, stride=48) for each in geoboxes]
    places = [(0, 0, 0), (1, 2, -1), (0, 5, 3), (1, 0, 7)]
    tiles = pd.DataFrame(places, columns=["grid", "row", "column"])
    for ground, (grid, row, column) in zip(footprints(tiles, grids), places, strict=True):
        alone = footprint(grids[grid].geobox(TilePosition(row, column)))
        assert shapely.hausdorff_distance(ground, alone) < 1e-6  # degrees: 0.1 m
        assert ground.area == pytest.approx(alone.area, rel=1e-6)


def test_one_grid_changes_nothing() -> None:
    grids, _ = grids_for([scene(30)], SAMPLES)
    tiles = pd.DataFrame([{"grid": 0, "row": 0, "column": 0}])
    parts = pd.Series(["train"], dtype=object)
    assert one_sided(tiles, grids, parts) is parts
