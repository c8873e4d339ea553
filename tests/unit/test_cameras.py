"""Live sources in threads: ends, successors, states; fewer snippets, and how much later events are.

In: sources of this machine. Out: nothing but assertions.
"""

from __future__ import annotations

import io
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from av.container import InputContainer

from slipdetect.detection import (
    Detector,
    EventFinal,
    EventStarted,
    LiveDetection,
    Segment,
    Window,
    WindowScorer,
)
from slipdetect.detection.cameras import Camera, Cameras, Ended, Told
from slipdetect.errors import PackageError, VideoError
from slipdetect.types import EventConfig
from slipdetect.video import DecodeReport, Frame, open_video
from slipdetect.video.live import LiveSettings, Started
from slipdetect.video.live.byte_sources import PipeSource
from slipdetect.video.live.newest_frames import Item
from slipdetect.video.live.wall_clock import WallClock
from synth import make_video
from tiny_package import write_tiny_package

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"


class Bright(WindowScorer):
    """The probability of a window is how bright its only frame is."""

    name, sample_fps, short_side = "bright", 10.0, 48

    def windows(self, segment: Segment) -> Iterator[Window]:
        for frame in segment:
            if 70 < frame.image.mean() < 85:
                raise RuntimeError("a fault of this camera alone")
            yield Window(frame.time, frame.time, float(frame.image.mean() > 128))


DETECTOR = Detector(Bright(), EventConfig(0.5, 0.5))


class Broken:
    """A source that cannot be opened."""

    name, again, timed = "broken", True, True

    def open(self, settings: LiveSettings) -> InputContainer:
        raise VideoError("'broken' is off")

    def waits(self, container: InputContainer) -> bool:
        return False


def film(folder: Path, values: list[int]) -> bytes:
    pictures = [np.full((48, 64, 3), value, np.uint8) for value in values]
    return make_video(
        folder / f"{values[0]}-{len(values)}.ts", pictures, rate=10.0
    ).path.read_bytes()


def camera(name: str, data: bytes, **settings: float) -> Camera:
    source = PipeSource(io.BytesIO(data), name)
    return Camera(name, source, DETECTOR, LiveSettings(**settings))


def told(cameras: Cameras) -> list[Told]:
    return [each for each in cameras.events(0.1) if each is not None]


def ends(found: list[Told]) -> dict[str, Ended]:
    return {each.camera: each.what for each in found if isinstance(each.what, Ended)}


@pytest.mark.parametrize("turns", [None, 1])
def test_each_camera_tells_its_own_in_order(tmp_path: Path, turns: int | None) -> None:
    falls = film(tmp_path, [10] * 5 + [240] * 8 + [10] * 12)
    quiet = film(tmp_path, [10] * 20)
    with Cameras(turns=turns) as cameras:
        cameras.add(camera("falls", falls))
        cameras.add(camera("quiet", quiet))
        found = told(cameras)
        states = {state.name: state for state in cameras.states()}
    kinds = [type(each.what) for each in found if each.camera == "falls"]
    assert kinds == [Started, EventStarted, EventFinal, Ended]
    assert [type(each.what) for each in found if each.camera == "quiet"] == [Started, Ended]
    assert [each.at for each in found] == sorted(each.at for each in found)
    for name, count in (("falls", 25), ("quiet", 20)):
        state = states[name]
        assert (state.state, state.tries, state.summary.frames) == ("ended", 0, count)
        assert [moment for moment, _ in state.windows] == pytest.approx(np.arange(count) / 10)
        assert ends(found)[name].why == "end"
    (event,) = [each.what.event for each in found if isinstance(each.what, EventFinal)]
    assert event.start == pytest.approx(0.45)


@pytest.mark.parametrize("turns", [None, 1])
def test_a_fault_in_one_camera_ends_that_camera_only(tmp_path: Path, turns: int | None) -> None:
    with Cameras(turns=turns) as cameras:
        cameras.add(camera("bad", film(tmp_path, [240] * 8 + [77] * 12)))
        cameras.add(camera("good", film(tmp_path, [10] * 20)))
        found = told(cameras)
    end = ends(found)
    assert (end["bad"].why, str(end["bad"].error)) == ("lost", "a fault of this camera alone")
    assert (end["good"].why, end["good"].summary.sampled) == ("end", 20)
    # what was open is not lost with it
    (event,) = [each.what.event for each in found if isinstance(each.what, EventFinal)]
    assert event.interrupted


