"""Items of static STAC catalogues: JSON files on a server or on this machine that link to each other.

Collections whose extent lies elsewhere, in space or time, are not opened. A file that cannot be read is named and left
out; the walk goes on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin

import numpy as np
import shapely

from trimline.catalogues.item_fields import box_of
from trimline.errors import CatalogueError, DiskError, MetadataError, TrimlineError
from trimline.longitudes import connected, cut
from trimline.remote.address import local_path, scheme_of, shown
from trimline.remote.transport import Transport
from trimline.scenes.metadata_text import MOST_JSON_BYTES, decode, parse_json

MOST_FILES = 50_000
"""Files of a catalogue that are opened before it is given up: the walk would take hours, or never end."""
_AT_ONCE = 4
_ITEMS_AT_ONCE = 64


@dataclass
class Walk:
    """A walk through a static catalogue."""

    transport: Transport
    region: shapely.Geometry
    """In degrees, cut at the 180th meridian."""
    years: tuple[tuple[int, int], ...]
    note: Callable[[str], None]
    """Is told what cannot be read."""
    collections: tuple[str, ...] = ()
    """Collections whose items are wanted; none means all."""
    seen_collections: list[str] = field(default_factory=list)
    """Ids of the collections that the walk came by."""
    _opened: set[str] = field(default_factory=set)

    def items(self, root: str) -> Iterator[Mapping[str, Any]]:
        """Yield the items below a file, with whole addresses.

        Parameters
        ----------
        root
            Address or path of a catalogue, a collection, an item, or a file of items.

        Raises
        ------
        CatalogueError, RemoteError
            The first file cannot be read, or is none of STAC; or there are too many files.
        """
        path = local_path(root)
        start = root if path is None else str(path.absolute())
        yield from self._below(self._read(start), start, None)

    def _below(self, content: Mapping[str, Any], href: str, collection: str | None) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a file and of those that it links to, in order, with a stack and no recursion."""
        left = [(content, href, collection)]
        while left:
            here, base, inside = left.pop()
            kind = here.get("type")
            if kind == "Feature":
                yield from self._wanted(here, base, inside)
                continue
            if kind == "FeatureCollection":
                for each in _list(here.get("features")):
                    yield from self._wanted(each, base, inside)
                continue
            if kind == "Collection" or "extent" in here:
                inside = str(here.get("id", ""))
                self.seen_collections.append(inside)
                if not self._may_hold(here):
                    continue
            links = [(str(link["rel"]), link["href"]) for link in _list(here.get("links")) if _is_link(link)]
            items = [_joined(base, to) for rel, to in links if rel == "item"]
            for first in range(0, len(items), _ITEMS_AT_ONCE):
                for each, at in self._read_all(items[first : first + _ITEMS_AT_ONCE]):
                    yield from self._wanted(each, at, inside)
            children = self._read_all([_joined(base, to) for rel, to in links if rel == "child"])
            left.extend((each, at, inside) for each, at in reversed(children))

    def _wanted(self, item: Any, href: str, collection: str | None) -> Iterator[Mapping[str, Any]]:
        if not isinstance(item, Mapping):
            self.note(f"{shown(href)}: an item is no JSON object")
            return
        own = str(item.get("collection") or collection or "")
        if not self.collections or own in self.collections or collection in self.collections:
            yield whole_item({**item, "collection": own}, href)

    def _read_all(self, hrefs: Sequence[str]) -> list[tuple[Mapping[str, Any], str]]:
        """Return the content of several files, in order; what cannot be read is noted, what was opened left out."""
        new = [href for href in dict.fromkeys(hrefs) if href not in self._opened]
        self._opened.update(new)
        if len(self._opened) > MOST_FILES:
            raise CatalogueError(
                f"the catalogue has more than {MOST_FILES} files in the region",
                remedy="give the file of one of its collections, or a STAC API",
            )
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            found = list(pool.map(self._read_or_problem, new))
        for content, href in zip(found, new, strict=True):
            if isinstance(content, str):
                self.note(f"{shown(href)}: {content}")
        return [(content, href) for content, href in zip(found, new, strict=True) if not isinstance(content, str)]

    def _read_or_problem(self, href: str) -> Mapping[str, Any] | str:
        try:
            return self._read(href)
        except DiskError:
            raise
        except TrimlineError as error:
            return error.what

    def _read(self, href: str) -> Mapping[str, Any]:
        where = shown(href)
        text = decode(self.transport.content(href, MOST_JSON_BYTES))
        try:
            content = parse_json(text, where)
        except MetadataError as error:
            raise CatalogueError(error.what, where=where, remedy="check the address of the catalogue") from None
        if not isinstance(content, Mapping) or not isinstance(content.get("links", []), list):
            raise CatalogueError(
                "the file is none of a STAC catalogue", where=where, remedy="give the file of its root"
            )
        if "links" not in content and content.get("type") not in ("Feature", "FeatureCollection"):
            raise CatalogueError(
                "the file is none of a STAC catalogue", where=where, remedy="give the file of its root"
            )
        return content

    def _may_hold(self, collection: Mapping[str, Any]) -> bool:
        """Whether the extent of a collection meets region and years; one that cannot be read may."""
        extent = collection.get("extent")
        if not isinstance(extent, Mapping):
            return True
        spatial, temporal = extent.get("spatial"), extent.get("temporal")
        boxes = _list(spatial.get("bbox")) if isinstance(spatial, Mapping) else []
        spans = _list(temporal.get("interval")) if isinstance(temporal, Mapping) else []
        in_space = not boxes or any(self._meets(box) for box in boxes)
        return in_space and (not spans or any(self._is_within(span) for span in spans))

    def _meets(self, box: Any) -> bool:
        try:
            shape = box_of(box)
            if shape is None:
                return True
            (whole,) = cut(connected(np.array([shape], dtype=object))[0])
            return bool(shapely.intersects(whole, self.region))
        except (TypeError, ValueError, TrimlineError, shapely.errors.ShapelyError):
            return True

    def _is_within(self, span: Any) -> bool:
        ends = [str(end)[:4] if end else "" for end in _list(span)]
        if len(ends) != 2 or not all(end.isdecimal() or not end for end in ends):
            return True
        first, last = int(ends[0] or 0), int(ends[1] or 9999)
        return any(first <= end and begin <= last for begin, end in self.years)


