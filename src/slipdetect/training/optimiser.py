"""Optimiser and learning-rate schedule of a run.

In: a network and a ``TrainConfig``. Out: a torch optimiser, and its rate factor per step.
"""

from __future__ import annotations

import math

import torch

from slipdetect.models import TSN
from slipdetect.training.config import TrainConfig

_WARM_UP_SHARE = 0.05


def make_optimiser(model: TSN, config: TrainConfig) -> torch.optim.Optimizer:
    """Return SGD over the five groups of the reference TSN, or AdamW with a faster classifier."""
    if config.optimiser == "sgd":
        groups = model.parameter_groups(config.lr, config.weight_decay)
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
    head = {id(p) for module in (model.classifier, model.consensus) for p in module.parameters()}
    learning = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in learning if id(p) not in head], "lr": config.lr},
        {"params": [p for p in learning if id(p) in head], "lr": config.lr * config.head_factor},
    ]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def rate_factor(config: TrainConfig, step: int, steps_per_epoch: int) -> float:
    """Factor on every learning rate at ``step`` (0-based, over the whole run)."""
    total = config.epochs * steps_per_epoch
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "step":
        epoch = step // steps_per_epoch
        return float(0.1 ** sum(epoch >= limit for limit in config.lr_steps))
    warm_up = max(1, round(total * _WARM_UP_SHARE))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up)))
