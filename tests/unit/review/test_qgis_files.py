"""Files for QGIS: a layer to draw into with its form and domains, and a project whose every path is there."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from odc.geo.geobox import GeoBox
from rasterio.transform import from_origin
from tests.unit.review.toy_review import BANDS, CRS, NORTH, PIXEL_M, WEST, reviewed, scene_of, squares, write_stack

from trimline.errors import EditError, ProductError
from trimline.files import sha256
from trimline.outlines import append_edits, as_edits, check_edits, read_edits, write_outlines
from trimline.outlines.edit_layer import EDIT_COLUMNS, OPERATIONS
from trimline.rasters import write_raster
from trimline.review.opened.reviewed import Reviewed, ReviewedPeriod
from trimline.review.qgis import create_for_qgis
from trimline.review.qgis.form import operations_of, period_values, quoted_text
from trimline.review.qgis.pictures import write_picture
from trimline.scenes import moved_scene, open_scene

PERIODS = ("1988", "2004", "2019's best")
SCENES = {"early": PERIODS[0], "late": PERIODS[-1]}
QGIS_PYTHON = "/usr/bin/python3"
"""Debian's, for which its package of QGIS is made."""


def write_toy(folder: Path) -> None:
    """Write outlines and rasters of three periods, two scenes, an inventory and a model."""
    for name in PERIODS:
        place = folder / "timeline" / name
        place.mkdir(parents=True)
        write_outlines(squares((100, 100, 300, 300)), place / "automatic.gpkg")
        write_outlines(squares((100, 100, 320, 300)), place / "outlines.gpkg")
        write_outlines(squares((400, 400, 500, 500)), place / "unseen.gpkg")
        one_band(place / "probability.tif")
    for name in SCENES:
        write_stack(folder / f"{name}.tif")
    squares((0, 0, 400, 400)).to_file(folder / "inventory.gpkg", layer="glaciers")
    squares((0, 0, 9, 9)).to_file(folder / "inventory.gpkg", layer="other")
    one_band(folder / "dem.tif")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("toy")
    write_toy(folder)
    return folder


@pytest.fixture
def review(tmp_path: Path, written: Path) -> Reviewed:
    """Give a review with everything that a project can hold, in a folder of its own."""
    folder = tmp_path / "study"
    shutil.copytree(written, folder)
    periods = []
    for name in PERIODS:
        place, year = folder / "timeline" / name, int(name[:4])
        maps: dict[str, Any] = {
            "probability": place / "probability.tif",
            "threshold": 0.4,
            "unseen": place / "unseen.gpkg",
        }
        periods.append(ReviewedPeriod(name, year, year, place / "automatic.gpkg", PIXEL_M, **maps))
    scenes = [scene_of(folder / f"{name}.tif", name, periods=(period,)) for name, period in SCENES.items()]
    inventory = Path(f"{folder / 'inventory.gpkg'}|layer=glaciers")
    return reviewed(folder, scenes, periods=periods, inventory=inventory, dem=folder / "dem.tif")


def one_band(path: Path) -> Path:
    grid = GeoBox((64, 64), from_origin(WEST, NORTH, PIXEL_M, PIXEL_M), CRS)
    return write_raster(path, np.full((64, 64), 700, "uint16"), grid, nodata=65535)


def parsed(text: str) -> Element:
    return ElementTree.fromstring(text)  # noqa: S314 - written by what is tested


def project_of(path: Path) -> Element:
    return parsed(path.read_text(encoding="utf-8"))


def layers_of(path: Path) -> dict[str, Element]:
    return {str(each.findtext("id")): each for each in project_of(path).iter("maplayer")}


def choices(layer: Element, field: str) -> list[str]:
    """Return the values that the form of a layer offers for a field."""
    options = layer.findall(f"fieldConfiguration/field[@name='{field}']/editWidget/config/Option/Option/Option/Option")
    return [str(each.get("value")) for each in options]


