"""Items of STAC APIs, page by page, by pystac-client.

What may pass is tried again: statuses of a busy server (429, 5xx) after the time that it asks for, answers that end
early or are no JSON after waits that double.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from pystac import Link
from pystac_client import Client, ItemSearch
from pystac_client.exceptions import APIError
from pystac_client.stac_api_io import StacApiIO
from pystac_client.warnings import PystacClientWarning
from urllib3 import Retry

from trimline.errors import CatalogueError, TrimlineError
from trimline.foreign import foreign_errors
from trimline.remote.address import scheme_of, shown
from trimline.remote.signing import Signer

_LOG = logging.getLogger(__name__)

PAGE = 250
"""Items that a page is asked to hold."""
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_RETRIES, _FIRST_WAIT_S, _TIMEOUT_S = 6, 0.5, 60.0
_LONGEST_WAIT_S = 120.0
_MOST_EMPTY = 20
"""Empty pages in a row after which no more are expected."""
_AGAIN = "run again later, or choose another catalogue"


class ApiIO(StacApiIO):
    """Requests to a STAC API, tried again, with a login where there is one.

    Parameters
    ----------
    sign
        Adds headers to an address.
    """

    def __init__(self, sign: Signer) -> None:
        retry = Retry(
            total=_RETRIES,
            backoff_factor=_FIRST_WAIT_S,
            backoff_max=_LONGEST_WAIT_S,
            status_forcelist=_PASSING,
            allowed_methods=None,
            raise_on_status=False,
            redirect=5,
        )
        super().__init__(max_retries=retry, timeout=_TIMEOUT_S)
        self.session.auth = _Headers(sign)
        self.session.rebuild_auth = _without_login  # type: ignore[method-assign]

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
        """Return the text of an answer that is JSON; raises `APIError` as pystac-client does."""
        for attempt in range(_RETRIES + 1):
            problem = "the answer is no JSON"
            try:
                text: str = super().request(href, method, headers, parameters)
                json.loads(text)
                return text
            except APIError as error:
                if isinstance(error.__context__, TrimlineError):
                    raise error.__context__ from None
                if getattr(error, "status_code", None) is not None:
                    raise
                problem = "the connection fails, or the answer ends early"
            except (ValueError, RecursionError):
                pass
            _LOG.debug("%s: %s", shown(href), problem)
            if attempt < _RETRIES:
                time.sleep(min(_FIRST_WAIT_S * 2**attempt, _LONGEST_WAIT_S))
        raise APIError(problem)

    def get_pages(
        self, url: str, method: str | None = None, parameters: dict[str, Any] | None = None
    ) -> Iterator[dict[str, Any]]:
        """Yield the pages of a search, or of the list of collections.

        Raises
        ------
        CatalogueError
            A page has neither items nor collections, the same page comes again, or empty ones without end.
        """
        page = self.read_json(url, method=method, parameters=parameters)
        before, empty = "", 0
        while True:
            content = page.get("features", page.get("collections"))
            if not isinstance(content, list):
                raise CatalogueError("the catalogue sends a page without items", where=shown(url), remedy=_AGAIN)
            written = json.dumps(content)
            empty = 0 if content else empty + 1
            if (content and written == before) or empty > _MOST_EMPTY:
                raise CatalogueError("the catalogue sends the same page again", where=shown(url), remedy=_AGAIN)
            before = written
            yield page
            links = [each for each in page.get("links") or [] if isinstance(each, Mapping)]
            following = next((each for each in links if each.get("rel") == "next"), None)
            if following is None:
                return
            page = self.read_json(Link.from_dict(dict(following)), parameters=parameters)


class _Headers(requests.auth.AuthBase):
    """Adds the headers of a signer, and keeps `requests` from taking a login for any server out of ``~/.netrc``."""

    def __init__(self, sign: Signer) -> None:
        self._sign = sign

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._sign(request.url or "").headers)
        return request


def _without_login(request: requests.PreparedRequest, response: requests.Response) -> None:
    """Take the login from a request that is led to another server, where `requests` would look into ``~/.netrc``."""
    if urlsplit(request.url or "").netloc != urlsplit(response.request.url or "").netloc:
        request.headers.pop("Authorization", None)


def _shows_no_headers(record: logging.LogRecord) -> bool:
    return "Headers:" not in record.getMessage()


logging.getLogger("pystac_client.stac_api_io").addFilter(_shows_no_headers)


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
