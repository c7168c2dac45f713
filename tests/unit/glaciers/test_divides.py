"""Divides: ice is split where its surface says so, and the parts are the whole again."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from shapely.ops import substring

from trimline.errors import GridError, OutlineError
from trimline.glaciers.basin_borders import border_lines
from trimline.glaciers.divides import divide
from trimline.glaciers.drainage import NO_BASIN, basins, spread_on
from trimline.outlines import area_km2

UTM = 32632
EAST, NORTH = 600_000.0, 5_200_000.0
Surface = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


def model(path: Path, surface: Surface, nodata: float | None = None) -> Path:
    """Write an elevation model of 30 m over 8 km around the origin, from heights as a function of x and y [m]."""
    x, y = np.meshgrid(np.arange(-4000, 4000, 30) + 15.0, np.arange(4000, -4000, -30) - 15.0)
    heights = surface(x, y).astype(np.float32)
    transform = rasterio.Affine(30, 0, EAST - 4000, 0, -30, NORTH + 4000)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=len(heights),
        width=heights.shape[1],
        count=1,
        dtype="float32",
        crs=UTM,
        transform=transform,
        nodata=nodata,
    ) as target:
        target.write(heights, 1)
    return path


def outline(geometry: shapely.Geometry, name: str = "A", **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": [name], **{key: [each] for key, each in columns.items()}}, geometry=[geometry],
                            crs=UTM)  # fmt: skip


def roof(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fall to the east and to the west from a ridge along y."""
    return 3500.0 - 0.3 * np.abs(x)


ICE = box(-1500, -1000, 3000, 2000)


def test_ice_on_both_sides_of_a_ridge_is_two_glaciers_and_the_divide_is_the_ridge(tmp_path: Path) -> None:
    parts = divide(outline(ICE), model(tmp_path / "roof.tif", roof))
    assert parts["glac_id"].tolist() == ["A-01", "A-02"]
    assert parts["divided_from"].tolist() == ["A", "A"]
    assert parts["area_km2"].tolist() == pytest.approx([3.0, 3.0], rel=0.02)
    assert parts.geometry[0].centroid.x < parts.geometry[1].centroid.x
    border = shapely.get_coordinates(shapely.intersection(*parts.geometry))
    assert np.abs(border[:, 0] - EAST).max() < 40
    assert parts["dem_cover"].tolist() == [1.0, 1.0]
    assert set(parts["dem_source"]) == {"roof"}


def test_an_even_slope_is_one_glacier_and_keeps_its_id_and_its_outline(tmp_path: Path) -> None:
    parts = divide(outline(ICE), model(tmp_path / "slope.tif", lambda x, y: 3000 + 0.2 * x + 0.05 * y))
    assert parts["glac_id"].tolist() == ["A"]
    assert parts.geometry[0].equals_exact(ICE, 0.0)


