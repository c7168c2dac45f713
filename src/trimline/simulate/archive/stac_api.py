"""A STAC API over a static catalogue: landing page, collections, items, and search with pages.

STAC API 1.0: core, collections, features and item search (GET and POST, `next` links that merge into the body). Search
takes `ids`, `collections`, `bbox`, `intersects`, `datetime` and `limit`; `query` and `filter` are ignored, as by
servers without these extensions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urljoin

import shapely
from shapely.geometry import box, shape

from trimline.simulate.archive.making import CATALOGUE, COLLECTION

CONFORMS_TO = (
    "https://api.stacspec.org/v1.0.0/core",
    "https://api.stacspec.org/v1.0.0/collections",
    "https://api.stacspec.org/v1.0.0/ogcapi-features",
    "https://api.stacspec.org/v1.0.0/item-search",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
)
_PAGE = 10
_GEOJSON = "application/geo+json"
_JSON = "application/json"

Content = dict[str, Any]


class BadSearchError(ValueError):
    """A search that the API does not understand."""


@dataclass(frozen=True)
class StacApi:
    """The API over one archive."""

    folder: Path
    """The archive, with its catalogue."""
    url: str
    """Address of the server, without a slash at the end."""
    page: int = _PAGE
    """Items of one page where a search names no limit, and the most that it gets."""

    def answer(self, path: str, parameters: Mapping[str, Any], *, post: bool = False) -> Content | None:
        """Return the answer to a request; None where the API has no such address.

        Parameters
        ----------
        path
            The path of the request.
        parameters
            Its query, or the JSON of its body.
        post
            Whether it is a POST.

        Raises
        ------
        BadSearchError
            A parameter cannot be read.
        """
        parts = [part for part in path.split("/") if part]
        if not parts:
            return self._landing()
        if parts == ["conformance"]:
            return {"conformsTo": list(CONFORMS_TO)}
        if parts == ["search"]:
            return self._search(parameters, "search", post)
        if parts[0] != "collections":
            return None
        collections = {each["id"]: each for each in self._collections()}
        if len(parts) == 1:
            return {"collections": list(collections.values()), "links": self._links("collections")}
        if parts[1] not in collections:
            return None
        if len(parts) == 2:
            return collections[parts[1]]
        if parts[2] != "items":
            return None
        if len(parts) == 3:
            return self._search({**parameters, "collections": parts[1]}, f"collections/{parts[1]}/items", post)
        return next((each for each in self._items(parts[1]) if each["id"] == parts[3]), None)

    def _landing(self) -> Content:
        children = [
            {"rel": "child", "href": f"{self.url}/collections/{each['id']}", "type": _JSON}
            for each in self._collections()
        ]
        return {
            **_read(self.folder / CATALOGUE),
            "conformsTo": list(CONFORMS_TO),
            "links": [
                *self._links(""),
                {"rel": "data", "href": f"{self.url}/collections", "type": _JSON},
                {"rel": "conformance", "href": f"{self.url}/conformance", "type": _JSON},
                {"rel": "search", "href": f"{self.url}/search", "type": _GEOJSON, "method": "GET"},
                {"rel": "search", "href": f"{self.url}/search", "type": _GEOJSON, "method": "POST"},
                *children,
            ],
        }

    def _links(self, path: str) -> list[Content]:
        return [
            {"rel": "self", "href": f"{self.url}/{path}", "type": _JSON},
            {"rel": "root", "href": f"{self.url}/", "type": _JSON},
        ]

    def _collections(self) -> list[Content]:
        return [
            {
                **_read(path),
                "links": [
                    *self._links(f"collections/{path.parent.name}"),
                    {"rel": "parent", "href": f"{self.url}/", "type": _JSON},
                    {"rel": "items", "href": f"{self.url}/collections/{path.parent.name}/items", "type": _GEOJSON},
                ],
            }
            for path in sorted(self.folder.glob(f"*/{COLLECTION}"))
        ]

    def _items(self, collection: str) -> list[Content]:
        place = self.folder / collection / COLLECTION
        if not place.is_file():
            return []
        paths = [(place.parent / link["href"]).resolve() for link in _read(place)["links"] if link.get("rel") == "item"]
        return [self._absolute(_read(path), path) for path in paths]

    def _absolute(self, item: Content, path: Path) -> Content:
        """Return an item with addresses that hold without its place."""
        base = f"{self.url}/{quote(path.relative_to(self.folder.resolve()).as_posix())}"
        collection = f"collections/{item.get('collection')}"
        assets = {
            key: {**asset, "href": urljoin(base, asset["href"])} if isinstance(asset.get("href"), str) else asset
            for key, asset in item["assets"].items()
        }
        links = [
            *self._links(f"{collection}/items/{item['id']}"),
            {"rel": "parent", "href": f"{self.url}/{collection}", "type": _JSON},
            {"rel": "collection", "href": f"{self.url}/{collection}", "type": _JSON},
        ]
        return {**item, "assets": assets, "links": links}

    def _search(self, parameters: Mapping[str, Any], path: str, post: bool) -> Content:
        wanted = _texts(parameters.get("collections")) or tuple(each["id"] for each in self._collections())
        found = [each for name in wanted for each in self._items(name) if _fits(each, parameters)]
        found.sort(key=lambda each: (each["properties"]["datetime"], each["id"]), reverse=True)
        limit = min(_number(parameters.get("limit"), self.page), self.page)
        start = _number(str(parameters.get("token", "next:0")).removeprefix("next:"), 0)
        links = self._links(path)
        if start + limit < len(found):
            links.append(self._next(parameters, path, f"next:{start + limit}", post))
        features = found[start : start + limit]
        return {
            "type": "FeatureCollection",
            "features": features,
            "links": links,
            "numberMatched": len(found),
            "numberReturned": len(features),
        }

    def _next(self, parameters: Mapping[str, Any], path: str, token: str, post: bool) -> Content:
        link: Content = {"rel": "next", "type": _GEOJSON, "href": f"{self.url}/{path}"}
        if post:
            return {**link, "method": "POST", "body": {"token": token}, "merge": True}
        return {**link, "href": f"{self.url}/{path}?{urlencode({**parameters, 'token': token})}", "method": "GET"}


def _read(path: Path) -> Content:
    content: Content = json.loads(path.read_text(encoding="utf-8"))
    return content


def _texts(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(value.split(",")) if isinstance(value, str) else tuple(str(each) for each in value)


def _number(value: Any, otherwise: int) -> int:
    if value is None:
        return otherwise
    try:
        return max(0, int(value))
    except (TypeError, ValueError):
        raise BadSearchError(f"'{value}' is not a number") from None


def _fits(item: Content, parameters: Mapping[str, Any]) -> bool:
    ids = _texts(parameters.get("ids"))
    if ids and item["id"] not in ids:
        return False
    where = _area(parameters)
    if where is not None and not shape(item["geometry"]).intersects(where):
        return False
    first, last = _interval(parameters.get("datetime"))
    return first <= _moment(item["properties"]["datetime"]) <= last


def _area(parameters: Mapping[str, Any]) -> shapely.Geometry | None:
    try:
        if parameters.get("intersects") is not None:
            given = parameters["intersects"]
            return shape(json.loads(given) if isinstance(given, str) else given)
        if parameters.get("bbox") is not None:
            given = parameters["bbox"]
            sides = [float(each) for each in (given.split(",") if isinstance(given, str) else given)]
            west, south, east, north = (*sides[:2], *sides[3:5]) if len(sides) == 6 else sides
            return box(west, south, east, north)
    except (TypeError, ValueError, KeyError, shapely.errors.ShapelyError) as error:
        raise BadSearchError(f"the area cannot be read: {error}") from None
    return None


def _interval(value: Any) -> tuple[datetime, datetime]:
    """Return the first and last moment of an interval such as ``2001-01-01T00:00:00Z/..``."""
    least, greatest = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    if value is None:
        return least, greatest
    start, between, end = str(value).partition("/")
    if not between:
        end = start
    first = least if start in ("", "..") else _moment(start)
    last = greatest if end in ("", "..") else _moment(end)
    return first, last


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise BadSearchError(f"'{text}' is no time") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
