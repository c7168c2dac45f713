"""Work done ahead, in a thread: nothing that was made is lost, and nothing is done that nobody will use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from trimline.mapping import stream
from trimline.mapping.stream import ahead


class BusyPool(ThreadPoolExecutor):
    """Begins whatever it is given late, as on a machine whose cores are taken."""

    def submit(self, *given: Any, **named: Any) -> Future[Any]:
        super().submit(time.sleep, 0.03)
        return super().submit(*given, **named)


@pytest.fixture(autouse=True)
def busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "ThreadPoolExecutor", BusyPool)


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
