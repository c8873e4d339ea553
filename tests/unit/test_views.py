"""One pass over a video for many: who sees which frames, and what becomes of those that fail.

In: a tiny video with numbered frames. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slipdetect.errors import OutputError, VideoError
from slipdetect.video import Frame, Moment, Recording, Video, VideoInfo, View, open_video, show
from synth import make_video, read_code

RATE = 10.0
COUNT = 30


class Seen(View):
    """Keeps the frames that it is given, and in ``log`` when it was open."""

    def __init__(
        self,
        start: float = 0.0,
        end: float = math.inf,
        short_side: int | None = None,
        log: list[str] | None = None,
    ) -> None:
        self.start, self.end, self.short_side = start, end, short_side
        self.log = [] if log is None else log
        self.frames: list[Frame] = []

    @contextmanager
    def opened(self, info: VideoInfo) -> Iterator[None]:
        self.log.append(f"open {self.start:g} of {Path(info.source).name}")
        try:
            yield
        finally:
            self.log.append(f"close {self.start:g}")

    def take(self, frame: Frame) -> None:
        self.frames.append(frame)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(make_video(tmp_path_factory.mktemp("v") / "in.mp4", count=COUNT, rate=RATE).path)


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times of all frames that videos give."""
    times: list[float] = []
    timed = Video.timed

    def counted(self: Video) -> Iterator[tuple[float, object]]:
        for time, frame in timed(self):
            times.append(time)
            yield time, frame

    monkeypatch.setattr(Video, "timed", counted)
    return times


def test_each_view_has_the_frames_of_its_stretch_in_its_size(numbered: str) -> None:
    stretches = [(0.0, math.inf, None), (0.95, 1.2, 48), (1.2, 1.6, None), (2.75, 9.0, 32)]
    views = [Seen(*stretch) for stretch in stretches]
    show(numbered, views)
    for view, (start, end, short_side) in zip(views, stretches, strict=True):
        wanted = [i for i in range(COUNT) if start - 1e-6 <= i / RATE <= end + 1e-6]
        assert [read_code(frame.image) for frame in view.frames] == wanted
        with open_video(numbered) as video:
            alone = [f for f in video.frames(short_side=short_side) if start <= f.time <= end]
        for one, two in zip(view.frames, alone, strict=True):
            assert one.time == two.time
            np.testing.assert_array_equal(one.image, two.image)


def test_a_frame_is_converted_once_a_size(numbered: str) -> None:
    one, two, small = Seen(), Seen(0.5), Seen(0.0, math.inf, 32)
    show(numbered, [one, two, small])
    assert one.frames[5].image is two.frames[0].image
    assert small.frames[5].image.shape == (32, 42, 3)


def test_reading_ends_behind_the_last_stretch(numbered: str, decoded: list[float]) -> None:
    show(numbered, [Seen(0.5, 0.7), Seen(0.0, 1.05)])
    assert decoded == pytest.approx([i / RATE for i in range(12)])


def test_a_view_is_open_no_longer_than_it_sees_something(numbered: str) -> None:
    log: list[str] = []
    show(numbered, [Seen(2.0, 2.5, log=log), Seen(0.0, 0.5, log=log), Seen(9.0, 9.5, log=log)])
    each = [[f"open {start} of in.mp4", f"close {start}"] for start in (0, 2, 9)]
    assert log == [*each[0], *each[1], *each[2]]


def test_one_that_fails_stops_no_other(numbered: str, tmp_path: Path) -> None:
    class Bad(Seen):
        def take(self, frame: Frame) -> None:
            raise OutputError(f"no room at {frame.time}")

    there = tmp_path / "there.mp4"
    there.write_text("mine")
    bad, kept, good = Bad(0.5), Recording(there, None), Recording(tmp_path / "new.mp4", None)
    show(numbered, [bad, kept, good])
    assert str(bad.error) == "no room at 0.5"
    assert "exists already" in str(kept.error)
    assert there.read_text() == "mine"
    assert good.error is None
    with open_video(good.target) as video:
        assert len(list(video.frames())) == COUNT


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_what_is_half_written_goes_when_all_ends(
    numbered: str, tmp_path: Path, error: type[BaseException]
) -> None:
    class Stopped(Seen):
        def take(self, frame: Frame) -> None:
            raise error

    with pytest.raises(error):
        show(numbered, [Recording(tmp_path / "o.mp4", None), Stopped(1.0)])
    assert list(tmp_path.iterdir()) == []


def test_a_video_that_is_gone_fails_all(tmp_path: Path) -> None:
    views = [Seen(), Seen(3.0)]
    show(str(tmp_path / "gone.mp4"), views)
    assert [type(view.error) for view in views] == [VideoError, VideoError]
    assert views[0].log == []
    show("gone.mp4", [])  # nobody looks, so nothing is opened


def test_a_change_reaches_every_view_and_costs_nothing_where_nobody_looks(numbered: str) -> None:
    changed: list[tuple[float, int | None]] = []

    def inverted(moments: Iterator[Moment]) -> Iterator[Moment]:
        for moment in moments:

            def at(size: int | None, moment: Moment = moment) -> Frame:
                changed.append((moment.time, size))
                frame = moment.at(size)
                return replace(frame, image=255 - frame.image)

            yield Moment(moment.time, at)

    stretches = [(1.0, 1.2, 48), (2.0, 2.1, None)]
    plain, views = ([Seen(*stretch) for stretch in stretches] for _ in range(2))
    show(numbered, plain)
    show(numbered, views, inverted)
    for one, two in zip(plain, views, strict=True):
        assert [frame.time for frame in one.frames] == [frame.time for frame in two.frames]
        for before, after in zip(one.frames, two.frames, strict=True):
            np.testing.assert_array_equal(after.image, 255 - before.image)
    assert changed == [(frame.time, view.short_side) for view in views for frame in view.frames]
