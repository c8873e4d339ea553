"""Live detection: the events of a file, told as they happen, over gaps and under load.

In: scripted frames and notes, and streams of this machine. Out: nothing but assertions.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from brightness import STRIDE, Brightness, save
from slipdetect import backbones
from slipdetect.detection import Detector, Event, EventFinal, EventStarted, LiveDetection, LiveEvent
from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.video import DecodeReport, Frame, open_video
from slipdetect.video.live import (
    LiveSettings,
    LiveVideo,
    Reconnected,
    Reconnecting,
    Skipped,
    Started,
    live_source,
)
from slipdetect.video.live.newest_frames import Item
from slipdetect.video.live.wall_clock import WallClock
from stream_server import camera_server
from synth import make_video

EVENTS = ((0.6, 1.2), (2.4, 3.0))
SECONDS = 3.6
STALL = (1.6, 2.0)
QUICK = LiveSettings(read_timeout=0.25, first_wait=0.05, jitter=0.0, max_duration=SECONDS)


def lamp(moment: float) -> np.ndarray:
    """A dark room, bright during the events."""
    on = any(start <= moment < end for start, end in EVENTS)
    return np.full((48, 64, 3), 235 if on else 20, np.uint8)


@pytest.fixture
def detector(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Detector:
    monkeypatch.setattr(
        backbones, "create_backbone", lambda name, channels=3, weights=None: Brightness(channels)
    )
    return Detector.load(save(tmp_path / "model", "rgb", window=0.6), device="cpu")


class Scripted:
    """Stands in for ``LiveVideo``: items come one by one, and it knows the time of the last."""

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


def frames(start: float, end: float, rate: float = 10.0) -> list[Item]:
    count = round((end - start) * rate)
    moments = [start + k / rate for k in range(count)]
    return [Frame(moment, lamp(moment)) for moment in moments]


def watch(detector: Detector, items: list[Item]) -> list[tuple[float, LiveEvent]]:
    """Return the notes with the time of the source at which each was told."""
    video = Scripted(items)
    return [(video.now, note) for note in LiveDetection(detector, video).events()]


def found(notes: list[tuple[float, LiveEvent]]) -> list[Event]:
    return [note.event for _, note in notes if isinstance(note, EventFinal)]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    pictures = [lamp(k / 25) for k in range(round(25 * SECONDS))]
    return make_video(tmp_path / "film.mp4", pictures, rate=25.0).path


@pytest.fixture
def file_events(detector: Detector, film: Path) -> tuple[Event, ...]:
    return detector.detect(film).events


def test_a_live_run_gives_the_events_of_the_file(
    detector: Detector, film: Path, file_events: tuple[Event, ...]
) -> None:
    with open_video(film) as video:
        sampled = list(video.frames(10.0, 48))
    assert tuple(found(watch(detector, sampled))) == file_events
    assert len(file_events) == 2


def test_an_onset_comes_at_once_and_the_event_within_a_stride_of_being_final(
    detector: Detector,
) -> None:
    notes = watch(detector, frames(0.0, SECONDS))
    # half a window, and the frames behind a snippet that its crop looks at
    behind = 0.3 + detector.tsn.grid.after / 10
    kinds = [type(note) for _, note in notes]
    assert kinds == [EventStarted, EventFinal, EventStarted, EventFinal]
    for (told, onset), (final, event) in zip(notes[::2], notes[1::2], strict=True):
        assert onset.id == event.id
        assert onset.start == event.event.start
        assert told - onset.start <= behind + STRIDE + 1e-9
        assert final - event.event.end <= behind + 2 * STRIDE + 1e-9


def test_L03_a_gap_ends_an_event_that_is_going_on(detector: Detector) -> None:
    start = [Started(64, 48, "h264", 25.0)]
    gap = [Reconnecting(0.8, "no data"), Reconnected(2.6, 1.8)]
    notes = watch(detector, [*start, *frames(0.0, 0.9), *gap, *frames(2.6, SECONDS)])
    first, second = found(notes)
    assert first.interrupted
    assert first.end == pytest.approx(0.8)
    assert not second.interrupted
    assert second.start == pytest.approx(2.6)
    assert abs(second.end - EVENTS[1][1]) <= STRIDE
    kinds = [type(note) for _, note in notes]
    assert kinds == [
        Started,
        EventStarted,
        EventFinal,
        Reconnecting,
        Reconnected,
        EventStarted,
        EventFinal,
    ]


def test_padding_never_reaches_over_a_gap(detector: Detector) -> None:
    detector.event_config = replace(detector.event_config, pad_onset=1.5, pad_offset=1.5)
    items = [*frames(0.0, 0.9), Reconnecting(0.8, "no data"), *frames(1.0, 1.9)]
    first, second = found(watch(detector, items))
    assert (first.start, first.end) == (0.0, pytest.approx(0.8))
    assert second.start == pytest.approx(1.0)


def test_L04_skipped_frames_are_a_gap_too(detector: Detector) -> None:
    items = [*frames(0.0, 0.9), Skipped(0.9, 2.6, 17), *frames(2.6, SECONDS)]
    assert [event.interrupted for event in found(watch(detector, items))] == [True, False]


def test_what_is_open_when_a_run_is_ended_is_told(detector: Detector) -> None:
    run = LiveDetection(detector, Scripted(frames(0.0, 1.1)))
    for note in run.events():
        if isinstance(note, EventStarted):
            break
    (last,) = run.finish()
    assert last.event.interrupted
    assert run.summary().events == 1


def test_a_view_is_refused(detector: Detector) -> None:
    with pytest.raises(UsageError, match="transform"):
        LiveDetection(detector.with_transform(lambda frames: frames), Scripted([]))


def test_L02_L03_a_stream_that_stalls_gives_the_events_of_the_file(
    detector: Detector, file_events: tuple[Event, ...]
) -> None:
    with camera_server(lamp, STALL) as camera:
        source = live_source(f"http://{camera.place}/ts")
        with LiveVideo(source, 10.0, 48, QUICK) as video:
            run = LiveDetection(detector, video)
            notes = list(run.events())
    kinds = [type(note) for note in notes]
    assert kinds.count(Reconnecting) == kinds.count(Reconnected) == 1
    assert_alike([note.event for note in notes if isinstance(note, EventFinal)], file_events)
    again = next(note for note in notes if isinstance(note, Reconnected))
    assert abs(again.at - STALL[1]) < 0.5
    assert run.summary().reconnects == 1
    assert run.summary().dropped == 0


def test_L03_mjpeg_without_timestamps_is_timed_by_its_arrival(
    detector: Detector, file_events: tuple[Event, ...]
) -> None:
    with camera_server(lamp, STALL) as camera:
        reading = {"read_timeout": 0.25, "first_wait": 0.05, "max_duration": SECONDS}
        events = list(detector.iter_events(f"http://{camera.place}/mjpeg", **reading))
    assert_alike(events, file_events)
    assert len(camera.asked) > 1


def assert_alike(events: list[Event], wanted: tuple[Event, ...]) -> None:
    assert len(events) == len(wanted) == 2
    for mine, theirs in zip(events, wanted, strict=True):
        # the phase of sampling differs, and a busy machine is late
        assert abs(mine.start - theirs.start) <= STRIDE + 0.25
        assert abs(mine.end - theirs.end) <= STRIDE + 0.25


def test_L04_a_slow_detector_drops_frames_and_keeps_its_lag(detector: Detector) -> None:
    settings = LiveSettings(max_lag=0.3, max_duration=1.6)
    with camera_server(lamp) as camera:
        source = live_source(f"http://{camera.place}/ts")
        with LiveVideo(source, 10.0, 48, settings) as video:
            items = list(_slowly(video, 0.25))
    lost = sum(item.frames for item in items if isinstance(item, Skipped))
    assert lost == video.dropped > 0
    kept = [item.time for item in items if isinstance(item, Frame)]
    assert kept == sorted(kept)
    assert kept[-1] > 0.8
    # three frames that wait, a quarter of a second each, and what a busy machine adds
    assert video.longest_lag < 1.5


def _slowly(video: LiveVideo, seconds: float) -> Iterator[Item]:
    while (item := video.get()) is not None:
        yield item
        time.sleep(seconds)


def test_a_setting_that_streams_do_not_have_is_refused(detector: Detector) -> None:
    with pytest.raises(UsageError, match="takes no speed"):
        next(detector.iter_events("http://127.0.0.1:1/", speed=2.0))


@pytest.mark.parametrize("method", ["tvl1", "dis"])
def test_flow_of_a_live_source_takes_no_picture_before_it_must(method: str) -> None:
    taken = 0

    def pictures() -> Iterator[np.ndarray]:
        nonlocal taken
        for taken in range(1, 5):
            yield np.roll(lamp(0.0) + np.arange(64, dtype=np.uint8)[:, None], taken, axis=1)

    extractor = FlowExtractor(method)
    given = []
    for flow in extractor.levels(pictures(), ahead=False):
        given.append(flow)
        assert taken == len(given) + 1
    expected = list(extractor.levels(pictures()))
    assert len(given) == len(expected) == 3
    for mine, theirs in zip(given, expected, strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("threads", [1, 2])
def test_no_flow_is_held_while_a_live_source_has_no_next_picture(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = FlowExtractor("dis", threads=threads)
    calc = extractor._method.calc
    made: list[weakref.ref[np.ndarray]] = []

    def noting(*pictures: np.ndarray | None) -> np.ndarray:
        flow = calc(*pictures)
        made.append(weakref.ref(flow))
        return flow

    monkeypatch.setattr(extractor._method, "calc", noting)

    def pictures() -> Iterator[np.ndarray]:
        for _ in range(4):
            assert all(flow() is None for flow in made)
            yield lamp(0.0)

    assert len(list(extractor.levels(pictures(), ahead=False))) == len(made) == 3


@pytest.mark.parametrize(
    ("changes", "sure"),
    [({}, True), ({"min_duration_on": 0.2}, False), ({"confirm_down": 1.0}, False)],
)
def test_an_onset_says_whether_what_follows_may_drop_it(
    detector: Detector, changes: dict[str, float], sure: bool
) -> None:
    # set past the check: this model sees nobody get up
    detector._event_config = detector.event_config.updated(changes)
    told = [event for _, event in watch(detector, frames(0.0, SECONDS))]
    onsets = [event for event in told if isinstance(event, EventStarted)]
    assert [event.sure for event in onsets] == [sure, sure]
