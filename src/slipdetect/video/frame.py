"""What leaves the video room: pictures with times, what the header says, how decoding went.

In: nothing. Out: ``Frame``, ``Moment``, ``VideoInfo``, ``DecodeReport``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, cast

from slipdetect._text import named
from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_UNDECODED_SECONDS = 1.0  # less is not worth a warning
_NAMED = 5  # gaps and joins that a warning names
GAP_SECONDS = 10.0  # pictures further apart are a gap: what lies between was not seen


@dataclass(frozen=True)
class Frame:
    """One picture and when it is shown.

    Attributes:
        time: Seconds on the recording's clock, which is 0 where a player's bar begins (at the first
            picture, unless sound comes before it); never smaller than the frame's before.
        image: (height, width, 3) uint8 RGB, upright. Two samples may share one array.
        corrupt: The decoder patched over damage in this picture.
    """

    time: float
    image: npt.NDArray[np.uint8]
    corrupt: bool = False


# turns all frames of a recording into those of another one, as they stream by
FrameTransform = Callable[[Iterator[Frame]], Iterator[Frame]]


@dataclass(frozen=True, eq=False)
class Moment:
    """A frame of a video before anybody has said in which size it is wanted.

    Attributes:
        time: As of ``Frame``.
        at: Returns the frame in a size, as for ``Video.frames``; nothing is converted before.
    """

    time: float
    at: Callable[[int | None], Frame]


# Makes other pictures of all moments of a video, in order. A moment is asked for its frame before
# the next one is, or never.
Change = Callable[[Iterator[Moment]], Iterator[Moment]]


@dataclass(frozen=True)
class VideoInfo:
    """What the header of a video says; every number but the size is a hint.

    Attributes:
        source: The file's name as it was handed in.
        width: Pixels per row as displayed, after rotation and pixel aspect.
        height: Rows as displayed.
        frame_rate: Frames per second, or None when the header's value makes no sense.
        duration: Seconds from the first frame to the end, or None when the header does not say.
        codec: Name of the codec, e.g. ``"h264"``.
        rotation: Degrees counterclockwise that were applied: 0, 90, 180 or 270.
        mirrored: Left and right changed places before that.
        interlaced: The first frame holds two fields; such frames are shown without combs.
        streams: Video streams in the file, cover pictures not counted.
        start: Seconds of the first frame, see ``Frame.time``.
        zero: Stamp in the file at which the clock is 0, seconds.
        started: When the clock was 0, as the recording says it, ISO 8601, without a zone where that
            is not known; None where it says nothing.
    """

    source: str
    width: int
    height: int
    frame_rate: float | None
    duration: float | None
    codec: str
    rotation: int
    streams: int
    start: float = 0.0
    zero: float = 0.0
    started: str | None = None
    mirrored: bool = False
    interlaced: bool = False

    @property
    def end(self) -> float | None:
        """Seconds at which the last frame ends, or None when the header does not say."""
        return None if self.duration is None else self.start + self.duration

    @property
    def middle(self) -> float:
        """Seconds halfway through, or of the first frame when the header does not say."""
        return self.start + (self.duration or 0.0) / 2


@dataclass(frozen=True)
class Gap:
    """A stretch of a recording without pictures.

    Attributes:
        start: Seconds of the last picture before it.
        end: Seconds of the first one behind it.
    """

    start: float
    end: float


@dataclass(frozen=True)
class Join:
    """Where a recording's stamps begin anew, so that its parts follow one another.

    Attributes:
        at: Seconds of the first picture of the new part.
        stamp: What the file's own clock says there, seconds from its beginning.
        dated: That is the clock on the wall; others begin at 0 wherever a part does.
    """

    at: float
    stamp: float
    dated: bool = False


@dataclass(frozen=True)
class Piece:
    """A file of a recording that is in several.

    Attributes:
        source: Its name.
        start: When its first frame is shown, seconds of the whole recording.
        first: The same in the file itself, seconds.
        started: When the file's own clock was 0, as ``VideoInfo.started``.
    """

    source: str
    start: float
    first: float
    started: str | None = None


@dataclass
class DecodeReport:
    """How decoding went; filled while frames are read, final after the last one.

    Attributes:
        frames: Source frames decoded, whether sampled or not.
        failures: Packets that could not be read or decoded, and corrupt frames.
        truncated: A noticeable part of what the header promised is missing.
        warnings: One line each, without repeats.
        undecoded: Whole packets that gave no picture, as those before the first key frame do.
        gaps: Stretches without pictures, in order.
        joins: Where stamps begin anew, in order.
        pieces: Files of a recording that is in several, as far as they were reached.
        lead: The undecoded packets before that of the first picture; 0 of a camera.
    """

    frames: int = 0
    failures: int = 0
    truncated: bool = False
    warnings: list[str] = field(default_factory=list)
    undecoded: int = 0
    gaps: list[Gap] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    lead: int = 0

    def warn(self, text: str) -> None:
        """Add ``text`` to the warnings unless it is there already."""
        if text not in self.warnings:
            self.warnings.append(text)

    def conclude(self, frame_seconds: float) -> None:
        """Warn of what was met of packets without a picture, gaps and joins.

        Args:
            frame_seconds: Usual seconds from one frame to the next.
        """
        lost = self.undecoded * frame_seconds
        if lost > _UNDECODED_SECONDS:
            self.warn(
                f"{self.undecoded} packets ({_said(lost)}) gave no picture: what they refer to is"
                " missing, as in a piece that begins without a key frame"
            )
        if self.gaps:
            many = "1 gap" if len(self.gaps) == 1 else f"{len(self.gaps)} gaps"
            where = [
                f"{_said(each.start)} to {_said(each.end)} ({_said(each.end - each.start)})"
                for each in self.gaps
            ]
            self.warn(f"{many} without pictures: {named(where, _NAMED)}")
        if self.joins:
            where = [_said(each.at) for each in self.joins]
            self.warn(
                "timestamps jump: the parts are joined one after the other, at "
                + named(where, _NAMED)
            )


def _said(seconds: float) -> str:
    return f"{seconds:.1f} s"


class VideoOptions(TypedDict, total=False):
    """How a file is read.

    Attributes:
        stream: Which video stream, from 0, cover pictures not counted; None is the first.
        frame_rate: Ignore the file's timestamps and show frame i at i / frame_rate seconds.
        max_pixels: Refuse frames with more pixels than this.
        max_duration: Stop before this time, seconds.
        pieces: Files, in order, of each recording that is in several, by the name of the source.
        time_from_name: How names of files say when recordings began, such as ``%Y%m%d-%H%M%S``.
    """

    stream: int | None
    frame_rate: float | None
    max_pixels: int
    max_duration: float | None
    pieces: Mapping[str, Sequence[str]] | None
    time_from_name: str | None


class SourceOptions(VideoOptions, total=False):
    """How a file or a live source is read.

    Attributes:
        retries: Live: tries in a row to connect before giving up.
        read_timeout: Live: seconds without data after which the connection is given up.
        open_timeout: Live: seconds for connecting.
        first_wait: Live: seconds before the first try to connect again, then twice as long.
        longest_wait: Live: most seconds before any try.
        jitter: Live: share of a wait that chance adds.
        max_lag: Live: seconds that a frame may wait, three times that where the machine is held up.
    """

    retries: int | None
    read_timeout: float
    open_timeout: float
    first_wait: float
    longest_wait: float
    jitter: float
    max_lag: float


def file_options(options: SourceOptions) -> VideoOptions:
    """Return the options of a file.

    Raises:
        UsageError: One that only live sources take.
    """
    if unknown := set(options) - VideoOptions.__optional_keys__:
        raise UsageError(f"a file takes no {', '.join(sorted(unknown))}; leave it out")
    return cast(VideoOptions, options)
