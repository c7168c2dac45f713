"""Main flow lines: from the head to the terminus, inside the outline, as long as the glacier."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from trimline.errors import OutlineError
from trimline.glaciers.flow_lines import LINE_COLUMNS, flow_lines

UTM = 32632
EAST, NORTH = 500_000.0, 5_200_000.0
"""On the central meridian, where lengths on the grid are 0.9996 of those on the ground."""
SCALE = 0.9996
Surface = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def box(x: float, y: float, width: float, height: float) -> shapely.Polygon:
    return shapely.box(EAST + x, NORTH + y, EAST + x + width, NORTH + y + height)


def outline(geometry: shapely.Geometry, name: str = "A") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"glac_id": [name]}, geometry=[geometry], crs=UTM)


def model(path: Path, surface: Surface) -> Path:
    """Write an elevation model of 30 m over 8 km around the origin, from heights as a function of x and y [m]."""
    x, y = np.meshgrid(np.arange(-4000, 4000, 30) + 15.0, np.arange(4000, -4000, -30) - 15.0)
    heights = surface(x, y).astype(np.float32)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=len(heights),
        width=heights.shape[1],
        count=1,
        dtype="float32",
        crs=UTM,
        transform=rasterio.Affine(30, 0, EAST - 4000, 0, -30, NORTH + 4000),
        nodata=-9999.0,
    ) as target:
        target.write(heights, 1)
    return path


def valley(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fall to the south in a valley along x = 0, whose floor rises to its sides."""
    return 3000.0 + 0.25 * y + 0.1 * np.abs(x)


@pytest.fixture
def dem(tmp_path: Path) -> Path:
    return model(tmp_path / "valley.tif", valley)


TONGUE = box(-300, -1500, 600, 3000)


def test_the_line_of_a_straight_glacier_is_as_long_as_the_glacier(dem: Path) -> None:
    found = flow_lines(outline(TONGUE), dem)
    assert [*found.columns.drop("geometry")] == [*LINE_COLUMNS]
    # Its head is a corner, the highest ground.
    assert 3000 / SCALE <= found["lmax_m"][0] <= 1.06 * 3000
    head, *_, terminus = shapely.get_coordinates(found.geometry[0])
    assert head[1] == pytest.approx(NORTH + 1500, abs=20)
    assert terminus == pytest.approx([EAST, NORTH - 1500], abs=40)
    at_end = gpd.GeoSeries([shapely.Point(terminus)], crs=UTM).to_crs(4326)[0]
    assert (found["termlon"][0], found["termlat"][0]) == pytest.approx((at_end.x, at_end.y), abs=1e-9)
    assert found[["line_source", "dem_cover", "dem_source"]].iloc[0].tolist() == ["computed", 1.0, "valley"]


def test_the_length_is_that_of_the_curved_middle(tmp_path: Path) -> None:
    angle = np.linspace(0, math.pi, 60)
    ring = [np.column_stack([EAST + r * np.cos(angle), NORTH + r * np.sin(angle)]) for r in (1800.0, 2200.0)]
    bow = shapely.Polygon(np.concatenate([ring[0], ring[1][::-1]]))
    dem = model(tmp_path / "bow.tif", lambda x, y: 3000 - 200 * np.arctan2(np.maximum(y, -200), x))
    found = flow_lines(outline(bow), dem)
    assert found["lmax_m"][0] == pytest.approx(2000 * math.pi, rel=0.05)
    assert bow.covers(found.geometry[0])


def test_a_nunatak_is_passed_beside(dem: Path) -> None:
    nunatak = box(-150, -500, 330, 900)
    ice = TONGUE.difference(nunatak)
    found = flow_lines(outline(ice), dem)
    assert ice.covers(found.geometry[0])
    assert found["lmax_m"][0] > 3000


