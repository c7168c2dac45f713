"""Covered shares of pixels are those of intersecting the polygon with every pixel."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from geopandas import GeoDataFrame
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trimline.glaciers.coverage import coverage

ROWS, COLUMNS = 9, 12


def intersected(polygon: shapely.Geometry, rows: int = ROWS, columns: int = COLUMNS) -> np.ndarray:
    y, x = np.mgrid[:rows, :columns]
    return np.asarray(shapely.area(shapely.intersection(polygon, shapely.box(x, y, x + 1, y + 1))))


def star(seed: int, corners: int, size: float, x: float, y: float) -> shapely.Geometry:
    random = np.random.default_rng(seed)
    angle = np.sort(random.uniform(0, 2 * np.pi, corners))
    radius = size * random.uniform(0.3, 1, corners)
    return shapely.Polygon(np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1))


stars = st.builds(
    star, st.integers(0, 10**6), st.integers(3, 40), st.floats(0.1, 8), st.floats(-3, 15), st.floats(-3, 12)
)


@given(stars, stars)
@settings(max_examples=60, deadline=None)
def test_shares_are_those_of_intersections(shell: shapely.Geometry, other: shapely.Geometry) -> None:
    for polygon in (shell, shell.difference(other), shell.union(other), shell.symmetric_difference(other)):
        assume(polygon.is_valid and polygon.geom_type in ("Polygon", "MultiPolygon"))
        assert coverage(polygon, (ROWS, COLUMNS)) == pytest.approx(intersected(polygon), abs=1e-8)


@given(st.lists(st.integers(-2, 14), min_size=4, max_size=4))
@settings(deadline=None)
def test_edges_along_the_borders_of_pixels_are_exact(sides: list[int]) -> None:
    west, east, north, south = *sorted(sides[:2]), *sorted(sides[2:])
    assume(west < east and north < south)
    found = coverage(shapely.box(west, north, east, south), (ROWS, COLUMNS))
    assert (found == intersected(shapely.box(west, north, east, south))).all()
    assert set(np.unique(found)) <= {0.0, 1.0}


def test_the_direction_of_rings_does_not_matter() -> None:
    hole = shapely.box(4, 4, 6, 6)
    polygon = shapely.box(1, 1, 8.5, 8.5).difference(hole)
    backwards = shapely.Polygon(polygon.exterior.coords[::-1], [hole.exterior.coords])
    assert (coverage(polygon, (ROWS, COLUMNS)) == coverage(backwards, (ROWS, COLUMNS))).all()


def test_nothing_covers_nothing() -> None:
    assert coverage(shapely.Polygon(), (3, 4)).tolist() == [[0.0] * 4] * 3


def test_exactextract_finds_the_same_shares() -> None:
    polygon = star(3, 60, 4.0, 6.0, 4.5)
    up = shapely.transform(polygon, lambda corners: corners * [1, -1] + [0, ROWS])
    frame = GeoDataFrame(geometry=[up], crs=32632)
    raster = NumPyRasterSource(np.ones((ROWS, COLUMNS)), 0, 0, COLUMNS, ROWS, srs_wkt=frame.crs.to_wkt())
    theirs = exact_extract(raster, frame, ["coverage", "cell_id"])[0]["properties"]
    ours = coverage(polygon, (ROWS, COLUMNS)).ravel()
    assert ours[theirs["cell_id"]] == pytest.approx(theirs["coverage"], abs=1e-6)
    assert ours.sum() == pytest.approx(np.sum(theirs["coverage"]), abs=1e-6)
