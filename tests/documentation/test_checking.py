"""The check of the site finds each fault, and counts what is right."""

from __future__ import annotations

from pathlib import Path

import pytest
from documentation.checking import check_site
from documentation.navigation import expanded

GOOD = """<!doctype html><title>t</title><link rel="stylesheet" href="style.css">
<link rel="canonical" href="https://x.example/">
<h1 id="top">T</h1><a href="#top">a</a><a href="sub/other.html#part">b</a><a href="https://x.example/">c</a>
<img src="p.png">"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """Return a small site without faults."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "index.html").write_text(GOOD)
    (tmp_path / "sub" / "other.html").write_text('<h2 id="part">x</h2><a href="../index.html">up</a>')
    (tmp_path / "style.css").write_text("a { background: url(data:image/png;base64,AA) }")
    (tmp_path / "p.png").write_bytes(b"")
    return tmp_path


def test_a_good_site_has_no_fault(site: Path) -> None:
    check = check_site(site, ["/home/somebody/"])
    assert check.faults == []
    assert (check.pages, check.links, check.elsewhere) == (2, 5, ["https://x.example/"])


@pytest.mark.parametrize(
    ("added", "said"),
    [
        ('<a href="gone.html">x</a>', "gone.html is not there"),
        ('<a href="sub/other.html#gone">x</a>', "#gone has no such anchor"),
        ('<a href="#gone">x</a>', "#gone has no such anchor"),
        ('<a href="sub/">x</a>', "sub/ is not there"),
        ('<a href="/index.html">x</a>', "does not work from a disk"),
        ('<img src="gone.png">', "gone.png is not there"),
        ('<script src="https://cdn.example/x.js"></script>', "fetches https://cdn.example/x.js"),
        ('<img src="//cdn.example/x.png">', "fetches //cdn.example/x.png"),
        ('<link rel="stylesheet" href="https://fonts.example/f.css">', "fetches https://fonts.example/f.css"),
        ('<p style="background: url(https://cdn.example/x.png)">', "fetches https://cdn.example/x.png"),
        ('<pre class="mermaid">x</pre>', "Mermaid"),
        ("<p>/home/somebody/x.tif</p>", "holds /home/somebody/"),
    ],
)
def test_each_fault_is_found(added: str, said: str, site: Path) -> None:
    (site / "index.html").write_text(GOOD + added)
    (fault,) = check_site(site, ["/home/somebody/"]).faults
    assert said in fault
    assert fault.startswith("index.html: ")


def test_a_style_and_a_notebook_are_looked_at_too(site: Path) -> None:
    (site / "style.css").write_text('@import "https://fonts.example/f.css";')
    (site / "x.ipynb").write_text('{"text": "/home/somebody/x"}')
    assert len(check_site(site, ["/home/somebody/"]).faults) == 2


def test_a_folder_in_the_navigation_stands_for_its_other_pages() -> None:
    nav = [{"Home": "index.md"}, {"Science": ["science/b.md", "science/*"]}, {"None": ["none/*"]}]
    pages = ["index.md", "science/a.md", "science/b.md", "science/index.md", "science/more-of-it/c.md"]
    assert expanded(nav, pages) == [
        {"Home": "index.md"},
        {"Science": ["science/b.md", "science/index.md", "science/a.md", {"More of it": ["science/more-of-it/c.md"]}]},
    ]
