"""Whole files are saved whole, resumed, and checked, or not at all."""

from __future__ import annotations

import errno
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.unit.remote.conftest import FileServer, Handler, cog, numbers, times

from trimline.errors import DiskError, RemoteError
from trimline.remote import Transport, saving

CONTENT = bytes(range(256)) * 4000
SHA256 = "1220" + hashlib.sha256(CONTENT).hexdigest()
MD5 = "d50110" + hashlib.md5(CONTENT).hexdigest()  # noqa: S324 - archives publish it


@pytest.fixture
def address(server: FileServer) -> str:
    server.files["a.bin"] = CONTENT
    return f"{server.url}/a.bin"


@pytest.fixture
def transport() -> Transport:
    return Transport(first_wait_s=0.01, retries=3, timeout_s=1)


def cut_after(length: int) -> Callable[[Handler], bool]:
    """Send so many bytes of what was requested, and close."""

    def cut(handler: Handler) -> bool:
        start = int((handler.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        part = f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}"
        headers = {"ETag": '"1"', **({"Content-Range": part} if start else {})}
        return handler.answer(
            206 if start else 200, CONTENT[start : start + length], headers, length=len(CONTENT) - start
        )

    return cut


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@pytest.mark.parametrize("checksum", [None, SHA256, MD5, SHA256.upper()])
def test_a_file_is_saved_whole(checksum: str | None, address: str, transport: Transport, tmp_path: Path) -> None:
    seen: list[int] = []
    path = tmp_path / "new" / "a.bin"
    transport.save(address, path, size=len(CONTENT), checksum=checksum, seen=seen.append)
    assert path.read_bytes() == CONTENT
    assert files(path.parent) == {"a.bin"}
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)


def test_what_was_cut_is_gone_on_with(server: FileServer, address: str, transport: Transport, tmp_path: Path) -> None:
    server.fault = times(2, cut_after(300_000))
    transport.save(address, tmp_path / "a.bin", checksum=SHA256)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT
    assert server.ranges() == [None, "bytes=300000-", "bytes=600000-"]
    assert transport.counts.bytes == len(CONTENT)


