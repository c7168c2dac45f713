"""Terrain shadow on plain arrays, against geometry, rays followed one by one, and simulated ranges."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from trimline.simulate.environments import ENVIRONMENTS
from trimline.simulate.illumination import direct_light
from trimline.simulate.terrain import enlarge, gradients, mountain_range, reduce
from trimline.terrain import Shadow, shadow_on_heights


def dark(shadow: Shadow) -> NDArray[np.bool_]:
    return shadow.cast | shadow.facing_away


def f1(truth: NDArray[np.bool_], found: NDArray[np.bool_]) -> float:
    return float(2 * (truth & found).sum() / (truth.sum() + found.sum()))


@pytest.mark.parametrize("elevation", [15.0, 30.0, 60.0])
@pytest.mark.parametrize(("azimuth", "turns"), [(0.0, 2), (90.0, 1), (180.0, 0), (270.0, 3)])
def test_a_wall_shades_as_far_as_its_height_over_the_tangent_of_the_sun(
    elevation: float, azimuth: float, turns: int
) -> None:
    """A bank of 75 degrees and 300 m in the south, turned to where the sun is; pixels of 10 m."""
    ground = np.zeros((200, 40), np.float32)
    ground[142:] = np.minimum(np.arange(58) * 37.3, 300.0)[:, None]
    shadow = shadow_on_heights(np.rot90(ground, turns), (10.0, 10.0), azimuth, elevation, is_bounded=False)
    found = np.rot90(dark(shadow), -turns)
    length = 300.0 / math.tan(math.radians(elevation))
    lengths = found[:, 20].sum() * 10.0
    assert lengths == pytest.approx(length, abs=15.0)
    assert not found[155:, 20].any(), "the plateau itself lies in light"


def test_pixels_that_are_not_square_shade_as_far() -> None:
    ground = np.zeros((60, 400), np.float32)
    ground[:, 292:] = np.minimum(np.arange(108) * 25.0, 200.0)
    shadow = shadow_on_heights(ground, (30.0, 10.0), 90.0, 20.0, is_bounded=False)
    assert dark(shadow)[30].sum() * 10.0 == pytest.approx(200 / math.tan(math.radians(20)), abs=15.0)


@settings(max_examples=30, deadline=None)
@given(azimuth=st.floats(0, 360), elevation=st.floats(10, 80), slope=st.floats(0, 60), aspect=st.floats(0, 360))
@example(azimuth=0.0, elevation=28.0, slope=28.0, aspect=192.0)  # light that all but grazes
def test_an_inclined_plane_is_all_in_light_or_all_in_its_own_shadow(
    azimuth: float, elevation: float, slope: float, aspect: float
) -> None:
    rows, columns = np.mgrid[:40, :40] * 30.0
    steep, faces = math.tan(math.radians(slope)), math.radians(aspect)
    plane = (rows * math.cos(faces) - columns * math.sin(faces)) * steep
    cosine = math.sin(math.radians(elevation)) + steep * math.cos(math.radians(elevation)) * math.cos(
        math.radians(azimuth - aspect)
    )
    if abs(cosine) < 0.01:
        return
    shadow = shadow_on_heights(plane.astype(np.float32), (30.0, 30.0), azimuth, elevation, is_bounded=False)
    inner = np.s_[4:-4, 4:-4]
    assert (shadow.facing_away[inner] == (cosine < 0)).all()
    assert not shadow.cast[inner].any()


def test_ground_behind_a_void_is_unknown_where_it_may_be_shaded_and_known_where_it_is() -> None:
    ground = np.zeros((120, 60), np.float32)
    ground[80:82] = 100.0
    ground[100:105, :30] = np.nan
    shadow = shadow_on_heights(ground, (30.0, 30.0), 180.0, 30.0, is_bounded=False)
    assert shadow.unknown[100:105, :28].all()
    assert shadow.unknown[99, :28].all(), "the void may be as high as the ridge"
    assert not shadow.unknown[:70].any()
    assert not shadow.unknown[:, 33:].any()
    assert shadow.cast[77:79].all()
    assert not shadow.cast[60:70].any()


def test_what_lies_beyond_may_shade_unless_it_is_known_to_be_too_far() -> None:
    ground = np.zeros((60, 60), np.float32)
    ground[:5] = 300.0
    towards_the_sun = np.s_[50:]
    assert shadow_on_heights(ground, (30.0, 30.0), 180.0, 30.0).unknown[towards_the_sun].all()
    assert not shadow_on_heights(ground, (30.0, 30.0), 180.0, 30.0, is_bounded=False).unknown.any()
    nothing = shadow_on_heights(np.full((4, 4), np.nan, np.float32), (30.0, 30.0), 180.0, 30.0)
    assert nothing.unknown.all()
    assert not dark(nothing).any()


def followed(ground: NDArray[np.float64], pixel_m: float, azimuth: float, elevation: float) -> NDArray[np.bool_]:
    """Follow the ray of every pixel in steps of half a pixel over bilinear ground."""
    rows, columns = np.indices(ground.shape).astype(float)
    towards, rise = math.radians(azimuth), math.tan(math.radians(elevation))
    to_south, to_east = gradients(ground, pixel_m)
    shaded: NDArray[np.bool_] = to_east * math.sin(towards) - to_south * math.cos(towards) > rise
    far = 0.5
    while (far * pixel_m) * rise < ground.max() - ground.min():
        place = rows - far * math.cos(towards), columns + far * math.sin(towards)
        beyond = ndimage.map_coordinates(ground, place, order=1, cval=-1e5)
        shaded |= beyond > ground + far * pixel_m * rise + 0.01
        far += 0.5
    return shaded


SIDE = 96


def simulated(environment: str, resolution_m: float, seed: int = 5) -> NDArray[np.float64]:
    """Return heights as they are in the `dem.tif` of a simulated range."""
    kind = ENVIRONMENTS[environment]
    return mountain_range(
        (SIDE, SIDE),
        resolution_m,
        np.random.default_rng(seed),
        lowest_m=kind.lowest_m,
        highest_m=kind.highest_m,
        roughness_m=kind.roughness_m,
        coarsening=4 if resolution_m == 10 else 2,
    )


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
@pytest.mark.parametrize(("azimuth", "elevation"), [(135.0, 15.0), (150.0, 55.0), (337.0, 25.0)])
def test_shadow_is_that_of_the_simulator_and_of_rays_followed_one_by_one(
    environment: str, azimuth: float, elevation: float
) -> None:
    """The simulator shades ground of 5 m; the elevation model has 10 m."""
    heights = simulated(environment, 10.0)
    fine = enlarge(heights, 2)
    found = dark(shadow_on_heights(heights.astype(np.float32), (10.0, 10.0), azimuth, elevation))
    of_simulator = reduce((direct_light(fine, 5.0, azimuth, elevation) == 0).astype(float), 2) >= 0.5
    assert f1(of_simulator, found) >= 0.99
    of_rays = reduce(followed(fine, 5.0, azimuth, elevation).astype(float), 2) >= 0.5
    assert f1(of_rays, found) >= 0.99


@pytest.mark.parametrize("environment", sorted(ENVIRONMENTS))
@pytest.mark.parametrize(("azimuth", "elevation"), [(135.0, 20.0), (203.0, 60.0)])
def test_shadow_at_30_m_is_that_of_the_simulator_at_15_m(environment: str, azimuth: float, elevation: float) -> None:
    heights = simulated(environment, 30.0)
    fine = enlarge(heights, 2)
    found = dark(shadow_on_heights(heights.astype(np.float32), (30.0, 30.0), azimuth, elevation))
    of_simulator = reduce((direct_light(fine, 15.0, azimuth, elevation) == 0).astype(float), 2) >= 0.5
    assert f1(of_simulator, found) >= 0.98


def test_a_model_of_30_m_shades_pixels_of_10_m() -> None:
    """Heights are means over 3 x 3 pixels, and the finest relief is lost with them."""
    heights = simulated("warm-green", 10.0)
    truth = reduce((direct_light(enlarge(heights, 2), 5.0, 135.0, 30.0) == 0).astype(float), 2) >= 0.5
    coarse = reduce(heights, 3).astype(np.float32)
    found = dark(shadow_on_heights(coarse, (30.0, 30.0), 135.0, 30.0, finer=3, coarser=1))
    assert found.shape == truth.shape
    assert f1(truth, found) >= 0.96
