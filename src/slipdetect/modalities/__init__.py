"""What a snippet is: modalities, where snippets lie, normalization."""

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

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.modalities.snippet": "CROPS MODALITIES Modality get_modality",
        "slipdetect.modalities.normalize": "Normalization SnippetNormalizer",
        "slipdetect.modalities.sampling": "dense_offsets segment_offsets",
    },
)
