"""One connection to a live source: sampled frames until it ends or breaks off.

In: an open container. Out: ``Frame``s on a regular grid that begins at 0, and why they ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from slipdetect.errors import VideoError
from slipdetect.video.clock import Clock
from slipdetect.video.decoder import FrameDecoder, Rescaler
from slipdetect.video.frame import DecodeReport, Frame
from slipdetect.video.grid import nearest_on_grid
from slipdetect.video.interlacing import deinterlaced
from slipdetect.video.live.newest_frames import Started
from slipdetect.video.live.packets import WaitingPackets
from slipdetect.video.live.sources import LiveSettings, why
from slipdetect.video.orientation import Stored
from slipdetect.video.timing import header_rate, timing_of
from slipdetect.video.video import choose_stream

# takes every decoded frame with its time in this connection, seconds
Watch = Callable[[float, av.VideoFrame], None]


_SMALL = 1280 * 720  # pixels that one thread decodes in time


class _LiveDecoder(FrameDecoder):
    """Ends at the first error of reading, where that of a file tries to read on.

    Args:
        packets: What is decoded, by as many as the stream has.

    Attributes:
        reason: Why reading ended; None at a proper end.
    """

    reason: str | None = None

    def __init__(
        self,
        container: InputContainer,
        stream: VideoStream,
        report: DecodeReport,
        packets: Iterable[Packet[VideoStream]],
    ) -> None:
        super().__init__(container, stream, report)
        self._source = packets

    def _packets(self) -> Iterator[Packet[VideoStream]]:
        try:
            for packet in self._source:
                if packet.size:
                    yield packet
        except (av.FFmpegError, OSError) as error:  # the latter of a pipe or a growing file
            self.read_error = True
            self.reason = why(error)


class Connection:
    """A container as it is read, once.

    Args:
        container: Closed by ``close``, and where the connection cannot be made.
        name: Of the source, for messages.
        report: Counts on over all connections.
        settings: Which stream, its largest frame, its frame rate where that was said.
        camera: It goes on as time does; False: a recording, whose own clock counts.
        timed: Timestamps mean something.
        now: Seconds of a clock.
        crowded: Called where so much waits to be decoded that there is no room for more.

    Attributes:
        container: What is read.
        started: Size and codec.
        unread: That the source has streams that nobody looks at, or None.
        stored: How its pictures are stored.
        warning: What is to be said of its times, if anything.

    Raises:
        VideoError: There is no such stream, or no frame came.
    """

    def __init__(
        self,
        container: InputContainer,
        name: str,
        report: DecodeReport,
        settings: LiveSettings,
        camera: bool,
        timed: bool,
        now: Callable[[], float],
        crowded: Callable[[], None],
    ) -> None:
        self.container = container
        self._now = now
        self._waiting: WaitingPackets | None = None
        try:
            self._begin(name, report, settings, camera, timed, crowded)
        except BaseException:
            self.close()
            raise

    def _begin(
        self,
        name: str,
        report: DecodeReport,
        settings: LiveSettings,
        camera: bool,
        timed: bool,
        crowded: Callable[[], None],
    ) -> None:
        container = self.container
        stream, self.unread = choose_stream(container, name, settings.stream, settings.max_pixels)
        # threads that share a picture add no delay, those that take one each do
        stream.codec_context.thread_type = "SLICE"
        if stream.codec_context.width * stream.codec_context.height <= _SMALL:
            stream.codec_context.thread_count = 1  # others cost memory and gain nothing
        packets: Iterable[Packet[VideoStream]]
        if camera:
            packets = self._waiting = WaitingPackets(container, stream, self._now, crowded)
        else:  # it stands still while nobody reads
            packets = container.demux(stream)
        self._decoder = _LiveDecoder(container, stream, report, packets)
        self._decoder.goes_on = camera
        self.warning: str | None = None
        self._clock: Clock | None = None
        if timed or settings.frame_rate is not None:
            timing = timing_of(container, stream, settings.frame_rate, camera=camera)
            self.warning = timing.warning
            self._clock = Clock(timing, report)
            self._decoded = self._clock.timed(self._decoder)
        else:
            self._decoded = self._as_they_come()
        first = next(self._decoded, None)
        if first is None:
            reason = self._decoder.reason or "it ended before a frame could be decoded"
            raise VideoError(f"{name!r} gave no frame: {reason}")
        self._frames = chain([first], self._decoded)
        self.stored = Stored.of(first[1], stream)
        rate = header_rate(stream) if self._clock is None else self._clock.rate
        self.started = Started(*self.stored.displayed, stream.codec_context.name, rate)

    @property
    def came(self) -> float:
        """When what was decoded last had come, seconds of the clock."""
        return self._now() if self._waiting is None else self._waiting.came

    @property
    def reason(self) -> str | None:
        """Why it broke off; None when it came to an end."""
        return self._decoder.reason

    @property
    def heard(self) -> float:
        """When the last came of all, decoded or not, seconds of the clock."""
        return self._now() if self._waiting is None else self._waiting.heard

    def frames(self, rate: float, short_side: int, watch: Watch | None) -> Iterator[Frame]:
        """Yield the frames on a grid as ``nearest_on_grid`` does.

        Args:
            rate: Frames per second.
            short_side: Of the pictures, pixels.
            watch: Sees every frame first.
        """
        rescale = Rescaler(self.stored, short_side)
        for seconds, frame in nearest_on_grid(self._timed(watch), rate):
            sampled = Frame(seconds, rescale(frame), frame.is_corrupt)
            del frame  # it is large, and the next one may be long in coming
            yield sampled

    def close(self) -> None:
        """End the connection; returns when the source next gives something, or its time-out."""
        if self._waiting is not None:
            self._waiting.close()
        self.container.close()

    def _timed(self, watch: Watch | None) -> Iterator[tuple[float, av.VideoFrame]]:
        for seconds, frame in deinterlaced(self._frames):
            if watch is not None:
                watch(seconds, frame)
            yield seconds, frame
        if self._clock is not None:
            self._clock.tell()

    def _as_they_come(self) -> Iterator[tuple[float, av.VideoFrame]]:
        began: float | None = None
        for frame in self._decoder:
            began = self.came if began is None else began
            yield self.came - began, frame
