"""What detection says of one source: events, window probabilities, and how reading went."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipdetect._text import printable, timecode
from slipdetect.detection.dataframe import events_frame, windows_frame
from slipdetect.detection.document import json_text, report_data
from slipdetect.detection.notebook import result_html
from slipdetect.detection.profile import Profile
from slipdetect.video import DecodeReport, VideoInfo

if TYPE_CHECKING:
    import pandas as pd


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

    Iterating over it gives its events, ``len`` their number; so one without events is false.

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

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)

    def __str__(self) -> str:
        """Return a line on the source, and one for each event."""
        lines = [f"{printable(self.source)}: {self.headline}"]
        for event in self.events:
            times = f"{timecode(event.start)} to {timecode(event.end)}"
            lines.append(f"  {times}  {printable(event.label)} {event.score:.2f}")
        return "\n".join(lines)

    @property
    def notes(self) -> tuple[str, ...]:
        """In a word each why the result rests on less than it should."""
        odd = {
            "truncated": self.report.truncated,
            "damaged": bool(self.report.failures),
            "short": self.padded,
        }
        return tuple(word for word, so in odd.items() if so)

    @property
    def headline(self) -> str:
        """The result in a line: length, what is odd, number of events or the nearest to one."""
        parts = [f"{self.duration:.1f} s", *self.notes]
        if self.events:
            parts.append("1 event" if len(self) == 1 else f"{len(self)} events")
            return ", ".join(parts)
        parts.append("no event")
        if self.windows:
            best = max(self.windows, key=lambda window: window.probability)
            at = timecode(best.centre)
            parts.append(f"highest probability {best.probability:.2f} at {at}")
        return ", ".join(parts)

    def to_json(self, *, windows: bool = False) -> str:
        """Return the line that ``slipdetect detect --format json`` prints, without a line feed.

        Args:
            windows: Add the probability of every window.

        Raises:
            ValueError: A number is NaN or infinite.
        """
        return json_text(report_data(self, windows=windows))

    def to_dataframe(self, *, windows: bool = False) -> pd.DataFrame:
        """Return a row for each event: source, start, end, peak, score, label, interrupted.

        Args:
            windows: A row for each window instead: source, start, end, probability,
                ``probability_MODALITY`` of each stream alone, corrupt.

        Raises:
            LibraryError: pandas is not installed.
        """
        return windows_frame(self) if windows else events_frame(self)

    def _repr_html_(self) -> str:
        return result_html(self)