def test_an_empty_layer_is_made_that_reads_as_no_edits_and_takes_any_geometry(review: Reviewed) -> None:
    created = create_for_qgis(review)
    assert created.layer_created
    assert created.left_out == {}
    there = read_edits(created.edits_file)
    assert there.empty
    assert there.crs == CRS
    rows = {"operation": ["remove", "split"], "glac_id": "1", "period": "1988", "author": "Ana", "time": "2024-05-31"}
    line = shapely.LineString([(WEST, NORTH), (WEST + 100, NORTH - 100)])
    append_edits(created.edits_file, gpd.GeoDataFrame(rows, geometry=[shapely.box(0, 0, 1, 1), line], crs=CRS))
    assert read_edits(created.edits_file).geom_type.tolist() == ["Polygon", "LineString"]


def test_a_layer_with_rows_is_completed_and_its_rows_stay(review: Reviewed) -> None:
    rows = {"operation": ["remove"], "period": "1988", "author": "Ana", "time": "2024-05-31", "reason": "lake"}
    appended = append_edits(review.edits_file, gpd.GeoDataFrame(rows, geometry=[shapely.box(0, 0, 1, 1)], crs=CRS))
    for _ in range(2):
        assert not create_for_qgis(review).layer_created
        assert read_edits(review.edits_file)["edit_id"].tolist() == appended["edit_id"].tolist()
        with closing(sqlite3.connect(review.edits_file)) as database:
            found = database.execute("SELECT styleName, useAsDefault FROM layer_styles").fetchall()
            extensions = database.execute("SELECT count(*) FROM gpkg_extensions WHERE extension_name = 'gpkg_schema'")
            assert extensions.fetchone() == (2,)
        assert found == [("trimline", 1), ("trimline areas", 0), ("trimline lines", 0)]


def test_the_only_layer_of_a_file_is_still_found_beside_its_styles(review: Reviewed) -> None:
    squares((0, 0, 10, 10)).to_file(review.edits_file, layer="drawn last summer")
    create_for_qgis(review)
    assert len(read_edits(review.edits_file)) == 1


def test_a_style_of_the_user_stays_the_default(review: Reviewed) -> None:
    create_for_qgis(review)
    with closing(sqlite3.connect(review.edits_file)) as database, database:
        database.execute("UPDATE layer_styles SET useAsDefault = 0")
        database.execute("INSERT INTO layer_styles (f_table_name, styleName, useAsDefault) VALUES ('edits', 'mine', 1)")
    create_for_qgis(review)
    with closing(sqlite3.connect(review.edits_file)) as database:
        defaults = database.execute("SELECT styleName FROM layer_styles WHERE useAsDefault = 1").fetchall()
    assert defaults == [("mine",)]


def test_the_domain_of_operations_and_the_form_offer_what_there_is(review: Reviewed) -> None:
    created = create_for_qgis(review)
    with closing(sqlite3.connect(created.edits_file)) as database:
        query = "SELECT value, description FROM gpkg_data_column_constraints WHERE constraint_type = 'enum'"
        assert dict(database.execute(query).fetchall()) == dict(OPERATIONS)
        columns = database.execute("SELECT column_name, description FROM gpkg_data_columns").fetchall()
        assert dict(columns) == dict(EDIT_COLUMNS)
        (style,) = database.execute("SELECT styleQML FROM layer_styles WHERE useAsDefault = 1").fetchone()
    default = parsed(style)
    assert choices(default, "operation") == list(OPERATIONS)
    assert set(PERIODS) | {"*", "2004/..", "../2004"} <= set(choices(default, "period"))
    layers = layers_of(created.project_file)
    drawn = {kind: choices(layers[f"trimline_edits_{kind}"], "operation") for kind in ("areas", "lines", "table")}
    assert set().union(*drawn.values()) == set(OPERATIONS)
    assert {"add", "remove", "replace", "split"} == set(drawn["areas"])
    assert "split" in drawn["lines"]


SHAPES = {"areas": shapely.box(0, 0, 1, 1), "lines": shapely.LineString([(0, 0), (1, 1)]), "table": None}


