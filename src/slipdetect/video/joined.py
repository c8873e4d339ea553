"""A recording in pieces, as cameras write it, read as one: a single time line over many files.

In: files in order. Out: a ``Video``.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import av

from slipdetect.errors import VideoError
from slipdetect.video.frame import DecodeReport, Gap, Piece, VideoInfo
from slipdetect.video.video import Video

_DEFAULT_STEP = 0.04  # from one frame to the next where nothing tells, seconds
_STEPS, _FEWEST_STEPS = 30, 3  # last distances of frames, of which the usual one is taken


class JoinedVideo(Video):
    """Files that follow one another without a pause; see ``Video``.

    The first frame of a piece comes one usual step after the last one of the piece before. A piece
    that cannot be read is left out, and the report says so. All pictures have the shape of the
    first.

    Args:
        source: What the recording is called.
        files: Its pieces, in order.
        open_piece: Opens one of them.
        max_duration: Stop before this time, in seconds.

    Raises:
        VideoError: None of the files can be read.
    """

    def __init__(
        self,
        source: str,
        files: Sequence[Path],
        open_piece: Callable[[Path], Video],
        max_duration: float | None,
    ) -> None:
        self.report = DecodeReport()
        self._files = iter(files)
        self._open = open_piece
        self._max_duration = math.inf if max_duration is None else max_duration
        self._started = False
        self._said: dict[str, list[str]] = {}
        self._failure: VideoError | None = None
        first = self._next()
        if first is None:
            raise self._failure or VideoError(f"{source!r} has no files; name some")
        self._piece: Video | None = first
        self._start, self._stored = first.info.start, first._stored
        self.details = first.details
        # the number of pieces is known, and how long they are only of those that were opened
        length = first.info.duration
        self.info = replace(
            first.info, source=source, duration=None if length is None else length * len(files)
        )

    def close(self) -> None:
        """Close the piece that is open; frames handed out stay valid."""
        if self._piece is not None:
            self._piece.close()

    def timed(self) -> Iterator[tuple[float, av.VideoFrame]]:
        begin: float | None = None
        try:
            while self._piece is not None:
                end: float | None = None
                for seconds, frame in self._of_piece(self._piece, begin):
                    if seconds - self._start >= self._max_duration:
                        self.report.warn(f"stopped after {self._max_duration:g} seconds as asked")
                        return
                    yield seconds, frame
                    end = seconds
                begin = begin if end is None else end + self._step
                self._piece = self._next()
        finally:
            for text, names in self._said.items():
                more = f" and {len(names) - 1} more" if len(names) > 1 else ""
                self.report.warn(f"{names[0]!r}{more}: {text}")

    def _of_piece(self, piece: Video, begin: float | None) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield the frames of a piece whose first one is at ``begin`` seconds, and close it.

        Without ``begin`` they keep their times.
        """
        steps: deque[float] = deque(maxlen=_STEPS)
        first: float | None = None
        last = -1.0
        joined = 0
        try:
            for seconds, frame in piece.timed():
                if first is None or begin is None:
                    first, begin = seconds, seconds if begin is None else begin
                    self.report.pieces.append(
                        Piece(piece.info.source, begin, first, piece.info.started)
                    )
                if last >= 0.0 and seconds > last:
                    steps.append(seconds - last)
                last = seconds
                # events are placed by joins while the piece is still read
                joined += self._take_joins(piece, joined, begin - first)
                yield begin + seconds - first, frame
        finally:
            later = 0.0 if first is None or begin is None else begin - first
            self._step = _usual_step(steps, piece.info.frame_rate)
            self._take_joins(piece, joined, later)
            self._take(piece, later)
            piece.close()

    def _next(self) -> Video | None:
        """Open the next piece that can be read; None behind the last one."""
        for file in self._files:
            try:
                piece = self._open(file)
            except VideoError as error:
                self._failure = self._failure or error
                self.report.failures += 1
                self.report.truncated = True
                self.report.warn(f"a piece is left out: {error}")
                continue
            self._check_likeness(piece)
            return piece
        return None

    def _check_likeness(self, piece: Video) -> None:
        if not self.report.pieces:
            return
        own, whole = piece._stored, self._stored
        if (own.width, own.height) != (whole.width, whole.height):
            self.report.warn("the frame size changes: later frames are fitted into the first")
        if (own.orientation, own.aspect) != (whole.orientation, whole.aspect):
            self._say(
                "it lies otherwise, or has other pixels, than the first piece, and is shown as that"
                " one is",
                piece.info,
            )

    def _take_joins(self, piece: Video, known: int, later: float) -> int:
        """Add a piece's joins but for those ``known`` and return how many; see ``_take``."""
        new = piece.report.joins[known:]
        self.report.joins += [replace(join, at=join.at + later) for join in new]
        return len(new)

    def _take(self, piece: Video, later: float) -> None:
        """Add the report of a piece, whose clock is ``later`` seconds off, to that of the whole."""
        whole, report = self.report, piece.report
        whole.frames += report.frames
        whole.failures += report.failures
        whole.undecoded += report.undecoded
        whole.truncated |= report.truncated
        whole.gaps += [Gap(gap.start + later, gap.end + later) for gap in report.gaps]
        for text in report.warnings:
            self._say(text, piece.info)

    def _say(self, text: str, info: VideoInfo) -> None:
        self._said.setdefault(text, []).append(info.source)


def _usual_step(steps: Sequence[float], rate: float | None) -> float:
    """Return seconds from one frame to the next; the last distance may be a gap or a stall."""
    if len(steps) >= _FEWEST_STEPS:
        return statistics.median_low(steps)
    return _DEFAULT_STEP if rate is None else 1 / rate
