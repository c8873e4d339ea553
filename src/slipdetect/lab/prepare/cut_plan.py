"""Long videos with marked times, and which pieces become clips: events, and negatives near them.

In: times of events and of what only looks like one. Out: ``PlannedClip``s that do not overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slipdetect.errors import UsageError

Range = tuple[float, float]


@dataclass(frozen=True)
class CutRule:
    """How clips are cut.

    Attributes:
        before: Seconds before an event that its clip begins, ``after`` those it goes on.
        clearance: Least distance in seconds between an event and a negative clip.
        negatives: Negative clips per event, and per video without events.
        shortest: A marked negative of which less is left, in seconds, is no clip.
    """

    before: float = 1.0
    after: float = 1.0
    clearance: float = 1.0
    negatives: int = 2
    shortest: float = 0.5

    def __post_init__(self) -> None:
        for name in ("before", "after", "clearance", "negatives"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise UsageError(f"--{name} must be 0 or more, not {getattr(self, name)!r}")


@dataclass(frozen=True)
class PlannedClip:
    """A piece of a video.

    Attributes:
        start: Seconds; ``end`` too.
        event: (start, end) of the event it shows, or None.
    """

    start: float
    end: float
    event: Range | None = None

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


@dataclass(frozen=True)
class CutPlan:
    """What becomes of a video.

    Attributes:
        cuts: In order of time, none overlaps another.
        lacking: Negative clips that had no place.
        too_near: Marked negatives that are too near to an event.
    """

    cuts: tuple[PlannedClip, ...]
    lacking: int = 0
    too_near: int = 0


def plan_cuts(
    duration: float, events: Sequence[Range], marked: Sequence[Range], rule: CutRule
) -> CutPlan:
    """Return the clips of a video with events or marked negatives.

    The clip of an event begins ``before`` and ends ``after`` it, but not beyond the middle to its
    neighbor. Every marked negative becomes a clip with the same margins as far as there is place.
    Each event gets ``negatives`` clips of the length of its own, so that length does not tell the
    label, as near to it as there is place.

    Args:
        duration: Seconds of the video.
        events: (start, end) in seconds, in order, not overlapping.
        marked: Those of what only looks like an event.
        rule: How to cut.
    """
    positives = _around(duration, events, rule)
    free: list[Range] = [(0.0, duration)]
    for cut, (start, end) in zip(positives, events, strict=True):
        low = min(cut.start, start - rule.clearance)
        free = _without(free, (low, max(cut.end, end + rule.clearance)))
    kept = _marked(marked, free, rule)
    for cut in kept:
        free = _without(free, (cut.start, cut.end))
    near: list[PlannedClip] = []
    for cut in positives * rule.negatives:  # a round of all events after the other
        piece = _nearest(free, cut)
        if piece is not None:
            near.append(piece)
            free = _without(free, (piece.start, piece.end))
    cuts = sorted([*positives, *kept, *near], key=lambda cut: cut.start)
    lacking = len(positives) * rule.negatives - len(near)
    return CutPlan(tuple(cuts), lacking, len(marked) - len(kept))


def _marked(marked: Sequence[Range], free: Sequence[Range], rule: CutRule) -> list[PlannedClip]:
    """Return the clips of marked negatives for which there is place."""
    cuts: list[PlannedClip] = []
    for start, end in marked:
        place = max(free, key=lambda gap: min(gap[1], end) - max(gap[0], start), default=(0.0, 0.0))
        # not into the next marked one, which gets a clip of its own
        later = [other[0] for other in marked if other[0] >= end]
        low, high = max(place[0], start - rule.before), min(place[1], end + rule.after, *later)
        if min(high, end) - max(low, start) >= min(rule.shortest, end - start):
            cuts.append(PlannedClip(low, high))
            free = _without(free, (low, high))
    return cuts


def spread_cuts(duration: float, seconds: float, count: int) -> list[PlannedClip]:
    """Return up to ``count`` clips of ``seconds``, evenly over a video without events."""
    if seconds <= 0.0 or seconds >= duration:
        return [PlannedClip(0.0, duration)] if count else []
    count = min(count, int(duration / seconds))
    gap = (duration - count * seconds) / (count + 1)
    starts = [gap + index * (gap + seconds) for index in range(count)]
    return [PlannedClip(start, start + seconds) for start in starts]


def _around(duration: float, events: Sequence[Range], rule: CutRule) -> list[PlannedClip]:
    cuts = []
    for index, (start, end) in enumerate(events):
        low, high = max(0.0, start - rule.before), min(duration, end + rule.after)
        if index > 0:
            low = max(low, (events[index - 1][1] + start) / 2)
        if index + 1 < len(events):
            high = min(high, (end + events[index + 1][0]) / 2)
        cuts.append(PlannedClip(low, high, (start, end)))
    return cuts


def _without(free: Sequence[Range], taken: Range) -> list[Range]:
    """Return what is left of ranges when another is taken away."""
    left = []
    for low, high in free:
        left += [(low, min(high, taken[0])), (max(low, taken[1]), high)]
    return sorted({(low, high) for low, high in left if low < high})


def _nearest(free: Sequence[Range], cut: PlannedClip) -> PlannedClip | None:
    """Return the free piece as long as ``cut`` that is nearest to it, the later one of two."""
    places = []
    for low, high in free:
        if high - low >= cut.seconds:
            start = low if low >= cut.end else high - cut.seconds
            places.append((max(start - cut.end, cut.start - start - cut.seconds), -start))
    if not places:
        return None
    start = -min(places)[1]
    return PlannedClip(start, start + cut.seconds)
