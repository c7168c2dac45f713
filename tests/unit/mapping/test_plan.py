"""How large windows and strips are: as the engine's memory allows, and as the user says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from odc.geo.geobox import GeoBox

from trimline.mapping import MapOptions, MapPlan
from trimline.mapping.plan import SCREENED_PIXELS, WINDOW_PIXELS
from trimline.scenes import Scene


@pytest.fixture
def large(scene: Scene) -> Callable[[int, int], Scene]:
    """Return a function that makes a scene of any size; nobody reads its pixels."""

    def make(height: int, width: int) -> Scene:
        return replace(scene, geobox=GeoBox((height, width), scene.geobox.affine, scene.geobox.crs))

    return make


@pytest.mark.parametrize("arithmetic", ["fp32", "bf16"])
@pytest.mark.parametrize("shape", [(4096, 4096), (7700, 7600), (10980, 10980), (3000, 20000), (500, 700)])
def test_windows_hold_no_more_than_the_engine_may(
    large: Callable[..., Scene], model: Any, arithmetic: str, shape: tuple[int, int]
) -> None:
    model.arithmetic = arithmetic
    plan = MapPlan.of(large(*shape), model, options=MapOptions(screen=False))
    seen = plan.rows.side * plan.columns.side
    assert seen <= WINDOW_PIXELS[arithmetic]
    assert plan.rows.side % model.stride == plan.columns.side % model.stride == 0
    shown = seen * len(plan.strips) * len(list(plan.columns.cuts()))
    assert shown < 1.4 * shape[0] * shape[1], "halos and what windows share cost no more than that"


def test_strips_of_very_wide_scenes_are_low_and_their_windows_wide(large: Callable[..., Scene], model: Any) -> None:
    narrow, wide = (MapPlan.of(large(4096, width), model, options=MapOptions(screen=False)) for width in (4096, 40960))
    assert wide.rows.side < narrow.rows.side
    assert wide.columns.side > narrow.columns.side
    assert wide.rows.side * 40960 <= 1088 * 4096 * 1.1


def test_windows_are_smaller_where_the_screen_decides_what_is_shown(large: Callable[..., Scene], model: Any) -> None:
    model.bands = ("green", "swir1", "nir")
    made = large(4096, 4096)
    assets = dict(zip(model.bands, [*made.assets.values(), made.assets["red"]], strict=True))
    plan = MapPlan.of(replace(made, assets=assets), model)
    assert plan.screen
    assert plan.rows.side * plan.columns.side <= SCREENED_PIXELS


def test_what_the_user_says_is_done(large: Callable[..., Scene], model: Any) -> None:
    plan = MapPlan.of(large(4096, 16384), model, options=MapOptions(window=200, halo=40))
    assert 200 < plan.rows.side <= 280
    assert 200 < plan.columns.side <= 280
    assert plan.rows.halo == 40


def test_an_empty_share_of_scene_and_region_has_no_strips(scene: Scene, model: Any) -> None:
    elsewhere = GeoBox((100, 100), scene.geobox.affine.translation(10_000, 10_000) * scene.geobox.affine, "EPSG:32646")
    plan = MapPlan.of(scene, model, elsewhere)
    assert plan.strips == []
    assert np.prod(plan.region.shape) == 10_000
