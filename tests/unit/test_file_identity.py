"""The identity of a file changes with its data and with what GDAL reads beside it, and with nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import rasterio
from shapely.geometry import box

from trimline.errors import StageError
from trimline.file_identity import file_identity

STATISTICS = '<Metadata><MDI key="STATISTICS_MEAN">3</MDI></Metadata><Histograms><HistItem/></Histograms>'


@pytest.fixture
def shapefile(tmp_path: Path) -> Path:
    outlines = gpd.GeoDataFrame({"name": ["a"]}, geometry=[box(0, 0, 1, 1)], crs=32646)
    pyogrio.write_dataframe(outlines, tmp_path / "outlines.shp")
    return tmp_path / "outlines.shp"


@pytest.fixture
def raster(tmp_path: Path) -> Path:
    path = tmp_path / "dem.tif"
    with rasterio.open(path, "w", driver="GTiff", height=2, width=2, count=1, dtype="uint8"):
        pass
    return path


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf", ".prj", ".cpg"])
def test_every_file_of_a_shapefile_counts(shapefile: Path, suffix: str) -> None:
    before = file_identity(shapefile)
    part = shapefile.with_suffix(suffix)
    part.write_bytes(part.read_bytes() + b" ")
    assert file_identity(shapefile) != before


def test_another_crs_beside_a_shapefile_is_another_file(shapefile: Path) -> None:
    before = file_identity(shapefile)
    prj = shapefile.with_suffix(".prj")
    prj.write_text(prj.read_text().replace("46N", "47N"))
    assert file_identity(shapefile) != before


def test_what_lies_beside_a_file_and_is_not_read_does_not_count(shapefile: Path) -> None:
    before = file_identity(shapefile)
    for name in ("outlines.qml", "outlines.png", "other.prj", "notes.txt"):
        shapefile.with_name(name).write_text("beside")
    assert file_identity(shapefile) == before


def test_the_log_of_a_geopackage_counts_and_an_empty_one_does_not(tmp_path: Path) -> None:
    path, log = tmp_path / "o.gpkg", tmp_path / "o.gpkg-wal"
    path.write_bytes(b"SQLite")
    before = file_identity(path)
    log.touch()
    assert file_identity(path) == before
    log.write_bytes(b"rows that are not in the file yet")
    assert file_identity(path) != before


@pytest.mark.parametrize("name", ["dem.tfw", "dem.TFW", "dem.wld", "dem.tif.msk", "dem.prj"])
def test_what_georeferences_or_masks_a_raster_counts(raster: Path, name: str) -> None:
    before = file_identity(raster)
    raster.with_name(name).write_text("30\n0\n0\n-30\n500000\n3500000\n")
    assert file_identity(raster) != before


def test_auxiliary_metadata_count_and_the_statistics_of_a_viewer_do_not(raster: Path) -> None:
    before = file_identity(raster)
    auxiliary = raster.with_name("dem.tif.aux.xml")
    auxiliary.write_text(f'<PAMDataset><PAMRasterBand band="1">{STATISTICS}</PAMRasterBand></PAMDataset>')
    assert file_identity(raster) == before
    auxiliary.write_text("<PAMDataset><SRS>EPSG:32646</SRS></PAMDataset>")
    with_crs = file_identity(raster)
    assert with_crs != before
    auxiliary.write_text(
        f'<PAMDataset>\n <SRS>EPSG:32646</SRS>\n <PAMRasterBand band="1">{STATISTICS}</PAMRasterBand>\n</PAMDataset>'
    )
    assert file_identity(raster) == with_crs
    auxiliary.write_text("<PAMDataset><SRS>EPSG:32647</SRS></PAMDataset>")
    assert file_identity(raster) != with_crs


def test_the_sources_of_a_vrt_count_and_so_do_those_of_a_vrt_in_it(raster: Path, tmp_path: Path) -> None:
    def vrt(name: str, source: str) -> Path:
        path = tmp_path / name
        path.write_text(f'<VRTDataset><SourceFilename relativeToVRT="1">{source}</SourceFilename></VRTDataset>')
        return path

    outer = vrt("outer.vrt", vrt("inner.vrt", "dem.tif").name)
    before = file_identity(outer)
    os.utime(raster, ns=(1, 1))
    touched = file_identity(outer)
    assert touched != before
    (tmp_path / "dem.tfw").write_text("30\n0\n0\n-30\n500000\n3500000\n")
    assert file_identity(outer) != touched


def test_a_folder_counts_with_its_files_but_hidden_ones(tmp_path: Path) -> None:
    product = tmp_path / "LT05"
    product.mkdir()
    band = product / "B1.TIF"
    band.write_bytes(b"1234")
    before = file_identity(product)
    (product / ".DS_Store").write_text("")
    assert file_identity(product) == before
    os.utime(band, ns=(1, 1))
    touched = file_identity(product)
    band.write_bytes(b"12345")
    assert before != touched != file_identity(product)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="LT06"):
        file_identity(tmp_path / "LT06")
