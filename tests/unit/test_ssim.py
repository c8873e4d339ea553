"""SSIM held to the paper's equations in plain loops.

In: small random pictures. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from slipdetect.errors import UsageError
from slipdetect.lab.prepare.dedup import ssim

PICTURES = arrays(np.uint8, (14, 13))


def plain_ssim(x: np.ndarray, y: np.ndarray) -> float:
    """Wang et al. 2004, equations 13 to 17, a window at a time."""
    near = range(-5, 6)
    weights = {(i, j): math.exp(-(i * i + j * j) / (2 * 1.5**2)) for i in near for j in near}
    total = sum(weights.values())
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    values = []
    for row in range(5, x.shape[0] - 5):
        for column in range(5, x.shape[1] - 5):
            mx = my = xx = yy = xy = 0.0
            for (i, j), weight in weights.items():
                w = weight / total
                a, b = float(x[row + i, column + j]), float(y[row + i, column + j])
                mx, my = mx + w * a, my + w * b
                xx, yy, xy = xx + w * a * a, yy + w * b * b, xy + w * a * b
            vx, vy, cov = xx - mx * mx, yy - my * my, xy - mx * my
            above = (2 * mx * my + c1) * (2 * cov + c2)
            values.append(above / ((mx * mx + my * my + c1) * (vx + vy + c2)))
    return sum(values) / len(values)


@settings(max_examples=15)
@given(x=PICTURES, y=PICTURES)
def test_equals_the_equations(x: np.ndarray, y: np.ndarray) -> None:
    assert ssim(x, y) == pytest.approx(plain_ssim(x, y), abs=1e-9)


@given(x=PICTURES, y=PICTURES)
def test_is_symmetric_and_one_for_equal_pictures(x: np.ndarray, y: np.ndarray) -> None:
    assert ssim(x, y) == pytest.approx(ssim(y, x), abs=1e-12)
    assert ssim(x, x) == pytest.approx(1.0, abs=1e-12)
    assert -1.0 <= ssim(x, y) <= 1.0 + 1e-12


def test_two_even_pictures() -> None:
    """Without any structure only the luminance term is left."""
    x, y = np.full((11, 11), 100, np.uint8), np.full((11, 11), 120, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ssim(x, y) == pytest.approx((2 * 100 * 120 + c1) / (100**2 + 120**2 + c1))


@pytest.mark.parametrize("shapes", [((11, 11), (11, 12)), ((10, 20), (10, 20)), ((11, 11, 3),) * 2])
def test_other_shapes_are_refused(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    with pytest.raises(UsageError, match="11 px or more"):
        ssim(np.zeros(shapes[0], np.uint8), np.zeros(shapes[1], np.uint8))
