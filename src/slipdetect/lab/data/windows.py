"""Where in a clip training windows may sit, so that labels mean what they say.

In: a clip and its duration. Out: ranges of window centers, in seconds, for either label.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect.lab.data.annotations import Clip

Range = tuple[float, float]


@dataclass(frozen=True)
class WindowRule:
    """How windows relate to annotated events.

    Attributes:
        window: Window length, seconds.
        event_cap: Only this much of a long event (seconds) counts as the fall itself; annotators
            often let an event last while the person lies.
        clearance: Least distance in seconds between an event and a negative window's center.
    """

    window: float = 1.5
    event_cap: float = 1.5
    clearance: float = 0.7

    def positive_ranges(self, clip: Clip, duration: float) -> list[Range]:
        """Ranges of window centers that show a fall."""
        if not clip.positive:
            return []
        if not clip.events:
            return [self._inside(duration)]
        capped = [(start, min(end, start + self.event_cap)) for start, end in clip.events]
        return [(start, min(end, duration)) for start, end in capped if start < duration]

    def negative_ranges(self, clip: Clip, duration: float) -> list[Range]:
        """Ranges of window centers that show none; none at all if the event times are unknown.

        Centers keep half a window from both ends of the clip: a window that had to be moved
        inside would come nearer to an event than the clearance.
        """
        if not clip.timed:
            return []
        low, high = self._inside(duration)
        if not clip.positive:
            return [(low, high)]
        ranges: list[Range] = []
        for start, end in sorted(clip.events):
            if low <= min(start - self.clearance, high):
                ranges.append((low, min(start - self.clearance, high)))
            low = max(low, end + self.clearance)
        if low <= high:
            ranges.append((low, high))
        return ranges

    def lookalike_ranges(self, clip: Clip, duration: float) -> list[Range]:
        """Ranges of window centers that show what only looks like a fall, clear of true ones."""
        low, high = self._inside(duration)
        found = []
        for times in clip.lookalikes:
            start, end = (min(max(time, low), high) for time in times)
            for first, last in self.negative_ranges(clip, duration):
                if max(start, first) <= min(end, last):
                    found.append((max(start, first), min(end, last)))
        return found

    def _inside(self, duration: float) -> Range:
        half = self.window / 2
        return min(half, duration / 2), max(duration - half, duration / 2)
