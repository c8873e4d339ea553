"""What is found in a video: the probability of a stretch of it, and a slip or fall.

In: numbers. Out: ``Event`` and ``Window``.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Event:
    """One slip or fall.

    Attributes:
        start: Onset, seconds from the first frame.
        end: Offset, seconds.
        peak: Center of the surest window, seconds.
        score: Probability of that window, 0 to 1.
        label: What it is.
        interrupted: The source broke off while the event lasted.
    """

    start: float
    end: float
    peak: float
    score: float
    label: str = "slip"
    interrupted: bool = False


@dataclass(frozen=True)
class Window:
    """The probability that somebody slips or falls around the middle of a stretch of video.

    Attributes:
        start: Time of its first frame, seconds.
        end: Time of its last frame, seconds.
        probability: Fused and calibrated, 0 to 1.
        streams: Probability by each modality alone.
        corrupt: It touches frames that the decoder marked as damaged.
    """

    start: float
    end: float
    probability: float
    streams: dict[str, float] = field(default_factory=dict, hash=False)
    corrupt: bool = False

    @property
    def center(self) -> float:
        """Time that the probability speaks of, seconds."""
        return (self.start + self.end) / 2
