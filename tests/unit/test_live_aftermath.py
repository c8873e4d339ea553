"""What a live run tells of the people of its events: still down, up again, each once.

In: scripted frames, and windows by the clock. Out: nothing but assertions.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from results import FALL
from slipdetect.cli.main import cli
from slipdetect.cli.watch import WatchSettings
from slipdetect.detection import (
    Detector,
    Event,
    EventConfig,
    EventFinal,
    EventStarted,
    LiveDetection,
    LiveEvent,
    StillDown,
    UpAgain,
    Window,
    WindowScorer,
)
from slipdetect.reports.live_report import live_line, live_text
from slipdetect.types import Sighting
from slipdetect.video import DecodeReport, Frame
from slipdetect.video.live import Reconnected, Reconnecting
from slipdetect.video.live.newest_frames import Item
from slipdetect.video.live.wall_clock import WallClock
from synth import make_video

BOX = (0.4, 0.5, 0.6, 0.9)
RATE = 5.0
State = Callable[[float], str | None]


class Clock(WindowScorer):
    """A window of 2 s a frame, whose event and person depend on the time of its center alone."""

    name, label = "clock", "slip"
    sample_fps, short_side = RATE, 48

    def __init__(self, state: State, falls: float = 5.0) -> None:
        self._state, self._falls = state, falls
        self.begun = 0

    def windows(self, segment: Any) -> Iterator[Window]:
        self.begun += 1  # a segment has tracks of its own
        for frame in segment:
            center = frame.time - 1.0
            if center < 0:
                continue
            state = self._state(center)
            people = () if state is None else (Sighting(self.begun, BOX, state),)
            sure = abs(center - self._falls) < 0.5
            yield Window(
                center - 1.0, center + 1.0, 0.9 if sure else 0.0, people=people, person=self.begun
            )


class Scripted:
    """Stands in for ``LiveVideo``."""

    name = "script"
    dropped = reconnects = waiting = 0
    longest_lag = 0.0
    wall = WallClock("script")

    def __init__(self, items: list[Item]) -> None:
        self.report = DecodeReport()
        self.now = 0.0
        self._items = iter(items)

    def get(self) -> Item | None:
        item = next(self._items, None)
        self.now = item.time if isinstance(item, Frame) else self.now
        return item


def frames(start: float, end: float) -> list[Item]:
    picture = np.zeros((48, 64, 3), np.uint8)
    return [Frame(start + k / RATE, picture) for k in range(round((end - start) * RATE))]


def told(
    state: State, items: list[Item], config: EventConfig | None = None
) -> list[tuple[float, LiveEvent]]:
    """Return what was told, with the center of the last window at that time."""
    config = EventConfig(0.5, 0.5) if config is None else config
    video = Scripted(items)
    live = LiveDetection(Detector(Clock(state), config), video)  # type: ignore[arg-type]
    return [(video.now - 1.0, note) for note in live.events()]


def kinds(notes: list[tuple[float, LiveEvent]]) -> list[str]:
    return [type(note).__name__ for _, note in notes]


def lies_until(end: float) -> State:
    """Down from 6 s on, up at ``end``."""
    return lambda time: "up" if time < 5.9 or time >= end - 1e-6 else "down"


def test_who_stays_down_is_told_of_after_10_30_and_60_seconds() -> None:
    notes = told(lies_until(1000.0), frames(0, 100))
    assert kinds(notes) == ["EventStarted", "EventFinal", *["StillDown"] * 3]
    told_at = {note.after: time for time, note in notes if isinstance(note, StillDown)}
    # down from the window at 6.0 s on
    assert told_at == {
        10.0: pytest.approx(16.0),
        30.0: pytest.approx(36.0),
        60.0: pytest.approx(66),
    }
    for _, note in notes[2:]:
        assert isinstance(note, StillDown)
        assert (note.id, note.event.track, note.event.box) == (1, 1, BOX)
        assert note.event.down_for == pytest.approx(note.after)
        assert note.event.recovered_at is None


def test_who_gets_up_is_told_of_once() -> None:
    notes = told(lies_until(20.0), frames(0, 60))
    assert kinds(notes) == ["EventStarted", "EventFinal", "StillDown", "UpAgain"]
    time, last = notes[-1]
    assert isinstance(last, UpAgain)
    # sure of it 0.4 s later
    assert time == pytest.approx(20.4)
    assert (last.event.recovered_at, last.event.down_for) == (
        pytest.approx(20.0),
        pytest.approx(14.0),
    )


def test_what_follows_keeps_the_time_of_day_of_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    times = (f"at {number}" for number in range(9))  # of the onset, of the event
    monkeypatch.setattr(Scripted.wall, "time_of_day", lambda seconds: next(times))
    onset, *rest = (note for _, note in told(lies_until(20.0), frames(0, 60)))
    assert isinstance(onset, EventStarted)
    assert onset.time_of_day == "at 0"
    assert [note.event.time_of_day for note in rest] == ["at 1"] * 3  # type: ignore[union-attr]


def test_who_is_up_before_the_event_is_final_is_told_of_after_it() -> None:
    notes = told(lies_until(6.6), frames(0, 20), EventConfig(0.5, 0.5, min_duration_off=4.0))
    assert kinds(notes) == ["EventStarted", "EventFinal", "UpAgain"]
    final, last = (note for _, note in notes[1:])
    assert isinstance(final, EventFinal)
    assert isinstance(last, UpAgain)
    assert final.event == last.event
    assert final.event.recovered_at == pytest.approx(6.6)


def test_with_confirmation_nothing_is_told_twice_and_the_longest_time_once() -> None:
    config = EventConfig(0.5, 0.5, confirm_down=40.0)
    notes = told(lies_until(1000.0), frames(0, 100), config)
    assert kinds(notes) == ["EventStarted", "EventFinal", "StillDown", "StillDown"]
    assert [note.after for _, note in notes[2:] if isinstance(note, StillDown)] == [30.0, 60.0]
    assert kinds(told(lies_until(30.0), frames(0, 100), config)) == ["EventStarted"]


def test_who_never_goes_down_and_who_is_not_seen_are_not_told_of() -> None:
    assert kinds(told(lambda time: "up", frames(0, 40))) == ["EventStarted", "EventFinal"]
    assert kinds(told(lambda time: None, frames(0, 40))) == ["EventStarted", "EventFinal"]


def test_a_gap_ends_no_following() -> None:
    gap: list[Item] = [Reconnecting(12.0, "no data"), Reconnected(15.0, 3.0)]
    notes = told(lies_until(30.0), [*frames(0, 12), *gap, *frames(15, 60)])
    assert [each for each in kinds(notes) if not each.startswith("Reconn")] == [
        *("EventStarted", "EventFinal", "StillDown", "UpAgain")
    ]
    (last,) = (note for _, note in notes if isinstance(note, UpAgain))
    assert last.event.down_for == pytest.approx(24.0)
    assert last.event.track == 1  # the event's, whatever the number is now


def test_an_event_that_waits_keeps_its_number() -> None:
    # a second event begins before the first is confirmed
    class Twice(Clock):
        def windows(self, segment: Any) -> Iterator[Window]:
            for window in super().windows(segment):
                again = abs(window.center - 9.0) < 0.5
                yield replace(window, probability=0.8) if again else window

    config = EventConfig(0.5, 0.5, confirm_down=10.0)
    video = Scripted(frames(0, 40))
    live = LiveDetection(Detector(Twice(lies_until(1000.0)), config), video)  # type: ignore[arg-type]
    notes = list(live.events())
    onsets = {note.start: note.id for note in notes if isinstance(note, EventStarted)}
    finals = [note for note in notes if isinstance(note, EventFinal)]
    assert list(onsets.values()) == [1, 2]
    assert [note.id for note in finals] == [1, 2]
    assert all(onsets[note.event.start] == note.id for note in finals)


def test_lines_for_programs_and_for_people() -> None:
    event = replace(FALL, track=3, box=BOX, down_for=30.2)
    up = replace(event, down_for=33.0, recovered_at=37.5)
    now = datetime(2025, 3, 1, tzinfo=UTC)
    data = json.loads(live_line(StillDown(2, event, 30.0), "cam", "m", now))
    assert (data["type"], data["id"], data["after"]) == ("still_down", 2, 30.0)
    assert data["event"]["down_for"] == 30.2
    data = json.loads(live_line(UpAgain(2, up), "cam", "m", now))
    assert (data["type"], data["event"]["recovered_at"]) == ("up_again", 37.5)
    assert live_text(StillDown(2, event, 30.0)) == "00:00:03.200  slip 2, still down after 30 s\n"
    wanted = "00:00:03.200  slip 2, down for 33.0 s, up again at 00:00:37.500\n"
    assert live_text(UpAgain(2, up)) == wanted


def test_watch_tells_alerts_what_became_of_whom(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of the way: a pipe, lines on stdout, a command for each state."""
    film = make_video(tmp_path / "film.ts", [np.zeros((48, 64, 3), np.uint8)] * 150, rate=RATE).path
    detector = Detector(Clock(lies_until(18.0)), EventConfig(0.5, 0.5))
    fake = SimpleNamespace(
        scorer=detector.scorer,
        event_config=detector.event_config,
        zones=detector.zones,
        view=detector.view,
        transform=None,
        config=SimpleNamespace(name="clock", sample_fps=RATE, frame_short_side=48),
    )
    monkeypatch.setattr(WatchSettings, "load_detector", lambda self: fake)
    monkeypatch.chdir(tmp_path)
    record = "import sys; open('told', 'a').write(sys.argv[1] + ' ' + sys.stdin.read())"
    quiet = "import sys; open('quiet', 'a').write(sys.stdin.read())"
    (tmp_path / "record.py").write_text(record)
    (tmp_path / "quiet.py").write_text(quiet)

    for script, words in (("quiet.py", "{label}"), ("record.py", "{state},{down_for}")):
        command = f"{sys.executable} {script} {words}"
        result = CliRunner().invoke(
            cli, ["watch", "-", "--on-event", command], input=film.read_bytes()
        )
        assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["type"] for line in lines] == [
        *("started", "onset", "event", "still_down", "up_again", "summary")
    ]
    alerts = (tmp_path / "told").read_text().splitlines()
    assert [line.split(" ", 1)[0].split(",")[0] for line in alerts] == [
        *("event", "still_down", "up_again")
    ]
    assert [line.split(" ", 1)[0].split(",")[1] for line in alerts[1:]] == ["10.0", "12.0"]
    bodies = [json.loads(line.split(" ", 1)[1]) for line in alerts]
    assert [body["type"] for body in bodies] == ["event", "still_down", "up_again"]
    assert "of" not in bodies[0]
    assert {body["of"] for body in bodies[1:]} == {bodies[0]["id"]}
    assert len({body["id"] for body in bodies}) == 3
    assert bodies[2]["event"] == lines[4]["event"]
    # without {state} a program would take the later ones for new events
    assert [json.loads(line)["type"] for line in (tmp_path / "quiet").read_text().splitlines()] == [
        "event"
    ]


def test_a_file_tells_of_its_events_only(tmp_path: Any) -> None:
    film = make_video(tmp_path / "film.mp4", [np.zeros((48, 64, 3), np.uint8)] * 150, rate=RATE)
    found: list[Event] = []
    detector = Detector(Clock(lies_until(18.0)), EventConfig(0.5, 0.5))
    result = detector.detect(film.path, on_event=found.append)
    (event,) = result.events
    assert (event.down_for, event.recovered_at) == (pytest.approx(12.0), pytest.approx(18.0))
    (early,) = found
    assert replace(early, down_for=0, recovered_at=None) == replace(
        event, down_for=0, recovered_at=None
    )
    assert early.recovered_at is None
