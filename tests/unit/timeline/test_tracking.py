"""Which patch is which glacier: names that stay, and no ground lost or given twice."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from shapely import box

from trimline.errors import OutlineError
from trimline.outlines import trace, write_outlines
from trimline.timeline.inventory import read_inventory
from trimline.timeline.tracking import ground_by_glacier, identify

CRS = "EPSG:32646"


def frame(*geometries: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(geometries), crs=CRS)


def inventory(**glaciers: shapely.Geometry) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": list(glaciers)}, geometry=list(glaciers.values()), crs=CRS)


def ids(found: gpd.GeoDataFrame, period: str) -> dict[str, float]:
    """Return the area of each glacier of a period."""
    own = found[found["period"] == period]
    return dict(zip(own["glac_id"], own.geometry.area, strict=True))


def test_a_glacier_keeps_its_name_while_it_shrinks_and_falls_apart() -> None:
    found = identify({"old": frame(box(0, 0, 10, 10)), "new": frame(box(0, 0, 3, 3), box(6, 6, 9, 9))}, name="study")
    assert ids(found, "old") == {"study-0001": 100}
    assert ids(found, "new") == {"study-0001": 18}
    assert found[found["period"] == "new"].geometry.iloc[0].geom_type == "MultiPolygon"


def test_glaciers_are_numbered_from_the_west() -> None:
    found = identify({"one": frame(box(50, 0, 60, 10), box(0, 0, 10, 10)), "two": frame(box(20, 0, 30, 10))}, "study")
    west = {row.glac_id: row.geometry.bounds[0] for row in found.itertuples()}
    assert west == {"study-0001": 0, "study-0002": 20, "study-0003": 50}


def test_two_patches_that_no_period_joins_are_two_glaciers() -> None:
    apart = frame(box(0, 0, 4, 10), box(6, 0, 10, 10))
    assert len(ids(identify({"one": apart}, "study"), "one")) == 2
    joined = identify({"one": apart, "two": frame(box(0, 0, 10, 10))}, "study")
    assert ids(joined, "one") == {"study-0001": 80}


def test_an_inventory_divides_what_has_grown_together_and_what_lies_beyond_it_follows_its_neighbour() -> None:
    known = inventory(a=box(0, 0, 10, 10), b=box(10, 0, 20, 10))
    found = identify({"one": frame(box(0, 0, 26, 10))}, "study", known)
    assert ids(found, "one") == pytest.approx({"a": 100, "b": 160})


def test_what_came_off_a_glacier_still_belongs_to_it_and_new_ice_is_a_glacier_of_its_own() -> None:
    known = inventory(a=box(0, 0, 10, 10))
    periods = {"old": frame(box(0, 0, 20, 10)), "new": frame(box(0, 0, 9, 9), box(15, 0, 19, 9), box(40, 0, 45, 5))}
    found = identify(periods, "study", known)
    assert ids(found, "old") == {"a": 200}
    assert ids(found, "new") == {"a": 81 + 36, "study-0001": 25}


def test_a_border_that_is_crossed_by_little_makes_no_glacier() -> None:
    known = inventory(a=box(0, 0, 10, 10), b=box(10, 0, 20, 10))
    found = identify({"one": frame(box(0, 0, 11, 10))}, "study", known, minimum_area_m2=20)
    assert ids(found, "one") == {"a": 110}
    assert len(ids(identify({"one": frame(box(0, 0, 11, 10))}, "study", known), "one")) == 2


def test_overlapping_outlines_are_refused_and_the_period_named() -> None:
    with pytest.raises(OutlineError, match="1987: 1 pairs of outlines overlap"):
        identify({"1987": frame(box(0, 0, 1e4, 1e4), box(5e3, 5e3, 2e4, 2e4))}, "study")


def test_without_ice_there_are_no_glaciers() -> None:
    found = identify({"one": frame(), "two": frame()}, "study", inventory(a=box(0, 0, 1, 1)))
    assert found.empty
    assert found.crs.to_epsg() == 32646


masks = st.lists(st.integers(0, 2**36 - 1), min_size=1, max_size=3)


def traced(bits: int) -> gpd.GeoDataFrame:
    mask = np.array([bits >> i & 1 for i in range(36)], np.uint8).reshape(6, 6)
    return trace(mask, GeoBox((6, 6), Affine(30, 0, 500_000, 0, -30, 3_800_180), CRS))


@settings(deadline=None)
@given(masks, st.booleans())
def test_no_ground_is_lost_or_given_twice(drawn: list[int], known: bool) -> None:
    patches = {f"period {i}": traced(bits) for i, bits in enumerate(drawn)}
    halves = inventory(a=box(500_015, 3_800_015, 500_095, 3_800_165), b=box(500_095, 3_800_015, 500_155, 3_800_155))
    found = identify(patches, "study", halves if known else None)
    assert not found.duplicated(["period", "glac_id"]).any()
    assert found.geometry.is_valid.all()
    for period, of_period in patches.items():
        own = found[found["period"] == period]
        assert own.geometry.area.sum() == pytest.approx(of_period.geometry.area.sum(), abs=1e-3)
        union = shapely.union_all(own.geometry.to_numpy())
        assert union.area == pytest.approx(own.geometry.area.sum(), abs=1e-3)
    assert set(ground_by_glacier(found)["glac_id"]) == set(found["glac_id"])


def test_an_inventory_is_read_by_its_ids_in_the_crs_of_the_study(tmp_path: Path) -> None:
    write_outlines(frame(box(5e5, 3.8e6, 5e5 + 900, 3.8e6 + 900)).assign(OBJECTID=7).to_crs(4326), tmp_path / "a.gpkg")
    found = read_inventory(tmp_path / "a.gpkg", CRS, pixel_m2=900)
    assert found["glac_id"].tolist() == ["7"]
    assert found.geometry.area.iloc[0] == pytest.approx(810_000, rel=1e-6)


@pytest.mark.parametrize("column", ["glac_name", "GLACNAME", "glacier_name", "Name", "name"])
def test_an_inventory_keeps_the_names_of_its_glaciers(tmp_path: Path, column: str) -> None:
    boxes = [box(5e5 + 1000 * i, 3.8e6, 5e5 + 1000 * i + 900, 3.8e6 + 900) for i in range(4)]
    glaciers = frame(*boxes).assign(rgi_id=list("abcd"), **{column: ["Vinciguerra", None, " ", "None"]})
    write_outlines(glaciers, tmp_path / "a.gpkg")
    assert read_inventory(tmp_path / "a.gpkg", CRS, pixel_m2=900)["glac_name"].tolist() == [
        "Vinciguerra", None, None, None,
    ]  # fmt: skip


def test_an_inventory_whose_ids_are_its_names_has_no_column_of_names(tmp_path: Path) -> None:
    write_outlines(frame(box(5e5, 3.8e6, 6e5, 3.9e6)).assign(glac_name="Vinciguerra"), tmp_path / "a.gpkg")
    found = read_inventory(tmp_path / "a.gpkg", CRS, pixel_m2=900)
    assert found["glac_id"].tolist() == ["Vinciguerra"]
    assert "glac_name" not in found


def test_an_inventory_without_ids_is_numbered(tmp_path: Path) -> None:
    write_outlines(frame(box(5e5, 3.8e6, 6e5, 3.9e6), box(7e5, 3.8e6, 8e5, 3.9e6)), tmp_path / "a.gpkg")
    assert read_inventory(tmp_path / "a.gpkg", CRS, pixel_m2=900)["glac_id"].tolist() == ["0001", "0002"]


def test_an_inventory_that_claims_ground_twice_is_refused_by_the_names_of_both(tmp_path: Path) -> None:
    glaciers = frame(box(5e5, 3.8e6, 6e5, 3.9e6), box(599_000, 3.8e6, 7e5, 3.9e6)).assign(rgi_id=["north", "south"])
    write_outlines(glaciers, tmp_path / "a.gpkg")
    with pytest.raises(OutlineError, match=r"'north' and 'south' on 100\.000 km2"):
        read_inventory(tmp_path / "a.gpkg", CRS, pixel_m2=900)
    sliver = frame(box(5e5, 3.8e6, 6e5, 3.8e6 + 90), box(6e5 - 5, 3.8e6, 7e5, 3.8e6 + 90))
    write_outlines(sliver, tmp_path / "b.gpkg")
    assert len(read_inventory(tmp_path / "b.gpkg", CRS, pixel_m2=900)) == 2, "no map could tell"
    write_outlines(glaciers.assign(rgi_id="same"), tmp_path / "c.gpkg")
    with pytest.raises(OutlineError, match="1 ids stand twice in the column 'rgi_id', among them 'same'"):
        read_inventory(tmp_path / "c.gpkg", CRS, pixel_m2=900)
