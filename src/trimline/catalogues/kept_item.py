"""What is kept of a STAC item in memory and files: nothing in which a login, a signature or a token could stand.

What is secret cannot be told from its name alone. So an address keeps no user, and no query but one whose parameters
all say which file is meant; links are kept only where they say what the item is; headers, bodies and whatever is
called a secret are left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from trimline.errors import CatalogueError
from trimline.remote.address import shown

_BEGINS = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_IN_TEXT = re.compile(r"(?P<scheme>(?:[a-z][a-z0-9+.-]*:)?//)(?P<rest>[^\s\"'<>]+)", re.IGNORECASE)
_QUERY = re.compile(r"[?#][^\s?#]*=\S*")
_OF_FILE = frozenset(
    {"asset", "band", "collection", "download", "f", "file", "filename", "format"}
    | {"id", "item", "name", "path", "product", "version", "versionid"}
)
"""Parameters that say which file is meant."""
_SECRET = re.compile(
    r"passw|secret|token|credential|authorization|api[_-]?key|cookie|signature|^(?:headers|body)$", re.I
)
"""Names of what is left out."""
_KEPT_LINKS = ("self", "root", "parent", "collection")
_MOST_LEVELS = 64


def without_secrets(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a STAC item without what could be secret; assets keep the addresses that they are fetched from.

    Raises
    ------
    CatalogueError
        It is nested more deeply than any item.
    """
    kept: dict[str, Any] = _cleaned({key: value for key, value in item.items() if key not in ("assets", "links")}, 0)
    links, assets = item.get("links"), item.get("assets")
    kept["links"] = [
        {key: _bare(each[key]) for key in ("rel", "href", "type", "title") if isinstance(each.get(key), str)}
        for each in (links if isinstance(links, list | tuple) else ())
        if isinstance(each, Mapping) and each.get("rel") in _KEPT_LINKS
    ]
    if isinstance(assets, Mapping):
        kept["assets"] = {_text(str(key)): _asset(asset) for key, asset in assets.items()}
    return kept


def unsigned_href(href: str) -> str:
    """Return an address without user, password and fragment, and without a query that says more than which file."""
    if _BEGINS.match(href) is None:
        return _text(href)
    try:
        parts = urlsplit(href)
        names = [name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    except ValueError:
        return shown(href)
    query = parts.query if names and _OF_FILE.issuperset(names) else ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))


def _asset(asset: Any) -> Any:
    """Return an asset, or an alternate of one, whose address is kept as `unsigned_href` returns it."""
    if not isinstance(asset, Mapping):
        return _cleaned(asset, 1)
    kept = _cleaned({key: value for key, value in asset.items() if key not in ("href", "alternate")}, 1)
    if "href" in asset:
        kept["href"] = unsigned_href(asset["href"]) if isinstance(asset["href"], str) else _cleaned(asset["href"], 1)
    others = asset.get("alternate")
    if isinstance(others, Mapping):
        kept["alternate"] = {
            _text(str(key)): _asset({name: value for name, value in other.items() if name != "alternate"})
            for key, other in others.items()
            if isinstance(other, Mapping)
        }
    return kept


def _cleaned(value: Any, levels: int) -> Any:
    """Return JSON without what is called a secret, and texts without what is secret in addresses."""
    if levels > _MOST_LEVELS:
        raise CatalogueError("the item is nested too deeply")
    if isinstance(value, Mapping):
        return {
            _text(str(key)): _bare(each) if key == "href" and isinstance(each, str) else _cleaned(each, levels + 1)
            for key, each in value.items()
            if _SECRET.search(str(key)) is None
        }
    if isinstance(value, list | tuple):
        return [_cleaned(each, levels + 1) for each in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> str:
    """Return a text whose addresses have no user and no query."""
    return _QUERY.sub("", _IN_TEXT.sub(_address, text)) if "//" in text or "=" in text else text


def _address(match: re.Match[str]) -> str:
    host, slash, path = re.split(r"[?#]", match["rest"], maxsplit=1)[0].partition("/")
    return f"{match['scheme']}{host.rpartition('@')[2]}{slash}{path}"


def _bare(href: str) -> str:
    """Return an address or path without user, query and fragment."""
    return re.split(r"[?#]", _text(href), maxsplit=1)[0]
