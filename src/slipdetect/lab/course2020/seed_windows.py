"""Where the seed report's programs looked in a long video: windows and samples, frame by frame.

In: the name of a preset, a number of frames. Out: first frames of windows and of their snippets.
"""

from __future__ import annotations

from dataclasses import dataclass

from slipdetect.errors import UsageError
from slipdetect.modalities.sampling import segment_offsets
from slipdetect.modalities.snippet import Modality


@dataclass(frozen=True)
class SeedWindows:
    """One program's schedule; counts are frames of the video, at whatever rate it has.

    Attributes:
        name: Of the preset.
        program: What it repeats.
        length: Frames of a window.
        step: Frames from one window to the next.
        segments: Snippets of a window.
        crops: Views of each snippet.
        total: Logits of a window are summed, not averaged.
        fallback: A stream that says the same of nearly every window is left out.
        first_spare: Frames that have to follow the first window; else it is not looked at.
        spare: The same for every later one.
        partial: A last window of more than this many frames is looked at too; None: never.
    """

    name: str
    program: str
    length: int
    step: int
    segments: int
    crops: int = 1
    total: bool = False
    fallback: bool = False
    first_spare: int = 0
    spare: int = 0
    partial: int | None = None

    def starts(self, frames: int) -> list[int]:
        """Return the first frames of the windows of a video, none if it is too short."""
        return [start for start in range(0, max(frames, 0), self.step) if self.size(start, frames)]

    def size(self, start: int, frames: int) -> int:
        """Return how many frames the window at ``start`` has, 0 if it is not looked at."""
        left = frames - start
        if left >= self.length + (self.first_spare if start == 0 else self.spare):
            return self.length
        return left if self.partial is not None and self.partial < left < self.length else 0

    def samples(self, modality: Modality, size: int) -> list[int]:
        """Return the first frames of the snippets of a window of ``size`` frames, from its start.

        The centers of equal segments (Wang et al., ECCV 2016): of 30 frames and 7 segments RGB
        sees 2, 6, 10, 15, 19, 23, 27 and stacks of five flows begin at 1, 5, 8, 12, 16, 19, 23
        (one more where frames count from 1).
        """
        offsets = segment_offsets(size, self.segments, modality.frames, "test")
        return [int(offset) for offset in offsets]


SEED_WINDOWS = {
    "course2020": SeedWindows(
        "course2020", "win_test.py, the final detector", 30, 10, 7, first_spare=1, spare=2
    ),
    "course2020-v1": SeedWindows(
        "course2020-v1", "test.py before that", 30, 30, 10, crops=10, partial=20
    ),
    "course2020-v0": SeedWindows(
        "course2020-v0", "test.py of the two-stream networks", 40, 10, 19, total=True, fallback=True
    ),
}


def seed_windows(name: str) -> SeedWindows:
    """Return the schedule ``name``.

    Raises:
        UsageError: There is no such preset.
    """
    if name not in SEED_WINDOWS:
        raise UsageError(f"unknown preset {name!r}; choose from {', '.join(SEED_WINDOWS)}")
    return SEED_WINDOWS[name]
