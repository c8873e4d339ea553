"""Turns at the CPUs: who is next, how many at once, priorities.

In: threads that ask. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from slipdetect.detection.turns import Turns, let_others_first


def test_what_has_waited_longest_goes_first_and_of_equals_who_asked_first() -> None:
    turns, order = Turns(1), []

    def work(name: str, since: float) -> None:
        with turns.taken(since):
            order.append(name)

    turns.take(0.0)
    with ThreadPoolExecutor(5) as pool:
        for name, since in (("late", 9.0), ("two", 2.0), ("first", 1.0), ("two again", 2.0)):
            pool.submit(work, name, since)
            time.sleep(0.02)
        assert order == []
        turns.give()
    assert order == ["first", "two", "two again", "late"]


@pytest.mark.parametrize("most", [1, 2])
def test_no_more_threads_compute_at_once_than_asked_for(most: int) -> None:
    turns = Turns(most)
    running, found, lock = 0, 0, threading.Lock()

    def work(number: int) -> None:
        nonlocal running, found
        with turns.taken(number % 3):
            with lock:
                running += 1
                found = max(found, running)
            time.sleep(0.01)
            with lock:
                running -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(18)))
    assert found == most
    # none is lost: as many can be taken again, and no more
    for _ in range(most):
        turns.take(0.0)
    with ThreadPoolExecutor(1) as pool:
        one_more = pool.submit(turns.take, 0.0)
        time.sleep(0.02)
        assert not one_more.done()
        turns.give()
        one_more.result(5)


def test_an_error_ends_a_turn() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError, match="of a camera"), turns.taken(0.0):
        raise ValueError("of a camera")
    turns.take(0.0)


@pytest.mark.skipif(sys.platform != "linux", reason="threads have priorities of their own on Linux")
def test_only_the_thread_that_asks_gives_way() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    found = []

    def work() -> None:
        let_others_first()
        found.append(os.getpriority(os.PRIO_PROCESS, 0))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [min(before + 5, 19)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
