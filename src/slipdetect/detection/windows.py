"""From snippet scores to window probabilities; every snippet is scored once and used in many.

In: snippet logits by modality, in order. Out: ``Window`` objects, in order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

from slipdetect.errors import UsageError
from slipdetect.types import Window

Scores = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class WindowPlan:
    """Windows over a snippet grid.

    Attributes:
        snippets: Snippets in a whole window.
        hop: Snippets from one window to the next.
        step: Sampled frames from one snippet to the next.
        span: Sampled frames that a snippet reads.
        sample_fps: Sampled frames per second.
    """

    snippets: int
    hop: int
    step: int
    span: int
    sample_fps: float

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
        """Snippets in the shortest window, at either end of a video."""
        return self.snippets - self.snippets // 2

    def times(self, first: int, last: int, duration: float) -> tuple[float, float]:
        """Times of the first and last frame of a window from snippet ``first`` to ``last``."""
        start = first * self.step / self.sample_fps
        end = (last * self.step + self.span - 1) / self.sample_fps
        return min(start, duration), min(end, duration)


class WindowAssembler:
    """Combine snippet scores into windows as they come.

    Windows are centered: those at either end of a video hold fewer snippets (at least half), so
    that the first and last moments are judged too and nothing is scored twice.

    Args:
        plan: Where windows lie.
        judge: Maps ``{modality: (1, snippets, classes)}`` to (probability, by stream).
    """

    def __init__(
        self, plan: WindowPlan, judge: Callable[[Scores], tuple[float, dict[str, float]]]
    ) -> None:
        self.plan = plan
        self._judge = judge
        self._scores: deque[tuple[Scores, bool]] = deque()
        self._first = 0
        self._begin = -(plan.snippets // 2)
        self._previous: tuple[int, int] | None = None

    @property
    def _count(self) -> int:
        return self._first + len(self._scores)

    def push(
        self, scores: Scores, corrupt: bool = False, duration: float = float("inf")
    ) -> list[Window]:
        """Take the next snippet; return the windows it completes.

        Args:
            scores: Its logits, ``{modality: (classes,)}``.
            corrupt: It touches damaged frames.
            duration: Time of the last frame it reads, seconds; a snippet at the end of a video
                may repeat that frame, and no window may reach beyond it.
        """
        self._scores.append((scores, corrupt))
        windows = []
        while self._begin + self.plan.snippets <= self._count:
            windows += self._window(duration)
            self._forget()
        return windows

    def finish(self, duration: float) -> list[Window]:
        """Return the windows at the end of a video that lasts ``duration`` seconds."""
        if self._count == 0:
            return []
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

    def _window(self, duration: float) -> list[Window]:
        first = max(self._begin, 0)
        last = min(self._begin + self.plan.snippets, self._count) - 1
        self._begin += self.plan.hop
        if (first, last) == self._previous:
            return []
        self._previous = (first, last)
        members = [self._scores[index - self._first] for index in range(first, last + 1)]
        names = members[0][0]
        stacked = {name: torch.stack([m[0][name] for m in members]).unsqueeze(0) for name in names}
        probability, streams = self._judge(stacked)
        start, end = self.plan.times(first, last, duration)
        corrupt = any(member[1] for member in members)
        return [Window(start, end, probability, streams, corrupt)]

    def _forget(self) -> None:
        # a whole window stays, because the last one may have to begin before the next would
        while self._first < min(self._begin, self._count - self.plan.snippets):
            self._scores.popleft()
            self._first += 1
