"""Outlines that others drew are read, repaired in the open, and have the areas that others published."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from odc.geo.geobox import GeoBox

from trimline.outlines import area_km2, check, perimeter_km, rasterise, read_outlines, trace, write_outlines

DATES = ("lia", "1966", "1998", "2005", "2015")


@pytest.mark.parametrize("date", DATES)
def test_areas_of_glacier_national_park_are_the_published_ones(trimline_data: Path, date: str) -> None:
    """The 39 glaciers of the USGS (Fagre and others, 2017); AREA is in m2.

    The difference of the median glacier, and of the sum, is below half of one in a thousand. Single glaciers scatter
    to both sides by about one in a thousand; measured in UTM 11, UTM 12, State Plane Montana or Albers they do too.
    """
    outlines = read_outlines(trimline_data / "glacier_national_park" / f"outlines_{date}.geojson")
    published = outlines["AREA"].astype(float).to_numpy()
    ratio = area_km2(outlines) * 1e6 / published - 1
    assert len(outlines) == 39
    assert abs(np.median(ratio)) < 5e-4
    assert np.median(np.abs(ratio)) < 1.1e-3
    assert (area_km2(outlines) * 1e6).sum() == pytest.approx(published.sum(), rel=5e-4)


def test_the_one_invalid_outline_of_2005_is_reported_and_repaired(
    trimline_data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "trimline"):
        outlines = read_outlines(trimline_data / "glacier_national_park" / "outlines_2005.geojson")
    invalid = [line for line in caplog.messages if "is invalid" in line]
    assert len(invalid) == 1
    assert "Boulder Glacier" in invalid[0]
    assert outlines.is_valid.all()
    boulder = outlines[outlines["GLACNAME"] == "Boulder Glacier"]
    assert area_km2(boulder)[0] * 1e6 == pytest.approx(float(boulder["AREA"].iloc[0]), rel=1e-3)


def test_areas_of_rgi_7_are_the_published_ones(trimline_data: Path) -> None:
    """RGI 7.0 publishes geodesic areas too, so that they agree to all digits it gives."""
    glaciers = read_outlines(trimline_data / "hintereis" / "rgi7g_hef_complex.shp")
    assert len(glaciers) == 23
    assert not glaciers.has_z.any()
    assert area_km2(glaciers) == pytest.approx(glaciers["area_km2"].to_numpy(), rel=1e-6)
    whole = read_outlines(trimline_data / "hintereis" / "rgi7c_hef.shp")
    assert area_km2(whole)[0] == pytest.approx(whole["area_km2"][0], rel=1e-7)
    assert area_km2(glaciers).sum() == pytest.approx(area_km2(whole)[0], rel=1e-6)
    assert perimeter_km(whole)[0] < perimeter_km(glaciers).sum()


def test_neighbours_with_shared_borders_do_not_overlap(trimline_data: Path) -> None:
    glaciers = read_outlines(trimline_data / "hintereis" / "rgi7g_hef_complex.shp")
    assert check(glaciers)[1] == []


def test_area_of_rgi_5_is_the_published_one(trimline_data: Path) -> None:
    outlines = read_outlines(trimline_data / "chhota_shigri" / "RGI50-14.15990.shp")
    assert area_km2(outlines)[0] == pytest.approx(float(outlines["Area"][0]), rel=1e-4)


def test_a_local_projection_is_understood(trimline_data: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Seventeen years of Nevado del Huila; the file says planar km2, and the projection is not true to scale."""
    paths = sorted((trimline_data / "nevado_del_huila").glob("[12]*/*.shp"))
    assert len(paths) == 17
    for path in paths:
        outlines = read_outlines(path)
        assert outlines.is_valid.all()
        assert area_km2(outlines).sum() == pytest.approx(outlines["Area"].sum(), rel=2e-3)
    assert [line.partition(":")[0] for line in caplog.messages if "is invalid" in line] == ["2023_polygon.shp"]


def test_names_with_accents_are_read(trimline_data: Path) -> None:
    every = read_outlines(next((trimline_data / "nevado_del_huila" / "ALL").glob("*.shp")))
    assert "Año" in every.columns
    assert len(every) == 14


@pytest.mark.parametrize("suffix", ["gpkg", "parquet", "geojson"])
def test_an_inventory_survives_being_written(trimline_data: Path, tmp_path: Path, suffix: str) -> None:
    outlines = read_outlines(trimline_data / "khumbu" / "khumbu_rgi6_outlines.geojson")
    write_outlines(outlines, tmp_path / f"khumbu.{suffix}")
    back = read_outlines(tmp_path / f"khumbu.{suffix}")
    assert area_km2(back) == pytest.approx(area_km2(outlines), rel=1e-4)
    assert back["RGIId"].tolist() == outlines["RGIId"].tolist()


def test_glaciers_rasterise_to_their_area(trimline_data: Path) -> None:
    glaciers = read_outlines(trimline_data / "hintereis" / "rgi7c_hef.shp")
    left, bottom, right, top = glaciers.to_crs(32632).total_bounds
    geobox = GeoBox.from_bbox((left - 90, bottom - 90, right + 90, top + 90), "EPSG:32632", resolution=30)
    mask = rasterise(glaciers, geobox)
    # The scale of UTM at this longitude is 0.99978 of the ground's.
    assert mask.sum() * 900 / 1e6 == pytest.approx(glaciers["area_km2"][0], rel=1e-3)
    traced = trace(mask, geobox)
    assert np.array_equal(rasterise(traced, geobox), mask)
