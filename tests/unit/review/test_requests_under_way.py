"""Requests under way are counted, and work in the background gives way to them, but not for ever."""

from __future__ import annotations

import threading
import time

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from trimline.review.requests_under_way import Counted, RequestsUnderWay


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.s = 100.0

    def __call__(self) -> float:
        return self.s


def test_it_is_quiet_a_while_after_the_last_request() -> None:
    clock = Clock()
    requests = RequestsUnderWay(clock)
    assert requests.is_quiet
    requests.begin()
    clock.s += 10
    assert not requests.is_quiet
    requests.end()
    assert not requests.is_quiet
    clock.s += 0.3
    assert requests.is_quiet


def test_work_goes_on_however_much_is_asked_for() -> None:
    requests = RequestsUnderWay()
    requests.begin()
    started = time.monotonic()
    requests.give_way(threading.Event(), longest_s=0.1)
    assert 0.1 <= time.monotonic() - started < 1.5


def test_work_that_is_stopped_does_not_wait() -> None:
    requests, stopped = RequestsUnderWay(), threading.Event()
    requests.begin()
    stopped.set()
    started = time.monotonic()
    requests.give_way(stopped, longest_s=30)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(("path", "was_quiet"), [("/api/changes", True), ("/api/review", False)])
def test_requests_that_wait_for_changes_are_not_counted(path: str, was_quiet: bool) -> None:
    requests, seen = RequestsUnderWay(), []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(requests.is_quiet)
        await PlainTextResponse("")(scope, receive, send)

    TestClient(Counted(app, requests)).get(path)
    assert seen == [was_quiet]