@pytest.mark.parametrize("kind", ["areas", "lines", "table"])
def test_every_operation_is_offered_where_what_is_drawn_suits_it(kind: Any) -> None:
    values = {"attribute": '{"glac_name": "A"}', "merge": '{"with": ["B"]}'}
    for operation in operations_of(kind):
        row: dict[str, Any] = {
            "operation": operation,
            "period": "1988",
            "glac_id": "A",
            "author": "Ana",
            "time": "2024-05-31",
        }
        row |= {"edit_id": "2", "value": values.get(operation), "reverts": "1" if operation == "revert" else None}
        first = {**row, "edit_id": "1", "operation": "remove", "value": None, "reverts": None}
        frame = gpd.GeoDataFrame([first, row], geometry=[SHAPES["areas"], SHAPES[kind]], crs=CRS)
        assert [str(each) for each in check_edits(as_edits(frame), ["1988"])] == []


def test_periods_of_the_form_are_known_to_the_checks(review: Reviewed) -> None:
    periods = review.periods
    middles = {each.name: each.middle for each in periods}
    for period in period_values(periods):
        row = {"operation": "remove", "period": period, "author": "Ana", "time": "2024-05-31"}
        frame = gpd.GeoDataFrame([row], geometry=[SHAPES["areas"]], crs=CRS)
        assert check_edits(as_edits(frame), middles) == [], period


def test_every_path_of_the_project_is_relative_and_leads_to_a_file(review: Reviewed) -> None:
    created = create_for_qgis(review)
    sources = {key: str(layer.findtext("datasource")) for key, layer in layers_of(created.project_file).items()}
    assert len(sources) == 3 + 3 * 4 + 2 + 2
    for source in sources.values():
        path = Path(source.partition("|")[0])
        assert not path.is_absolute()
        assert (created.project_file.parent / path).is_file()
    assert all(len(key) > 10 for key in sources), "QGIS replaces shorter ids"
    assert sources["trimline_inventory"] == "./inventory.gpkg|layername=glaciers"
    assert str(review.output) not in created.project_file.read_text()


def test_the_tree_has_each_layer_once_edits_on_top_and_only_the_last_period_shown(review: Reviewed) -> None:
    created = create_for_qgis(review)
    root = project_of(created.project_file)
    tree = root.find("layer-tree-group")
    assert tree is not None
    groups = {str(each.get("name")): each.get("checked") for each in tree.findall("layer-tree-group")}
    assert list(groups) == ["Edits", *reversed(PERIODS)]
    assert [name for name, checked in groups.items() if checked == "Qt::Checked"] == ["Edits", PERIODS[-1]]
    in_tree = sorted(str(each.get("id")) for each in tree.iter("layer-tree-layer"))
    assert in_tree == sorted(layers_of(created.project_file))
    view = {each.tag: float(each.text or "nan") for each in root.findall("mapcanvas/extent/*")}
    assert view["xmin"] < WEST + 100 < WEST + 300 < view["xmax"] < WEST + 400
    assert root.findtext("projectCrs/spatialrefsys/authid") == CRS


def test_a_project_that_was_saved_in_qgis_is_left_as_it_is(review: Reviewed) -> None:
    project = create_for_qgis(review).project_file
    assert create_for_qgis(review).project_written
    project.write_text(project.read_text().replace('saveUser="trimline"', 'saveUser="ana"'))
    before = sha256(project)
    assert not create_for_qgis(review).project_written
    assert sha256(project) == before


def test_a_scene_that_is_gone_is_named_and_the_others_are_shown(review: Reviewed) -> None:
    (review.output / "early.tif").unlink()
    created = create_for_qgis(review)
    assert list(created.left_out) == ["early"]
    assert "trimline_scene_late" in layers_of(created.project_file)


def test_a_file_of_edits_that_is_no_geopackage_is_refused(review: Reviewed, tmp_path: Path) -> None:
    review = replace(review, edits_file=tmp_path / "edits.shp")
    with pytest.raises(EditError, match="no GeoPackage"):
        create_for_qgis(review)
    broken = replace(review, edits_file=tmp_path / "broken.gpkg")
    broken.edits_file.write_text("no database")
    with pytest.raises(EditError):
        create_for_qgis(broken)
    assert broken.edits_file.read_text() == "no database"


