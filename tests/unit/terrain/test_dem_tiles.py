"""Tiles of elevation: their names, where a catalogue has them, and the file that they are joined into."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from odc.geo.geobox import GeoBox
from rasterio.windows import Window

from trimline.errors import CatalogueError
from trimline.heights import read_heights
from trimline.rasters import write_raster
from trimline.remote.transport import Transport
from trimline.simulate.archive import serve
from trimline.terrain import fetch_dem
from trimline.terrain.dem_tiles import Tile, find_tiles, ground_around, names_of, tiles_over

PER_DEGREE = 100
"""Rows of the tiles of these tests."""


def test_tiles_are_named_after_their_south_west_corner() -> None:
    """Names of the archive itself, from Xinjiang, Ecuador and the Alaska Range."""
    assert Tile(43, 84).name == "Copernicus_DSM_COG_10_N43_00_E084_00_DEM"
    assert Tile(-2, -79).name == "Copernicus_DSM_COG_10_S02_00_W079_00_DEM"
    assert Tile.named("https://x/Copernicus_DSM_COG_10_N63_00_W152_00_DEM.tif") == Tile(63, -152)
    assert Tile.named("Copernicus_DSM_COG_10_N95_00_E200_00_DEM") is None
    assert Tile.named("LC08_L1TP_139036_20180823") is None
    assert names_of([Tile(-1, -78), Tile(43, 84)]) == "S01 W078, N43 E084"


@given(south=st.integers(-90, 89), west=st.integers(-180, 179))
def test_a_name_leads_back_to_its_tile(south: int, west: int) -> None:
    assert Tile.named(Tile(south, west).name) == Tile(south, west)


@pytest.mark.parametrize(
    ("south", "seconds"), [(0, 1), (49, 1), (50, 1.5), (60, 2), (70, 3), (80, 5), (85, 10), (-50, 1), (-51, 1.5)]
)
def test_columns_are_wider_towards_the_poles(south: int, seconds: float) -> None:
    """Product Handbook, table of the widths of pixels."""
    assert Tile(south, 10).column_seconds == seconds


def test_a_region_needs_the_tiles_that_it_meets_on_both_sides_of_equator_and_greenwich() -> None:
    found = tiles_over(ground_around(shapely.box(-0.4, -0.4, 0.4, 0.4), 0))
    assert found == [Tile(-1, -1), Tile(-1, 0), Tile(0, -1), Tile(0, 0)]
    assert tiles_over(ground_around(shapely.box(84.1, 43.1, 84.9, 43.9), 0)) == [Tile(43, 84)]
    assert tiles_over(shapely.box(84, 43, 85, 44)) == [Tile(43, 84)], "an edge is no ground"
    wider = tiles_over(ground_around(shapely.box(84.1, 43.1, 84.9, 43.5), 15_000))
    assert wider == [Tile(42, 83), Tile(42, 84), Tile(42, 85), Tile(43, 83), Tile(43, 84), Tile(43, 85)]


def test_a_region_across_the_180th_meridian_needs_tiles_of_both_ends() -> None:
    assert tiles_over(ground_around(shapely.box(179.5, -16.9, 180.5, -16.1), 0)) == [Tile(-17, -180), Tile(-17, 179)]
    assert tiles_over(ground_around(shapely.box(179.95, -16.6, 179.99, -16.5), 10_000)) == [
        Tile(-17, -180),
        Tile(-17, 179),
    ]
    with pytest.raises(CatalogueError, match="more than 2000 tiles"):
        tiles_over(shapely.box(-170, -60, 170, 60))


def height_at(longitude: float, latitude: float) -> float:
    return 1000.0 + 3.0 * (longitude % 360) + 20.0 * latitude


def a_catalogue(folder: Path, tiles: dict[Tile, int]) -> Path:
    """Write tiles of an inclined plane, with so many columns, and a static catalogue of them."""
    root, folder = folder, folder / "cop-dem-glo-30"
    folder.mkdir()
    links = []
    for tile, width in tiles.items():
        affine = Affine(1 / width, 0, tile.west, 0, -1 / PER_DEGREE, tile.south + 1)
        columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(PER_DEGREE) + 0.5)
        heights = height_at(tile.west + columns / width, tile.south + 1 - rows / PER_DEGREE).astype(np.float32)
        grid = GeoBox((PER_DEGREE, width), affine, "EPSG:4326")
        write_raster(folder / f"{tile.name}.tif", heights, grid, driver="COG")
        item = {
            "type": "Feature",
            "stac_version": "1.0.0",
            "id": tile.name,
            "collection": "cop-dem-glo-30",
            "geometry": shapely.geometry.mapping(tile.box),
            "bbox": list(tile.box.bounds),
            "properties": {"datetime": "2021-04-22T00:00:00Z"},
            "assets": {"data": {"href": f"./{tile.name}.tif", "type": "image/tiff"}},
            "links": [],
        }
        (folder / f"{tile.name}.json").write_text(json.dumps(item))
        links.append({"rel": "item", "href": f"./{tile.name}.json"})
    collection = {"type": "Collection", "stac_version": "1.0.0", "id": "cop-dem-glo-30", "links": links}
    described = {"description": "elevation", "license": "other", "extent": {}}
    (folder / "collection.json").write_text(json.dumps({**collection, **described}))
    child = [{"rel": "child", "href": "./cop-dem-glo-30/collection.json"}]
    catalogue = {"type": "Catalog", "stac_version": "1.0.0", "id": "root", "description": "elevation", "links": child}
    path = root / "catalog.json"
    path.write_text(json.dumps(catalogue))
    return path


def test_tiles_are_joined_into_one_file_without_seams(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Also where columns are wider in the north; the tile that the catalogue lacks is named."""
    source = tmp_path / "source"
    source.mkdir()
    catalogue = a_catalogue(source, {Tile(49, 10): 100, Tile(49, 11): 100, Tile(50, 10): 75})
    region = shapely.box(10.5, 49.6, 11.4, 50.4)
    path = tmp_path / "dem" / "dem.tif"
    with caplog.at_level(logging.WARNING):
        found = fetch_dem(region, path, str(catalogue), Transport(), margin_m=0)
    assert found.missing == ("Copernicus_DSM_COG_10_N50_00_E011_00_DEM",)
    assert "N50 E011" in caplog.text
    with rasterio.open(path) as raster:
        heights, affine, bounds = raster.read(1), raster.transform, raster.bounds
    assert affine.a == pytest.approx(0.01)
    assert bounds.left <= 10.5
    assert bounds.top >= 50.4
    columns, rows = np.meshgrid(np.arange(heights.shape[1]) + 0.5, np.arange(heights.shape[0]) + 0.5)
    longitude, latitude = affine * (columns, rows)
    known = np.isfinite(heights)
    needed = (longitude > 10.5) & (longitude < 11.4) & (latitude > 49.6) & (latitude < 50.4)
    assert (known == ~((longitude > 11) & (latitude > 50)))[needed].all()
    off = np.abs(heights - height_at(longitude, latitude))
    assert off[known & (latitude < 50)].max() < 0.01, "tiles of one width are copied"
    # Beside the tile in the north a pixel's own height stands for the missing neighbour.
    assert off[known].max() < 0.15
    assert sorted(each.name for each in path.parent.iterdir()) == ["dem.json", "dem.tif"]


