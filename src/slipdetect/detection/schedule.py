"""Where the snippets of a segment lie, which of them are computed, and which windows they form.

In: numbers of frames, scores of snippets. Out: places of snippets, scores of windows.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from slipdetect.errors import UsageError
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.types.person import Box

T = TypeVar("T")

# logits by modality: (classes,) of a snippet, (snippets, classes) of a window, float32
Scores = dict[str, npt.NDArray[np.float32]]
Score = Callable[[Sequence[T]], list[Scores]]

_REACH = 0.8  # of a snippet's length, from one anchor to the next
_MARGIN = 10.0  # times the odds of a threshold


@dataclass(frozen=True)
class Place:
    """Where a snippet lies, in sampled frames of its segment."""

    first: int  # frame of the snippet, or of the fixed window that it belongs to
    last: int
    # by modality, the grid that it is cut by and the frame where it begins on it
    starts: Mapping[str, tuple[SnippetGrid, int]]


@dataclass(frozen=True)
class WindowScores:
    """The scores of all snippets in a window, and its seconds from the start of the segment."""

    start: float
    end: float
    scores: Scores
    corrupt: bool  # a snippet touches damaged frames
    moving: Box | None = None  # around the middle snippet, the moment that the window speaks of


@dataclass(frozen=True)
class WindowPlan:
    """Windows over a snippet grid."""

    snippets: int  # in a whole window
    hop: int  # snippets from one window to the next
    step: int  # sampled frames from one snippet to the next
    span: int  # sampled frames that a snippet reads
    sample_fps: float  # sampled frames a second

    @classmethod
    def make(
        cls, window: float, stride: float, step: int, span: int, sample_fps: float
    ) -> WindowPlan:
        """Return the plan nearest to a window of ``window`` and a stride of ``stride`` seconds.

        Raises:
            UsageError: The stride is longer than the window, so that video would go unseen.
        """
        if stride > window:
            raise UsageError(
                f"the stride ({stride:g} s) must not exceed the window ({window:g} s): "
                "video between windows would go unseen"
            )
        frames = round(window * sample_fps) + 1
        snippets = max(1, (frames - span) // step + 1)
        hop = min(snippets, max(1, round(stride * sample_fps / step)))
        return cls(snippets, hop, step, span, sample_fps)

    @property
    def fewest(self) -> int:
        """Snippets in the shortest window, at either end of a segment."""
        return self.snippets - self.snippets // 2

    @property
    def seconds(self) -> float:
        """From the first to the last frame of a whole window."""
        return (self.span - 1 + (self.snippets - 1) * self.step) / self.sample_fps


class Layout(Protocol):
    """Says which snippets can be cut while the frames of a segment come.

    Attributes:
        oldest: First frame that a later snippet may need.
        context: Frames to keep in any case, for snippets at the end.
    """

    oldest: int
    context: int

    def places(self, frames: int, ended: bool) -> Iterator[Place]:
        """Yield the next snippets that ``frames`` frames, all of them if ``ended``, suffice for."""


class Assembler(Protocol):
    """Combines the snippet scores of a segment into windows."""

    def push(
        self, place: Place, scores: Scores, corrupt: bool, moving: Box | None = None
    ) -> list[WindowScores]:
        """Take the scores of the next snippet; return the windows that it completes."""

    def finish(self, frames: int) -> list[WindowScores]:
        """Return the windows at the end of a segment of ``frames`` frames."""


class Schedule(Protocol):
    """Says where snippets lie, which are computed, and which windows they form."""

    @property
    def step(self) -> int:
        """Sampled frames from one snippet to the next, or from one window."""

    def layout(self) -> Layout:
        """Return the layout of a new segment."""

    def assembler(self) -> Assembler:
        """Return the assembler of a new segment."""

    def select(
        self, batches: Iterable[Sequence[T]], score: Score[T]
    ) -> Iterator[list[tuple[T, Scores]]]:
        """Yield all snippets in order with their scores."""


class ComputeAll:
    """Computes every snippet."""

    def select(
        self, batches: Iterable[Sequence[T]], score: Score[T]
    ) -> Iterator[list[tuple[T, Scores]]]:
        """Yield all snippets in order with their scores, every batch as soon as it is there."""
        for batch in batches:
            yield list(zip(batch, score(batch), strict=True))


@dataclass(frozen=True)
class EverySnippet(ComputeAll):
    """Snippets on a regular grid, all of which are computed, and windows that slide over them."""

    modalities: tuple[str, ...]
    grid: SnippetGrid
    plan: WindowPlan

    @property
    def step(self) -> int:
        """Sampled frames from one snippet to the next."""
        return self.grid.step

    def layout(self) -> Layout:
        """See ``Schedule``; so do the others."""
        return _GridLayout(self.grid, self.modalities)

    def assembler(self) -> Assembler:
        return WindowAssembler(self.plan)


@dataclass(frozen=True)
class SkipQuiet(EverySnippet):
    """The same, but between two anchors that are confidently in no event none is computed.

    Every ``every``-th snippet is an anchor. The others get the mean of the two, weighted by
    distance. Where anchors still overlap, each frame is in one that was computed.

    Attributes:
        every: From one anchor to the next.
        eager: Behind an anchor that is not confidently in no event the next snippet is one too, so
            that what happens is told at once; for live sources. They are taken one by one, so that
            what is found does not depend on how many wait.
        quiet: Tells by its logits whether a snippet confidently is in no event.
    """

    every: int
    quiet: Callable[[Scores], bool]
    eager: bool = False

    def select(
        self, batches: Iterable[Sequence[T]], score: Score[T]
    ) -> Iterator[list[tuple[T, Scores]]]:
        """Yield all snippets with their scores; none is held back beyond an anchor."""
        rest: list[T] = []  # after the last anchor
        anchor: Scores | None = None
        singles: Iterable[Sequence[T]] = ([snippet] for batch in batches for snippet in batch)
        for batch in singles if self.eager else batches:
            waiting = [*rest, *batch]
            hurries = anchor is None or (self.eager and not self.quiet(anchor))
            first = 0 if hurries else self.every - 1
            anchors = [*range(first, len(waiting), self.every)]
            found = _computed(waiting, anchors, score)
            if anchor is not None:
                found = {-1: anchor, **found}
            found |= self._between(waiting, found, score)
            last = anchors[-1] if anchors else -1
            yield [(waiting[index], found[index]) for index in range(last + 1)]
            anchor, rest = found.get(last), waiting[last + 1 :]
            del waiting  # its pictures are seconds of memory while the next batch is waited for
        found = _computed(rest, range(len(rest)), score)
        yield [(snippet, found[index]) for index, snippet in enumerate(rest)]

    def _between(
        self, waiting: Sequence[T], anchors: Mapping[int, Scores], score: Score[T]
    ) -> dict[int, Scores]:
        """Return the scores between each two of ``anchors``, by place among ``waiting``."""
        if len(anchors) < 2:
            return {}
        made: dict[int, Scores] = {}
        unsure: list[int] = []
        quiet = {place: self.quiet(scores) for place, scores in anchors.items()}
        for before, after in pairwise(anchors):
            places = range(before + 1, after)
            if quiet[before] and quiet[after]:
                for place in places:
                    share = (place - before) / (after - before)
                    made[place] = _mean(anchors[before], anchors[after], share)
            else:
                unsure += places
        return made | _computed(waiting, unsure, score)


class _GridLayout:
    def __init__(self, grid: SnippetGrid, modalities: Iterable[str]) -> None:
        self.oldest = -grid.before
        self.context = grid.context
        self._grid = grid
        self._modalities = tuple(modalities)
        self._start = 0

    def places(self, frames: int, ended: bool) -> Iterator[Place]:
        grid = self._grid
        until = grid.starts(frames)[-1] if ended else frames - grid.span - grid.after
        while self._start <= until:
            start = self._start
            self._start += grid.step
            self.oldest = self._start - grid.before
            last = min(start + grid.span, frames) - 1
            yield Place(start, last, dict.fromkeys(self._modalities, (grid, start)))


class WindowAssembler:
    """Windows that slide over snippets which are scored once.

    Windows are centered: those at either end of a segment hold fewer snippets (at least half), so
    that the first and last moments are judged too and nothing is scored twice.
    """

    def __init__(self, plan: WindowPlan) -> None:
        self.plan = plan
        self._scores: deque[tuple[Scores, bool, Box | None]] = deque()
        self._first = 0
        self._begin = -(plan.snippets // 2)
        self._previous: tuple[int, int] | None = None

    @property
    def _count(self) -> int:
        return self._first + len(self._scores)

    def push(
        self, place: Place, scores: Scores, corrupt: bool, moving: Box | None = None
    ) -> list[WindowScores]:
        """Take the scores of the next snippet; return the windows that it completes."""
        self._scores.append((scores, corrupt, moving))
        windows = []
        while self._begin + self.plan.snippets <= self._count:
            # a snippet at the end may repeat its last frame, and no window reaches beyond that
            windows += self._window(place.last / self.plan.sample_fps)
            self._forget()
        return windows

    def finish(self, frames: int) -> list[WindowScores]:
        """Return the windows at the end of a segment of ``frames`` frames."""
        if self._count == 0:
            return []
        duration = (frames - 1) / self.plan.sample_fps
        if self._count < self.plan.fewest:
            self._begin = 0
            return self._window(duration)
        windows = []
        while self._begin + self.plan.fewest <= self._count:
            windows += self._window(duration)
        if self._previous is not None and self._previous[1] < self._count - 1:
            # a long stride has stepped over the end: one more window looks at it
            self._begin = max(self._count - self.plan.snippets, 0)
            windows += self._window(duration)
        return windows

    def _window(self, duration: float) -> list[WindowScores]:
        first = max(self._begin, 0)
        last = min(self._begin + self.plan.snippets, self._count) - 1
        self._begin += self.plan.hop
        if (first, last) == self._previous:
            return []
        self._previous = (first, last)
        members = [self._scores[index - self._first] for index in range(first, last + 1)]
        start = first * self.plan.step / self.plan.sample_fps
        end = (last * self.plan.step + self.plan.span - 1) / self.plan.sample_fps
        scores = stacked([member[0] for member in members])
        corrupt = any(member[1] for member in members)
        moving = members[len(members) // 2][2]
        return [WindowScores(min(start, duration), min(end, duration), scores, corrupt, moving)]

    def _forget(self) -> None:
        # a whole window stays, because the last one may have to begin before the next would
        while self._first < min(self._begin, self._count - self.plan.snippets):
            self._scores.popleft()
            self._first += 1


def anchor_distance(grid: SnippetGrid) -> int:
    """Return how many snippets on the next anchor may be, so that the two still overlap."""
    return max(1, int(_REACH * (grid.span - 1) / grid.step))


def is_far_below(probability: float, offset: float) -> bool:
    """Return whether the odds are less than a tenth of those at which an event ends."""
    return _odds(probability) * _MARGIN < _odds(offset)


def _odds(probability: float) -> float:
    return probability / max(1.0 - probability, 1e-9)


def _computed(snippets: Sequence[T], places: Sequence[int], score: Score[T]) -> dict[int, Scores]:
    rows = score([snippets[place] for place in places]) if places else []
    return dict(zip(places, rows, strict=True))


def _mean(first: Scores, second: Scores, share: float) -> Scores:
    weight = np.float32(share)
    return {name: logits + weight * (second[name] - logits) for name, logits in first.items()}


def stacked(members: Sequence[Scores]) -> Scores:
    """Return the scores ``(snippets, classes)`` of a window's snippets, by modality."""
    return {name: np.stack([member[name] for member in members]) for name in members[0]}
