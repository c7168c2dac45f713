"""The truth of a scene lies where it lies, whatever its CRS and its longitudes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from numpy.typing import NDArray
from odc.geo.geobox import GeoBox
from shapely import affinity

from trimline.errors import GridError, TrimlineError
from trimline.outlines import area_km2
from trimline.samples.truth import open_truth
from trimline.scenes import working_grid

LABELS = np.zeros((60, 80), np.uint8)
LABELS[10:40, 20:50] = 1


def written(path: Path, affine: Affine, crs: str, values: NDArray[np.uint8] = LABELS) -> Path:
    options = {"height": values.shape[0], "width": values.shape[1], "count": 1, "dtype": "uint8"}
    with rasterio.open(path, "w", driver="GTiff", crs=crs, transform=affine, **options) as target:
        target.write(values, 1)
    return path


def drawn_km2(affine: Affine, crs: str) -> float:
    """Return the geodesic area of the rectangle of ice in `LABELS`."""
    corners = [affine * corner for corner in ((20, 10), (50, 10), (50, 40), (20, 40))]
    return float(area_km2(gpd.GeoDataFrame(geometry=[shapely.Polygon(corners)], crs=crs))[0])


@pytest.mark.parametrize(
    ("affine", "crs"),
    [
        (Affine(60, 0, 2_200_000, 0, -60, 10_500_000), "EPSG:3395"),
        (Affine(60, 0, 2_200_000, 0, -60, 7_500_000), "EPSG:4087"),
        (Affine(30, 0, -1_500_000, 0, -30, 1_200_000), "EPSG:3031"),
        (Affine(30, 0, 500_000, 0, -30, 7_500_000), "EPSG:32633"),
        (Affine(0.0006, 0, 290.5, 0, -0.0003, -50), "EPSG:4326"),
        (Affine(0.0006, 0, 179.98, 0, -0.0003, -16.8), "EPSG:4326"),
    ],
    ids=["Mercator", "plate carree", "polar stereographic", "UTM", "longitude 290", "across 180"],
)
def test_a_label_raster_is_as_large_as_it_is_on_the_ground(tmp_path: Path, affine: Affine, crs: str) -> None:
    truth = open_truth(written(tmp_path / "t.tif", affine, crs))
    grid = working_grid(GeoBox(LABELS.shape, affine, crs))
    expected = drawn_km2(affine, crs)
    assert truth.area_km2(grid) == pytest.approx(expected, rel=1e-6)
    pixel_km2 = float(grid.resolution.x) ** 2 / 1e6
    counted = np.count_nonzero(truth.mask(grid) == 1) * pixel_km2
    assert counted == pytest.approx(expected, rel=0.1), "the mask is found on both sides of the 180th meridian"
    half = grid[:, : grid.shape[1] // 2]
    assert truth.area_km2(half) < 0.8 * expected


@pytest.mark.parametrize("turn", [-360.0, 0.0, 360.0])
def test_outlines_are_found_whatever_meridian_their_longitudes_count_from(tmp_path: Path, turn: float) -> None:
    grid = GeoBox((100, 100), Affine(30, 0, 815_000, 0, -30, 8_142_000), "EPSG:32760")
    shape = gpd.GeoSeries([grid.extent.geom.buffer(-600)], crs=32760).to_crs(4326)[0]
    shape = affinity.translate(shape, turn)
    gpd.GeoDataFrame(geometry=[shape], crs=4326).to_file(tmp_path / "o.gpkg")
    truth = open_truth(tmp_path / "o.gpkg")
    assert np.count_nonzero(truth.mask(grid)) == 60 * 60
    assert truth.area_km2(grid) == pytest.approx(60 * 60 * 900 / 1e6, rel=0.01)


def test_a_label_raster_that_cannot_be_placed_or_read_is_an_error(tmp_path: Path) -> None:
    grid = GeoBox((60, 80), Affine(30, 0, 500_000, 0, -30, 7_500_000), "EPSG:32633")
    local = written(tmp_path / "local.tif", grid.affine, 'LOCAL_CS["site",UNIT["metre",1]]')
    with pytest.raises(GridError, match="'site' is local"):
        open_truth(local).mask(grid)
    cut = tmp_path / "cut.tif"
    whole = written(tmp_path / "whole.tif", grid.affine, "EPSG:32633").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    for measure in ("mask", "area_km2"):
        with pytest.raises(TrimlineError):
            getattr(open_truth(cut), measure)(grid)
