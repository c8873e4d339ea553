"""Clips of live events: what memory keeps, and what is written of it.

In: frames made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from people_seen import HEIGHT, WIDTH, noise, person_at
from slipdetect.detection import Event, LiveSummary
from slipdetect.people.privacy import Privacy
from slipdetect.sinks.live_clips import LiveClips
from slipdetect.sinks.sink import Alert
from slipdetect.types.person import Person
from slipdetect.video import open_video
from slipdetect.video.live import Reconnected, Reconnecting, Started
from slipdetect.video.live.live_video import Keep
from slipdetect.video.live.picture_memory import PictureMemory
from slipdetect.video.orientation import Stored
from synth import bars, read_code

CONNECTION = SimpleNamespace(stored=Stored(128, 96))


CAMERA = "camera-0"


def remember(keep: Keep, seconds: float, base: float = 0.0, rate: float = 10.0) -> None:
    take = keep(CONNECTION, base)
    for k in range(round(seconds * rate)):
        take(k / rate, av.VideoFrame.from_ndarray(bars(k % 256), format="rgb24"))


def clips_of(folder: Path, margin: float = 0.5, privacy: Privacy | None = None) -> LiveClips:
    clips = LiveClips(folder, margin, privacy=privacy)
    clips.keep(CAMERA)
    now = datetime(2025, 3, 1, 9, 15, 27, tzinfo=UTC)
    clips.live_event(CAMERA, Started(128, 96, "h264", 10.0), now)
    return clips


def codes(path: Path) -> list[tuple[float, int]]:
    with open_video(path) as video:
        return [(round(frame.time, 3), read_code(frame.image)) for frame in video.frames()]


def test_memory_gives_what_was_seen_and_forgets_the_oldest() -> None:
    memory = PictureMemory(rate=10.0)
    remember(memory.watch, 3.0, base=5.0)
    kept = [(moment, read_code(image)) for moment, image in memory.between(6.0, 6.35)]
    assert kept == [(pytest.approx(6 + k / 10), 10 + k) for k in range(4)]
    size = memory.bytes
    small = PictureMemory(room=size // 3, rate=10.0)
    remember(small.watch, 3.0)
    assert size // 4 < small.bytes <= size // 3
    left = [moment for moment, _ in small.between(0.0, 9.0)]
    assert left[0] > 1.5
    assert left[-1] == small.newest == pytest.approx(2.9)


@pytest.mark.parametrize(("rate", "kept"), [(30.0, 15), (25.0, 13), (10.0, 10)])
def test_memory_keeps_no_more_than_its_rate(rate: float, kept: int) -> None:
    memory = PictureMemory(rate=15.0)
    remember(memory.watch, 1.0, rate=rate)
    assert abs(len(list(memory.between(0.0, 1.0))) - kept) <= 2


def test_a_clip_reaches_from_before_the_event_to_behind_it(tmp_path: Path) -> None:
    clips = clips_of(tmp_path)
    remember(clips.memory(CAMERA).watch, 2.0)
    clips.event(Alert(CAMERA, "tiny", Event(1.0, 2.2, 1.5, 0.9)))
    time.sleep(0.3)
    assert clips.made == []  # what is behind the event has not been seen yet
    remember(clips.memory(CAMERA).watch, 2.0, base=2.0)
    clips.__exit__(None, None, None)
    assert clips.made == [tmp_path / "camera-0-20250301T091528.000Z.mp4"]
    shown = codes(clips.made[0])
    assert [code for _, code in shown] == [*range(5, 20), *range(8)]
    assert [moment for moment, _ in shown] == [round(k / 10, 3) for k in range(23)]


@pytest.mark.parametrize("again", [False, True])
def test_a_clip_does_not_wait_for_a_camera_that_stays_away(tmp_path: Path, again: bool) -> None:
    clips = clips_of(tmp_path, margin=0.2)
    remember(clips.memory(CAMERA).watch, 2.0)
    now = datetime(2025, 3, 1, 9, 15, 29, tzinfo=UTC)
    clips.live_event(CAMERA, Reconnecting(1.9, "no data came in time"), now)
    if again:
        clips.live_event(CAMERA, Reconnected(2.0, 0.1), now)
    clips.event(Alert(CAMERA, "tiny", Event(1.0, 1.9, 1.5, 0.9)))
    until = time.monotonic() + (0.5 if again else 10.0)
    while not clips.made and time.monotonic() < until:
        time.sleep(0.02)
    written = list(clips.made)
    clips.__exit__(None, None, None)
    assert len(written) == (0 if again else 1)
    assert [code for _, code in codes(clips.made[0])] == [*range(8, 20)]


def test_the_end_of_a_run_writes_what_waits_and_tells_what_is_missing(tmp_path: Path) -> None:
    clips = clips_of(tmp_path)
    remember(clips.memory(CAMERA).watch, 2.0)
    clips.event(Alert(CAMERA, "tiny", Event(1.0, 1.9, 1.5, 0.9)))
    clips.event(Alert(CAMERA, "tiny", Event(50.0, 51.0, 50.5, 0.9)))
    clips.__exit__(None, None, None)
    assert len(clips.made) == 1
    assert codes(clips.made[0])[-1][1] == 19
    (error,) = clips.missing
    assert "no picture of it is kept" in str(error)


def test_a_clip_that_exists_is_not_replaced(tmp_path: Path) -> None:
    clips = clips_of(tmp_path)
    remember(clips.memory(CAMERA).watch, 2.0)
    event = Event(1.0, 1.5, 1.2, 0.9)
    clips.path(CAMERA, event).write_text("mine")
    clips.event(Alert(CAMERA, "tiny", event))
    clips.__exit__(None, None, None)
    assert clips.path(CAMERA, event).read_text() == "mine"
    assert "exists already" in str(clips.missing[0])


class FoundAtLast:
    """Finds somebody from its tenth picture on."""

    name, most = "found at last", 6

    def __init__(self) -> None:
        self.asked = 0

    def people(self, picture: np.ndarray) -> list[Person]:
        self.asked += 1
        return [person_at(20, 40, 40, 90)] if self.asked > 10 else []


def test_clips_show_no_people(tmp_path: Path) -> None:
    """Hidden as clips are written: the pictures of hours without an event cost nothing."""
    network = FoundAtLast()
    privacy = Privacy("blur", network)
    clips = clips_of(tmp_path, privacy=privacy)
    connection = SimpleNamespace(stored=Stored(WIDTH, HEIGHT))
    take = clips.memory(CAMERA).watch(connection, 0.0)
    for number in range(20):  # everything moves
        frame = av.VideoFrame.from_ndarray(noise(number, seed=number), format="rgb24")
        take(number / 10, frame)
    assert network.asked == 0
    clips.event(Alert(CAMERA, "tiny", Event(0.5, 1.4, 0.9, 0.9)))
    clips.__exit__(None, None, None)
    assert network.asked == 20
    with open_video(clips.made[0]) as video:
        contrast = [frame.image[:, 80:].std() for frame in video.frames()]
    # whole pictures, until somebody is found a quarter of a second ahead
    assert max(contrast[:7]) < 0.25 * min(contrast[7:])
    assert clips.remarks == [
        f"wrote 1 clip in {str(tmp_path)!r}",
        "--privacy: nobody was found in 7 of 20 pictures where something moves; those are "
        "blurred whole",
    ]


def test_each_source_has_its_own_pictures_and_a_clip_of_its_own_name(tmp_path: Path) -> None:
    clips = clips_of(tmp_path)
    later = datetime(2025, 3, 1, 9, 16, tzinfo=UTC)
    clips.keep("back door")
    clips.live_event("back door", Started(128, 96, "h264", 10.0), later)
    remember(clips.memory("back door").watch, 1.0)
    remember(clips.memory(CAMERA).watch, 3.0)
    clips.event(Alert("back door", "tiny", Event(5.0, 6.0, 5.5, 0.9)))  # nothing of it yet
    clips.event(Alert(CAMERA, "tiny", Event(1.0, 2.0, 1.5, 0.9)))
    clips.event(Alert("back door", "tiny", Event(0.6, 0.8, 0.7, 0.9)))
    for _ in range(100):
        if clips.made:
            break
        time.sleep(0.05)
    assert clips.made == [tmp_path / "camera-0-20250301T091528.000Z.mp4"]  # it waits for nobody
    clips.__exit__(None, None, None)
    assert clips.made[1:] == [tmp_path / "back-door-20250301T091600.600Z.mp4"]
    assert [code for _, code in codes(clips.made[1])] == [*range(1, 10)]
    assert len(clips.missing) == 1


def test_a_camera_that_begins_anew_mixes_no_pictures_and_delays_no_clip(tmp_path: Path) -> None:
    """Times begin at 0 again; the clip of before keeps its name and its pictures."""
    clips = clips_of(tmp_path)
    remember(clips.memory(CAMERA).watch, 2.0)
    clips.event(Alert(CAMERA, "tiny", Event(1.0, 1.9, 1.5, 0.9)))
    clips.summary(CAMERA, LiveSummary(2.0, 1, 20, 0, 20, 0, 0.0, 0), "interrupted")
    later = datetime(2025, 3, 1, 10, 0, tzinfo=UTC)
    again = clips.keep(CAMERA)
    clips.live_event(CAMERA, Started(128, 96, "h264", 10.0), later)
    for _ in range(100):  # the run goes on
        if clips.made:
            break
        time.sleep(0.05)
    assert clips.made == [tmp_path / "camera-0-20250301T091528.000Z.mp4"]
    assert [code for _, code in codes(clips.made[0])] == [*range(5, 20)]
    remember(again, 1.0)
    clips.event(Alert(CAMERA, "tiny", Event(0.2, 0.4, 0.3, 0.9)))
    clips.__exit__(None, None, None)
    assert clips.made[1:] == [tmp_path / "camera-0-20250301T100000.200Z.mp4"]
    assert [code for _, code in codes(clips.made[1])] == [*range(10)]
