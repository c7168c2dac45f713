"""Panels of outlines show ground that their image shows."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from odc.geo.geobox import GeoBox

from trimline.report.change_figures import within_image


def scene(height: int, width: int) -> Any:
    """Return a scene of pixels of 10 m whose lower left corner is (1000, 1000)."""
    grid = GeoBox.from_bbox((1000, 1000, 1000 + 10 * width, 1000 + 10 * height), "EPSG:32619", resolution=10)
    return SimpleNamespace(geobox=grid)


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((1500, 1500, 2500, 2500), (1500, 1500, 2500, 2500)),
        ((900, 1500, 1900, 2500), (1010, 1500, 2010, 2500)),
        ((5500, 5600, 6500, 6600), (4990, 4990, 5990, 5990)),
    ],
)
def test_a_square_is_moved_into_a_large_image(bounds: Any, expected: Any) -> None:
    assert within_image(bounds, scene(500, 500), "EPSG:32619") == pytest.approx(expected, abs=1)


def test_of_a_small_image_all_is_shown_and_little_besides() -> None:
    found = within_image((0, 0, 4000, 4000), scene(150, 100), "EPSG:32619")
    assert found == pytest.approx((760, 1010, 2240, 2490), abs=1)
