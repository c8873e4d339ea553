"""What a snippet is: modalities, where snippets lie, group transforms, normalization.

In: frames and counts. Out: what a network is fed; torch and OpenCV load only when something of
theirs is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.modalities.normalize import Normalization as Normalization
    from slipdetect.modalities.normalize import SnippetNormalizer as SnippetNormalizer
    from slipdetect.modalities.sampling import dense_offsets as dense_offsets
    from slipdetect.modalities.sampling import segment_offsets as segment_offsets
    from slipdetect.modalities.snippet import CROPS as CROPS
    from slipdetect.modalities.snippet import MODALITIES as MODALITIES
    from slipdetect.modalities.snippet import Modality as Modality
    from slipdetect.modalities.snippet import get_modality as get_modality
    from slipdetect.modalities.transforms import Compose as Compose
    from slipdetect.modalities.transforms import GroupCenterCrop as GroupCenterCrop
    from slipdetect.modalities.transforms import GroupColorJitter as GroupColorJitter
    from slipdetect.modalities.transforms import GroupMultiScaleCrop as GroupMultiScaleCrop
    from slipdetect.modalities.transforms import GroupOverSample as GroupOverSample
    from slipdetect.modalities.transforms import GroupRandomCrop as GroupRandomCrop
    from slipdetect.modalities.transforms import (
        GroupRandomHorizontalFlip as GroupRandomHorizontalFlip,
    )
    from slipdetect.modalities.transforms import GroupRandomRotation as GroupRandomRotation
    from slipdetect.modalities.transforms import GroupScale as GroupScale

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.modalities.snippet": "CROPS MODALITIES Modality get_modality",
        "slipdetect.modalities.normalize": "Normalization SnippetNormalizer",
        "slipdetect.modalities.sampling": "dense_offsets segment_offsets",
        "slipdetect.modalities.transforms": (
            "Compose GroupCenterCrop GroupColorJitter GroupMultiScaleCrop GroupOverSample "
            "GroupRandomCrop GroupRandomHorizontalFlip GroupRandomRotation GroupScale"
        ),
    },
)
