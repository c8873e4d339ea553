"""Color changes: values by hand, quick ways equal to the plain one, noise from its seed.

In: pictures of known pixels. Out: the same, recolored.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipdetect.lab.augment.augment import Colors

NOTHING = Colors()


def pictures() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, 9, 7, 3), np.uint8)


def plainly(images: np.ndarray, colors: Colors) -> np.ndarray:
    """The same in loops over pixels, float64, without noise, before fractions are dropped."""
    out = np.empty(images.shape, np.float64)
    for index in np.ndindex(images.shape[:3]):
        pixel = [float(value) for value in images[index]]
        if colors.gray:
            pixel = [sum(pixel) / 3] * 3
        luma = 0.299 * pixel[0] + 0.587 * pixel[1] + 0.114 * pixel[2]
        pixel = [luma + (value - luma) * colors.saturation for value in pixel]
        for channel, gain in enumerate(colors.gain):
            value = (pixel[channel] - 128) * gain + 128 + colors.offset
            out[index][channel] = min(max(value, 0.0), 255.0)
    return out


def test_nothing_changes_nothing() -> None:
    assert np.array_equal(NOTHING.apply(pictures()), pictures())


def test_values_by_hand() -> None:
    picture = np.array([[[[100, 128, 200]]]], np.uint8)
    stretched = replace(NOTHING, gain=(0.5, 1.0, 1.25), offset=10.0).apply(picture)
    assert stretched.ravel().tolist() == [124, 138, 228]
    gray = replace(NOTHING, gray=True).apply(np.array([[[[30, 60, 90]]]], np.uint8))
    assert gray.ravel().tolist() == [60, 60, 60]
    clipped = replace(NOTHING, gain=(3.0, 3.0, 3.0)).apply(picture)
    assert clipped.ravel().tolist() == [44, 128, 255]
    # gray of (200, 100, 50) is 124.2; half the distance to it
    pale = replace(NOTHING, saturation=0.5).apply(np.array([[[[200, 100, 50]]]], np.uint8))
    assert pale.ravel().tolist() == [162, 112, 87]
    # the gray of gray is itself
    same = replace(NOTHING, saturation=0.0).apply(np.full((1, 2, 2, 3), 77, np.uint8))
    assert np.abs(same.astype(int) - 77).max() <= 1


@settings(max_examples=60)
@example((1.0, 1.0, 1.0), 0.0, 0.4, True)
@given(
    st.tuples(*[st.floats(0.3, 2.0)] * 3),
    st.floats(-60, 60),
    st.sampled_from([1.0, 0.4, 1.7]),
    st.booleans(),
)
def test_every_way_equals_the_loops(
    gain: tuple[float, float, float], offset: float, saturation: float, gray: bool
) -> None:
    """Tables, whole rows and loops agree; a value on the edge between two levels may be either."""
    colors = Colors(gain, offset, saturation, gray)
    got, wanted = colors.apply(pictures()), plainly(pictures(), colors)
    assert (got >= np.floor(wanted - 0.001)).all()
    assert (got <= np.floor(wanted + 0.001)).all()


def test_tables_give_the_very_bytes_of_computing() -> None:
    """The table is chosen without noise; next to no noise at all must give the same."""
    for gain, gray in (((0.7, 1.1, 1.3), False), ((1.2, 0.9, 0.8), True)):
        table = Colors(gain, 7.3, 1.0, gray)
        computed = replace(table, noise=1e-30)
        assert np.array_equal(table.apply(pictures()), computed.apply(pictures()))


def test_noise_has_its_deviation_and_comes_from_its_seed() -> None:
    gray = np.full((4, 64, 64, 3), 128, np.uint8)
    noisy = replace(NOTHING, noise=4.0, noise_seed=3)
    out = noisy.apply(gray)
    assert np.array_equal(out, noisy.apply(gray))
    assert not np.array_equal(out, replace(noisy, noise_seed=4).apply(gray))
    assert not np.array_equal(out[0], out[1])
    assert abs(float(out.astype(float).std()) - 4.0) < 0.1
    assert abs(float(out.astype(float).mean()) - 128.0) < 0.6


@pytest.mark.parametrize("colors", [NOTHING, Colors(gray=True), Colors(noise=3.0)])
def test_what_comes_in_is_kept(colors: Colors) -> None:
    images = pictures()
    colors.apply(images[:, :, ::-1])
    assert np.array_equal(images, pictures())
