"""Pictures of interlaced recordings without combs: FFmpeg's own filter, one picture a frame.

In: decoded frames with times. Out: the same times; frames that are flagged as two fields of
different moments are deinterlaced, all others are those that came in.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

import av
import av.filter

Timed = tuple[float, av.VideoFrame]

# a frame flagged as interlaced becomes one of its first field's moment, others pass as they are
_FILTER = ("bwdif", "mode=send_frame:parity=auto:deint=interlaced")
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
            fields = _Fields(time, frame)
        elif fields is None:
            yield time, frame
        else:
            yield from fields.push(time, frame)
    if fields is not None:
        yield from fields.rest()


class _Fields:
    """A graph of the filter for frames of one size and format.

    Args:
        time: When the first one is shown.
        first: The first one.
    """

    def __init__(self, time: float, first: av.VideoFrame) -> None:
        self._graph = av.filter.Graph()
        source = self._graph.add_buffer(
            width=first.width, height=first.height, format=first.format, time_base=Fraction(1)
        )
        name, options = _FILTER
        self._graph.link_nodes(
            source, self._graph.add(name, options), self._graph.add("buffersink")
        ).configure()
        self._kind = _kind(first)
        self._first: Timed | None = (time, first)
        self._times: deque[float | None] = deque()

    def takes(self, frame: av.VideoFrame) -> bool:
        """Return whether a frame is like the first one."""
        return _kind(frame) == self._kind

    def push(self, time: float, frame: av.VideoFrame) -> Iterator[Timed]:
        """Take the next frame, and yield what is done."""
        if self._first is not None:
            yield from self._begin(self._first, frame)
            self._first = None
        yield from self._filtered(time, frame)

    def rest(self) -> Iterator[Timed]:
        """Yield what is left."""
        if self._first is not None:
            yield from self._begin(self._first, self._first[1])
        self._graph.vpush(None)
        yield from self._done()

    def _begin(self, first: Timed, second: av.VideoFrame) -> Iterator[Timed]:
        """Show the filter what follows the first frame as if it were before it, too.

        Of a frame with nothing before it the filter invents every other row, even where nothing
        moves.
        """
        yield from self._filtered(None, second)
        yield from self._filtered(*first)

    def _filtered(self, time: float | None, frame: av.VideoFrame) -> Iterator[Timed]:
        self._times.append(time)
        self._graph.vpush(frame)
        yield from self._done()

    def _done(self) -> Iterator[Timed]:
        while True:
            try:
                frame = self._graph.vpull()
            except (av.BlockingIOError, av.EOFError):
                return
            # as many come out as went in, in their order; their own stamps are doubled
            time = self._times.popleft()
            if time is not None:
                yield time, frame


def _kind(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name
