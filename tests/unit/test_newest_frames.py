"""The queue between a camera and a detector, and the waits between tries.

In: frames and a clock moved by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
from itertools import islice

import numpy as np
import pytest

from slipdetect.errors import UsageError, VideoError
from slipdetect.video import Frame
from slipdetect.video.live import LiveSettings, Reconnected, Reconnecting, Skipped
from slipdetect.video.live.live_video import waits
from slipdetect.video.live.newest_frames import Item, NewestFrames

DARK = np.zeros((2, 2, 3), np.uint8)


def frame(time: float) -> Frame:
    return Frame(time, DARK)


def rest(queue: NewestFrames) -> list[Item]:
    queue.end()
    return list(iter(queue.get, None))


def times(items: list[Item]) -> list[float]:
    return [item.time for item in items if isinstance(item, Frame)]


def test_frames_come_in_order_while_there_is_room() -> None:
    queue = NewestFrames(3)
    assert all(queue.put(frame(k)) for k in range(3))
    assert queue.waiting == 3
    assert times(rest(queue)) == [0, 1, 2]
    assert queue.dropped == 0


def test_L04_the_newest_frame_wins_and_no_note_is_lost() -> None:
    queue = NewestFrames(2)
    notes = [Reconnecting(1.0, "no data"), Reconnected(5.0, 4.0)]
    for item in (frame(0), frame(1), *notes, frame(5), frame(6), frame(7)):
        queue.put(item)
    items = rest(queue)
    # 0 and 1 go when 5 comes, 5 and 6 when 7 comes
    assert items == [*notes, Skipped(0, 7, 4), frame(7)]
    assert queue.dropped == 4


class Hand:
    """A clock that is set by hand."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def came(queue: NewestFrames, *moments: float) -> None:
    """Put frames that came at these times, which are theirs too."""
    for each in moments:
        queue.put(frame(each), each)


def test_frames_that_waited_before_count_from_when_they_came() -> None:
    clock = Hand()
    queue = NewestFrames(4, patience=10.0, now=clock)
    clock.now = 1004.0
    came(queue, 1000.0, 1001.0, 1002.0)
    assert queue.unread_for == 0.0
    assert queue.wait() == 1000.0
    assert times([queue.get()]) == [1000]
    assert queue.lag == 4.0


def test_what_waits_too_long_goes_with_all_that_has_come_by_then() -> None:
    clock = Hand()
    queue = NewestFrames(2, patience=2.0, now=clock)
    came(queue, 1000.0, 1001.0)
    clock.now = 1010.0
    # two that wait as pictures, two that came before that was thrown away, one behind
    came(queue, 1002.0, 1009.0, 1010.0)
    assert queue.dropped == 4
    assert rest(queue) == [Skipped(1000.0, 1010.0, 4), frame(1010.0)]


def test_the_end_tells_of_what_was_thrown_away_before_it() -> None:
    clock = Hand()
    queue = NewestFrames(2, patience=2.0, now=clock)
    came(queue, 1000.0, 1001.0)
    clock.now = 1010.0
    came(queue, 1002.0)
    assert rest(queue) == [Skipped(1000.0, 1002.0, 3)]


@pytest.mark.parametrize(
    ("thrown", "in_time", "waited", "lost"),
    [
        (900.0, 1000.0, 6.0, 0),  # held up
        (900.0, 1000.0, 16.0, 1),  # for too long
        (1000.0, 1001.0, 6.0, 1),  # it was too slow a moment ago
        (None, 1000.0, 6.0, 1),  # it has just begun
        (900.0, 960.0, 6.0, 1),  # it is too slow by little, and late for half a minute
    ],
)
def test_who_is_held_up_may_be_late_for_three_times_as_long(
    thrown: float | None, in_time: float, waited: float, lost: int
) -> None:
    clock = Hand()
    queue = NewestFrames(1, patience=5.0, now=clock)
    if thrown is not None:
        clock.now = thrown
        queue.put(frame(0.0), thrown)
        queue.throw_away()
    clock.now = in_time
    queue.put(frame(1.0), in_time)
    while queue.waiting:
        queue.get()
    clock.now = max(1000.0, in_time)
    came(queue, clock.now)
    before = queue.dropped
    clock.now += waited
    putting = threading.Thread(target=came, args=(queue, clock.now))
    putting.start()
    if not lost:
        assert queue.get() is not None
    putting.join(5)
    assert not putting.is_alive()
    assert queue.dropped - before == lost


def test_frames_that_nobody_takes_have_been_unread_since_the_last_was_taken() -> None:
    clock = Hand()
    queue = NewestFrames(1, patience=2.0, now=clock)
    assert queue.unread_for == 0.0
    came(queue, 1000.0)
    clock.now = 1010.0
    came(queue, 1010.0)
    clock.now = 1011.0
    assert (queue.dropped, queue.unread_for) == (1, 11.0)
    assert [type(queue.get()) for _ in range(2)] == [Skipped, Frame]
    assert queue.unread_for == 0.0


def test_waiting_tells_when_the_next_one_came_and_takes_nothing() -> None:
    clock = iter([10.0, 10.5, 12.0, 13.0, 14.0])
    queue = NewestFrames(5, now=lambda: next(clock))
    queue.put(frame(0))
    queue.put(frame(1))
    assert queue.wait() == queue.wait() == 10.0
    assert times([queue.get()]) == [0]
    assert queue.wait() == 10.5
    # a recording that can wait is not later than others for being read ahead
    queue.keep = True
    assert queue.wait() == 13.0


def test_waiting_ends_when_nothing_follows() -> None:
    queue = NewestFrames(5)
    queue.end()
    queue.wait()
    assert queue.get() is None


def test_the_lag_is_how_long_a_frame_waited() -> None:
    clock = iter([10.0, 10.5, 11.0, 13.0])
    queue = NewestFrames(5, now=lambda: next(clock))
    queue.put(frame(0))
    queue.put(frame(1))
    queue.get()
    assert queue.lag == 1.0
    queue.get()
    assert queue.lag == queue.longest_lag == 2.5


def test_a_source_that_can_wait_waits() -> None:
    queue = NewestFrames(2, keep=True)
    thread = threading.Thread(target=lambda: [queue.put(frame(k)) for k in range(20)])
    thread.start()
    assert [queue.get().time for _ in range(20)] == list(range(20))
    thread.join(5)
    assert queue.dropped == 0


def test_the_end_wakes_both_sides_and_raises_its_error_once() -> None:
    queue = NewestFrames(1, keep=True)
    queue.put(frame(0))
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(queue.put(frame(1))))
    thread.start()
    queue.end(VideoError("gone"))
    thread.join(5)
    assert answers == [False]
    assert times([queue.get(), queue.get()]) == [0, 1]
    with pytest.raises(VideoError, match="gone"):
        queue.get()
    assert queue.get() is None


def test_L03_waits_double_up_to_the_longest() -> None:
    assert list(islice(waits(1.0, 30.0), 7)) == [1, 2, 4, 8, 16, 30, 30]
    assert list(islice(waits(5.0, 3.0), 2)) == [3, 3]


def test_L03_chance_lengthens_a_wait_by_its_share() -> None:
    found = waits(2.0, 30.0, jitter=0.25, chance=lambda: 0.5)
    assert list(islice(found, 2)) == [2.25, 4.5]


@pytest.mark.parametrize(
    "change", [{"retries": -1}, {"read_timeout": 0.0}, {"max_lag": float("nan")}]
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(change))):
        LiveSettings(**change)


def test_a_queue_without_room_is_refused() -> None:
    with pytest.raises(UsageError, match="room"):
        NewestFrames(0)
