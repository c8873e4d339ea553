"""The limit on the gradient is applied: a step of plain SGD is as long as it allows.

In: one step of a stub network with a large loss. Out: how far its weights moved, by hand.
"""

from __future__ import annotations

import pytest
import torch

from slipdetect.lab.train import TrainConfig
from slipdetect.lab.train.loop import Trainer
from slipdetect.lab.train.processes import make_accelerator
from slipdetect.modalities.normalize import SnippetNormalizer
from stub_models import stub_tsn


class Windows:
    """Six windows of both labels."""

    def __len__(self) -> int:
        return 6

    def label(self, index: int) -> int:
        return index % 2

    def describe(self, index: int) -> str:
        return f"window {index}"


def moved(limit: float, accumulate: int = 1) -> tuple[float, float]:
    """Return the length of a step at a rate of one, and that of the gradient as it came."""
    config = TrainConfig(
        optimizer="sgd-plain",
        lr=1.0,
        momentum=0.0,
        weight_decay=0.0,
        schedule="constant",
        clip_gradient=limit,
        batch_size=6,
        accumulate=accumulate,
        num_segments=2,
    )
    network = stub_tsn("rgb", num_segments=2, partial_bn="all", dropout=0.0)
    with torch.no_grad():
        network.classifier.weight.mul_(300.0)
    accelerator = make_accelerator("cpu", "fp32")
    normalizer = SnippetNormalizer(network.modality, network.spec.normalization)
    trainer = Trainer(network, config, normalizer, accelerator)
    trainer.weights = torch.ones(2)
    trainer.model.train()
    before = [p.detach().clone() for p in network.parameters() if p.requires_grad]
    images = torch.randint(
        0, 256, (6, 2, 1, 16, 16, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(1)
    )
    labels = torch.tensor([0, 1, 0, 1, 0, 1])
    parts = list(zip(images.chunk(accumulate), labels.chunk(accumulate), strict=True))
    trainer.step(parts, Windows(), [[0, 1, 2, 3, 4, 5]])  # type: ignore[arg-type]
    learning = [p for p in network.parameters() if p.requires_grad]
    step = sum(float(((a - b.detach()) ** 2).sum()) for a, b in zip(before, learning, strict=True))
    return step**0.5, gradient(images, labels)


def gradient(images: torch.Tensor, labels: torch.Tensor) -> float:
    """Return the length of the gradient of the mean loss, computed without the loop."""
    network = stub_tsn("rgb", num_segments=2, partial_bn="all", dropout=0.0)
    with torch.no_grad():
        network.classifier.weight.mul_(300.0)
    network.train()
    x = SnippetNormalizer(network.modality, network.spec.normalization)(images)
    torch.nn.functional.cross_entropy(network(x), labels).backward()
    squares = [float((p.grad**2).sum()) for p in network.parameters() if p.grad is not None]
    return sum(squares) ** 0.5


@pytest.mark.parametrize("accumulate", [1, 3])
def test_S33_a_long_gradient_is_cut_to_the_limit(accumulate: int) -> None:
    step, plain = moved(20.0, accumulate)
    assert plain > 25.0
    assert step == pytest.approx(20.0, rel=1e-3)


def test_S33_without_a_limit_the_step_is_the_gradient() -> None:
    step, plain = moved(0.0)
    assert plain > 25.0
    assert step == pytest.approx(plain, rel=1e-3)


def test_S33_a_short_gradient_is_left_alone() -> None:
    step, plain = moved(1e6)
    assert step == pytest.approx(plain, rel=1e-3)
