"""Time jitter: where stretched windows read, by hand and inside their room.

In: windows as first sample and length. Out: samples.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.lab.augment.stretch import Stretch


def test_twice_as_fast_by_hand() -> None:
    """Samples 10 to 14 about 12 become 8, 10, 12, 14, 16."""
    clock = Stretch.about(10, 5, 12.0, 2.0, (0.0, 99.0))
    samples = np.arange(10, 15)
    assert clock.frames(samples, 100).tolist() == [8, 10, 12, 14, 16]
    # the step from 8 to 10 has its middle where field 9 begins
    assert clock.fields(samples[:-1], 99).tolist() == [9, 11, 13, 15]


def test_half_as_fast_by_hand() -> None:
    """Samples 10 to 14 about 12 become 11, 11.5, 12, 12.5, 13: the nearest, half to even."""
    clock = Stretch.about(10, 5, 12.0, 0.5, (0.0, 99.0))
    assert clock.frames(np.arange(10, 15), 100).tolist() == [11, 12, 12, 12, 13]
    assert clock.fields(np.arange(10, 14), 99).tolist() == [11, 11, 12, 12]


def test_plain_speed_reads_the_window_itself() -> None:
    clock = Stretch.about(10, 5, 12.0, 1.0, (0.0, 99.0))
    samples = np.arange(10, 15)
    assert np.array_equal(clock.frames(samples, 100), samples)
    assert np.array_equal(clock.fields(samples, 100), samples)


def test_windows_move_into_their_room_and_then_slow_down() -> None:
    late = Stretch.about(0, 5, 2.0, 2.0, (0.0, 99.0))
    assert late.frames(np.arange(5), 100).tolist() == [0, 2, 4, 6, 8]
    tight = Stretch.about(3, 5, 5.0, 2.0, (2.0, 8.0))
    assert tight.factor == 1.5
    assert tight.frames(np.arange(3, 8), 100).tolist() == [2, 4, 5, 6, 8]


@given(
    st.integers(1, 60),
    st.integers(1, 30),
    st.floats(0.25, 4.0),
    st.data(),
)
def test_stretched_windows_stay_inside_and_hold_their_center(
    count: int, length: int, factor: float, data: st.DataObject
) -> None:
    length = min(length, count)
    first = data.draw(st.integers(0, count - length))
    center = data.draw(st.floats(first, first + length - 1))
    clock = Stretch.about(first, length, center, factor, (0.0, count - 1.0))
    samples = np.arange(first, first + length)
    read = clock.frames(samples, count)
    assert 0 <= read.min() <= read.max() <= count - 1
    assert (np.diff(read) >= 0).all()
    ends = [clock.place, clock.place + (length - 1) * clock.factor]
    assert ends[0] >= -1e-9
    assert ends[1] <= count - 1 + 1e-9
    assert ends[0] - 1e-9 <= center <= ends[1] + 1e-9
    assert clock.factor <= max(factor, 1.0)
    assert clock.factor == factor or (1.0 <= clock.factor < factor)


def test_flow_grows_with_the_speed_and_still_pixels_stay_still() -> None:
    """An even motion of 2 px a sample is one of 3 px a step at one and a half times the speed."""
    bound = 15.0

    def stored(u: float, v: float) -> np.ndarray:
        levels = np.round((np.array([u, v]) + bound) * 255 / (2 * bound))
        return np.clip(levels, 0, 255).astype(np.uint8).reshape(1, 1, 1, 2)

    clock = Stretch(0.0, 0.0, 1.5)
    faster = clock.scale_flow(stored(2.0, -4.0)).astype(int)
    assert np.abs(faster - stored(3.0, -6.0)).max() <= 1
    assert clock.scale_flow(stored(0.0, 0.0)).ravel().tolist() == [128, 128]
    assert clock.scale_flow(stored(14.0, -14.0)).ravel().tolist() == [255, 0]
