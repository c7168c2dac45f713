"""Vector files are read whole and as they are meant, or refused with the row and a remedy."""

from __future__ import annotations

import json
import logging
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely.geometry import box
from tests.unit.outlines.raw_shapefile import Ring, against, clockwise, write_raw_shapefile

from trimline.errors import OutlineError
from trimline.outlines import area_km2, read_outlines
from trimline.outlines.reading import read_unchecked

ICE = (500_000, 5_000_000, 502_000, 5_002_000)
HOLE = (500_500, 5_000_500, 501_000, 5_001_000)
ISLAND = (500_600, 5_000_600, 500_800, 5_000_800)
APART = (510_000, 5_000_000, 512_000, 5_002_000)


def glaciers(*names: str) -> gpd.GeoDataFrame:
    shapes = [box(500_000 + 3000 * k, 5e6, 502_000 + 3000 * k, 5.002e6) for k in range(len(names))]
    return gpd.GeoDataFrame({"glac_name": list(names)}, geometry=shapes, crs=32632)


@pytest.mark.parametrize(
    ("rings", "km2"),
    [
        ([clockwise(*ICE), against(*HOLE)], 3.75),
        ([against(*ICE), clockwise(*HOLE)], 3.75),
        ([clockwise(*HOLE), against(*ICE)], 3.75),
        ([against(*ICE), clockwise(*HOLE), against(*APART)], 7.75),
        ([clockwise(*ICE), against(*HOLE), against(*APART)], 7.75),
        ([against(*ICE), clockwise(*HOLE), against(*ISLAND)], 3.79),
        ([clockwise(*ICE), against(*HOLE), against(*APART), clockwise(511_000, 5_001_000, 511_500, 5_001_500)], 7.5),
        ([against(*ICE)], 4.0),
    ],
)
def test_rings_are_read_by_nesting_whichever_way_they_run(rings: list[Ring], km2: float, tmp_path: Path) -> None:
    write_raw_shapefile(tmp_path / "o.shp", [rings, [clockwise(520_000, 5e6, 521_000, 5.001e6)]])
    read = read_outlines(tmp_path / "o.shp")
    assert read.geometry.area.tolist() == pytest.approx([km2 * 1e6, 1e6])
    assert read.is_valid.all()


@pytest.mark.parametrize(
    "rings",
    [
        [clockwise(*ICE), clockwise(*HOLE)],
        [against(*ICE), against(*HOLE)],
        [clockwise(*ICE), against(*HOLE), against(*ISLAND)],
        [against(*ICE), clockwise(501_500, 5_000_500, 503_000, 5_001_000)],
    ],
)
def test_rings_with_two_readings_are_refused_by_row(rings: list[Ring], tmp_path: Path) -> None:
    write_raw_shapefile(tmp_path / "o.shp", [[clockwise(*APART)], rings])
    with pytest.raises(OutlineError, match=r"outline 1 has (a ring within|two rings)"):
        read_outlines(tmp_path / "o.shp")


def test_a_hole_that_pokes_out_of_its_ring_stays_a_hole(tmp_path: Path) -> None:
    write_raw_shapefile(tmp_path / "o.shp", [[clockwise(*ICE), against(501_500, 5_000_500, 502_100, 5_001_000)]])
    assert read_outlines(tmp_path / "o.shp").geometry.area[0] == pytest.approx(3.75e6)


def test_a_part_within_another_is_refused_in_any_format(tmp_path: Path) -> None:
    nested = shapely.MultiPolygon([box(*ICE), box(*HOLE)])
    gpd.GeoDataFrame({"a": [1, 2]}, geometry=[box(*APART), nested], crs=32632).to_parquet(tmp_path / "o.parquet")
    with pytest.raises(OutlineError, match="outline 1 has a part within another"):
        read_outlines(tmp_path / "o.parquet")


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
def test_a_shapefile_that_ends_early_is_an_error(suffix: str, tmp_path: Path) -> None:
    glaciers("a", "b", "c").to_file(tmp_path / "o.shp")
    part = tmp_path / f"o{suffix}"
    part.write_bytes(part.read_bytes()[:-20])
    with pytest.raises(OutlineError, match=rf"\{suffix} (ends early|holds)"):
        read_outlines(tmp_path / "o.shp")


def test_a_table_with_fewer_rows_than_shapes_is_an_error(tmp_path: Path) -> None:
    glaciers("a", "b").to_file(tmp_path / "o.shp")
    glaciers("a").to_file(tmp_path / "less.shp")
    (tmp_path / "less.dbf").replace(tmp_path / "o.dbf")
    with pytest.raises(OutlineError, match=r"\.dbf holds 1 rows and its \.shx 2"):
        read_outlines(tmp_path / "o.shp")


