"""How patient a live source is, as data.

In: numbers. Out: ``LiveSettings``, checked.
"""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

import av
from av.container import InputContainer

from slipdetect._address import address_scheme, shown_address, split_address
from slipdetect._settings import check_settings, setting
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.multipart import SNIFFED, Ahead, Bytes, Repacked, is_multipart
from slipdetect.video.reader import DEFAULT_MAX_PIXELS, check_source
from slipdetect.video.timing import MAX_FRAME_RATE, MIN_FRAME_RATE, TOLD_OF_TIMES
from slipdetect.video.video import REFUSED_FORMATS, TOLERANT


@dataclass(frozen=True)
class LiveSettings:
    """Time-outs, tries and bounds of a live source."""

    retries: int | None = setting(
        10, "tries in a row to connect before giving up; none: goes on for ever", least=0
    )
    read_timeout: float = setting(3.0, "without data the connection is given up", "s", least=0.05)
    open_timeout: float = setting(10.0, "for connecting", "s", least=0.05)
    first_wait: float = setting(1.0, "before the first try, then twice as long", "s", least=0.0)
    longest_wait: float = setting(30.0, "before any try", "s", least=0.0)
    jitter: float = setting(0.2, "share of a wait that chance adds", least=0.0)
    max_lag: float = setting(5.0, "of sampled frames that may wait", "s", least=0.2)
    stream: int | None = setting(None, "video stream, from 0", least=0)
    max_pixels: int = setting(DEFAULT_MAX_PIXELS, "refuse larger frames", "px", least=1)
    max_duration: float | None = setting(None, "end after so much video", "s", least=0.001)
    frame_rate: float | None = setting(
        None,
        "show frame i at i / rate seconds",
        "1/s",
        least=MIN_FRAME_RATE,
        most=MAX_FRAME_RATE,
    )

    def __post_init__(self) -> None:
        check_settings(self)


# which protocols a stream may lead to; files are in none of them
_WEB = "http,https,tcp,tls,httpproxy"
_PROTOCOLS = {
    "http": _WEB,
    "https": _WEB,
    "rtsp": "rtsp,rtp,rtcp,udp,tcp",
    "rtsps": "rtsp,rtsps,rtp,rtcp,srtp,udp,tcp,tls",
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmps,rtmp,tcp,tls",
    "tcp": "tcp",
    "udp": "udp",
    "srt": "srt",
}
# how long a stream is tested before its first frame is shown, microseconds, and on how many frames
_PROBE = 2_000_000
_PROBE_BYTES = 1_000_000  # FFmpeg keeps as much of an MPEG-TS until it has all been read
_PROBE_FRAMES = 3


class Unusable(VideoError):
    """A source that no second try will make better."""


