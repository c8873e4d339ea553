"""The clock on the wall beside cameras whose timestamps run slower or faster, jitter or come late.

In: moments at which pictures come, made by hand. Out: nothing but assertions.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.detection import Detector, Event, EventFinal, LiveDetection, Segment, Window
from slipdetect.sinks.live_clips import LiveClips
from slipdetect.sinks.sink import Alert
from slipdetect.types import EventConfig
from slipdetect.video import Gap
from slipdetect.video.live import LiveSettings, LiveVideo, Reconnected, Started
from slipdetect.video.live.wall_clock import DRIFT_TOLD, WallClock, drift_text, line_below

BEGAN = datetime(2025, 3, 1, 9, 15, 27, tzinfo=UTC)
RATE = 25
Arrivals = list[tuple[float, float]]


class Wall:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.set_by = timedelta(0)
        self.clock = WallClock("hall", lambda: 1000.0 + self.now, self.today)

    def today(self) -> datetime:
        return BEGAN + timedelta(seconds=self.now) + self.set_by

    def show(self, arrivals: Iterable[tuple[float, float]], begin: float = 0.0) -> None:
        """Let pictures come: the moment of each on the wall, its seconds."""
        self.clock.begin(begin)
        for moment, seconds in arrivals:
            self.now = moment
            self.clock.saw(seconds)

    def told(self, seconds: float) -> float:
        """Return when the clock says a picture came, seconds on the wall."""
        text = self.clock.time_of_day(seconds)
        assert text is not None
        return (datetime.fromisoformat(text) - BEGAN).total_seconds()


@pytest.fixture
def wall(caplog: pytest.LogCaptureFixture) -> Wall:
    caplog.set_level(logging.WARNING)
    return Wall()


def paced(length: float, speed: float = 1.0, jitter: float = 0.0, seed: int = 0) -> Arrivals:
    """Return pictures of a camera, whose timestamps go ``speed`` seconds in one; all in order."""
    chance = np.random.default_rng(seed)
    moments = np.arange(0, length, 1 / RATE)
    late = np.maximum.accumulate(moments + jitter * chance.random(len(moments)))
    return list(zip(late.tolist(), (moments * speed).tolist(), strict=True))


@pytest.mark.parametrize("speed", [0.8, 1.2])
@pytest.mark.parametrize("jitter", [0.0, 0.4])
def test_times_of_day_go_by_the_wall_and_the_drift_is_told_once(
    wall: Wall, caplog: pytest.LogCaptureFixture, speed: float, jitter: float
) -> None:
    pictures = iter(paced(42.0, speed, jitter))
    wall.clock.begin(0.0)
    checked = 0.0
    for moment, seconds in pictures:
        wall.now = moment
        wall.clock.saw(seconds)
        if moment > checked + 1.0:
            checked = moment
            looked_at = max(seconds - 3.0, 0.0)
            off = abs(wall.told(looked_at) - looked_at / speed)
            # with few pictures nobody can say more than that none came before it was there
            assert off < (1.0 if moment < 5.5 else 0.1 + jitter / 3), moment
    assert wall.clock.drift == pytest.approx(42.0 * (1 - speed), abs=0.25 + jitter)
    (record,) = caplog.records
    way = "behind" if speed < 1 else "ahead of"
    assert f"s {way} the clock on the wall; times of day go by the wall" in record.message
    assert record.message.startswith("'hall': after ")


def stalling() -> Iterator[tuple[float, float]]:
    """A network that stands still for two seconds of every seven, and jitters besides."""
    for moment, seconds in paced(120.0, jitter=0.2):
        into = moment % 7.0
        yield (moment + 2.0 - into if into < 2.0 else moment), seconds


def test_a_network_that_jitters_is_no_drift(wall: Wall, caplog: pytest.LogCaptureFixture) -> None:
    wall.clock.begin(0.0)
    for moment, seconds in stalling():
        wall.now = moment
        wall.clock.saw(seconds)
        assert abs(wall.clock.drift) < 0.2
        if moment > 8.0:
            assert abs(wall.told(seconds - 2.0) - (seconds - 2.0)) < 0.3
    assert caplog.records == []


@pytest.mark.parametrize(("held", "takes"), [(3.0, 0.1), (9.0, 2.5)], ids=["at once", "by and by"])
def test_what_was_held_back_before_the_connection_is_older_than_it(
    wall: Wall, caplog: pytest.LogCaptureFixture, held: float, takes: float
) -> None:
    count = round(held * RATE)
    burst = [(takes * k / count, k / RATE) for k in range(count)]
    after = [(takes + moment, held + seconds) for moment, seconds in paced(30.0)]
    wall.show([*burst, *after])
    assert wall.told(held) == pytest.approx(takes, abs=0.1)
    assert wall.told(held + 5.0) == pytest.approx(takes + 5.0, abs=0.1)
    assert wall.told(0.5) == pytest.approx(takes - held + 0.5, abs=0.1)
    assert wall.clock.drift == pytest.approx(0.0, abs=0.1)
    assert caplog.records == []


def test_a_burst_counts_as_its_last_picture_from_the_first_second_on(wall: Wall) -> None:
    wall.show([(0.1 * k / 75, k / RATE) for k in range(76)])
    assert wall.told(1.0) == pytest.approx(0.1 - 2.0, abs=0.01)


def test_each_connection_has_times_of_its_own_and_their_drifts_add_up(wall: Wall) -> None:
    wall.show(paced(20.0, 0.9))
    # back after 4 s, with 2 s of pictures that were held back
    after = [(24.0 + (moment if moment > 2.0 else 2.0), 22.0 + s) for moment, s in paced(20.0, 0.9)]
    wall.show(after, begin=22.0)
    assert wall.told(9.0) == pytest.approx(10.0, abs=0.1)
    assert wall.told(22.0 + 9.0) == pytest.approx(34.0, abs=0.1)
    assert wall.clock.drift == pytest.approx(4.0, abs=0.3)


def test_a_wall_that_is_set_right_counts_from_then_on(wall: Wall) -> None:
    wall.show(paced(10.0))
    wall.set_by = timedelta(hours=1)
    assert wall.told(8.0) == pytest.approx(3608.0, abs=0.05)


def test_nothing_is_told_before_the_first_picture(wall: Wall) -> None:
    assert wall.clock.time_of_day(0.0) is None
    wall.clock.begin(0.0)
    assert wall.clock.time_of_day(0.0) is None
    assert wall.clock.drift == 0.0
    assert drift_text(-2.04) == "timestamps are 2.0 s ahead of the clock on the wall"


@given(
    st.dictionaries(st.integers(0, 40), st.integers(-20, 20), min_size=5, max_size=9).map(
        lambda found: sorted((float(x), float(y)) for x, y in found.items())
    )
)
def test_the_line_is_the_nearest_of_all_that_have_no_point_below(points: Arrivals) -> None:
    def total(slope: float, height: float) -> float:
        return sum(y - slope * x - height for x, y in points)

    lines = []
    for (x0, y0), (x1, y1) in combinations(points, 2):
        slope = (y1 - y0) / (x1 - x0)
        height = y0 - slope * x0
        if all(y >= slope * x + height - 1e-9 for x, y in points):
            lines.append((slope, height))
    slope, height = line_below(points)
    assert all(y >= slope * x + height - 1e-9 for x, y in points)
    assert total(slope, height) == pytest.approx(min(total(*line) for line in lines))


class Bright:
    """The probability of a window is how bright its only frame is."""

    name, sample_fps, short_side, window, label = "bright", 10.0, 48, 0.1, "slip"

    def windows(self, segment: Segment) -> Iterator[Window]:
        for frame in segment:
            yield Window(frame.time, frame.time, float(frame.image.mean() > 128))


class Paced:
    """A camera without end whose pictures come by a clock that is set by hand, each by itself.

    Args:
        wall: Set to when a picture comes as soon as that is asked for.
        pictures: Brightness of each.
        speed: Seconds of its timestamps in one of the wall.
        held: Pictures that are there when the connection is made.
        pause: Seconds on the wall after which it can be connected again.
        asleep: A picture, and seconds that go by on the wall before it is asked for.
        timed: Its timestamps mean something.
    """

    name = "paced"

    def __init__(
        self,
        wall: Wall,
        pictures: list[int],
        speed: float,
        held: int = 0,
        pause: float | None = None,
        asleep: tuple[int, float] = (0, 0.0),
        timed: bool = True,
    ) -> None:
        self.again = pause is not None
        self.timed = timed
        self._asleep = asleep
        self._wall = wall
        self._speed = speed
        self._held = held
        self._pause = pause
        self._film = list(enumerate(_packets(pictures)))
        self._opened: float | None = None

    def open(self, settings: LiveSettings) -> InputContainer:
        again = self._opened is not None
        self._opened = self._wall.now + (self._pause or 0.0 if again else 0.0)
        self._chunks = iter(self._film)
        return av.open(self, "r", format="mpegts", options={"probesize": "32"})

    def waits(self, container: InputContainer) -> bool:
        return False

    def read(self, size: int) -> bytes:
        index, data = next(self._chunks, (None, b""))
        if index is not None:
            moment = max(index - self._held, 0) / RATE / self._speed
            slept = self._asleep[1] if index >= self._asleep[0] else 0.0
            self._wall.now = (self._opened or 0.0) + moment + slept
        return data


def _packets(pictures: list[int]) -> Iterator[bytes]:
    """Yield what is written of each picture as MPEG-TS."""
    target = io.BytesIO()
    with av.open(target, "w", format="mpegts", options={"flush_packets": "1"}) as container:
        stream = container.add_stream(
            "libx264", rate=RATE, options={"preset": "ultrafast", "tune": "zerolatency"}
        )
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for value in pictures:
            frame = av.VideoFrame.from_ndarray(
                np.full((48, 64, 3), value, np.uint8), format="rgb24"
            )
            container.mux(stream.encode(frame))
            yield target.getvalue()
            target.seek(0)
            target.truncate()


@pytest.mark.parametrize(
    ("speed", "held"), [(0.8, 0), (1.2, 0), (1.0, 75)], ids=["slow", "fast", "held back"]
)
def test_events_keep_the_seconds_of_the_camera_and_clips_are_named_by_the_wall(
    wall: Wall, tmp_path: Path, speed: float, held: int
) -> None:
    fall = (20.0, 21.0)
    bright = [240 if fall[0] <= k / RATE < fall[1] else 10 for k in range(24 * RATE)]
    clips = LiveClips(tmp_path, margin=0.2)
    source = Paced(wall, bright, speed, held)
    with LiveVideo(source, 10.0, 48, LiveSettings(max_lag=60.0), clips.keep("hall")) as video:
        video.wall = wall.clock
        live = LiveDetection(Detector(Bright(), EventConfig(0.5, 0.5)), video)
        for each in live.events():
            if isinstance(each, Started):
                clips.live_event("hall", each, BEGAN)
            if isinstance(each, EventFinal):
                event = each.event
                clips.event(Alert("hall", "bright", event))
    clips.__exit__(None, None, None)
    assert isinstance(event, Event)
    assert event.start == pytest.approx(fall[0], abs=0.1)
    assert event.end == pytest.approx(fall[1], abs=0.1)
    came = (event.start - held / RATE) / speed
    assert event.time_of_day is not None
    told = (datetime.fromisoformat(event.time_of_day) - BEGAN).total_seconds()
    assert told == pytest.approx(came, abs=0.1)
    moment = datetime.fromisoformat(event.time_of_day)
    name = f"hall-{moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03d}Z.mp4"
    assert [path.name for path in clips.made] == [name]
    expected = (24.0 - held / RATE) / speed - (24.0 - held / RATE)
    assert live.summary().drift == pytest.approx(expected, abs=0.25)
    assert (abs(expected) > DRIFT_TOLD) == (speed != 1.0)


@pytest.mark.parametrize("speed", [0.8, 1.2])
def test_a_gap_is_as_long_as_on_the_wall_whatever_timestamps_do(wall: Wall, speed: float) -> None:
    source = Paced(wall, [10] * 24 * RATE, speed, pause=6.0)
    settings = LiveSettings(first_wait=0.01, longest_wait=0.01, max_lag=60.0)
    with LiveVideo(source, 10.0, 48, settings) as video:
        video.wall = wall.clock
        while not isinstance(note := video.get(), Reconnected):
            assert note is not None
    assert note.gap == pytest.approx(6.0, abs=0.4)
    assert note.at == pytest.approx(24.0 + 6.0, abs=0.4)


def test_a_machine_that_slept_leaves_a_gap_in_pictures_that_are_timed_as_they_come(
    wall: Wall, tmp_path: Path
) -> None:
    """As those of MJPEG by HTTP are; the camera knows nothing of it, so the connection stays."""
    fall = (9.0, 10.0)
    bright = [240 if fall[0] <= k / RATE < fall[1] else 10 for k in range(12 * RATE)]
    source = Paced(wall, bright, 1.0, asleep=(4 * RATE, 60.0), timed=False)
    clips = LiveClips(tmp_path, margin=0.2)
    told = []
    with LiveVideo(source, 10.0, 48, LiveSettings(max_lag=60.0), clips.keep("hall")) as video:
        video.wall = wall.clock
        live = LiveDetection(Detector(Bright(), EventConfig(0.5, 0.5)), video)
        for each in live.events():
            told.append(each)
            if isinstance(each, EventFinal):
                clips.event(Alert("hall", "bright", each.event))
    clips.__exit__(None, None, None)
    (gap,) = [each for each in told if isinstance(each, Gap)]
    assert (gap.start, gap.end) == (pytest.approx(4.0, abs=0.3), pytest.approx(64.0, abs=0.3))
    (found,) = [each.event for each in told if isinstance(each, EventFinal)]
    assert found.start == pytest.approx(69.0, abs=0.2)
    assert found.time_of_day is not None
    at = (datetime.fromisoformat(found.time_of_day) - BEGAN).total_seconds()
    assert at == pytest.approx(69.0, abs=0.2)
    assert (len(clips.made), clips.missing) == (1, [])
    assert live.summary().achieved_fps == pytest.approx(10.0, abs=0.5)
