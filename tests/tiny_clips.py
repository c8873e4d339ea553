"""A handful of tiny clips in which a bright square falls or slides, and a network to learn them.

In: a folder. Out: annotated clips; a ``TrainConfig`` that trains in a second on a CPU.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from slipdetect.backbones import BackboneSpec
from slipdetect.lab.data import Clip
from slipdetect.lab.train import TrainConfig
from slipdetect.modalities.normalize import Normalization
from slipdetect.video import write_video

SECONDS, EVENT, RATE = 2.4, (0.6, 1.8), 10.0


class TinyNet(nn.Module):
    """Two strided convolutions with batch norm, averaged over the picture."""

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        self.spec = BackboneSpec(
            name="tiny",
            feature_dim=32,
            input_size=32,
            normalization=Normalization(),
            first_conv="body.0",
            license="Apache-2.0",
            min_input_size=8,
        )
        self.body = nn.Sequential(
            nn.Conv2d(in_channels, 16, 5, stride=2, padding=2),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.Conv2d(16, 32, 5, stride=2, padding=2),
            nn.BatchNorm2d(32),
            nn.ReLU(),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.body(x).mean((2, 3))
        return features


def create_tiny(name: str, in_channels: int = 3, weights: object = None) -> TinyNet:
    """Stand in for ``create_backbone``."""
    return TinyNet(in_channels)


def picture(falls: bool, time: float, seed: int) -> np.ndarray:
    """Draw the square: it moves between the event's times, down or to the right."""
    rng = np.random.default_rng(seed)
    image = rng.integers(50, 90, (6, 8, 3)).repeat(8, 0).repeat(8, 1).astype(np.uint8)
    moved = round(24 * min(max((time - EVENT[0]) / (EVENT[1] - EVENT[0]), 0.0), 1.0))
    x, y = (20 + seed % 12, 6 + moved) if falls else (10 + moved, 12 + seed % 12)
    image[y : y + 12, x : x + 12] = (220, 210, 190)
    return image


def tiny_clips(folder: Path, each: int = 4) -> list[Clip]:
    """Write ``each`` falling and ``each`` sliding clips, one group each."""
    clips = []
    for seed in range(2 * each):
        falls = seed % 2 == 0
        path = folder / f"{'fall' if falls else 'slide'}-{seed}.mp4"
        times = [k / RATE for k in range(round(SECONDS * RATE) + 1)]
        write_video(path, [picture(falls, t, seed) for t in times], RATE)
        events = (EVENT,) if falls else ()
        clips.append(Clip(path, falls, events, path.stem, "tiny", {"license": "CC0"}))
    return clips


def tiny_config(**changes: Any) -> TrainConfig:
    """A recipe of two short epochs; ``changes`` replace its values."""
    values: dict[str, Any] = {
        "backbone": "tiny",
        "input_size": 32,
        "short_side": 48,
        "num_segments": 2,
        "window": 0.8,
        "partial_bn": "none",
        "dropout": 0.0,
        "epochs": 2,
        "windows_per_epoch": 8,
        "batch_size": 4,
        "lr": 3e-3,
        "head_lr_mult": 1.0,
        "validation": 0.25,
    }
    return TrainConfig(**{**values, **changes})


def write_annotations(clips: list[Clip], file: Path) -> None:
    """List ``clips``, which lie beside ``file``."""
    lines = ["path,label,start,end,group,dataset"]
    for clip in clips:
        start, end = clip.events[0] if clip.events else ("", "")
        label = "fall" if clip.positive else "other"
        lines.append(f"{clip.path.name},{label},{start},{end},{clip.group},{clip.dataset}")
    file.write_text("\n".join(lines) + "\n")
