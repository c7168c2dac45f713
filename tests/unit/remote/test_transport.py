"""A transport takes exactly the bytes that were asked for, asks politely, and tells no secret."""

from __future__ import annotations

import itertools
import logging
import pickle
import socket
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import requests
from tests.unit.remote.conftest import FileServer, Handler, times

from trimline.errors import RemoteError
from trimline.remote import Signed, Transport, Wanted
from trimline.remote.hosts import retry_after

CONTENT = bytes(range(256)) * 4000
SECRET = "s3cr3t-t0ken"  # noqa: S105 - what is looked for in all output


@pytest.fixture
def address(server: FileServer) -> str:
    server.files["a.bin"] = CONTENT
    return f"{server.url}/a.bin"


@pytest.fixture
def transport() -> Transport:
    return Transport(first_wait_s=0.01, retries=3, timeout_s=1)


def test_ranges_are_those_of_the_file_in_their_order(address: str, transport: Transport) -> None:
    ranges = [(900_000, 900_010), (0, 5), (3, 8), (7, 7), (1_023_999, 1_024_000)]
    assert transport.read(address, ranges) == [CONTENT[start:stop] for start, stop in ranges]
    assert transport.size(address) == len(CONTENT)


def test_near_ranges_are_one_request(server: FileServer, address: str, transport: Transport) -> None:
    transport.read(address, [(start, start + 10_000) for start in range(0, 110_000, 11_000)])
    assert len(server.seen) == 1
    assert transport.counts.requests == 1
    assert transport.counts.bytes == 109_000


def test_far_ranges_are_not_read_over(server: FileServer, address: str, transport: Transport) -> None:
    transport.read(address, [(0, 100), (30_000, 30_100), (60_000, 60_100)])
    assert transport.counts.bytes == 300
    assert len(server.seen) == 3


def test_a_connection_is_used_again(server: FileServer, address: str) -> None:
    transport = Transport(at_once=1)
    for start in range(20):
        transport.read(address, [(start, start + 3000)])
    assert len({each.connection for each in server.seen}) == 1


def test_so_many_at_the_same_time_over_all_threads(server: FileServer, address: str) -> None:
    server.latency_s = 0.02
    transport = Transport(at_once=3)
    with ThreadPoolExecutor(8) as pool:
        wanted = [[(start, start + 1), (start + 500_000, start + 500_001)] for start in range(12)]
        list(pool.map(lambda ranges: transport.read(address, ranges), wanted))
    assert server.most_under_way == 3


def test_a_range_beyond_the_end_is_an_error_unless_it_may_be(address: str, transport: Transport) -> None:
    for ranges in ([(1_023_990, 1_024_010)], [(2_000_000, 2_000_001)]):
        with pytest.raises(RemoteError, match="ends early"):
            transport.read(address, ranges)
    (got,) = transport.read_many([Wanted(address, [(1_023_990, 1_024_010)])], may_end=True)
    assert got.parts == (CONTENT[-10:],)
    assert got.version.size == len(CONTENT)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int, server: FileServer, address: str, transport: Transport) -> None:
    server.fault = times(2, lambda handler: handler.answer(status))
    assert transport.read(address, [(5, 9)]) == [CONTENT[5:9]]
    assert transport.counts.retries == 2


def test_a_server_that_fails_for_ever_is_named(server: FileServer, address: str, transport: Transport) -> None:
    server.fault = lambda handler: handler.answer(500)
    with pytest.raises(RemoteError, match=r"127.0.0.1:\d+ fails 4 times \(it answers 500\)"):
        transport.read(address, [(5, 9)])
    assert len(server.seen) == 4


def test_a_missing_file_is_not_tried_again(server: FileServer, transport: Transport) -> None:
    with pytest.raises(RemoteError, match="no such file on the server"):
        transport.read(f"{server.url}/absent.tif", [(0, 1)])
    assert len(server.seen) == 1


def test_nobody_there(transport: Transport) -> None:
    with pytest.raises(RemoteError, match="cannot be reached"):
        transport.read("http://127.0.0.1:9/a.tif", [(0, 1)])


