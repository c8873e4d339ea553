"""Cameras and streams at addresses, and how patient a live source is.

In: numbers. Out: ``LiveSettings``, checked.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer

from slipdetect._address import address_scheme, shown_address, split_address
from slipdetect._settings import check_settings, setting
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.containers import (
    REFUSED_FORMATS,
    TOLERANT,
    fetched,
    open_bytes,
    pixel_limit,
    repacked,
)
from slipdetect.video.multipart import Repacked
from slipdetect.video.reader import DEFAULT_MAX_PIXELS
from slipdetect.video.timing import MAX_FRAME_RATE, MIN_FRAME_RATE


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
    max_lag: float = setting(
        5.0, "a frame may wait, thrice that where the machine is held up", "s", least=0.2
    )
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
_JPEGS = frozenset({"mjpeg", "mpjpeg"})


class Unusable(VideoError):
    """A source that no second try will make better."""


class LiveSource(ABC):
    """A place that frames come from, opened again where it broke off.

    Attributes:
        name: What may be shown of it.
        again: Opening it again may help.
        timed: Its timestamps mean something; False: a frame is shown when it comes.
    """

    name: str
    again = True
    timed = True

    @abstractmethod
    def open(self, settings: LiveSettings) -> InputContainer:
        """Connect; ``Unusable`` where that was never possible and will not be.

        Raises:
            VideoError: It cannot be opened; the message holds no secret.
        """

    def waits(self, container: InputContainer) -> bool:
        """Return whether it stands still while nobody reads, so that no frame need be lost."""
        return False


class AddressSource(LiveSource):
    """A stream at an address.

    Args:
        address: Protocol, perhaps user and password, host, path.

    Raises:
        UsageError: The protocol is not one of streams, or the host is not sure.
    """

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
        self._seen = self._whole = False

    def __repr__(self) -> str:
        return f"AddressSource({self.name!r})"

    def open(self, settings: LiveSettings) -> InputContainer:
        options: dict[str, str] = {
            "protocol_whitelist": self._protocols,
            "rtsp_transport": "tcp",
            **pixel_limit(settings.max_pixels),
            "analyzeduration": str(_PROBE),
            "fpsprobesize": str(_PROBE_FRAMES),
            "probesize": str(_PROBE_BYTES),
        }
        how: dict[str, Any] = {
            "options": options,
            "timeout": (settings.open_timeout, settings.read_timeout),
            **TOLERANT,
        }
        failure: VideoError | None
        try:
            container: InputContainer = av.open(self._address, **how)
            self._whole = container.size > 0
            if self._whole and container.format.name in _JPEGS:
                container = self._with_times(container, settings, how)
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
        # a file of known length comes as fast as it is read
        return self._whole

    def _with_times(
        self, container: InputContainer, settings: LiveSettings, how: dict[str, Any]
    ) -> InputContainer:
        """Return a file of JPEGs with the times between them, where it has any."""
        stream = repacked(fetched(av.open(self._address, format="data", **how)))
        if not isinstance(stream, Repacked):
            return container
        container.close()
        return open_bytes(stream, settings.max_pixels)

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


_DEVICES = Path("/dev")


class Camera(LiveSource):
    """A camera; video4linux on Linux, AVFoundation on macOS.

    Args:
        number: From 0.
    """

    def __init__(self, number: int) -> None:
        self.name = f"camera {number}"
        self._number = number
        self._seen = False

    def open(self, settings: LiveSettings) -> InputContainer:
        try:
            container = self._open()
        except (av.FFmpegError, OSError, ValueError) as error:
            text = f"{self.name} cannot be opened: {why(error)}; tried {self._number}, {_there()}"
            raise (VideoError if self._seen else Unusable)(text) from None
        self._seen = True
        return container

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
