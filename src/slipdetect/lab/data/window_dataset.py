"""Training windows of one modality, drawn by label and source, augmented alike.

In: clips and a frame cache. Out: ``((segments, images, S, S, C) uint8, class index)`` items.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from torch.utils.data import Dataset

from slipdetect.errors import DataError
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.draws import Purpose, generator, more
from slipdetect.lab.data.frame_cache import FrameCache
from slipdetect.lab.data.splits import require_both_labels
from slipdetect.lab.data.window_pool import Candidate, Pool, candidates
from slipdetect.lab.data.window_reader import (
    DEFAULT_AUGMENT,
    LABELS,
    Draw,
    Item,
    WindowReader,
    WindowRecipe,
)
from slipdetect.modalities.augment_config import AugmentConfig
from slipdetect.modalities.sampling import Stretch, dense_offsets, segment_offsets

__all__ = ["LABELS", "Item", "TrainingWindows", "ValidationWindows", "WindowRecipe"]


class TrainingWindows(Dataset[Item]):
    """``count`` windows an epoch, each drawn anew from (seed, epoch, index).

    Sources are drawn in proportion to the square root of their number of clips, so that a large
    data set does not drown a small one; clips in proportion to the root of their usable seconds.

    Args:
        clips: Clips to draw from.
        cache: Their frames.
        recipe: What a window is made of.
        count: Windows an epoch.
        seed: Base of every draw.
        augment: Strengths of the changes.
        positives: Share of windows with a fall, spread evenly over the epoch; 0: each window's
            label is drawn by the seconds that either label has room for.
        mined: Share of the windows without a fall that are of the source ``"mined"``.

    Raises:
        DataError: One label has no place to draw from.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        recipe: WindowRecipe,
        count: int,
        seed: int,
        augment: AugmentConfig = DEFAULT_AUGMENT,
        positives: float = 0.5,
        mined: float = 0.25,
    ) -> None:
        require_both_labels(clips, "the training data", whole=False)
        self._reader = WindowReader(recipe, cache, augment)
        self._count = count
        self._seed = seed
        self._positives = positives
        self._epoch = 0
        self._pools = []
        for index, what in enumerate(("a fall", "none")):
            found = candidates(clips, self._reader, index == 0)
            if not found:
                raise DataError(
                    f"no training clip has a place for a window that shows {what}; "
                    "check that event times lie inside their clips"
                )
            self._pools.append(Pool(found, mined))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose windows are drawn next."""
        self._epoch = epoch

    def label(self, index: int) -> int:
        """Return the class index of a window."""
        if self._positives > 0:
            return 0 if _is_turn(index, self._positives) else 1
        share = self._pools[0].seconds / sum(pool.seconds for pool in self._pools)
        drawn = more(self._seed, self._epoch, index, Purpose.LABEL).random()
        return 0 if drawn < share else 1

    def describe(self, index: int) -> str:
        """Return which clip a window is from and where it is, reading nothing."""
        pool = self._pools[self.label(index)]
        candidate, center = pool.draw(generator(self._seed, self._epoch, index))
        return _described(candidate.clip, center)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Item:
        _check_index(index, self._count)
        rng = generator(self._seed, self._epoch, index)
        label, reader, grid = self.label(index), self._reader, self._reader.recipe.grid
        candidate, center = self._pools[label].draw(rng)
        frames = len(reader.cache.frames(candidate.clip.path))
        first = reader.first_sample(center, frames)
        available = min(reader.length, frames - first)
        offsets = segment_offsets(available, reader.recipe.segments, grid.span, "train", rng)
        starts = [first + int(offset) for offset in offsets]
        change = reader.draw(rng, more(self._seed, self._epoch, index, Purpose.CHANGES))
        clocks = None
        if change.speed != 1.0:
            low, high = candidate.room(center, label == 0, reader.recipe.rule)
            room = low * reader.fps, high * reader.fps
            at = center * reader.fps
            clocks = [Stretch.about(first, available, at, change.speed, room)] * len(starts)
        return reader.read_changed(candidate.clip, starts, Draw(change, rng, clocks)), label


class ValidationWindows(Dataset[Item]):
    """The same unaugmented windows every time: the middle of each range, scored as in detection.

    Every item has the same number of snippets; in short clips the last one repeats.

    Args:
        clips: Clips to take windows from.
        cache: Their frames.
        recipe: What a window is made of.
    """

    def __init__(self, clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe) -> None:
        self._reader = WindowReader(recipe, cache)
        self._windows: list[tuple[Candidate, float, int]] = [
            (candidate, (low + high) / 2, label)
            for label in (0, 1)
            for candidate in candidates(clips, self._reader, label == 0)
            for low, high in candidate.ranges
        ]

    def label(self, index: int) -> int:
        """Return the class index of a window."""
        return self._windows[index][2]

    def describe(self, index: int) -> str:
        """Return which clip a window is from and where it is, reading nothing."""
        candidate, center, _ = self._windows[index]
        return _described(candidate.clip, center)

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, index: int) -> Item:
        candidate, center, label = self._windows[index]
        frames = len(self._reader.cache.frames(candidate.clip.path))
        first = self._reader.first_sample(center, frames)
        grid = self._reader.recipe.grid
        offsets = dense_offsets(self._reader.length, grid.span, grid.step)
        last = max(frames - grid.span, 0)
        starts = [min(first + int(offset), last) for offset in offsets]
        return self._reader.read(candidate.clip, starts), label


def _is_turn(index: int, share: float) -> bool:
    """Whether item ``index`` is one of those that keep a share evenly spread, item 0 first."""
    return math.ceil((index + 1) * share) > math.ceil(index * share)


def _check_index(index: int, count: int) -> None:
    # without it a for loop over the data set would never end
    if not 0 <= index < count:
        raise IndexError(f"there are {count} items; no item {index}")


def _described(clip: Clip, center: float) -> str:
    return f"{str(clip.path)!r} around {center:.2f} s"
