"""Reading a video file as RGB frames with times, optionally sampled to a rate and made smaller.

In: a file. Out: ``Video`` with ``info``, ``report`` and one pass of ``Frame``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TypeVar

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from slipdetect.errors import UsageError, VideoError
from slipdetect.video.decoder import (
    DEFAULT_FRAME_RATE,
    FixedClock,
    FrameDecoder,
    PresentationClock,
    Rescaler,
    displayed_size,
    is_truncated,
    plausible_aspect,
    quarter_turns,
)
from slipdetect.video.frame import DecodeReport, Frame, VideoInfo
from slipdetect.video.opening import (
    header_duration,
    header_rate,
    video_streams,
)

_MP4_STARTS = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_MP4_MEDIA = frozenset({b"mdat", b"moof", b"moov"})
_EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def is_cut_off(path: Path) -> bool:
    """Return whether a file ends before the end that its container declares.

    Reads only box headers: ISO/IEC 14496-12 section 4.2 (MP4, MOV), RFC 8794 section 6 (Matroska),
    the RIFF chunk of AVI.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(12)
        file.seek(0)
        if start[4:8] in _MP4_STARTS:
            return _mp4_end(file, size) > size
        if start[:4] == _EBML_MAGIC:
            return _matroska_end(file) > size
        if start[:4] == b"RIFF":
            return _riff_end(file, size) > size
    return False


def _mp4_end(file: BinaryIO, size: int) -> int:
    """Return where the last media box ends; boxes that hold no media do not count."""
    offset = end = 0
    while offset + 8 <= size:
        file.seek(offset)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:
            length = int.from_bytes(header[8:16], "big")
        if length < 8:  # 0 means "to the end of the file", others are damage
            break
        offset += length
        if header[4:8] in _MP4_MEDIA:
            end = offset
    return end


def _matroska_end(file: BinaryIO) -> int:
    """Return where the segment ends, 0 if its length is unknown (recorded live)."""
    for _ in range(2):
        identifier = file.read(4)
        length = _variable_length(file)
        if length is None:
            return 0
        if identifier == _SEGMENT:
            return file.tell() + length
        file.seek(length, 1)
    return 0


def _variable_length(file: BinaryIO) -> int | None:
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    extra = 8 - first[0].bit_length()
    bits = 7 * (extra + 1)
    value = int.from_bytes(first + file.read(extra), "big") & ((1 << bits) - 1)
    return None if value == (1 << bits) - 1 else value


def _riff_end(file: BinaryIO, size: int) -> int:
    """Return where the last of one or more RIFF chunks ends."""
    offset = 0
    while offset + 8 <= size:
        file.seek(offset)
        header = file.read(8)
        length = int.from_bytes(header[4:8], "little")
        if header[:4] != b"RIFF" or length == 0:
            break
        offset += 8 + length + length % 2
    return offset


Item = TypeVar("Item")

# Rounding must not decide a tie: 1.1 is not exactly between 1.0 and 1.2 as floats.
_SAME_SECONDS = 1e-9


def nearest_on_grid(
    items: Iterable[tuple[float, Item]], rate: float
) -> Iterator[tuple[float, Item]]:
    """Yield for every grid time ``k / rate`` the item nearest in time, ties to the earlier.

    Looks one item ahead and keeps two, so memory does not grow with the length of the input.

    Args:
        items: Pairs (seconds, item), the first at 0, times never smaller than the one before.
        rate: Grid points per second.

    Yields:
        (k / rate, item), until ``k / rate`` is beyond the last item's time.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"frames per second must be a positive number, not {rate!r}")
    step = 0
    earlier: tuple[float, Item] | None = None
    for later in items:
        time = later[0]
        if earlier is None:
            earlier = later
        while (grid := step / rate) <= time:
            closer = time - grid < grid - earlier[0] - _SAME_SECONDS
            yield grid, (later if closer else earlier)[1]
            step += 1
        # Of several items at one time the first stays: it is the earlier one.
        if time > earlier[0]:
            earlier = later


def frames_on_grid(frames: Iterable[Frame], rate: float) -> Iterator[Frame]:
    """Yield at every grid time ``k / rate`` the nearest of ``frames``, ties to the earlier.

    Args:
        frames: All frames of a recording, as ``Video.frames()`` gives them.
        rate: Grid points per second.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    for time, frame in nearest_on_grid(((frame.time, frame) for frame in frames), rate):
        yield Frame(time, frame.image, frame.corrupt)


