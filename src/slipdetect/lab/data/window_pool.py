"""Weighted draws of a clip and of a window's center in it.

In: the clips of one label and where windows may sit in them. Out: a clip and seconds.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.window_reader import WindowReader
from slipdetect.lab.data.windows import Range, WindowRule

MINED = "mined"  # the source of what an earlier model took for falls

_LEAST_SECONDS = 0.1  # weight of a clip with one place only


@dataclass(frozen=True)
class Candidate:
    """A clip and the ranges of window centers in it, seconds.

    Attributes:
        clip: The clip.
        ranges: Where centers may lie.
        duration: Of the clip, seconds.
    """

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
        mined: Share of the draws that are of the source ``"mined"``, if there is any.
    """

    def __init__(self, candidates: Sequence[Candidate], mined: float = 0.0) -> None:
        by_source: dict[str, list[Candidate]] = defaultdict(list)
        for candidate in candidates:
            by_source[candidate.clip.source].append(candidate)
        self._sources = [by_source[name] for name in sorted(by_source)]
        weights = {name: len(by_source[name]) ** 0.5 for name in sorted(by_source)}
        if MINED in weights and len(weights) > 1:
            rest = sum(weight for name, weight in weights.items() if name != MINED)
            weights[MINED] = rest * mined / (1 - mined)
        self._source_weights = _normalized(list(weights.values()))
        self._clip_weights = [
            _normalized([c.weight**0.5 for c in group]) for group in self._sources
        ]
        self.seconds = sum(candidate.weight for candidate in candidates)

    def draw(self, rng: np.random.Generator) -> tuple[Candidate, float]:
        """Return a candidate and a window center in it, seconds."""
        source = int(rng.choice(len(self._sources), p=self._source_weights))
        candidates = self._sources[source]
        candidate = candidates[int(rng.choice(len(candidates), p=self._clip_weights[source]))]
        lengths = _normalized([1e-3 + high - low for low, high in candidate.ranges])
        low, high = candidate.ranges[int(rng.choice(len(lengths), p=lengths))]
        return candidate, float(rng.uniform(low, high))


def candidates(clips: Sequence[Clip], reader: WindowReader, positive: bool) -> list[Candidate]:
    """Return the clips that have a place for a window of a label, with their places.

    Lookalikes that somebody marked in a clip are candidates by themselves, of the source "mined".
    """
    rule = reader.recipe.rule
    ranges = rule.positive_ranges if positive else rule.negative_ranges
    found = []
    for clip in clips:
        duration = reader.duration(clip)
        found.append(Candidate(clip, tuple(ranges(clip, duration)), duration))
        if clip.lookalikes and not positive:
            marked = tuple(rule.lookalike_ranges(clip, duration))
            found.append(Candidate(replace(clip, source=MINED), marked, duration))
    return [candidate for candidate in found if candidate.ranges]


def _normalized(weights: Sequence[float]) -> npt.NDArray[np.float64]:
    values = np.asarray(weights, np.float64)
    shares: npt.NDArray[np.float64] = values / values.sum()
    return shares
