"""One GPU for many threads: turns, shared calls, errors.

In: threads that ask. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from slipdetect.detection.turns import ScoringQueue


class Slow:
    """Doubles numbers, one call at a time until it is let go."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.go = threading.Event()

    def __call__(self, items: list[int]) -> list[int]:
        self.calls.append(list(items))
        self.go.wait(5)
        if 13 in items:
            raise ValueError("thirteen")
        return [2 * item for item in items]


def ask_in_turn(queue: ScoringQueue[int, int], slow: Slow, asked: list[list[int]]) -> list[object]:
    """Ask from a thread each, surely one behind the other, and return what each got."""

    def ask(items: list[int]) -> object:
        try:
            return queue.ask(items)
        except ValueError as error:
            return str(error)

    with ThreadPoolExecutor(len(asked)) as threads:
        futures = []
        for items in asked:
            futures.append(threads.submit(ask, items))
            time.sleep(0.02)
        slow.go.set()
        return [future.result() for future in futures]


def test_whoever_asked_first_is_served_first_and_what_waits_shares_a_call() -> None:
    slow = Slow()
    queue = ScoringQueue(slow, most=4)
    got = ask_in_turn(queue, slow, [[1], [2, 3], [4], [5, 6], [7]])
    assert got == [[2], [4, 6], [8], [10, 12], [14]]
    # the first was alone; of those that waited as many as fit into 4, none out of turn
    assert slow.calls == [[1], [2, 3, 4], [5, 6, 7]]


def test_who_asks_for_more_than_fits_gets_it_in_one_call() -> None:
    slow = Slow()
    queue = ScoringQueue(slow, most=2)
    assert ask_in_turn(queue, slow, [[1], [2, 3, 4], [5]]) == [[2], [4, 6, 8], [10]]
    assert slow.calls == [[1], [2, 3, 4], [5]]


def test_an_error_is_raised_where_it_was_asked_for_and_work_goes_on() -> None:
    slow = Slow()
    queue = ScoringQueue(slow, most=1)
    assert ask_in_turn(queue, slow, [[1], [13], [2]]) == [[2], "thirteen", [4]]


def test_a_busy_thread_takes_no_more_turns_than_the_others() -> None:
    """With equal demand every thread has got about the same when the first is through."""
    queue = ScoringQueue(lambda items: [time.sleep(0.002) for _ in items], most=1)
    done = [0] * 5
    ready = threading.Barrier(5)

    def work(number: int) -> list[int]:
        ready.wait()
        for _ in range(20):
            queue.ask([number])
            done[number] += 1
        return list(done)

    with ThreadPoolExecutor(5) as pool:
        first = min(pool.map(work, range(5)), key=sum)
    assert min(first) >= 0.8 * max(first)
