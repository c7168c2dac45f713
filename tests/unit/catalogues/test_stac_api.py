"""STAC APIs as they are: with and without extensions, POST and GET, pages that mislead, and addresses of nothing."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import requests
import shapely
from tests.unit.catalogues import items
from tests.unit.catalogues.servers import Answer, Request, Running, answering
from urllib3 import HTTPResponse

from trimline.catalogues import SearchResult, search, stac_api
from trimline.errors import CatalogueError
from trimline.project import SearchSettings
from trimline.remote.connections import BreakableAdapter
from trimline.remote.signing import unsigned

REGION = shapely.box(84.2, 43.2, 84.4, 43.4)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stac_api, "_FIRST_WAIT_S", 0.01)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def found(catalogue: str, **settings: Any) -> SearchResult:
    return search(SearchSettings(catalogues=catalogue, **settings), REGION, [("2020", 2020, 2020)])


def landing(url: str, *, query: bool = False, methods: tuple[str, ...] = ("POST",)) -> dict[str, Any]:
    conforms = ["core", "collections", "item-search", *(["item-search#query"] if query else [])]
    links = [
        {"rel": "search", "href": f"{url}/search", "method": method, "type": "application/geo+json"}
        for method in methods
    ]
    return {"type": "Catalog", "stac_version": "1.0.0", "id": "own", "description": "own",
            "conformsTo": [f"https://api.stacspec.org/v1.0.0/{each}" for each in conforms],
            "links": [*links, {"rel": "data", "href": f"{url}/collections"}, {"rel": "self", "href": url}]}  # fmt: skip


def pages(server: Running, request: Request, features: list[Any], **more: Any) -> Answer:
    if request.path.endswith("/collections"):
        return Answer({"collections": [], "links": []})
    if "/search" not in request.path:
        return Answer(landing(server.url, **more))
    return Answer({"type": "FeatureCollection", "features": features, "links": []})


def test_an_api_with_the_query_extension_filters_clouds_itself_and_is_checked_all_the_same() -> None:
    cloudy = items.usgs("LC08_L1TP_144031_20200815_20200920_02_T1", **{"eo:cloud_cover": 99})
    with answering(lambda request: pages(server, request, [items.usgs(), cloudy], query=True)) as server:
        result = found(server.url, cloud_cover=30)
        body = json.loads(server.requests[-1].body)
    assert [each.id for each in result.candidates] == [items.usgs()["id"]]
    assert body["query"] == {"eo:cloud_cover": {"lte": 30}}
    assert body["datetime"] == "2020-06-15T00:00:00Z/2020-09-30T23:59:59Z"
    assert shapely.geometry.shape(body["intersects"]).equals(REGION)


@pytest.mark.parametrize(
    ("there", "asked"),
    [
        (["modis", "landsat-c2l1", "s2-l2a", "sentinel2_c1", "dem"], ["landsat-c2l1", "s2-l2a", "sentinel2_c1"]),
        (["ours", "theirs"], None),
    ],
)
def test_of_an_unknown_api_the_collections_of_the_missions_are_searched_and_else_all(there: Any, asked: Any) -> None:
    def answer(request: Request) -> Answer:
        if "/collections" in request.path:
            made = [{"type": "Collection", "stac_version": "1.0.0", "id": name, "description": name, "license": "other",
                     "links": [], "extent": {"spatial": {"bbox": [[-180, -90, 180, 90]]},
                                             "temporal": {"interval": [[None, None]]}}} for name in there]  # fmt: skip
            return Answer({"collections": made, "links": []})
        return pages(server, request, [items.usgs()])

    with answering(answer) as server:
        found(server.url)
        assert json.loads(server.requests[-1].body).get("collections") == asked


def test_an_api_that_takes_no_post_is_searched_by_get() -> None:
    with answering(lambda request: pages(server, request, [items.usgs()], methods=("GET",))) as server:
        found(server.url)
        assert [each.method for each in server.requests if "/search" in each.path] == ["GET"]


def test_an_empty_page_does_not_end_a_search_that_goes_on() -> None:
    def answer(request: Request) -> Answer:
        if "/search" not in request.path:
            return pages(server, request, [])
        is_first = "page" not in json.loads(request.body)
        following = {
            "rel": "next",
            "href": f"{server.url}/search",
            "method": "POST",
            "body": {"page": 2},
            "merge": True,
        }
        features = [] if is_first else [items.usgs()]
        return Answer({"type": "FeatureCollection", "features": features, "links": [following] if is_first else []})

    with answering(answer) as server:
        assert len(found(server.url).candidates) == 1


def test_a_page_that_comes_again_and_again_ends_the_search() -> None:
    def answer(request: Request) -> Answer:
        if "/search" not in request.path:
            return pages(server, request, [])
        links = [{"rel": "next", "href": f"{server.url}/search", "method": "POST", "body": {}}]
        return Answer({"type": "FeatureCollection", "features": [items.usgs()], "links": links})

    with answering(answer) as server, pytest.raises(CatalogueError, match="the same page again"):
        found(server.url)


def test_a_page_that_holds_no_items_is_an_error_and_not_an_empty_result() -> None:
    with (
        answering(lambda _: Answer(landing(server.url))) as server,
        pytest.raises(CatalogueError, match="without items"),
    ):
        found(server.url)


@pytest.mark.parametrize(
    "content",
    [[], {"type": "Catalog"}, {"stac_version": "1.0.0", "links": 5}, {"hello": "world"}],
)
def test_an_address_without_a_catalogue_is_named(content: Any) -> None:
    with answering(lambda _: Answer(content)) as server, pytest.raises(CatalogueError, match="no STAC catalogue"):
        found(server.url)


def test_odd_features_are_noted() -> None:
    odd = items.usgs("LC08_L1TP_144030_20200816_20200920_02_T1")
    features = [5, None, items.usgs(), {"id": odd["id"], "assets": 3}, {**odd, "id": f"{odd['id']}\ud800"}]
    with answering(lambda request: pages(server, request, features)) as server:
        result = found(server.url)
    assert len(result.candidates) == 1
    assert len(result.notes) == 3


def test_a_login_is_sent_to_the_catalogue_and_not_to_where_it_leads(tmp_path: Path) -> None:
    """The catalogue redirects to another server on this machine, for which there is no login."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password p\ndefault login any password p\n")
    (tmp_path / "netrc").chmod(0o600)
    with answering(lambda request: pages(other, request, [items.usgs()])) as other:
        away = other.url.replace("127.0.0.1", "localhost")
        with answering(lambda _: Answer(status=302, headers={"Location": f"{away}/"})) as server:
            found(server.url)
            assert {each.headers["Authorization"] for each in server.requests} == {"Basic bWU6cA=="}
        assert "Authorization" not in other.requests[0].headers


