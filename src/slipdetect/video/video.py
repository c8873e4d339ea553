"""Reading a video file as RGB frames with times, optionally sampled to a rate and made smaller.

In: a file. Out: ``Video`` with ``info``, ``report`` and one pass of ``Frame``.
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from slipdetect.errors import UsageError, VideoError
from slipdetect.video.clock import Clock, header_end, timing_of
from slipdetect.video.decoder import (
    FrameDecoder,
    Rescaler,
    displayed_size,
    is_cut_off,
    is_truncated,
    plausible_aspect,
    quarter_turns,
)
from slipdetect.video.frame import GAP_SECONDS, DecodeReport, Frame, VideoInfo
from slipdetect.video.multipart import SNIFFED, Ahead, Repacked, is_multipart


def tolerant(version: str) -> dict[str, Any]:
    """Return what makes PyAV bear texts that are no UTF-8: 19 does, and takes no such argument."""
    return {"metadata_errors": "replace"} if int(version.partition(".")[0]) < 19 else {}


TOLERANT = tolerant(av.__version__)

# Formats that open other files by name, or draw text; none of them is a recording.
REFUSED_FORMATS = frozenset({"hls", "concat", "dash", "imf", "sdp", "tty", "image2"})
_FIRST_YEAR = 2000
_INCOMPLETE = "the file is incomplete; copy it again or repair it"


def open_container(path: Path, max_pixels: int) -> InputContainer:
    """Open ``path`` for reading.

    Args:
        path: A regular file.
        max_pixels: Pixels of one frame that decoders may allocate while probing.

    Raises:
        VideoError: The file is no video or damaged beyond opening.
    """
    try:
        if (packed := repacked(path)) is not None:
            options = {"max_pixels": str(max_pixels), "protocol_whitelist": "none"}
            parts: InputContainer = av.open(
                packed, "r", format=packed.format, options=options, **TOLERANT
            )
            return parts
        # The prefix keeps names like "concat:a.mp4" from being taken for protocols.
        container: InputContainer = av.open(
            f"file:{path}",
            options={"max_pixels": str(max_pixels), "protocol_whitelist": "file"},
            **TOLERANT,
        )
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(_why_unreadable(path, error)) from error
    if REFUSED_FORMATS.intersection(container.format.name.split(",")):
        container.close()
        raise VideoError(f"{str(path)!r} is not a video but {container.format.long_name!r}")
    return container


def repacked(path: Path) -> Repacked | None:
    """Return the pictures of a file with JPEGs between boundaries; None of any other file."""
    file = path.open("rb")
    ahead = Ahead(file, SNIFFED)
    if is_multipart(ahead.first):
        packed = Repacked(ahead)
        weakref.finalize(packed, file.close)
        return packed
    file.close()
    return None


def _why_unreadable(path: Path, error: Exception) -> str:
    name = repr(str(path))
    if isinstance(error, av.error.EOFError):
        return f"{name} cannot be read: {_INCOMPLETE}"
    if isinstance(error, av.error.InvalidDataError):
        if _is_mp4(path):
            return f"{name} cannot be read: {_INCOMPLETE} (it has no usable index)"
        return f"{name} is not a video that can be read; check that it plays elsewhere"
    reason = getattr(error, "strerror", None)
    return f"{name} cannot be read: {reason if reason is not None else error}; copy it again"


def _is_mp4(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8)[4:] == b"ftyp"


def video_streams(container: InputContainer) -> list[VideoStream]:
    """Return the video streams of a container without attached pictures such as covers."""
    attached = av.stream.Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & attached]


def choose_stream(container: InputContainer, path: Path | str, number: int | None) -> VideoStream:
    """Return video stream ``number`` (None: the first), counted without cover pictures.

    Raises:
        VideoError: The file has no such stream, or no decoder for it.
        UsageError: ``number`` is negative.
    """
    name = repr(str(path))
    wanted = 0 if number is None else number
    if wanted < 0:
        raise UsageError(f"video stream numbers begin at 0, not {wanted}")
    streams = video_streams(container)
    if not streams:
        if container.streams.audio:
            raise VideoError(f"{name} has no video stream (audio only); give a file with pictures")
        raise VideoError(f"{name} has no video frames; record or copy it again")
    if wanted >= len(streams):
        last = len(streams) - 1
        raise VideoError(f"{name} has no video stream {wanted}; its streams are 0 to {last}")
    stream = streams[wanted]
    # The attribute is missing in PyAV's types: streams without a decoder have no context.
    if getattr(stream, "codec_context", None) is None:
        raise VideoError(f"{name} has a video codec that is not supported; convert it to H.264")
    return stream


def prepare_stream(stream: VideoStream, path: Path | str, max_pixels: int) -> None:
    """Check the frame size in the header and set up the decoder, before anything is decoded.

    Raises:
        VideoError: Frames are larger than ``max_pixels``.
    """
    context = stream.codec_context
    pixels = context.width * context.height
    if pixels > max_pixels:
        raise VideoError(
            f"{str(path)!r} has frames of {context.width}x{context.height} pixels, more than the"
            f" limit of {max_pixels / 1e6:g} million; raise it with max_pixels=... if you trust it"
        )
    # A header may lie about the size, so the decoder gets the limit too.
    context.options = {"max_pixels": str(max_pixels)}
    context.thread_type = "AUTO"


Item = TypeVar("Item")

# Rounding must not decide a tie: 1.1 is not exactly between 1.0 and 1.2 as floats.
_SAME_SECONDS = 1e-9


def nearest_on_grid(
    items: Iterable[tuple[float, Item]], rate: float
) -> Iterator[tuple[float, Item]]:
    """Yield for every grid time the item nearest in time, ties to the earlier.

    The grid begins at the first item and, behind a gap of more than ``GAP_SECONDS``, anew at the
    item there: grid times are that item's and k / rate after it. Looks one item ahead and keeps
    two, so memory does not grow with the length of the input.

    Args:
        items: Pairs (seconds, item), times never smaller than the one before.
        rate: Grid points per second.

    Yields:
        (grid time, item), up to the last item's time.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    if not (math.isfinite(rate) and rate > 0):
        raise UsageError(f"frames per second must be a positive number, not {rate!r}")
    step, begin = 0, 0.0
    earlier: tuple[float, Item] | None = None
    for later in items:
        time = later[0]
        if earlier is None or time - earlier[0] > GAP_SECONDS:
            step, begin, earlier = 0, time, later
        while (grid := begin + step / rate) <= time:
            closer = time - grid < grid - earlier[0] - _SAME_SECONDS
            yield grid, (later if closer else earlier)[1]
            step += 1
        # Of several items at one time the first stays: it is the earlier one.
        if time > earlier[0]:
            earlier = later


