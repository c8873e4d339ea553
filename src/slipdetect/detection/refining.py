"""Scores of all snippets from those of some: between two that are sure alike none is computed.

In: snippets in order and a function that scores them. Out: every snippet with its scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

import torch

from slipdetect.detection.snippets import Snippet
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.types import EventConfig

SnippetScores = dict[str, torch.Tensor]

_REACH = 0.8  # of a snippet's length, from one anchor to the next
_MARGIN = 10.0  # times the odds of a threshold


def anchor_distance(grid: SnippetGrid) -> int:
    """Return how many snippets on the next anchor may be, so that the two still overlap."""
    return max(1, int(_REACH * (grid.span - 1) / grid.step))


def sure(probability: float, events: EventConfig) -> bool | None:
    """Return True far within an event, False far from any, None near a threshold or between."""
    odds = _odds(probability)
    if odds * _MARGIN < _odds(events.offset):
        return False
    return True if odds > _odds(events.onset) * _MARGIN else None


def _odds(probability: float) -> float:
    return probability / max(1.0 - probability, 1e-9)


class Refiner:
    """Score every ``every``-th snippet, and those between where the two are not sure alike.

    The others get the mean of the two, weighted by distance. Where such snippets still overlap,
    each frame is in one that was computed.

    Args:
        score: Returns the logits ``{modality: (classes,)}`` of each of some snippets.
        verdict: Tells by its logits whether a snippet is surely in an event, surely not, or
            (None) neither.
        every: From one anchor to the next; 1 computes every snippet.

    Attributes:
        snippets: Snippets taken so far.
        computed: Those of them whose scores were computed.
    """

    def __init__(
        self,
        score: Callable[[Sequence[Snippet]], list[SnippetScores]],
        verdict: Callable[[SnippetScores], bool | None],
        every: int,
    ) -> None:
        self._score = score
        self._verdict = verdict
        self._every = every
        self.snippets = 0
        self.computed = 0

    def refine(
        self, batches: Iterable[Sequence[Snippet]]
    ) -> Iterator[list[tuple[Snippet, SnippetScores]]]:
        """Yield all snippets with their scores, in order; none is held back beyond an anchor."""
        rest: list[Snippet] = []  # behind the last anchor
        anchor: SnippetScores | None = None
        for batch in batches:
            self.snippets += len(batch)
            waiting = [*rest, *batch]
            first = 0 if anchor is None else self._every - 1
            anchors = range(first, len(waiting), self._every)
            found = dict(zip(anchors, self._compute([waiting[i] for i in anchors]), strict=True))
            if anchor is not None:
                found = {-1: anchor, **found}
            found |= self._between(waiting, found)
            last = anchors[-1] if anchors else -1
            yield [(waiting[index], found[index]) for index in range(last + 1)]
            anchor, rest = found.get(last), waiting[last + 1 :]
        yield list(zip(rest, self._compute(rest), strict=True))

    def _between(
        self, waiting: Sequence[Snippet], anchors: dict[int, SnippetScores]
    ) -> dict[int, SnippetScores]:
        """Return the scores between each two of ``anchors``, by place among ``waiting``."""
        made: dict[int, SnippetScores] = {}
        open_: list[int] = []
        verdicts = {place: self._verdict(scores) for place, scores in anchors.items()}
        for before, after in pairwise(anchors):
            places = range(before + 1, after)
            if verdicts[before] is not None and verdicts[before] == verdicts[after]:
                for place in places:
                    share = (place - before) / (after - before)
                    made[place] = _mean(anchors[before], anchors[after], share)
            else:
                open_ += places
        return made | dict(zip(open_, self._compute([waiting[i] for i in open_]), strict=True))

    def _compute(self, snippets: Sequence[Snippet]) -> list[SnippetScores]:
        self.computed += len(snippets)
        return self._score(snippets) if snippets else []


def _mean(first: SnippetScores, second: SnippetScores, share: float) -> SnippetScores:
    return {name: torch.lerp(logits, second[name], share) for name, logits in first.items()}
