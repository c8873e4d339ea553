"""Consensus ``rnn`` and ``cnn`` against plain loops in float64, their masks and their gradients.

In: small score tensors. Out: nothing but assertions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from slipdetect.errors import UsageError
from slipdetect.models import TSN, Consensus
from stub_models import StubBackbone, stub_tsn

Rows = list[list[float]]
KINDS = ("rnn", "cnn")


def trained(kind: str, classes: int = 2, seed: int = 0) -> Consensus:
    """Return a head of float64 weights as far from its start as training could take it."""
    consensus = Consensus(kind, num_classes=classes).double()
    generator = torch.Generator().manual_seed(seed)
    for weight in consensus.parameters():
        weight.data = torch.randn(weight.shape, generator=generator, dtype=torch.float64) * 0.7
    return consensus


def scores_of(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64) * 3


def weights_of(consensus: Consensus) -> dict[str, Any]:
    return {name: weight.tolist() for name, weight in consensus.head.named_parameters()}


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def dot(row: list[float], vector: list[float]) -> float:
    return sum(a * b for a, b in zip(row, vector, strict=True))


def gated(segments: Rows, w: dict[str, Any]) -> list[float]:
    """The gated recurrent unit as torch's documentation writes it, one unit at a time."""
    width = len(w["gru.bias_ih_l0"]) // 3
    state = [0.0] * width
    for x in segments:
        before = list(state)
        for unit in range(width):
            reset, update, new = (unit + part * width for part in range(3))
            of_x = [
                dot(w["gru.weight_ih_l0"][i], x) + w["gru.bias_ih_l0"][i]
                for i in (reset, update, new)
            ]
            of_state = [
                dot(w["gru.weight_hh_l0"][i], before) + w["gru.bias_hh_l0"][i]
                for i in (reset, update, new)
            ]
            r, z = sigmoid(of_x[0] + of_state[0]), sigmoid(of_x[1] + of_state[1])
            n = math.tanh(of_x[2] + r * of_state[2])
            state[unit] = (1 - z) * n + z * before[unit]
    return state


def convolved(segments: Rows, w: dict[str, Any]) -> list[float]:
    """Each segment with its neighbors, the ends repeated; rectified, then the mean."""
    pooled = []
    for kernel, bias in zip(w["conv.weight"], w["conv.bias"], strict=True):
        total = 0.0
        for place in range(len(segments)):
            value = bias
            for tap in range(3):
                near = min(max(place + tap - 1, 0), len(segments) - 1)
                for index, x in enumerate(segments[near]):
                    value += kernel[index][tap] * x
            total += max(value, 0.0)
        pooled.append(total / len(segments))
    return pooled


ORACLES: dict[str, Callable[[Rows, dict[str, Any]], list[float]]] = {
    "rnn": gated,
    "cnn": convolved,
}


def by_hand(consensus: Consensus, scores: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    w = weights_of(consensus)
    rows = []
    for clip, keep in zip(scores.tolist(), mask.tolist(), strict=True):
        kept = [segment for segment, counts in zip(clip, keep, strict=True) if counts]
        read = ORACLES[consensus.kind](kept, w)
        rows.append(
            [
                sum(segment[index] for segment in kept) / len(kept) + dot(row, read)
                for index, row in enumerate(w["out.weight"])
            ]
        )
    return torch.tensor(rows, dtype=torch.float64)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 3), st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**31))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("masked", [False, True])
def test_heads_equal_plain_loops(
    kind: str, masked: bool, batch: int, segments: int, classes: int, seed: int
) -> None:
    consensus = trained(kind, classes, seed)
    scores = scores_of(batch, segments, classes, seed=seed)
    mask = torch.ones(batch, segments, dtype=torch.bool)
    if masked:
        mask = torch.rand(batch, segments, generator=torch.Generator().manual_seed(seed)) < 0.6
        mask[:, seed % segments] = True
    with torch.no_grad():
        found = consensus(scores, mask if masked else None)
    torch.testing.assert_close(found, by_hand(consensus, scores, mask))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("garbage", [1e30, -1e30, math.inf, math.nan])
@pytest.mark.parametrize(
    "keep", [[1, 1, 1, 0, 0], [0, 0, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 0, 1, 0]]
)
def test_a_masked_segment_is_as_if_it_were_not_there(
    kind: str, garbage: float, keep: list[int]
) -> None:
    consensus = trained(kind)
    mask = torch.tensor([keep, [1] * 5], dtype=torch.bool)
    scores = scores_of(2, 5, 2).requires_grad_()
    filled = scores.masked_fill(~mask[:, :, None], garbage)
    filled.retain_grad()
    found = consensus(filled, mask)
    alone = scores[:1, mask[0]].detach().requires_grad_()
    expected = consensus(alone)
    torch.testing.assert_close(found[:1], expected)
    torch.testing.assert_close(found[1:], consensus(scores[1:]))
    found[0, 0].backward()
    expected[0, 0].backward()
    assert filled.grad is not None
    assert alone.grad is not None
    torch.testing.assert_close(filled.grad[0, mask[0]], alone.grad[0])
    assert not filled.grad[0, ~mask[0]].any()
    assert all(bool(torch.isfinite(weight.grad).all()) for weight in consensus.parameters())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("segments", [1, 2, 3, 25])
