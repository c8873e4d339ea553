"""Flow in bytes: the listing in plain loops, and the way back as properties.

In: random flow. Out: pass or fail.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow import FlowExtractor
from slipdetect.flow.extractor import quantize


@pytest.mark.parametrize("bound", [7.0, 15.0, 20.0, 33.3])
@pytest.mark.parametrize("reach", [1.0, 1.2, np.inf])
def test_quantize_equals_the_listing_in_plain_loops(bound: float, reach: float) -> None:
    """With values up to the bound, beyond it, and without end."""
    rng = np.random.default_rng(3)
    flow = (bound * rng.uniform(-min(reach, 1.2), min(reach, 1.2), (2, 11, 13))).astype(np.float32)
    flow[0, 0, :4] = (0.0, -0.0, reach * bound, -reach * bound)
    levels = FlowExtractor("dis", bound=bound).quantize(flow)
    assert levels.dtype == np.uint8
    for index in np.ndindex(*flow.shape):
        moved = np.float32(flow[index] + np.float32(bound))
        value = np.float32(moved * np.float32(255.0 / (2 * bound)))
        # Python's round goes half to even, as numpy's does
        expected = 255 if value >= 255 else 0 if value <= 0 else round(float(value))
        assert levels[index] == (128 if flow[index] == 0 else expected)
    assert list(levels[0, 0, :4]) == [128, 128, 255, 0]
    assert np.array_equal(quantize(flow.copy(), bound, overwrite=True), levels)


def test_quantize_leaves_the_flow_as_it_was() -> None:
    flow = np.random.default_rng(4).uniform(-18, 18, (2, 5, 6)).astype(np.float32)
    before = flow.copy()
    FlowExtractor("dis", bound=15.0).quantize(flow)
    assert np.array_equal(flow, before)


BOUNDS = st.floats(0.5, 100.0)


@given(
    hnp.arrays(np.float32, (2, 3, 4), elements=st.floats(-1, 1, width=32)),
    BOUNDS,
)
def test_dequantize_undoes_quantize_within_a_step(share: NDArray[np.float32], bound: float) -> None:
    extractor = FlowExtractor("dis", bound=bound)
    flow = (share * np.float32(bound)).clip(-bound, bound).astype(np.float32)
    back = extractor.dequantize(extractor.quantize(flow))
    assert back.dtype == np.float32
    step = 2 * bound / 255
    assert np.abs(back - flow).max() <= step * 1.0001


@given(BOUNDS)
def test_zero_flow_is_exactly_128_and_back_exactly_zero(bound: float) -> None:
    extractor = FlowExtractor("dis", bound=bound)
    zero = np.array([0.0, -0.0], dtype=np.float32)
    assert list(extractor.quantize(zero)) == [128, 128]
    assert list(extractor.dequantize(np.array([128], dtype=np.uint8))) == [0.0]


@settings(max_examples=20)
@given(BOUNDS)
def test_every_byte_survives_the_way_back_within_one(bound: float) -> None:
    extractor = FlowExtractor("dis", bound=bound)
    levels = np.arange(256, dtype=np.uint8)
    again = extractor.quantize(extractor.dequantize(levels))
    assert np.abs(again.astype(int) - levels).max() <= 1


def test_what_cannot_be_quantized_is_refused() -> None:
    extractor = FlowExtractor("dis")
    with pytest.raises(UsageError, match="NaN"):
        extractor.quantize(np.array([0.0, np.nan], dtype=np.float32))
    with pytest.raises(UsageError, match="uint8"):
        extractor.dequantize(np.zeros(3, dtype=np.int64))  # type: ignore[arg-type]