FAULTS: dict[str, Callable[[Handler], bool]] = {
    "cut": lambda handler: handler.answer(206, b"ab", {"Content-Range": "bytes 5-8/1024000"}, length=4),
    "another range": lambda handler: handler.answer(206, b"abcd", {"Content-Range": "bytes 0-3/1024000"}),
    "a shorter range": lambda handler: handler.answer(206, b"abc", {"Content-Range": "bytes 5-7/1024000"}),
    "no range said": lambda handler: handler.answer(206, b"abcd"),
    "more than said": lambda handler: handler.answer(206, b"abcdef", {"Content-Range": "bytes 5-8/1024000"}),
    "closed": lambda handler: bool(handler.connection.shutdown(socket.SHUT_RDWR)) or True,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_wrong_bytes_are_never_taken(fault: str, server: FileServer, address: str, transport: Transport) -> None:
    server.fault = times(2, FAULTS[fault])
    assert transport.read(address, [(5, 9)]) == [CONTENT[5:9]]
    assert transport.counts.retries == 2


def test_a_server_that_stalls_is_left(server: FileServer, address: str) -> None:
    def stall(handler: Handler) -> bool:
        handler.send_response(206)
        handler.send_header("Content-Range", "bytes 5-8/1024000")
        handler.send_header("Content-Length", "4")
        handler.end_headers()
        handler.wfile.write(b"a")
        time.sleep(1)
        return True

    server.fault = times(1, stall)
    started = time.monotonic()
    assert Transport(timeout_s=0.2, first_wait_s=0.01).read(address, [(5, 9)]) == [CONTENT[5:9]]
    assert time.monotonic() - started < 0.9


def test_a_server_that_drips_is_left(server: FileServer, address: str) -> None:
    def drip(handler: Handler) -> bool:
        handler.send_response(206)
        handler.send_header("Content-Range", "bytes 0-99/1024000")
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"a")
            time.sleep(0.05)
        return True

    server.fault = times(1, drip)
    started = time.monotonic()
    assert Transport(timeout_s=0.2, first_wait_s=0.01).read(address, [(0, 100)]) == [CONTENT[:100]]
    assert time.monotonic() - started < 2


def test_a_server_whose_head_drips_is_left(server: FileServer, address: str) -> None:
    """Each byte comes within the time-out; headers of an answer that is whole otherwise would be taken."""

    def drip(handler: Handler) -> bool:
        handler.wfile.write(b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-3/1024000\r\n")
        for _ in range(60):
            handler.wfile.write(b"X: a\r\n")
            time.sleep(0.05)
        return True

    server.fault = times(1, drip)
    started = time.monotonic()
    assert Transport(timeout_s=0.2, first_wait_s=0.01).read(address, [(0, 4)]) == [CONTENT[:4]]
    assert time.monotonic() - started < 2
    server.fault = drip
    with pytest.raises(RemoteError, match="does not answer within"):
        Transport(timeout_s=0.2, retries=0).read(address, [(0, 4)])


def test_a_server_is_left_alone_for_as_long_as_it_asks(server: FileServer, address: str, transport: Transport) -> None:
    server.fault = times(1, lambda handler: handler.answer(429, headers={"Retry-After": "1"}))
    assert transport.read(address, [(5, 9)]) == [CONTENT[5:9]]
    began = time.monotonic()
    first, second = server.seen
    assert second.began - first.ended >= 0.98
    transport.read(address, [(5, 9)])
    assert time.monotonic() - began < 0.5


def test_all_threads_wait_for_a_server_that_asks_one_to(server: FileServer, address: str, transport: Transport) -> None:
    server.fault = times(1, lambda handler: handler.answer(503, headers={"Retry-After": "1"}))
    with pytest.raises(RemoteError):  # meanwhile another host is not waited for
        Transport(retries=0).read("http://127.0.0.1:9/a", [(0, 1)])
    first = threading.Thread(target=transport.read, args=(address, [(0, 1)]))
    first.start()
    while not server.seen or not server.seen[0].ended:
        time.sleep(0.005)
    time.sleep(0.1)
    transport.read(address, [(1, 2)])
    first.join()
    assert all(each.began - server.seen[0].ended >= 0.9 for each in server.seen[1:])


def test_who_asks_to_come_back_tomorrow_is_an_error_at_once(
    server: FileServer, address: str, transport: Transport
) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(hours=2), usegmt=True)
    server.fault = lambda handler: handler.answer(429, headers={"Retry-After": later})
    with pytest.raises(RemoteError, match=r"come back in 1(19|20) minutes"):
        transport.read(address, [(5, 9)])
    assert len(server.seen) == 1


def test_retry_after_is_seconds_or_a_date() -> None:
    assert retry_after("7") == 7
    soon = retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None
    assert 28 <= soon <= 30
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert [retry_after(text) for text in (None, "", "soon", "-3", "1.5e9x")] == [None] * 5


def test_a_web_page_is_not_a_raster(server: FileServer, transport: Transport) -> None:
    server.fault = lambda handler: handler.answer(200, b"<html>log in", {"Content-Type": "text/html; charset=utf-8"})
    with pytest.raises(RemoteError, match="sends a web page instead of the file"):
        transport.read(f"{server.url}/a.tif", [(0, 4)])
    server.files["a.tif"] = CONTENT
    server.fault = times(1, server.fault)
    assert transport.read(f"{server.url}/a.tif", [(0, 4)]) == [CONTENT[:4]]