def test_the_crs_of_the_outline_does_not_matter(dem: Path) -> None:
    here, there = (flow_lines(outline(TONGUE).to_crs(crs), dem) for crs in (UTM, 4326))
    assert there.crs.to_epsg() == 4326
    assert there["lmax_m"][0] == pytest.approx(here["lmax_m"][0], rel=0.01)
    assert there["termlon"][0] == pytest.approx(here["termlon"][0], abs=3e-4)


def test_a_line_has_no_more_vertices_than_it_needs(dem: Path) -> None:
    (line,) = flow_lines(outline(TONGUE), dem).geometry
    steps = np.hypot(*np.diff(shapely.get_coordinates(line), axis=0).T)
    assert len(steps) < 60
    assert np.median(steps) > 25


@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10_000), st.sampled_from([UTM, 4326]))
def test_lines_lie_inside_and_lead_down(dem: Path, seed: int, crs: int) -> None:
    random = np.random.default_rng(seed)
    angles = np.sort(random.uniform(0, 2 * np.pi, 25))
    radii = random.uniform(300, 2500, 25)
    ice = shapely.Polygon(np.column_stack([EAST + radii * np.cos(angles), NORTH + radii * np.sin(angles)]))
    # Spikes narrower than a few pixels are taken off.
    ice = ice.buffer(-60).buffer(60).difference(shapely.Point(EAST + 200, NORTH + 100).buffer(120))
    glacier = outline(ice).to_crs(crs)
    found = flow_lines(glacier, dem)
    line = found.geometry[0]
    assert line.geom_type == "LineString"
    assert glacier.geometry[0].covers(line)
    (head, *_, end) = shapely.get_coordinates(found.to_crs(UTM).geometry[0])
    assert valley(*(head - [EAST, NORTH])) > valley(*(end - [EAST, NORTH]))
    assert found["lmax_m"][0] >= math.dist(head, end) * 0.999
    # The terminus is the lowest margin, to a few pixels.
    largest = max(shapely.get_parts(ice), key=lambda each: each.area)
    margin = shapely.get_coordinates(shapely.segmentize(largest.exterior, 10.0)) - [EAST, NORTH]
    assert valley(*(end - [EAST, NORTH])) < valley(*margin.T).min() + 40


def test_voids_do_not_move_the_terminus(tmp_path: Path, dem: Path) -> None:
    def holed(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.hypot(x, y - 400) < 180, -9999.0, np.where(np.hypot(x, y + 800) < 60, -32768, valley(x, y)))

    found, whole = flow_lines(outline(TONGUE), model(tmp_path / "holed.tif", holed)), flow_lines(outline(TONGUE), dem)
    assert 0.9 < found["dem_cover"][0] < 1.0
    assert found["termlat"][0] == pytest.approx(whole["termlat"][0], abs=1e-4)
    assert found["lmax_m"][0] == pytest.approx(whole["lmax_m"][0], rel=0.05)


def test_of_several_models_the_one_with_most_heights_is_taken_and_of_equal_ones_the_finest(
    tmp_path: Path, dem: Path
) -> None:
    half = model(tmp_path / "a_half.tif", lambda x, y: np.where(y < 0, -9999.0, valley(x, y)))
    fine = tmp_path / "fine.tif"
    with rasterio.open(dem) as source:
        profile = source.profile | {
            "width": 2 * source.width,
            "height": 2 * source.height,
            "transform": source.transform * rasterio.Affine.scale(0.5),
        }
        heights = np.kron(source.read(1), np.ones((2, 2), np.float32))
    with rasterio.open(fine, "w", **profile) as target:
        target.write(heights, 1)
    assert flow_lines(outline(TONGUE), [half, dem])["dem_source"][0] == "valley"
    assert flow_lines(outline(TONGUE), [half, dem, fine])["dem_source"][0] == "fine"
    assert flow_lines(outline(TONGUE), tmp_path)["dem_source"][0] == "fine"


