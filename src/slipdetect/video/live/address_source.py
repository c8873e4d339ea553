"""A stream at an address: RTSP, HTTP with MPEG-TS, MJPEG or a whole file, and what else FFmpeg has.

In: an address, perhaps with a password. Out: an open container; no message repeats the address.
"""

from __future__ import annotations

import av
from av.container import InputContainer

from slipdetect._address import address_scheme, shown_address, split_address
from slipdetect.errors import UsageError, VideoError
from slipdetect.video.live.settings import LiveSettings
from slipdetect.video.opening import REFUSED_FORMATS, TOLERANT

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
        }
        timeout = (settings.open_timeout, settings.stall)
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
