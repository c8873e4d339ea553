"""Events on their way to a sink: order, cooldown, full queues, ends.

In: sinks that remember. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from results import make_result
from slipdetect.detection import Event
from slipdetect.detection.live import LiveSummary
from slipdetect.errors import AlertError, UsageError
from slipdetect.sinks.alert import AlertSink
from slipdetect.sinks.sink import Alert


class Memory(AlertSink):
    """A sink that remembers, and fails where the label says so."""

    name = "memory"

    def __init__(self, cooldown: float | None = None, room: int = 100) -> None:
        super().__init__(cooldown, room)
        self.told: list[Alert] = []
        self.going_on = threading.Event()
        self.free = threading.Event()
        self.free.set()

    def send(self, alert: Alert) -> None:
        self.going_on.set()
        self.free.wait()
        if alert.event.label == "fails":
            raise AlertError("no")
        if alert.event.label == "bug":
            raise ValueError("the secret")
        self.told.append(alert)

    def stop(self) -> None:
        self.free.set()


class Impatient(Memory):
    drain_timeout = 0.2


def alert(source: str, found: Event) -> Alert:
    return Alert(source, "tiny", found)


def event(start: float, end: float, label: str = "slip") -> Event:
    return Event(start, end, (start + end) / 2, 0.9, label)


def test_all_events_are_sent_in_order() -> None:
    with Memory() as sink:
        for start in range(50):
            sink.event(alert("a.mp4", event(start, start + 0.5)))
    assert [each.event.start for each in sink.told] == list(range(50))
    assert {(each.source, each.model) for each in sink.told} == {("a.mp4", "tiny")}
    assert len({each.id for each in sink.told}) == 50
    assert sink.remarks == ["memory: 50 of 50 alerts sent"]


def test_one_failure_stops_nothing_and_no_unknown_text_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with Memory() as sink:
        for label in ("fails", "bug", "slip"):
            sink.event(alert("a\n.mp4", event(1, 2, label)))
            sink.result(make_result("a\n.mp4"))
    assert (sink.delivered, sink.failed, sink.not_attempted) == (1, 2, 0)
    first, second, last = (record.getMessage() for record in caplog.records)
    assert first == r"memory: no alert for the event at 00:00:01.000 of 'a\n.mp4': no"
    assert second.endswith("internal error: ValueError")
    assert last == "memory: 1 of 3 alerts sent, 2 failed"


stretches = st.lists(st.tuples(st.floats(0, 20), st.floats(0, 5)), max_size=20)


@given(stretches, st.floats(0, 30))
def test_the_cooldown_is_that_of_a_plain_loop(
    gaps: list[tuple[float, float]], cooldown: float
) -> None:
    events, now = [], 0.0
    for gap, length in gaps:
        events.append(event(now + gap, now + gap + length))
        now += gap + length
    wanted: list[float] = []
    last_end = None
    for each in events:
        if last_end is None or each.start >= last_end + cooldown:
            wanted.append(each.start)
            last_end = each.end
    with Memory(cooldown) as sink:
        for each in events:
            sink.event(alert("a.mp4", each))
    assert [each.event.start for each in sink.told] == wanted
    assert (sink.seen, sink.suppressed) == (len(events), len(events) - len(wanted))


def test_every_video_has_a_cooldown_of_its_own() -> None:
    with Memory(60) as sink:
        for source in ("a.mp4", "b.mp4"):
            sink.event(alert(source, event(1, 2)))
            sink.event(alert(source, event(3, 4)))
    assert (sink.seen, sink.suppressed) == (4, 2)
    assert sink.remarks == ["memory: 2 of 4 alerts sent, 2 held back by the cooldown"]


def test_a_camera_that_begins_anew_has_no_cooldown_of_its_last_run() -> None:
    with Memory() as sink:
        sink.event(alert("hall", event(3000, 3004)))
        sink.summary("hall", LiveSummary(3600.0, 1, 90_000, 0, 54_000, 0, 0.1, 0), "interrupted")
        sink.event(alert("hall", event(20, 24)))
    assert [each.event.start for each in sink.told] == [3000, 20]
    assert sink.suppressed == 0


@pytest.mark.parametrize("cooldown", [-1.0, float("nan"), float("inf")])
def test_a_cooldown_is_seconds(cooldown: float) -> None:
    with pytest.raises(UsageError, match="cooldown"):
        Memory(cooldown)


def test_a_full_queue_never_makes_detection_wait(caplog: pytest.LogCaptureFixture) -> None:
    with Memory(room=2) as sink:
        sink.free.clear()
        sink.event(alert("a.mp4", event(0, 1)))
        assert sink.going_on.wait(5)  # out of the queue
        for start in range(1, 6):
            sink.event(alert("a.mp4", event(start, start + 1)))
        sink.free.set()
    assert [each.event.start for each in sink.told] == [0, 1, 2]
    assert (sink.delivered, sink.not_attempted) == (3, 3)
    assert "00:00:03.000 of 'a.mp4': 2 others wait already" in caplog.text


def test_the_end_waits_no_longer_than_the_sink_allows() -> None:
    with Impatient() as sink:
        sink.free.clear()
        for start in range(3):
            sink.event(alert("a.mp4", event(start, start + 1)))
        assert sink.going_on.wait(5)
        begin = time.monotonic()
    assert 0.2 <= time.monotonic() - begin < 3
    assert (sink.delivered, sink.not_attempted) == (1, 2)


def interrupted_block(sink: Memory) -> None:
    with sink:
        sink.free.clear()
        sink.event(alert("a.mp4", event(0, 1)))
        sink.event(alert("a.mp4", event(2, 3)))
        assert sink.going_on.wait(5)
        raise KeyboardInterrupt


def test_ctrl_c_ends_without_a_wait() -> None:
    sink = Memory()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interrupted_block(sink)
    assert time.monotonic() - begin < 3
    assert sink.not_attempted == 1


def test_no_event_needs_no_thread() -> None:
    before = threading.active_count()
    with Memory() as sink:
        assert threading.active_count() == before
    assert sink.remarks == []


def test_what_became_of_somebody_is_sent_where_the_event_was() -> None:
    with Memory(cooldown=10.0) as sink:
        first, held = alert("a.mp4", event(0, 1)), alert("a.mp4", event(5, 6))
        for each in (first, held):
            sink.event(each)
            sink.aftermath(replace(each, type="still_down", of=each.id, id="x" + each.id))
        # at any time, for the cooldown is for events
        sink.aftermath(replace(first, type="up_again", of=first.id, id="y"))
    assert [(each.type, each.event.start) for each in sink.told] == [
        *(("event", 0), ("still_down", 0), ("up_again", 0))
    ]
    assert sink.remarks == ["memory: 3 of 4 alerts sent, 1 held back by the cooldown"]


def test_alerts_say_what_they_are_of() -> None:
    own = alert("a.mp4", event(0, 1))
    data = json.loads(own.to_json())
    assert (data["version"], data["type"], data["id"]) == (2, "event", own.id)
    assert "of" not in data
    later = Alert("a.mp4", "tiny", own.event, "up_again", own.id)
    data = json.loads(later.to_json())
    assert (data["type"], data["of"]) == ("up_again", own.id)
    assert data["id"] not in (own.id, "")