def frames_on_grid(frames: Iterable[Frame], rate: float) -> Iterator[Frame]:
    """Yield at every grid time the nearest of ``frames``, as ``nearest_on_grid`` does.

    Args:
        frames: All frames of a recording, as ``Video.frames()`` gives them.
        rate: Grid points per second.

    Raises:
        UsageError: ``rate`` is not a positive number.
    """
    for time, frame in nearest_on_grid(((frame.time, frame) for frame in frames), rate):
        yield Frame(time, frame.image, frame.corrupt)


def split_at_gaps(frames: Iterable[Frame]) -> Iterator[Iterator[Frame]]:
    """Yield the parts of a recording between which it has gaps, each to be taken to its end."""
    rest = iter(frames)
    ahead = next(rest, None)

    def part() -> Iterator[Frame]:
        nonlocal ahead
        last = ahead
        while ahead is not None and last is not None and ahead.time - last.time <= GAP_SECONDS:
            last = ahead
            yield last
            ahead = next(rest, None)

    while ahead is not None:
        yield part()


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
        self._clock = Clock(timing_of(container, stream, frame_rate), self.report)
        self._decoded = self._clock.timed(self._decoder)
        self._started = False
        first = next(self._decoded, None)
        if first is None:
            raise VideoError(_why_no_frames(source, self.report))
        self._start, self._first = first
        self._aspect = plausible_aspect(stream.sample_aspect_ratio)
        self._turns = quarter_turns(self._first.rotation)
        self.info = self._describe(self._first, source)

    def _describe(self, first: av.VideoFrame, source: str) -> VideoInfo:
        width, height = displayed_size(first.width, first.height, self._aspect, self._turns)
        end = header_end(self._container, self._stream)
        return VideoInfo(
            source=source,
            width=width,
            height=height,
            frame_rate=self._clock.rate,
            duration=None if end is None or end <= self._start else end - self._start,
            codec=self._stream.codec_context.name,
            rotation=self._turns * 90,
            streams=len(video_streams(self._container)),
            start=self._start,
            zero=self._clock.zero,
            started=self._began(),
        )

    def _began(self) -> str | None:
        """Return when the recording began, ISO 8601, where it says so."""
        if (date := self._clock.date) is not None:
            return date.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        told = str(self._container.metadata.get("creation_time", ""))
        # many writers put the beginning of their calendar there
        return told if told[:4].isdigit() and int(told[:4]) >= _FIRST_YEAR else None

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
            rate: None for every frame at its presentation time. Otherwise frames on a regular
                grid from the first frame on, anew behind each gap, each the source frame nearest
                in presentation time (ties to the earlier), as long as the grid is not beyond the
                last frame. Only chosen frames are converted, and one that is chosen repeatedly is
                converted once.
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
        for seconds, frame in chain([(self._start, first)], self._decoded):
            if (frame.width, frame.height) != (first.width, first.height):
                self.report.warn("the frame size changes: later frames are fitted into the first")
            if seconds - self._start >= self._max_duration:
                self.report.warn(f"stopped after {self._max_duration:g} seconds as asked")
                self._clock.tell()
                return
            yield seconds, frame
        self._clock.tell()
        self._finish(self._clock.end - self._start)

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
            " larger than max_pixels=... allows; check that it plays elsewhere"
        )
    if report.undecoded:
        return (
            f"{source!r} has no picture that can be decoded: {report.undecoded} packets, but no key"
            " frame that they refer to; cut it again, from a key frame on"
        )
    return f"{source!r} has no video frames; record or copy it again"


def _pictures(chosen: Iterator[tuple[float, av.VideoFrame]], rescale: Rescaler) -> Iterator[Frame]:
    converted: av.VideoFrame | None = None
    image: npt.NDArray[np.uint8] = np.empty((0, 0, 3), np.uint8)
    for time, frame in chosen:
        if frame is not converted:
            converted, image = frame, rescale(frame)
        yield Frame(time, image, frame.is_corrupt)