class Video:
    """An open video: ``info``, one pass of ``frames``, and the ``report`` of that pass.

    Made by ``open_video``; a context manager that closes the file.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        source: str,
        frame_rate: float | None,
        max_duration: float | None,
    ) -> None:
        self.report = DecodeReport()
        self._container = container
        self._stream = stream
        self._max_duration = math.inf if max_duration is None else max_duration
        self._decoder = FrameDecoder(container, stream, self.report)
        self._decoded = iter(self._decoder)
        self._started = False
        first = next(self._decoded, None)
        if first is None:
            raise VideoError(_why_no_frames(source, self.report))
        self._first = first
        self._aspect = plausible_aspect(stream.sample_aspect_ratio)
        self._turns = quarter_turns(first.rotation)
        # AVI stores no presentation times: those of H.264 with B-frames are guesses, out of order.
        self._by_decoding = container.format.name == "avi" and first.dts is not None
        self._clock = self._make_clock(first, frame_rate)
        self.info = self._describe(first, source, frame_rate)

    def _make_clock(
        self, first: av.VideoFrame, frame_rate: float | None
    ) -> FixedClock | PresentationClock:
        if frame_rate is not None:
            return FixedClock(frame_rate)
        base = self._stream.time_base
        if self._timestamp(first) is None or base is None:
            self.report.warn(
                f"no timestamps: {DEFAULT_FRAME_RATE:g} frames per second are assumed;"
                " --frame-rate sets another"
            )
            return FixedClock(DEFAULT_FRAME_RATE)
        may_jump = "mpegts" in self._container.format.name
        return PresentationClock(base, header_rate(self._stream), may_jump)

    def _describe(self, first: av.VideoFrame, source: str, rate: float | None) -> VideoInfo:
        width, height = displayed_size(first.width, first.height, self._aspect, self._turns)
        return VideoInfo(
            source=source,
            width=width,
            height=height,
            frame_rate=header_rate(self._stream) if rate is None else rate,
            duration=header_duration(self._container, self._stream),
            codec=self._stream.codec_context.name,
            rotation=self._turns * 90,
            streams=len(video_streams(self._container)),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; frames handed out stay valid."""
        self._container.close()

    def frames(
        self,
        rate: float | None = None,
        short_side: int | None = None,
    ) -> Iterator[Frame]:
        """Return the frames as an iterator; a video can be read once.

        Args:
            rate: None for every frame at its presentation time. Otherwise frames on the regular
                grid time = k / rate, each the source frame nearest in presentation time (ties to
                the earlier), as long as k / rate is not beyond the last frame. Only chosen frames
                are converted, and one that is chosen repeatedly is converted once.
            short_side: Pixels of the shorter displayed side, pixel aspect applied, never
                enlarged, both sides even. None keeps the stored pixels, pixel aspect not applied.

        Raises:
            UsageError: A parameter makes no sense, or the frames were asked for before.
        """
        if self._started:
            raise UsageError(f"{self.info.source!r} was read already; open it again")
        rescale = self.rescaler(short_side)
        chosen = self.timed() if rate is None else nearest_on_grid(self.timed(), rate)
        self._started = True
        return _pictures(chosen, rescale)

    def rescaler(self, short_side: int | None) -> Rescaler:
        """Return what turns a decoded frame into a picture, as ``frames`` does."""
        first = self._first
        return Rescaler(first.width, first.height, self._aspect, self._turns, short_side)

    def timed(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Yield all frames as decoded, at their seconds; instead of ``frames``, once."""
        first = self._first
        last = 0.0
        for frame in chain([first], self._decoded):
            if (frame.width, frame.height) != (first.width, first.height):
                self.report.warn("the frame size changes: later frames are fitted into the first")
            last = self._clock.seconds(self._timestamp(frame))
            if self._clock.jumps:
                self.report.warn("timestamps jump: the parts are joined one after the other")
            if last >= self._max_duration:
                self.report.warn(f"stopped after {self._max_duration:g} seconds as asked")
                return
            yield last, frame
        self._finish(last + self._clock.frame_seconds)

    def _timestamp(self, frame: av.VideoFrame) -> int | None:
        if self._by_decoding or frame.pts is None:
            return frame.dts
        return frame.pts

    def _finish(self, seconds: float) -> None:
        self.report.truncated = is_truncated(
            self.report,
            self._decoder.read_error or is_cut_off(Path(self.info.source)),
            seconds,
            self._stream.frames,
            self.info.duration,
        )
        if self.report.truncated:
            self.report.warn("truncated: a part of the video is missing or unreadable")


def _why_no_frames(source: str, report: DecodeReport) -> str:
    if report.failures:
        return (
            f"{source!r} has no video frames that can be decoded: it is damaged, or its frames are"
            " larger than --max-pixels allows; check that it plays elsewhere"
        )
    return f"{source!r} has no video frames; record or copy it again"


def _pictures(chosen: Iterator[tuple[float, av.VideoFrame]], rescale: Rescaler) -> Iterator[Frame]:
    converted: av.VideoFrame | None = None
    image: npt.NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)
    for time, frame in chosen:
        if frame is not converted:
            converted, image = frame, rescale(frame)
        yield Frame(time, image, frame.is_corrupt)
