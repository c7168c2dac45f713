"""Smoothed outlines keep their areas and stay clear of each other."""

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
from scipy.ndimage import gaussian_filter

from trimline.errors import OutlineError
from trimline.outlines import smooth, trace

UNIT = Affine(1.0, 0, 0, 0, -1.0, 0)
LANDSAT = Affine(30.0, 0, 412_345.0, 0, -30.0, 3_789_015.0)
TURNED = Affine(8.66, 5.0, 5e5, 5.0, -8.66, 4e6)

masks = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=16), elements=st.integers(0, 1))
often = st.integers(1, 5)


def grid(shape: tuple[int, ...], transform: Affine = UNIT) -> GeoBox:
    return GeoBox(shape, transform, "EPSG:32646")


def polygons(mask: NDArray[np.generic], transform: Affine = UNIT, smoothing: int = 0) -> NDArray[np.object_]:
    geobox = grid(mask.shape, transform)
    return smooth(trace(mask, geobox).geometry.to_numpy(), geobox, smoothing)


def overlap(outlines: NDArray[np.object_]) -> bool:
    """Tell whether any two outlines have ground in common."""
    first, second = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    pairs = first < second
    return bool(shapely.relate_pattern(outlines[first[pairs]], outlines[second[pairs]], "T********").any())


