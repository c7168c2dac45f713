"""Outlines moved by a distance: the same ground as in one piece, in a time that grows with the vertices."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.change import moving
from trimline.change.moving import QUAD_SEGS, moved


def one(polygon: shapely.Geometry) -> np.ndarray:
    array = np.empty(1, dtype=object)
    array[0] = polygon
    return array


def noisy(vertices: int, radius: float = 400.0, noise: float = 20.0, seed: int = 0) -> shapely.Polygon:
    around = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = radius + np.random.default_rng(seed).normal(0, noise, vertices)
    return shapely.Polygon(np.column_stack([reach * np.cos(around), reach * np.sin(around)]))


def smooth(vertices: int) -> shapely.Polygon:
    around = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = 2000 * (1 + 0.2 * np.sin(3 * around) + 0.05 * np.sin(23 * around))
    return shapely.Polygon(np.column_stack([reach * np.cos(around), reach * np.sin(around)]))


@pytest.mark.parametrize("distance", [-50.0, -15.0, 5.0, 15.0, 50.0])
@pytest.mark.parametrize("vertices", [600, 8000])
def test_smooth_outlines_are_moved_as_in_one_piece(vertices: int, distance: float) -> None:
    polygon = smooth(vertices)
    whole = shapely.area(shapely.buffer(polygon, distance, quad_segs=QUAD_SEGS))
    assert shapely.area(moved(one(polygon), distance))[0] == pytest.approx(whole, rel=1e-6)


@pytest.mark.parametrize("distance", [-15.0, 15.0])
def test_noisy_outlines_are_moved_as_in_one_piece_within_some_millionths(distance: float) -> None:
    polygon = noisy(2000)
    whole = shapely.area(shapely.buffer(polygon, distance, quad_segs=QUAD_SEGS))
    assert shapely.area(moved(one(polygon), distance))[0] == pytest.approx(whole, rel=1e-5)


def test_a_noisy_outline_is_cut_into_pieces_as_many_as_its_vertices(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work is that of the pieces, each of the same size: linear, where one curve would cross itself everywhere."""
    sizes: list[int] = []
    original = moving._pieces

    def counted(ring: shapely.Geometry) -> np.ndarray:
        pieces = original(ring)
        sizes.append(len(pieces))
        assert shapely.get_num_coordinates(pieces).max() <= 17
        return pieces

    monkeypatch.setattr(moving, "_pieces", counted)
    for vertices in (2000, 4000, 8000):
        moved(one(noisy(vertices, radius=200.0)), 15.0)
    assert sizes == [125, 250, 500]


def test_parts_and_holes_are_moved_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "_CROWDED_VERTICES", 0)
    monkeypatch.setattr(moving, "_CROWDED", 0.0)
    holed = shapely.box(0, 0, 1000, 1000).difference(shapely.box(400, 400, 600, 600))
    both = shapely.MultiPolygon([holed, shapely.box(2000, 0, 2500, 500)])
    for distance in (-20.0, 20.0):
        whole = shapely.buffer(both, distance, quad_segs=QUAD_SEGS)
        assert shapely.area(moved(one(both), distance))[0] == pytest.approx(whole.area, rel=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(1.0, 60.0))
def test_moving_inwards_and_outwards_brackets_the_outline(seed: int, distance: float) -> None:
    polygon = noisy(600, radius=150.0, seed=seed)
    inner, outer = moved(one(polygon), -distance)[0], moved(one(polygon), distance)[0]
    assert inner.area <= polygon.area <= outer.area
    assert inner.is_empty or polygon.buffer(1e-6).contains(inner)
    assert outer.buffer(1e-6).contains(polygon)
