"""Windows that each have snippets of their own: the sampling of tests, and of the 2020 report.

In: numbers of frames, scores of snippets. Out: places of snippets, scores of windows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from slipdetect.detection.schedule import ComputeAll, Place, Scores, WindowScores, stacked
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import SnippetGrid
from slipdetect.types.person import Box


@dataclass(frozen=True)
class FixedWindows(ComputeAll):
    """Windows that each have snippets of their own, at the centers of equal parts.

    That is the sampling of tests (Wang et al., ECCV 2016). A window lasts from its first frame to
    the one after its last.
    """

    grids: Mapping[str, SnippetGrid]  # by modality, of one snippet
    segments: int  # snippets of a window
    step: int  # frames from one window to the next
    length: int | None  # frames of one that is cut before the segment ends; None: all wait for that
    # how many frames the window has that begins at a frame, of a number of frames; 0: it has none
    size: Callable[[int, int], int]
    rate: float  # frames a second

    def layout(self) -> _FixedLayout:
        """See ``Schedule``; so do the others."""
        return _FixedLayout(self)

    def assembler(self) -> _FixedAssembler:
        return _FixedAssembler(self)


class _FixedLayout:
    context = 0

    def __init__(self, windows: FixedWindows) -> None:
        self._windows = windows
        self._reach = max(grid.before for grid in windows.grids.values())
        self._start = 0
        self.oldest = -self._reach

    def places(self, frames: int, ended: bool) -> Iterator[Place]:
        windows = self._windows
        size = windows.size(self._start, frames)
        while size and (ended or size == windows.length):
            start = self._start
            offsets = {
                name: segment_offsets(size, windows.segments, grid.span, "test").tolist()
                for name, grid in windows.grids.items()
            }
            for index in range(windows.segments):
                starts = {
                    name: (grid, start + offsets[name][index])
                    for name, grid in windows.grids.items()
                }
                yield Place(start, start + size - 1, starts)
            self._start += windows.step
            self.oldest = self._start - self._reach
            size = windows.size(self._start, frames)


class _FixedAssembler:
    def __init__(self, windows: FixedWindows) -> None:
        self._windows = windows
        self._members: list[tuple[Scores, Box | None]] = []
        self._corrupt = False

    def push(
        self, place: Place, scores: Scores, corrupt: bool, moving: Box | None = None
    ) -> list[WindowScores]:
        self._members.append((scores, moving))
        self._corrupt |= corrupt
        if len(self._members) < self._windows.segments:
            return []
        start, end = place.first / self._windows.rate, (place.last + 1) / self._windows.rate
        scores = stacked([member[0] for member in self._members])
        moving = self._members[len(self._members) // 2][1]
        made = WindowScores(start, end, scores, self._corrupt, moving)
        self._members, self._corrupt = [], False
        return [made]

    def finish(self, frames: int) -> list[WindowScores]:
        return []
