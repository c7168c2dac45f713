"""The server as it runs: large, slow and endless requests, its end, and that there is one only."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tests.unit.review.desks import MemoryDesk
from tests.unit.review.served import SAVING_S
from tests.unit.review.test_security import SAVE

from trimline.errors import TrimlineError
from trimline.review.server import bodies, page_folder, serving
from trimline.review.server.application import create_app
from trimline.review.server.serving import Address, listening, only_server, serve

REPOSITORY = Path(__file__).parents[3]
PIECE = b" " * 65_536


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, int]]:
    monkeypatch.setattr(serving, "_HEAD_TIME_S", 0.4)
    monkeypatch.setattr(serving, "_MOST_CONNECTIONS", 20)
    monkeypatch.setattr(bodies.Bodies.__init__, "__defaults__", (bodies.MOST_BODY_BYTES, 0.4))
    closing, begun = threading.Event(), threading.Event()
    bound = listening("127.0.0.1", 0)
    app = create_app(MemoryDesk(), closing=closing)
    thread = threading.Thread(target=serve, args=(app, bound, begun.set, closing))
    thread.start()
    assert begun.wait(10)
    yield bound.getsockname() if bound.fileno() >= 0 else ("127.0.0.1", 0)
    closing.set()
    thread.join(10)
    assert not thread.is_alive()


def pieces(number: int) -> Iterator[bytes]:
    for _ in range(number):
        yield PIECE


@pytest.mark.parametrize("length", [{"Content-Length": str(1600 * len(PIECE))}, {"Transfer-Encoding": "chunked"}])
def test_a_body_of_100_mb_is_refused_with_a_reason(server: tuple[str, int], length: dict[str, str]) -> None:
    connection = http.client.HTTPConnection(*server, timeout=20)
    headers = {"Content-Type": "application/json", **length}
    connection.request("POST", "/api/edits", pieces(1600), headers, encode_chunked="Transfer-Encoding" in length)
    answer = connection.getresponse()
    assert answer.status == 413
    assert b"more than 16 MB" in answer.read()
    connection.close()
    assert requests.get(f"http://127.0.0.1:{server[1]}/api/review", timeout=5).status_code == 200


def test_a_length_that_lies_is_refused_before_the_body_comes(server: tuple[str, int]) -> None:
    with socket.create_connection(server, timeout=5) as raw:
        head = b"POST /api/edits HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        raw.sendall(head + b"Content-Length: 999999999999\r\n\r\n")
        assert raw.recv(1000).startswith(b"HTTP/1.1 413")


def test_a_body_that_does_not_arrive_is_not_waited_for(server: tuple[str, int]) -> None:
    with socket.create_connection(server, timeout=5) as raw:
        head = b"POST /api/edits HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        raw.sendall(head + b"Content-Length: 100\r\n\r\n{")
        assert raw.recv(1000).startswith(b"HTTP/1.1 408")


@pytest.mark.parametrize("begun", [b"", b"GET / HTT"])
def test_a_connection_without_a_request_is_ended(server: tuple[str, int], begun: bytes) -> None:
    with socket.create_connection(server, timeout=5) as raw:
        raw.sendall(begun)
        try:
            assert raw.recv(100) == b""
        except ConnectionResetError:
            return


def test_idle_connections_keep_nobody_out(server: tuple[str, int]) -> None:
    held = [socket.create_connection(server, timeout=5) for _ in range(60)]
    try:
        held[-1].sendall(b"GET /api/review HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert held[-1].recv(1000).startswith(b"HTTP/1.1 200")
    finally:
        for each in held:
            each.close()


def test_more_requests_than_there_are_places_are_told_to_wait(server: tuple[str, int]) -> None:
    held = []
    try:
        for _ in range(25):
            held.append(socket.create_connection(server, timeout=5))
            held[-1].sendall(b"GET /api/changes?after=1&wait_s=20 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            time.sleep(0.01)  # it is read before the next connection comes
        assert held[-1].recv(1000).startswith(b"HTTP/1.1 503")
    finally:
        for each in held:
            each.close()


@pytest.fixture
def process() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.unit.review.served"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as started:
        yield started
        if started.poll() is None:
            started.kill()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_a_second_and_a_save_under_way_is_finished(
    process: subprocess.Popen[str], how: signal.Signals
) -> None:
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    answers: list[Any] = []

    def ask(method: str, path: str, **options: Any) -> None:
        answers.append(requests.request(method, address + path, timeout=20, **options).status_code)

    waiting = threading.Thread(target=ask, args=("GET", "api/changes?after=1&wait_s=25"))
    saving = threading.Thread(target=ask, args=("POST", "api/edits"), kwargs={"json": SAVE})
    waiting.start()
    saving.start()
    assert process.stdout.readline() == "saving\n"
    process.send_signal(how)
    started = time.monotonic()
    assert process.wait(20) == 0
    assert time.monotonic() - started < SAVING_S + 1.5
    waiting.join()
    saving.join()
    assert sorted(answers) == [200, 201]
    assert process.stdout.read() == "ended\n"


def test_who_waits_for_a_change_is_told_at_once(server: tuple[str, int]) -> None:
    address = f"http://127.0.0.1:{server[1]}/api/"
    saving = threading.Timer(0.2, requests.post, [address + "edits"], {"json": SAVE, "timeout": 5})
    saving.start()
    started = time.monotonic()
    found = requests.get(address + "changes?after=1&wait_s=20", timeout=30).json()
    saving.join()
    assert found["sequence"] == 2
    assert time.monotonic() - started < 1.5


def test_a_port_that_is_taken_is_an_error_unless_any_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(TrimlineError, match=f"port {port} is taken") as error:
            listening("127.0.0.1", port)
        assert "--port" in str(error.value.remedy)
        monkeypatch.setattr(serving, "PORT", port)
        with listening("127.0.0.1", None) as other:
            assert other.getsockname()[1] != port


@pytest.mark.parametrize("host", ["no.such.name.invalid", "203.0.113.7", "\ud800"])
def test_an_address_of_no_one_here_is_an_error(host: str) -> None:
    with pytest.raises(TrimlineError, match=r"address|listened on"):
        listening(host, 0)


def test_a_second_server_says_where_the_first_is(tmp_path: Path) -> None:
    with only_server(tmp_path) as tell:
        tell("http://127.0.0.1:8750/")
        with pytest.raises(TrimlineError, match=r"reviewed already, at http://127.0.0.1:8750/"), only_server(tmp_path):
            pass
    with only_server(tmp_path):
        assert not (tmp_path / "review" / "server.json").exists()


def test_addresses_are_written_as_a_browser_takes_them() -> None:
    assert Address("127.0.0.1", 80).url == "http://127.0.0.1:80/"
    assert Address("0.0.0.0", 80).url == f"http://{socket.gethostname()}:80/"  # noqa: S104 - nothing listens
    assert Address("::1", 8750, "a-token-of-16-or-more").url == "http://[::1]:8750/?token=a-token-of-16-or-more"


def test_without_the_built_page_one_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_folder, "_FOLDER", tmp_path)
    with pytest.raises(TrimlineError, match="not built") as error:
        page_folder.page_folder()
    assert "make web" in str(error.value.remedy)