def test_a_projection_file_that_is_no_text_is_an_error(tmp_path: Path) -> None:
    glaciers("a").to_file(tmp_path / "o.shp")
    (tmp_path / "o.prj").write_bytes(b"\xe9" + (tmp_path / "o.prj").read_bytes()[1:])
    with pytest.raises(OutlineError, match=r"o\.(shp|prj)"):
        read_outlines(tmp_path / "o.shp")


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_a_missing_part_of_a_shapefile_is_named(suffix: str, tmp_path: Path) -> None:
    glaciers("a").to_file(tmp_path / "o.shp")
    (tmp_path / f"o{suffix}").unlink()
    with pytest.raises(OutlineError, match=rf"its \{suffix} is missing"):
        read_outlines(tmp_path / "o.shp")


@pytest.mark.parametrize("suffix", [".fgb", ".gpkg", ".geojson"])
def test_any_file_that_ends_early_is_an_error(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"o{suffix}"
    glaciers(*(f"glacier {k}" * 50 for k in range(60))).to_file(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(OutlineError):
        read_outlines(path)


@pytest.mark.parametrize(("encoding", "name"), [("gbk", "冰川一号"), ("iso-8859-1", "Langfjordjøkelen")])
def test_a_cpg_that_lies_is_an_error_and_the_encoding_can_be_said(encoding: str, name: str, tmp_path: Path) -> None:
    pyogrio.write_dataframe(glaciers(name), tmp_path / "o.shp", encoding=encoding)
    (tmp_path / "o.cpg").write_text("UTF-8")
    with pytest.raises(OutlineError, match=r"not in UTF-8(.|\n)*o\.shp\|encoding="):
        read_outlines(tmp_path / "o.shp")
    assert read_outlines(f"{tmp_path / 'o.shp'}|encoding={encoding}")["glac_name"].tolist() == [name]


def test_rings_that_do_not_close_are_refused_by_row(tmp_path: Path) -> None:
    rings = [[[10, 46], [10.1, 46], [10.1, 46.1], [10, 46]], [[10, 47], [10.1, 47], [10.1, 47.1], [10, 47.1]]]
    rows = [{"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [r]}} for r in rings]
    (tmp_path / "o.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": rows}))
    with pytest.raises(OutlineError, match="the shape of row 1 cannot be read"):
        read_outlines(tmp_path / "o.geojson")


@pytest.mark.parametrize("vertex", [np.nan, np.inf, 1e30, -1e194])
def test_a_vertex_that_is_nowhere_on_earth_refuses_the_row(vertex: float, tmp_path: Path) -> None:
    odd = shapely.Polygon([(500_000, 5e6), (vertex, 5e6), (500_000, 5.1e6)])
    gpd.GeoDataFrame({"a": [1, 2]}, geometry=[box(*ICE), odd], crs=32632).to_parquet(tmp_path / "o.parquet")
    for read in (read_outlines, read_unchecked):
        with pytest.raises(OutlineError, match="outline 1 has a vertex at"):
            read(tmp_path / "o.parquet")


def test_a_crs_of_another_planet_is_an_error(tmp_path: Path) -> None:
    glaciers("a").set_crs("IAU_2015:30100", allow_override=True).to_parquet(tmp_path / "o.parquet")
    with pytest.raises(OutlineError, match="not of the Earth"):
        read_outlines(tmp_path / "o.parquet")


def test_a_file_that_names_others_is_not_followed(tmp_path: Path) -> None:
    glaciers("a").to_file(tmp_path / "secret.gpkg")
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{tmp_path / "secret.gpkg"}</SrcDataSource>'
    (tmp_path / "o.geojson").write_text(vrt + "</OGRVRTLayer></OGRVRTDataSource>")
    with pytest.raises(OutlineError, match="names other files"):
        read_outlines(tmp_path / "o.geojson")


def test_a_layer_is_named_behind_the_file(tmp_path: Path) -> None:
    glaciers("a").to_file(tmp_path / "o.gpkg", layer="glaciers")
    glaciers("b", "c").to_file(tmp_path / "o.gpkg", layer="lakes")
    with pytest.raises(OutlineError, match=r"name one of them: glaciers, lakes, as in o\.gpkg\|layer=glaciers"):
        read_outlines(tmp_path / "o.gpkg")
    assert len(read_outlines(f"{tmp_path}/o.gpkg|layer=lakes")) == 2
    assert len(read_outlines(f"{tmp_path}/o.gpkg|layername=glaciers")) == 1


def zipped(folder: Path, *names: str) -> Path:
    with zipfile.ZipFile(folder / "o.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            glaciers(*name).to_file(folder / f"{name}.shp")
            for part in sorted(folder.glob(f"{name}.*")):
                archive.write(part, f"11_rgi60/{part.name}")
    return folder / "o.zip"


def test_an_archive_with_a_folder_inside_is_read(tmp_path: Path) -> None:
    assert read_outlines(zipped(tmp_path, "ab"))["glac_name"].tolist() == ["a", "b"]
    assert {each.suffix for each in tmp_path.iterdir()} == {".zip", ".shp", ".shx", ".dbf", ".prj", ".cpg"}


def test_one_of_several_files_of_an_archive_is_named(tmp_path: Path) -> None:
    path = zipped(tmp_path, "ab", "cde")
    with pytest.raises(OutlineError, match=r"holds 2 vector files\nname one of them: 11_rgi60/ab.shp, 11_rgi60/cde"):
        read_outlines(path)
    assert len(read_outlines(f"{path}|layer=11_rgi60/cde.shp")) == len(read_outlines(f"{path}|layer=cde")) == 3


def test_a_shapefile_in_an_archive_that_ends_early_is_an_error(tmp_path: Path) -> None:
    glaciers("a", "b").to_file(tmp_path / "o.shp")
    with zipfile.ZipFile(tmp_path / "o.zip", "w") as archive:
        for part in sorted(tmp_path.glob("o.[!z]*")):
            archive.writestr(f"in/{part.name}", part.read_bytes()[: -9 if part.suffix == ".dbf" else None])
    with pytest.raises(OutlineError, match=r"\.dbf ends early"):
        read_outlines(tmp_path / "o.zip")


def test_an_archive_that_inflates_without_bound_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "o.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/o.geojson", b" " * (1 << 27))
    with pytest.raises(OutlineError, match="would unpack to"):
        read_outlines(tmp_path / "o.zip")


def test_wrong_directions_are_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_raw_shapefile(tmp_path / "o.shp", [[against(*ICE), clockwise(*HOLE)]])
    with caplog.at_level(logging.INFO, "trimline"):
        read = read_outlines(tmp_path / "o.shp")
    assert [text for text in caplog.messages if "wrong way" in text] == caplog.messages
    assert area_km2(read)[0] == pytest.approx(3.75, rel=2e-3)


@pytest.mark.parametrize("suffix", [".shp", ".gpkg", ".geojson", ".zip"])
def test_an_empty_file_is_called_empty(suffix: str, tmp_path: Path) -> None:
    (tmp_path / f"o{suffix}").touch()
    with pytest.raises(OutlineError, match="is empty, of 0 bytes\ncopy or download it again"):
        read_outlines(tmp_path / f"o{suffix}")


@pytest.mark.parametrize("share", [0.0005, 0.03, 0.5, 0.99])
def test_a_geopackage_that_ends_early_is_told_without_the_words_of_its_database(share: float, tmp_path: Path) -> None:
    glaciers("a", "b").to_file(tmp_path / "o.gpkg")
    whole = (tmp_path / "o.gpkg").read_bytes()
    (tmp_path / "o.gpkg").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(OutlineError, match="ends early") as told:
        read_outlines(tmp_path / "o.gpkg")
    assert "sqlite" not in str(told.value)
    assert told.value.remedy == "copy or download it again"


def test_a_damaged_database_is_told_in_plain_words(tmp_path: Path) -> None:
    glaciers("a", "b").to_file(tmp_path / "o.gpkg")
    whole = (tmp_path / "o.gpkg").read_bytes()
    (tmp_path / "o.gpkg").write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(OutlineError, match="its database is damaged\ncopy or download it again"):
        read_outlines(tmp_path / "o.gpkg")


def test_an_archive_that_ends_early_is_told(tmp_path: Path) -> None:
    glaciers("a", "b").to_file(tmp_path / "o.gpkg")
    with zipfile.ZipFile(tmp_path / "o.zip", "w") as archive:
        archive.write(tmp_path / "o.gpkg", "o.gpkg")
    whole = (tmp_path / "o.zip").read_bytes()
    (tmp_path / "o.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(OutlineError, match="the archive ends early\ncopy or download it again"):
        read_outlines(tmp_path / "o.zip")


def test_what_gdal_does_not_read_has_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "o.geojson").write_text('{"type": "FeatureCollection", "features": [{"ty')
    with pytest.raises(OutlineError, match="copy or download it again"):
        read_outlines(tmp_path / "o.geojson")


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_of_text_without_a_crs_is_not_told_of_a_prj(separator: str, tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text(f'id{separator}WKT\n1{separator}"POLYGON((0 0,1 0,1 1,0 0))"\n')
    with pytest.raises(OutlineError, match="no CRS\na table of text holds none: save it as GeoPackage"):
        read_outlines(tmp_path / "o.csv")


def test_a_table_in_utf_16_is_not_offered_another_code_page(tmp_path: Path) -> None:
    (tmp_path / "o.csv").write_text('id,WKT\n1,"POLYGON((0 0,1 0,1 1,0 0))"\n', encoding="utf-16")
    with pytest.raises(OutlineError, match=r"UTF-16.*\nsave it as UTF-8") as told:
        read_outlines(tmp_path / "o.csv")
    assert "cp1252" not in str(told.value)