class AddressSource:
    """A stream at an address.

    Args:
        address: Protocol, perhaps user and password, host, path.

    Raises:
        UsageError: The protocol is not one of streams, or the host is not sure.
    """

    again = True
    timed = True

    def __init__(self, address: str) -> None:
        scheme = address_scheme(address)
        if scheme not in _PROTOCOLS:
            raise UsageError(
                f"an address with {scheme}:// is no stream; there is {', '.join(_PROTOCOLS)}"
            )
        problem = _problem(address)
        if problem:
            raise UsageError(f"the address {scheme}://... cannot be used: {problem}")
        self.name = shown_address(address)
        self._address = address
        self._protocols = _PROTOCOLS[scheme]
        self._seen = False

    def __repr__(self) -> str:
        return f"AddressSource({self.name!r})"

    def open(self, settings: LiveSettings) -> InputContainer:
        """Connect; ``Unusable`` where that was never possible and will not be."""
        options = {
            "protocol_whitelist": self._protocols,
            "rtsp_transport": "tcp",
            "max_pixels": str(settings.max_pixels),
            "analyzeduration": str(_PROBE),
            "fpsprobesize": str(_PROBE_FRAMES),
            "probesize": str(_PROBE_BYTES),
        }
        timeout = (settings.open_timeout, settings.read_timeout)
        failure: VideoError | None
        try:
            container: InputContainer = av.open(
                self._address, options=options, timeout=timeout, **TOLERANT
            )
        except (av.FFmpegError, ValueError) as error:
            failure = self._failure(error)
        else:
            failure = self._check(container)
            if failure is None:
                self._seen = True
                return container
        # outside of the block, for the error of FFmpeg holds the whole address
        raise failure

    def waits(self, container: InputContainer) -> bool:
        """Return whether it is a file of known length, which comes as fast as it is read."""
        return container.size > 0

    def _check(self, container: InputContainer) -> VideoError | None:
        formats = container.format.name.split(",")
        # FFmpeg numbers the pictures of these as if there were 25 a second
        self.timed = "mpjpeg" not in formats
        if REFUSED_FORMATS.isdisjoint({*formats} - {"sdp"}):
            return None
        container.close()
        return Unusable(f"{self.name!r} is not a video but {formats[0]!r}, a list of others")

    def _failure(self, error: Exception) -> VideoError:
        text = f"{self.name!r} cannot be opened: {why(error)}"
        hopeless = (
            av.error.InvalidDataError,
            av.error.HTTPUnauthorizedError,
            av.error.HTTPForbiddenError,
            av.error.HTTPNotFoundError,
        )
        if isinstance(error, hopeless) and not self._seen:
            return Unusable(f"{text}; check the address, the user and the password")
        return VideoError(f"{text}; check that it is on and can be reached")


def why(error: Exception) -> str:
    """Return what FFmpeg says of an error, without the address that it was about."""
    if isinstance(error, av.error.ExitError):
        return "no data came in time"
    if isinstance(error, av.error.InvalidDataError):
        return "it is no video, or an MP4 that is not complete"
    reason = getattr(error, "strerror", None)
    return str(reason).lower() if reason else type(error).__name__


def _problem(address: str) -> str:
    try:
        split_address(address)
    except ValueError as error:
        return str(error)
    return ""


_POLL = 0.1


class PipeSource:
    """Video on a pipe; whoever writes it waits when detection is slower.

    Args:
        stream: Read to its end.
        name: What it is called.
    """

    again = False
    timed = True

    def __init__(self, stream: BinaryIO, name: str = "standard input") -> None:
        self.name = name
        self._stream = stream

    def open(self, settings: LiveSettings) -> InputContainer:
        """Read the header.

        Raises:
            VideoError: It holds no video that can be read from its beginning on.
        """
        return _opened(_Some(self._stream), self.name, settings)

    def waits(self, container: InputContainer) -> bool:
        """Return True: a pipe that nobody reads fills up."""
        return True


class FollowedFile:
    """A file that is still being written: what is there, then what is added.

    It has come to its end when nothing was added for ``read_timeout`` seconds.

    Args:
        path: The file, which must be there.

    Raises:
        VideoError: It is missing, empty, or no file that may be a video.
    """

    again = False
    timed = True

    def __init__(self, path: str) -> None:
        self.name = path
        self._path = check_source(path)

    def open(self, settings: LiveSettings) -> InputContainer:
        """Read the header.

        Raises:
            VideoError: It holds no video that can be read while it is written.
        """
        return _opened(_Growing(self._path, settings.read_timeout), self.name, settings)

    def waits(self, container: InputContainer) -> bool:
        """Return True: the file stays."""
        return True


class _Some:
    """A stream whose ``read`` does not wait until it has all that was asked for."""

    def __init__(self, stream: BinaryIO) -> None:
        self._read: Callable[[int], bytes | None] = stream.read
        self._head = b""
        if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
            # a thread that waits inside a buffered reader makes Python abort at its exit
            self._head = stream.read1(len(stream.peek()))
            self._read = stream.raw.read

    def read(self, size: int) -> bytes:
        data, self._head = self._head[:size], self._head[size:]
        return data or self._read(size) or b""


