"""Items of STAC APIs, page by page, by pystac-client.

What may pass is tried again: statuses of a busy server (429, 5xx) after the time that it asks for, answers that end
early or are no JSON after waits that double. Answers are bounded in size and time, lists in their pages.
"""

from __future__ import annotations

import hashlib
import json
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import requests
from pystac import Link
from pystac_client import Client, ItemSearch
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import PystacClientWarning

from trimline.errors import CatalogueError, RemoteError
from trimline.foreign import foreign_errors
from trimline.remote.address import scheme_of, shown
from trimline.remote.counts import Counts
from trimline.remote.exchange import Answer, Failed
from trimline.remote.impostors import type_instead
from trimline.remote.repeating import RepeatedRequests
from trimline.remote.signing import Signer

PAGE = 250
"""Items that a page is asked to hold."""
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_RETRIES, _FIRST_WAIT_S, _TIMEOUT_S = 6, 0.5, 60.0
_LONGEST_S = 300.0
"""Longest time that a body may take to come [s]."""
MOST_BYTES = 32 << 20
"""Size of an answer that none has: a page of items has some megabytes."""
MOST_PAGES = 1000
"""Pages of one list after which it is given up."""
_MOST_IDLE = 20
"""Pages in a row with nothing new after which no more are expected."""
_MOST_WEB_PAGES = 3
"""Web pages in place of an answer before it is given up: a server under repair sends them too."""
_OF_CONNECTION = ("host", "connection", "content-length", "content-type", "transfer-encoding", "accept-encoding")
_AGAIN = "run again later, or choose another catalogue"


