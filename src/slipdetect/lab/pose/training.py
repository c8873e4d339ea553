"""The training of the networks of a pose stream on bags of windows.

Multiple-instance learning: of a clip's windows the one with the highest score speaks for the clip
(as in Sultani et al., CVPR 2018, without its ranking).

In: bags. Out: trained networks. Multiple-instance learning: of a clip's windows the one with the
highest score speaks for the clip (as in Sultani et al., CVPR 2018, without its ranking).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from slipdetect.errors import TrainingError
from slipdetect.lab.pose.augment import augmented
from slipdetect.lab.pose.bags import Bag, Bags
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.lab.train.state_file import optimizer_tensors, part, restore_optimizer
from slipdetect.people.features import FEATURES, features
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
    """What ``slipdetect.people.network.PoseNetwork`` computes, with gradients and dropout."""

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


# a bag is drawn the more often the more windows it has, up to so many times as often as a small one
_WINDOWS_EACH, _MOST_OFTEN = 30, 6.0
# of the one-cycle schedule (Smith and Topin, 2019), as torch has them
_FIRST, _LAST, _MOMENTUM = 1 / 25, 1e-4, (0.95, 0.85)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a step learns from."""

    windows: npt.NDArray[np.floating]  # (n, length + 2 MARGIN, 58)
    bag: npt.NDArray[np.int64]  # number of the bag of each, (n,)
    labels: npt.NDArray[np.float32]  # of the bags, 1 with a fall, (bags,) float32


def generator(seed: int, member: int, step: int) -> np.random.Generator:
    """Return the generator of a member's step; that of step 0 is for its first weights."""
    return np.random.default_rng((seed, member, step))


class Pools:
    """The bags that steps draw from: of real clips and of simulated ones; either may be empty."""

    def __init__(self, real: Bags, simulated: Bags) -> None:
        self._positive = real.positive, simulated.positive
        self._negative = real.negative, simulated.negative
        self._weights = [_weights(pool) for pool in self._negative]

    def draw(self, settings: PoseSettings, random: np.random.Generator) -> Drawn:
        """Return the windows of one step."""
        windows, numbers, labels = [], [], []
        for number in range(settings.positives + settings.negatives):
            positive = number < settings.positives
            bag, most = self._bag(positive, settings, random)
            chosen = random.choice(len(bag), min(most, len(bag)), replace=False)
            windows.append(bag.windows(chosen))
            numbers += [number] * len(chosen)
            labels.append(float(positive))
        return Drawn(np.concatenate(windows), np.array(numbers), np.array(labels, np.float32))

    def _bag(
        self, positive: bool, settings: PoseSettings, random: np.random.Generator
    ) -> tuple[Bag, int]:
        """Return a bag and how many of its windows to take at most."""
        real, simulated = self._positive if positive else self._negative
        made = random.random() < settings.simulated if real and simulated else not real
        pool = simulated if made else real
        if positive:
            most = settings.simulated_of_positive if made else settings.windows_of_positive
            return pool[int(random.integers(len(pool)))], most
        most = settings.simulated_of_negative if made else settings.windows_of_negative
        return pool[int(random.choice(len(pool), p=self._weights[made]))], most


def _weights(pool: Sequence[Bag]) -> npt.NDArray[np.float64]:
    weights = np.array([min(_MOST_OFTEN, 1 + len(bag) / _WINDOWS_EACH) for bag in pool])
    return weights / weights.sum() if len(weights) else weights


