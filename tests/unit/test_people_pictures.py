"""Which frames people are looked for in, and how small they become.

In: blank frames. Out: nothing but assertions.
"""

from __future__ import annotations

import numpy as np
import pytest

from slipdetect.errors import UsageError
from slipdetect.people.pictures import PictureSampler


@pytest.mark.parametrize(("fps", "rate", "apart"), [(10.0, 5.0, 2), (5.0, 5.0, 1), (12.0, 4.0, 3)])
def test_every_nth_frame_has_a_picture(fps: float, rate: float, apart: int) -> None:
    sampler = PictureSampler(fps, rate)
    taken = [sampler.push(np.full((8, 6, 3), k, np.uint8)) for k in range(9)]
    for place, each in enumerate(taken):
        if place % apart:
            assert each is None
        else:
            assert each is not None
            assert each[0] == place // apart
            assert (each[1] == place).all()


@pytest.mark.parametrize(
    ("shape", "small"),
    [((512, 256), (256, 128)), ((240, 426), (144, 256)), ((240, 256), (240, 256))],
)
def test_the_longer_side_is_256_at_most(shape: tuple[int, int], small: tuple[int, int]) -> None:
    taken = PictureSampler(5.0, 5.0).push(np.zeros((*shape, 3), np.uint8))
    assert taken is not None
    assert taken[1].shape == (*small, 3)


@pytest.mark.parametrize("rate", [4.0, 20.0])
def test_frames_between_those_that_there_are_do_not_exist(rate: float) -> None:
    with pytest.raises(UsageError, match="must be a multiple of"):
        PictureSampler(10.0, rate)
