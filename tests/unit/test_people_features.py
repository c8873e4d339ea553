"""Features of a person's window: what each is, and what they do not know.

In: windows of random people. Out: nothing but assertions.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from slipdetect.people.features import FEATURES, features
from slipdetect.people.tracks import BOX, COLUMNS, INSIDE, POINTS, SCORE, SEEN

RATE = 5.0
TRUNK = (5, 6, 11, 12)


def random_window(seed: int, length: int = 9) -> np.ndarray:
    """Return somebody who drifts, unseen in one picture and not there in the last two."""
    random = np.random.default_rng(seed)
    window = np.zeros((length, COLUMNS), np.float32)
    for row in range(length):
        left, top = 40 + 6 * row, 30 + 4 * row
        width, height = random.uniform(25, 50), random.uniform(60, 100)
        points = np.stack(
            [
                left + random.uniform(0, width, 17),
                top + random.uniform(0, height, 17),
                random.uniform(0, 1, 17),
            ],
            1,
        )
        window[row, :POINTS] = points.ravel()
        window[row, BOX] = left, top, left + width, top + height
        window[row, SCORE], window[row, SEEN], window[row, INSIDE] = 0.4, 1, 1
    window[3, SCORE : SEEN + 1] = 0
    window[-2:, SCORE:] = 0
    return window


def by_loops(window: np.ndarray) -> np.ndarray:
    """Return ``(105, pictures)``, from the words of the docstring."""
    inside = [row for row in range(len(window)) if window[row, INSIDE] > 0]
    sides = []
    for row in window:
        left, top, right, bottom = row[BOX]
        sides.append((right - left, bottom - top))
    longest = sorted(max(sides[row]) for row in inside)
    body = longest[max(int(0.75 * len(longest)), 1) - 1]
    points = [row[:POINTS].reshape(17, 3) for row in window]
    trunk = []
    for each in points:
        weight = sum(each[k, 2] + 0.02 for k in TRUNK)
        trunk.append(
            [sum(each[k, a] * (each[k, 2] + 0.02) for k in TRUNK) / weight for a in (0, 1)]
        )
    middle = [[(row[BOX][a] + row[BOX][a + 2]) / 2 for a in (0, 1)] for row in window]
    mean_trunk = [sum(trunk[r][a] for r in inside) / len(inside) for a in (0, 1)]
    level = sum(middle[r][1] for r in inside) / len(inside)
    aspect = [math.log(height / width) for width, height in sides]
    found = np.zeros((FEATURES, len(window)))
    for row in inside:
        before = max(row - 1, 0)

        def change(values: list, axis: int, row: int = row, before: int = before) -> float:
            return values[row][axis] - values[before][axis]

        def held(value: float, most: float) -> float:
            return min(max(value, -most), most)

        each, last = points[row], points[before]
        relative = [(each[k, a] - trunk[row][a]) / body for k in range(17) for a in (0, 1)]
        earlier = [(last[k, a] - trunk[before][a]) / body for k in range(17) for a in (0, 1)]
        column = [*relative, *each[:, 2]]
        column += [
            held(0.2 * RATE * (now - then), 2) for now, then in zip(relative, earlier, strict=True)
        ]
        column += [held(0.4 * RATE * change(trunk, a) / body, 3) for a in (0, 1)]
        column += [held(0.4 * RATE * change(middle, a) / body, 3) for a in (0, 1)]
        column += [held((trunk[row][a] - mean_trunk[a]) / body, 3) for a in (0, 1)]
        column += [aspect[row], held(0.2 * RATE * (aspect[row] - aspect[before]), 2)]
        column += [sides[row][1] / body, sides[row][0] / body]
        spine = [
            ((each[5, a] + each[6, a]) / 2 - (each[11, a] + each[12, a]) / 2) / body for a in (0, 1)
        ]
        length = math.hypot(*spine) + 1e-3
        column += [spine[0] / length, spine[1] / length, length]
        column += [
            (sum(each[k, a] for k in range(5)) / 5 - (each[15, a] + each[16, a]) / 2) / body
            for a in (0, 1)
        ]
        top, bottom = window[row][BOX][[1, 3]]
        column += [held((top - level) / body, 3), held((bottom - level) / body, 3)]
        column += [2 * window[row, SCORE], window[row, SEEN], window[row, INSIDE]]
        found[:, row] = np.clip(column, -4, 4)
    return found


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_features_are_what_plain_loops_find(seed: int) -> None:
    window = random_window(seed)
    (found,) = features(window[None], RATE)
    assert found.shape == (FEATURES, len(window))
    np.testing.assert_allclose(found, by_loops(window), atol=2e-4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_who_is_there_for_a_moment_has_a_size(count: int) -> None:
    window = random_window(5)
    window[count:, SCORE:] = 0
    (found,) = features(window[None], RATE)
    np.testing.assert_allclose(found, by_loops(window), atol=2e-4)


def test_neither_place_nor_size_of_the_picture_is_known() -> None:
    window = random_window(3)
    moved = window.copy()
    points = moved[:, :POINTS].reshape(len(window), 17, 3)
    points[..., :2] = 3.5 * points[..., :2] + (200, -40)
    moved[:, :POINTS] = points.reshape(len(window), -1)
    moved[:, BOX] = 3.5 * moved[:, BOX] + np.array((200, -40, 200, -40))
    (found,), (again,) = features(window[None], RATE), features(moved[None], RATE)
    assert np.abs(found).max() > 1
    np.testing.assert_allclose(found, again, atol=1e-3)


def test_a_window_in_which_nobody_is_inside_is_all_zeros() -> None:
    window = random_window(4)
    window[:, SCORE:] = 0
    assert not features(window[None], RATE).any()