def test_a_login_is_not_sent_on_where_https_leads_to_http(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine own.example login me password p\n")
    (tmp_path / "netrc").chmod(0o600)
    sent: list[tuple[str, bool]] = []

    def answer(_: Any, request: Any, **__: Any) -> requests.Response:
        sent.append((request.url, "Authorization" in request.headers))
        made = requests.Response()
        made.request, made.status_code, made.raw = request, 302, HTTPResponse(BytesIO(b""), preload_content=False)
        made.headers["Location"] = "http://own.example/"
        return made

    monkeypatch.setattr(BreakableAdapter, "send", answer)
    with pytest.raises(CatalogueError, match="not protected"):
        found("https://own.example/")
    assert sent == [("https://own.example/", True)]


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_search_that_is_redirected_stays_a_search(status: int) -> None:
    def answer(request: Request) -> Answer:
        if request.path == "/search":
            return Answer(status=status, headers={"Location": "/there/search"})
        return pages(server, request, [items.usgs()])

    with answering(answer) as server:
        assert len(found(server.url).candidates) == 1
        assert server.requests[-1].method == "POST"
        assert server.requests[-1].body == server.requests[-2].body != ""


def test_pages_that_come_in_turns_end_the_search() -> None:
    """A, B, A, B: each differs from the one before it."""

    def answer(request: Request) -> Answer:
        if "/search" not in request.path:
            return pages(server, request, [])
        number = json.loads(request.body).get("page", 0)
        item = items.usgs(f"LC08_L1TP_144030_2020081{number % 2}_20200920_02_T1")
        links = [{"rel": "next", "href": f"{server.url}/search", "method": "POST", "body": {"page": number + 1}}]
        return Answer({"type": "FeatureCollection", "features": [item], "links": links})

    with answering(answer) as server, pytest.raises(CatalogueError, match="the same page again"):
        found(server.url)
    assert len([each for each in server.requests if each.path == "/search"]) == 3


@pytest.mark.parametrize("name", ["same", "new"])
@pytest.mark.parametrize("listed", ["features", "collections"])
def test_pages_without_end_are_given_up(name: str, listed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The items are the same with another number in them, or new ones for ever."""
    monkeypatch.setattr(stac_api, "MOST_PAGES", 40)

    def answer(request: Request) -> Answer:
        number = int(request.path.partition("page=")[2] or 0)
        content = [{"id": f"{name}{number if name == 'new' else ''}", "number": number}]
        return Answer({listed: content, "links": [{"rel": "next", "href": f"{server.url}/a?page={number + 1}"}]})

    with (
        answering(answer) as server,
        pytest.raises(CatalogueError, match="same page again" if name == "same" else "more than 40 pages"),
    ):
        list(stac_api.ApiIO(unsigned).get_pages(f"{server.url}/a"))
    assert len(server.requests) == (22 if name == "same" else 41)


def test_an_answer_that_is_too_large_is_refused_before_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stac_api, "MOST_BYTES", 2 << 20)
    packed = gzip.compress(b" " * (50 << 20))
    for content, headers in ((b" " * (3 << 20), {}), (packed, {"Content-Encoding": "gzip"})):
        with (
            answering(lambda _: Answer(content, headers=headers)) as server,  # noqa: B023 - called within the loop
            pytest.raises(CatalogueError, match="more than 2 MB"),
        ):
            found(server.url)
        assert len(server.requests) == 1


def test_an_answer_that_comes_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stac_api, "_LONGEST_S", 0.0)
    with (
        answering(lambda _: Answer({"links": []})) as server,
        pytest.raises(CatalogueError, match="not whole after"),
    ):
        found(server.url)


def test_a_wait_of_hours_is_an_error_that_names_it() -> None:
    busy = Answer(status=429, headers={"Retry-After": "7200"})
    with answering(lambda _: busy) as server, pytest.raises(CatalogueError, match="come back in 120 minutes"):
        found(server.url)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("made", "said", "requests"),
    [
        (Answer(b"<html>log in</html>", headers={"Content-Type": "text/html"}), "a web page", 4),
        (Answer(b"[" * 200_000), "nested too deeply", 1),
        (Answer(status=302, headers={"Location": "ftp://own.example/"}), "ftp://", 1),
        (Answer(status=302, headers={"Location": "/"}), "in a circle", 8),
    ],
)
def test_what_is_no_answer_is_named_soon(made: Answer, said: str, requests: int) -> None:
    with answering(lambda _: made) as server, pytest.raises(CatalogueError, match=said):
        found(server.url)
    assert len(server.requests) == requests


def test_a_link_to_a_file_of_this_machine_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.json").write_text("{}")

    def answer(_: Request) -> Answer:
        content = landing(server.url)
        content["links"][1]["href"] = str(tmp_path / "secret.json")
        return Answer(content)

    with answering(answer) as server, pytest.raises(CatalogueError):
        found(server.url, collections="landsat-c2l1")
