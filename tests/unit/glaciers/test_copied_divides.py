"""Divides carried over from an older inventory: glaciers keep their ids while the ice around them changes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trimline.errors import OutlineError
from trimline.glaciers.copied_divides import copy_divides
from trimline.outlines import area_km2

UTM = 32632


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(6e5 + x, 5.2e6 + y, 6e5 + x + width, 5.2e6 + y + height)


def frame(crs: int = UTM, **shapes: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": list(shapes)}, geometry=list(shapes.values()), crs=UTM).to_crs(crs)


OLD = frame(west=box(0, 0, 1000, 2000), east=box(1000, 0, 1000, 2000))
"""Two glaciers side by side, divided at x = 1000 m."""


def by_id(outlines: gpd.GeoDataFrame) -> dict[str, shapely.Geometry]:
    return dict(zip(outlines["glac_id"], outlines.geometry, strict=True))


def test_shrunken_ice_is_cut_along_the_old_divide() -> None:
    parts = by_id(copy_divides(frame(complex=box(100, 300, 1800, 1500)), OLD))
    assert parts["west"].equals(box(100, 300, 900, 1500))
    assert parts["east"].equals(box(1000, 300, 900, 1500))


def test_ice_beyond_the_old_glaciers_goes_to_the_nearest_and_the_divide_goes_on() -> None:
    parts = by_id(copy_divides(frame(complex=box(0, -600, 2000, 2600)), OLD))
    assert parts["west"].area == pytest.approx(2.6e6, rel=0.01)
    assert parts["east"].area == pytest.approx(2.6e6, rel=0.01)
    assert shapely.union_all(list(parts.values())).equals(box(0, -600, 2000, 2600))


def test_new_ice_gets_new_ids_from_west_to_east_that_are_not_taken() -> None:
    old = frame(west=box(0, 0, 1000, 2000), **{"new-0001": box(9000, 0, 500, 500)})
    found = copy_divides(frame(a=box(5000, 0, 400, 400), b=box(3000, 0, 400, 400), c=box(0, 0, 900, 900)), old)
    assert found["glac_id"].tolist() == ["west", "new-0002", "new-0003"]
    assert found.geometry[1].equals(box(3000, 0, 400, 400))


def test_a_glacier_that_fell_apart_is_one_row() -> None:
    old = frame(west=box(0, 0, 1000, 2000))
    found = copy_divides(frame(a=box(0, 0, 900, 500), b=box(0, 1000, 900, 900)), old)
    assert found["glac_id"].tolist() == ["west"]
    assert len(shapely.get_parts(found.geometry[0])) == 2


def test_ice_that_crosses_a_divide_by_a_few_metres_makes_no_glacier() -> None:
    found = copy_divides(frame(a=box(0, 0, 1004, 2000)), OLD)
    assert found["glac_id"].tolist() == ["west"]
    assert found.geometry[0].equals(box(0, 0, 1004, 2000))


def test_columns_are_those_of_the_outline_and_errors_are_shared() -> None:
    ice = frame(complex=box(0, 0, 2000, 2000)).assign(src_date="2010-08-01", uncertain_error_km2=0.4, zmed_m=3000.0)
    found = copy_divides(ice, OLD)
    assert found["src_date"].tolist() == ["2010-08-01"] * 2
    assert found["uncertain_error_km2"].tolist() == pytest.approx([0.2, 0.2], rel=1e-3)
    assert found["zmed_m"].isna().all()
    assert found["area_km2"].sum() == pytest.approx(area_km2(ice)[0], rel=1e-9)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 1000), st.sampled_from([UTM, 4326]))
@example(334, 4326)  # its faces are not quite valid in the plane
def test_parts_tile_the_ice_whatever_it_was_before(seed: int, crs: int) -> None:
    random = np.random.default_rng(seed)
    seeds = shapely.MultiPoint(np.array([6e5, 5.2e6]) + random.uniform(-1500, 1500, (5, 2)))
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds))
    disc = shapely.Point(6e5, 5.2e6).buffer(1200)
    old = frame(**{f"g{i}": cell.intersection(disc) for i, cell in enumerate(cells) if cell.intersects(disc)})
    old = old[~old.is_empty]
    angles = np.linspace(0, 2 * np.pi, 30, endpoint=False)
    radii = random.uniform(500, 2000, 30)
    ring = np.column_stack([6e5 + radii * np.cos(angles), 5.2e6 + radii * np.sin(angles)])
    ice = shapely.segmentize(shapely.Polygon(ring), 60.0)
    now = frame(crs, complex=ice)
    found = copy_divides(now, old)
    shapes = found.geometry.to_numpy()
    assert shapely.area(shapes).sum() == pytest.approx(now.geometry[0].area, rel=1e-9)
    assert found["area_km2"].sum() == pytest.approx(area_km2(now)[0], rel=1e-6)
    gap = shapely.symmetric_difference(shapely.union_all(shapes), now.geometry[0]).area
    assert gap <= 1e-9 * now.geometry[0].area
    assert shapely.coverage_is_valid(shapes)
    assert set(found["glac_id"]) <= set(old["glac_id"])


def test_what_cannot_be_copied_is_refused() -> None:
    with pytest.raises(OutlineError, match="no column 'glac_id'"):
        copy_divides(OLD, OLD.drop(columns="glac_id"))
    with pytest.raises(OutlineError, match="smallest"):
        copy_divides(OLD, OLD, smallest_km2=-1)
    with pytest.raises(OutlineError, match="no CRS"):
        copy_divides(OLD.set_crs(None, allow_override=True), OLD)