class _Growing:
    """A file whose ``read`` waits at the end for more."""

    def __init__(self, path: Path, patience: float) -> None:
        self._file = path.open("rb")
        self._patience = patience
        self._ended = False

    def read(self, size: int) -> bytes:
        # FFmpeg asks again after the end
        waited = self._patience if self._ended else 0.0
        while not (data := self._file.read(size)) and waited < self._patience:
            time.sleep(min(_POLL, self._patience))
            waited += _POLL
        self._ended = not data
        return data


def _opened(stream: Bytes, name: str, settings: LiveSettings) -> InputContainer:
    # nothing that the bytes may name can be opened
    options = {"max_pixels": str(settings.max_pixels), "protocol_whitelist": "none"}
    try:
        ahead = Ahead(stream, SNIFFED)
        packed = Repacked(ahead) if is_multipart(ahead.first) else None
        container: InputContainer = av.open(
            ahead if packed is None else packed,
            "r",
            format=None if packed is None else packed.format,
            options=options,
            **TOLERANT,
        )
    except (av.FFmpegError, ValueError) as error:
        raise VideoError(
            f"{name!r} cannot be read as it comes: {why(error)}; MPEG-TS, Matroska, FLV, "
            "fragmented MP4 and raw H.264 can"
        ) from error
    if packed is not None and packed.warning is not None:
        container.metadata[TOLD_OF_TIMES] = packed.warning
    if REFUSED_FORMATS.intersection(container.format.name.split(",")):
        container.close()
        raise VideoError(f"{name!r} is not a video but {container.format.long_name!r}")
    return container


_DEVICES = Path("/dev")


class Camera:
    """A camera; video4linux on Linux, AVFoundation on macOS.

    Args:
        number: From 0.
    """

    again = True
    timed = True

    def __init__(self, number: int) -> None:
        self.name = f"camera {number}"
        self._number = number
        self._seen = False

    def open(self, settings: LiveSettings) -> InputContainer:
        """Open the device; ``Unusable`` where it was never there."""
        try:
            container = self._open()
        except (av.FFmpegError, OSError, ValueError) as error:
            text = f"{self.name} cannot be opened: {why(error)}; tried {self._number}, {_there()}"
            raise (VideoError if self._seen else Unusable)(text) from None
        self._seen = True
        return container

    def waits(self, container: InputContainer) -> bool:
        """Return False: a camera goes on."""
        return False

    def _open(self) -> InputContainer:
        if sys.platform == "darwin":
            return av.open(f"{self._number}:none", format="avfoundation")
        if sys.platform == "win32":
            raise ValueError("camera numbers are not known on Windows")
        return av.open(str(_DEVICES / f"video{self._number}"), format="v4l2")


def _there() -> str:
    """Say which cameras are there."""
    numbers = [path.name.removeprefix("video") for path in _DEVICES.glob("video[0-9]*")]
    found = sorted(int(number) for number in numbers if number.isdigit())
    if not found:
        return "and this machine has none; connect one, or end the program that has it"
    return f"there is {', '.join(map(str, found))}; end the program that has it, or name another"


class LiveSource(Protocol):
    """A place that frames come from, opened again where it broke off.

    Attributes:
        name: What may be shown of it.
        again: Opening it again may help.
        timed: Its timestamps mean something; False: a frame is shown when it comes.
    """

    name: str
    again: bool
    timed: bool

    def open(self, settings: LiveSettings) -> InputContainer:
        """Connect.

        Raises:
            VideoError: It cannot be opened; the message holds no secret.
        """

    def waits(self, container: InputContainer) -> bool:
        """Return whether it stands still while nobody reads, so that no frame need be lost."""


def is_live(source: str) -> bool:
    """Return whether a source is an address or the number of a camera."""
    return address_scheme(source) is not None or is_camera(source)


def is_camera(source: str) -> bool:
    """Return whether a source is the number of a camera."""
    return source.isascii() and source.isdigit()


def live_source(source: str) -> LiveSource:
    """Return the source that an address or the number of a camera means.

    Raises:
        UsageError: It is neither, or an address that cannot be used.
    """
    return Camera(int(source)) if is_camera(source) else AddressSource(source)
