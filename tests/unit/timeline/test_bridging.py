"""Ground that a period did not see: what the periods around it may say of it, and what they may not."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.outlines import read_outlines
from trimline.rasters import write_raster
from trimline.timeline.bridging import TraceOptions, bridge, trace_period
from trimline.timeline.certainty import observation_of, unseen_errors
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
    options = TraceOptions(0.0, 0.0, 0)
    areas = {}
    for bridged in (True, False):
        result = trace_period(tmp_path, ["one", "two", "three"], "two", place, options=options, bridged=bridged)
        areas[bridged] = read_outlines(tmp_path / "two/patches.gpkg").geometry.area.sum() / 900
        assert result["bridged_km2"] * 1e6 / 900 == pytest.approx(6 if bridged else 0)
    assert areas == {True: 6, False: 3}, "a column of ice on both sides is ice, the next may have melted before"


def test_inference_is_compared_with_observed_ground(tmp_path: Path) -> None:
    place = study(tmp_path, one=[[1, 1, 1, 0, 0]], two=[[1, 0, 255, 1, 0]], three=[[1, 1, 1, 0, 1]])
    trace_period(tmp_path, ["one", "two", "three"], "two", place, options=TraceOptions(0.0, 0.0, 0), bridged=True)
    with rasterio.open(tmp_path / "two/hindcast.tif") as source:
        assert source.read(1).tolist() == [[1, 2, 255, 3, 255]], "neither unseen nor undecided pixels can be compared"
    with rasterio.open(tmp_path / "two/inferred.tif") as source:
        assert source.read(1).tolist() == [[255, 255, 1, 255, 255]]


def test_what_proved_wrong_where_it_was_seen_makes_inferred_ice_uncertain(tmp_path: Path) -> None:
    """Of ten columns of ice four lie under cloud; of the six that were seen two melted, a third."""
    before = [[1] * 10 + [0] * 2]
    place = study(tmp_path, one=before, two=[[1, 1, 1, 1, 0, 0, 255, 255, 255, 255, 0, 0]])
    trace_period(tmp_path, ["one", "two"], "two", place, options=TraceOptions(0.0, 0.0, 0), bridged=True)
    write_raster(
        tmp_path / "two/uncertain.tif", np.array([[0, 2, 0, 2, 1] + [0] * 7], np.uint8), place.geobox, nodata=255
    )
    left, top = place.geobox.affine.c, place.geobox.affine.f
    ground = gpd.GeoDataFrame({"glac_id": ["a"]}, geometry=[shapely.box(left, top - 30, left + 300, top)], crs=32646)
    known = observation_of(ground, tmp_path / "two")
    assert known.loc["a"].to_numpy() / 9e-4 == pytest.approx([4, 2, 0, 6, 2], rel=1e-3)
    error = unseen_errors(known, pd.Series({"a": "all"}), pd.Series({"a": 4 * 9e-4}))
    assert error / 9e-4 == pytest.approx([4 / 3], rel=1e-3)


def test_ground_of_which_nothing_is_known_may_all_be_ice() -> None:
    known = pd.DataFrame(
        {"unresolved_km2": [0.5, 0.0], "hindcast_ice_km2": [0.0, 0.0], "hindcast_wrong_km2": [0.0, 0.0]},
        index=["a", "b"],
    )
    whose, inferred = pd.Series({"a": "west", "b": "east"}), pd.Series({"a": 1.0, "b": 2.0})
    assert unseen_errors(known, whose, inferred) == pytest.approx([1.5, 2.0]), "nothing could be compared"
    known.loc["b", ["hindcast_ice_km2", "hindcast_wrong_km2"]] = 4.0, 1.0
    assert unseen_errors(known, whose, inferred) == pytest.approx([0.75, 0.5]), "the west takes the rate of all"


def test_a_region_without_glaciers_has_no_errors() -> None:
    columns = ["unresolved_km2", "hindcast_ice_km2", "hindcast_wrong_km2"]
    known = pd.DataFrame(columns=columns, index=pd.Index([], dtype=object), dtype=float)
    nobody = pd.Series([], index=known.index, dtype=object)
    assert unseen_errors(known, nobody, nobody.astype(float)).shape == (0,)
