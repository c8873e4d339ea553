"""A model package that is small and real: resnet18 with random weights.

In: a folder that is not there yet. Out: the package in it.
"""

from __future__ import annotations

from pathlib import Path

import torch

from slipdetect.backbones.create import create_backbone
from slipdetect.models import TSN, ModelConfig, StreamConfig, save_package
from slipdetect.types import Calibration, EventConfig


def write_tiny_package(folder: Path) -> Path:
    """Write a package for RGB pictures of 32 px, the same whatever is stubbed meanwhile."""
    torch.manual_seed(0)
    # a module of tests may have put a stub in the place of slipdetect.backbones.create_backbone
    network = TSN(create_backbone("resnet18"), "rgb")
    stream = StreamConfig(
        modality="rgb",
        backbone="resnet18",
        snippet_length=1,
        input_size=32,
        normalization=network.spec.normalization,
    )
    config = ModelConfig(
        name="tiny",
        labels=("slip", "other"),
        positive="slip",
        sample_fps=5.0,
        frame_short_side=48,
        snippet_stride=1,
        window=0.6,
        stride=0.2,
        streams=(stream,),
        fusion={"weights": {"rgb": 1.0}, "space": "logits"},
        calibration=Calibration(),
        events=EventConfig(onset=0.9, offset=0.8, min_duration_off=0.2),
        training={"training_data": [{"dataset": "noise", "clips": 3, "positive": 1}]},
    )
    card = "# Tiny\n\nRandom weights.\n"
    save_package(folder, config, {"rgb": network.state_dict()}, card=card)
    return folder
