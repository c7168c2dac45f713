"""Rasters are read by range requests, by key alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from tests.unit.review.desks import MemoryDesk

from trimline.review.server.application import create_app
from trimline.review.server.rasters_route import BEYOND, part

CONTENT = bytes(range(256)) * 10_000
"""2.56 MB: more than is read at once."""


@pytest.fixture
def rasters(tmp_path: Path) -> dict[str, Path]:
    path = tmp_path / "scene.tif"
    path.write_bytes(CONTENT)
    return {"abc": path}


@pytest.fixture
def client(rasters: dict[str, Path]) -> Iterator[TestClient]:
    with TestClient(create_app(MemoryDesk(), rasters=rasters), base_url="http://127.0.0.1") as made:
        yield made


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-99", CONTENT[:100]),
        ("bytes=100-", CONTENT[100:]),
        ("bytes=-50", CONTENT[-50:]),
        ("bytes=2559990-99999999", CONTENT[2_559_990:]),
        ("bytes=-99999999", CONTENT),
        ("bytes=0-1999999", CONTENT[:2_000_000]),
    ],
)
def test_parts_are_sent_as_parts(client: TestClient, asked: str, expected: bytes) -> None:
    answer = client.get("/api/rasters/abc", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == expected
    assert "content-encoding" not in answer.headers
    start = CONTENT.index(expected) if asked[6] != "-" else len(CONTENT) - len(expected)
    first, rest = answer.headers["Content-Range"].removeprefix("bytes ").split("-")
    assert rest == f"{int(first) + len(expected) - 1}/{len(CONTENT)}"
    assert int(first) % 256 == start % 256


@pytest.mark.parametrize(
    "asked", [None, "bytes=5-2", "bytes=-", "bytes=a-b", "lines=1-2", "bytes=0-1,5-9", "", "bytes=²-"]
)
def test_what_is_no_single_part_is_the_whole_file(client: TestClient, asked: str | None) -> None:
    answer = client.get("/api/rasters/abc", headers={} if asked is None else {"Range": asked.encode()})
    assert answer.status_code == 200
    assert answer.content == CONTENT
    assert answer.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.parametrize("asked", ["bytes=2560000-", "bytes=99999999-999999999", "bytes=-0"])
def test_parts_beyond_the_end_are_refused(client: TestClient, asked: str) -> None:
    answer = client.get("/api/rasters/abc", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(CONTENT)}"
    assert "ends at byte 2560000" in answer.json()["what"]


def test_the_head_alone_says_how_long_it_is(client: TestClient) -> None:
    answer = client.head("/api/rasters/abc")
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["Content-Length"] == str(len(CONTENT))
    assert answer.headers["Accept-Ranges"] == "bytes"


def test_a_file_that_changed_is_not_joined_with_its_old_parts(client: TestClient, rasters: dict[str, Path]) -> None:
    tag = client.get("/api/rasters/abc", headers={"Range": "bytes=0-9"}).headers["ETag"]
    part_of = {"Range": "bytes=0-9", "If-Range": tag}
    assert client.get("/api/rasters/abc", headers=part_of).status_code == 206
    assert client.get("/api/rasters/abc", headers={"If-None-Match": tag}).status_code == 304
    rasters["abc"].write_bytes(CONTENT[::-1][:5000])
    answer = client.get("/api/rasters/abc", headers=part_of)
    assert answer.status_code == 200
    assert len(answer.content) == 5000


def test_files_that_are_gone_or_appear_later_are_told(client: TestClient, rasters: dict[str, Path]) -> None:
    assert client.get("/api/rasters/new").status_code == 404
    rasters["new"] = rasters["abc"]
    assert client.get("/api/rasters/new", headers={"Range": "bytes=0-0"}).content == CONTENT[:1]
    rasters["abc"].unlink()
    gone = client.get("/api/rasters/abc")
    assert gone.status_code == 404
    assert gone.json()["where"] == "scene.tif"
    rasters["folder"] = rasters["abc"].parent
    assert client.get("/api/rasters/folder").status_code == 404


def test_an_empty_file_has_no_part(client: TestClient, rasters: dict[str, Path]) -> None:
    rasters["abc"].write_bytes(b"")
    assert client.get("/api/rasters/abc").status_code == 200
    assert client.get("/api/rasters/abc", headers={"Range": "bytes=0-"}).status_code == 416


@given(asked=st.text(max_size=20) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), size=st.integers(0, 10**12))
def test_every_part_lies_in_its_file(asked: str, size: int) -> None:
    found = part(asked, size)
    assert found is None or found == BEYOND or 0 <= found[0] < found[1] <= size