def test_a_virtual_raster_shows_the_numbers_of_the_product_where_the_scene_lies(tmp_path: Path) -> None:
    scene = open_scene(write_stack(tmp_path / "scene.tif"), sensor="sentinel-2-msi", bands=BANDS, nodata=0, scale=1e-4)
    folder = tmp_path / "elsewhere" / "deep"
    folder.mkdir(parents=True)
    picture = write_picture(moved_scene(scene, 30.0, -20.0), folder)
    assert picture.bands == ("swir1", "nir", "red")
    assert picture.bright[0] == pytest.approx(6000)
    with rasterio.open(picture.path) as shown, rasterio.open(tmp_path / "scene.tif") as product:
        assert np.array_equal(shown.read(), product.read([5, 4, 3]))
        assert shown.nodata == 0
        assert shown.crs == product.crs
        assert (shown.transform.c, shown.transform.f) == (WEST + 30, NORTH - 20)


def test_bands_of_two_resolutions_share_the_finer_grid(tmp_path: Path, sentinel2: ModuleType) -> None:
    scene = open_scene(sentinel2.TinySafe().write(tmp_path))
    picture = write_picture(scene, tmp_path)
    with rasterio.open(picture.path) as shown:
        assert shown.res == (10, 10)
        for number, name in enumerate(picture.bands, 1):
            expected = scene.read(name, units="dn").to_numpy()
            seen = np.where(shown.read(number) == shown.nodata, np.nan, shown.read(number))
            assert np.array_equal(np.isnan(seen), np.isnan(expected))
            assert np.nanmax(np.abs(seen - expected)) <= 1, "flat fields: resampling changes nothing"


def test_a_plain_archive_is_read_in_place_and_a_compressed_one_is_refused(
    tmp_path: Path, sentinel2: ModuleType
) -> None:
    product = sentinel2.TinySafe().write(tmp_path / "folder")
    packed = tmp_path / f"{product.stem}.zip"
    shutil.make_archive(str(packed.with_suffix("")), "zip", product.parent, product.name)
    with rasterio.open(write_picture(open_scene(packed), tmp_path).path) as shown:
        numbers = shown.read()
    with rasterio.open(write_picture(open_scene(product), tmp_path).path) as expected:
        assert np.array_equal(numbers, expected.read())
    scene = open_scene(product)
    href = "/vsitar/{/scenes/LC08.tar.gz}/B4.TIF"
    compressed = replace(scene, assets={name: replace(each, href=href) for name, each in scene.assets.items()})
    with pytest.raises(ProductError, match="compressed archive"):
        write_picture(compressed, tmp_path)


def test_texts_in_expressions_end_where_they_should() -> None:
    assert quoted_text("2019's best") == r"'2019\'s best'"


OPENED_IN_QGIS = """
import json, sys
from qgis.core import QgsApplication, QgsGeometry, QgsProject, QgsVectorLayerUtils
application = QgsApplication([], False)
application.initQgis()
project = QgsProject.instance()
found = {"read": project.read(sys.argv[1]), "crs": project.crs().authid()}
found["invalid"] = [key for key, layer in project.mapLayers().items() if not layer.isValid()]
found["layers"] = len(project.mapLayers())
drawn = {"areas": (sys.argv[2], "remove"), "lines": (sys.argv[3], "split"), "table": (None, "attribute")}
for kind, (shape, operation) in drawn.items():
    layer = project.mapLayer("trimline_edits_" + kind)
    geometry = QgsGeometry() if shape is None else QgsGeometry.fromWkt(shape)
    context = layer.createExpressionContext()
    layer.startEditing()
    feature = QgsVectorLayerUtils.createFeature(layer, geometry, {}, context)
    feature["operation"], feature["reason"] = operation, "drawn in QGIS"
    if kind == "table":
        feature["glac_id"], feature["value"] = "0001", '{"glac_name": "A"}'
    found[kind] = layer.addFeature(feature) and layer.commitChanges()
    found[kind + " shown"] = layer.featureCount()
copied = QgsVectorLayerUtils.createFeature(layer, QgsGeometry(), dict(enumerate(feature.attributes())), context)
found["copy has its own id"] = copied["edit_id"] != feature["edit_id"]
areas = project.mapLayer("trimline_edits_areas")
areas.startEditing()
context = areas.createExpressionContext()
feature = QgsVectorLayerUtils.createFeature(areas, QgsGeometry.fromWkt(sys.argv[2]), {}, context)
feature["operation"], feature["reason"] = "add", "begun before another edit was appended"
areas.addFeature(feature)
print("FOUND" + json.dumps(found), flush=True)
input()
found["saved after others"] = areas.commitChanges()
for kind in drawn:
    layer = project.mapLayer("trimline_edits_" + kind)
    layer.reload()
    found[kind + " shown"] = sum(1 for _ in layer.getFeatures())
print("FOUND" + json.dumps(found), flush=True)
"""


