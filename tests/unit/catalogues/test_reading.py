"""Items of the known archives become candidates: bands, quality, metadata, passes; impossible ones are named."""

from __future__ import annotations

import json
import math
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.catalogues import items

from trimline.catalogues import read_candidate
from trimline.catalogues.item_assets import name_in
from trimline.catalogues.kept_item import unsigned_href
from trimline.errors import CatalogueError

SECRET = "hunter2-S3CR3T"  # noqa: S105 - it must show up nowhere


def test_landsat_of_usgs_is_read_from_the_bucket_whose_requester_pays() -> None:
    found = read_candidate(items.usgs(), "usgs")
    assert (found.sensor, found.level, found.tile, found.collection) == (
        "landsat-8-oli",
        "L1",
        "144030",
        "landsat-c2l1",
    )
    assert list(found.bands) == ["blue", "green", "red", "nir", "swir1", "swir2"]
    assert found.bands["nir"].name == "LC08_L1TP_144030_20200815_20200920_02_T1_B5.TIF"
    assert found.bands["nir"].href.startswith("s3://usgs-landsat/collection02/level-1/")
    assert found.bands["nir"].checksum == "1340" + "ab" * 64
    assert {kind: asset.name[41:] for kind, asset in found.quality.items()} == {
        "pixel": "QA_PIXEL.TIF",
        "saturation": "QA_RADSAT.TIF",
    }
    assert [asset.name for asset in found.metadata] == ["LC08_L1TP_144030_20200815_20200920_02_T1_MTL.txt"]
    assert (found.cloud_cover, found.sun_elevation, found.sun_azimuth) == (12.5, 54.1, 141.2)
    assert found.time.isoformat() == "2020-08-15T05:03:11.194486+00:00"


@pytest.mark.parametrize(
    ("product", "sensor", "bands"),
    [
        ("LT05_L1TP_144030_19900815_20200920_02_T1", "landsat-5-tm", ["blue", "green", "red", "nir", "swir1", "swir2"]),
        ("LT04_L1TP_144030_19880815_20200920_02_T1", "landsat-4-tm", ["blue", "green", "red", "nir", "swir1", "swir2"]),
        (
            "LE07_L1TP_144030_20010815_20200920_02_T1",
            "landsat-7-etm",
            ["blue", "green", "red", "nir", "swir1", "swir2"],
        ),
        ("LM02_L1TP_144030_19760815_20200920_02_T2", "landsat-2-mss", ["green", "red", "nir08", "nir"]),
    ],
)
def test_old_landsat_level_1_is_made_of_single_files(product: str, sensor: str, bands: list[str]) -> None:
    found = read_candidate(items.usgs(product), "usgs")
    assert (found.sensor, found.level, list(found.bands)) == (sensor, "L1", bands)
    assert all(asset.name.startswith(product) for asset in (*found.bands.values(), *found.quality.values()))
    assert found.metadata[0].name == f"{product}_MTL.txt"


def test_metadata_that_no_asset_names_lie_beside_the_bands() -> None:
    item = items.usgs("LT05_L1TP_144030_19900815_20200920_02_T1")
    for key in ("MTL.txt", "MTL.xml", "MTL.json"):
        del item["assets"][key]
    (metadata,) = read_candidate(item, "usgs").metadata
    band = read_candidate(item, "usgs").bands["red"]
    assert metadata.href == band.href.replace("_B3.TIF", "_MTL.txt")
    assert metadata.name == "LT05_L1TP_144030_19900815_20200920_02_T1_MTL.txt"


def test_of_several_spellings_of_the_metadata_the_text_is_taken_and_else_the_json() -> None:
    item = items.usgs()
    del item["assets"]["MTL.txt"]
    assert read_candidate(item, "usgs").metadata[0].name.endswith("_MTL.json")


