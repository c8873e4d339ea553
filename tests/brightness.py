"""A network that scores brightness, and packages around it.

In: which modalities, and what differs. Out: a model package on disk.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from slipdetect.backbones import BackboneSpec
from slipdetect.modalities.normalize import Normalization
from slipdetect.modalities.snippet import get_modality
from slipdetect.models import TSN, ModelConfig, StreamConfig, save_package
from stub_models import RECIPE, checked

STRIDE = 0.2
PLAIN = Normalization(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))


class Brightness(nn.Module):
    """One feature: the mean absolute input, so brightness, change, or distance of flow from 0."""

    def __init__(self, in_channels: int = 3) -> None:
        super().__init__()
        self.spec = BackboneSpec(
            name="brightness",
            feature_dim=1,
            input_size=16,
            normalization=PLAIN,
            first_conv="stem",
            license="Apache-2.0",
            min_input_size=8,
        )
        self.stem = nn.Conv2d(in_channels, in_channels, 1, groups=in_channels, bias=False)
        nn.init.ones_(self.stem.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.stem(x).abs().mean((1, 2, 3)).unsqueeze(1)


def save(folder: Path, *modalities: str, half: float = 0.5, **changes: object) -> Path:
    """Save a package whose probability is one half where the feature is ``half``."""
    streams, states = [], {}
    for name in modalities:
        network = TSN(Brightness(get_modality(name).network_channels), name)
        with torch.no_grad():
            network.classifier.weight.copy_(torch.tensor([[16.0], [-16.0]]))
            network.classifier.bias.copy_(torch.tensor([-16.0, 16.0]) * half)
        states[name] = network.state_dict()
        streams.append(
            StreamConfig(
                modality=name,
                backbone="brightness",
                snippet_length=get_modality(name).length,
                input_size=16,
                normalization=PLAIN,
                flow=dict(RECIPE) if name == "flow" else None,
            )
        )
    values: dict[str, object] = {
        "name": "stub",
        "labels": ("slip", "other"),
        "positive": "slip",
        "sample_fps": 10.0,
        "frame_short_side": 48,
        "snippet_stride": 2,
        "window": 1.0,
        "stride": STRIDE,
        "streams": tuple(streams),
        "fusion": {"weights": dict.fromkeys(modalities, 1.0), "space": "logits"},
        "calibration": {"temperature": 1.0, "bias": 0.0},
        "events": {
            "onset": 0.5,
            "offset": 0.5,
            "min_duration_on": 0.0,
            "min_duration_off": 0.0,
            "pad_onset": 0.0,
            "pad_offset": 0.0,
        },
    }
    save_package(folder, ModelConfig(**checked({**values, **changes})), states, dtype=torch.float32)
    return folder
