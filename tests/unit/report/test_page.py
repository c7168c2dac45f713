"""The report is one file that needs no other and says what it was given."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from trimline.report.page import Picture, Section, write_page


def one_pixel_png(path: Path) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )
    return path


def test_a_page_carries_its_pictures_and_refers_to_nothing_outside(tmp_path: Path) -> None:
    section = Section("Maps", ["One sentence."], [("Areas", (["date"], [["1988"]]))], [
        Picture(one_pixel_png(tmp_path / "a.png"), "A caption")
    ])  # fmt: skip
    write_page(
        tmp_path / "r" / "index.html",
        title="T",
        summary="S",
        sections=[section],
        provenance={"trimline": "1"},
    )
    page = (tmp_path / "r" / "index.html").read_text()
    assert "data:image/png;base64,iVBOR" in page
    assert "<td>1988</td>" in page
    assert "http" not in page
    assert 'src="/' not in page


def test_the_page_links_the_tables_with_all_digits(tmp_path: Path) -> None:
    given = {"title": "T", "summary": "S", "sections": [], "provenance": {}}
    write_page(tmp_path / "index.html", **given, files=["../change/totals.csv"])
    assert '<a href="../change/totals.csv">change/totals.csv</a>' in (tmp_path / "index.html").read_text()
    write_page(tmp_path / "index.html", **given)
    assert "with all digits" not in (tmp_path / "index.html").read_text()


def test_text_from_the_user_is_escaped(tmp_path: Path) -> None:
    write_page(
        tmp_path / "index.html",
        title="<script>alert(1)</script>",
        summary="a & b",
        sections=[],
        provenance={},
    )
    page = (tmp_path / "index.html").read_text()
    assert "<script>" not in page
    assert "a &amp; b" in page
