"""Real images of one place: their shifts agree with one another, and are those of a sensor that is well placed."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from trimline.coregistration import Shift, inventory_shift, shift_between
from trimline.outlines import read_outlines
from trimline.scenes import Scene, moved_scene, open_scene

PIXEL_M = 10.0
SEASONS = ("winter", "spring", "summer", "autumn")


@pytest.fixture(scope="module")
def vinciguerra(trimline_data: Path) -> dict[int, Scene]:
    offsets = {2019: 0.0, 2020: 0.0, 2022: -1000.0}
    return {
        year: open_scene(
            trimline_data / "vinciguerra" / f"{year}.tif",
            id=str(year),
            sensor="sentinel-2-msi",
            scale=1e-4,
            offset=offset,
            nodata=0,
        )
        for year, offset in offsets.items()
    }


@pytest.fixture(scope="module")
def khumbu(trimline_data: Path) -> dict[str, Scene]:
    return {
        season: open_scene(
            trimline_data / "khumbu" / f"khumbu_s2_{season}_2024.tif", sensor="sentinel-2-msi", scale=1, offset=0
        )
        for season in SEASONS
    }


def told(first: Scene, second: Scene) -> Shift:
    found = shift_between(first, second)
    assert isinstance(found, Shift), f"{first.id}, {second.id}: {found}"
    return found


def test_three_years_close_a_triangle_within_their_errors(vinciguerra: dict[int, Scene]) -> None:
    legs = [told(vinciguerra[a], vinciguerra[b]) for a, b in ((2019, 2020), (2020, 2022), (2022, 2019))]
    for parts in ([each.east_m for each in legs], [each.north_m for each in legs]):
        assert abs(sum(parts)) < 2 * np.sqrt(sum(each.error_m**2 for each in legs))
        assert abs(sum(parts)) < 0.15 * PIXEL_M


def test_years_lie_on_one_another_as_well_as_the_agency_says(vinciguerra: dict[int, Scene]) -> None:
    """Level-1C before the global reference image lies within 12 m of other dates (95 %), by the agency's reports."""
    for a, b in combinations(vinciguerra, 2):
        assert told(vinciguerra[a], vinciguerra[b]).length_m < 12.0


def test_both_orders_give_opposite_shifts(vinciguerra: dict[int, Scene]) -> None:
    there, back = told(vinciguerra[2019], vinciguerra[2020]), told(vinciguerra[2020], vinciguerra[2019])
    assert (there.east_m, there.north_m) == pytest.approx((-back.east_m, -back.north_m), abs=0.1 * PIXEL_M)


def test_a_move_of_a_real_image_is_found_over_years(vinciguerra: dict[int, Scene]) -> None:
    as_it_lies = told(vinciguerra[2019], vinciguerra[2022])
    moved = told(vinciguerra[2019], moved_scene(vinciguerra[2022], 13.0, -6.0))
    difference = moved.east_m - as_it_lies.east_m, moved.north_m - as_it_lies.north_m
    assert difference == pytest.approx((13.0, -6.0), abs=0.1 * PIXEL_M)


def test_four_seasons_of_one_year_lie_within_a_quarter_of_a_pixel(khumbu: dict[str, Scene]) -> None:
    """Pixels of 24 m: other snow, other shade, other vegetation."""
    for a, b in combinations(SEASONS, 2):
        assert told(khumbu[a], khumbu[b]).pixels < 0.25


def test_an_old_inventory_is_found_where_it_is_moved_to(khumbu: dict[str, Scene], trimline_data: Path) -> None:
    """Outlines 22 years older than the image, half of their ice under debris."""
    outlines = read_outlines(trimline_data / "khumbu" / "khumbu_rgi6_outlines.geojson").to_crs(32645)
    as_it_lies = inventory_shift(outlines, khumbu["winter"])
    off = inventory_shift(outlines.assign(geometry=outlines.translate(120.0, -90.0)), khumbu["winter"])
    assert isinstance(as_it_lies, Shift)
    assert isinstance(off, Shift)
    assert not as_it_lies.is_notable
    assert off.is_notable
    assert (off.east_m - as_it_lies.east_m, off.north_m - as_it_lies.north_m) == pytest.approx((120.0, -90.0), abs=15.0)
