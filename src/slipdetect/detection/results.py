"""What detection says of one source: events, window probabilities, and how reading went."""

from __future__ import annotations

from dataclasses import dataclass, field

from slipdetect.detection.profile import Profile
from slipdetect.video import DecodeReport, VideoInfo


@dataclass(frozen=True)
class Event:
    """One slip or fall.

    Attributes:
        start: Onset, seconds from the first frame.
        end: Offset, seconds.
        peak: Centre of the surest window, seconds.
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
    def centre(self) -> float:
        """Time that the probability speaks of, seconds."""
        return (self.start + self.end) / 2


@dataclass(frozen=True)
class DetectionResult:
    """Everything known of one source after detection.

    Attributes:
        source: Name of the source as it was given.
        model: Name of the model package.
        weights: sha256 of each stream's weights, by modality.
        events: Sorted by start.
        windows: Sorted by start.
        info: What the container says.
        report: What decoding met.
        duration: Time of the last sampled frame, seconds.
        padded: The source is shorter than one window, so its score rests on less than usual.
        profile: Where the time went.
    """

    source: str
    model: str
    weights: dict[str, str]
    events: tuple[Event, ...]
    windows: tuple[Window, ...]
    info: VideoInfo
    report: DecodeReport
    duration: float
    padded: bool
    profile: Profile | None = field(default=None, compare=False, repr=False)
