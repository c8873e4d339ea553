"""What a snippet is: modalities, where snippets lie, group transforms, normalisation.

In: frames and counts. Out: what a network is fed; torch loads only when normalising is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect.modalities.modality import MODALITIES, Modality, get_modality
from slipdetect.modalities.sampling import dense_offsets, segment_offsets
from slipdetect.modalities.transforms import (
    Compose,
    GroupCenterCrop,
    GroupColorJitter,
    GroupMultiScaleCrop,
    GroupOverSample,
    GroupRandomCrop,
    GroupRandomHorizontalFlip,
    GroupScale,
)

if TYPE_CHECKING:
    from slipdetect.modalities.normalise import Normalisation, SnippetNormaliser

__all__ = [
    "MODALITIES",
    "Compose",
    "GroupCenterCrop",
    "GroupColorJitter",
    "GroupMultiScaleCrop",
    "GroupOverSample",
    "GroupRandomCrop",
    "GroupRandomHorizontalFlip",
    "GroupScale",
    "Modality",
    "Normalisation",
    "SnippetNormaliser",
    "dense_offsets",
    "get_modality",
    "segment_offsets",
]


def __getattr__(name: str) -> object:
    if name in ("Normalisation", "SnippetNormaliser"):
        from slipdetect.modalities import normalise

        return getattr(normalise, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
