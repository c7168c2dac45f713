"""Areas and lengths are those of the ellipsoid, whatever CRS the outline comes in."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from trimline.errors import OutlineError
from trimline.outlines import area_km2, perimeter_km

UTM = 32646
CENTRAL_MERIDIAN_SCALE = 0.9996


def frame(*geometries: shapely.Geometry, crs: object = UTM) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(geometries), crs=crs)


def test_area_of_a_utm_square_on_the_central_meridian_is_its_side_squared_by_the_scale() -> None:
    square = shapely.box(499_500, 3_800_000, 500_500, 3_801_000)
    assert area_km2(frame(square))[0] == pytest.approx(1 / CENTRAL_MERIDIAN_SCALE**2, rel=1e-6)


def test_perimeter_of_a_utm_square_is_four_sides_by_the_scale() -> None:
    square = shapely.box(499_500, 3_800_000, 500_500, 3_801_000)
    assert perimeter_km(frame(square))[0] == pytest.approx(4 / CENTRAL_MERIDIAN_SCALE, rel=1e-6)


def test_area_of_a_zone_between_parallels_is_that_of_the_ellipsoid() -> None:
    """A box in degrees follows the parallels, not the geodesics between its corners."""
    south, north = np.radians([60.0, 61.0])
    a, f = 6378137.0, 1 / 298.257223563
    e2 = f * (2 - f)
    e = np.sqrt(e2)

    def q(latitude: float) -> float:
        s = np.sin(latitude)
        return float(s / (1 - e2 * s * s) + np.arctanh(e * s) / e)

    expected_m2 = np.radians(10) * a**2 * (1 - e2) / 2 * (q(north) - q(south))
    zone = frame(shapely.box(10, 60, 20, 61), crs=4326)
    assert area_km2(zone)[0] == pytest.approx(expected_m2 / 1e6, rel=1e-6)


def test_a_hole_takes_its_area_and_adds_its_length() -> None:
    outer, inner = shapely.box(5e5, 4e6, 5.1e5, 4.01e6), shapely.box(5.02e5, 4.002e6, 5.04e5, 4.004e6)
    holed = shapely.Polygon(outer.exterior, [inner.exterior])
    areas, lengths = area_km2(frame(outer, inner, holed)), perimeter_km(frame(outer, inner, holed))
    assert areas[2] == pytest.approx(areas[0] - areas[1])
    assert lengths[2] == pytest.approx(lengths[0] + lengths[1])


def test_the_direction_of_rings_does_not_matter() -> None:
    outer, inner = shapely.box(5e5, 4e6, 5.1e5, 4.01e6), shapely.box(5.02e5, 4.002e6, 5.04e5, 4.004e6)
    both_ways = [
        shapely.Polygon(outer.exterior.coords[::a], [inner.exterior.coords[::b]]) for a in (1, -1) for b in (1, -1)
    ]
    areas = area_km2(frame(*both_ways))
    assert np.ptp(areas) < 1e-12
    assert (areas > 0).all()


def test_a_multipolygon_is_the_sum_of_its_parts() -> None:
    parts = [shapely.box(5e5, 4e6, 5.01e5, 4.002e6), shapely.box(5.05e5, 4e6, 5.06e5, 4.003e6)]
    areas = area_km2(frame(*parts, shapely.MultiPolygon(parts)))
    assert areas[2] == pytest.approx(areas[0] + areas[1])


@given(
    st.floats(-75, 80),
    st.floats(-179, 178),
    st.floats(0.001, 0.05),
    st.sampled_from([3857, 3395, 6933, "+proj=stere +lat_0=90 +lat_ts=71", "+proj=moll"]),
)
def test_area_does_not_depend_on_the_crs(latitude: float, longitude: float, side: float, crs: object) -> None:
    degrees = frame(shapely.box(longitude, latitude, longitude + side, latitude + side).segmentize(1e-3), crs=4326)
    if isinstance(crs, str) and "stere" in crs and latitude < 0:
        return  # far from its pole the projection runs to infinity
    assert area_km2(degrees.to_crs(crs))[0] == pytest.approx(area_km2(degrees)[0], rel=1e-4)


def test_area_agrees_with_pyproj_on_a_fine_polygon() -> None:
    disc = shapely.Point(86.9, 27.98).buffer(0.05, quad_segs=64)
    expected, _ = Geod(ellps="WGS84").geometry_area_perimeter(shapely.orient_polygons(disc))
    assert area_km2(frame(disc, crs=4326))[0] == pytest.approx(expected / 1e6, rel=1e-6)


def test_an_empty_geometry_has_no_area_and_no_length() -> None:
    nothing = frame(shapely.Polygon(), shapely.box(0, 0, 1, 1))
    assert area_km2(nothing)[0] == 0
    assert perimeter_km(nothing)[0] == 0
    assert area_km2(nothing[:0]).shape == (0,)


def test_without_a_crs_there_is_no_area() -> None:
    with pytest.raises(OutlineError, match="no CRS"):
        area_km2(frame(shapely.box(0, 0, 1, 1), crs=None))
