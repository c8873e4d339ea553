"""Scoring snippets, clips and several streams; the model package on disk; torch loads on use.

In: normalized snippet tensors, or a package folder. Out: logits and probabilities. torch loads only
with what is made of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipdetect._lazy import lazy_names

if TYPE_CHECKING:
    from slipdetect.models.config import ModelConfig as ModelConfig
    from slipdetect.models.config import StreamConfig as StreamConfig
    from slipdetect.models.consensus import Consensus as Consensus
    from slipdetect.models.fusion import LateFusion as LateFusion
    from slipdetect.models.package import ModelPackage as ModelPackage
    from slipdetect.models.package import load_package as load_package
    from slipdetect.models.saving import save_package as save_package
    from slipdetect.models.tsn import TSN as TSN

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "slipdetect.models.config": "ModelConfig StreamConfig",
        "slipdetect.models.consensus": "Consensus",
        "slipdetect.models.fusion": "LateFusion",
        "slipdetect.models.package": "ModelPackage load_package",
        "slipdetect.models.saving": "save_package",
        "slipdetect.models.tsn": "TSN",
    },
)
