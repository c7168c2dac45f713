"""A simulated archive: valid items, files that the readers open as the products, a STAC API, ranges and faults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pystac
import pystac_client
import pytest
import rasterio
import requests
from pystac.validation import validate_dict

import trimline
from trimline.errors import SimulationError
from trimline.project import SimulatedRange
from trimline.simulate import RangeManifest, write_range
from trimline.simulate.archive import Faults, Server, make_archive, serve

CLOUDY = 77.0


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> RangeManifest:
    settings = SimulatedRange.model_validate(
        {
            "name": "small",
            "seed": 3,
            "environment": "cold-dry",
            "size": 288,
            "resolution_m": 10,
            "scenes": [
                {"date": "1995-08-20", "sensor": "landsat-5-tm"},
                {"date": "2016-08-20", "sensor": "landsat-8-oli", "cloud_fraction": 0.2},
                {
                    "date": "2018-08-21",
                    "sensor": "sentinel-2-msi",
                    "format": "safe",
                    "level": "L2A",
                    "baseline": "05.00",
                },
                {"date": "2019-08-21", "sensor": "sentinel-2-msi", "format": "safe"},
            ],
        }
    )
    return write_range(settings, tmp_path_factory.mktemp("range"), progress=False)


def products(simulated: RangeManifest) -> list[Path]:
    return [simulated.folder / each.product for each in simulated.scenes]


@pytest.fixture(scope="module")
def archive(simulated: RangeManifest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    landsat = Path(simulated.scenes[0].product).name
    folder = tmp_path_factory.mktemp("archive")
    make_archive(folder, products(simulated)[:3], block=128, stated={landsat: {"eo:cloud_cover": CLOUDY}})
    return make_archive(folder, products(simulated)[3:], layout="jp2").parent


@pytest.fixture
def server(archive: Path) -> Iterator[Server]:
    with serve(archive) as running:
        yield running


def test_the_catalogue_is_valid_and_holds_every_product(archive: Path) -> None:
    catalogue = pystac.Catalog.from_file(str(archive / "catalog.json"))
    items = list(catalogue.get_items(recursive=True))
    for each in (catalogue, *catalogue.get_children(), *items):
        validate_dict({**each.to_dict(include_self_link=False), "stac_extensions": []})
    assert len(items) == 4
    assert {item.collection_id for item in items} == {"landsat-c2l1", "sentinel-2-c1-l2a", "sentinel-2-l1c"}
    assert {item.properties["eo:cloud_cover"] for item in items if item.id.startswith("LT05")} == {CLOUDY}


def test_folders_of_the_archive_are_products_with_the_same_pixels(simulated: RangeManifest, archive: Path) -> None:
    catalogue = pystac.Catalog.from_file(str(archive / "catalog.json"))
    for product in products(simulated):
        scene = trimline.open_scene(product)
        item = next(
            item
            for item in catalogue.get_items(recursive=True)
            if scene.time is not None and abs((item.get_datetime() - scene.time).total_seconds()) < 1
        )
        place = Path(item.get_self_href()).parent
        there = trimline.open_scene(place / "metadata.xml" if scene.level == "L1C" else place)
        assert there.sensor == scene.sensor
        assert there.tile == scene.tile
        assert there.geobox == scene.geobox
        for band in ("green", "swir1"):
            np.testing.assert_array_equal(there.read(band), scene.read(band))
        if scene.level != "L1C":
            np.testing.assert_array_equal(there.quality()["cloud"], scene.quality()["cloud"])


def test_rasters_are_cogs_with_overviews_whose_classes_are_not_averaged(archive: Path) -> None:
    scl = next(archive.rglob("SCL.tif"))
    with rasterio.open(scl) as source:
        assert source.profile["tiled"]
        assert source.overviews(1) == [2, 4, 8]
        classes = set(np.unique(source.read(1)).tolist())
    with rasterio.open(scl, overview_level=1) as source:
        assert set(np.unique(source.read(1)).tolist()) <= classes
    for band in archive.rglob("*_B3.TIF"):
        with rasterio.open(band) as source:
            assert source.block_shapes == [(128, 128)]
            assert source.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_search_is_paged_and_filtered(server: Server, method: str) -> None:
    client = pystac_client.Client.open(server.url)
    everything = list(client.search(method=method, limit=1).items())
    assert len({item.id for item in everything}) == 4
    assert [request.path for request in server.log.requests].count("/search") == 4, "one item a page"
    of_years = client.search(method=method, datetime="2016-01-01/2018-12-31", collections=["landsat-c2l1"])
    assert [item.id[:4] for item in of_years.items()] == ["LC08"]
    west, south, east, north = everything[0].bbox or (0, 0, 0, 0)
    assert list(client.search(method=method, bbox=[west + 5, south, east + 5, north]).items()) == []
    box = {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, south]]]}
    assert len(list(client.search(method=method, intersects=box).items())) == 4


def test_collections_and_unknown_ones(server: Server) -> None:
    client = pystac_client.Client.open(server.url)
    assert {each.id for each in client.get_collections()} == {"landsat-c2l1", "sentinel-2-c1-l2a", "sentinel-2-l1c"}
    assert len(list(client.get_collection("landsat-c2l1").get_items())) == 2
    assert requests.get(f"{server.url}/collections/nowhere", timeout=5).status_code == 404


def test_addresses_of_a_search_lead_to_the_files(server: Server) -> None:
    for item in pystac_client.Client.open(server.url).search().items():
        for asset in item.assets.values():
            answer = requests.head(asset.href, timeout=5)
            assert answer.status_code == 200
            assert asset.extra_fields.get("file:size", int(answer.headers["Content-Length"])) == int(
                answer.headers["Content-Length"]
            )


def a_file(server: Server, archive: Path) -> tuple[str, bytes]:
    path = next(archive.rglob("B04.tif"))
    return f"{server.url}/{path.relative_to(archive).as_posix()}", path.read_bytes()


def test_ranges_are_those_of_the_file(server: Server, archive: Path) -> None:
    href, content = a_file(server, archive)
    for header, part in (
        ("bytes=0-99", content[:100]),
        ("bytes=100-", content[100:]),
        ("bytes=-50", content[-50:]),
        (f"bytes=10-{len(content) + 999}", content[10:]),
    ):
        answer = requests.get(href, headers={"Range": header}, timeout=5)
        assert (answer.status_code, answer.content) == (206, part)
    beyond = requests.get(href, headers={"Range": f"bytes={len(content)}-"}, timeout=5)
    assert beyond.status_code == 416
    tag = beyond.headers["ETag"]
    same = requests.get(href, headers={"Range": "bytes=0-9", "If-Range": tag}, timeout=5)
    other = requests.get(href, headers={"Range": "bytes=0-9", "If-Range": '"other"'}, timeout=5)
    assert (same.status_code, len(same.content)) == (206, 10)
    assert (other.status_code, other.content) == (200, content)
    last = server.log.requests[-2]
    assert (last.range, last.sent, last.status) == ((0, 10), 10, 206)


def test_nothing_outside_the_archive_is_served(server: Server, archive: Path) -> None:
    (archive.parent / "outside.txt").write_text("outside")
    assert requests.get(f"{server.url}/%2e%2e/outside.txt", timeout=5).status_code == 404


@pytest.mark.parametrize(("kind", "status"), [("403", 403), ("429", 429), ("500", 500)])
def test_faults_fail_as_often_as_they_are_set_to(server: Server, archive: Path, kind: str, status: int) -> None:
    href, content = a_file(server, archive)
    server.faults = Faults(kind, times=2, only="B04", retry_after_s=7)  # type: ignore[arg-type]
    answers = [requests.get(href, timeout=5) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[2].content == content
    assert (answers[0].headers.get("Retry-After") == "7") == (kind == "429")


def test_a_share_of_requests_fails_by_chance_and_by_the_seed(server: Server, archive: Path) -> None:
    href, _ = a_file(server, archive)

    def statuses() -> list[int]:
        server.faults = Faults("500", "429", share=0.2, seed=5)
        with requests.Session() as session:
            return [session.head(href, timeout=5).status_code for _ in range(100)]

    first = statuses()
    assert first == statuses()
    assert 8 <= sum(status != 200 for status in first) <= 32


def test_bodies_are_cut_replaced_and_held_back(server: Server, archive: Path) -> None:
    href, content = a_file(server, archive)
    server.faults = Faults("cut", times=1)
    with pytest.raises(requests.exceptions.RequestException):
        requests.get(href, timeout=5)
    server.faults = Faults("html", times=1)
    page = requests.get(href, timeout=5)
    assert page.status_code == 200
    assert page.text.startswith("<!DOCTYPE html>")
    server.faults = Faults("stall", times=1, stall_s=1.0)
    with pytest.raises(requests.exceptions.Timeout):
        requests.get(href, timeout=0.2)
    assert requests.get(href, timeout=5).content == content


def test_a_token_expires_after_its_requests(archive: Path) -> None:
    with serve(archive, token_life=2) as server:
        href, content = a_file(server, archive)
        assert requests.get(href, timeout=5).status_code == 403
        signature = requests.get(f"{server.url}/token/sentinel-2-c1-l2a", timeout=5).json()["token"]
        signed = [requests.get(f"{href}?{signature}", timeout=5) for _ in range(3)]
        assert [answer.status_code for answer in signed] == [200, 200, 403]
        bearer = requests.post(f"{server.url}/oauth/token", data={"grant_type": "password"}, timeout=5).json()
        headers = {"Authorization": f"Bearer {bearer['access_token']}"}
        assert requests.get(href, headers=headers, timeout=5).content == content
        server.tokens.expire()
        assert requests.get(href, headers=headers, timeout=5).status_code == 403


def test_a_server_restarts_at_the_same_address_and_breaks_what_is_open(server: Server, archive: Path) -> None:
    href, content = a_file(server, archive)
    with requests.Session() as session:
        assert session.get(href, timeout=5).content == content
        server.stop()
        with pytest.raises(requests.exceptions.ConnectionError):
            session.get(href, timeout=5)
        server.start()
        assert session.get(href, timeout=5).content == content


def test_what_has_no_place_in_an_archive_is_refused(simulated: RangeManifest, tmp_path: Path) -> None:
    with pytest.raises(SimulationError, match=r"Level-2A.*COGs"):
        make_archive(tmp_path / "archive", products(simulated)[2:3], layout="jp2")
    with pytest.raises(SimulationError, match=r"no catalog\.json"), serve(tmp_path):
        pass


def test_the_same_products_give_the_same_archive(simulated: RangeManifest, archive: Path, tmp_path: Path) -> None:
    again = make_archive(tmp_path, products(simulated)[1:2], block=128).parent
    for path in sorted(again.rglob("*_02_T1*")):
        if path.is_file():
            assert path.read_bytes() == (archive / path.relative_to(again)).read_bytes()
    assert json.loads((again / "catalog.json").read_text())["links"][1]["href"] == "landsat-c2l1/collection.json"