def whole_item(item: Mapping[str, Any], href: str) -> Mapping[str, Any]:
    """Return an item whose addresses are whole, not relative to where it lies.

    Parameters
    ----------
    href
        Address or absolute path of the item.
    """
    assets = item.get("assets")
    whole: dict[str, Any] = {**item, "links": [_whole(link, href) for link in _list(item.get("links"))]}
    if isinstance(assets, Mapping):
        whole["assets"] = {key: _whole_asset(asset, href) for key, asset in assets.items()}
    return whole


def _whole_asset(asset: Any, base: str) -> Any:
    found = _whole(asset, base)
    others = found.get("alternate") if isinstance(found, Mapping) else None
    if isinstance(others, Mapping):
        return {**found, "alternate": {key: _whole(other, base) for key, other in others.items()}}
    return found


def _whole(thing: Any, base: str) -> Any:
    if not isinstance(thing, Mapping) or not isinstance(thing.get("href"), str):
        return thing
    return {**thing, "href": _joined(base, thing["href"])}


def _joined(base: str, href: str) -> str:
    """Return an address relative to another one; a server's files stay the server's."""
    if scheme_of(base) != "file":
        try:
            return urldefrag(urljoin(base, href)).url
        except ValueError:
            return href
    if scheme_of(href) != "file" or "://" in href:
        path = local_path(href)
        return href if path is None else str(path)
    return os.path.normpath(Path(base).parent / href)


def _is_link(link: Any) -> bool:
    return isinstance(link, Mapping) and isinstance(link.get("href"), str) and "rel" in link


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
