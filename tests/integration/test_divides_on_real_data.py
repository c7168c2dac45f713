"""Divides and flow lines against inventories drawn by others: RGI 7.0 and the Swiss Glacier Inventory 2016."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely

from trimline.glaciers.basin_borders import beyond, cut_by_basins
from trimline.glaciers.copied_divides import copy_divides
from trimline.glaciers.divides import divide
from trimline.glaciers.drainage import basins, spread_on
from trimline.glaciers.elevation import ElevationModel
from trimline.glaciers.flow_lines import flow_lines
from trimline.glaciers.ground import ground_around
from trimline.outlines import area_km2

UTM = 32632
CHIPS = 0.1
"""Glaciers above it are compared [km2]."""


@pytest.fixture(scope="module")
def whole(trimline_data: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(trimline_data / "hintereis" / "rgi7c_hef.shp").rename(columns={"rgi_id": "glac_id"})


@pytest.fixture(scope="module")
def glaciers(trimline_data: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(trimline_data / "hintereis" / "rgi7g_hef_complex.shp").rename(columns={"rgi_id": "glac_id"})


@pytest.fixture(scope="module")
def srtm(trimline_data: Path) -> Path:
    return trimline_data / "hintereis" / "hef_srtm.tif"


def agreement(parts: gpd.GeoSeries, glaciers: gpd.GeoDataFrame) -> float:
    """Return the mean over glaciers, by area, of the intersection over union with the best part of each."""
    shapes, truth = parts.to_crs(UTM).to_numpy(), glaciers.geometry.to_crs(UTM).to_numpy()
    best = []
    for glacier in truth:
        shared = shapely.area(shapely.intersection(shapes, glacier))
        best.append((shared / (shapely.area(shapes) + glacier.area - shared)).max())
    return float(np.average(best, weights=shapely.area(truth)))


def test_the_hintereis_complex_is_divided_as_the_rgi_does(
    whole: gpd.GeoDataFrame, glaciers: gpd.GeoDataFrame, srtm: Path
) -> None:
    parts = divide(whole, srtm)
    assert agreement(parts.geometry, glaciers) >= 0.80
    # 7.1 % of the ice lies beyond the elevation model, in the north-east.
    assert (parts["area_km2"] * (1 - parts["dem_cover"])).sum() == pytest.approx(5.5, abs=0.3)
    assert parts["area_km2"].sum() == pytest.approx(area_km2(whole)[0], rel=1e-7)
    assert shapely.coverage_is_valid(parts.geometry.to_numpy())
    assert len(parts) < 45


@pytest.mark.slow
def test_watersheds_alone_agree_less(whole: gpd.GeoDataFrame, glaciers: gpd.GeoDataFrame, srtm: Path) -> None:
    there = whole.to_crs(UTM)
    ground = ground_around(there.geometry[0], there.crs, [ElevationModel(srtm)], pixel_m=25.0, margin_m=300.0)
    labels = spread_on(basins(ground.height_m, ground.ice, gutter_pixels=1, shallow_m=0.0), ground.ice)
    parts = cut_by_basins(there.geometry[0], there.crs, beyond(labels), ground.geobox, 0.0)
    plain = agreement(gpd.GeoSeries(list(parts.values()), crs=UTM), glaciers)
    assert 0.3 < plain < 0.75


def test_the_divides_of_the_rgi_are_copied_as_they_are(whole: gpd.GeoDataFrame, glaciers: gpd.GeoDataFrame) -> None:
    copied = copy_divides(whole, glaciers).set_index("glac_id")
    assert copied["area_km2"].to_numpy() == pytest.approx(
        area_km2(glaciers.set_index("glac_id").loc[copied.index]), rel=1e-5
    )


def test_lengths_are_those_of_the_rgi(glaciers: gpd.GeoDataFrame, srtm: Path) -> None:
    found = flow_lines(glaciers, srtm)
    on_model = found["dem_cover"] > 0.9999
    ratio = (found["lmax_m"] / glaciers["lmax_m"])[on_model]
    assert len(ratio) == 20
    assert (np.abs(ratio - 1) <= 0.08).mean() >= 0.80
    assert found["lmax_m"][found["dem_cover"] < 0.9].isna().all()
    for line, glacier in zip(found.geometry, glaciers.geometry, strict=True):
        assert line.is_empty or glacier.covers(line)


def test_lengths_are_those_of_the_swiss_inventory(trimline_data: Path) -> None:
    folder = trimline_data / "swiss_inventory"
    swiss = gpd.read_parquet(folder / "2016.parquet").rename(columns={"sgi_id": "glac_id"})
    chips = []
    for path in sorted((folder / "dem").glob("*.tif")):
        with rasterio.open(path) as raster:
            chips.append(shapely.box(*raster.bounds))
    covered = np.any([shapely.contains(chip, swiss.to_crs(4326).geometry.to_numpy()) for chip in chips], axis=0)
    swiss = swiss[covered & (swiss["area_km2"] > CHIPS)].reset_index(drop=True)
    swiss["geometry"] = swiss.make_valid()
    assert len(swiss) == 28
    ratio = flow_lines(swiss, folder / "dem")["lmax_m"] / (1000 * swiss["length_km"])
    assert (np.abs(ratio - 1) <= 0.15).mean() >= 0.70
    assert ratio.median() == pytest.approx(1.0, abs=0.08)


@pytest.mark.slow
def test_ids_of_1973_are_those_of_2010(trimline_data: Path) -> None:
    dates = {}
    for year in (1973, 2010):
        outlines = gpd.read_parquet(trimline_data / "swiss_inventory" / f"{year}.parquet")
        outlines["geometry"] = outlines.make_valid()
        outlines = outlines.explode()
        dates[year] = outlines[outlines.geom_type == "Polygon"].dissolve("sgi_id").reset_index(names="glac_id")
    ice = shapely.make_valid(shapely.union_all(dates[2010].geometry))
    copied = copy_divides(gpd.GeoDataFrame({"glac_id": ["all"]}, geometry=[ice], crs=dates[2010].crs), dates[1973])
    assert copied.geometry.area.sum() == pytest.approx(ice.area, rel=1e-9)
    truth = dates[2010][dates[2010]["glac_id"].isin(dates[1973]["glac_id"])]
    shapes = truth.geometry.to_numpy()
    one, other = copied.sindex.query(shapes, predicate="intersects")
    shared = shapely.area(shapely.intersection(shapes[one], copied.geometry.to_numpy()[other]))
    same = truth["glac_id"].to_numpy()[one] == copied["glac_id"].to_numpy()[other]
    assert shared[same].sum() / shared.sum() >= 0.99
