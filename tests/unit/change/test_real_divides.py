"""A real complex of glaciers: 23 glaciers around Hintereisferner (RGI 7.0), and the same ice as one polygon."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from trimline.change import glacier_areas
from trimline.outlines import read_outlines


def dated(outlines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    columns = {"period": "2003", "subregion": "all", "src_year": 2003.6}
    return outlines.assign(glac_id=outlines["rgi_id"], **columns)


@pytest.fixture(scope="module")
def glaciers(trimline_data: Path) -> gpd.GeoDataFrame:
    return dated(read_outlines(trimline_data / "hintereis" / "rgi7g_hef_complex.shp"))


@pytest.fixture(scope="module")
def areas(glaciers: gpd.GeoDataFrame) -> pd.DataFrame:
    return glacier_areas(glaciers)


def test_glaciers_of_a_complex_have_together_the_error_of_the_complex(areas: pd.DataFrame, trimline_data: Path) -> None:
    whole = glacier_areas(dated(read_outlines(trimline_data / "hintereis" / "rgi7c_hef.shp"))).iloc[0]
    for name in ("area_km2", "area_inner_km2", "area_outer_km2", "uncertainty_km2"):
        assert areas[name].sum() == pytest.approx(whole[name], rel=1e-6)
    assert areas["uncertainty_perimeter_km2"].sum() == pytest.approx(whole["uncertainty_perimeter_km2"], rel=1e-3)
    outer = areas["perimeter_km"].sum() - areas["shared_border_km"].sum()
    assert outer == pytest.approx(whole["perimeter_km"], rel=1e-3)


def test_counting_divides_as_outlines_would_make_the_error_an_eighth_larger(
    areas: pd.DataFrame, glaciers: gpd.GeoDataFrame
) -> None:
    alone = sum(glacier_areas(glaciers.iloc[[i]])["uncertainty_km2"].item() for i in range(len(glaciers)))
    assert alone / areas["uncertainty_km2"].sum() == pytest.approx(1.129, abs=0.001)


def test_areas_are_those_of_the_inventory(areas: pd.DataFrame, glaciers: gpd.GeoDataFrame) -> None:
    assert areas["area_km2"].to_numpy() == pytest.approx(glaciers["area_km2"].to_numpy(), rel=1e-4)
