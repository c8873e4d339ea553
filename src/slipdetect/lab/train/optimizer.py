"""Optimizer and learning-rate schedule of a run.

In: a network and a ``TrainConfig``. Out: a torch optimizer, and its rate factor per step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from slipdetect.lab.train.config import TrainConfig
from slipdetect.models import TSN

_WARM_UP_SHARE = 0.05
_NOTICEABLE = 1e-4  # relative fall of the loss that counts, as in torch's ReduceLROnPlateau


def make_optimizer(model: TSN, config: TrainConfig) -> torch.optim.Optimizer:
    """Return SGD over TSN's five groups or over one, or AdamW with a faster classifier."""
    if config.optimizer == "sgd":
        groups = model.parameter_groups(config.lr, config.weight_decay)
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum)
    learning = [p for p in model.parameters() if p.requires_grad]
    if config.optimizer == "sgd-plain":
        return torch.optim.SGD(
            learning, lr=config.lr, momentum=config.momentum, weight_decay=config.weight_decay
        )
    head = {id(p) for module in (model.classifier, model.consensus) for p in module.parameters()}
    groups = [
        {"params": [p for p in learning if id(p) not in head], "lr": config.lr},
        {"params": [p for p in learning if id(p) in head], "lr": config.lr * config.head_lr_mult},
    ]
    return torch.optim.AdamW(groups, weight_decay=config.weight_decay)


def rate_factor(
    config: TrainConfig, step: int, steps_per_epoch: int, losses: Sequence[float] = ()
) -> float:
    """Factor on every learning rate at ``step`` (0-based, over the whole run).

    Args:
        config: Numbers of the run.
        step: Which step.
        steps_per_epoch: Steps in an epoch.
        losses: Validation loss (training loss without validation) of every finished epoch.
    """
    total = config.epochs * steps_per_epoch
    if config.schedule == "constant":
        return 1.0
    if config.schedule == "plateau":
        return float(0.1 ** reductions(losses, config.plateau_patience))
    if config.schedule == "step":
        epoch = step // steps_per_epoch
        return float(0.1 ** sum(epoch >= limit for limit in config.lr_steps))
    warm_up = max(1, round(total * _WARM_UP_SHARE))
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up)))


def reductions(losses: Sequence[float], patience: int) -> int:
    """Return how often a plateau schedule has cut the rate after epochs of these losses.

    The rule of torch's ReduceLROnPlateau: more than ``patience`` epochs in a row without a loss
    below the best one by a ten-thousandth cut the rate, and the count begins anew.
    """
    best, waited, cuts = math.inf, 0, 0
    for loss in losses:
        if loss < best * (1 - _NOTICEABLE):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > patience:
            cuts, waited = cuts + 1, 0
    return cuts