@pytest.mark.parametrize("kind", ["static", "api"])
def test_what_is_there_is_not_fetched_again_and_another_region_is(tmp_path: Path, kind: str) -> None:
    a_catalogue(tmp_path, {Tile(43, 84): 100, Tile(43, 85): 100})
    path = tmp_path / "dem" / "dem.tif"
    with serve(tmp_path) as server:
        address = server.catalogue if kind == "static" else server.url
        transport = Transport()
        assert fetch_dem(shapely.box(84.3, 43.3, 84.4, 43.4), path, address, transport, margin_m=0).is_new
        before = transport.counts.requests
        first = path.read_bytes()
        assert not fetch_dem(shapely.box(84.3, 43.3, 84.4, 43.4), path, address, transport, margin_m=0).is_new
        assert transport.counts.requests == before
        path.unlink()
        fetch_dem(shapely.box(84.3, 43.3, 84.4, 43.4), path, address, transport, margin_m=0)
        assert path.read_bytes() == first
        again = fetch_dem(shapely.box(84.9, 43.3, 85.1, 43.4), path, address, transport, margin_m=0)
    assert again.is_new
    assert len(again.tiles) == 2


def test_tiles_on_both_sides_of_the_180th_meridian_are_joined(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    catalogue = a_catalogue(source, {Tile(-17, 179): 100, Tile(-17, -180): 100})
    path = tmp_path / "dem.tif"
    fetch_dem(shapely.box(179.8, -16.6, 180.2, -16.4), path, str(catalogue), Transport(), margin_m=0)
    grid = GeoBox((20, 40), Affine(1000, 0, 800_000, 0, -1000, 8_180_000), "EPSG:32760")
    with rasterio.open(path) as raster:
        assert np.isfinite(raster.read(1)).all()
        assert raster.bounds.left == pytest.approx(179.78)
        assert raster.bounds.right == pytest.approx(180.22)
    assert np.isfinite(read_heights(path, grid)).any()


def test_a_catalogue_without_the_tiles_is_an_error(tmp_path: Path) -> None:
    catalogue = a_catalogue(tmp_path, {Tile(43, 84): 100})
    with pytest.raises(CatalogueError, match="none of the 1 tiles of elevation"):
        fetch_dem(shapely.box(10.3, 43.3, 10.4, 43.4), tmp_path / "dem.tif", str(catalogue), Transport(), margin_m=0)


def leave_out(path: Path, declared: float | None) -> None:
    """Write a tile anew in blocks of 16 pixels, without those that hold the height 0, which are left out."""
    with rasterio.open(path) as source:
        heights, profile = source.read(1), source.profile
    heights[32:64, 48:80] = 0
    for key in ("interleave", "driver"):
        profile.pop(key, None)
    profile.update(driver="GTiff", tiled=True, blockxsize=16, blockysize=16, sparse_ok=True, nodata=declared)
    path.unlink()
    with rasterio.open(path, "w", **profile) as target:
        for row in range(0, 100, 16):
            for column in range(0, 100, 16):
                piece = heights[row : row + 16, column : column + 16]
                if piece.any():
                    target.write(piece, 1, window=Window(column, row, piece.shape[1], piece.shape[0]))


@pytest.mark.parametrize("declared", [None, -32767.0])
def test_blocks_that_a_tile_leaves_out_are_missing_and_no_sea(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, declared: float | None
) -> None:
    """GDAL makes 0 of them where no nodata is declared; a height of 0 that is stored stays."""
    source = tmp_path / "source"
    source.mkdir()
    catalogue = a_catalogue(source, {Tile(43, 84): 100, Tile(43, 85): 100})
    tile = source / "cop-dem-glo-30" / f"{Tile(43, 84).name}.tif"
    with rasterio.open(tile, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as target:
        target.write(np.zeros((1, 4, 4), np.float32), window=Window(10, 10, 4, 4))
    leave_out(tile, declared)
    path = tmp_path / "dem" / "dem.tif"
    with caplog.at_level(logging.WARNING):
        found = fetch_dem(shapely.box(84, 43, 86, 44), path, str(catalogue), Transport(), margin_m=0)
    with rasterio.open(path) as raster:
        heights = raster.read(1)
    assert heights.shape == (100, 200)
    expected = np.zeros(heights.shape, bool)
    expected[32:64, 48:80] = True
    np.testing.assert_array_equal(np.isnan(heights), expected)
    assert (heights[10:14, 10:14] == 0).all()
    assert found.incomplete == (Tile(43, 84).name,)
    assert "1 of 2 tiles have gaps, where nothing is known: N43 E084" in caplog.text
    assert json.loads(path.with_suffix(".json").read_text())["incomplete"] == [Tile(43, 84).name]


@pytest.mark.parametrize("assets", [{}, {"data": {"href": "file:///etc/" + Tile(43, 84).name + ".tif"}}])
def test_one_bad_item_does_not_hide_the_tiles(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, assets: dict[str, object]
) -> None:
    a_catalogue(tmp_path, {Tile(43, 84): 100, Tile(43, 85): 100})
    bad = tmp_path / "cop-dem-glo-30" / f"{Tile(43, 85).name}.json"
    bad.write_text(json.dumps({**json.loads(bad.read_text()), "assets": assets}))
    ground = ground_around(shapely.box(84.4, 43.4, 85.6, 43.6), 0)
    with serve(tmp_path) as server, caplog.at_level(logging.WARNING):
        for address in (server.url, server.catalogue):
            files, missing = find_tiles(address, tiles_over(ground), ground, Transport())
            assert [each.tile for each in files] == [Tile(43, 84)]
            assert missing == [Tile(43, 85)]
            with pytest.raises(CatalogueError, match=r"none of the 1 tiles .*1 items could not be read"):
                find_tiles(address, [Tile(43, 85)], ground, Transport())
    assert "1 of its items could not be read, and are left out" in caplog.text