def test_without_heights_there_is_no_line_and_this_is_said(dem: Path, caplog: pytest.LogCaptureFixture) -> None:
    both = gpd.GeoDataFrame(
        {"glac_id": ["far", "edge", "near"]},
        geometry=[box(50_000, 0, 500, 500), box(-300, 2000, 600, 4000), TONGUE],
        crs=UTM,
    )
    with caplog.at_level(logging.WARNING):
        found = flow_lines(both, dem)
    assert found["lmax_m"].isna().tolist() == [True, True, False]
    assert found["termlon"].isna().tolist() == [True, True, False]
    assert found.geometry.is_empty.tolist() == [True, True, False]
    assert found["line_source"].isna().tolist() == [True, True, False]
    assert found["dem_cover"].tolist() == pytest.approx([0.0, 0.5, 1.0], abs=0.02)
    assert "2 of 3 glaciers have no flow line" in caplog.text
    assert flow_lines(both.iloc[2:])["lmax_m"].isna().all()


def drawn(*lines: list[tuple[float, float]], **columns: list[str]) -> gpd.GeoDataFrame:
    shapes = [shapely.LineString([(EAST + x, NORTH + y) for x, y in line]) for line in lines]
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM)


def test_a_line_of_ones_own_is_cut_to_the_outline_and_ends_at_the_lower_end(dem: Path) -> None:
    upward = drawn([(0, -2000), (0, 1000)], glac_id=["A"])
    found = flow_lines(outline(TONGUE), dem, upward)
    assert found["line_source"][0] == "given"
    assert found["lmax_m"][0] == pytest.approx(2500 / SCALE, rel=3e-5)
    assert shapely.get_coordinates(found.geometry[0])[-1] == pytest.approx([EAST, NORTH - 1500])
    as_drawn = flow_lines(outline(TONGUE), None, upward)
    assert shapely.get_coordinates(as_drawn.geometry[0])[-1] == pytest.approx([EAST, NORTH + 1000])


def test_lines_without_ids_go_to_the_outline_that_holds_most_of_them(
    dem: Path, caplog: pytest.LogCaptureFixture
) -> None:
    both = gpd.GeoDataFrame({"glac_id": ["A", "B"]}, geometry=[TONGUE, box(1000, -1500, 600, 3000)], crs=UTM)
    lines = drawn([(1300, 1000), (1300, -1000)], [(1200, 500), (1200, 0)], [(3000, 0), (3500, 0)])
    with caplog.at_level(logging.WARNING):
        found = flow_lines(both, dem, lines.to_crs(4326))
    assert found["line_source"].tolist() == ["computed", "given"]
    assert found["lmax_m"][1] == pytest.approx(2000 / SCALE, rel=3e-5)
    assert "1 of 3 given flow lines" in caplog.text


def test_a_line_over_a_nunatak_is_measured_on_the_ice(dem: Path) -> None:
    ice = TONGUE.difference(box(-100, -200, 200, 400))
    found = flow_lines(outline(ice), dem, drawn([(0, -1500), (0, 1500)], glac_id=["A"]))
    assert found.geometry[0].geom_type == "MultiLineString"
    assert found["lmax_m"][0] == pytest.approx(2600 / SCALE, rel=3e-5)
    assert shapely.get_coordinates(found.geometry[0])[[0, -1], 1].tolist() == [NORTH + 1500, NORTH - 1500]


def test_what_is_no_line_is_refused(dem: Path) -> None:
    with pytest.raises(OutlineError, match="are no lines"):
        flow_lines(outline(TONGUE), dem, outline(TONGUE))
    with pytest.raises(OutlineError, match="no CRS"):
        flow_lines(outline(TONGUE), dem, drawn([(0, 0), (0, 1)], glac_id=["A"]).set_crs(None, allow_override=True))
    with pytest.raises(OutlineError, match="no column 'glac_id'"):
        flow_lines(outline(TONGUE).drop(columns="glac_id"), dem)