def test_a_server_without_ranges_is_taken_for_small_files_only(server: FileServer, transport: Transport) -> None:
    large = bytes(9 << 20)
    server.fault = lambda handler: handler.answer(200, CONTENT if "small" in handler.path else large)
    assert transport.read(f"{server.url}/small", [(5, 9), (700_000, 700_003)]) == [CONTENT[5:9], CONTENT[96:99]]
    with pytest.raises(RemoteError, match="whole files only"):
        transport.read(f"{server.url}/large", [(5, 9)])


def test_bytes_of_two_versions_are_never_mixed(server: FileServer, address: str, transport: Transport) -> None:
    other = CONTENT[::-1]

    def change(handler: Handler) -> bool:
        server.files["a.bin"], server.tags["a.bin"] = other, '"2"'
        return False

    def changing(handler: Handler) -> bool:
        return len(server.seen) >= 2 and change(handler)

    server.fault = changing
    ranges = [(0, 10), (300_000, 300_010), (600_000, 600_010)]
    assert transport.read(address, ranges) == [other[start:stop] for start, stop in ranges]


def test_a_file_that_changes_all_the_time_is_an_error(server: FileServer, address: str, transport: Transport) -> None:
    one_at_a_time, tags = threading.Lock(), itertools.count()

    def change(handler: Handler) -> bool:
        with one_at_a_time:
            server.tags["a.bin"] = f'"{next(tags)}"'
            handler.serve()
        return True

    server.fault = change
    with pytest.raises(RemoteError, match="changes on the server"):
        transport.read(address, [(0, 10), (300_000, 300_010), (600_000, 600_010)])


class _Token:
    """A signer with a token that its server may forget."""

    def __init__(self) -> None:
        self.renewed = 0

    def __call__(self, href: str) -> Signed:
        return Signed(f"{href}?sig={SECRET}{self.renewed}", {"Authorization": f"Bearer {SECRET}{self.renewed}"})

    def renew(self) -> None:
        self.renewed += 1


def test_a_token_is_renewed_once_for_all_threads(server: FileServer, address: str) -> None:
    def expired(handler: Handler) -> bool:
        return f"sig={SECRET}1" not in handler.path and handler.answer(401)

    server.fault, server.latency_s = expired, 0.02
    token = _Token()
    transport = Transport(token)
    starts = range(0, 800_000, 100_003)
    assert transport.read(address, [(start, start + 1) for start in starts]) == [CONTENT[n : n + 1] for n in starts]
    assert token.renewed == 1


def test_a_session_that_expired_is_renewed(server: FileServer, address: str) -> None:
    server.fault = times(1, lambda handler: handler.answer(400, b"<Error><Code>ExpiredToken</Code></Error>"))
    token = _Token()
    assert Transport(token).read(address, [(5, 9)]) == [CONTENT[5:9]]
    assert token.renewed == 1
    server.fault = lambda handler: handler.answer(400)
    with pytest.raises(RemoteError, match="answers 400"):
        Transport(token).read(address, [(5, 9)])


@pytest.mark.parametrize("status", [401, 403])
def test_refused_twice_is_an_error_with_a_remedy(status: int, server: FileServer, address: str) -> None:
    server.fault = lambda handler: handler.answer(status)
    with pytest.raises(RemoteError, match=f"refuses access.*{status}") as caught:
        Transport(_Token()).read(address, [(0, 1)])
    assert "credentials" in str(caught.value.remedy)
    assert len(server.seen) == 2


def test_a_redirect_to_another_host_gets_no_credentials(
    new_server: Callable[[], FileServer], address: str, server: FileServer
) -> None:
    other = new_server()
    other.files["b.bin"] = CONTENT
    server.fault = lambda handler: handler.answer(302, headers={"Location": f"{other.url}/b.bin"})
    assert Transport(_Token()).read(address, [(5, 9)]) == [CONTENT[5:9]]
    assert "authorization" in server.seen[0].headers
    assert "authorization" not in other.seen[0].headers
    assert other.seen[0].headers["range"] == "bytes=5-8"
    assert SECRET not in str(other.seen)


def test_a_redirect_on_the_same_host_keeps_them(server: FileServer, address: str) -> None:
    server.fault = times(1, lambda handler: handler.answer(307, headers={"Location": "/a.bin"}))
    assert Transport(_Token()).read(address, [(5, 9)]) == [CONTENT[5:9]]
    assert "authorization" in server.seen[1].headers


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/a", "/a.bin"])
def test_redirects_that_lead_nowhere(target: str, server: FileServer, address: str, transport: Transport) -> None:
    server.fault = lambda handler: handler.answer(302, headers={"Location": target})
    with pytest.raises(RemoteError, match=r"redirects (in a circle|to an address .* that cannot be read)"):
        transport.read(address, [(5, 9)])


