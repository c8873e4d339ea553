"""Reading a video file as RGB frames with times, optionally sampled to a rate and made smaller.

In: a file. Out: ``Video`` with ``info``, ``report`` and one pass of ``Frame``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.video.stream import VideoStream

from slipdetect.errors import UsageError, VideoError
from slipdetect.video.clock import (
    DEFAULT_FRAME_RATE,
    FixedClock,
    PresentationClock,
)
from slipdetect.video.completeness import is_cut_off
from slipdetect.video.decoder import FrameDecoder, is_truncated
from slipdetect.video.frame import DecodeReport, Frame, VideoInfo
from slipdetect.video.opening import (
    header_duration,
    header_rate,
    video_streams,
)
from slipdetect.video.rescale import Rescaler, displayed_size, plausible_aspect, quarter_turns
from slipdetect.video.sampling import nearest_on_grid


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
