"""Outlines and tables."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pyogrio
from shapely.geometry import box
from tests.kinds.kind import Kind


def _glaciers(name: str = "A") -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"Name": [name]}, geometry=[box(500_000, 5e6, 502_000, 5.002e6)], crs=32632)


def _encoding(folder: Path) -> list[str]:
    pyogrio.write_dataframe(_glaciers("Langfjordjøkelen"), folder / "inventory.shp", encoding="ISO-8859-1")
    (folder / "inventory.cpg").write_text("UTF-8")
    return ["change", "inventory.shp", "--date", "Name"]


def _layers(folder: Path) -> list[str]:
    _glaciers().to_file(folder / "inventory.gpkg", layer="glaciers")
    _glaciers("B").to_file(folder / "inventory.gpkg", layer="lakes")
    return ["change", "inventory.gpkg", "--date", "Name"]


def _ends_early(folder: Path) -> list[str]:
    _glaciers().to_file(folder / "outlines_1998.shp")
    table = folder / "outlines_1998.dbf"
    table.write_bytes(table.read_bytes()[:-20])
    return ["change", "outlines_1998.shp", "--date", "Name"]


def _archive(folder: Path) -> list[str]:
    with zipfile.ZipFile(folder / "rgi.zip", "w") as archive:
        for name in ("11_rgi60_CentralEurope.geojson", "12_rgi60_CaucasusMiddleEast.geojson"):
            _glaciers().to_crs(4326).to_file(folder / name)
            archive.write(folder / name, f"rgi60/{name}")
            (folder / name).unlink()
    return ["change", "rgi.zip", "--date", "Name"]


def _line_type(folder: Path) -> list[str]:
    _glaciers().assign(line_type="exposed rock").to_file(folder / "glims_polygons.shp")
    return ["change", "glims_polygons.shp", "--date", "Name"]


def _hole_row(folder: Path) -> list[str]:
    ice, hole = box(500_000, 5_190_000, 503_000, 5_193_000), box(501_000, 5_191_000, 502_000, 5_192_000)
    other = box(505_000, 5_190_000, 506_000, 5_191_000)
    for year in (1990, 2000):
        rows = gpd.GeoDataFrame({"glac_id": ["A", "A", "B"]}, geometry=[ice, hole, other], crs="EPSG:32632")
        rows.to_file(folder / f"ice_{year}.gpkg")
    return ["change", "ice_1990.gpkg", "ice_2000.gpkg", "--id", "glac_id", "-o", "out"]


def _open_ring(folder: Path) -> list[str]:
    ring = [[10, 46], [10.1, 46], [10.1, 46.1], [10, 46.1]]
    row = {"type": "Feature", "properties": {"Name": "A"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    content = {"type": "FeatureCollection", "features": [row]}
    (folder / "outlines.geojson").write_text(json.dumps(content))
    return ["change", "outlines.geojson", "--date", "Name"]


KINDS: tuple[Kind, ...] = (
    Kind(
        title="A Shapefile whose .cpg names a wrong encoding",
        chapter="Outlines and tables",
        make=_encoding,
        story="The text of a Shapefile is in the code page of the computer that wrote it, and a later program wrote "
        "UTF-8 beside it. Names and ids would be garbled, so the encoding has to be said.",
        message="inventory.shp: its text is not in UTF-8, as it says it is (byte 0xf8 in 'Langfjordj\\xf8kelen')\n"
        "say its encoding, as in inventory.shp|encoding=cp1252 (or gbk, cp1251, ...)",
    ),
    Kind(
        title="A file of several layers",
        chapter="Outlines and tables",
        make=_layers,
        story="A GeoPackage often holds lakes or basins beside the glaciers. The layer is named behind the file, on "
        "the command line, in Python and in a project file.",
        message="inventory.gpkg: has 2 layers\nname one of them: glaciers, lakes, as in inventory.gpkg|layer=glaciers",
    ),
    Kind(
        title="A Shapefile that ends early",
        chapter="Outlines and tables",
        make=_ends_early,
        story="A copy or download was interrupted. GDAL reads the rows that are there; trimline compares them with "
        "what the headers say, because fewer glaciers are a wrong area.",
        message="outlines_1998.shp: its .dbf ends early: it holds 0 of 1 rows\ncopy or download it again",
    ),
    Kind(
        title="An archive with several vector files",
        chapter="Outlines and tables",
        make=_archive,
        story="A ZIP archive is read where it lies, at any depth of folders, where it holds one vector file. One of "
        "several is named like a layer.",
        message="rgi.zip: the archive holds 2 vector files\nname one of them: rgi60/11_rgi60_CentralEurope.geojson, "
        "rgi60/12_rgi60_CaucasusMiddleEast.geojson, as in rgi.zip|layer=rgi60/11_rgi60_CentralEurope.geojson",
    ),
    Kind(
        title="Polygons of GLIMS that are no glaciers",
        chapter="Outlines and tables",
        make=_line_type,
        story="In files of GLIMS the column `line_type` says what a polygon is. Boundaries are glaciers, rock is cut "
        "out of them, debris, lakes and basins are left out, and the log counts them. An unknown type is refused.",
        message="glims_polygons.shp: its column 'line_type' holds 'exposed rock', which GLIMS does not know\n"
        "correct it to one of glac_bound, intrnl_rock, debris_cov, pro_lake, supra_lake, basin_bound, snowline, "
        "centerline, or rename the column",
    ),
    Kind(
        title="A ring that does not close",
        chapter="Outlines and tables",
        make=_open_ring,
        story="The last vertex of a ring repeats the first. A program that leaves it out writes a polygon that cannot "
        "be read; its row is named.",
        message="outlines.geojson: the shape of row 0 cannot be read (IllegalArgumentException: Points of LinearRing "
        "do not form a closed linestring)\ncorrect the row, or leave it out: outlines are polygons of closed rings",
    ),
    Kind(
        title="A hole that is a row of its own",
        chapter="Outlines and tables",
        make=_hole_row,
        story="Rock within a glacier was saved as a second row with the glacier's id. Joined to it the row would "
        "count as ice, so trimline refuses it. Rows beside each other are parts of the glacier and are joined.",
        message="1990: outline A has a part within another: a hole, or ground that is outlined twice\n"
        "draw the hole again, for instance with 'Delete Part' and 'Add Ring' of QGIS",
    ),
)
