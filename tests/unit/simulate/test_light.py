"""Light falls where geometry says."""

from __future__ import annotations

import numpy as np
import pytest

from trimline.simulate.clouds import BASE_M, scatter
from trimline.simulate.illumination import cast_shadow, direct_light, sky_view


@pytest.mark.parametrize(("azimuth", "direction"), [(180.0, (-1, 0)), (0.0, (1, 0)), (90.0, (0, -1)), (270.0, (0, 1))])
def test_the_shadow_of_a_wall_has_its_length_and_direction(azimuth: float, direction: tuple[int, int]) -> None:
    # A tower of 95 m under a sun at 45 degrees throws a shadow of 95 m, away from the sun.
    ground = np.zeros((41, 41))
    ground[20, 20] = 95.0
    shadow = cast_shadow(ground, 10.0, azimuth, 45.0)
    rows, columns = np.nonzero(shadow)
    steps = (rows - 20) * direction[0] + (columns - 20) * direction[1]
    across = (rows - 20) * direction[1] + (columns - 20) * direction[0]
    assert set(across) == {0}
    assert sorted(steps) == list(range(1, 10))


def test_level_ground_in_the_sun_gets_just_the_light_of_level_ground() -> None:
    light = direct_light(np.full((10, 10), 5000.0), 30.0, 140.0, 50.0)
    assert np.allclose(light, 1.0)
    assert np.allclose(sky_view(np.full((10, 10), 5000.0), 30.0), 1.0)


def test_a_slope_facing_the_sun_gets_one_over_the_sine_of_its_height() -> None:
    rows = np.arange(20.0)[:, None] * np.ones((1, 20))
    facing_south = -rows * 30.0 * np.tan(np.radians(40.0))
    light = direct_light(facing_south, 30.0, 180.0, 50.0)
    assert light[10, 10] == pytest.approx(1 / np.sin(np.radians(50.0)), rel=1e-6)
    assert direct_light(-facing_south, 30.0, 180.0, 35.0)[10, 10] == 0.0


def test_clouds_cover_their_share_and_their_shadows_lie_away_from_the_sun() -> None:
    generator = np.random.default_rng(3)
    clouds = scatter(generator.random((128, 128)), 30.0, 0.25, 0.5, 180.0, 45.0, np.random.default_rng(1))
    assert (clouds.opacity > 0).mean() == pytest.approx(0.25, abs=0.01)
    shift = round(BASE_M / 30.0)
    # The sun stands in the south: shadows fall to the north, which is towards row 0.
    assert np.allclose(clouds.shade[: 128 - shift], clouds.opacity[shift:], atol=0.35)
    assert np.corrcoef(clouds.shade[: 128 - shift].ravel(), clouds.opacity[shift:].ravel())[0, 1] > 0.98


def test_no_clouds_are_no_clouds() -> None:
    clouds = scatter(np.ones((8, 8)), 30.0, 0.0, 0.5, 180.0, 45.0, np.random.default_rng(1))
    assert not clouds.opacity.any()
    assert not clouds.shade.any()