@pytest.mark.parametrize("bad", ["http://[::1/a.bin", "http://127.0.0.1:99999/a.bin", "http://127.0.0.1:x/a.bin"])
def test_an_address_that_is_none_is_named_whoever_gives_it(
    bad: str, server: FileServer, address: str, transport: Transport
) -> None:
    server.fault = lambda handler: handler.answer(302, headers={"Location": bad})
    for href in (bad, address):
        with pytest.raises(RemoteError, match="cannot be requested"):
            transport.read(href, [(5, 9)])
    assert len(server.seen) == 1


def test_credentials_of_a_netrc_are_not_sent(
    server: FileServer, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login anna password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    assert "Authorization" in requests.Request("GET", address).prepare().headers or requests.utils.get_netrc_auth(
        address
    )
    Transport().read(address, [(0, 1)])
    assert "authorization" not in server.seen[0].headers


@pytest.mark.parametrize("kind", ["answer", "body", "back-off", "retry-after"])
def test_a_transport_that_is_closed_lets_go_at_once(kind: str, server: FileServer, address: str) -> None:
    def stall(handler: Handler) -> bool:
        if kind == "back-off":
            return handler.answer(500)
        if kind == "retry-after":
            return handler.answer(503, headers={"Retry-After": "60"})
        if kind == "body":
            handler.send_response(206)
            handler.send_header("Content-Range", "bytes 5-8/1024000")
            handler.send_header("Content-Length", "4")
            handler.end_headers()
        time.sleep(4)
        return True

    server.fault = stall
    transport = Transport(first_wait_s=30)
    with ThreadPoolExecutor(2) as pool:
        reading = [pool.submit(transport.read, address, [(5, 9)]), pool.submit(transport.content, address)]
        while len(server.seen) < 1:
            time.sleep(0.01)
        time.sleep(0.2)
        started = time.monotonic()
        transport.close()
        for each in reading:
            assert each.exception(timeout=2) is not None
        assert time.monotonic() - started < 1.5


def test_no_secret_in_any_error_log_or_text(
    server: FileServer, address: str, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger().addHandler(caplog.handler)
    token, said = _Token(), []
    transport = Transport(token, retries=1, first_wait_s=0.01, timeout_s=0.2)
    faults: list[Callable[[Handler], bool]] = [
        *FAULTS.values(),
        lambda handler: handler.answer(403, f"no {SECRET}".encode()),
        lambda handler: handler.answer(404),
        lambda handler: handler.answer(302, headers={"Location": f"{server.url}/a.bin?again={SECRET}"}),
        lambda handler: handler.answer(302, headers={"Location": f"http://anna:{SECRET}@127.0.0.1:9/a?x={SECRET}"}),
        lambda handler: handler.answer(429, headers={"Retry-After": "9999"}),
        lambda handler: bool(time.sleep(0.3)) or True,
    ]
    user = address.replace("http://", f"http://anna:{SECRET}@")
    for fault in faults:
        server.fault = fault
        for href in (f"{address}?token={SECRET}", user):
            for work in (
                lambda href=href: transport.read(href, [(5, 9)]),
                lambda href=href: transport.save(href, tmp_path / "a.bin"),
            ):
                try:
                    work()
                except RemoteError as error:
                    said += [str(error), repr(error), *traceback.format_exception(error), str(pickle.dumps(error))]
    assert len(said) > 40
    everything = "\n".join(
        [*said, caplog.text, repr(transport), repr(token("http://h/a")), *(repr(each.args) for each in caplog.records)]
    )
    assert SECRET not in everything
    assert "urllib3" in caplog.text
    written = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert not [each for each in written if SECRET.encode() in each.read_bytes()]


def test_a_small_file_whole_and_a_large_one_refused(server: FileServer, address: str, transport: Transport) -> None:
    assert transport.content(address) == CONTENT
    with pytest.raises(RemoteError, match="larger than 0 MB"):
        transport.content(address, 1000)


def test_files_of_this_machine(transport: Transport, tmp_path: Path) -> None:
    path = tmp_path / "a file.bin"
    path.write_bytes(CONTENT)
    for href in (str(path), path.as_uri()):
        assert transport.read(href, [(5, 9)]) == [CONTENT[5:9]]
        assert transport.size(href) == len(CONTENT)
        assert transport.content(href) == CONTENT
    with pytest.raises(RemoteError, match="absent"):
        transport.content(str(tmp_path / "absent"))
    with pytest.raises(RemoteError, match="ends early"):
        transport.read(str(path), [(0, len(CONTENT) + 1)])


def test_an_address_of_a_bucket_needs_a_signer(transport: Transport) -> None:
    with pytest.raises(RemoteError, match="s3://"):
        transport.read("s3://usgs-landsat/a.tif", [(0, 1)])
