"""What the loop draws from: windows or whole clips of one modality, and the weight of each label.

In: clips, a frame cache and a ``TrainConfig``. Out: a training set and a validation set.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Protocol

import torch

from slipdetect.lab.data import Clip, FrameCache
from slipdetect.lab.data.clip_dataset import TrainingClips, ValidationClips
from slipdetect.lab.data.window_dataset import (
    LABELS,
    TrainingWindows,
    ValidationWindows,
    WindowRecipe,
)
from slipdetect.lab.train.config import TrainConfig
from slipdetect.modalities.augment_config import AugmentConfig

logger = logging.getLogger(__name__)

Item = tuple[torch.Tensor, int]


class ValidationSet(Protocol):
    """Items that are the same every time."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Item:
        """Return ``(segments, images, S, S, C)`` uint8 and a class index."""
        ...

    def label(self, index: int) -> int:
        """Return the class index of an item without reading it."""
        ...

    def describe(self, index: int) -> str:
        """Return which clip and place an item is, for messages."""
        ...


class TrainingSet(ValidationSet, Protocol):
    """Items drawn anew in every epoch."""

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose items are drawn next."""
        ...


def training_set(
    clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe, config: TrainConfig
) -> TrainingSet:
    """Return what an epoch trains on, as ``config.sampling`` says.

    Raises:
        DataError: One label has no place to draw from.
    """
    names = [item.name for item in fields(AugmentConfig)]
    augment = AugmentConfig(**{name: getattr(config, name) for name in names})
    if config.sampling == "clips":
        return TrainingClips(clips, cache, recipe, config.seed, augment, config.positives)
    count = config.windows_per_epoch
    shares = (config.positives, config.mined)
    return TrainingWindows(clips, cache, recipe, count, config.seed, augment, *shares)


def validation_set(
    clips: Sequence[Clip], cache: FrameCache, recipe: WindowRecipe, config: TrainConfig
) -> ValidationSet | None:
    """Return what is held out, or None where there is nothing."""
    if not clips:
        return None
    kind = ValidationClips if config.sampling == "clips" else ValidationWindows
    found = kind(clips, cache, recipe)
    if len(found) == 0:
        logger.warning("no validation clip has a place for a window; nothing is validated")
        return None
    return found


def class_weights(windows: TrainingSet, how: str) -> torch.Tensor:
    """Return the weight of each label in the loss, ``(classes,)``.

    Args:
        windows: What is trained on.
        how: ``"none"``: 1 each; ``"balanced"``: items / (classes x items of the label).
    """
    if how == "none":
        return torch.ones(len(LABELS))
    counts = Counter(windows.label(index) for index in range(len(windows)))
    weights = [
        len(windows) / (len(LABELS) * counts[label]) if counts[label] else 0.0
        for label in range(len(LABELS))
    ]
    return torch.tensor(weights)
