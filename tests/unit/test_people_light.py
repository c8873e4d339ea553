"""Light that changes in a still room is told from what moves.

In: made pictures with sensor noise. Out: nothing but assertions.
"""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from lights import CHANGE, CHANGES, RATE, ROOMS, frames
from recordings import room
from slipdetect.people.pictures import only_light_changed

Pictures = list[np.ndarray]


def seen(levels: Pictures, seed: int = 0) -> Pictures:
    noise = np.random.default_rng(seed)
    return [
        np.clip(each + 3 * noise.standard_normal(each.shape), 0, 255).astype(np.uint8)
        for each in levels
    ]


def dimmed(pictures: Pictures, at: int, share: float = 0.4) -> Pictures:
    return [each * (share if number >= at else 1.0) for number, each in enumerate(pictures)]


def fallen(how_far: float) -> np.ndarray:
    """A room with somebody, 12 x 36 px of 160 x 120, who stands at 0 and lies at 1."""
    picture = room(1).astype(float)
    width, height = round(12 + 24 * how_far), round(36 - 24 * how_far)
    cv2.rectangle(picture, (60, 100 - height), (60 + width, 100), (30, 40, 60), -1)
    return picture


STILL = [room(1).astype(float)] * 13
FALL = [fallen(min(max((k - 4) / 4, 0), 1)) for k in range(13)]


@pytest.mark.parametrize("change", CHANGES)
def test_a_room_by_another_light(change: str) -> None:
    around = [frame for frame in frames(change, ROOMS[0]) if abs(frame.time - CHANGE) < 1.3]
    pictures = [frame.image for frame in around][:: round(RATE / 5)]
    assert only_light_changed(pictures)


def test_a_still_room_has_no_change_of_light() -> None:
    assert not only_light_changed(seen(STILL))
    assert not only_light_changed(seen(STILL[:1]))
    assert not only_light_changed([])


@pytest.mark.parametrize("at", range(1, 13))
def test_who_falls_while_the_light_changes_is_motion(at: int) -> None:
    assert only_light_changed(seen(dimmed(STILL, at)))
    assert not only_light_changed(seen(FALL))
    assert not only_light_changed(seen(dimmed(FALL, at)))


def test_a_camera_that_is_moved_or_looks_elsewhere_is_no_light() -> None:
    shifted = [np.roll(each, 9 * (number >= 6), 1) for number, each in enumerate(STILL)]
    other = [*STILL[:6], *[room(2).astype(float)] * 7]
    for pictures in (shifted, dimmed(shifted, 6), other):
        assert not only_light_changed(seen(pictures))
