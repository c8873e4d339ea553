"""Where in a clip training windows may lie, so that labels mean what they say, and drawing them.

In: clips and their durations. Out: ranges of window centers, in seconds, for either label; draws of
a clip and of a center in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from slipdetect.lab.data.annotations import Clip

MINED = "mined"  # the data set of what an earlier model took for falls

_LEAST_SECONDS = 0.1  # weight of a clip with one place only

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


@dataclass(frozen=True)
class Candidate:
    """A clip, the ranges of window centers in it and its duration, seconds."""

    clip: Clip
    ranges: tuple[Range, ...]
    duration: float

    @property
    def seconds(self) -> float:
        """Length of all ranges."""
        return sum(high - low for low, high in self.ranges)

    @property
    def weight(self) -> float:
        """What the candidate's share of windows grows with, seconds."""
        return _LEAST_SECONDS + self.seconds

    def room(self, center: float, positive: bool, rule: WindowRule) -> Range:
        """Return the seconds that a window around ``center`` may show, however it is played.

        That is the clip; for a window without a fall, what windows at plain speed may show
        between two falls.
        """
        low, high = 0.0, self.duration
        if positive:
            return low, high
        reach = rule.window / 2 - rule.clearance
        for start, end in self.clip.events:
            if end <= center:
                low = max(low, end - reach)
            else:
                high = min(high, start + reach)
        return low, high


class Pool:
    """The candidates of one label.

    Sources are drawn in proportion to the square root of their number of clips, clips in
    proportion to the root of their usable seconds.

    Args:
        candidates: At least one.
        hard_negatives: Share of the draws that are of the data set ``"mined"``, if there is any.
    """

    def __init__(self, candidates: Sequence[Candidate], hard_negatives: float = 0.0) -> None:
        by_dataset: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            by_dataset[candidate.clip.dataset].append(candidate)
        self._datasets = [by_dataset[name] for name in sorted(by_dataset)]
        weights = {name: len(by_dataset[name]) ** 0.5 for name in sorted(by_dataset)}
        if MINED in weights and len(weights) > 1:
            rest = sum(weight for name, weight in weights.items() if name != MINED)
            weights[MINED] = rest * hard_negatives / (1 - hard_negatives)
        self._dataset_weights = _normalized(list(weights.values()))
        self._clip_weights = [
            _normalized([c.weight**0.5 for c in group]) for group in self._datasets
        ]
        self.seconds = sum(candidate.weight for candidate in candidates)

    def draw(self, rng: np.random.Generator) -> tuple[Candidate, float]:
        """Return a candidate and a window center in it, seconds."""
        dataset = int(rng.choice(len(self._datasets), p=self._dataset_weights))
        candidates = self._datasets[dataset]
        candidate = candidates[int(rng.choice(len(candidates), p=self._clip_weights[dataset]))]
        lengths = _normalized([1e-3 + high - low for low, high in candidate.ranges])
        low, high = candidate.ranges[int(rng.choice(len(lengths), p=lengths))]
        return candidate, float(rng.uniform(low, high))


def candidates(
    clips: Sequence[Clip],
    rule: WindowRule,
    duration_of: Callable[[Clip], float],
    *,
    positive: bool,
) -> list[Candidate]:
    """Return the clips that have a place for a window of a label, with their places.

    Lookalikes that somebody marked in a clip are candidates by themselves, of the data set "mined".
    """
    ranges = rule.positive_ranges if positive else rule.negative_ranges
    found = []
    for clip in clips:
        duration = duration_of(clip)
        found.append(Candidate(clip, tuple(ranges(clip, duration)), duration))
        if clip.lookalikes and not positive:
            marked = tuple(rule.lookalike_ranges(clip, duration))
            found.append(Candidate(replace(clip, dataset=MINED), marked, duration))
    return [candidate for candidate in found if candidate.ranges]


def _normalized(weights: Sequence[float]) -> npt.NDArray[np.float64]:
    values = np.asarray(weights, np.float64)
    shares: npt.NDArray[np.float64] = values / values.sum()
    return shares
