"""The sensor of a camera: when it is on, what it says of itself, and how its topics are called.

In: live events at moments of a clock. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.detection import Event, EventFinal, EventStarted, LiveEvent, StillDown, UpAgain
from slipdetect.sinks.fall_sensor import FallSensor, Message, topic_name
from slipdetect.sinks.sink import Alert
from slipdetect.video.live import Reconnected, Reconnecting, Skipped, Started

NOW = datetime(2025, 3, 1, 9, 15, 27, tzinfo=UTC)
STARTED = Started(640, 480, "h264", 25.0)
DOWN = Event(3.5, 4.7, 3.8, 0.9, track=1, down_for=2.0)
UP = Event(3.5, 4.7, 3.8, 0.9, track=1, down_for=12.5, recovered_at=16.0)


def sensor(hold: float = 60.0, camera: str = "kitchen") -> FallSensor:
    return FallSensor(camera, "slipdetect", "slipdetect/status", hold)


def states(messages: list[Message]) -> list[str]:
    return [each.payload for each in messages if each.topic.endswith("/fall")]


def facts(messages: list[Message]) -> dict[str, Any]:
    found = [each.payload for each in messages if each.topic.endswith("/attributes")]
    return json.loads(found[-1])


def test_it_is_on_from_the_onset_until_the_person_is_up() -> None:
    own = sensor()
    assert states(own.begin()) == ["OFF"]
    told: list[LiveEvent] = [
        *(STARTED, EventStarted(1, 3.5, 0.8), EventFinal(1, DOWN)),
        *(StillDown(1, DOWN, 10.0), UpAgain(1, UP)),
    ]
    said = [own.take(each, NOW, 10.0 * k) for k, each in enumerate(told)]
    assert [states(each) for each in said] == [[], ["ON"], [], [], ["OFF"]]
    # a state comes behind what belongs to it, so that whoever acts on it has both
    assert [each.topic for each in said[1]] == [
        *("slipdetect/kitchen/attributes", "slipdetect/kitchen/fall")
    ]
    assert facts(said[1]) == {
        **{"camera": "kitchen", "status": "onset", "id": 1, "start": 3.5, "score": 0.8},
        "time": "2025-03-01T09:15:30.500Z",
    }
    assert facts(said[2]) == {
        **{"camera": "kitchen", "status": "event", "id": 1, "label": "slip", "track": 1},
        **{"start": 3.5, "end": 4.7, "peak": 3.8, "score": 0.9, "down_for": 2.0},
        "time": "2025-03-01T09:15:30.500Z",
    }
    assert facts(said[3])["status"] == "still_down"
    assert (facts(said[4])["status"], facts(said[4])["down_for"]) == ("up_again", 12.5)
    assert all(each.retain for messages in said for each in messages)


def test_the_time_is_that_of_the_picture_where_it_is_known() -> None:
    own = sensor()
    own.take(STARTED, NOW, 0.0)
    onset = own.take(EventStarted(1, 3.5, 0.8, time_of_day="2025-03-01T09:15:31.400Z"), NOW, 1.0)
    assert facts(onset)["time"] == "2025-03-01T09:15:31.400Z"
    final = replace(DOWN, time_of_day="2025-03-01T09:15:31.300Z")
    assert facts(own.take(EventFinal(1, final), NOW, 2.0))["time"] == "2025-03-01T09:15:31.300Z"


def test_an_event_that_may_still_be_dropped_waits_until_it_is_final() -> None:
    own = sensor()
    assert own.take(EventStarted(1, 3.5, 0.8, sure=False), NOW, 0.0) == []
    assert states(own.take(EventFinal(2, DOWN), NOW, 1.0)) == ["ON"]


def test_it_is_off_when_everybody_is_up() -> None:
    own = sensor()
    own.take(EventFinal(1, DOWN), NOW, 0.0)
    own.take(EventFinal(2, DOWN), NOW, 1.0)
    assert states(own.take(UpAgain(1, UP), NOW, 2.0)) == []
    assert states(own.take(UpAgain(2, UP), NOW, 3.0)) == ["OFF"]


def test_who_is_still_down_after_the_hold_time_is_told_again() -> None:
    own = sensor(hold=5.0)
    own.take(EventFinal(1, DOWN), NOW, 0.0)
    over = own.expire(5.0)
    assert (states(over), facts(over)["status"]) == (["OFF"], "hold_over")
    assert facts(over)["score"] == 0.9
    assert states(own.take(StillDown(1, DOWN, 10.0), NOW, 10.0)) == ["ON"]


kinds = st.sampled_from(["onset", "event", "still_down", "up_again", "look"])


@given(st.lists(st.tuples(st.floats(0, 9), kinds, st.integers(1, 3)), max_size=30))
def test_the_state_is_that_of_a_plain_loop(steps: list[tuple[float, str, int]]) -> None:
    made = {
        "onset": lambda key: EventStarted(key, 3.5, 0.8),
        "event": lambda key: EventFinal(key, DOWN),
        "still_down": lambda key: StillDown(key, DOWN, 10.0),
        "up_again": lambda key: UpAgain(key, UP),
    }
    own, hold, now, state = sensor(hold=10.0), 10.0, 0.0, "OFF"
    heard: list[tuple[float, str, int]] = []
    for wait, kind, key in steps:
        now += wait
        event = None if kind == "look" else made[kind](key)
        said = own.expire(now) if event is None else own.take(event, NOW, now)
        if kind != "look":
            heard.append((now, kind, key))
        last = {each[2]: each for each in heard}
        down = [each for each in last.values() if each[1] != "up_again" and now < each[0] + hold]
        for each in states(said):
            assert each != state
            state = each
        assert state == ("ON" if down else "OFF")
        ends = [each[0] + hold for each in down]
        assert own.deadline == (min(ends) if ends else None)


def test_a_camera_is_there_while_its_frames_come() -> None:
    own = sensor()
    told = (STARTED, Reconnecting(3.0, "no data"), Reconnected(9.0, 6.0), Skipped(10.0, 11.0, 9))
    said = [own.begin(), *(own.take(each, NOW, 0.0) for each in told), own.end()]
    there = [
        [each.payload for each in messages if each.topic == "slipdetect/kitchen/availability"]
        for messages in said
    ]
    assert there == [["offline"], ["online"], ["offline"], ["online"], [], ["offline"]]


def test_times_of_day_are_those_of_the_last_start() -> None:
    own = sensor()
    for now in (NOW, NOW + timedelta(hours=1)):  # a camera that was changed begins anew
        own.take(STARTED, now, 0.0)
    own.take(Reconnected(9.0, 6.0), NOW + timedelta(hours=2), 0.0)
    assert facts(own.take(EventFinal(1, DOWN), NOW, 0.0))["time"] == "2025-03-01T10:15:30.500Z"


def test_home_assistant_is_told_what_it_needs() -> None:
    known = sensor().begin()[0]
    assert known.topic == "homeassistant/binary_sensor/slipdetect_kitchen_fall/config"
    assert known.retain
    data = json.loads(known.payload)
    assert data["unique_id"] == "slipdetect_kitchen_fall"
    assert data["device_class"] == "safety"
    assert data["state_topic"] == "slipdetect/kitchen/fall"
    assert data["json_attributes_topic"] == "slipdetect/kitchen/attributes"
    topics = [each["topic"] for each in data["availability"]]
    assert topics == ["slipdetect/status", "slipdetect/kitchen/availability"]
    assert data["availability_mode"] == "all"
    assert data["device"]["identifiers"] == ["slipdetect_kitchen"]
    assert data["device"]["name"] == "kitchen"
    assert sensor().begin() == sensor().begin()  # the same after every restart


def test_an_alert_is_not_kept_for_later() -> None:
    alert = Alert("kitchen", "tiny", DOWN)
    message = sensor().alert(alert)
    assert (message.topic, message.retain) == ("slipdetect/kitchen/event", False)
    assert json.loads(message.payload) == json.loads(alert.to_json())


@pytest.mark.parametrize("name", ["kitchen", "Camera_2-b", "0"])
def test_plain_names_stay(name: str) -> None:
    assert topic_name(name) == name


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=8))
def test_names_are_topics_and_stay_apart(names: set[str]) -> None:
    found = {topic_name(each) for each in names}
    assert len(found) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]+", each) for each in found)


def test_L05_no_message_has_a_secret() -> None:
    camera = "rtsp://admin:s3cr3t@camera.example:554/stream?token=t0k3n"
    own = sensor(camera=camera)
    told = [own.take(each, NOW, 0.0) for each in (STARTED, EventFinal(1, DOWN), UpAgain(1, UP))]
    said = repr([own.begin(), *told, own.alert(Alert(camera, "tiny", DOWN))])
    assert "camera.example" in said
    assert not [word for word in ("admin", "s3cr3t", "t0k3n") if word in said]