def blobs(side: int, noise: float, share: float, seed: int) -> NDArray[np.bool_]:
    """Return patches with nunataks, the more ragged the more noise."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.standard_normal((side, side)), 6)
    field = field / field.std() + noise * rng.standard_normal((side, side))
    return field > np.quantile(field, 1 - share)


def assert_smoothed(before: NDArray[np.object_], after: NDArray[np.object_], pixel: float = 1.0) -> None:
    assert len(before) == len(after)
    assert shapely.is_valid(after).all()
    assert shapely.area(after) == pytest.approx(shapely.area(before), rel=1e-9)
    assert np.array_equal(shapely.get_num_interior_rings(after), shapely.get_num_interior_rings(before))
    assert not overlap(after)
    # Of the new vertices from the old boundary, and of the old corners from the new.
    for lines, points, nearest in ((before, after, 1 / 8), (after, before, np.sqrt(2) / 8)):
        coordinates, outline = shapely.get_coordinates(points, return_index=True)
        away = shapely.distance(shapely.points(coordinates), shapely.boundary(lines)[outline])
        assert away.max(initial=0) <= (nearest + 1e-3) * pixel


@settings(max_examples=300, deadline=None)
@given(masks, often)
def test_areas_holes_and_neighbours_are_kept(mask: NDArray[np.uint8], iterations: int) -> None:
    before = polygons(mask)
    assert_smoothed(before, smooth(before, grid(mask.shape), iterations))


@pytest.mark.parametrize("transform", [LANDSAT, TURNED])
@pytest.mark.parametrize("noise", [0.1, 0.5, 5.0])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_large_masks_are_smoothed_as_small_ones_are(transform: Affine, noise: float, share: float) -> None:
    mask = blobs(96, noise, share, seed=3)
    before = polygons(mask, transform)
    after = smooth(before, grid(mask.shape, transform), 3)
    assert_smoothed(before, after, pixel=np.sqrt(abs(transform.determinant)))


@settings(max_examples=60, deadline=None)
@given(masks)
def test_however_often_corners_are_cut_outlines_stay_whole(mask: NDArray[np.uint8]) -> None:
    before = polygons(mask, LANDSAT)
    assert_smoothed(before, smooth(before, grid(mask.shape, LANDSAT), 12), pixel=30.0)


@settings(deadline=None)
@given(masks, often)
def test_no_point_lies_on_a_straight_line(mask: NDArray[np.uint8], iterations: int) -> None:
    for outline in polygons(mask, smoothing=iterations):
        for ring in shapely.get_rings(outline):
            ahead = np.diff(shapely.get_coordinates(ring), axis=0)
            behind = np.roll(ahead, 1, axis=0)
            turns = ahead[:, 1] * behind[:, 0] - ahead[:, 0] * behind[:, 1]
            assert (np.abs(turns) > 1e-12 * np.hypot(*ahead.T) * np.hypot(*behind.T)).all()


def test_a_stair_becomes_a_line_of_half_its_turns() -> None:
    mask = np.tri(40, dtype=np.uint8)
    ring = shapely.get_coordinates(polygons(mask, smoothing=1)[0].exterior)
    middle = ring[(np.abs(ring[:, 0] + ring[:, 1]) < 2) & (ring[:, 0] > 5) & (ring[:, 0] < 35)]
    ways = np.diff(middle, axis=0)
    turns = np.diff(np.unwrap(np.arctan2(ways[:, 1], ways[:, 0])))
    assert np.abs(turns).max() == pytest.approx(np.pi / 4, abs=0.01)


def test_fractions_balance_five_convex_corners_with_one_concave() -> None:
    """Of an L of three pixels the concave corner is cut at 1/4, the convex ones at 1/4 over the root of five."""
    (outline,) = polygons(np.array([[1, 0], [1, 1]]), smoothing=1)
    x, y = shapely.get_coordinates(outline).T
    f = 0.25 / np.sqrt(5)
    assert sorted(set(np.round(x, 12))) == pytest.approx([0, f, 1 - f, 1, 1 + 0.25, 2 - f, 2])
    assert sorted(set(np.round(y, 12))) == pytest.approx([-2, -2 + f, -1 - f, -1, -1 + 0.25, -f, 0])
    assert outline.area == pytest.approx(3, rel=1e-14)


def test_rectangles_stay() -> None:
    mask = np.zeros((8, 9), np.uint8)
    mask[1, 1] = mask[2, 2] = 1
    mask[4:7, 3:9] = 1
    before = polygons(mask)
    assert shapely.equals_exact(before, smooth(before, grid(mask.shape), 3)).all()


def test_a_hole_that_touches_its_outer_ring_comes_free_of_it() -> None:
    mask = np.ones((4, 4), np.uint8)
    mask[0, 0] = mask[1, 1] = 0
    (before,), (after,) = polygons(mask), polygons(mask, smoothing=2)
    assert before.exterior.distance(before.interiors[0]) == 0
    assert after.exterior.distance(after.interiors[0]) > 0.3


def test_a_series_keeps_its_labels_and_crs() -> None:
    mask = blobs(40, 0.2, 0.5, seed=1)
    traced = trace(mask, grid(mask.shape, LANDSAT))
    labelled = traced.geometry.set_axis([f"glacier {number}" for number in range(len(traced))])
    smoothed = smooth(labelled, grid(mask.shape, LANDSAT), 2)
    assert isinstance(smoothed, gpd.GeoSeries)
    assert smoothed.index.equals(labelled.index)
    assert smoothed.crs == labelled.crs
    assert smoothed.area.tolist() == pytest.approx(labelled.area.tolist(), rel=1e-9)


def test_not_smoothing_changes_nothing() -> None:
    mask = blobs(40, 0.2, 0.5, seed=2)
    before = polygons(mask, LANDSAT)
    assert shapely.equals_exact(before, smooth(before, grid(mask.shape, LANDSAT), 0)).all()
    nothing = np.empty(0, object)
    assert len(smooth(nothing, grid((4, 4)), 2)) == 0


def test_rings_may_run_either_way_and_have_points_on_their_edges() -> None:
    mask = blobs(40, 0.2, 0.5, seed=4)
    before = polygons(mask)
    split = shapely.segmentize(shapely.reverse(before), 1.0)
    expected = smooth(before, grid(mask.shape), 2)
    after = smooth(split, grid(mask.shape), 2)
    assert shapely.equals_exact(shapely.normalize(after), shapely.normalize(expected), 1e-9).all()


def test_only_outlines_along_pixel_edges_are_smoothed() -> None:
    geobox = grid((10, 10))
    for other in (shapely.box(0.5, -3, 3, -1), shapely.Polygon([(0, 0), (3, 0), (0, -3)])):
        with pytest.raises(OutlineError, match="do not follow the edges"):
            smooth(np.array([other]), geobox, 1)
    for odd in (shapely.Point(0, 0), shapely.Polygon(), shapely.MultiPolygon([shapely.box(0, -1, 1, 0)]), None):
        with pytest.raises(OutlineError, match="are polygons"):
            smooth(np.array([odd], object), geobox, 1)
    with pytest.raises(OutlineError, match="-2 times"):
        smooth(np.array([shapely.box(0, -1, 1, 0)]), geobox, -2)
