"""The region that is sent to a catalogue has few vertices, holds all of the region, and is cut at 180 degrees."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
import shapely.geometry
from hypothesis import given, settings
from hypothesis import strategies as st

from trimline.catalogues.region_query import MOST_VERTICES, region_on_earth, region_query
from trimline.errors import CatalogueError


def asked(region: shapely.Geometry) -> shapely.Geometry:
    return shapely.geometry.shape(region_query(region_on_earth(region)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(-179, 179), st.floats(-80, 80))
def test_the_query_holds_all_of_the_region_and_has_few_vertices(
    seed: int, count: int, longitude: float, latitude: float
) -> None:
    random = np.random.default_rng(seed)
    centres = random.normal((longitude, latitude), 1.0, (count, 2))
    centres[:, 1] = centres[:, 1].clip(-85, 85)
    region = region_on_earth(
        shapely.union_all(shapely.buffer(shapely.points(centres), random.uniform(0.01, 0.3, count)))
    )
    query = shapely.geometry.shape(region_query(region))
    assert query.is_valid
    assert shapely.get_num_coordinates(query) <= MOST_VERTICES
    assert shapely.difference(region, query).area <= 1e-9
    assert -180 <= query.bounds[0] <= query.bounds[2] <= 180


def test_a_small_region_is_sent_as_it_is() -> None:
    square = shapely.box(84.0, 43.0, 84.5, 43.5)
    assert shapely.equals(asked(square), square)


def test_a_region_at_the_180th_meridian_is_sent_in_two_parts() -> None:
    for region in (shapely.box(178, -18, 182, -16), shapely.box(-182, -18, -178, -16)):
        parts = shapely.get_parts(asked(region))
        assert sorted(part.bounds for part in parts) == [(-180, -18, -178, -16), (178, -18, 180, -16)]


@pytest.mark.parametrize(
    "region",
    [shapely.Polygon(), shapely.Point(1, 2), shapely.box(400000, 4700000, 410000, 4710000), shapely.box(0, 80, 1, 95)],
)
def test_a_region_that_is_none_is_refused(region: shapely.Geometry) -> None:
    with pytest.raises(CatalogueError, match="the region"):
        region_on_earth(region)
