"""Geometries come into another CRS in one place, with their borders where they were."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

import trimline
from trimline.errors import OutlineError
from trimline.reprojecting import in_degrees, published_in_degrees, reprojected, split
from trimline.timeline.place import ground_of


def frame(*geometries: shapely.Geometry, crs: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=list(geometries), crs=crs)


def test_no_module_brings_geometries_into_another_crs_by_itself() -> None:
    bare = [
        f"{path.name}:{number}"
        for path in Path(trimline.__file__).parent.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if re.search(r"\.to_crs\(", line)
    ]
    assert bare == [], "use trimline.reprojecting: reprojected, in_degrees"


@pytest.mark.parametrize("box", [(8.6, 46.1, 10.4, 47.6), (86, 30, 96, 36)], ids=["1.8 degrees", "10 degrees"])
def test_the_border_of_a_region_box_in_degrees_follows_the_parallels(box: tuple[float, ...]) -> None:
    zone = 32600 + int((box[0] + box[2]) / 2 + 180) // 6 + 1
    region = frame(shapely.box(*box), crs=4326)
    ground = ground_of(frame(shapely.box(-1e6, 1e6, 2e6, 8e6), crs=zone), region).geometry[0]
    fine = region.segmentize(0.002).to_crs(zone).geometry[0]
    assert ground.boundary.hausdorff_distance(fine.boundary) < 1.0
    assert ground.symmetric_difference(fine).area < 1e-6 * fine.area


def test_a_vertex_without_a_place_names_its_row() -> None:
    table = frame(shapely.box(10, 60, 11, 61), shapely.box(100, -61, 101, -60), crs=4326)
    table.index = ["here", "beyond"]
    with pytest.raises(OutlineError, match="outline beyond has no place in"):
        reprojected(table, "+proj=gnom +lat_0=50 +lon_0=10 +type=crs")


def test_a_table_in_the_same_crs_is_not_touched_and_its_columns_stay() -> None:
    table = frame(shapely.box(10, 60, 12, 61), crs=4326).assign(name="a").rename_geometry("shape")
    assert shapely.equals_exact(reprojected(table, 4326).geometry[0], table.geometry[0])
    there = reprojected(table, 32632)
    assert list(there.columns) == list(table.columns)
    assert there.geometry.name == "shape"


def test_outlines_in_degrees_go_on_at_180_and_are_cut_there_when_published() -> None:
    across = frame(shapely.box(603_500, 7_925_000, 609_500, 7_928_000), crs=32660)
    there = reprojected(across, 4326)
    west, _, east, _ = there.total_bounds
    assert 0 < east - west < 1
    published = published_in_degrees(across).geometry[0]
    assert published.geom_type == "MultiPolygon"
    assert published.bounds[0] == -180.0
    assert published.bounds[2] == 180.0
    other = reprojected(across, 4326, like=frame(shapely.box(-179.9, 71, -179.8, 71.1), crs=4326))
    assert other.total_bounds[2] < 0
    point = in_degrees(gpd.GeoSeries([shapely.Point(180.25, 71)], crs=4326))
    assert point.x[0] == pytest.approx(-179.75)


def test_metres_taken_for_degrees_are_refused_before_they_are_split() -> None:
    lines = np.array([shapely.LineString([(500_090, 3_796_595), (500_730, 3_796_595)])] * 1000)
    with pytest.raises(OutlineError, match="geometry 0 has an edge from one end of the Earth"):
        split(lines, 0.009)
