"""Reading packets and decoding frames in the face of damage, and judging what is missing.

In: an open container and a stream. Out: frames in order of presentation, and a filled report.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import floor
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.packet import Packet
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from slipdetect.errors import UsageError
from slipdetect.video.frame import DecodeReport
from slipdetect.video.orientation import UPRIGHT, Stored
from slipdetect.video.timing import DEFAULT_FRAME_RATE, MAX_FRAME_RATE, header_rate

_SMALLEST_SIDE = 2


def shrunk_size(width: int, height: int, short_side: int) -> tuple[int, int]:
    """Return (width, height) with the shorter side ``short_side``, never larger, both even."""
    scale = min(Fraction(1), Fraction(short_side - short_side % 2, min(width, height)))
    return _even(width * scale, width), _even(height * scale, height)


class Rescaler:
    """Turns decoded frames into pictures: one call of swscale, then a turn of the small result.

    A frame whose stored size differs from the first one's is fitted into the first one's size
    with black borders, so that all pictures of a video have one shape.

    Args:
        stored: How the first frame is stored.
        short_side: Pixels of the shorter displayed side, rounded down to even and never more than
            the video has; None keeps the stored pixels, whatever their aspect.

    Raises:
        UsageError: ``short_side`` is smaller than 2.
    """

    def __init__(self, stored: Stored, short_side: int | None) -> None:
        if short_side is not None and short_side < _SMALLEST_SIDE:
            raise UsageError(f"short side must be at least {_SMALLEST_SIDE}, not {short_side}")
        self._stored = stored
        self._size = stored.width, stored.height
        if short_side is not None:
            # the picture is turned when it is small
            lying = replace(stored, orientation=UPRIGHT)
            self._size = shrunk_size(*lying.displayed, short_side)
        self._reformatter = VideoReformatter()

    def __call__(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        """Return ``frame`` as an upright (height, width, 3) uint8 RGB array."""
        fits = self._stored.fits(frame)
        image = self._convert(frame, *self._size) if fits else self._letterbox(frame)
        return self._stored.orientation(image)

    def _letterbox(self, frame: av.VideoFrame) -> npt.NDArray[np.uint8]:
        width, height = self._size
        scale = min(Fraction(width, frame.width), Fraction(height, frame.height))
        inner = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
        canvas = np.zeros((height, width, 3), np.uint8)
        left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
        canvas[top : top + inner[1], left : left + inner[0]] = self._convert(frame, *inner)
        return canvas

    def _convert(self, frame: av.VideoFrame, width: int, height: int) -> npt.NDArray[np.uint8]:
        # FAST_BILINEAR saves 0.6 ms per 720p frame but skips pixels, which flickers in flow.
        picture = self._reformatter.reformat(
            frame, width, height, "rgb24", interpolation=Interpolation.AREA
        )
        return np.asarray(picture.to_ndarray(), dtype=np.uint8)


def _even(length: Fraction, limit: int) -> int:
    """Return the even number nearest to ``length``, at most ``limit`` and at least 2."""
    return max(_SMALLEST_SIDE, min(2 * round(length / 2), limit - limit % 2))


MAX_CONSECUTIVE_ERRORS = 8

_MISSING_WITH_ERRORS = 0.05
_MISSING_WITHOUT_ERRORS = 0.10


class FrameDecoder:
    """Iterates over the frames of one stream, once, and survives damaged packets.

    Attributes:
        report: Counts of frames and failures.
        read_error: Reading ended with an error and not with the end of the file.
        goes_on: It is a camera, whose clock is 0 at its first picture whatever came before.
    """

    goes_on = False

    def __init__(
        self, container: InputContainer, stream: VideoStream, report: DecodeReport
    ) -> None:
        self.report = report
        self.read_error = False
        self._shown = 0  # packets that should give a picture
        self._fields = False
        self._container = container
        self._stream = stream

    def __iter__(self) -> Iterator[av.VideoFrame]:
        keyed = came = False
        self.report.lead = 0
        # AVI may call no packet a key frame, or another one than it is
        trusted = self.goes_on or self._container.format.name != "avi"
        before: dict[int | None, int] = {}  # packets to be shown before that of a stamp
        for packet in self._whole_packets():
            if packet is not None:
                if packet.is_keyframe and not (keyed or came or self.goes_on):
                    self.report.lead = self._shown
                keyed = keyed or packet.is_keyframe
                if not (came or trusted):
                    before[packet.pts] = self._shown
                self._shown += self._shows(packet)
            try:
                frames = self._stream.decode(packet)
            except av.FFmpegError:
                # The packet is used up, so going on always comes to an end.
                if keyed:  # before a key frame nothing is damaged, but for some decoders all fails
                    self._fail()
                    self._shown -= 1
                continue
            for frame in frames:
                if not (came or trusted) and frame.pts is not None:
                    self.report.lead = before.get(frame.pts, self.report.lead)
                came = True
                self.report.frames += 1
                self._fields = self._fields or frame.interlaced_frame
                if frame.is_corrupt:
                    self._fail()
                yield frame
        self.report.undecoded = self._undecoded()

    def _shows(self, packet: Packet[VideoStream]) -> bool:
        """Return whether a packet holds a picture that is to be shown."""
        # VP8 hides pictures that others refer to, by a bit of their first byte
        hidden = self._stream.codec_context.name == "vp8" and not memoryview(packet)[0] & 0x10
        # Xvid begins with an empty chunk of one byte
        return not (packet.is_discard or hidden) and packet.size > 1

    def _undecoded(self) -> int:
        shown = self._shown
        if self._fields and shown > 1.5 * self.report.frames:
            shown = (shown + 1) // 2  # each field of a picture came in a packet of its own
        return max(0, shown - self.report.frames)

    def _fail(self) -> None:
        self.report.failures += 1
        self.report.warn("damaged: some frames could not be decoded or are patched")

    def _whole_packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Yield packets, then None to flush, but not a last packet that was cut off.

        With several threads its error would come up while the decoder is flushed, and PyAV then
        drops the good frames that are still inside.
        """
        held: Packet[VideoStream] | None = None
        packets = self._packets()
        if self._container.format.name == "dhav":
            packets = with_late_second(packets, header_rate(self._stream))
        for packet in packets:
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
            except (av.FFmpegError, OSError):
                errors += 1
                self._fail()
            except IndexError:
                # PyAV's way to end a file in which another stream turned up; all has been read
                return
            else:
                return
        self.read_error = True