def test_the_next_run_goes_on_too(server: FileServer, address: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    server.fault = cut_after(300_000)
    with pytest.raises(RemoteError, match="cut short"):
        Transport(retries=0).save(address, path)
    assert files(tmp_path) == {"a.bin.part", "a.bin.part.json"}
    server.fault = None
    again = Transport()
    again.save(address, path)
    assert path.read_bytes() == CONTENT
    assert again.counts.bytes == len(CONTENT) - 300_000
    assert files(tmp_path) == {"a.bin"}


def test_another_version_begins_anew(server: FileServer, address: str, tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    server.fault = cut_after(300_000)
    with pytest.raises(RemoteError):
        Transport(retries=0).save(address, path)
    server.fault = None
    server.files["a.bin"], server.tags["a.bin"] = CONTENT[::-1], '"2"'
    Transport().save(address, path)
    assert path.read_bytes() == CONTENT[::-1]


@pytest.mark.parametrize("note", ["", "[]", '{"size": 5}', '{"size": "x", "tag": "a\\nb", "modified": null}'])
def test_a_part_whose_version_is_unknown_is_not_trusted(
    note: str, address: str, transport: Transport, tmp_path: Path
) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"something else")
    (tmp_path / "a.bin.part.json").write_text(note)
    transport.save(address, tmp_path / "a.bin")
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("there", [len(CONTENT), len(CONTENT) + 7])
def test_a_part_that_has_all_or_more(there: int, address: str, transport: Transport, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes((CONTENT + CONTENT)[:there])
    (tmp_path / "a.bin.part.json").write_text(json.dumps({"size": len(CONTENT), "tag": '"1"', "modified": None}))
    transport.save(address, tmp_path / "a.bin", checksum=SHA256)
    assert (tmp_path / "a.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"size": 17}, "1024000 bytes, and its catalogue or server says 17"),
        ({"checksum": "1220" + "0" * 64}, "another SHA256 checksum"),
        ({"checksum": "d50110" + "0" * 32}, "another MD5 checksum"),
        ({"checksum": "1220" + "0" * 62}, "no multihash"),
        ({"checksum": "sha256:abc"}, "no multihash"),
    ],
)
def test_what_is_not_the_file_gets_no_name(
    given: dict[str, object], words: str, address: str, transport: Transport, tmp_path: Path
) -> None:
    with pytest.raises(RemoteError, match=words):
        transport.save(address, tmp_path / "a.bin", **given)
    assert files(tmp_path) == set()


def test_an_answer_without_end_is_left(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    def endless(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        for _ in range(10_000):
            handler.wfile.write(bytes(100_000))
        return True

    server.fault = endless
    with pytest.raises(RemoteError, match="its catalogue or server says 1000"):
        transport.save(f"{server.url}/a.bin", tmp_path / "a.bin", size=1000)
    assert transport.counts.bytes < 10_000_000
    assert files(tmp_path) == set()


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_an_answer_without_end_is_left_though_nobody_has_said_its_size(
    encoding: str | None, server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    bomb = gzip.compress(bytes(200 << 20), 1)

    def endless(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        if encoding is not None:
            handler.send_header("Content-Encoding", encoding)
        handler.end_headers()
        for _ in range(2_000):
            handler.wfile.write(bomb if encoding else bytes(100_000))
        return True

    server.fault = endless
    largest: list[int] = []
    with pytest.raises(RemoteError, match="larger than 1 MB"):
        transport.save(f"{server.url}/a_MTL.txt", tmp_path / "a_MTL.txt", most_bytes=1 << 20, seen=largest.append)
    assert max(largest) < 100 << 20
    assert transport.counts.retries == 0
    assert files(tmp_path) == set()


def test_a_size_that_no_file_has_is_refused_before_anything_is_requested(
    server: FileServer, address: str, transport: Transport, tmp_path: Path
) -> None:
    with pytest.raises(RemoteError, match="larger than 8192 MB, which no such file is"):
        transport.save(address, tmp_path / "a.bin", size=10**15)
    assert server.seen == []
    (tmp_path / "b.bin").write_bytes(CONTENT)
    with pytest.raises(RemoteError, match="larger than 0 MB"):
        transport.save(str(tmp_path / "b.bin"), tmp_path / "c.bin", most_bytes=1000)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x_B4.TIF", b"<VRTDataset/>", "an XML text"),
        ("x_B4.jp2", b"ncols 4", "neither GeoTIFF nor JPEG 2000"),
        ("x_MTL.txt", b"<!DOCTYPE html><html>log in", "a web page"),
        ("x_MTL.txt", b'{"error": 1}', "a JSON text"),
        ("metadata.xml", b"<html>log in", "a web page"),
        ("tileInfo.json", b"<Error/>", "an XML text"),
    ],
)
def test_what_is_sent_is_told_by_the_name_here_and_not_by_the_address(
    name: str, content: bytes, words: str, server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    server.files["Nodes(x)/$value"] = content
    with pytest.raises(RemoteError, match=f"sends {words} instead of the file"):
        transport.save(f"{server.url}/Nodes(x)/$value", tmp_path / name)
    assert files(tmp_path) == set()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x_MTL.txt", b"GROUP = A"),
        ("x_MTL.json", b'{"a": 1}'),
        ("x.xml", b"<?xml version='1.0'?><a/>"),
        ("x.gml", b"<a/>"),
    ],
)
def test_metadata_of_their_own_kind_are_saved(
    name: str, content: bytes, server: FileServer, transport: Transport, tmp_path: Path
) -> None:
    server.files["$value"] = content
    transport.save(f"{server.url}/$value", tmp_path / name)
    assert (tmp_path / name).read_bytes() == content


def test_a_raster_that_is_not_whole_in_the_archive(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    content = cog(tmp_path, numbers(side=512))
    folder = tmp_path / "out"
    server.files["a.tif"] = content[: len(content) - 1000]
    with pytest.raises(RemoteError, match=r"not whole in the archive \(a block lies outside the file\)"):
        transport.save(f"{server.url}/a.tif", folder / "a.tif")
    assert files(folder) == set()
    server.files["a.tif"] = content
    transport.save(f"{server.url}/a.tif", folder / "a.tif")
    assert (folder / "a.tif").read_bytes() == content


def test_a_web_page_gets_no_name(server: FileServer, transport: Transport, tmp_path: Path) -> None:
    server.files["a.tif"] = b"<html>log in</html>"
    with pytest.raises(RemoteError, match="a web page instead of the file"):
        transport.save(f"{server.url}/a.tif", tmp_path / "a.tif")
    assert files(tmp_path) == set()


def test_a_full_disk_is_said_and_nothing_taken_for_whole(
    address: str, transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(saving.os, "fsync", full)
    with pytest.raises(DiskError, match="disk is full"):
        transport.save(address, tmp_path / "a.bin")
    assert not (tmp_path / "a.bin").exists()


def test_files_of_this_machine_are_copied_and_checked(transport: Transport, tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(CONTENT)
    transport.save(source.as_uri(), tmp_path / "b.bin", checksum=SHA256)
    assert (tmp_path / "b.bin").read_bytes() == CONTENT
    with pytest.raises(RemoteError, match="checksum"):
        transport.save(str(source), tmp_path / "c.bin", checksum="1220" + "0" * 64)
    with pytest.raises(RemoteError, match="absent"):
        transport.save(str(tmp_path / "absent"), tmp_path / "c.bin")
    assert files(tmp_path) == {"source.bin", "b.bin"}


def test_one_request_in_three_fails_and_every_file_is_whole(server: FileServer, tmp_path: Path) -> None:
    random = np.random.default_rng(3)

    def fault(handler: Handler) -> bool:
        kind = random.integers(0, 9)
        if kind == 0:
            return handler.answer(503)
        if kind == 1:
            return cut_after(250_000)(handler)
        return kind == 2 and handler.answer(200, b"<html>", {"Content-Type": "text/html"})

    for number in range(12):
        server.files[f"{number}.tif"] = CONTENT
    server.fault = fault
    transport = Transport(first_wait_s=0.005, retries=12)
    for number in range(12):
        transport.save(f"{server.url}/{number}.bin?n={number}".replace(".bin", ".tif"), tmp_path / f"{number}.bin")
        assert (tmp_path / f"{number}.bin").read_bytes() == CONTENT
    assert transport.counts.bytes < 1.3 * 12 * len(CONTENT)
