"""What a network costs: counts by hand, and a network left as it was.

In: small networks. Out: nothing but assertions.
"""

from __future__ import annotations

import time

import pytest
import torch
from torch import nn

from slipdetect.lab.models.measure import measure


def test_counts_of_a_convolution_and_a_layer_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.Flatten(), nn.Linear(4 * 64, 5))
    cost = measure(network, torch.zeros(1, 3, 8, 8))
    assert cost.parameters == (3 * 4 * 9 + 4) + (256 * 5 + 5)
    # two operations for every multiply-add
    assert cost.flops == 2 * (64 * 4 * 3 * 9) + 2 * (256 * 5)
    assert cost.output == (1, 5)
    assert cost.threads == torch.get_num_threads()
    assert 0 < cost.seconds < 10


@pytest.mark.parametrize("training", [True, False])
def test_network_is_run_in_evaluation_and_left_as_it_was(training: bool) -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Dropout(0.5)).train(training)
    modes = []
    network.register_forward_hook(lambda module, *_: modes.append(module.training))
    measure(network, torch.ones(2, 3, 4, 4), timings=2, for_seconds=0.0)
    assert modes == [False] * 3
    assert network.training is training
    assert network[0].running_mean.abs().sum() == 0


def test_passes_go_on_until_the_machine_is_warm() -> None:
    passes = []

    def warming(x: torch.Tensor) -> torch.Tensor:
        passes.append(len(passes))
        time.sleep(0.05 if len(passes) < 6 else 0.001)
        return x

    assert measure(nn.Linear(4, 2), torch.zeros(1, 4), warming).seconds < 0.04
    assert len(passes) > 6


def test_another_call_than_the_network_itself() -> None:
    network = nn.Linear(4, 2)
    cost = measure(network, torch.zeros(1, 3, 4), lambda x: network(x)[:, 0])
    assert cost.output == (1, 2)
    assert cost.flops == 2 * 3 * 4 * 2


def test_network_that_fails_is_left_as_it_was() -> None:
    network = nn.Linear(4, 2).train()
    with pytest.raises(RuntimeError):
        measure(network, torch.zeros(1, 5))
    assert network.training
