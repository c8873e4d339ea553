"""What a snippet is: modalities, where snippets lie, group transforms, normalization.

In: frames and counts. Out: what a network is fed; torch and OpenCV load only when something of
theirs is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from slipdetect.modalities.snippet import CROPS, MODALITIES, Modality, get_modality

if TYPE_CHECKING:
    from slipdetect.modalities.normalize import Normalization, SnippetNormalizer
    from slipdetect.modalities.sampling import dense_offsets, segment_offsets
    from slipdetect.modalities.transforms import (
        Compose,
        GroupCenterCrop,
        GroupColorJitter,
        GroupMultiScaleCrop,
        GroupOverSample,
        GroupRandomCrop,
        GroupRandomHorizontalFlip,
        GroupRandomRotation,
        GroupScale,
    )

__all__ = [
    "CROPS",
    "MODALITIES",
    "Compose",
    "GroupCenterCrop",
    "GroupColorJitter",
    "GroupMultiScaleCrop",
    "GroupOverSample",
    "GroupRandomCrop",
    "GroupRandomHorizontalFlip",
    "GroupRandomRotation",
    "GroupScale",
    "Modality",
    "Normalization",
    "SnippetNormalizer",
    "dense_offsets",
    "get_modality",
    "segment_offsets",
]

_HOMES = {
    "Normalization": "normalize",
    "SnippetNormalizer": "normalize",
    "dense_offsets": "sampling",
    "segment_offsets": "sampling",
}


def __getattr__(name: str) -> object:
    if name in __all__:
        home = import_module(f"{__name__}.{_HOMES.get(name, 'transforms')}")
        return getattr(home, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
