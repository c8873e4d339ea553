"""What a camera sends waits as it came, however slow whoever decodes it is.

In: drawn video. Out: nothing but assertions.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import av
import numpy as np
import pytest
from av.container import InputContainer

from slipdetect.video import Frame
from slipdetect.video.live import LiveSettings, LiveVideo, Skipped, live_source, packets
from slipdetect.video.live.packets import WaitingPackets
from stream_server import camera_server
from synth import make_video, scene


def walk(moment: float) -> np.ndarray:
    """The picture of a camera."""
    return scene("walk", moment, 64, 48)


@pytest.fixture
def container(tmp_path: Path) -> Iterator[InputContainer]:
    with av.open(make_video(tmp_path / "film.ts", count=20).path) as opened:
        yield opened


def until(true: Callable[[], object], seconds: float = 5.0) -> None:
    """Wait until something is true."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.005)
    assert true()


def test_packets_are_read_though_nobody_decodes_and_say_when_they_came(
    container: InputContainer,
) -> None:
    clock = count(100.0, 1.0)
    waiting = WaitingPackets(container, container.streams.video[0], lambda: next(clock), print)
    handed = iter(waiting)
    first = next(handed)
    until(lambda: waiting.heard >= 119.0)
    assert waiting.came == 101.0
    rest = list(handed)
    stamps = [each.dts for each in (first, *rest) if each.size]
    assert stamps == sorted(stamps)
    assert len(stamps) == 20
    assert waiting.came == waiting.heard
    waiting.close()


def test_what_finds_no_room_is_told_and_waits_in_the_source(
    container: InputContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packets, "ROOM", 1)
    told: list[str] = []
    waiting = WaitingPackets(
        container, container.streams.video[0], time.monotonic, lambda: told.append("full")
    )
    handed = iter(waiting)
    next(handed)
    until(lambda: told)
    assert len([each for each in handed if each.size]) == 19
    waiting.close()


def test_closing_ends_a_reader_that_has_no_room(
    container: InputContainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packets, "ROOM", 1)
    waiting = WaitingPackets(container, container.streams.video[0], time.monotonic, print)
    next(iter(waiting))
    closing = threading.Thread(target=waiting.close)
    closing.start()
    closing.join(5)
    assert not closing.is_alive()


class Breaking:
    """A file that cannot be read beyond its first half."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        self._data = data[: len(data) // 2]

    def read(self, size: int) -> bytes:
        part, self._data = self._data[:size], self._data[size:]
        if not part:
            raise OSError("unplugged")
        return part


def test_what_ended_reading_is_raised_behind_the_last_packet(tmp_path: Path) -> None:
    path = make_video(tmp_path / "film.ts", count=200).path
    with av.open(Breaking(path), format="mpegts", options={"probesize": "5000"}) as container:
        waiting = WaitingPackets(container, container.streams.video[0], time.monotonic, print)
        handed = iter(waiting)
        assert len([next(handed) for _ in range(10)]) == 10
        with pytest.raises(OSError, match="unplugged"):
            list(handed)
        waiting.close()


def test_who_stops_for_a_while_misses_nothing_and_holds_few_pictures() -> None:
    settings = LiveSettings(max_duration=2.2)
    with camera_server(walk) as camera:
        source = live_source(f"http://{camera.place}/ts")
        with LiveVideo(source, 10.0, 48, settings) as video:
            video.get()
            time.sleep(1.5)
            held, silent = video.waiting, video.silent_for
            items = list(iter(video.get, None))
    assert held == 5
    # it is not the camera that was silent
    assert silent is not None
    assert silent < 0.5
    times = [each.time for each in items if isinstance(each, Frame)]
    assert video.dropped == 0
    assert times == pytest.approx([k / 10 for k in range(22)], abs=0.02)
    assert 1.0 < video.longest_lag < 2.5


def test_a_source_too_large_to_wait_loses_what_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packets, "ROOM", 300)
    with camera_server(walk) as camera:
        source = live_source(f"http://{camera.place}/ts")
        with LiveVideo(source, 10.0, 48, LiveSettings(max_duration=2.2)) as video:
            video.get()
            time.sleep(1.5)
            items = list(iter(video.get, None))
    lost = sum(item.frames for item in items if isinstance(item, Skipped))
    assert lost == video.dropped > 0
