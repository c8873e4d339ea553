"""Learning rates and optimizer groups by hand.

In: configurations. Out: factors per step, and what each parameter gets.
"""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
import torch

from slipdetect.lab.train.config import TrainConfig
from slipdetect.lab.train.optimizer import make_optimizer, rate_factor
from stub_models import stub_tsn


def test_the_cosine_warms_up_for_a_twentieth_and_falls_to_zero() -> None:
    config = TrainConfig(epochs=4, schedule="cosine")
    factors = [rate_factor(config, step, 10) for step in range(40)]
    # 40 steps: 2 of warm-up, then half a cosine over 38
    assert factors[:3] == [0.5, 1.0, 1.0]
    assert factors[21] == pytest.approx(0.5)
    assert factors[39] == pytest.approx(0.5 * (1 + math.cos(math.pi * 37 / 38)))
    assert all(a >= b for a, b in pairwise(factors[2:]))
    assert [rate_factor(TrainConfig(epochs=1), s, 1) for s in (0, 1)] == [1.0, 1.0]


def test_steps_divide_by_ten_at_their_epochs() -> None:
    config = TrainConfig(epochs=80, schedule="step", lr_steps=(20, 60))
    found = [rate_factor(config, epoch * 7 + 6, 7) for epoch in (0, 19, 20, 59, 60, 79)]
    assert found == pytest.approx([1.0, 1.0, 0.1, 0.1, 0.01, 0.01])
    assert rate_factor(config, 20 * 7 - 1, 7) == 1.0


def test_constant_is_constant() -> None:
    config = TrainConfig(epochs=3, schedule="constant")
    assert {rate_factor(config, step, 5) for step in range(15)} == {1.0}


@pytest.mark.parametrize(("modality", "first"), [("rgb", 1), ("flow", 5), ("rgbdiff", 1)])
def test_sgd_has_the_groups_of_table_5(modality: str, first: int) -> None:
    """lr 1e-3, momentum 0.9, decay 5e-4; biases twice as fast without decay."""
    config = TrainConfig(optimizer="sgd", lr=1e-3, weight_decay=5e-4, momentum=0.9)
    model = stub_tsn(modality, partial_bn=True)
    optimizer = make_optimizer(model, config)
    got = {
        id(p): (group["lr"], group["weight_decay"], group["momentum"])
        for group in optimizer.param_groups
        for p in group["params"]
    }
    wanted = {
        "backbone.stem.0.weight": (1e-3 * first, 5e-4),
        "backbone.stem.0.bias": (1e-3 * 2 * first, 0.0),
        "backbone.stem.1.weight": (1e-3, 0.0),
        "backbone.stem.1.bias": (1e-3, 0.0),
        "backbone.middle.0.weight": (1e-3, 5e-4),
        "backbone.last.0.weight": (1e-3, 5e-4),
        "backbone.last.0.bias": (2e-3, 0.0),
        "classifier.weight": (1e-3, 5e-4),
        "classifier.bias": (2e-3, 0.0),
    }
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    assert set(learning) == set(wanted)
    assert len(got) == len(wanted)
    for name, (lr, decay) in wanted.items():
        assert got[id(learning[name])] == pytest.approx((lr, decay, 0.9))


def test_adamw_trains_the_head_faster() -> None:
    config = TrainConfig(optimizer="adamw", lr=1e-4, head_lr_mult=10.0, weight_decay=0.01)
    model = stub_tsn("rgb", partial_bn="all")
    optimizer = make_optimizer(model, config)
    assert isinstance(optimizer, torch.optim.AdamW)
    body, head = optimizer.param_groups
    assert (body["lr"], head["lr"]) == pytest.approx((1e-4, 1e-3))
    assert (body["weight_decay"], head["weight_decay"]) == (0.01, 0.01)
    assert {id(p) for p in head["params"]} == {id(p) for p in model.classifier.parameters()}
    learning = [p for p in model.parameters() if p.requires_grad]
    assert len(body["params"]) + len(head["params"]) == len(learning) == 7


@pytest.mark.parametrize("kind", ["weighted", "rnn", "cnn"])
def test_a_consensus_with_weights_learns_as_fast_as_the_classifier(kind: str) -> None:
    model = stub_tsn("rgb", consensus=kind)
    body, head = make_optimizer(model, TrainConfig(optimizer="adamw")).param_groups
    wanted = {*model.classifier.parameters(), *model.consensus.parameters()}
    assert set(head["params"]) == wanted
    assert not wanted & set(body["params"])
