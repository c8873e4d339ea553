"""The network of the pose stream: numpy computes what torch trains.

In: random weights and features. Out: nothing but assertions.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch

from slipdetect.lab.pose.training import TrainedPoseNetwork
from slipdetect.people.features import FEATURES
from slipdetect.people.network import PoseNetwork, shapes


def random_network(seed: int, channels: int) -> TrainedPoseNetwork:
    torch.manual_seed(seed)
    network = TrainedPoseNetwork(channels, dropout=0.9).eval()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, 0.1, 0.3)
    return network


def random_features(count: int, pictures: int) -> np.ndarray:
    random = np.random.default_rng(0)
    values = random.normal(size=(count, FEATURES, pictures)).astype(np.float32)
    values[:, -1] = 1
    values[0, :, :3] = 0
    values[1, :, -4:] = 0
    return values


@pytest.mark.parametrize("channels", [4, 48])
def test_numpy_and_torch_agree(channels: int) -> None:
    seen = random_features(6, 13)
    networks = [random_network(seed, channels) for seed in (0, 1)]
    assert {k: tuple(v.shape) for k, v in networks[0].state_dict().items()} == shapes(channels)
    with torch.no_grad():
        wanted = [network(torch.from_numpy(seen)).numpy() for network in networks]
    weights = {
        f"{number}.{name}": value.numpy()
        for number, network in enumerate(networks)
        for name, value in network.state_dict().items()
    }
    found = PoseNetwork(weights, "test").log_odds(seen)
    spread = np.abs(wanted[0] - wanted[1]).max()
    assert spread > 0.1
    np.testing.assert_allclose(found, (wanted[0] + wanted[1]) / 2, rtol=1e-5, atol=1e-5)
