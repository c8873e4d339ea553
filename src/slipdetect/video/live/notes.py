"""What a live source tells beside its frames.

In: nothing. Out: notes, each one thing that happened, with its time in seconds of the source.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect.video.frame import Frame


@dataclass(frozen=True)
class Started:
    """The first frame is there, at 0 s.

    Attributes:
        width: Pixels per row as displayed.
        height: Rows as displayed.
        codec: Name of the codec.
        frame_rate: What the stream names, 1/s; None where that makes no sense.
    """

    width: int
    height: int
    codec: str
    frame_rate: float | None


@dataclass(frozen=True)
class Reconnecting:
    """The source broke off.

    Attributes:
        at: Time of the last frame, seconds.
        reason: Why, without anything of an address.
    """

    at: float
    reason: str


@dataclass(frozen=True)
class Reconnected:
    """Frames come again.

    Attributes:
        at: Time of the first one, seconds.
        gap: Seconds that were not seen.
    """

    at: float
    gap: float


@dataclass(frozen=True)
class Skipped:
    """Frames were thrown away, because detection was too slow for them.

    Attributes:
        start: Time of the first of them, seconds.
        end: Time of the first frame that was kept, seconds.
        frames: How many sampled frames.
    """

    start: float
    end: float
    frames: int


VideoNote = Started | Reconnecting | Reconnected | Skipped
Item = Frame | VideoNote
