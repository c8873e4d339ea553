"""Pictures of interlaced recordings without combs: FFmpeg's own filter, one picture a frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
import av.filter

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
        if fields is not None and not fields.takes(frame):
            yield from fields.rest()
            fields = None
        if fields is None and frame.interlaced_frame:
            if frame.width < _LEAST_WIDTH or frame.height < _LEAST_HEIGHT:
                yield time, frame
                continue
            fields = _Fields(frame)
        if fields is None:
            yield time, frame
        else:
            yield from fields.push(time, frame)
    if fields is not None:
        yield from fields.rest()


class _Fields:
    """A graph of the filter for frames of one size and format.

    Args:
        first: The first one.
    """

    def __init__(self, first: av.VideoFrame) -> None:
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=Fraction(1)
        )
        name, options = _FILTER
        self._graph.link_nodes(
            source, self._graph.add(name, options), self._graph.add("buffersink")
        ).configure()
        self._kind = _kind(first)
        self._times: deque[float] = deque()

    def takes(self, frame: av.VideoFrame) -> bool:
        """Return whether a frame is like the first one."""
        return _kind(frame) == self._kind

    def push(self, time: float, frame: av.VideoFrame) -> Iterator[Timed]:
        """Take the next frame, and yield what is done."""
        self._times.append(time)
        self._graph.vpush(frame)
        yield from self._done()

    def rest(self) -> Iterator[Timed]:
        """Yield what is left."""
        self._graph.vpush(None)
        yield from self._done()

    def _done(self) -> Iterator[Timed]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            # as many come out as went in, in their order; their own stamps are doubled
            yield self._times.popleft(), frame


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
