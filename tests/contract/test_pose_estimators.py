"""The bundled pose estimator keeps the contract, and what does not keep it is told.

In: a frame of the example clip. Out: nothing but assertions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slipdetect.people.estimators import make_pose_estimator
from slipdetect.testing import check_pose_estimator
from slipdetect.types.person import Person
from slipdetect.video import open_video

EXAMPLE = Path(__file__).parents[2] / "examples" / "slip.mp4"

People = Callable[[np.ndarray], list[Person]]


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    with open_video(EXAMPLE) as video:
        return next(frame.image for frame in video.frames() if frame.time > 3.4)


def test_the_bundled_one_keeps_the_contract(picture: np.ndarray) -> None:
    check_pose_estimator(make_pose_estimator(), picture)


class Brightest:
    """Finds one person, around the brightest column."""

    name, most = "brightest", 1

    def __init__(self, change: People | None = None) -> None:
        self._change = change

    def people(self, picture: np.ndarray) -> list[Person]:
        height = picture.shape[0]
        columns = np.flatnonzero(picture.max(axis=(0, 2)) >= 255)
        if not len(columns):
            return []
        left, right = columns.min(), columns.max() + 1
        points = np.full((17, 3), ((left + right) / 2, height / 2, 0.8), np.float32)
        found = [Person(points, np.array((left, 0, right, height), np.float32), 0.8)]
        return found if self._change is None else self._change(picture, found)


def lit(width: int = 90) -> np.ndarray:
    picture = np.zeros((60, width, 3), np.uint8)
    picture[10:50, 40:60] = 255
    return picture


def test_another_one_that_keeps_it_passes() -> None:
    check_pose_estimator(Brightest(), lit())


def _brighten(picture: np.ndarray, found: list[Person]) -> list[Person]:
    picture += 1
    return found


def _not_a_number(picture: np.ndarray, found: list[Person]) -> list[Person]:
    return [replace(each, keypoints=each.keypoints * np.float32(np.nan)) for each in found]


def _in_shares(picture: np.ndarray, found: list[Person]) -> list[Person]:
    return [each.scaled(1 / picture.shape[1], 1 / picture.shape[0]) for each in found]


calls = iter(range(10**6))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_brighten, "read-only"),
        (_not_a_number, "keypoints are not finite, in a picture of"),
        (_in_shares, "twice as large, a box is elsewhere"),
        (lambda _, found: [], "finds nobody in the picture with a person"),
        (lambda _, found: found * 2, "more people than its most"),
        (lambda _, found: tuple(found), "gives no list"),
        (lambda _, found: [vars(each) for each in found], "finds no Person"),
        (lambda _, found: [replace(each, score=80.0) for each in found], "80 is not 0 to 1"),
        (lambda _, found: [replace(each, box=-each.box) for each in found], "ends left of"),
        (
            lambda _, found: [replace(each, box=each.box + next(calls)) for each in found],
            "asked again, a box is elsewhere",
        ),
    ],
)
def test_what_breaks_the_contract_is_told(change: People, told: str) -> None:
    with pytest.raises((AssertionError, ValueError), match=told):
        check_pose_estimator(Brightest(change), lit())


def test_the_surest_comes_first() -> None:
    class Several(Brightest):
        most = 2

    def unsorted(picture: np.ndarray, found: list[Person]) -> list[Person]:
        return [*found, *(replace(each, score=0.9) for each in found)]

    with pytest.raises(AssertionError, match="the surest is not first"):
        check_pose_estimator(Several(unsorted), lit())
