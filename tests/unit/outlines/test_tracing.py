"""Rows that come in any blocks are traced as the whole mask is, and as GDAL traces it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pytest
import rasterio.features
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from scipy.ndimage import gaussian_filter, label

from trimline.errors import GridError, OutlineError
from trimline.outlines import RowTracer, rasterise, smooth, trace

PIXEL = 30.0
TRANSFORMS = {
    "north up": Affine(PIXEL, 0, 412_345.0, 0, -PIXEL, 3_789_015.0),
    "of a fraction": Affine(27.123_456_789, 0, 412_345.678_9, 0, -27.123_456_789, 3_789_015.432_1),
    "turned": Affine(8.66, 5.0, 5e5, 5.0, -8.66, 4e6),
    "south up": Affine(10.0, 0, 5e5, 0, 10.0, 4e6),
}

masks = arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=16), elements=st.integers(0, 1))
transforms = st.sampled_from(sorted(TRANSFORMS))
cuts = st.lists(st.integers(1, 16), max_size=16)


def grid(shape: tuple[int, ...], transform: str = "north up") -> GeoBox:
    return GeoBox(shape, TRANSFORMS[transform], "EPSG:32646")


def in_blocks(mask: NDArray[np.generic], rows: Sequence[int], geobox: GeoBox, **wanted: float) -> gpd.GeoDataFrame:
    """Trace blocks of these heights, the rest of the mask last."""
    tracer = RowTracer(geobox, **wanted)  # type: ignore[arg-type]
    for block in np.split(mask, np.minimum(np.cumsum([0, *rows]), len(mask)).tolist()):
        if len(block):
            tracer.add(block)
    return tracer.finish()


def by_gdal(mask: NDArray[np.generic], geobox: GeoBox) -> list[bytes]:
    """Trace the whole mask with GDAL; what touches itself at a corner is made valid, as GEOS does it."""
    ice = (mask != 0).astype(np.uint8)
    shapes = rasterio.features.shapes(ice, mask=ice.view(bool), transform=geobox.transform)
    return canonical(shapely.make_valid(np.array([shapely.geometry.shape(shape) for shape, _ in shapes], object)))


def canonical(polygons: NDArray[np.object_]) -> list[bytes]:
    return sorted(shapely.to_wkb(shapely.normalize(polygons)))


def exactly(outlines: gpd.GeoDataFrame) -> list[bytes]:
    return list(shapely.to_wkb(outlines.geometry.to_numpy()))


def blobs(side: int, seed: int, share: float = 0.4) -> NDArray[np.bool_]:
    """Return patches with nunataks, and single pixels."""
    rng = np.random.default_rng(seed)
    field = gaussian_filter(rng.standard_normal((side, side)), 3) * 10 + rng.standard_normal((side, side)) * 0.4
    return field > np.quantile(field, 1 - share)


def snake(rows: int, columns: int) -> NDArray[np.uint8]:
    """Return lines of pixels, each joined to the next at one end."""
    mask = np.zeros((rows, columns), np.uint8)
    mask[::2] = 1
    mask[1::4, -1] = 1
    mask[3::4, 0] = 1
    return mask


def spiral(side: int) -> NDArray[np.uint8]:
    """Return a line of pixels that winds inwards, one pixel from itself."""
    mask = np.zeros((side, side), np.uint8)
    place, way = -1j, 1j  # rows are real, columns imaginary
    for turn in range(side):
        for _ in range(side if turn == 0 else side - 1 - 2 * ((turn - 1) // 2)):
            place += way
            mask[int(place.real), int(place.imag)] = 1
        way *= -1j
    return mask


SHAPES = {
    "all ice": np.ones((9, 7), np.uint8),
    "no ice": np.zeros((9, 7), np.uint8),
    "a checkerboard": np.indices((9, 9)).sum(0) % 2,
    "rings within rings": np.abs(np.indices((33, 33)) - 16).max(0) % 2,
    "a snake": snake(31, 20),
    "a spiral": spiral(25),
    "a comb": np.vstack([np.tile([1, 0], (8, 10)), np.ones((1, 20), int)]),
    "a comb upside down": np.vstack([np.ones((1, 20), int), np.tile([1, 0], (8, 10))]),
    "a net": 1 - (np.indices((15, 15)) % 2).prod(0),
    "a chain of holes that touch": 1 - np.eye(9, dtype=int),
    "patches and nunataks": blobs(60, seed=0),
}


@settings(max_examples=300, deadline=None)
@given(masks)
def test_outlines_are_those_that_gdal_traces(mask: NDArray[np.uint8]) -> None:
    geobox = grid(mask.shape)
    traced = trace(mask, geobox)
    assert traced.is_valid.all()
    assert canonical(traced.geometry.to_numpy()) == by_gdal(mask, geobox)


@pytest.mark.parametrize("name", SHAPES)
def test_odd_shapes_are_traced_as_gdal_traces_them(name: str) -> None:
    mask = SHAPES[name]
    geobox = grid(mask.shape)
    traced = trace(mask, geobox)
    assert traced.is_valid.all()
    assert canonical(traced.geometry.to_numpy()) == by_gdal(mask, geobox)
    assert len(traced) == label(mask)[1]


@settings(max_examples=200, deadline=None)
@given(masks, cuts, transforms, st.sampled_from([0, 2]))
def test_no_bit_tells_how_rows_were_cut(
    mask: NDArray[np.uint8], rows: list[int], transform: str, smoothing: int
) -> None:
    geobox = grid(mask.shape, transform)
    wanted = {"smoothing": smoothing, "minimum_area_m2": 1000.0, "minimum_hole_m2": 1000.0}
    assert exactly(in_blocks(mask, rows, geobox, **wanted)) == exactly(trace(mask, geobox, **wanted))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("rows", [1, 2, 5])
def test_no_bit_tells_how_odd_shapes_were_cut(name: str, rows: int) -> None:
    mask = SHAPES[name]
    geobox = grid(mask.shape, "turned")
    assert exactly(in_blocks(mask, [rows] * len(mask), geobox)) == exactly(trace(mask, geobox))


def test_large_blocks_have_no_seam() -> None:
    mask = blobs(900, seed=1, share=0.2)
    geobox = grid(mask.shape)
    traced = in_blocks(mask, [512], geobox)
    assert canonical(traced.geometry.to_numpy()) == by_gdal(mask, geobox)
    assert np.array_equal(rasterise(traced, geobox), mask)
    assert exactly(in_blocks(mask, [300, 1, 299], geobox)) == exactly(traced)


@settings(deadline=None)
@given(masks, transforms)
def test_outlines_are_valid_on_any_grid(mask: NDArray[np.uint8], transform: str) -> None:
    geobox = grid(mask.shape, transform)
    traced = trace(mask, geobox)
    assert traced.is_valid.all()
    assert np.array_equal(rasterise(traced, geobox), mask)


@settings(deadline=None)
@given(masks)
def test_outlines_come_from_the_top_and_from_the_left(mask: NDArray[np.uint8]) -> None:
    patches, number = label(mask)
    burnt = rasterio.features.rasterize(
        zip(trace(mask, grid(mask.shape)).geometry, range(1, number + 1), strict=True),
        mask.shape,
        transform=grid(mask.shape).transform,
    ) if number else np.zeros(mask.shape)  # fmt: skip
    assert np.array_equal(burnt, patches)


def test_a_nunatak_across_a_seam_is_one_hole() -> None:
    mask = np.ones((8, 6), np.uint8)
    mask[2:6, 2:4] = 0
    (outline,) = in_blocks(mask, [4], grid(mask.shape)).geometry
    (hole,) = outline.interiors
    assert shapely.Polygon(hole).area == 8 * PIXEL**2
    assert len(hole.coords) == 5


def test_straight_lines_have_no_vertices_where_blocks_end() -> None:
    (outline,) = in_blocks(np.ones((90, 3), bool), [10] * 9, grid((90, 3))).geometry
    assert len(outline.exterior.coords) == 5


def test_a_hole_belongs_to_the_innermost_patch_around_it() -> None:
    mask = SHAPES["rings within rings"]
    traced = trace(mask, grid(mask.shape))
    assert [len(outline.interiors) for outline in traced.geometry] == [1] * len(traced)
    assert traced.area.sum() == mask.sum() * PIXEL**2


def test_small_holes_are_filled() -> None:
    mask = np.ones((6, 9), np.uint8)
    mask[2, 2] = 0
    mask[2:4, 5:7] = 0
    geobox = grid(mask.shape)
    assert trace(mask, geobox, minimum_hole_m2=PIXEL**2).area[0] == 49 * PIXEL**2
    (outline,) = trace(mask, geobox, minimum_hole_m2=PIXEL**2 + 1).geometry
    assert len(outline.interiors) == 1
    assert outline.area == 50 * PIXEL**2


def test_a_filled_hole_takes_in_the_ice_that_it_holds() -> None:
    mask = np.ones((9, 9), np.uint8)
    mask[1:8, 1:8] = 0
    mask[3:6, 3:6] = 1
    mask[4, 4] = 0
    geobox = grid(mask.shape)
    (outline,) = trace(mask, geobox, minimum_hole_m2=50 * PIXEL**2).geometry
    assert outline.equals(shapely.box(*outline.bounds))
    assert len(trace(mask, geobox, minimum_hole_m2=49 * PIXEL**2)) == 2


def test_a_polygon_is_left_out_by_its_area_with_small_holes_filled() -> None:
    mask = np.ones((3, 3), np.uint8)
    mask[1, 1] = 0
    geobox = grid(mask.shape)
    nine = 9 * PIXEL**2
    assert len(trace(mask, geobox, minimum_area_m2=nine)) == 0
    assert trace(mask, geobox, minimum_area_m2=nine, minimum_hole_m2=nine).area.tolist() == [nine]


def test_what_lies_in_the_hole_of_a_polygon_that_is_left_out_stays() -> None:
    mask = np.ones((9, 9), np.uint8)
    mask[1:8, 1:8] = 0
    mask[2:7, 2:7] = 1
    mask[4, 4] = 0
    traced = trace(mask, grid(mask.shape), minimum_area_m2=10 * PIXEL**2)
    assert traced.area.tolist() == [32 * PIXEL**2, 24 * PIXEL**2]
    mask[0, 1:] = 0
    traced = trace(mask, grid(mask.shape), minimum_area_m2=24 * PIXEL**2)
    assert traced.area.tolist() == [24 * PIXEL**2, 24 * PIXEL**2]


@settings(deadline=None)
@given(masks, st.integers(0, 20), st.integers(0, 20))
def test_what_is_written_is_as_large_as_asked_and_does_not_overlap(
    mask: NDArray[np.uint8], area: int, hole: int
) -> None:
    wanted = {"minimum_area_m2": area * PIXEL**2, "minimum_hole_m2": hole * PIXEL**2}
    traced = trace(mask, grid(mask.shape), **wanted)  # type: ignore[arg-type]
    assert (traced.area >= area * PIXEL**2).all()
    holes = [shapely.Polygon(ring) for outline in traced.geometry for ring in outline.interiors]
    assert all(each.area >= hole * PIXEL**2 for each in holes)
    assert traced.is_valid.all()
    assert traced.area.sum() == (shapely.union_all(traced.geometry.to_numpy()).area)


@pytest.mark.parametrize("transform", sorted(TRANSFORMS))
def test_a_tracer_smooths_as_it_is_done_afterwards(transform: str) -> None:
    mask = blobs(100, seed=2)
    geobox = grid(mask.shape, transform)
    afterwards = smooth(trace(mask, geobox).geometry.to_numpy(), geobox, 2)
    assert exactly(trace(mask, geobox, smoothing=2)) == list(shapely.to_wkb(afterwards))


def test_memory_grows_with_the_outlines_and_not_with_the_mask() -> None:
    block = np.zeros((64, 4096), np.uint8)
    block[20:30, 100:3000] = 1
    tracer = RowTracer(grid((64 * 400, 4096)))
    tracemalloc.start()
    for _ in range(400):
        tracer.add(block)
    number = len(tracer.finish())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert number == 400
    assert peak < 5e6


def test_all_rows_must_come_and_no_more() -> None:
    tracer = RowTracer(grid((10, 4)))
    tracer.add(np.ones((7, 4), np.uint8))
    with pytest.raises(GridError, match="10 rows cannot be traced from 7"):
        tracer.finish()
    with pytest.raises(GridError, match="11 rows are too many"):
        tracer.add(np.ones((4, 4), np.uint8))
    with pytest.raises(GridError, match=r"\(3, 5\).* 4 wide"):
        tracer.add(np.ones((3, 5), np.uint8))
    tracer.add(np.ones((3, 4), np.uint8))
    assert tracer.finish().area.tolist() == [40 * PIXEL**2]


def test_a_tracer_needs_a_crs_and_can_smooth_no_less_than_not_at_all() -> None:
    with pytest.raises(GridError, match="no CRS"):
        RowTracer(GeoBox((4, 4), Affine.identity(), None))
    with pytest.raises(OutlineError, match="-1 times"):
        RowTracer(grid((4, 4)), smoothing=-1)
