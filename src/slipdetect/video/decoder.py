"""Reading packets and decoding frames in the face of damage, and judging what is missing.

In: an open container and a stream. Out: frames in order of presentation, and a filled report.
"""

from __future__ import annotations

from collections.abc import Iterator

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from slipdetect.video.frame import DecodeReport

MAX_CONSECUTIVE_ERRORS = 8

_MISSING_WITH_ERRORS = 0.05
_MISSING_WITHOUT_ERRORS = 0.10


class FrameDecoder:
    """Iterates over the frames of one stream, once, and survives damaged packets.

    Attributes:
        report: Counts of frames and failures.
        read_error: Reading ended with an error and not with the end of the file.
    """

    def __init__(
        self, container: InputContainer, stream: VideoStream, report: DecodeReport
    ) -> None:
        self.report = report
        self.read_error = False
        self._container = container
        self._stream = stream

    def __iter__(self) -> Iterator[av.VideoFrame]:
        for packet in self._whole_packets():
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                # The packet is used up, so going on always comes to an end.
                self._fail()
                continue
            for frame in frames:
                self.report.frames += 1
                if frame.is_corrupt:
                    self._fail()
                yield frame

    def _fail(self) -> None:
        self.report.failures += 1
        self.report.warn("damaged: some frames could not be decoded or are patched")

    def _whole_packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Yield packets, then None to flush, but not a last packet that was cut off.

        With several threads its error would come up while the decoder is flushed, and PyAV then
        drops the good frames that are still inside.
        """
        held: Packet[VideoStream] | None = None
        for packet in self._packets():
            if held is not None:
                yield held
                held = None
            if packet.is_corrupt:
                held = packet
            else:
                yield packet
        if held is not None:
            self._fail()
        yield None

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        """Yield packets with data; start reading again after an error, a few times."""
        errors = 0
        while errors <= MAX_CONSECUTIVE_ERRORS:
            try:
                for packet in self._container.demux(self._stream):
                    if packet.size:
                        errors = 0
                        yield packet
            except av.FFmpegError:
                errors += 1
                self._fail()
            except IndexError:
                # PyAV's way to end a file in which another stream turned up; all has been read
                return
            else:
                return
        self.read_error = True


def is_truncated(
    report: DecodeReport,
    ended_early: bool,
    seconds: float,
    promised_frames: int,
    promised_seconds: float | None,
) -> bool:
    """Judge at the end of reading whether a noticeable part of a video is missing.

    Headers are often a little wrong, so without any error only a large gap in time counts.

    Args:
        report: Counts of the frames decoded and failed.
        ended_early: Reading ended with an error, or the file is shorter than its container.
        seconds: Time shown by the frames decoded.
        promised_frames: Frames in the header, 0 if unknown.
        promised_seconds: Duration in the header, None if unknown.
    """
    lost_frames = promised_frames - report.frames
    lost_seconds = 0.0 if promised_seconds is None else promised_seconds - seconds
    if ended_early:
        return True
    if report.failures:
        share = _MISSING_WITH_ERRORS
        fewer = lost_frames > max(2, share * promised_frames)
        return fewer or lost_seconds > max(0.25, share * (promised_seconds or 0.0))
    # Without a count of frames the duration may be that of a longer sound track.
    share = _MISSING_WITHOUT_ERRORS
    fewer = promised_frames > 0 and lost_frames > share * promised_frames
    return fewer and lost_seconds > max(0.5, share * (promised_seconds or 0.0))