class Member:
    """One network of a stream, its optimizer and the running mean of its weights."""

    def __init__(self, number: int, settings: PoseSettings) -> None:
        self._number, self._settings = number, settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_torch_seed(generator(settings.seed, number, 0)))
            self._network = TrainedPoseNetwork(settings.channels, settings.dropout)
        self._optimizer = torch.optim.AdamW(
            self._network.parameters(), lr=settings.lr, weight_decay=settings.weight_decay
        )
        self._mean: dict[str, torch.Tensor] = {}
        self.step = 0  # steps done

    def learn(self, pools: Pools) -> tuple[float, int]:
        """Make one step; return the loss and how many bags were right.

        Raises:
            TrainingError: The loss is not finite.
        """
        settings = self._settings
        random = generator(settings.seed, self._number, self.step + 1)
        drawn = pools.draw(settings, random)
        seen = torch.from_numpy(features(augmented(drawn.windows, random, settings), settings.rate))
        self._schedule()
        self._network.train()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_torch_seed(random))
            odds = self._network(seen)
        loss, highest = _loss(odds, drawn, settings)
        mean = float(loss.detach())
        if not math.isfinite(mean):
            raise TrainingError(
                f"the loss of network {self._number} is not finite at step {self.step}; lower lr "
                f"(now {settings.lr:g}) and begin anew with overwrite=True"
            )
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), settings.clip_gradient)
        self._optimizer.step()
        self.step += 1
        if self.step > settings.mean_from * settings.total:
            for name, value in self._network.state_dict().items():
                before = self._mean.get(name, value)
                self._mean[name] = before.lerp(value, settings.mean_share)
        right = (highest.detach() > 0) == (torch.from_numpy(drawn.labels) > 0)
        return mean, int(right.sum())

    @property
    def lr(self) -> float:
        """Learning rate of the last step."""
        return float(self._optimizer.param_groups[0]["lr"])

    def weights(self) -> dict[str, torch.Tensor]:
        """Return the mean of the weights, or the weights where it has not begun."""
        return {**self._network.state_dict(), **self._mean}

    def log_odds(self, seen: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of a fall by ``weights``, ``(n,)``, of features ``(n, 105, T)``."""
        network = TrainedPoseNetwork(self._settings.channels)
        network.load_state_dict(self.weights())
        with torch.no_grad():
            odds: torch.Tensor = network.eval()(seen)
        return odds

    def state(self) -> dict[str, torch.Tensor]:
        """Return what ``restore`` takes."""
        prefix = f"{self._number}."
        return {
            **{f"{prefix}network.{k}": v for k, v in self._network.state_dict().items()},
            **{f"{prefix}mean.{k}": v for k, v in self._mean.items()},
            **optimizer_tensors(self._optimizer, f"{prefix}optimizer."),
        }

    def restore(self, tensors: dict[str, torch.Tensor], step: int) -> None:
        """Put back what ``state`` gave after so many steps."""
        own = part(tensors, f"{self._number}.")
        self._network.load_state_dict(part(own, "network."))
        self._mean = part(own, "mean.")
        restore_optimizer(self._optimizer, part(own, "optimizer."))
        self.step = step

    def _schedule(self) -> None:
        rate, momentum = one_cycle(self.step, self._settings.total, self._settings.warm_up)
        for group in self._optimizer.param_groups:
            group["lr"] = rate * self._settings.lr
            group["betas"] = (momentum, group["betas"][1])


def one_cycle(step: int, total: int, warm_up: float) -> tuple[float, float]:
    """Return the learning rate of a step, as a share of the highest, and the momentum.

    The rate rises from 1/25 and falls to 1/250,000, each along half a cosine; the momentum goes
    the other way, between 0.95 and 0.85 (Smith and Topin, Super-convergence, 2019).

    Args:
        step: From 0.
        total: Steps in all.
        warm_up: Share of them in which the rate rises.
    """
    peak, last = warm_up * total - 1, total - 1
    low, high = _MOMENTUM
    if step <= peak:
        share = step / peak if peak > 0 else 1.0
        return _between(_FIRST, 1.0, share), _between(low, high, share)
    share = (step - peak) / (last - peak) if last > peak else 1.0
    return _between(1.0, _FIRST * _LAST, share), _between(high, low, share)


def _between(start: float, end: float, share: float) -> float:
    return end + (start - end) / 2 * (1 + math.cos(math.pi * share))


def _loss(
    odds: torch.Tensor, drawn: Drawn, settings: PoseSettings
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss, and the highest log-odds of each bag, which speaks for it."""
    bag, label = torch.from_numpy(drawn.bag), torch.from_numpy(drawn.labels)
    highest = torch.full((len(label),), -1e4).scatter_reduce(0, bag, odds, "amax")
    smooth = settings.smoothing
    loss = functional.binary_cross_entropy_with_logits(highest, label * (1 - 2.5 * smooth) + smooth)
    quiet = odds[label[bag] == 0]
    others = functional.binary_cross_entropy_with_logits(quiet, torch.full_like(quiet, smooth))
    return loss + settings.instance_weight * others, highest


def _torch_seed(random: np.random.Generator) -> int:
    return int(random.integers(2**63))
