"""Recordings with several video tracks: what nobody looks at is said.

In: a track of grey and one of numbers. Out: nothing but assertions.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from media.pictures import RATE, WAYS, by_file
from media.ways import served
from slipdetect.video import Frame, open_video
from slipdetect.video.live import LiveSettings, LiveVideo, live_source
from slipdetect.video.live.byte_sources import PipeSource
from synth import add_video, bars, read_code

COUNT = 5
GREY = np.full((96, 128, 3), 128, np.uint8)


def tracks(path: Path, count: int) -> Path:
    """Write a recorder's file: the first camera sees nothing, the others numbers from 0."""
    with av.open(str(path), "w") as container:
        streams = [add_video(container, GREY) for _ in range(count)]
        for index in range(COUNT):
            for number, stream in enumerate(streams):
                frame = av.VideoFrame.from_ndarray(bars(index) if number else GREY, format="rgb24")
                frame.pts, frame.time_base = index * 3600, stream.codec_context.time_base
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode())
    return path


def test_one_of_several_that_nobody_chose_is_told(tmp_path: Path) -> None:
    path = tracks(tmp_path / "two.mkv", 2)
    with open_video(path) as video:
        assert [image.image.std() < 2 for image in video.frames()] == [True] * COUNT
        assert video.report.warnings == [
            "2 video streams: only the first, 0, is looked at; --stream N (stream=N) looks at"
            " stream N, 1 is the other one"
        ]
    with open_video(tracks(tmp_path / "four.mkv", 4)) as video:
        (warning,) = video.report.warnings
        assert warning.startswith("4 video streams: only the first, 0, is looked at")
        assert warning.endswith("1 to 3 are the others")


@pytest.mark.parametrize("number", [0, 1])
def test_a_chosen_one_is_no_news(tmp_path: Path, number: int) -> None:
    with open_video(tracks(tmp_path / "two.mkv", 2), stream=number) as video:
        codes = [read_code(frame.image) for frame in video.frames()]
        assert video.report.warnings == []
    assert codes == (list(range(COUNT)) if number else [0] * COUNT)


@pytest.mark.parametrize("read", WAYS[1:])
def test_live_too(
    tmp_path: Path, read: Callable[[Path], list[Frame]], caplog: pytest.LogCaptureFixture
) -> None:
    path = tracks(tmp_path / "two.mkv", 2)
    with caplog.at_level(logging.WARNING, "slipdetect"):
        assert len(read(path)) == COUNT
    (record,) = caplog.records
    assert "2 video streams: only the first, 0, is looked at" in record.getMessage()


@pytest.mark.parametrize("way", ["pipe", "http"])
def test_a_chosen_one_live(tmp_path: Path, way: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tracks(tmp_path / "two.mkv", 2)
    with path.open("rb") as pipe, served(tmp_path) as address:
        source = PipeSource(pipe) if way == "pipe" else live_source(f"{address}/{path.name}")
        with LiveVideo(source, RATE, 96, LiveSettings(stream=1)) as video:
            items = list(iter(video.get, None))
    codes = [read_code(item.image) for item in items if isinstance(item, Frame)]
    assert codes == list(range(COUNT))
    assert caplog.records == []


def test_one_track_needs_no_choice(tmp_path: Path) -> None:
    path = tracks(tmp_path / "one.mkv", 1)
    assert len(by_file(path)) == COUNT
    with open_video(path) as video:
        assert video.report.warnings == []
