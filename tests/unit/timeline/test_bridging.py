"""Ground that a period did not see: what the periods around it may say of it, and what they may not."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.outlines import read_outlines
from trimline.rasters import write_raster
from trimline.timeline.bridging import Drawing, bridge, draw_period
from trimline.timeline.place import Place
from trimline.timeline.rules import GROUND, ICE, UNSEEN

SHAPE = (2, 3)
mask = arrays(np.uint8, SHAPE, elements=st.sampled_from([GROUND, ICE, UNSEEN]), fill=st.nothing())
masks = st.lists(mask, max_size=3)


@pytest.mark.parametrize(
    ("earlier", "later", "found"),
    [
        ((ICE,), (ICE,), ICE),
        ((GROUND,), (GROUND,), GROUND),
        ((ICE,), (GROUND,), UNSEEN),
        ((UNSEEN, ICE), (ICE, GROUND), ICE),
        ((), (UNSEEN, ICE), ICE),
        ((GROUND,), (UNSEEN,), GROUND),
        ((), (), UNSEEN),
    ],
)
def test_only_what_both_sides_agree_on_is_inferred(
    earlier: tuple[int, ...], later: tuple[int, ...], found: int
) -> None:
    sides = ([np.full((1, 1), each, np.uint8) for each in side] for side in (earlier, later))
    assert bridge(*sides, (1, 1)).item() == found


@given(masks, masks)
def test_time_may_run_either_way(earlier: list[NDArray[np.uint8]], later: list[NDArray[np.uint8]]) -> None:
    np.testing.assert_array_equal(bridge(earlier, later, SHAPE), bridge(later, earlier, SHAPE))


@given(masks, masks)
def test_ice_is_inferred_only_where_the_nearest_that_saw_it_saw_ice(
    earlier: list[NDArray[np.uint8]], later: list[NDArray[np.uint8]]
) -> None:
    found = bridge(earlier, later, SHAPE)
    for row, column in np.argwhere(found == ICE):
        for side in (earlier, later):
            said = [each[row, column] for each in side if each[row, column] != UNSEEN]
            assert not said or said[0] == ICE


def study(folder: Path, **periods: list[list[int]]) -> Place:
    shape = np.array(next(iter(periods.values()))).shape
    grid = GeoBox(shape, Affine(30, 0, 500_000, 0, -30, 3_800_000), "EPSG:32646")
    for name, values in periods.items():
        (folder / name).mkdir()
        write_raster(folder / name / "mask.tif", np.array(values, np.uint8), grid, nodata=255)
    ground = gpd.GeoDataFrame(geometry=[shapely.box(*grid.boundingbox)], crs="EPSG:32646")
    return Place(grid, ((0, shape[0], 0, shape[1]),), ground)


def test_a_cloud_over_a_glacier_makes_no_hole_where_it_is_bridged(tmp_path: Path) -> None:
    whole, cloudy = [[1, 1, 1, 0]] * 3, [[1, 255, 255, 255]] * 3
    place = study(tmp_path, one=whole, two=cloudy, three=[[1, 1, 0, 0]] * 3)
    drawing = Drawing(0.0, 0.0, 0)
    areas = {}
    for bridged in (True, False):
        said = draw_period(tmp_path, ["one", "two", "three"], "two", place, drawing=drawing, bridged=bridged)
        areas[bridged] = read_outlines(tmp_path / "two/patches.gpkg").geometry.area.sum() / 900
        assert said["bridged_km2"] * 1e6 / 900 == pytest.approx(6 if bridged else 0)
    assert areas == {True: 6, False: 3}, "a column of ice on both sides is ice, the next may have melted before"