class ApiIO(StacApiIO):
    """Requests to a STAC API, as `trimline.remote` makes them: bounded, tried again, with a login where there is one.

    Parameters
    ----------
    sign
        Adds headers to an address.
    """

    def __init__(self, sign: Signer) -> None:
        super().__init__()
        self._requests = RepeatedRequests(
            sign, Counts(), at_once=1, retries=_RETRIES, timeout_s=_TIMEOUT_S, first_wait_s=_FIRST_WAIT_S
        )

    def read_text(self, source: Any, *args: Any, **kwargs: Any) -> str:
        """Return the text at an address or link; raises `CatalogueError` where it leads to no server."""
        href = source.href if isinstance(source, Link) else str(source)
        if scheme_of(href) not in ("http", "https"):
            raise CatalogueError("the catalogue leads to an address that is on no server", where=shown(href))
        text: str = super().read_text(source, *args, **kwargs)
        return text

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """Return the text of an answer that is JSON.

        Raises
        ------
        APIError
            The catalogue refuses, with a status.
        CatalogueError
            It cannot be reached, redirects where it must not, asks for a long wait, or sends no JSON within bounds.
        """
        is_posted = (method or "GET").upper() == "POST"
        with foreign_errors(CatalogueError, shown(href), what="the catalogue leads to an address that is none"):
            address = href if is_posted else requests.Request("GET", href, params=parameters or {}).prepare().url or ""
        sent = {"Accept": "application/geo+json, application/json", "Accept-Encoding": "gzip", **_plain(headers)}
        if is_posted:
            sent["Content-Type"] = "application/json"
        try:
            return self._requests.attempt(
                address,
                sent,
                _Reader(shown(href)),
                accept=[status for status in range(200, 600) if status not in _PASSING],
                body=json.dumps(parameters or {}).encode() if is_posted else None,
            )
        except RemoteError as error:
            raise CatalogueError(error.what, where=error.where, remedy=error.remedy) from None

    def get_pages(
        self, url: str, method: str | None = None, parameters: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the pages of a search, or of the list of collections.

        Raises
        ------
        CatalogueError
            A page has neither items nor collections, a page comes again, or there are pages without end.
        """
        page = self.read_json(url, method=method, parameters=parameters)
        pages: set[bytes] = set()
        ids: set[str] = set()
        idle = 0
        for _ in range(MOST_PAGES):
            content = page.get("features", page.get("collections")) if isinstance(page, Mapping) else None
            if not isinstance(content, list):
                raise CatalogueError("the catalogue sends a page without items", where=shown(url), remedy=_AGAIN)
            digest = hashlib.sha256(json.dumps(content).encode()).digest()
            new = {str(each.get("id")) for each in content if isinstance(each, Mapping)} - ids
            idle = 0 if new else idle + 1
            if (content and digest in pages) or idle > _MOST_IDLE:
                raise CatalogueError("the catalogue sends the same page again", where=shown(url), remedy=_AGAIN)
            pages.add(digest)
            ids |= new
            yield page
            links = page.get("links")
            following = next((each for each in links if _is_next(each)), None) if isinstance(links, list) else None
            if following is None:
                return
            page = self.read_json(Link.from_dict(dict(following)), parameters=parameters)
        raise CatalogueError(
            f"the catalogue sends more than {MOST_PAGES} pages",
            where=shown(url),
            remedy="search a smaller region, fewer years or fewer collections",
        )


class _Reader:
    """Reads the answers to one request: JSON of bounded size within bounded time.

    Parameters
    ----------
    where
        What messages call the address.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._web_pages = 0

    def __call__(self, answer: Answer) -> str:
        """Return the text of an answer.

        Raises
        ------
        Failed
            It is no JSON, which may pass.
        APIError
            The status is none of success.
        CatalogueError
            It is too large, too slow, nested too deeply, or again and again a web page.
        """
        if not 200 <= answer.status < 300:
            refused = APIError(f"status {answer.status}")
            refused.status_code = answer.status
            raise refused
        if type_instead(answer.headers.get("Content-Type")) == "a web page":
            self._web_pages += 1
            if self._web_pages > _MOST_WEB_PAGES:
                raise self._error("the catalogue sends a web page, and no JSON", "check the address")
            raise Failed("it sends a web page")
        started, out = time.monotonic(), bytearray()
        for block in answer.blocks:
            out += block
            if len(out) > MOST_BYTES:
                raise self._error(f"the catalogue's answer has more than {MOST_BYTES >> 20} MB, which none has")
            if time.monotonic() - started > _LONGEST_S:
                raise self._error(f"the catalogue's answer is not whole after {_LONGEST_S:g} s", _AGAIN)
        try:
            text = out.decode()
            json.loads(text)
        except RecursionError:
            raise self._error("the catalogue's answer is nested too deeply") from None
        except ValueError:
            raise Failed("the answer is no JSON") from None
        return text

    def _error(self, what: str, remedy: str = "choose another catalogue") -> CatalogueError:
        return CatalogueError(what, where=self._where, remedy=remedy)


def _plain(headers: Any) -> dict[str, str]:
    """Return those headers of a link that a request may have; the connection's own are not the catalogue's to set."""
    given = headers.items() if isinstance(headers, Mapping) else ()
    return {name: value for name, value in given if isinstance(value, str) and name.lower() not in _OF_CONNECTION}


def _is_next(link: Any) -> bool:
    return isinstance(link, Mapping) and link.get("rel") == "next"


def open_api(address: str, io: ApiIO) -> Client | None:
    """Return the STAC API at an address; None where a static catalogue lies there.

    Raises
    ------
    CatalogueError
        There is neither.
    """
    with _errors(address):
        content = io.read_json(address)
    if not isinstance(content, Mapping) or "stac_version" not in content or not isinstance(content.get("links"), list):
        raise CatalogueError(
            "there is no STAC catalogue at this address", where=shown(address), remedy="give the address of its root"
        )
    if not any(isinstance(link, Mapping) and link.get("rel") == "search" for link in content["links"]):
        return None
    with _errors(address):
        client: Client = Client.from_dict(dict(content), href=address)
        client._stac_io = io
        client.add_conforms_to("ITEM_SEARCH")  # older APIs say so in words that pystac-client does not know
    return client


def collections_there(client: Client, wanted: Sequence[str], where: str) -> list[str]:
    """Return those of some collections that an API has; raises `CatalogueError` where it does not answer."""
    with _errors(where):
        return [name for name in wanted if client.get_collection(name) is not None]


def collection_ids(client: Client, where: str) -> list[str]:
    """Return the ids of all collections of an API; raises `CatalogueError` where it does not answer."""
    with _errors(where):
        return [collection.id for collection in client.get_collections()]


def items_of_api(
    client: Client,
    io: ApiIO,
    *,
    collections: Sequence[str],
    intersects: Mapping[str, Any],
    span: tuple[datetime, datetime],
    cloud_cover: float | None,
    where: str,
) -> Iterator[Mapping[str, Any]]:
    """Yield the items of an API, as it sends them.

    Parameters
    ----------
    collections
        Their ids; none means all.
    intersects
        GeoJSON.
    span
        First and last moment (UTC).
    cloud_cover
        Highest cloud cover [percent]; None means any. Not asked for where the API has no way to.

    Raises
    ------
    CatalogueError
        The API does not answer, refuses, or sends the same page again and again.
    """
    may_query = cloud_cover is not None and client.conforms_to("QUERY")
    with _errors(where):
        search: ItemSearch = client.search(
            method=_method(client),
            collections=list(collections) or None,
            intersects=dict(intersects),
            datetime=span,
            query={"eo:cloud_cover": {"lte": cloud_cover}} if may_query else None,
            limit=PAGE,
        )
        # Not `pages_as_dicts`, which ends at an empty page, whatever follows it.
        pages = io.get_pages(search.url, search.method, search.get_parameters())
    while True:
        with _errors(where):
            page = next(pages, None)
        if page is None:
            return
        yield from page["features"]


def _method(client: Client) -> str:
    """Return how an API lets itself be searched: POST where it says so, else GET."""
    links = [link for link in client.links if link.rel == "search"]
    methods = {str(link.extra_fields.get("method", "GET")).upper() for link in links}
    return "POST" if "POST" in methods else "GET"


@contextmanager
def _errors(where: str) -> Iterator[None]:
    """Raise what pystac-client raises as `CatalogueError`, without the address, which may hold a query."""
    with (
        warnings.catch_warnings(),
        foreign_errors(CatalogueError, shown(where), what="the catalogue's answer cannot be read"),
    ):
        warnings.simplefilter("ignore", PystacClientWarning)
        try:
            yield
            return
        except APIError as error:
            status = getattr(error, "status_code", None)
        # Outside of the handler: what the error says quotes addresses, and so would a traceback.
        what, remedy = _STATUS.get(status or 0, (f"the catalogue answers with status {status}", _AGAIN))
        raise CatalogueError(what, where=shown(where), remedy=remedy)


_LOGIN = "write a login for it into ~/.netrc, or check the one that is there"
_STATUS: Mapping[int, tuple[str, str]] = {
    0: ("the catalogue cannot be reached, or does not answer as it should", "check the address and the connection"),
    400: ("the catalogue refuses the search as it is (400)", "name fewer collections, or give a simpler region"),
    401: ("the catalogue wants a login (401)", _LOGIN),
    403: ("the catalogue refuses access (403)", _LOGIN),
    404: ("there is no catalogue at this address (404)", "give the address of its root"),
    429: ("the catalogue is too busy (429)", _AGAIN),
}
