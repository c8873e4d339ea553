"""The decoder ends well where PyAV's reading ends badly.

In: a tiny video, and a container that reads as PyAV does where a stream turns up late. Out: nothing
but assertions.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av

from slipdetect.video import DecodeReport
from slipdetect.video.decoder import FrameDecoder
from synth import make_video


class LateStream:
    """A container whose end PyAV cannot flush, since its file has more streams than it had."""

    def __init__(self, container: Any) -> None:
        self.container, self.format = container, container.format

    def demux(self, stream: Any) -> Iterator[Any]:
        yield from self.container.demux(stream)
        raise IndexError("list index out of range")


def test_a_stream_that_turns_up_late_is_no_error(tmp_path: Path) -> None:
    path = make_video(tmp_path / "late.ts", count=50).path
    report = DecodeReport()
    with av.open(str(path)) as container:
        decoder = FrameDecoder(LateStream(container), container.streams.video[0], report)
        assert len(list(decoder)) == 50
    assert not decoder.read_error
    assert report.failures == 0
