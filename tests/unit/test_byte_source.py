"""Video as bytes: a pipe that is left while somebody still reads it, a file that ends.

In: pipes and files. Out: nothing but assertions.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pytest

from slipdetect.errors import VideoError
from slipdetect.video.live import LiveSettings, LiveVideo
from slipdetect.video.live.byte_sources import FollowedFile, PipeSource
from slipdetect.video.live.newest_frames import Started
from slipdetect.video.live.wall_clock import WallClock
from synth import make_video

LEAVE = """
import sys, threading, time
from slipdetect.video.live.byte_sources import _Some
some = _Some(sys.stdin.buffer)
print(some.read(2), some.read(10), flush=True)
threading.Thread(target=some.read, args=(10,), daemon=True).start()
time.sleep(0.2)
"""


def test_a_program_can_end_while_a_thread_waits_for_standard_input() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", LEAVE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(b"video")
    process.stdin.flush()
    code = process.wait(60)
    process.stdin.close()
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.stdout.read().split() == [b"b'vi'", b"b'deo'"]
    assert code == 0


def test_a_pipe_that_lets_nobody_wait_is_waited_for(tmp_path: Path) -> None:
    data = make_video(tmp_path / "film.ts", count=25).path.read_bytes()
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    def write() -> None:
        time.sleep(0.2)
        with os.fdopen(writing, "wb") as stream:
            stream.write(data)

    writer = threading.Thread(target=write)
    writer.start()
    with (
        os.fdopen(reading, "rb") as stream,
        LiveVideo(PipeSource(stream), 25.0, 48, LiveSettings()) as video,
    ):
        items = list(iter(video.get, None))
    writer.join()
    assert len(items) == 26


class Breaking:
    """A stream that breaks off as a terminal or a network share does."""

    def __init__(self, data: bytes) -> None:
        self._left = data

    def read(self, size: int) -> bytes:
        data, self._left = self._left[:size], self._left[size:]
        if not data:
            raise OSError(5, "Input/output error")
        return data


def test_a_stream_that_breaks_off_says_so(tmp_path: Path) -> None:
    film = Breaking(make_video(tmp_path / "film.ts", count=250).path.read_bytes())
    source = PipeSource(cast("BinaryIO", film))
    with (
        LiveVideo(source, 25.0, 48, LiveSettings()) as video,
        pytest.raises(VideoError, match=r"'standard input' broke off at .* input/output"),
    ):
        list(iter(video.get, None))


def test_a_file_that_does_not_grow_ends_after_one_stall(tmp_path: Path) -> None:
    path = make_video(tmp_path / "film.ts", count=25).path
    begin = time.monotonic()
    with LiveVideo(FollowedFile(str(path)), 25.0, 48, LiveSettings(read_timeout=0.5)) as video:
        items = list(iter(video.get, None))
    assert isinstance(items[0], Started)
    assert len(items) == 26
    assert 0.5 <= time.monotonic() - begin < 2.0


def test_frames_at_one_tick_of_the_clock_have_no_rate(tmp_path: Path) -> None:
    path = make_video(tmp_path / "film.ts", count=5).path
    with LiveVideo(FollowedFile(str(path)), 25.0, 48, LiveSettings(read_timeout=0.1)) as video:
        video.wall = WallClock("film", now=lambda: 5.0)
        assert len(list(iter(video.get, None))) == 6
        assert video.fps == 0.0


def test_mp4_with_its_index_at_the_end_cannot_be_followed(tmp_path: Path) -> None:
    # more than what FFmpeg holds of a file that it cannot seek in
    noise = list(np.random.default_rng(0).integers(0, 256, (40, 96, 128, 3), np.uint8))
    path = make_video(tmp_path / "film.mp4", noise).path
    assert path.stat().st_size > 200_000
    settings = LiveSettings(read_timeout=0.1)
    with (
        LiveVideo(FollowedFile(str(path)), 25.0, 48, settings) as video,
        pytest.raises(VideoError, match="MP4 that is not complete"),
    ):
        video.get()