class Reads(WindowScorer):
    """Takes of every segment what ``choose`` leaves of it, before it gives a window."""

    name, sample_fps, short_side = "reads", 10.0, 48

    def __init__(self, choose: Callable[[Iterator[Frame]], list[Frame]]) -> None:
        self._choose = choose

    def windows(self, segment: Segment) -> Iterator[Window]:
        for frame in self._choose(segment):
            yield Window(frame.time, frame.time, 0.0)


def in_a_thread(frames: Iterator[Frame]) -> list[Frame]:
    found: list[Frame] = []
    thread = threading.Thread(target=lambda: found.extend(frames))
    thread.start()
    thread.join()
    return found


def test_no_turn_is_lost_or_kept_whatever_scorers_take_and_however_cameras_end(
    tmp_path: Path,
) -> None:
    class Unread(PipeSource):
        def waits(self, container: InputContainer) -> bool:
            return False

    quiet = film(tmp_path, [10] * 20)
    silent, told_to_go_on = threading.Semaphore(0), threading.Event()

    class Silent(io.BytesIO):
        def __init__(self, data: bytes) -> None:
            super().__init__(data)
            self.rounds = iter(range(20))

        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data and next(self.rounds, None) is not None:
                self.seek(0)  # more than a test of the stream reads
                return self.read(size)
            if not data:
                silent.release()
                told_to_go_on.wait(20)
            return data

    choices: dict[str, Callable[[Iterator[Frame]], list[Frame]]] = {
        "none": lambda frames: [],
        "first": lambda frames: list(islice(frames, 1)),
        "all": list,
        "thread": in_a_thread,
    }
    with Cameras(turns=1) as cameras:
        for name in ("replaced", "removed"):
            source = PipeSource(Silent(quiet), name)
            cameras.add(Camera(name, source, DETECTOR, LiveSettings()))
        assert silent.acquire(timeout=20)
        assert silent.acquire(timeout=20)
        until = time.monotonic() + 20
        while any(run.video.waiting for run in cameras._runs.values()):
            assert time.monotonic() < until
            time.sleep(0.01)
        for name, choose in choices.items():
            source = Unread(io.BytesIO(quiet), name)
            cameras.add(Camera(name, source, Detector(Reads(choose)), LiveSettings(max_lag=60)))
        cameras.add(camera("fails", film(tmp_path, [77] * 20)))
        found: list[Told] = []
        for each in cameras.events(0.1):
            found += [] if each is None else [each]
            # the two that wait for pictures have no turn meanwhile
            if each is not None and {*ends(found)} == {*choices, "fails"}:
                cameras.add(camera("replaced", quiet))
                cameras.remove("removed")
            assert time.monotonic() < until, sorted(ends(found))
        told_to_go_on.set()
        assert cameras._turns is not None
        assert cameras._turns._free == 1
    ended = [(each.camera, each.what) for each in found if isinstance(each.what, Ended)]
    assert sorted((name, end.why) for name, end in ended) == [
        ("all", "end"),
        ("fails", "lost"),
        ("first", "end"),
        ("none", "end"),
        ("removed", "interrupted"),
        ("replaced", "end"),
        ("replaced", "interrupted"),
        ("thread", "end"),
    ]
    assert all(end.summary.sampled for _, end in ended if end.why == "interrupted")
    assert {name: end.summary.sampled for name, end in ended if name in choices} == dict.fromkeys(
        choices, 20
    )


def test_a_camera_that_takes_the_place_of_another_begins_when_that_is_over(tmp_path: Path) -> None:
    broken = Camera("door", Broken(), DETECTOR, LiveSettings(retries=None, first_wait=0.05))
    with Cameras() as cameras:
        cameras.add(broken)
        for _ in range(100):
            (state,) = cameras.states()
            if state.tries > 1:
                break
            time.sleep(0.02)
        assert (state.state, state.fps, state.silent_for) == ("connecting", 0.0, None)
        cameras.add(camera("door", film(tmp_path, [10] * 20)))
        found = told(cameras)
    assert [type(each.what) for each in found] == [Ended, Started, Ended]
    assert [each.what.why for each in found if isinstance(each.what, Ended)] == [
        "interrupted",
        "end",
    ]