@pytest.fixture
def qgis_python() -> list[str]:
    """Give the command that runs Python with QGIS, for two minutes at most; the test is skipped where there is none."""
    try:
        found = subprocess.run([QGIS_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode
    except OSError:
        found = 1
    if found != 0:
        pytest.skip(f"QGIS is not installed for {QGIS_PYTHON}")
    return ["timeout", "120", QGIS_PYTHON]


def test_qgis_opens_the_project_and_saves_what_is_drawn_while_others_write(
    review: Reviewed, tmp_path: Path, qgis_python: list[str]
) -> None:
    created = create_for_qgis(review)
    box = shapely.box(WEST + 150, NORTH - 200, WEST + 200, NORTH - 150)
    line = shapely.LineString([(WEST, NORTH - 200), (WEST + 400, NORTH - 200)])
    environment = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "TZ": "Asia/Kolkata"}
    command = [*qgis_python, "-c", OPENED_IN_QGIS, str(created.project_file), box.wkt, line.wkt]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True) as qgis:
        assert qgis.stdin is not None
        assert qgis.stdout is not None
        first = next((each for each in qgis.stdout if each.startswith("FOUND")), "FOUND{}")
        # QGIS has the file open here.
        there = read_edits(created.edits_file)
        row = {"operation": "remove", "period": "1988", "author": "Ana", "time": "2024-05-31", "reason": "by another"}
        appended = append_edits(created.edits_file, gpd.GeoDataFrame([row], geometry=[box], crs=CRS))
        qgis.stdin.write("\n")
        qgis.stdin.close()
        last = next((each for each in qgis.stdout if each.startswith("FOUND")), "FOUND{}")
    found = json.loads(first.removeprefix("FOUND"))
    assert found["read"]
    assert found["crs"] == CRS
    assert found["invalid"] == []
    assert found["layers"] == 19
    assert found["copy has its own id"]
    assert [found[kind] for kind in ("areas", "lines", "table")] == [True] * 3
    assert [found[f"{kind} shown"] for kind in ("areas", "lines", "table")] == [1] * 3
    assert there["operation"].tolist() == ["remove", "split", "attribute"]
    assert there.geometry.tolist()[:2] == [box, line]
    assert there["period"].tolist() == [PERIODS[-1]] * 3
    assert there["author"].notna().all()
    assert there["glac_id"].tolist() == ["0001", "0001", "0001"]
    assert all(re.fullmatch("[0-9a-f]{12}", each) for each in there["edit_id"])
    assert check_edits(there, PERIODS) == [], "time, author and all else that --check asks for"
    now = json.loads(last.removeprefix("FOUND"))
    assert now["saved after others"]
    assert now["areas shown"] == 3, "what was appended meanwhile is seen after a refresh"
    after = read_edits(created.edits_file)
    assert after["edit_id"].tolist()[-2:-1] == appended["edit_id"].tolist()
    assert after["operation"].tolist() == ["remove", "split", "attribute", "remove", "add"]
    assert check_edits(after, PERIODS) == []
