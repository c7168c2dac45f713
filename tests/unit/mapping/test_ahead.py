"""Work done ahead, in a thread: nothing that was made is lost, and nothing is done that nobody will use."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from trimline.mapping import stream
from trimline.mapping.stream import ahead


class LatePool:
    """Does nothing before somebody waits for it: as late as a thread can be on a machine whose cores are taken."""

    def __init__(self, threads: int) -> None:
        assert threads == 1, "or the order would not be kept"
        self._waiting: deque[Late] = deque()

    def submit(self, work: Callable[[Any], Any], item: Any) -> Late:
        self._waiting.append(Late(self, work, item))
        return self._waiting[-1]

    def do_next(self) -> None:
        self._waiting.popleft().do()

    def __enter__(self) -> LatePool:
        return self

    def __exit__(self, *error: object) -> None:
        while self._waiting:
            self.do_next()


class Late(Future[Any]):
    def __init__(self, pool: LatePool, work: Callable[[Any], Any], item: Any) -> None:
        super().__init__()
        self._pool, self._work, self._item = pool, work, item

    def do(self) -> None:
        if not self.set_running_or_notify_cancel():
            return
        try:
            self.set_result(self._work(self._item))
        except Exception as error:
            self.set_exception(error)

    def result(self, timeout: float | None = None) -> Any:
        while not self.done():
            self._pool.do_next()
        return super().result(timeout)


@pytest.fixture(autouse=True)
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ThreadPoolExecutor", LatePool)


def test_what_came_before_an_error_of_the_items_is_worked_on() -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        yield from range(4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(ahead(done.append, items()))
    assert done == [0, 1, 2, 3]


def test_nothing_is_worked_on_after_a_failure() -> None:
    done: list[int] = []

    def work(item: int) -> int:
        if item == 2:
            raise ValueError(item)
        done.append(item)
        return item

    with pytest.raises(ValueError, match="2"):
        list(ahead(work, range(9)))
    assert done == [0, 1]


def test_nothing_more_is_worked_on_once_nobody_uses_it() -> None:
    done: list[int] = []
    results = ahead(done.append, range(9))
    next(results)
    results.close()
    assert done == [0]


def test_results_come_in_order() -> None:
    assert list(ahead(abs, range(-9, 0))) == list(range(9, 0, -1))
