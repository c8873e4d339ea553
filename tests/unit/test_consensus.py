"""Consensus against plain loops in float64, and its edge cases (fault T08).

In: small score tensors. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.detection.scorer import fixed_consensus
from slipdetect.errors import UsageError
from slipdetect.models import Consensus
from stub_models import stub_stream

INF = float("inf")


def oracle(
    kind: str,
    scores: list[list[list[float]]],
    mask: list[list[bool]],
    k: int,
    logits: list[float],
) -> list[list[float]]:
    """Combine segments with nothing but loops."""
    result = []
    for clip, keep in zip(scores, mask, strict=True):
        row = []
        for index in range(len(clip[0])):
            values = [segment[index] for segment, kept in zip(clip, keep, strict=True) if kept]
            if kind == "avg":
                row.append(sum(values) / len(values))
            elif kind == "max":
                row.append(max(values))
            elif kind == "topk":
                best = sorted(values, reverse=True)[:k]
                row.append(sum(best) / len(best))
            else:
                powers = [math.exp(x) for x, kept in zip(logits, keep, strict=True) if kept]
                row.append(sum(p * v for p, v in zip(powers, values, strict=True)) / sum(powers))
        result.append(row)
    return result


@st.composite
def cases(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int, list[float]]:
    batch, segments, classes = (draw(st.integers(1, top)) for top in (3, 6, 3))
    seed = draw(st.integers(0, 2**31))
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(batch, segments, classes, generator=generator, dtype=torch.float64) * 5
    if draw(st.booleans()):
        scores = scores.round()
    mask = torch.rand(batch, segments, generator=generator) < 0.6
    mask[:, int(seed) % segments] = True
    logits = torch.randn(segments, generator=generator).tolist()
    return scores, mask, draw(st.integers(1, 8)), logits


@settings(max_examples=60)
@given(cases())
@pytest.mark.parametrize("kind", ["avg", "max", "topk", "weighted"])
@pytest.mark.parametrize("masked", [False, True])
def test_consensus_equals_plain_loops(
    kind: str, masked: bool, case: tuple[torch.Tensor, torch.Tensor, int, list[float]]
) -> None:
    scores, mask, k, logits = case
    consensus = Consensus(kind, k=k, num_segments=scores.shape[1])
    if kind == "weighted":
        consensus.weights.data = torch.tensor(logits)
    kept = mask if masked else torch.ones_like(mask)
    expected = oracle(kind, scores.tolist(), kept.tolist(), k, logits)
    found = consensus(scores, mask if masked else None)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["avg", "max", "topk", "weighted"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_T08_one_segment_is_returned_as_it_is(kind: str, dtype: torch.dtype) -> None:
    scores = torch.tensor([[[1.25, -7.5, 300.0]]], dtype=dtype)
    found = Consensus(kind, num_segments=1)(scores)
    assert found.dtype == dtype
    assert torch.equal(found, scores[:, 0])


def test_T08_topk_with_k_above_the_segments_is_the_average() -> None:
    scores = torch.randn(2, 4, 3)
    torch.testing.assert_close(Consensus("topk", k=9)(scores), scores.mean(1))


def test_T08_topk_averages_only_unmasked_segments() -> None:
    scores = torch.tensor([[[9.0], [1.0], [4.0], [2.0]]])
    mask = torch.tensor([[False, True, False, True]])
    assert Consensus("topk", k=3)(scores, mask).item() == 1.5


@pytest.mark.parametrize("kind", ["avg", "max", "topk", "weighted"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_T08_all_minus_infinity_stays_minus_infinity(kind: str, dtype: torch.dtype) -> None:
    scores = torch.full((2, 3, 2), -INF, dtype=dtype)
    mask = torch.tensor([[True, False, True], [False, False, True]])
    consensus = Consensus(kind, num_segments=3)
    assert bool((consensus(scores) == -INF).all())
    assert bool((consensus(scores, mask) == -INF).all())


@pytest.mark.parametrize("kind", ["avg", "max", "topk", "weighted"])
@pytest.mark.parametrize("bad", [-INF, INF, float("nan")])
def test_T08_masked_segments_have_no_say(kind: str, bad: float) -> None:
    scores = torch.tensor([[[2.0, 3.0], [bad, bad], [4.0, 7.0]]], requires_grad=True)
    mask = torch.tensor([[True, False, True]])
    consensus = Consensus(kind, num_segments=3)
    found = consensus(scores, mask)
    expected = [4.0, 7.0] if kind == "max" else [3.0, 5.0]
    torch.testing.assert_close(found, torch.tensor([expected]))
    found.sum().backward()
    assert scores.grad is not None
    assert scores.grad[0, 1].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("kind", ["avg", "topk", "weighted"])
def test_T08_half_precision_does_not_overflow(kind: str) -> None:
    scores = torch.full((1, 3, 2), 60000.0, dtype=torch.float16)
    found = Consensus(kind, num_segments=3)(scores)
    assert found.dtype == torch.float16
    torch.testing.assert_close(found, torch.full((1, 2), 60000.0, dtype=torch.float16))


def test_T08_fully_masked_clip_is_refused() -> None:
    mask = torch.tensor([[True, True], [False, False]])
    with pytest.raises(UsageError, match="every segment of a clip is masked"):
        Consensus("avg")(torch.zeros(2, 2, 2), mask)


def test_identity_returns_its_input() -> None:
    scores = torch.randn(2, 3, 2)
    assert Consensus("identity")(scores) is scores


def test_weighted_starts_uniform_and_learns() -> None:
    consensus = Consensus("weighted", num_segments=3)
    scores = torch.tensor([[[1.0], [2.0], [6.0]]])
    torch.testing.assert_close(consensus(scores), torch.tensor([[3.0]]))
    consensus(scores).sum().backward()
    # softmax at uniform weights: gradient is (score - mean) / 3
    torch.testing.assert_close(consensus.weights.grad, torch.tensor([-2 / 3, -1 / 3, 1.0]))


def test_weighted_refuses_another_number_of_segments() -> None:
    with pytest.raises(UsageError, match="made for 3 segments, got 4"):
        Consensus("weighted", num_segments=3)(torch.zeros(1, 4, 2))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "lstm"}, "unknown consensus 'lstm'; choose from avg, sum, max"),
        ({"kind": "topk", "k": 0}, "at least 1, not 0"),
        ({"kind": "weighted"}, "give num_segments"),
        ({"kind": "avg", "num_segments": 0}, "num_segments must be at least 1"),
    ],
)
def test_bad_choices_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Consensus(**options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("scores", "mask"),
    [
        (torch.zeros(2, 3), None),
        (torch.zeros(2, 0, 3), None),
        (torch.zeros(2, 3, 2, dtype=torch.long), None),
        (torch.zeros(2, 3, 2), torch.ones(2, 2, dtype=torch.bool)),
        (torch.zeros(2, 3, 2), torch.ones(2, 3)),
    ],
)
def test_wrong_shapes_and_types_are_refused(
    scores: torch.Tensor, mask: torch.Tensor | None
) -> None:
    with pytest.raises(UsageError):
        Consensus("avg")(scores, mask)


@pytest.mark.parametrize("kind", ["avg", "sum", "max", "topk", "identity"])
@pytest.mark.parametrize("segments", [1, 2, 5])
def test_windows_of_a_detector_agree_alike(kind: str, segments: int) -> None:
    """Detection computes them without torch."""
    stream = stub_stream("rgb", consensus=kind, consensus_k=3, num_segments=7)
    rows = np.random.default_rng(segments).normal(size=(segments, 2)).astype(np.float32)
    consensus = Consensus(kind, k=3, num_segments=7)
    wanted = consensus(torch.from_numpy(rows)[None])[0].numpy()
    np.testing.assert_allclose(fixed_consensus(stream, rows), wanted, rtol=1e-6, atol=1e-6)
