"""A camera of this machine, by its number.

In: a number. Out: an open container, or which numbers there are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
from av.container import InputContainer

from slipdetect.errors import VideoError
from slipdetect.video.live.address_source import Unusable, why
from slipdetect.video.live.settings import LiveSettings

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