def test_landsat_of_the_planetary_computer_knows_its_processing_by_its_files() -> None:
    found = read_candidate(items.planetary_landsat(), "planetary-computer")
    assert (found.sensor, found.level, found.tile) == ("landsat-7-etm", "L2", "144030")
    assert list(found.bands) == ["blue", "green", "red", "nir", "swir1", "thermal", "swir2"]
    assert found.bands["thermal"].name.endswith("_ST_B6.TIF")
    assert found.processed is not None
    assert "20200914" in found.processed
    assert found.is_slc_off
    assert found.cloud_cover is None


def test_slc_off_begins_with_the_failure() -> None:
    before = read_candidate(items.usgs("LE07_L1TP_144030_20030530_20200920_02_T1"), "usgs")
    after = read_candidate(items.usgs("LE07_L1TP_144030_20030615_20200920_02_T1"), "usgs")
    assert (before.is_slc_off, after.is_slc_off) == (False, True)


def test_sentinel_2_of_earth_search_is_its_cogs_and_not_its_pictures() -> None:
    found = read_candidate(items.earth_search(), "earth-search")
    assert (found.sensor, found.level, found.tile, found.datatake) == (
        "sentinel-2-msi",
        "L2",
        "45TVJ",
        "S2A_20220815T045711",
    )
    assert list(found.bands)[:4] == ["coastal", "blue", "green", "red"]
    assert found.bands["swir1"].name == "B11.tif"
    assert found.bands["red"].href.endswith("/B04.tif")
    assert found.bands["blue"].href.endswith("/B02.tif")
    assert {kind: asset.name for kind, asset in found.quality.items()} == {"classes": "SCL.tif"}
    assert [asset.name for asset in found.metadata] == ["tileInfo.json", "metadata.xml", "product_metadata.xml"]


def test_two_metadata_files_of_one_name_are_written_under_two() -> None:
    found = read_candidate(items.earth_search_l1c(), "earth-search")
    assert [asset.name for asset in found.metadata] == ["tileInfo.json", "metadata.xml", "product_metadata.xml"]
    assert found.level == "L1"
    assert (found.tile, found.datatake) == ("45TVJ", "S2B_20190821T045709")
    assert (found.sun_elevation, found.sun_azimuth) == (56.5, 150.0)


def test_sentinel_2_of_the_planetary_computer_has_the_agencys_names() -> None:
    found = read_candidate(items.planetary_sentinel2(), "planetary-computer")
    assert found.bands["nir08"].name == "T45TVJ_20220815T045711_B8A_20m.tif"
    assert set(found.quality) == {"classes"}
    assert [asset.name for asset in found.metadata] == ["MTD_TL.xml", "MTD_MSIL2A.xml"]
    assert (found.level, found.datatake) == ("L2", "S2A_20220815T045711")


def test_the_copernicus_data_space_gives_the_finest_pixels_by_its_download_service() -> None:
    found = read_candidate(items.copernicus(), "cdse")
    assert {band: asset.name[-11:] for band, asset in found.bands.items()} == {
        "blue": "B02_10m.jp2",
        "red": "B04_10m.jp2",
        "nir": "B08_10m.jp2",
        "nir08": "B8A_20m.jp2",
        "swir1": "B11_20m.jp2",
    }
    assert found.quality["classes"].name == "T45TVJ_20220815T045711_SCL_20m.jp2"
    assert found.bands["red"].href.startswith("https://download.dataspace.copernicus.eu/")
    assert (found.bands["red"].size, found.bands["red"].checksum) == (1234, "d50110" + "0f" * 16)
    assert found.level == "L2"


def test_a_product_of_several_archives_has_one_datatake() -> None:
    made = (items.earth_search(), items.planetary_sentinel2(), items.copernicus())
    archives = ("earth-search", "planetary-computer", "cdse")
    found = [read_candidate(item, archive) for item, archive in zip(made, archives, strict=True)]
    assert {each.datatake for each in found} == {"S2A_20220815T045711"}