def test_an_untrained_head_is_the_average(kind: str, segments: int) -> None:
    scores = scores_of(3, segments, 2).float()
    mask = torch.ones(3, segments, dtype=torch.bool)
    mask[0, segments // 2 + 1 :] = False
    consensus = Consensus(kind, num_classes=2)
    assert torch.equal(consensus(scores), Consensus("avg")(scores))
    assert torch.equal(consensus(scores, mask), Consensus("avg")(scores, mask))


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_agree_with_finite_differences(kind: str) -> None:
    consensus = trained(kind, seed=4)
    mask = torch.tensor([[True, False, True, True], [True, True, False, False]])
    scores = scores_of(2, 4, 2, seed=5).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: consensus(x, mask), (scores,))
    push = scores_of(2, 2, seed=6)
    (consensus(scores, mask) * push).sum().backward()
    for weight in consensus.parameters():
        assert weight.grad is not None
        for index in range(0, weight.numel(), 5):
            sides = []
            for step in (1e-6, -1e-6):
                with torch.no_grad():
                    weight.view(-1)[index] += step
                    sides.append(float((consensus(scores, mask) * push).sum()))
                    weight.view(-1)[index] -= step
            slope = (sides[0] - sides[1]) / 2e-6
            assert float(weight.grad.view(-1)[index]) == pytest.approx(slope, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_every_weight_learns_once_the_last_layer_has(kind: str) -> None:
    network = stub_tsn(consensus=kind, dropout=0.0, partial_bn=False)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    torch.manual_seed(0)
    clips, labels = torch.randn(4, 3, 3, 8, 8), torch.tensor([0, 1, 0, 1])
    for step in range(2):
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(clips), labels).backward()
        moved = {
            name: bool(weight.grad is not None and weight.grad.any())
            for name, weight in network.consensus.head.named_parameters()
        }
        assert moved["out.weight"]
        assert all(moved.values()) == (step > 0)
        optimizer.step()


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_learns_what_an_average_cannot(kind: str) -> None:
    """Clips whose segments rise and clips whose segments fall have the same mean."""
    rising = torch.tensor([[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]])
    scores, labels = torch.stack([rising, rising.flip(0)]), torch.tensor([0, 1])
    consensus = Consensus(kind, num_classes=2)
    optimizer = torch.optim.Adam(consensus.parameters(), lr=0.02)
    for _ in range(100):
        loss = nn.functional.cross_entropy(consensus(scores), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.1
    assert float(nn.functional.cross_entropy(scores.mean(1), labels)) == pytest.approx(math.log(2))


def test_the_convolution_says_the_same_of_any_number_of_like_segments() -> None:
    consensus = trained("cnn")
    one = scores_of(1, 1, 2)
    for count in (2, 3, 25):
        torch.testing.assert_close(consensus(one.expand(1, count, 2)), consensus(one))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(kind: str, dtype: torch.dtype) -> None:
    consensus = trained(kind).float()
    scores = scores_of(3, 4, 2).to(dtype)
    expected = consensus(scores.float())
    found = consensus(scores)
    assert found.dtype == dtype
    assert torch.equal(found, expected.to(dtype))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(consensus(scores), found)
        assert torch.equal(consensus(scores.float()), expected)


@pytest.mark.parametrize("kind", KINDS)
def test_a_head_begins_alike_whatever_the_seed(kind: str) -> None:
    """So that trainings of other seeds can be averaged."""
    torch.manual_seed(1)
    first = Consensus(kind, num_classes=2).state_dict()
    torch.manual_seed(2)
    second = Consensus(kind, num_classes=2).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    body = [value for name, value in first.items() if "out" not in name]
    assert all(bool(value.abs().sum() > 0) for value in body)


@pytest.mark.parametrize("kind", KINDS)
def test_the_wrong_number_of_classes_is_refused(kind: str) -> None:
    with pytest.raises(UsageError, match="give num_classes"):
        Consensus(kind)
    with pytest.raises(UsageError, match="num_classes must be at least 1, not 0"):
        Consensus(kind, num_classes=0)
    with pytest.raises(UsageError, match="made for 2 classes, got 3"):
        Consensus(kind, num_classes=2)(torch.zeros(1, 4, 3))


@pytest.mark.parametrize("kind", KINDS)
def test_tsn_makes_a_head_for_its_classes_and_any_number_of_segments(kind: str) -> None:
    network = TSN(StubBackbone(), num_classes=3, consensus=kind, dropout=0.0).eval()
    nn.init.normal_(network.consensus.head.out.weight)
    for segments in (1, 3, 5):
        clips = torch.randn(2, segments, 3, 8, 8)
        expected = by_hand(
            network.consensus,
            network.snippet_scores(clips).double(),
            torch.ones(2, segments, dtype=torch.bool),
        )
        torch.testing.assert_close(network(clips).double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_groups_of_the_recipe_know_the_weights_and_biases_of_a_head(kind: str) -> None:
    network = stub_tsn(consensus=kind)
    names = {id(weight): name for name, weight in network.named_parameters()}
    groups = {
        group["name"]: {names[id(weight)] for weight in group["params"]}
        for group in network.parameter_groups(0.1, 0.5)
    }
    heads = {name for name in names.values() if name.startswith("consensus.")}
    biases = {name for name in heads if ".bias" in name}
    assert len(biases) == {"rnn": 2, "cnn": 1}[kind]
    assert biases == groups["bias"] & heads
    assert heads - biases == groups["weight"] & heads
