"""Clips of events: the right frames, in files that play, never over what is there.

In: tiny videos with numbered frames. Out: nothing but assertions.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.detection import Event
from slipdetect.errors import OutputError, SlipdetectError, VideoError
from slipdetect.sinks.clip_views import ClipView, clip_spans, write_clips
from slipdetect.video import open_video
from synth import make_video, read_code

RATE = 10.0
COUNT = 200


def written(clips: list[ClipView]) -> list[Path]:
    return [clip.target for clip in clips if clip.error is None]


def failed(clips: list[ClipView]) -> list[SlipdetectError]:
    return [clip.error for clip in clips if clip.error is not None]


def event(start: float, end: float) -> Event:
    return Event(start, end, (start + end) / 2, 0.9)


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    return make_video(folder / "in.mp4", count=COUNT, rate=RATE).path


def read(path: Path) -> list[tuple[float, int]]:
    with open_video(path) as video:
        return [(frame.time, read_code(frame.image)) for frame in video.frames()]


stretches = st.lists(st.tuples(st.floats(0, 100), st.floats(0, 5)), max_size=12)


@given(stretches, st.floats(0, 10))
def test_spans_are_the_union_and_apart(pairs: list[tuple[float, float]], margin: float) -> None:
    events = [event(start, start + length) for start, length in pairs]
    spans = clip_spans(events, margin)
    for one, two in pairwise(spans):
        assert one.end < two.start
    for each in events:
        around = [s for s in spans if s.start <= each.start and each.end <= s.end]
        assert len(around) == 1
        assert around[0].start <= max(each.start - margin, 0.0)
        assert around[0].end >= each.end + margin
    edges = {max(e.start - margin, 0.0) for e in events}, {e.end + margin for e in events}
    assert all(span.start in edges[0] and span.end in edges[1] for span in spans)
    assert all(span.first in {e.start for e in events} for span in spans)


def test_each_event_has_its_frames_in_a_file_that_plays(tmp_path: Path, numbered: Path) -> None:
    events = [event(0.5, 1.0), event(8.0, 9.0), event(9.5, 10.0), event(19.0, 19.8)]
    clips = write_clips(str(numbered), events, tmp_path / "new" / "in", margin=1.0)
    assert failed(clips) == []
    names = ["in-00-00-00.500.mp4", "in-00-00-08.000.mp4", "in-00-00-19.000.mp4"]
    assert [path.name for path in written(clips)] == names
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == names
    for path, (start, end) in zip(
        written(clips), [(0.0, 2.0), (7.0, 11.0), (18.0, 99.0)], strict=True
    ):
        wanted = [i for i in range(COUNT) if start - 1e-6 <= i / RATE <= end + 1e-6]
        found = read(path)
        assert [code for _, code in found] == wanted
        assert [time for time, _ in found] == pytest.approx(
            [(i - wanted[0]) / RATE for i in wanted], abs=1e-3
        )
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")


def test_one_clip_that_is_there_stops_no_other(tmp_path: Path, numbered: Path) -> None:
    there = tmp_path / "in-00-00-08.000.mp4"
    there.write_text("mine")
    events = [event(1.0, 1.5), event(8.0, 8.5), event(15.0, 15.5)]
    clips = write_clips(str(numbered), events, tmp_path / "in", margin=0.5)
    assert [path.name[-10:-4] for path in written(clips)] == ["01.000", "15.000"]
    (error,) = failed(clips)
    assert isinstance(error, OutputError)
    assert "exists already" in str(error)
    assert there.read_text() == "mine"
    again = write_clips(
        str(numbered), events[1:2], tmp_path / "in", margin=0.5, overwrite=lambda path: True
    )
    assert [code for _, code in read(written(again)[0])] == list(range(75, 91))


def test_reading_settings_hold_for_clips_too(tmp_path: Path, numbered: Path) -> None:
    # by its own times the video has no frame behind 20 s; at 5 a second it has
    clips = write_clips(
        str(numbered), [event(30.0, 31.0)], tmp_path / "in", margin=1.0, frame_rate=5.0
    )
    assert [code for _, code in read(written(clips)[0])] == list(range(145, 161))


def test_what_cannot_be_shown_is_an_error_for_each_clip(tmp_path: Path, numbered: Path) -> None:
    late = [event(50.0, 51.0), event(90.0, 91.0)]
    clips = write_clips(str(numbered), late, tmp_path / "in", margin=1.0)
    assert [type(error) for error in failed(clips)] == [VideoError, VideoError]
    assert "shows no frame from 49.00 s to 52.00 s" in str(failed(clips)[0])
    missing = write_clips(str(tmp_path / "gone.mp4"), late, tmp_path / "in", margin=1.0)
    assert len(failed(missing)) == 2
    assert list(tmp_path.iterdir()) == []


def test_nothing_found_opens_nothing(tmp_path: Path) -> None:
    assert write_clips("gone.mp4", [], tmp_path / "no" / "in") == []
    assert list(tmp_path.iterdir()) == []
