"""Random erasing: shapes as published, the same rectangle everywhere, nothing else touched.

In: seeds. Out: pass or fail.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slipdetect.lab.augment.augment import Rectangle


@given(st.integers(0, 2**32))
def test_rectangles_lie_inside_and_have_the_published_shapes(seed: int) -> None:
    drawn = Rectangle.draw(np.random.default_rng(seed))
    assert 0.02 - 1e-9 <= drawn.width * drawn.height <= 0.33 + 1e-9
    assert 0.3 - 1e-9 <= drawn.height / drawn.width <= 1 / 0.3 + 1e-9
    assert drawn.left >= 0
    assert drawn.top >= 0
    assert drawn.left + drawn.width <= 1 + 1e-9
    assert drawn.top + drawn.height <= 1 + 1e-9


def test_places_and_shapes_vary_evenly() -> None:
    drawn = [Rectangle.draw(np.random.default_rng(seed)) for seed in range(600)]
    areas = [r.width * r.height for r in drawn]
    assert abs(np.mean(areas) - 0.175) < 0.012
    assert abs(np.mean([np.log(r.height / r.width) for r in drawn])) < 0.08
    assert abs(np.mean([r.left + r.width / 2 for r in drawn]) - 0.5) < 0.03
    assert abs(np.mean([r.top + r.height / 2 for r in drawn]) - 0.5) < 0.03


def test_every_picture_loses_the_same_part_and_only_that() -> None:
    images = np.random.default_rng(0).integers(0, 120, (4, 20, 40, 3), np.uint8)
    out = Rectangle(0.25, 0.1, 0.5, 0.3).erase(images)
    for t, y, x, c in np.ndindex(images.shape):
        inside = 10 <= x < 30 and 2 <= y < 8
        assert out[t, y, x, c] == (128 if inside else images[t, y, x, c])
    assert images.max() < 120