def test_an_end_from_outside_tells_what_is_open(tmp_path: Path) -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            data = super().read(size)
            if not data:
                time.sleep(0.05)
                self.seek(0)
                return self.read(size)
            return data

    source = PipeSource(Endless(film(tmp_path, [240] * 20)), "long")
    with Cameras() as cameras:
        cameras.add(Camera("long", source, DETECTOR, LiveSettings()))
        found: list[Told] = []
        for each in cameras.events(0.1):
            if each is not None:
                found.append(each)
                if isinstance(each.what, EventStarted):
                    cameras.stop()
    assert found[-1].what.why == "interrupted"
    assert isinstance(found[-2].what, EventFinal)
    assert found[-2].what.event.interrupted


class Script:
    """Stands in for ``LiveVideo`` and knows the time of its last frame."""

    name = "script"
    dropped = reconnects = waiting = 0
    longest_lag = 0.0
    wall = WallClock("script")

    def __init__(self, frames: list[Frame]) -> None:
        self.report = DecodeReport()
        self.now = 0.0
        self._frames = iter(frames)

    def get(self) -> Item | None:
        frame = next(self._frames, None)
        self.now = self.now if frame is None else frame.time
        return frame


def test_fewer_snippets_are_computed_and_onsets_come_at_most_half_a_second_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    detector = Detector.load("default", device="cpu")
    scorer = detector.tsn
    with open_video(EXAMPLE) as video:
        frames = list(video.frames(scorer.sample_fps, scorer.short_side))
    computed = 0
    logits = scorer.networks.engine.logits

    def counted(modality: str, images: list[np.ndarray]) -> np.ndarray:
        nonlocal computed
        computed += len(images)
        return logits(modality, images)

    monkeypatch.setattr(scorer.networks.engine, "logits", counted)
    results = []
    for sparse in (False, True):
        computed, video = 0, Script(frames)
        live = LiveDetection(detector, video, sparse)
        notes = [(video.now, note) for note in live.events()]
        onsets = [now for now, note in notes if isinstance(note, EventStarted)]
        events = [note.event for _, note in notes if isinstance(note, EventFinal)]
        results.append((computed, onsets, events))
    (all_of_them, (soon,), (event,)), (some, (later,), (same,)) = results
    assert some < 0.9 * all_of_them
    assert soon <= later <= soon + 0.5
    assert abs(event.start - same.start) <= 0.2
    assert abs(event.end - same.end) <= 0.2


def test_another_calibration_of_the_same_networks(tmp_path: Path) -> None:
    """Thresholds and probabilities are the calibrated package's, the networks are shared."""
    first = write_tiny_package(tmp_path / "first")
    other = tmp_path / "calibrated"
    shutil.copytree(first, other)
    data = json.loads((other / "model.json").read_text())
    data["calibration"]["bias"] = 2.0
    data["events"]["onset"] = 0.8
    (other / "model.json").write_text(json.dumps(data))
    base = Detector.load(first, "cpu")
    mine = base.again({"min_duration_on": 0.3}, calibration=other)
    assert mine.tsn.networks.engine is base.tsn.networks.engine
    assert (mine.event_config.onset, mine.event_config.min_duration_on) == (0.8, 0.3)
    results = [each.detect(EXAMPLE, max_duration=1.0).windows for each in (base, mine)]
    for before, after in zip(*results, strict=True):
        odds = np.log(before.probability / (1 - before.probability)) + 2.0
        assert after.probability == pytest.approx(1 / (1 + np.exp(-odds)), rel=1e-5)
    assert base.again({"onset": 0.9}).scorer is base.scorer
    with pytest.raises(PackageError, match="no calibration of the model 'tiny'"):
        base.again(calibration="default")


def test_a_camera_that_is_removed_is_forgotten_and_one_that_is_lost_is_known(
    tmp_path: Path,
) -> None:
    broken = Camera("dead", Broken(), DETECTOR, LiveSettings(retries=0))
    waits = Camera("gone", Broken(), DETECTOR, LiveSettings(retries=None, first_wait=0.05))
    with Cameras() as cameras:
        cameras.add(broken)
        cameras.add(waits)
        for each in cameras.events(0.1):
            if each is not None and each.camera == "dead":
                cameras.remove("gone")
        assert cameras.lost == ["dead"]
        assert [state.name for state in cameras.states()] == ["dead"]
        cameras.add(camera("dead", film(tmp_path, [10] * 20)))  # tried anew
        assert [each.what.why for each in told(cameras) if isinstance(each.what, Ended)] == ["end"]
        assert cameras.lost == []
        cameras.remove("dead")
        assert cameras.states() == []
