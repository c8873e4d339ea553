"""The network of the pose stream in torch, as it is trained.

In: features of windows. Out: log-odds; weights for ``slipdetect.people.network``.
"""

from __future__ import annotations

import torch
from torch import nn

from slipdetect.people.features import FEATURES
from slipdetect.people.network import DILATIONS, EPSILON


class _Block(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.norm = nn.GroupNorm(1, channels, EPSILON)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        rectified: torch.Tensor = torch.relu(self.norm(self.conv(values)))
        return rectified


class TrainedPoseNetwork(nn.Module):
    """What ``slipdetect.people.network.PoseNetwork`` computes, with gradients and dropout.

    Args:
        channels: Of every layer.
        dropout: Share of values that training sets to 0.
    """

    def __init__(self, channels: int = 48, dropout: float = 0.3) -> None:
        super().__init__()
        self.stem = nn.Conv1d(FEATURES, channels, 1)
        self.norm = nn.GroupNorm(1, channels, EPSILON)
        self.blocks = nn.ModuleList([_Block(channels, dilation) for dilation in DILATIONS])
        self.head = nn.Linear(2 * channels, 1)
        self.dropout = nn.Dropout(dropout)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of a fall, ``(windows,)``, of features ``(windows, 105, T)``."""
        inside = features[:, -1:]
        hidden = torch.relu(self.norm(self.stem(features))) * inside
        for block in self.blocks:
            hidden = (hidden + self.dropout(block(hidden))) * inside
        mean = hidden.sum(-1) / inside.sum(-1).clamp(min=1)
        most = (hidden - (1 - inside) * 1e3).amax(-1)
        odds: torch.Tensor = self.head(self.dropout(torch.cat([mean, most], 1)))[:, 0]
        return odds
