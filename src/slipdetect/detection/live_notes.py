"""What live detection tells: an onset at once, the event when it is final, a summary at the end.

In: nothing. Out: the notes as data.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect.types import Event
from slipdetect.video.live import Reconnected, Reconnecting, Skipped, Started


@dataclass(frozen=True)
class Onset:
    """An event has begun; a short one may still be dropped.

    Attributes:
        id: Number of the event, from 1.
        start: Seconds from the first frame.
        probability: Of the window that began it.
    """

    id: int
    start: float
    probability: float


@dataclass(frozen=True)
class Found:
    """An event that nothing later can change.

    Attributes:
        id: That of its onset.
        event: What was found.
    """

    id: int
    event: Event


@dataclass(frozen=True)
class LiveSummary:
    """How a live run went.

    Attributes:
        seconds: Time of the last frame that was looked at.
        events: Events told of.
        frames: Frames decoded.
        failures: Frames and packets that were damaged.
        sampled: Sampled frames looked at.
        dropped: Sampled frames thrown away, because there was no time for them.
        longest_lag: Longest wait of a sampled frame, seconds.
        reconnects: Times that frames came again after a gap.
    """

    seconds: float
    events: int
    frames: int
    failures: int
    sampled: int
    dropped: int
    longest_lag: float
    reconnects: int

    @property
    def achieved_fps(self) -> float:
        """Frames looked at in a second of the run; 0 where there was nothing to see."""
        return self.sampled / self.seconds if self.seconds > 0 else 0.0


LiveNote = Started | Reconnecting | Reconnected | Skipped | Onset | Found
