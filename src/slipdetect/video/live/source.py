"""What a live source is to those who read it, and which one a name means.

In: what the user named. Out: a ``LiveSource``, or None for what is a file.
"""

from __future__ import annotations

from typing import Protocol

from av.container import InputContainer

from slipdetect._address import address_scheme
from slipdetect.video.live.settings import LiveSettings


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
    from slipdetect.video.live.address_source import AddressSource
    from slipdetect.video.live.camera import Camera

    return Camera(int(source)) if is_camera(source) else AddressSource(source)
