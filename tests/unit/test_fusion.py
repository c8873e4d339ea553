"""LateFusion against plain loops in float64.

In: small score tensors. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.models import LateFusion

WEIGHTS = {"rgb": 1.0, "flow": 1.5, "rgbdiff": 0.25}


def softmax(values: list[float]) -> list[float]:
    powers = [math.exp(value) for value in values]
    return [power / sum(powers) for power in powers]


def draw_scores(seed: int, *shape: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(*shape, generator=generator, dtype=torch.float64) * 3 for name in WEIGHTS
    }


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31), space=st.sampled_from(["logits", "probabilities"]))
def test_fusion_equals_plain_loops(seed: int, space: str) -> None:
    scores = draw_scores(seed, 4, 3)
    fused = LateFusion(WEIGHTS, space=space)(scores)
    for row in range(4):
        parts = {name: scores[name][row].tolist() for name in WEIGHTS}
        if space == "probabilities":
            parts = {name: softmax(values) for name, values in parts.items()}
        for index in range(3):
            expected = sum(WEIGHTS[name] * parts[name][index] for name in WEIGHTS) / 2.75
            assert fused[row, index].item() == pytest.approx(expected, abs=1e-12)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**31))
def test_winner_is_that_of_the_weighted_sum(seed: int) -> None:
    scores = draw_scores(seed, 5, 2)
    summed = sum(WEIGHTS[name] * scores[name] for name in WEIGHTS)
    assert torch.equal(LateFusion(WEIGHTS)(scores).argmax(-1), summed.argmax(-1))


def test_scale_of_the_weights_does_not_matter() -> None:
    scores = draw_scores(1, 2, 2)
    tenfold = {name: 10 * weight for name, weight in WEIGHTS.items()}
    torch.testing.assert_close(LateFusion(WEIGHTS)(scores), LateFusion(tenfold)(scores))


def test_one_stream_passes_through() -> None:
    scores = torch.tensor([[1.0, -2.0]])
    assert torch.equal(LateFusion({"rgb": 0.3})({"rgb": scores}), scores)


@pytest.mark.parametrize("space", ["logits", "probabilities"])
def test_probabilities_sum_to_one_in_either_space(space: str) -> None:
    scores = draw_scores(2, 3, 4, 2)
    found = LateFusion(WEIGHTS, space=space).probabilities(scores)
    assert found.shape == (3, 4, 2)
    torch.testing.assert_close(found.sum(-1), torch.ones(3, 4, dtype=torch.float64))


def test_probabilities_do_not_overflow_in_half_precision() -> None:
    scores = {"rgb": torch.tensor([[6e4, -6e4]], dtype=torch.float16)}
    found = LateFusion({"rgb": 1.0}).probabilities(scores)
    assert found.tolist() == [[1.0, 0.0]]


def test_missing_stream_is_named() -> None:
    scores = draw_scores(3, 2, 2)
    del scores["flow"]
    with pytest.raises(UsageError, match="misses the scores of flow;"):
        LateFusion(WEIGHTS)(scores)


def test_allowed_missing_stream_leaves_the_mean_of_the_rest() -> None:
    scores = draw_scores(4, 2, 2)
    rest = {name: scores[name] for name in ("rgb", "rgbdiff")}
    found = LateFusion(WEIGHTS, allow_missing=True)(rest)
    torch.testing.assert_close(found, (scores["rgb"] + 0.25 * scores["rgbdiff"]) / 1.25)


def test_stream_of_weight_zero_may_be_absent_and_has_no_say() -> None:
    fusion = LateFusion({"rgb": 2.0, "flow": 0.0})
    rgb = torch.tensor([[1.0, 2.0]])
    assert torch.equal(fusion({"rgb": rgb}), rgb)
    assert torch.equal(fusion({"rgb": rgb, "flow": torch.full((1, 2), float("nan"))}), rgb)


def test_nothing_left_to_fuse_is_an_error() -> None:
    with pytest.raises(UsageError, match="none of the streams"):
        LateFusion({"rgb": 1.0}, allow_missing=True)({})


def test_unknown_stream_is_refused() -> None:
    with pytest.raises(UsageError, match="no fusion weight for stream 'audio'"):
        LateFusion({"rgb": 1.0})({"rgb": torch.zeros(1, 2), "audio": torch.zeros(1, 2)})


def test_different_shapes_are_refused() -> None:
    with pytest.raises(UsageError, match=r"rgb \(1, 2\), flow \(2, 2\)"):
        LateFusion({"rgb": 1.0, "flow": 1.0})({"rgb": torch.zeros(1, 2), "flow": torch.zeros(2, 2)})


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), 10**400])
def test_bad_weight_is_refused(weight: float) -> None:
    with pytest.raises(UsageError, match=r"fusion\.weights\.flow"):
        LateFusion({"rgb": 1.0, "flow": weight})


@pytest.mark.parametrize("weights", [{}, {"rgb": 0.0, "flow": 0.0}])
def test_weights_that_sum_to_zero_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="sum to zero"):
        LateFusion(weights)


def test_unknown_space_is_refused() -> None:
    with pytest.raises(UsageError, match="fusion space"):
        LateFusion({"rgb": 1.0}, space="votes")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("space", ["logits", "probabilities"])
def test_arrays_are_fused_as_tensors(space: str, dtype: type) -> None:
    """Detection has arrays; evaluation, and whoever trains, has tensors."""
    tensors = draw_scores(7, 4, 3)
    arrays = {name: values.numpy().astype(dtype) for name, values in tensors.items()}
    tensors = {name: torch.from_numpy(values) for name, values in arrays.items()}
    fusion = LateFusion(WEIGHTS, space=space, temperatures={"flow": 2.0})
    exact = 1e-2 if dtype is np.float16 else 1e-6
    for of_arrays, of_tensors in (
        (fusion(arrays), fusion(tensors)),
        (fusion.probabilities(arrays), fusion.probabilities(tensors)),
        (fusion.log_odds(arrays, 1), fusion.log_odds(tensors, 1)),
    ):
        assert isinstance(of_arrays, np.ndarray)
        np.testing.assert_allclose(of_arrays, of_tensors.numpy(), rtol=exact, atol=exact)
