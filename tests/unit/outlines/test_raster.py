"""Polygons become pixels and pixels polygons without drift."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox

from trimline.errors import GridError, OutlineError
from trimline.outlines import rasterise, trace

TURNED = Affine(8.66, 5.0, 5e5, 5.0, -8.66, 4e6)

masks = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14), elements=st.integers(0, 1))


def grid(shape: tuple[int, int], pixel: float = 30.0, crs: object = "EPSG:32646") -> GeoBox:
    return GeoBox(shape, Affine(pixel, 0, 412_345.0, 0, -pixel, 3_789_015.0), crs)


@settings(max_examples=200, deadline=None)
@given(masks, st.sampled_from([10.0, 30.0, 27.123_456_789]))
def test_tracing_then_rasterising_is_the_identity(mask: NDArray[np.uint8], pixel: float) -> None:
    geobox = grid(mask.shape, pixel)
    traced = trace(mask, geobox)
    assert np.array_equal(rasterise(traced, geobox), mask)
    assert traced.is_valid.all()
    assert traced.area.sum() == pytest.approx(mask.sum() * pixel**2)


@settings(deadline=None)
@given(masks)
def test_each_patch_is_one_outline(mask: NDArray[np.uint8]) -> None:
    from scipy.ndimage import label

    geobox = grid(mask.shape)
    assert len(trace(mask, geobox)) == label(mask)[1]


def test_the_identity_holds_on_a_turned_grid() -> None:
    mask = np.random.default_rng(0).random((40, 50)) > 0.5
    geobox = GeoBox(mask.shape, TURNED, "EPSG:32646")
    assert np.array_equal(rasterise(trace(mask, geobox), geobox), mask)


def test_a_nunatak_is_a_hole() -> None:
    mask = np.ones((5, 5), np.uint8)
    mask[2, 2] = 0
    (outline,) = trace(mask, grid((5, 5))).geometry
    assert len(outline.interiors) == 1
    assert outline.area == 24 * 900


def test_small_patches_are_left_out_by_their_area_and_not_by_their_box() -> None:
    mask = np.zeros((6, 12), np.uint8)
    mask[0, 0] = 1
    mask[2:5, 2:5] = 1
    mask[3, 3] = 0
    assert trace(mask, grid(mask.shape), minimum_area_m2=901).area.tolist() == [8 * 900]
    assert len(trace(mask, grid(mask.shape), minimum_area_m2=900)) == 2


def test_nothing_traces_to_nothing() -> None:
    traced = trace(np.zeros((4, 4), np.uint8), grid((4, 4)))
    assert len(traced) == 0
    assert traced.crs == 32646
    assert not rasterise(traced, grid((4, 4))).any()


def test_a_pixel_belongs_to_the_outline_that_holds_its_centre() -> None:
    geobox = grid((4, 4), 10.0)
    left, bottom, _, top = geobox.boundingbox.bbox
    sliver = gpd.GeoDataFrame(geometry=[shapely.box(left + 4, bottom, left + 6, top)], crs=32646)
    beside = gpd.GeoDataFrame(geometry=[shapely.box(left + 6, bottom, left + 9, top)], crs=32646)
    assert rasterise(sliver, geobox)[:, 0].all()
    assert not rasterise(beside, geobox).any()
    assert rasterise(beside, geobox, all_touched=True)[:, 0].all()


def test_long_edges_are_bent_as_the_projection_bends_them() -> None:
    """The parallel of a box in degrees is an arc in UTM: 64 km of it bow 50 m out from its chord."""
    box = gpd.GeoDataFrame(geometry=[shapely.box(93.0, 34.0, 93.7, 34.2)], crs=4326)
    geobox = GeoBox.from_bbox((495_000, 3_760_000, 570_000, 3_788_000), "EPSG:32646", resolution=30)
    fine = box.assign(geometry=box.segmentize(1e-4)).to_crs(32646)
    coarse = box.to_crs(32646)
    assert np.array_equal(rasterise(box, geobox), rasterise(fine, geobox))
    assert not np.array_equal(rasterise(coarse, geobox), rasterise(fine, geobox))


def test_pixels_of_degrees_are_a_grid_too() -> None:
    square = gpd.GeoDataFrame(geometry=[shapely.box(5e5, 3.79e6, 5.03e5, 3.793e6)], crs=32646)
    geobox = GeoBox.from_bbox(tuple(square.buffer(1000).to_crs(4326).total_bounds), "EPSG:4326", resolution=0.0003)
    burnt = rasterise(square, geobox)
    expected = square.to_crs(4326).geometry[0].area / 0.0003**2
    assert burnt.sum() == pytest.approx(expected, rel=0.03)


def test_outlines_across_the_antimeridian_reach_both_sides_of_a_grid() -> None:
    geobox = GeoBox.from_bbox((590_000, 7_600_000, 650_000, 7_660_000), "EPSG:32660", resolution=500)
    west, east = shapely.box(179, 68, 180, 70), shapely.box(-180, 68, -179, 70)
    assert rasterise(gpd.GeoDataFrame(geometry=[west, east], crs=4326), geobox).all()
    one = rasterise(gpd.GeoDataFrame(geometry=[east], crs=4326), geobox)
    assert 0 < one.sum() < one.size


def test_outlines_at_the_other_end_of_the_world_do_no_harm() -> None:
    near, far = shapely.box(92.9, 34.2, 93.1, 34.4), shapely.box(-88, -80, -86, -79)
    geobox = grid((100, 100))
    alone = rasterise(gpd.GeoDataFrame(geometry=[near], crs=4326), geobox)
    assert np.array_equal(rasterise(gpd.GeoDataFrame(geometry=[near, far], crs=4326), geobox), alone)


def test_a_mask_must_lie_on_its_grid() -> None:
    with pytest.raises(GridError, match=r"\(3, 4\)"):
        trace(np.zeros((3, 4)), grid((4, 3)))


def test_grids_and_outlines_need_a_crs() -> None:
    bare = GeoBox((4, 4), Affine.identity(), None)
    with pytest.raises(GridError, match="no CRS"):
        trace(np.ones((4, 4)), bare)
    with pytest.raises(GridError, match="no CRS"):
        rasterise(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=4326), bare)
    with pytest.raises(OutlineError, match="no CRS"):
        rasterise(gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)]), grid((4, 4)))
