"""Pictures of interlaced recordings without combs: FFmpeg's own filter, one picture a frame.

In: decoded frames with times. Out: the same times; frames that are flagged as two fields of
different moments are deinterlaced, all others are those that came in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import av

from slipdetect.video.orientation import filters_for

Timed = tuple[float, av.VideoFrame]

# A frame flagged as interlaced becomes one of its first field's moment, others pass as they are.
# bwdif invents every other row of the very first picture, even where nothing moves.
_FILTER = ("yadif", "mode=send_frame:parity=auto:deint=interlaced")
_LEAST_WIDTH, _LEAST_HEIGHT = 3, 4  # of what the filter takes


def deinterlaced(frames: Iterator[Timed]) -> Iterator[Timed]:
    """Yield frames at their times, those that are flagged as interlaced without combs.

    Costs nothing before the first such frame; from there on a frame waits for the next one.
    """
    fields: _Fields | None = None
    for time, frame in frames:
        if fields is not None and fields.kind != _kind(frame):
            yield from fields.push(None)
            fields = None
        large = frame.width >= _LEAST_WIDTH and frame.height >= _LEAST_HEIGHT
        if fields is None and frame.interlaced_frame and large:
            fields = _Fields(frame)
        if fields is None:
            yield time, frame
        else:
            fields.times.append(time)
            yield from fields.push(frame)
    if fields is not None:
        yield from fields.push(None)


class _Fields:
    """The filter for frames like the first one, and the times of those inside."""

    def __init__(self, first: av.VideoFrame) -> None:
        self._graph = filters_for(first, _FILTER)
        self.kind = _kind(first)
        self.times: deque[float] = deque()

    def push(self, frame: av.VideoFrame | None) -> Iterator[Timed]:
        """Take the next frame, or None behind the last one, and yield what is done."""
        self._graph.vpush(frame)
        while True:
            try:
                done = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            # as many come out as went in, in their order; their own stamps are doubled
            yield self.times.popleft(), done


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
