"""Events on their way to sinks: order, cooldown, full queues, ends.

In: sinks that remember. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.alerts import Alert, Alerts
from slipdetect.alerts.delivery import Delivery
from slipdetect.detection import Event
from slipdetect.errors import AlertError, UsageError


class Memory:
    """A sink that remembers, and fails where the label says so."""

    def __init__(self, patience: float | None = None) -> None:
        self.name = "memory"
        self.patience = patience
        self.seen: list[Alert] = []
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
        self.seen.append(alert)

    def stop(self) -> None:
        self.free.set()


def event(start: float, end: float, label: str = "slip") -> Event:
    return Event(start, end, (start + end) / 2, 0.9, label)


def test_all_sinks_hear_of_all_events_in_order() -> None:
    first, second = Memory(), Memory()
    with Alerts([first, second]) as alerts:
        on_event = alerts.about("a.mp4", "tiny")
        for start in range(50):
            on_event(event(start, start + 0.5))
    for sink in (first, second):
        assert [alert.event.start for alert in sink.seen] == list(range(50))
        assert {(alert.source, alert.model) for alert in sink.seen} == {("a.mp4", "tiny")}
    assert len({alert.id for alert in first.seen}) == 50


def test_one_failure_stops_nothing_and_no_unknown_text_is_logged(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sink = Memory()
    alerts = Alerts([sink])
    for label in ("fails", "bug", "slip"):
        alerts.about("a\n.mp4", "tiny")(event(1, 2, label))
    ((name, counts),) = alerts.close()
    assert (name, counts.delivered, counts.failed, counts.untried) == ("memory", 1, 2, 0)
    first, second = (record.getMessage() for record in caplog.records)
    assert first == r"memory: not told of the event at 00:00:01.000 of 'a\n.mp4': no"
    assert second.endswith("internal error: ValueError")


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
    sink = Memory()
    alerts = Alerts([sink], cooldown)
    on_event = alerts.about("a.mp4", "tiny")
    for each in events:
        on_event(each)
    alerts.close()
    assert [alert.event.start for alert in sink.seen] == wanted
    assert (alerts.events, alerts.suppressed) == (len(events), len(events) - len(wanted))


def test_every_video_has_a_cooldown_of_its_own() -> None:
    alerts = Alerts([], 60)
    for source in ("a.mp4", "b.mp4"):
        on_event = alerts.about(source, "tiny")
        on_event(event(1, 2))
        on_event(event(3, 4))
    assert (alerts.events, alerts.suppressed) == (4, 2)


@pytest.mark.parametrize("cooldown", [-1.0, float("nan"), float("inf")])
def test_a_cooldown_is_seconds(cooldown: float) -> None:
    with pytest.raises(UsageError, match="cooldown"):
        Alerts([], cooldown)


def test_a_full_queue_never_makes_detection_wait(caplog: pytest.LogCaptureFixture) -> None:
    sink = Memory()
    sink.free.clear()
    delivery = Delivery(sink, room=2)
    delivery.put(Alert("a.mp4", "tiny", event(0, 1)))
    assert sink.going_on.wait(5)  # out of the queue
    for start in range(1, 6):
        delivery.put(Alert("a.mp4", "tiny", event(start, start + 1)))
    sink.free.set()
    counts = delivery.close()
    assert [alert.event.start for alert in sink.seen] == [0, 1, 2]
    assert (counts.delivered, counts.untried) == (3, 3)
    assert "00:00:03.000 of 'a.mp4': 2 others wait already" in caplog.text


def test_the_end_waits_no_longer_than_the_sink_allows() -> None:
    sink = Memory(patience=0.2)
    sink.free.clear()
    alerts = Alerts([sink])
    for start in range(3):
        alerts.about("a.mp4", "tiny")(event(start, start + 1))
    assert sink.going_on.wait(5)
    begin = time.monotonic()
    ((_, counts),) = alerts.close()
    assert 0.2 <= time.monotonic() - begin < 3
    assert (counts.delivered, counts.untried) == (1, 2)


def test_no_event_needs_no_thread() -> None:
    before = threading.active_count()
    with Alerts([Memory()]):
        assert threading.active_count() == before
