"""Scoring snippets, clips and several streams at once, and the model package on disk.

In: normalized snippet tensors, or a package folder. Out: logits and probabilities.
"""

from __future__ import annotations

from slipdetect.models.config import ModelConfig, StreamConfig
from slipdetect.models.package import ModelPackage, load_package, save_package
from slipdetect.models.scores import Consensus, LateFusion
from slipdetect.models.tsn import TSN

__all__ = [
    "TSN",
    "Consensus",
    "LateFusion",
    "ModelConfig",
    "ModelPackage",
    "StreamConfig",
    "load_package",
    "save_package",
]
