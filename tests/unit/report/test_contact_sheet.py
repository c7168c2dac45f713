"""The contact sheet shows every scene three times, in the colours of the classes."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from shapely.geometry import box

from trimline.outlines import write_outlines
from trimline.rasters import write_raster
from trimline.report.contact_sheet import Sheet, draw_contact_sheet
from trimline.report.figures import MAPPED_COLOUR
from trimline.scenes import open_scene
from trimline.surfaces import CLASS_COLOURS, SurfaceClass

SIDE = 90


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    path = tmp_path / "scene.tif"
    image = np.full((3, SIDE, SIDE), 0.1, np.float32)
    image[:, :45] = np.array([0.7, 0.6, 0.05], np.float32)[:, None, None]
    with rasterio.open(
        path, "w", driver="GTiff", count=3, height=SIDE, width=SIDE, dtype="float32", crs="EPSG:32646",
        transform=from_origin(500_010, 3_800_040, 30, 30),
    ) as file:  # fmt: skip
        file.write(image)
        file.descriptions = ("red", "nir", "swir1")
    scene = open_scene(path, id="shown", sensor="landsat-5-tm")
    west, south, east, _ = scene.geobox.boundingbox
    ice = gpd.GeoDataFrame(geometry=[box(west, south + 45 * 30, east, south + 90 * 30)], crs=32646)
    write_outlines(ice, tmp_path / "outlines.gpkg")
    classes = np.full((SIDE, SIDE), SurfaceClass.WATER, np.uint8)
    classes[:45] = SurfaceClass.ICE
    write_raster(tmp_path / "classes.tif", classes, scene.geobox, nodata=255)
    return Sheet(scene, tmp_path / "outlines.gpkg", tmp_path / "classes.tif", "1: 3.65 km²")


def colours(path: Path) -> set[tuple[int, ...]]:
    import matplotlib.image

    picture = (matplotlib.image.imread(path)[..., :3] * 255).round().astype(int)
    return set(map(tuple, picture.reshape(-1, 3)))


@pytest.mark.parametrize("scenes", [1, 4])
def test_scenes_outlines_and_classes_are_on_the_page(sheet: Sheet, tmp_path: Path, scenes: int) -> None:
    draw_contact_sheet(tmp_path / "sheet.png", [sheet] * scenes)
    found = colours(tmp_path / "sheet.png")
    assert CLASS_COLOURS[SurfaceClass.ICE] in found
    assert CLASS_COLOURS[SurfaceClass.WATER] in found
    red, green, blue = (int(MAPPED_COLOUR[place : place + 2], 16) for place in (1, 3, 5))
    assert any(abs(r - red) + abs(g - green) + abs(b - blue) < 60 for r, g, b in found), "the outline"


def test_a_scene_without_ice_has_no_outline(sheet: Sheet, tmp_path: Path) -> None:
    none = gpd.GeoDataFrame(geometry=gpd.GeoSeries([], crs=32646))
    write_outlines(none, sheet.outlines)
    draw_contact_sheet(tmp_path / "sheet.png", [sheet])
    red, green, blue = (int(MAPPED_COLOUR[place : place + 2], 16) for place in (1, 3, 5))
    assert not any(abs(r - red) + abs(g - green) + abs(b - blue) < 60 for r, g, b in colours(tmp_path / "sheet.png"))
