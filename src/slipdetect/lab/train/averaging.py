"""A running mean of a network's weights, often a better network than the last step's.

In: the network after every step. Out: a second network with the averaged weights.
"""

from __future__ import annotations

import copy

import torch

from slipdetect.models import TSN


class WeightAverage:
    """Exponential moving average of all floating-point weights and statistics.

    Early on the mean follows faster, ``min(decay, (1 + n) / (10 + n))`` after n steps, so that it
    does not remember the random start (as in TensorFlow's ExponentialMovingAverage).

    Args:
        network: Whose weights to average.
        decay: Share of the mean that stays in a step, 0 to 1.

    Attributes:
        network: A copy that holds the mean.
        updates: Steps averaged so far.
    """

    def __init__(self, network: TSN, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.updates = 0
        self._decay = decay

    @torch.no_grad()
    def update(self, network: TSN) -> None:
        """Take the weights of ``network`` into the mean."""
        self.updates += 1
        decay = min(self._decay, (1 + self.updates) / (10 + self.updates))
        values = network.state_dict()
        for name, mean in self.network.state_dict().items():
            if mean.is_floating_point():
                mean.lerp_(values[name], 1 - decay)
            else:
                mean.copy_(values[name])
