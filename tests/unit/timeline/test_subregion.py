"""Every glacier belongs to one part of the region, and says where it came from."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from odc.geo.geobox import GeoBox
from shapely import box

from trimline.errors import ProjectError
from trimline.rasters import write_raster
from trimline.timeline.description import SourceScene, areas_by_value, described, shares, shares_of
from trimline.timeline.subregion import refuse_areas_beyond, subregions

CRS = "EPSG:32646"
X, Y = 500_000, 3_800_000


def frame(*geometries: object, **columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(geometries), crs=CRS)


GROUND = frame(box(X, Y, X + 100, Y + 100), box(X + 200, Y, X + 300, Y + 100), glac_id=["a", "b"])


def shown(*rows: tuple[str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["glac_id", "scene_id", "area_km2"])


def test_without_outlines_a_glacier_belongs_to_the_area_that_showed_most_of_it_over_all_periods() -> None:
    found = subregions(
        GROUND,
        shown(("a", "1", 5.0), ("a", "2", 3.0), ("a", "3", 3.0), ("b", "4", 1.0)),
        {"west": None, "east": None},
        {"1": "west", "2": "east", "3": "east", "4": None},
    )
    assert found.to_dict() == {"a": "east", "b": "all"}


def test_an_outline_of_an_area_outweighs_the_scenes() -> None:
    areas = {"west": frame(box(X, Y, X + 60, Y + 100)), "east": frame(box(X + 60, Y, X + 250, Y + 100))}
    found = subregions(GROUND, shown(("a", "1", 5.0), ("b", "1", 5.0)), areas, {"1": "east"})
    assert found.to_dict() == {"a": "west", "b": "east"}


def test_without_areas_all_is_one_region() -> None:
    assert set(subregions(GROUND, shown(("a", "1", 5.0)), {}, {"1": "west"})) == {"all"}


def test_an_area_beyond_the_region_is_named() -> None:
    refuse_areas_beyond(GROUND, {"west": GROUND.iloc[:1], "none": None})
    with pytest.raises(ProjectError, match="the area 'far' lies outside the region"):
        refuse_areas_beyond(GROUND.iloc[:1], {"far": GROUND.iloc[1:]})


WITNESSES = {1: SourceScene(1, "A", "1988-08-20", "landsat-5-tm"), 2: SourceScene(2, "B", "1987", "landsat-5-tm")}


def test_an_outline_names_its_scenes_by_their_share_of_its_pixels(tmp_path: Path) -> None:
    grid = GeoBox((4, 8), Affine(30, 0, X, 0, -30, Y + 120), CRS)
    sources = np.zeros((4, 8), np.uint16)
    sources[:, :3], sources[:, 3] = 2, 1
    write_raster(tmp_path / "sources.tif", sources, grid, nodata=0)
    outlines = frame(
        box(X, Y, X + 120, Y + 120), box(X + 150, Y, X + 240, Y + 120), glac_id=["a", "b"], period="1986-1988"
    )
    shared = shares(outlines, tmp_path / "sources.tif", WITNESSES)
    assert shared.to_numpy().tolist() == [[0, "B", 0.75], [0, "A", 0.25]]
    found = described(outlines, shared, WITNESSES, otherwise_year=1987.5)
    first, second = (row for _, row in found.iterrows())
    assert first["scene_ids"] == "B:0.7500;A:0.2500"
    assert (first["scene_id"], first["src_date"]) == ("B", "1987")
    assert first["src_year"] == pytest.approx(0.75 * 1987.5 + 0.25 * (1988 + 232.5 / 366), abs=1e-6)
    assert pd.isna(second["scene_id"]), "no scene showed it"
    assert second["src_year"] == 1987.5
    assert first["area_km2"] == pytest.approx(0.0144, rel=1e-3)
    assert shares_of(first["scene_ids"]) == {"B": 0.75, "A": 0.25}
    assert shares_of(second["scene_ids"]) == {}


def test_areas_by_value_are_shares_of_the_pixels_raster_by_raster(tmp_path: Path) -> None:
    grid = GeoBox((4, 8), Affine(30, 0, X, 0, -30, Y + 120), CRS)
    values = np.zeros((4, 8), np.uint8)
    values[:, :3], values[:, 3] = 2, 255
    for name, each in (("one.tif", values), ("other.tif", np.full_like(values, 7))):
        write_raster(tmp_path / name, each, grid)
    outlines = frame(box(X, Y, X + 120, Y + 120), box(X + 150, Y, X + 240, Y + 120), glac_id=["a", "b"])
    one, other = areas_by_value(outlines, [tmp_path / "one.tif", tmp_path / "other.tif"])
    assert one.shape == (2, 256)
    assert one[0, [0, 2, 255]] == pytest.approx([0, 0.0108, 0.0036], rel=1e-3)
    assert one[1, 0] == other[1, 7] == one[1].sum() == pytest.approx(0.0108, rel=1e-3)


def test_an_outline_smaller_than_a_pixel_still_has_its_scene(tmp_path: Path) -> None:
    grid = GeoBox((4, 8), Affine(30, 0, X, 0, -30, Y + 120), CRS)
    write_raster(tmp_path / "sources.tif", np.ones((4, 8), np.uint16), grid, nodata=0)
    tiny = frame(box(X + 1, Y + 1, X + 5, Y + 5), glac_id=["a"])
    assert shares(tiny, tmp_path / "sources.tif", WITNESSES)["scene_id"].tolist() == ["A"]