def test_a_sink_on_the_ice_drains_over_its_lowest_pass(tmp_path: Path) -> None:
    def surface(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return roof(x, y) - 60.0 * np.exp(-((x - 700) ** 2 + y**2) / 200.0**2)

    parts = divide(outline(ICE), model(tmp_path / "sink.tif", surface))
    assert parts["area_km2"].tolist() == pytest.approx([3.0, 3.0], rel=0.02)


def test_a_nunatak_on_the_ridge_is_in_neither_part(tmp_path: Path) -> None:
    ice = ICE.difference(box(-200, -200, 400, 400))
    parts = divide(outline(ice), model(tmp_path / "roof.tif", roof))
    assert parts["area_km2"].tolist() == pytest.approx([2.92, 2.92], rel=0.02)
    assert shapely.union_all(parts.geometry).equals(ice)


def test_parts_share_the_errors_of_the_whole_and_lose_what_was_measured_on_it(tmp_path: Path) -> None:
    whole = outline(ICE, area_km2=6.0, uncertain_error_km2=0.2, unseen_km2=0.4, zmin_m=3050.0, src_date="2003-07-30")
    parts = divide(whole, model(tmp_path / "roof.tif", roof))
    assert parts["uncertain_error_km2"].sum() == pytest.approx(0.2, rel=1e-9)
    assert parts["unseen_km2"].tolist() == pytest.approx([0.2, 0.2], rel=0.02)
    assert parts["zmin_m"].isna().all()
    assert parts["src_date"].tolist() == ["2003-07-30"] * 2


def test_a_small_polygon_apart_goes_with_the_nearest_part_and_a_large_one_is_a_glacier(tmp_path: Path) -> None:
    dem = model(tmp_path / "roof.tif", roof)
    parts = divide(outline(shapely.MultiPolygon([ICE, box(1600, 0, 150, 150)])), dem)
    assert [len(shapely.get_parts(shape)) for shape in parts.geometry] == [1, 2]
    parts = divide(outline(shapely.MultiPolygon([ICE, box(1600, 0, 800, 800)])), dem)
    assert len(parts) == 3


def test_ice_without_heights_goes_with_the_nearest_glacier_and_this_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def surface(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(y > 500, -9999.0, roof(x, y))

    dem = model(tmp_path / "part.tif", surface, nodata=-9999.0)
    with caplog.at_level(logging.WARNING):
        parts = divide(outline(ICE), dem)
    assert parts["area_km2"].sum() == pytest.approx(area_km2(outline(ICE))[0], rel=1e-6)
    assert parts["dem_cover"].tolist() == pytest.approx([0.75, 0.75], abs=0.03)
    assert "km2 have no heights" in caplog.text
    with caplog.at_level(logging.WARNING):
        alone = divide(outline(box(-1000, 1000, 500, 500)), dem)
    assert "it is not divided" in caplog.text
    assert (alone["glac_id"][0], alone["dem_cover"][0], alone["dem_source"][0]) == ("A", 0.0, None)


def test_ids_do_not_depend_on_other_outlines(tmp_path: Path) -> None:
    dem = model(tmp_path / "roof.tif", roof)
    one, other = outline(ICE), outline(box(-1500, 1500, 3000, 1000), "B")
    both = divide(gpd.GeoDataFrame(gpd.pd.concat([other, one], ignore_index=True), crs=UTM), dem)
    alone = divide(one, dem)
    assert both["glac_id"].tolist() == ["B-01", "B-02", "A-01", "A-02"]
    assert list(both.geometry[2:]) == list(alone.geometry)


@st.composite
def ice_and_ground(draw: st.DrawFn) -> tuple[shapely.Polygon, Surface]:
    """Return a ragged patch of ice, with a hole now and then, on rough ground."""
    seed = draw(st.integers(0, 10_000))
    random = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radii = random.uniform(600, 2200, 40)
    ring = np.column_stack([EAST + radii * np.cos(angles), NORTH + radii * np.sin(angles)])
    ice = shapely.segmentize(shapely.Polygon(ring), 60.0)
    if draw(st.booleans()):
        ice = ice.difference(shapely.Point(EAST + 300, NORTH).buffer(250))
    rough = ndimage.zoom(random.normal(size=(12, 12)), 30, order=3)[:267, :267] * 300

    def surface(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return 2800 + rough[: x.shape[0], : x.shape[1]] + 0.05 * x

    return ice, surface


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ice_and_ground(), st.sampled_from([UTM, 4326]))
def test_parts_tile_the_whole(tmp_path: Path, drawn: tuple[shapely.Polygon, Surface], crs: int) -> None:
    ice, surface = drawn
    whole = outline(ice).to_crs(crs)
    parts = divide(whole, model(tmp_path / "rough.tif", surface), divergence=0.0)
    shapes = parts.geometry.to_numpy()
    assert parts.is_valid.all()
    assert shapely.area(shapes).sum() == pytest.approx(whole.geometry[0].area, rel=1e-9)
    assert parts["area_km2"].sum() == pytest.approx(area_km2(whole)[0], rel=1e-6)
    apart = shapely.symmetric_difference(shapely.union_all(shapes), whole.geometry[0]).area
    assert apart <= 1e-9 * whole.geometry[0].area
    assert shapely.coverage_is_valid(shapes)
    assert parts["glac_id"].is_unique
    assert (parts["divided_from"] == "A").all()
    assert ((parts["area_km2"] >= 0.04) | (len(parts) == 1)).all()


def test_borders_are_no_stairs() -> None:
    down, right = np.mgrid[:60, :60]
    labels = (right > 0.6 * down + 8).astype(np.int64)
    (line,) = border_lines(labels, rasterio.Affine.identity())
    # At its ends, where other borders meet it, a border stays on corners of pixels.
    line = substring(line, 0.15, 0.85, normalized=True)
    straight = shapely.LineString([shapely.get_coordinates(line)[0], shapely.get_coordinates(line)[-1]])
    assert line.length < 1.01 * straight.length
    assert shapely.hausdorff_distance(line, straight) < 1.0


def test_what_has_no_basin_goes_to_the_nearest_over_the_ice_and_not_across_ground() -> None:
    ice = np.zeros((5, 9), bool)
    ice[0], ice[4], ice[:, 8] = True, True, True
    labels = np.full(ice.shape, NO_BASIN)
    labels[0, 0], labels[4, 8] = 0, 1
    spread = spread_on(labels, ice)
    assert spread[4, 0] == 1
    assert spread[0, 2] == 0
    assert (spread[~ice] == NO_BASIN).all()


def test_ice_without_any_height_is_one_basin() -> None:
    ice = np.ones((4, 4), bool)
    assert (basins(np.full((4, 4), np.nan), ice, gutter_pixels=1, shallow_m=30.0) == NO_BASIN).all()


def test_what_cannot_be_divided_is_refused(tmp_path: Path) -> None:
    dem = model(tmp_path / "roof.tif", roof)
    with pytest.raises(OutlineError, match="no column 'glac_id'"):
        divide(outline(ICE).drop(columns="glac_id"), dem)
    with pytest.raises(OutlineError, match="occurs twice"):
        divide(gpd.GeoDataFrame(gpd.pd.concat([outline(ICE)] * 2), crs=UTM), dem)
    with pytest.raises(OutlineError, match="no CRS"):
        divide(gpd.GeoDataFrame({"glac_id": ["A"]}, geometry=[ICE]), dem)
    with pytest.raises(OutlineError, match="divergence"):
        divide(outline(ICE), dem, divergence=3.0)
    with pytest.raises(OutlineError, match="smallest"):
        divide(outline(ICE), dem, smallest_km2=-1.0)
    with pytest.raises(OutlineError, match="invalid"):
        divide(outline(shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])), dem)
    with pytest.raises(GridError):
        divide(outline(ICE), tmp_path / "absent.tif")
