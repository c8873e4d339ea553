"""What training and validation read of one modality: windows around events, or whole clips.

Random numbers of an item depend on seed, epoch and index alone, never on who draws or when.

In: clips and a frame cache. Out: ``((segments, images, S, S, C) uint8, class index)`` items, whose
random numbers depend on seed, epoch and index alone, never on who draws or when.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from torch.utils.data import Dataset

from slipdetect.errors import DataError, UsageError
from slipdetect.lab.augment.config import AugmentConfig
from slipdetect.lab.augment.stretch import Stretch
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.frame_cache import FrameCache
from slipdetect.lab.data.splits import require_both_labels
from slipdetect.lab.data.window_reader import (
    DEFAULT_AUGMENT,
    Item,
    WindowReader,
    WindowRecipe,
)
from slipdetect.lab.data.windows import Candidate, Pool, candidates
from slipdetect.modalities.sampling import dense_offsets, segment_offsets


class Purpose(IntEnum):
    """What numbers beside an item's first ones are drawn for.

    Not 0: numpy fills a short seed up with zeros, so that would be the first generator again.
    """

    CHANGES = 1
    LABEL = 2
    ORDER = 3


def generator(seed: int, epoch: int, index: int, *purpose: Purpose) -> np.random.Generator:
    """Return the generator of item ``index`` of an epoch, or another one for each purpose."""
    return np.random.default_rng((seed, epoch, index, *map(int, purpose)))


class TrainingWindows(Dataset[Item]):
    """``count`` windows an epoch, each drawn anew from (seed, epoch, index).

    Sources are drawn in proportion to the square root of their number of clips, so that a large
    data set does not drown a small one; clips in proportion to the root of their usable seconds.
    ``positive_fraction`` of the windows have a fall, spread evenly over the epoch; 0: each window's
    label is drawn by the seconds that either label has room for. ``hard_negative_fraction`` of all
    others are of the data set ``"mined"``.

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
        positive_fraction: float = 0.5,
        hard_negative_fraction: float = 0.25,
    ) -> None:
        require_both_labels(clips, "the training data", whole=False)
        self._reader = WindowReader(recipe, cache, augment)
        self._count = count
        self._seed = seed
        self._positive_fraction = positive_fraction
        self._epoch = 0
        self._pools = []
        placed = [self._reader.placed(clip) for clip in clips]
        for index, what in enumerate(("a fall", "none")):
            found = candidates(placed, recipe.rule, self._reader.duration, positive=index == 0)
            if not found:
                raise DataError(
                    f"no training clip has a place for a window that shows {what}; "
                    "check that event times lie inside their clips"
                )
            self._pools.append(Pool(found, hard_negative_fraction))

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose windows are drawn next."""
        self._epoch = epoch

    def label(self, index: int) -> int:
        """Return the class index of a window."""
        if self._positive_fraction > 0:
            return 0 if _is_turn(index, self._positive_fraction) else 1
        share = self._pools[0].seconds / sum(pool.seconds for pool in self._pools)
        drawn = generator(self._seed, self._epoch, index, Purpose.LABEL).random()
        return 0 if drawn < share else 1

    def describe(self, index: int) -> str:
        """Return which clip a window is from and where it is, reading nothing."""
        pool = self._pools[self.label(index)]
        candidate, center = pool.draw(generator(self._seed, self._epoch, index))
        return _described(candidate.clip, center)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> Item:
        if not 0 <= index < self._count:
            # without it a for loop over the data set would never end
            raise IndexError(f"there are {self._count} items; no item {index}")
        rng = generator(self._seed, self._epoch, index)
        label, reader, grid = self.label(index), self._reader, self._reader.recipe.grid
        candidate, center = self._pools[label].draw(rng)
        frames = len(reader.cache.frames(candidate.clip.path))
        first = reader.first_sample(center, frames)
        available = min(reader.length, frames - first)
        offsets = segment_offsets(available, reader.recipe.segments, grid.span, "train", rng)
        starts = [first + int(offset) for offset in offsets]
        changes = generator(self._seed, self._epoch, index, Purpose.CHANGES)
        change = reader.draw(rng, changes)
        clocks = None
        if change.speed != 1.0:
            low, high = candidate.room(center, label == 0, reader.recipe.rule)
            room = low * reader.fps, high * reader.fps
            at = center * reader.fps
            clocks = [Stretch.about(first, available, at, change.speed, room)] * len(starts)
        return reader.read_changed(candidate.clip, starts, change, rng, clocks), label


class ValidationWindows(Dataset[Item]):
    """The same unaugmented windows every time: the middle of each range, scored as in detection.

    Every item has the same number of snippets; in short clips the last one repeats.
    """

    def __init__(self, clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe) -> None:
        self._reader = WindowReader(recipe, cache)
        placed = [self._reader.placed(clip) for clip in clips]
        self._windows: list[tuple[Candidate, float, int]] = [
            (candidate, (low + high) / 2, label)
            for label in (0, 1)
            for candidate in candidates(
                placed, recipe.rule, self._reader.duration, positive=label == 0
            )
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


class _Clips(Dataset[Item]):
    """Whole clips, each with its own label, in some order."""

    def __init__(self, clips: Sequence[Clip], reader: WindowReader) -> None:
        self._reader = reader
        self._clips = list(clips)
        self._order = list(range(len(clips)))

    def label(self, index: int) -> int:
        """Return the class index of an item."""
        return 0 if self._clips[self._order[index]].positive else 1

    def describe(self, index: int) -> str:
        """Return which clip an item is, reading nothing."""
        return f"{str(self._clips[self._order[index]].path)!r}, the whole clip"

    def __len__(self) -> int:
        return len(self._order)


class TrainingClips(_Clips):
    """Every clip once an epoch, in an order shuffled from (seed, epoch), a snippet per segment.

    A clip's label is that of the whole clip, so clips should be trimmed to what they show. With
    time jitter the snippets stay where they are and each is stretched about its own middle: a
    part of a clip may not hold what its label says. The recipe's window and rule are not used.

    ``positive_fraction`` of the clips have a fall; 0: as the data has it, each clip exactly once.
    Otherwise each clip comes at least once and those of the label that falls short are repeated:
    all of them as often as fits, the rest drawn anew every epoch. Repeats make an epoch longer.

    Raises:
        DataError: All clips have one label.
        UsageError: ``positive_fraction`` is no share below 1.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        recipe: WindowRecipe,
        seed: int,
        augment: AugmentConfig = DEFAULT_AUGMENT,
        positive_fraction: float = 0.0,
    ) -> None:
        require_both_labels(clips, "the training data")
        super().__init__(clips, WindowReader(recipe, cache, augment))
        self._seed = seed
        self._members = [
            [index for index in self._order if self.label(index) == label] for label in (0, 1)
        ]
        positive, negative = map(len, self._members)
        self._counts = _balanced((positive, negative), positive_fraction)
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose clips come next."""
        self._epoch = epoch
        rng = generator(self._seed, epoch, 0, Purpose.ORDER)
        items = [
            item
            for members, count in zip(self._members, self._counts, strict=True)
            for item in _repeated(members, count, rng)
        ]
        self._order = [int(item) for item in rng.permutation(items)]

    def __getitem__(self, index: int) -> Item:
        clip = self._clips[self._order[index]]
        rng, reader = generator(self._seed, self._epoch, index), self._reader
        frames, span = len(reader.cache.frames(clip.path)), reader.recipe.grid.span
        offsets = segment_offsets(frames, reader.recipe.segments, span, "train", rng)
        starts = [int(offset) for offset in offsets]
        changes = generator(self._seed, self._epoch, index, Purpose.CHANGES)
        change = reader.draw(rng, changes)
        clocks = None
        if change.speed != 1.0:
            room = 0.0, frames - 1.0
            clocks = [
                Stretch.about(start, span, start + (span - 1) / 2, change.speed, room)
                for start in starts
            ]
        return reader.read_changed(clip, starts, change, rng, clocks), self.label(index)


class ValidationClips(_Clips):
    """Every clip in its order, unaugmented: the middle of each segment, in the test crop."""

    def __init__(self, clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe) -> None:
        super().__init__(clips, WindowReader(recipe, cache))

    def __getitem__(self, index: int) -> Item:
        clip, recipe = self._clips[index], self._reader.recipe
        frames = len(self._reader.cache.frames(clip.path))
        offsets = segment_offsets(frames, recipe.segments, recipe.grid.span, "val")
        return self._reader.read(clip, [int(offset) for offset in offsets]), self.label(index)


def _is_turn(index: int, share: float) -> bool:
    """Whether item ``index`` is one of those that keep a share evenly spread, item 0 first."""
    return math.ceil((index + 1) * share) > math.ceil(index * share)


def _described(clip: Clip, center: float) -> str:
    return f"{str(clip.path)!r} around {center:.2f} s"


def _balanced(counts: tuple[int, int], share: float) -> tuple[int, int]:
    """Return how many items of either label an epoch has, none fewer than there are clips."""
    if not 0.0 <= share < 1.0:
        raise UsageError(f"the share of positives must be in [0, 1), not {share}")
    positive, negative = counts
    if share == 0.0:
        return counts
    wanted = round(negative * share / (1.0 - share))
    if wanted >= positive:
        return wanted, negative
    return positive, round(positive * (1.0 - share) / share)


def _repeated(members: list[int], count: int, rng: np.random.Generator) -> list[int]:
    """Return every member as often as it fits into ``count``, and drawn ones for the rest."""
    rest = rng.permutation(members)[: count % len(members)]
    return [*(members * (count // len(members))), *(int(member) for member in rest)]
