"""Whole clips of one modality, their snippets spread over all of each, as TSN trains.

In: clips and a frame cache. Out: ``((segments, images, S, S, C) uint8, class index)`` items.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch.utils.data import Dataset

from slipdetect.errors import UsageError
from slipdetect.lab.data.annotations import Clip
from slipdetect.lab.data.draws import Purpose, generator, more
from slipdetect.lab.data.frame_cache import FrameCache
from slipdetect.lab.data.splits import require_both_labels
from slipdetect.lab.data.window_reader import (
    DEFAULT_AUGMENT,
    Draw,
    Item,
    WindowReader,
    WindowRecipe,
)
from slipdetect.modalities.augment_config import AugmentConfig
from slipdetect.modalities.sampling import Stretch, segment_offsets


class TrainingClips(Dataset[Item]):
    """Every clip once an epoch, in an order shuffled from (seed, epoch), a snippet per segment.

    A clip's label is that of the whole clip, so clips should be trimmed to what they show. With
    time jitter the snippets stay where they are and each is stretched about its own middle: a
    part of a clip may not hold what its label says.

    Args:
        clips: Clips to go through.
        cache: Their frames.
        recipe: What an item is made of; its window and rule are not used.
        seed: Base of every draw.
        augment: Strengths of the changes.
        positives: Share of clips with a fall; 0: as the data has it, each clip exactly once.
            Otherwise each clip comes at least once and those of the label that falls short are
            repeated: all of them as often as fits, the rest drawn anew every epoch. An epoch is
            longer by the repeats.

    Raises:
        DataError: All clips have one label.
        UsageError: ``positives`` is no share below 1.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        cache: FrameCache,
        recipe: WindowRecipe,
        seed: int,
        augment: AugmentConfig = DEFAULT_AUGMENT,
        positives: float = 0.0,
    ) -> None:
        require_both_labels(clips, "the training data")
        self._reader = WindowReader(recipe, cache, augment)
        self._clips = list(clips)
        self._seed = seed
        labels = [_label(clip) for clip in clips]
        members = [[i for i, of in enumerate(labels) if of == label] for label in (0, 1)]
        self._members = members
        self._counts = _balanced((len(members[0]), len(members[1])), positives)
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose clips come next."""
        self._epoch = epoch
        rng = more(self._seed, epoch, 0, Purpose.ORDER)
        items = [
            item
            for members, count in zip(self._members, self._counts, strict=True)
            for item in _repeated(members, count, rng)
        ]
        self._order = [int(item) for item in rng.permutation(items)]

    def label(self, index: int) -> int:
        """Return the class index of an item."""
        return _label(self._clips[self._order[index]])

    def describe(self, index: int) -> str:
        """Return which clip an item is, reading nothing."""
        return _described(self._clips[self._order[index]])

    def __len__(self) -> int:
        return sum(self._counts)

    def __getitem__(self, index: int) -> Item:
        clip = self._clips[self._order[index]]
        rng, reader = generator(self._seed, self._epoch, index), self._reader
        frames, span = len(reader.cache.frames(clip.path)), reader.recipe.grid.span
        offsets = segment_offsets(frames, reader.recipe.segments, span, "train", rng)
        starts = [int(offset) for offset in offsets]
        change = reader.draw(rng, more(self._seed, self._epoch, index, Purpose.CHANGES))
        clocks = None
        if change.speed != 1.0:
            room = 0.0, frames - 1.0
            clocks = [
                Stretch.about(start, span, start + (span - 1) / 2, change.speed, room)
                for start in starts
            ]
        return reader.read_changed(clip, starts, Draw(change, rng, clocks)), _label(clip)


class ValidationClips(Dataset[Item]):
    """Every clip in its order, unaugmented: the middle of each segment, in the test crop.

    Args:
        clips: Clips to go through.
        cache: Their frames.
        recipe: What an item is made of; its window and rule are not used.
    """

    def __init__(self, clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe) -> None:
        self._reader = WindowReader(recipe, cache)
        self._clips = list(clips)

    def label(self, index: int) -> int:
        """Return the class index of a clip."""
        return _label(self._clips[index])

    def describe(self, index: int) -> str:
        """Return which clip an item is, reading nothing."""
        return _described(self._clips[index])

    def __len__(self) -> int:
        return len(self._clips)

    def __getitem__(self, index: int) -> Item:
        clip, recipe = self._clips[index], self._reader.recipe
        frames = len(self._reader.cache.frames(clip.path))
        offsets = segment_offsets(frames, recipe.segments, recipe.grid.span, "val")
        return self._reader.read(clip, [int(offset) for offset in offsets]), _label(clip)


def _label(clip: Clip) -> int:
    return 0 if clip.positive else 1


def _described(clip: Clip) -> str:
    return f"{str(clip.path)!r}, the whole clip"


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
