"""Where snippets begin: bounds as properties, the report's formulas in plain 1-based loops.

In: counts. Out: pass or fail.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.errors import UsageError
from slipdetect.modalities.sampling import dense_offsets, segment_offsets

COUNTS = {
    "num_frames": st.integers(1, 400),
    "num_segments": st.integers(1, 30),
    "length": st.integers(1, 12),
}


@given(**COUNTS, mode=st.sampled_from(["train", "val", "test"]), seed=st.integers(0, 1000))
def test_offsets_stay_inside_the_clip_in_order(
    num_frames: int, num_segments: int, length: int, mode: str, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    offsets = segment_offsets(num_frames, num_segments, length, mode, rng)
    assert offsets.dtype == np.int64
    assert offsets.shape == (num_segments,)
    assert offsets.min() >= 0
    assert offsets.max() <= max(num_frames - length, 0)
    assert np.all(np.diff(offsets) >= 0)


def centers(n: int, segments: int, length: int) -> list[int]:
    """Frame numbers from 1, as the reference counts."""
    tick = (n - length + 1) / float(segments)
    return [int(tick / 2.0 + tick * i) + 1 for i in range(segments)]


@given(**COUNTS)
def test_val_equals_the_reference(num_frames: int, num_segments: int, length: int) -> None:
    if num_frames > num_segments + length - 1:
        expected = centers(num_frames, num_segments, length)
    else:
        expected = [1] * num_segments
    offsets = segment_offsets(num_frames, num_segments, length, "val")
    assert [offset + 1 for offset in offsets] == expected


@given(**COUNTS)
def test_test_equals_the_reference_where_it_is_sound(
    num_frames: int, num_segments: int, length: int
) -> None:
    offsets = segment_offsets(num_frames, num_segments, length, "test")
    if num_frames >= length:
        assert [offset + 1 for offset in offsets] == centers(num_frames, num_segments, length)
    else:
        assert list(offsets) == [0] * num_segments


@given(**COUNTS, seed=st.integers(0, 1000))
def test_train_equals_the_reference_with_the_same_draws(
    num_frames: int, num_segments: int, length: int, seed: int
) -> None:
    places = num_frames - length + 1
    average = places // num_segments
    draws = np.random.default_rng(seed)
    if average > 0:
        drawn = draws.integers(average, size=num_segments)
        expected = [i * average + int(drawn[i]) + 1 for i in range(num_segments)]
    elif num_frames > num_segments and places > 0:
        expected = sorted(int(d) + 1 for d in draws.integers(places, size=num_segments))
    else:
        expected = [1] * num_segments
    rng = np.random.default_rng(seed)
    offsets = segment_offsets(num_frames, num_segments, length, "train", rng)
    assert [offset + 1 for offset in offsets] == expected


def test_values_by_hand() -> None:
    # 30 places in 3 segments of 10: centers 5, 15, 25
    assert list(segment_offsets(30, 3, 1, "val")) == [5, 15, 25]
    # the report's detector: 7 of 30 pictures are numbers 3 7 11 16 20 24 28
    assert [o + 1 for o in segment_offsets(30, 7, 1, "test")] == [3, 7, 11, 16, 20, 24, 28]
    # and stacks of five among its 29 flow files start at 2 6 9 13 17 20 24
    assert [o + 1 for o in segment_offsets(29, 7, 5, "test")] == [2, 6, 9, 13, 17, 20, 24]
    # the same through a flow snippet's six video frames
    assert [o + 1 for o in segment_offsets(30, 7, 6, "test")] == [2, 6, 9, 13, 17, 20, 24]


def test_train_visits_every_place_of_a_segment() -> None:
    rng = np.random.default_rng(0)
    seen = {tuple(segment_offsets(9, 3, 1, "train", rng)) for _ in range(500)}
    assert len(seen) == 27
    assert {first for first, _, _ in seen} == {0, 1, 2}
    assert {last for _, _, last in seen} == {6, 7, 8}


@pytest.mark.parametrize("mode", ["train", "val", "test"])
@pytest.mark.parametrize("num_frames", [1, 2, 5])
def test_clips_shorter_than_a_snippet_start_at_zero(mode: str, num_frames: int) -> None:
    rng = np.random.default_rng(0)
    assert list(segment_offsets(num_frames, 3, 6, mode, rng)) == [0, 0, 0]
    # more frames than segments but no place: the reference raises here
    assert list(segment_offsets(num_frames, 1, 6, mode, rng)) == [0]


@given(st.integers(1, 400), st.integers(1, 12), st.integers(1, 40))
def test_dense_offsets_equal_a_plain_loop(num_frames: int, length: int, stride: int) -> None:
    expected = [0]
    while expected[-1] + stride + length <= num_frames:
        expected.append(expected[-1] + stride)
    offsets = dense_offsets(num_frames, length, stride)
    assert offsets.dtype == np.int64
    assert list(offsets) == expected


def test_wrong_counts_and_modes_are_refused() -> None:
    for counts in ((0, 3, 1), (9, 0, 1), (9, 3, 0), (-1, 3, 1)):
        with pytest.raises(UsageError, match="at least 1"):
            segment_offsets(*counts, "val")
        with pytest.raises(UsageError, match="at least 1"):
            dense_offsets(*counts)
    with pytest.raises(UsageError, match="train, val, test"):
        segment_offsets(9, 3, 1, "validation")
    with pytest.raises(UsageError, match="rng"):
        segment_offsets(9, 3, 1, "train")
