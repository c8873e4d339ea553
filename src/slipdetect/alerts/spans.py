"""Which stretches of a video the clips of its events show.

In: events and a margin. Out: ``Span``s in order that neither touch nor overlap.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slipdetect.types import Event


@dataclass(frozen=True)
class Span:
    """A stretch with one event or several.

    Attributes:
        start: First moment, seconds, at least 0.
        end: Last moment, seconds.
        first: Start of its first event, seconds.
    """

    start: float
    end: float
    first: float


def clip_spans(events: Iterable[Event], margin: float) -> list[Span]:
    """Return the stretches from ``margin`` seconds before every event to as long behind it.

    Those that touch or overlap become one, so that no second of the video is written twice.
    """
    spans: list[Span] = []
    for event in sorted(events, key=lambda event: (event.start, event.end)):
        start, end = max(event.start - margin, 0.0), event.end + margin
        if spans and start <= spans[-1].end:
            last = spans.pop()
            spans.append(Span(last.start, max(last.end, end), last.first))
        else:
            spans.append(Span(start, end, event.start))
    return spans