def with_late_second(
    packets: Iterable[Packet[VideoStream]], rate: float | None
) -> Iterator[Packet[VideoStream]]:
    """Yield packets of DHAV; those of the second in which it begins get the stamps of its end.

    Such a recording says in which second a picture was taken, and FFmpeg counts on from that: what
    begins late in a second would stand at its beginning, and a hole behind it.

    Args:
        packets: In the order in which they are stored.
        rate: Frames per second, where one second has a single packet.
    """
    held: list[Packet[VideoStream]] = []
    packets = iter(packets)
    for packet in packets:
        held.append(packet)
        if _second(packet) != _second(held[0]) or len(held) > MAX_FRAME_RATE:
            break
    if len(held) > 1 and _second(held[-1]) == (_second(held[0]) or 0) + 1:
        stamps = [packet.pts or 0 for packet in held]
        usual = round(1 / ((rate or DEFAULT_FRAME_RATE) * held[0].time_base))
        steps = sorted(later - stamp for stamp, later in pairwise(stamps[:-1])) or [usual]
        step = steps[len(steps) // 2]
        late = stamps[-1] - step - stamps[-2]
        for packet, stamp in zip(held[:-1], stamps, strict=False):
            packet.pts = packet.dts = stamp + (late if late >= step else 0)
    yield from held
    yield from packets


def _second(packet: Packet[VideoStream]) -> int | None:
    return None if packet.pts is None else floor(packet.pts * packet.time_base)


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
    lost_frames = promised_frames - report.frames - report.lead
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


_MP4_STARTS = frozenset({b"ftyp", b"styp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_MP4_MEDIA = frozenset({b"mdat", b"moof", b"moov"})
_EBML_MAGIC = b"\x1a\x45\xdf\xa3"
_SEGMENT = b"\x18\x53\x80\x67"


def is_cut_off(path: Path) -> bool:
    """Return whether a file ends before the end that its container declares.

    Reads only box headers: ISO/IEC 14496-12 section 4.2 (MP4, MOV), RFC 8794 section 6 (Matroska),
    the RIFF chunk of AVI.
    """
    try:
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
    except OSError:  # moved or removed while its pictures were read: nothing tells
        pass
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
