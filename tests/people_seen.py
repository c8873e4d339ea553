"""People made by hand, and an estimator that finds them in numbered pictures.

In: boxes and numbers. Out: ``Person``s; pictures of noise whose first pixel is their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from slipdetect.types.person import KEYPOINTS, Person
from slipdetect.video import Frame, Moment

WIDTH, HEIGHT = 160, 120


def person_at(left: float, top: float, right: float, bottom: float, score: float = 0.5) -> Person:
    """Return somebody upright whose keypoints lie within the box."""
    rows = {"nose": 0.1, "eye": 0.08, "ear": 0.08, "shoulder": 0.25, "elbow": 0.4, "wrist": 0.55}
    rows |= {"hip": 0.55, "knee": 0.75, "ankle": 0.97}
    points = []
    for name in KEYPOINTS:
        side, _, part = name.rpartition("_")
        across = {"left": 0.7, "right": 0.3, "": 0.5}[side]
        x, y = left + across * (right - left), top + rows[part] * (bottom - top)
        points.append((x, y, 0.9))
    box = np.array((left, top, right, bottom), np.float32)
    return Person(np.array(points, np.float32), box, score)


class Numbered:
    """Finds in picture ``n`` who ``found[n]`` says; ``asked`` are the numbers of its pictures."""

    name = "numbered"

    def __init__(self, found: Callable[[int], Sequence[Person]], most: int = 6) -> None:
        self.found, self.most = found, most
        self.asked: list[int] = []

    def people(self, picture: np.ndarray) -> list[Person]:
        number = int(picture[0, 0, 0])
        self.asked.append(number)
        return list(self.found(number))


def noise(number: int, seed: int = 0) -> np.ndarray:
    """Return a picture without a smooth place; of one seed they differ in the first pixel alone."""
    picture = np.random.default_rng(seed).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    picture[0, 0] = number
    return picture


def moments(pictures: Iterable[np.ndarray], rate: float) -> Iterator[Moment]:
    """Yield pictures as moments of a video."""
    for index, picture in enumerate(pictures):
        frame = Frame(index / rate, picture)
        yield Moment(frame.time, lambda size, frame=frame: frame)


def at_numbers(found: Mapping[int, Sequence[Person]]) -> Callable[[int], Sequence[Person]]:
    """Return the function of ``Numbered`` for a table; in other pictures nobody is found."""
    return lambda number: found.get(number, ())
