"""Parts of a file in memory are those of the file, and none is fetched twice."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trimline.errors import RemoteError
from trimline.remote import Transport
from trimline.remote.range_cache import CachedFile, RangeCache

CONTENT = bytes(index * 7 % 251 for index in range(200_000))
READS = st.lists(
    st.tuples(st.integers(0, 210_000), st.integers(0, 60_000), st.sampled_from(["read", "fetch", "shrink"])),
    max_size=25,
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cache") / "a.bin"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture(scope="module")
def transport() -> Transport:
    return Transport()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(READS)
def test_whatever_is_read_is_that_of_the_file(
    path: Path, transport: Transport, reads: list[tuple[int, int, str]]
) -> None:
    cache = RangeCache(str(path), transport)
    for start, length, what in reads:
        if what == "read":
            assert cache.read(start, length) == CONTENT[start : start + length]
        elif what == "fetch":
            cache.fetch([(start, start + length)])
        else:
            cache.shrink(length)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(READS)
def test_nothing_is_fetched_twice(path: Path, reads: list[tuple[int, int, str]]) -> None:
    class Counted(Transport):
        fetched: list[tuple[int, int]]

        def _fetch(self, href: str, start: int, stop: int, may_end: bool) -> object:
            self.fetched.append((start, stop))
            return super()._fetch(href, start, stop, may_end)

    transport = Counted()
    transport.fetched = []
    cache = RangeCache(str(path), transport)
    for start, length, _ in reads:
        assert cache.read(start, length) == CONTENT[start : start + length]
    transport.close()
    found = sorted(transport.fetched)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(found))


def test_the_file_that_gdal_sees_has_places(path: Path, transport: Transport) -> None:
    file = CachedFile(RangeCache(str(path), transport))
    assert file.seek(0, 2) == len(CONTENT)
    assert file.read(10) == b""
    assert file.seek(-5, 2) == len(CONTENT) - 5
    assert file.read() == CONTENT[-5:]
    file.seek(100)
    file.seek(20, 1)
    assert (file.read(3), file.tell()) == (CONTENT[120:123], 123)


def test_what_gdal_cannot_be_told_is_kept(tmp_path: Path, transport: Transport) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(CONTENT)
    cache = RangeCache(str(path), transport)
    cache.read(0, 10)
    path.unlink()
    file = CachedFile(cache)
    file.seek(150_000)
    assert file.read(10) == b""
    assert isinstance(cache.problem, RemoteError)
