"""Changes of skeletons: speeds, mirrors, and people who are not made up.

In: windows of somebody who tips over. Out: nothing but assertions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from skeleton_clips import skeletons
from slipdetect.lab.pose.augment import MARGIN, at_speed, augmented
from slipdetect.lab.pose.bags import bag_of
from slipdetect.lab.pose.settings import PoseSettings
from slipdetect.people.tracks import BOX, INSIDE, POINTS, SCORE, SEEN
from slipdetect.types.person import KEYPOINTS

STRENGTHS = ("scale", "roll", "jitter", "point_scores", "person_scores", "hidden", "missed", "cut")
STILL = PoseSettings(speed=1.0, **dict.fromkeys(STRENGTHS, 0.0))


@pytest.fixture(scope="module")
def wide() -> np.ndarray:
    """Windows, ``(n, 13 + 4, 58)``."""
    return bag_of(skeletons(falls=True, seed=0), 13, 5.0).windows()


def test_speeds_are_what_plain_loops_find(wide: np.ndarray) -> None:
    speed = np.linspace(0.8, 1.25, len(wide))
    shift = np.linspace(-0.5, 0.5, len(wide))[::-1]
    found = at_speed(wide, speed, shift)
    assert found.shape == (len(wide), 13, 58)
    for number, window in enumerate(wide):
        for row in range(13):
            place = 8 + (row - 6) * speed[number] + shift[number]
            place = min(max(place, 0.0), 16.0)
            low = int(place)
            high, share = min(low + 1, 16), place - low
            wanted = window[low] + share * (window[high] - window[low])
            wanted[SCORE:] = window[high if share > 0.5 else low][SCORE:]
            np.testing.assert_allclose(found[number, row], wanted, atol=1e-3)


def test_as_it_was_is_the_middle_of_the_wider_window(wide: np.ndarray) -> None:
    ones, zeros = np.ones(len(wide)), np.zeros(len(wide))
    np.testing.assert_array_equal(at_speed(wide, ones, zeros), wide[:, MARGIN:-MARGIN])


def test_a_mirror_swaps_left_and_right_and_turns_x_alone(wide: np.ndarray) -> None:
    # pictures that are all alike, so that no shift in time changes them, of somebody lopsided
    frozen = np.repeat(wide[:, 8:9], wide.shape[1], axis=1)
    frozen[..., :POINTS] += np.random.default_rng(0).normal(0, 5, POINTS)
    found = augmented(frozen, np.random.default_rng(0), STILL)
    mirrored = []
    for before, after in zip(frozen[:, MARGIN:-MARGIN], found, strict=True):
        points, origin = (each[:, :POINTS].reshape(13, 17, 3) for each in (after, before))
        if np.allclose(points, origin, atol=1e-2):
            mirrored.append(False)
            np.testing.assert_allclose(after, before, atol=1e-2)
            continue
        mirrored.append(True)
        left, _, right, _ = before[0, BOX]
        for place, name in enumerate(KEYPOINTS):
            side, _, part = name.rpartition("_")
            other = {"left": f"right_{part}", "right": f"left_{part}", "": name}[side]
            was = origin[:, KEYPOINTS.index(other)]
            np.testing.assert_allclose(points[:, place, 0], left + right - was[:, 0], atol=1e-2)
            np.testing.assert_allclose(points[:, place, 1], was[:, 1], atol=1e-2)
        np.testing.assert_allclose(after[:, POINTS:], before[:, POINTS:], atol=1e-2)
    assert 0 < sum(mirrored) < len(mirrored)


def test_nobody_appears_who_is_not_there(wide: np.ndarray) -> None:
    absent = wide.copy()
    absent[:, :9, SCORE:] = 0
    absent[:, 12, SCORE : SEEN + 1] = 0
    strong = replace(PoseSettings(), hidden=1.0, missed=1.0, cut=1.0)
    for seed in range(5):
        found = augmented(absent, np.random.default_rng(seed), strong)
        # a shift and a speed move every picture by at most half of one, and a quarter of its way
        for row in range(13):
            reach = 0.5 + 0.25 * abs(row - 6) + 0.5
            near = [k for k in range(17) if abs(k - MARGIN - row) <= reach]
            for column in (SEEN, INSIDE):
                assert (found[:, row, column] <= absent[:, near, column].max(1)).all()
        assert (found[..., SEEN] <= found[..., INSIDE]).all()
        assert ((found[..., SCORE] > 0) <= (found[..., SEEN] > 0)).all()


def test_what_changes_depends_on_the_generator_alone(wide: np.ndarray) -> None:
    one, again, other = (
        augmented(wide.copy(), np.random.default_rng(seed), PoseSettings()) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_each_strength_changes_something(wide: np.ndarray) -> None:
    plain = augmented(wide, np.random.default_rng(0), STILL)
    for name in ("speed", *STRENGTHS):
        strong = replace(STILL, **{name: {"speed": 1.5, "roll": 20.0}.get(name, 1.0)})
        changed = augmented(wide, np.random.default_rng(0), strong)
        assert not np.allclose(plain, changed), name
