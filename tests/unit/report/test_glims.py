"""The set of Shapefiles of GLIMS: what the database checks on entry holds of what is written."""

from __future__ import annotations

import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from trimline.errors import OutlineError
from trimline.outlines import area_km2, read_outlines
from trimline.report.glims import GlimsSession, glims_id, write_glims

LINE_TYPES = {
    "glims_polygons": {"glac_bound", "intrnl_rock", "debris_cov", "supra_lake", "pro_lake"},
    "glims_lines": {"centerline", "snowline"},
}
MUST = {"line_type", "glac_id", "local_id", "anlys_time", "src_date", "area", "rec_status", "proc_desc", "anlst_surn"}
SESSION = GlimsSession(["Paul, F."], "2026-11-28", "band ratio, corrected by hand", local_m=15.0, global_m=10.0)


def problems_of(folder: Path) -> list[str]:
    """Return what GLIMS would send back: a validator written from its data transfer specification."""
    polygons = gpd.read_file(folder / "glims_polygons.shp")
    found = [f"no field {name}" for name in sorted(MUST - set(polygons.columns))]
    if polygons.crs is None or polygons.crs.to_epsg() != 4326:
        found.append("not in longitude and latitude on WGS 84")
    for path in folder.glob("glims_*.shp"):
        table = gpd.read_file(path)
        if path.stem in LINE_TYPES:
            found += [f"line_type {each}" for each in set(table["line_type"]) - LINE_TYPES[path.stem]]
            found += [f"glac_id {each}" for each in table["glac_id"] if not re.fullmatch(r"G\d{6}E\d{5}[NS]", each)]
        found += [
            f"{path.stem}: a text is too long"
            for name in table.columns.drop("geometry")
            if table[name].astype(str).str.len().max() > 254
        ]
        if (table.geometry.is_empty | table.geometry.isna()).any():
            found.append(f"{path.stem}: a feature has no geometry")
    if not polygons.is_valid.all():
        found.append("a polygon is invalid")
    if not (polygons.geometry.geom_type == "Polygon").all():
        found.append("a feature is no single polygon")
    if any(len(each.interiors) for each in polygons.geometry):
        found.append("a boundary has holes: rock must be a feature of its own")
    for _, row in polygons[polygons["line_type"] == "intrnl_rock"].iterrows():
        same = polygons[(polygons["glac_id"] == row["glac_id"]) & (polygons["line_type"] == "glac_bound")]
        if not shapely.covers(shapely.buffer(same.geometry.to_numpy(), 1e-9), row.geometry).any():
            found.append(f"{row['glac_id']}: rock outside the glacier")
    for name, own in polygons[polygons["line_type"] == "glac_bound"].groupby("glac_id"):
        longitude, latitude = int(name[1:7]) / 1000, int(name[8:13]) / 1000 * (1 if name[-1] == "N" else -1)
        here = shapely.Point(longitude - 360 if longitude > 180 else longitude, latitude)
        if own.geometry.union_all().distance(here) > 0.002:
            found.append(f"{name}: the id lies off the glacier")
    return found


def test_an_inventory_is_accepted(trimline_data: Path, tmp_path: Path) -> None:
    outlines = read_outlines(trimline_data / "hintereis" / "divides_hef.shp")
    outlines = outlines.assign(glac_id=[f"g{number}" for number in range(len(outlines))], src_date="2003-08-12")
    folder = write_glims(outlines, tmp_path / "glims", SESSION)
    assert problems_of(folder) == []
    written = gpd.read_file(folder / "glims_polygons.shp")
    holes = sum(len(part.interiors) for each in outlines.geometry for part in shapely.get_parts(each))
    assert (written["line_type"] == "intrnl_rock").sum() == holes
    assert set(written["loc_unc_x"]) == {15.0}
    assert set(written["anlst_surn"]) == {"Paul"}
    area = written.to_crs(6933).area / 1e6
    rock = np.where(written["line_type"] == "intrnl_rock", -1.0, 1.0)
    assert float((area * rock).sum()) == pytest.approx(float(area_km2(outlines).sum()), rel=5e-3)


def test_rock_stays_with_its_glacier_and_ids_persist(tmp_path: Path) -> None:
    ice = shapely.Point(0, 0).buffer(3000).difference(shapely.Point(500, 0).buffer(400))
    smaller = shapely.Point(0, 0).buffer(2500).difference(shapely.Point(500, 0).buffer(500))
    outlines = gpd.GeoDataFrame(
        {"glac_id": ["a", "b", "a", "b"], "period": ["1", "1", "2", "2"], "src_date": ["1990"] * 2 + ["2000"] * 2},
        geometry=[ice, shapely.box(5000, 0, 6000, 900), smaller, shapely.box(5000, 0, 6000, 700)],
        crs="+proj=laea +lat_0=-54.7 +lon_0=-68.3 +datum=WGS84 +units=m",
    )
    lines = gpd.GeoDataFrame(
        {"glac_id": ["a"], "period": ["1"]}, geometry=[shapely.LineString([(-2000, 0), (2000, 1500)])], crs=outlines.crs
    )
    folder = write_glims(outlines, tmp_path / "glims", SESSION, flow_lines=lines)
    assert problems_of(folder) == []
    written = gpd.read_file(folder / "glims_polygons.shp")
    assert written.groupby("local_id")["glac_id"].nunique().tolist() == [1, 1]
    assert written[written["line_type"] == "intrnl_rock"]["local_id"].tolist() == ["a", "a"]
    assert gpd.read_file(folder / "glims_lines.shp")["line_type"].tolist() == ["centerline"]


def test_two_glaciers_never_share_an_id(tmp_path: Path) -> None:
    square = shapely.box(0, 0, 20, 20)
    outlines = gpd.GeoDataFrame(
        {"glac_id": ["a", "b"], "src_date": "2000"}, geometry=[square, shapely.box(21, 0, 40, 20)], crs=32632
    )
    written = gpd.read_file(write_glims(outlines, tmp_path / "glims", SESSION) / "glims_polygons.shp")
    assert written["glac_id"].nunique() == 2


@given(longitude=st.floats(-180, 180), latitude=st.floats(-90, 90))
def test_an_id_says_where_the_glacier_is(longitude: float, latitude: float) -> None:
    name = glims_id(longitude, latitude)
    assert re.fullmatch(r"G\d{6}E\d{5}[NS]", name)
    assert (int(name[1:7]) / 1000 - longitude) % 360 == pytest.approx(0, abs=6e-4) or (
        int(name[1:7]) / 1000 - longitude
    ) % 360 == pytest.approx(360, abs=6e-4)
    assert int(name[8:13]) / 1000 == pytest.approx(abs(latitude), abs=6e-4)


def test_the_id_of_the_database_is_met() -> None:
    assert glims_id(-73.057, 70.021) == "G286943E70021N"


def test_outlines_without_names_are_refused(tmp_path: Path) -> None:
    outlines = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 20, 20)], crs=32632)
    with pytest.raises(OutlineError, match="glac_id"):
        write_glims(outlines, tmp_path / "glims")
