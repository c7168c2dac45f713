"""Check of the built site: links lead somewhere, nothing is fetched from elsewhere, no path of a machine shows.

Links are followed as a reader of the files on a disk would: relative to the page, without a server.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHED = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
    "input": ("src",),
    "source": ("src", "srcset"),
    "audio": ("src",),
    "video": ("src", "poster"),
}
_FOLLOWED = {"a": ("href",), "area": ("href",), "form": ("action",)}
_NOT_FETCHED = {"canonical", "prev", "next", "alternate", "edit"}
_STYLE_ADDRESS = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")


@dataclass
class SiteCheck:
    """What was found in a site."""

    faults: list[str] = field(default_factory=list)
    pages: int = 0
    links: int = 0
    """Internal addresses that were followed, with their anchors."""
    elsewhere: list[str] = field(default_factory=list)
    """Addresses of other hosts that a reader may follow; none of them is fetched by a page."""


class _Page(HTMLParser):
    """Names and addresses in a page."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.fetched: list[str] = []
        self.followed: list[str] = []
        self.diagrams = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.names |= {given[name] for name in ("id", "name") if name in given}
        self.diagrams += "mermaid" in given.get("class", "").split()
        if tag == "link" and not _NOT_FETCHED.isdisjoint(given.get("rel", "").split()):
            self.followed.append(given.get("href", ""))
            return
        self.followed += [given[name] for name in _FOLLOWED.get(tag, ()) if name in given]
        for name in _FETCHED.get(tag, ()):
            if name in given:
                candidates = given[name].split(",") if name == "srcset" else [given[name]]
                self.fetched += [candidate.split()[0] for candidate in candidates if candidate.strip()]
        self.fetched += _addresses_of_style(given.get("style", ""))


def check_site(site: Path, forbidden: Sequence[str] = ()) -> SiteCheck:
    """Check a built site.

    Parameters
    ----------
    site : Path
        Folder of the built pages.
    forbidden : sequence of str
        Texts that no page, notebook or search index may hold, such as the paths of this machine.

    Returns
    -------
    SiteCheck
        Its faults, a line each, and counts.
    """
    check = SiteCheck()
    pages = {path: _read(path) for path in sorted(site.rglob("*.html"))}
    check.pages = len(pages)
    elsewhere: set[str] = set()
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        if page.diagrams:
            check.faults.append(f"{where}: a Mermaid diagram would fetch its program from another host")
        for address in page.fetched:
            if _is_elsewhere(address):
                check.faults.append(f"{where}: fetches {address}")
        for address in page.followed:
            if _is_elsewhere(address):
                elsewhere.add(address)
        for address in [*page.fetched, *page.followed]:
            if not _is_elsewhere(address) and not address.startswith(("data:", "mailto:", "javascript:")):
                check.links += 1
                check.faults += _followed(address, path, site, pages)
    for path in sorted(site.rglob("*.css")):
        for address in _addresses_of_style(path.read_text("utf-8")):
            if _is_elsewhere(address):
                check.faults.append(f"{path.relative_to(site).as_posix()}: fetches {address}")
    for path in sorted(path for path in site.rglob("*") if path.suffix in (".html", ".ipynb", ".json", ".svg", ".xml")):
        text = path.read_text("utf-8")
        for words in forbidden:
            if words in text:
                near = text[max(0, text.index(words) - 60) : text.index(words) + 80].replace("\n", " ")
                check.faults.append(f"{path.relative_to(site).as_posix()}: holds {words}: ...{near}...")
    check.elsewhere = sorted(elsewhere)
    return check


def _followed(address: str, path: Path, site: Path, pages: dict[Path, _Page]) -> Iterator[str]:
    """Yield what is wrong with an internal address."""
    where = path.relative_to(site).as_posix()
    parts = urlsplit(address)
    named = unquote(parts.path)
    if named.startswith("/") and path.name != "404.html":  # a server shows that page at any depth
        yield f"{where}: {address} does not work from a disk"
        return
    target = site / named.lstrip("/") if named.startswith("/") else path.parent / named if named else path
    target = Path(*target.parts).resolve()
    target = target / "index.html" if target.is_dir() and path.name == "404.html" else target
    if not target.is_file() or site.resolve() not in target.parents:
        yield f"{where}: {address} is not there"
    elif parts.fragment and target.suffix == ".html":
        names = pages[target].names if target in pages else _read(target).names
        if unquote(parts.fragment) not in names and parts.fragment != "__tabbed":
            yield f"{where}: {address} has no such anchor"


def _read(path: Path) -> _Page:
    page = _Page()
    page.feed(path.read_text("utf-8"))
    return page


def _addresses_of_style(text: str) -> list[str]:
    return [one or other for one, other in _STYLE_ADDRESS.findall(text)]


def _is_elsewhere(address: str) -> bool:
    return address.startswith("//") or urlsplit(address).scheme in ("http", "https", "ftp", "ws", "wss")
