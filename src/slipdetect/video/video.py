"""Reading a video file as RGB frames with times, optionally sampled to a rate and made smaller.

In: a file. Out: ``Video`` with ``info``, ``report`` and one pass of ``Frame``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Self

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from slipdetect._text import iso_time
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.clock import Clock
from slipdetect.video.containers import pixel_limit
from slipdetect.video.decoder import (
    FrameDecoder,
    Rescaler,
    is_cut_off,
    is_truncated,
)
from slipdetect.video.frame import DecodeReport, Frame, VideoInfo
from slipdetect.video.grid import nearest_on_grid
from slipdetect.video.interlacing import deinterlaced
from slipdetect.video.orientation import Stored
from slipdetect.video.timing import header_end, timing_of

_FIRST_YEAR = 2000
# ITU-T H.273; what is not told is taken for the first
_MATRICES = {5: "BT.601", 6: "BT.601", 1: "BT.709", 4: "FCC", 7: "SMPTE 240M", 9: "BT.2020"}
_RGB = 0
_MULTIPART = "JPEGs between boundaries, timed by their headers"
_RANGES = {1: "limited range", 2: "full range"}
_HIGH_DYNAMIC_RANGE = {16: "PQ", 18: "HLG"}


def video_streams(container: InputContainer) -> list[VideoStream]:
    """Return the video streams of a container without attached pictures such as covers."""
    attached = av.stream.Disposition.attached_pic
    return [s for s in container.streams.video if not s.disposition & attached]


def choose_stream(
    container: InputContainer, source: str, number: int | None, max_pixels: int
) -> tuple[VideoStream, str | None]:
    """Return video stream ``number`` (None: the first), counted without cover pictures, set up.

    Returns:
        The stream, and a warning where nobody chose one of several.

    Raises:
        VideoError: The file has no such stream, no decoder for it, or larger frames than
            ``max_pixels``.
        UsageError: ``number`` is negative.
    """
    name = repr(source)
    wanted = 0 if number is None else number
    if wanted < 0:
        raise UsageError(f"video stream numbers begin at 0, not {wanted}")
    streams = video_streams(container)
    if not streams:
        if container.streams.audio:
            raise VideoError(f"{name} has no video stream (audio only); give a file with pictures")
        raise VideoError(f"{name} has no video frames; record or copy it again")
    last = len(streams) - 1
    if wanted > last:
        raise VideoError(f"{name} has no video stream {wanted}; its streams are 0 to {last}")
    stream = streams[wanted]
    # The attribute is missing in PyAV's types: streams without a decoder have no context.
    if getattr(stream, "codec_context", None) is None:
        raise VideoError(f"{name} has a video codec that is not supported; convert it to H.264")
    context = stream.codec_context
    if context.width * context.height > max_pixels:
        raise VideoError(
            f"{name} has frames of {context.width}x{context.height} pixels, more than the"
            f" limit of {max_pixels / 1e6:g} million; raise it with max_pixels=... if you trust it"
        )
    # A header may lie about the size, so the decoder gets the limit too.
    context.options = pixel_limit(max_pixels)
    context.thread_type = "AUTO"
    if number is not None or last < 1:
        return stream, None
    others = "1 is the other one" if last == 1 else f"1 to {last} are the others"
    return stream, (
        f"{last + 1} video streams: only the first, 0, is looked at;"
        f" --stream N (stream=N) looks at stream N, {others}"
    )


class Video:
    """An open video: ``info``, one pass of ``frames``, and the ``report`` of that pass.

    Made by ``open_video``; a context manager that closes the file. ``details`` are for people; a
    video stored as pictures has none.
    """

    def __init__(
        self,
        container: InputContainer,
        source: str,
        number: int | None,
        frame_rate: float | None,
        max_pixels: int,
        max_duration: float | None,
    ) -> None:
        stream, unread = choose_stream(container, source, number, max_pixels)
        self.report = DecodeReport()
        if unread is not None:
            self.report.warn(unread)
        self._container = container
        self._stream = stream
        self._max_duration = math.inf if max_duration is None else max_duration
        self._decoder = FrameDecoder(container, stream, self.report)
        timing = timing_of(container, stream, frame_rate)
        self._clock = Clock(timing, self.report)
        self._decoded = self._clock.timed(self._decoder)
        self._started = False
        first = next(self._decoded, None)
        if first is None:
            raise VideoError(_why_no_frames(source, self.report))
        self._start, self._first = first
        self._stored = Stored.of(self._first, stream)
        self.info = self._describe(self._first, source)
        self.details: Details | None = details_of(
            container, stream, self._first, self._stored, timing.stamps
        )

    def _describe(self, first: av.VideoFrame, source: str) -> VideoInfo:
        width, height = self._stored.displayed
        end = header_end(self._container, self._stream)
        return VideoInfo(
            source=source,
            width=width,
            height=height,
            frame_rate=self._clock.rate,
            duration=None if end is None or end <= self._start else end - self._start,
            codec=self._stream.codec_context.name,
            rotation=self._stored.orientation.turns * 90,
            mirrored=self._stored.orientation.mirrored,
            interlaced=first.interlaced_frame,
            streams=len(video_streams(self._container)),
            start=self._start,
            zero=self._clock.zero,
            started=self._began(),
        )

    def _began(self) -> str | None:
        """Return when the recording began, ISO 8601, where it says so."""
        if (date := self._clock.date) is not None:
            return iso_time(date)
        told = str(self._container.metadata.get("creation_time", ""))
        # many writers put the beginning of their calendar there
        return told if told[:4].isdecimal() and int(told[:4]) >= _FIRST_YEAR else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
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
        return Rescaler(self._stored, short_side)

    def timed(self) -> Iterator[tuple[float, av.VideoFrame]]:
        """Return all frames as decoded, without combs, at their seconds; not ``frames`` too."""
        return deinterlaced(self._timed())

    def _timed(self) -> Iterator[tuple[float, av.VideoFrame]]:
        for seconds, frame in chain([(self._start, self._first)], self._decoded):
            if not self._stored.fits(frame):
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


@dataclass(frozen=True)
class Details:
    """Technical facts of a recording; those of the first file where it is in several.

    Attributes:
        form: Name of the container format.
        codec: Name of the codec, and its profile where it has one.
        pixel_format: How pixels are stored, by FFmpeg's name.
        stored: How pictures are stored.
        matrix: Between stored colors and RGB; None where the recording does not say.
        range: Of stored levels; None where the recording does not say.
        high_dynamic_range: ``"PQ"`` or ``"HLG"``, None for the usual one.
        sound: Sound tracks.
        stamps: Where times come from, as ``Timing.stamps``.
    """

    form: str
    codec: str
    pixel_format: str
    stored: Stored
    matrix: str | None
    range: str | None
    high_dynamic_range: str | None
    sound: int
    stamps: str


def details_of(
    container: InputContainer,
    stream: VideoStream,
    first: av.VideoFrame,
    stored: Stored,
    stamps: str,
) -> Details:
    """Return the facts of a stream whose first frame is decoded; the rest as in ``Details``."""
    context = stream.codec_context
    rgb = first.colorspace == _RGB or first.format.is_rgb or first.format.has_palette
    # what ``Repacked`` makes of JPEGs between boundaries whose headers tell times
    multipart = container.format.name == "ivf" and context.name == "mjpeg"
    return Details(
        form=_MULTIPART if multipart else container.format.long_name,
        codec=" ".join(filter(None, (context.name, context.profile))),
        pixel_format=first.format.name,
        stored=stored,
        # GIF and others store RGB, or a palette of it, and call it nothing
        matrix="RGB" if rgb else _MATRICES.get(first.colorspace),
        range=_RANGES.get(first.color_range),
        high_dynamic_range=_HIGH_DYNAMIC_RANGE.get(int(first.color_trc)),
        sound=len(container.streams.audio),
        stamps=stamps,
    )
