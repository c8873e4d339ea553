"""Reading ahead in a thread: order, bounds, errors, and stopping early.

In: iterators. Out: the same items, and no thread left behind.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from slipdetect.detection.pipeline import prefetch
from slipdetect.errors import VideoError


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("slipdetect-decode")]


def test_items_come_in_order_and_the_thread_ends() -> None:
    assert list(prefetch(iter(range(1000)))) == list(range(1000))
    assert list(prefetch(iter([]))) == []
    assert list(prefetch(iter([None, ()]))) == [None, ()]
    assert threads() == []


def test_no_more_than_depth_items_wait() -> None:
    taken = 0

    def counting() -> Iterator[int]:
        nonlocal taken
        for i in range(100):
            taken += 1
            yield i

    items = prefetch(counting(), depth=3)
    assert next(items) == 0
    time.sleep(0.3)
    # one handed out, three waiting, one in the thread's hand
    assert taken <= 5
    items.close()
    assert threads() == []
    assert taken <= 5


@pytest.mark.parametrize("error", [VideoError("cannot"), KeyboardInterrupt(), MemoryError()])
def test_errors_of_the_thread_are_raised_here_after_the_items_before(error: BaseException) -> None:
    def failing() -> Iterator[int]:
        yield 1
        yield 2
        raise error

    seen = []
    with pytest.raises(type(error)) as caught:
        seen.extend(prefetch(failing()))
    assert caught.value is error
    assert threads() == []


def test_an_error_of_the_consumer_stops_the_thread() -> None:
    items = prefetch(iter(range(10**9)))
    next(items)
    with pytest.raises(KeyError):
        items.throw(KeyError("consumer"))
    assert threads() == []


def test_never_started_means_never_read() -> None:
    def explosive() -> Iterator[int]:
        raise AssertionError
        yield 1

    prefetch(explosive()).close()
    assert threads() == []
