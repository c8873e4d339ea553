"""The training of a pose network on bags of windows.

In: bags. Out: a trained network. Multiple-instance learning: of a clip's windows the one with the
highest score speaks for the clip (as in Sultani et al., CVPR 2018, without its ranking).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from slipdetect.lab.pose.augment import augmented
from slipdetect.lab.pose.bags import Bag, Bags
from slipdetect.lab.pose.network import TrainedPoseNetwork
from slipdetect.people.features import features


@dataclass(frozen=True)
class PoseRecipe:
    """Settings of the training of a pose network."""

    steps: int = 350
    channels: int = 48
    dropout: float = 0.3
    lr: float = 2e-3
    weight_decay: float = 0.02
    positives: int = 14
    negatives: int = 18
    windows_of_positive: int = 5
    windows_of_negative: int = 3
    simulated: float = 0.4
    smoothing: float = 0.02
    instance_weight: float = 0.3


def draw(
    bags: Bags, simulated: Bags | None, recipe: PoseRecipe, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return windows, the number of the bag that each is of, and the label of each bag."""
    windows, numbers, labels = [], [], []
    for number in range(recipe.positives + recipe.negatives):
        positive = number < recipe.positives
        made = simulated is not None and random.random() < recipe.simulated
        source = simulated if made and simulated is not None else bags
        pool = source.positive if positive else source.negative
        bag = pool[_drawn(pool, positive, random)]
        most = 1 if made else recipe.windows_of_positive if positive else recipe.windows_of_negative
        if made and not positive:
            most = 2
        chosen = random.choice(len(bag), min(most, len(bag)), replace=False)
        windows.append(bag.windows[chosen])
        numbers += [number] * len(chosen)
        labels.append(float(positive))
    return np.concatenate(windows), np.array(numbers), np.array(labels, np.float32)


def _drawn(pool: Sequence[Bag], positive: bool, random: np.random.Generator) -> int:
    if positive:
        return int(random.integers(len(pool)))
    weights = np.array([min(6.0, 1 + len(bag) / 30) for bag in pool])
    return int(random.choice(len(pool), p=weights / weights.sum()))


def train_pose(
    bags: Bags, simulated: Bags | None, rate: float, seed: int, recipe: PoseRecipe | None = None
) -> TrainedPoseNetwork:
    recipe = PoseRecipe() if recipe is None else recipe
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = TrainedPoseNetwork(recipe.channels, recipe.dropout)
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, recipe.lr, total_steps=recipe.steps, pct_start=0.15
    )
    mean: dict[str, torch.Tensor] = {}
    network.train()
    for step in range(recipe.steps):
        windows, numbers, labels = draw(bags, simulated, recipe, random)
        seen = torch.from_numpy(features(augmented(windows, random), rate))
        bag, label = torch.from_numpy(numbers), torch.from_numpy(labels)
        odds = network(seen)
        highest = torch.full((len(labels),), -1e4).scatter_reduce(0, bag, odds, "amax")
        smooth = recipe.smoothing
        target = label * (1 - 2.5 * smooth) + smooth
        quiet = odds[label[bag] == 0]
        loss = functional.binary_cross_entropy_with_logits(highest, target)
        loss = loss + recipe.instance_weight * functional.binary_cross_entropy_with_logits(
            quiet, torch.full_like(quiet, smooth)
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 2.0)
        optimizer.step()
        schedule.step()
        if step >= 0.6 * recipe.steps:
            for name, value in network.state_dict().items():
                mean[name] = value.clone() if name not in mean else mean[name].lerp(value, 0.02)
    network.load_state_dict(mean)
    return network.eval()
