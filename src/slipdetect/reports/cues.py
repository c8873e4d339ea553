"""Events as subtitle cues: when a line of text is shown, to the millisecond.

In: a ``DetectionResult``. Out: times and text that every subtitle format shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipdetect.reports.names import printable

if TYPE_CHECKING:
    from slipdetect.types import DetectionResult


@dataclass(frozen=True)
class Cue:
    """A line of text over a video.

    Attributes:
        start: When it appears, milliseconds.
        end: When it goes, milliseconds; after ``start``.
        text: One line, label and score, not yet escaped.
    """

    start: int
    end: int
    text: str


def event_cues(result: DetectionResult) -> list[Cue]:
    """Return a cue per event, in order."""
    cues = []
    for event in result.events:
        start = round(event.start * 1000)
        # a cue that ends as it begins is no cue; a video of one frame has such an event
        end = max(round(event.end * 1000), start + 1)
        cues.append(Cue(start, end, f"{printable(event.label)} {event.score:.2f}"))
    return cues


def cue_time(milliseconds: int, point: str) -> str:
    """Return ``HH:MM:SS`` and three digits behind ``point``; hours take more digits as needed."""
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{point}{rest % 1000:03}"