def test_items_of_the_usgs_archive_itself_are_read(trimline_data: Path) -> None:
    paths = sorted((trimline_data / "landsat_c2" / "mtl").glob("*/*_stac.json"))
    assert len(paths) > 15
    for path in paths:
        item = json.loads(path.read_text())
        found = read_candidate(item, "usgs")
        product = path.name.removesuffix("_stac.json").removesuffix("_SR").removesuffix("_ST")
        assert found.metadata[0].name == f"{product}_MTL.txt"
        assert found.level == f"L{product[6]}"
        assert found.tile == product.split("_")[2]
        assert found.quality.keys() == {"pixel", "saturation"}
        assert "thermal" in found.bands if "_ST_" in path.name else {"green", "red"} <= found.bands.keys()
        assert -180 <= found.footprint.bounds[0] <= found.footprint.bounds[2] <= 180
        latitude = found.footprint.centroid.y
        assert 1 < found.footprint.area * math.cos(math.radians(latitude)) < 5


def test_a_footprint_across_the_180th_meridian_lies_on_both_sides() -> None:
    item = items.earth_search()
    item["geometry"] = items.polygon([179.5, 65.0, 180.5, 66.0])
    of_east = read_candidate(item, "earth-search").footprint
    item["geometry"]["coordinates"][0] = [[x - 360 if x > 180 else x, y] for x, y in item["geometry"]["coordinates"][0]]
    of_jump = read_candidate(item, "earth-search").footprint
    assert shapely.equals(of_east, of_jump)
    assert of_east.area == pytest.approx(1)
    assert of_east.bounds == (-180, 65, 180, 66)


def test_without_a_footprint_the_box_is_taken() -> None:
    found = read_candidate({**items.earth_search(), "geometry": None}, "earth-search")
    assert found.footprint.bounds == tuple(items.BOX)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"id": None}, "an item has no id"),
        ({"assets": {}}, "the item has no assets"),
        ({"assets": {"visual": {"href": "https://x/TCI.tif"}}}, "no asset of the item is a band"),
        ({"assets": {"red": {"href": 5}}}, "no asset of the item has an address"),
        ({"geometry": None, "bbox": None}, "the item has no footprint"),
        ({"geometry": {"type": "Point", "coordinates": [1, 2]}}, "the item has no footprint"),
        ({"geometry": items.polygon([84, 43, 85, 443])}, "lies nowhere on the Earth"),
        ({"geometry": items.polygon([84, 43, 84, 44])}, "its footprint has no area"),
        ({"geometry": {"type": "Polygon", "coordinates": "nonsense"}}, "its footprint cannot be read"),
        ({"geometry": items.polygon([84, 43, 85, float("nan")])}, "lies nowhere on the Earth"),
    ],
)
def test_an_item_that_cannot_be_used_is_named(change: dict[str, Any], said: str) -> None:
    with pytest.raises(CatalogueError, match=said):
        read_candidate({**items.earth_search(), **change}, "earth-search")


@pytest.mark.parametrize("time", [None, "yesterday", "0001-01-01T00:00:00Z", "9999-01-01T00:00:00Z", 2020])
def test_a_time_that_cannot_be_is_named(time: object) -> None:
    item = items.earth_search()
    item["properties"]["datetime"] = time
    with pytest.raises(CatalogueError, match=r"no time|time cannot be"):
        read_candidate(item, "earth-search")


def test_an_item_of_another_mission_is_refused() -> None:
    item = items.item(
        "MOD09GA.A2020", "modis", {"datetime": "2020-01-01T00:00:00Z"}, {"a": {"href": "https://x/a.tif"}}
    )
    with pytest.raises(CatalogueError, match="neither of Landsat nor of Sentinel-2"):
        read_candidate(item, "earth-search")


def test_a_catalogue_on_a_server_cannot_name_files_of_this_machine(tmp_path: Path) -> None:
    item = items.earth_search()
    for href in ("/etc/passwd.tif", "file:///etc/passwd.tif", "../../B04.tif"):
        item["assets"]["red"]["href"] = href
        with pytest.raises(CatalogueError, match="neither on a web server nor in a bucket"):
            read_candidate(item, "earth-search")
    assert read_candidate(item, str(tmp_path / "catalog.json")).bands["red"].href == "../../B04.tif"


