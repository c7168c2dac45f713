"""Attributes and hypsometry against published ones: Swiss Glacier Inventory 2016, RGI 7.0 and 5, simulated ranges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import trimline.simulate.range as simulated_range
from trimline.glaciers import area_sums, aspects, attributes, band_totals, hypsometry
from trimline.outlines import read_outlines
from trimline.project import SimulatedRange
from trimline.simulate.surfaces import Ground

WHOLE = 1 - 1e-6


def shares_within(ours: pd.DataFrame, theirs: pd.DataFrame, limits: Mapping[str, float]) -> dict[str, float]:
    """Return for each attribute the share of glaciers that are within a limit of the published value."""
    shares = {}
    for name, limit in limits.items():
        apart = ours[name].to_numpy(np.float64) - theirs[name].to_numpy(np.float64)
        if name == "area_km2":
            apart = apart / theirs[name].to_numpy(np.float64)
        elif name == "aspect_deg":
            apart = (apart + 180) % 360 - 180
        shares[name] = float((np.abs(apart) <= limit).mean())
    return shares


def test_swiss_glaciers_of_2016_have_the_attributes_of_their_inventory(trimline_data: Path) -> None:
    """The model is of 2000: tongues have sunk since, which raises the lowest heights of some."""
    folder = trimline_data / "swiss_inventory"
    published = gpd.read_parquet(folder / "2016.parquet").rename(columns={"sgi_id": "glac_id"})
    found = attributes(published[["glac_id", "geometry"]], folder / "dem")
    covered = found["dem_share"] >= WHOLE
    assert covered.sum() == 50
    large = covered & (published["area_km2"] > 0.1)
    assert large.sum() == 28
    limits = {"area_km2": 0.003, "zmin_m": 60, "zmax_m": 40, "zmed_m": 15, "slope_deg": 3, "aspect_deg": 15}
    shares = shares_within(found[large], published[large], limits)
    assert min(shares.values()) >= 0.8, shares
    assert shares["area_km2"] == 1
    sums = area_sums(found[large]).iloc[0]
    assert abs(sums["difference_percent"]) < 0.1


def test_glaciers_around_hintereisferner_have_the_attributes_of_rgi_7(trimline_data: Path) -> None:
    """RGI took them from a model of 30 m of 2011 to 2015; ours is of 90 m and of 2000."""
    folder = trimline_data / "hintereis"
    published = gpd.read_file(folder / "rgi7g_hef_complex.shp")
    found = attributes(published[["geometry"]].assign(glac_id=published["rgi_id"]), folder / "hef_srtm.tif")
    covered = (found["dem_share"] >= WHOLE).to_numpy()
    assert covered.sum() == 20
    limits = {"area_km2": 0.002, "zmed_m": 25, "zmin_m": 60, "zmax_m": 60, "slope_deg": 2, "aspect_deg": 15}
    shares = shares_within(found[covered], published[covered], limits)
    assert min(shares.values()) >= 0.8, shares
    assert (found["utm_zone"].to_numpy() == published["utm_zone"].to_numpy()).all()
    assert found["cenlon"].to_numpy() == pytest.approx(published["cenlon"].to_numpy(), abs=1e-6)
    assert found["cenlat"].to_numpy() == pytest.approx(published["cenlat"].to_numpy(), abs=1e-6)


def test_hintereisferner_has_the_hypsometry_of_rgi_5(trimline_data: Path) -> None:
    folder = trimline_data / "hintereis"
    whole = gpd.read_file(folder / "divides_hef.shp").dissolve()[["geometry"]].assign(glac_id="RGI50-11.00897")
    table = hypsometry(whole, folder / "hef_srtm.tif").set_index("band_lower_m")
    published = pd.read_csv(folder / "Hintereisferner_V5_hypso.csv").rename(columns=str.strip).iloc[0]
    assert table["area_km2"].sum() == pytest.approx(published["Area"], abs=0.001)
    per_mille = pd.to_numeric(published.drop(["RGIId", "GLIMSId", "Area"]))
    per_mille.index = per_mille.index.astype(float) - 25  # named by the middles of bands
    apart = (table["share"] * 1000).reindex(per_mille.index, fill_value=0) - per_mille
    assert apart.abs().max() < 6
    assert apart.abs().sum() / 2 < 25, "so much of the glacier lies in another band, per mille"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> tuple[gpd.GeoDataFrame, Path, Ground]:
    """Return outlines and elevation model of a simulated range, and the ground that they show, on half its pixel."""
    grounds: list[Ground] = []
    traced = simulated_range._true_outlines

    def keep(ground: Ground, *others: object) -> gpd.GeoDataFrame:
        grounds.append(ground)
        return traced(ground, *others)

    scenes = [{"date": "2018-08-23", "sensor": "landsat-8-oli"}]
    settings = {"name": "range", "size": 256, "resolution_m": 30, "seed": 1, "scenes": scenes}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulated_range, "_true_outlines", keep)
        manifest = simulated_range.write_range(
            SimulatedRange.model_validate(settings), tmp_path_factory.mktemp("range"), progress=False
        )
    return read_outlines(manifest.folder / manifest.scenes[0].outlines), manifest.folder / manifest.dem, grounds[0]


def test_bands_of_a_simulated_range_are_true(simulated: tuple[gpd.GeoDataFrame, Path, Ground]) -> None:
    outlines, dem, ground = simulated
    bands = hypsometry(outlines, dem, 50)
    for step_m in (50.0, 100.0):
        ours = bands.groupby(bands["band_lower_m"] // step_m * step_m)["area_km2"].sum()
        heights = np.floor(ground.elevation_m[ground.is_glacier] / step_m) * step_m
        truth = pd.Series(heights).value_counts() * ground.pixel_m**2 / 1e6
        apart = ours.sub(truth, fill_value=0)
        assert (apart.abs() / truth.sum()).max() < 0.0015
    # Of the bands of 100 m, each that holds 2 % of the ice or more is true within 1 % of itself.
    large = truth[truth > 0.02 * truth.sum()].index
    assert (apart[large].abs() / truth[large]).max() < 0.01


def test_sectors_of_a_simulated_range_are_true(simulated: tuple[gpd.GeoDataFrame, Path, Ground]) -> None:
    outlines, dem, ground = simulated
    ours = band_totals(aspects(outlines, dem)).dropna(subset="aspect_sec").set_index("aspect_sec")["area_km2"]
    assert ours.index.tolist() == list(range(1, 9))
    south, east = np.gradient(ground.elevation_m, ground.pixel_m)
    # The true ground on half the pixel of the model, and its mean rise within each pixel.
    side = len(south) // 2
    means = [each.reshape(side, 2, side, 2).mean(axis=(1, 3)).repeat(2, 0).repeat(2, 1) for each in (south, east)]
    for to_south, to_east, limit in ((south, east, 0.01), (*means, 0.005)):
        facing = np.degrees(np.arctan2(-to_east, to_south))[ground.is_glacier] % 360
        truth = pd.Series(np.round(facing / 45) % 8 + 1).value_counts().sort_index() * ground.pixel_m**2 / 1e6
        assert (ours.to_numpy() - truth.to_numpy()) / truth.sum() == pytest.approx(0, abs=limit)