def test_names_are_safe_whatever_the_addresses_are() -> None:
    item = items.earth_search()
    item["id"] = "../../S2A_T45TVJ_20220815T050251_L2A/$(rm)"
    item["assets"]["red"]["href"] = "https://host/x/..%2F..%2Fetc%2Fpasswd.tif"
    found = read_candidate(item, "earth-search")
    assert "/" not in found.id
    assert not found.id.startswith(".")
    assert found.bands["red"].name == "_.._etc_passwd.tif"


@pytest.mark.parametrize("name", ["LC08\ud800", "\udfffS2A"])
def test_an_id_with_half_a_surrogate_pair_is_named(name: str) -> None:
    with pytest.raises(CatalogueError, match="no text") as raised:
        read_candidate({**items.earth_search(), "id": name}, "earth-search")
    str(raised.value).encode()


def test_a_footprint_of_more_parts_than_any_scene_is_refused_at_once() -> None:
    part = [[84.0, 43.0], [85.0, 43.0], [85.0, 44.0], [84.0, 43.0]]
    for geometry in (
        {"type": "MultiPolygon", "coordinates": [[part]] * 20_000},
        {"type": "Polygon", "coordinates": [part[:3] * 50_000 + part[:1]]},
    ):
        started = time.monotonic()
        with pytest.raises(CatalogueError, match="more parts than any scene"):
            read_candidate({**items.earth_search(), "geometry": geometry}, "earth-search")
        assert time.monotonic() - started < 2


def test_an_item_of_more_assets_than_any_scene_is_named() -> None:
    item = items.earth_search()
    item["assets"] |= {f"a{number}": {"href": f"https://host/{number}_B02.tif"} for number in range(1000)}
    with pytest.raises(CatalogueError, match="as no scene has"):
        read_candidate(item, "earth-search")


def test_two_ids_that_become_alike_stay_two() -> None:
    found = [read_candidate({**items.earth_search(), "id": name}, "earth-search").id for name in ("a b", "a_b", "a/b")]
    assert len(set(found)) == 3
    assert found[1] == "a_b"


def test_nothing_secret_is_kept_of_an_item() -> None:
    item = items.earth_search()
    item["assets"]["red"]["href"] += f"?X-Amz-Signature={SECRET}&X-Amz-Expires=60"
    item["assets"]["blue"]["href"] = item["assets"]["blue"]["href"].replace("https://", f"https://me:{SECRET}@")
    item["assets"]["blue"]["alternate"] = {"azure": {"href": f"https://x.blob.core.windows.net/c/B02.tif?sig={SECRET}"}}
    item["links"] = [{"rel": "self", "href": f"https://host/item?token={SECRET}", "headers": {"Authorization": SECRET}}]
    found = read_candidate(deepcopy(item), "earth-search")
    assert SECRET not in json.dumps(dict(found.item))
    assert SECRET not in repr(found)
    assert found.bands["red"].href.endswith("/B04.tif")
    assert "@" not in found.bands["blue"].href


def test_a_query_without_a_secret_is_kept() -> None:
    assert unsigned_href("https://host/read?file=B04.tif#part") == "https://host/read?file=B04.tif"
    assert unsigned_href("https://host/read?file=B04.tif&ApiKey=1") == "https://host/read"
    assert unsigned_href("images/B04.tif?x") == "images/B04.tif?x"


@given(st.text(max_size=80))
def test_every_address_gives_a_name_that_stays_in_its_folder(text: str) -> None:
    for href in (text, f"https://host/{text}", f"https://host/Nodes({text})/$value", f"C:\\images\\{text}"):
        name = name_in(href)
        assert name == Path(name).name
        assert name not in ("", ".", "..")


def test_an_item_that_is_nested_without_end_is_named() -> None:
    nest: list[Any] = []
    for _ in range(500):
        nest = [nest]
    with pytest.raises(CatalogueError, match="nested too deeply"):
        read_candidate({**items.earth_search(), "extra": nest}, "earth-search")
