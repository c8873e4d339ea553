"""Which pose estimators there are; the network of one opens when it is asked for.

In: a name. Out: what finds people in pictures. The network opens when it is asked for.
"""

from __future__ import annotations

import threading
from importlib.metadata import EntryPoint, entry_points
from typing import Protocol

import numpy as np
import numpy.typing as npt

from slipdetect.errors import ModelError
from slipdetect.types.person import Person

GROUP = "slipdetect.pose_estimators"
BUILT_IN = {"movenet": "slipdetect.people.movenet:MoveNet"}


class PoseEstimator(Protocol):
    """What finds people and their keypoints in a picture.

    An entry of the group ``slipdetect.pose_estimators`` leads to a class that is made without
    arguments; ``slipdetect.testing.check_pose_estimator`` tells whether it keeps this protocol.

    Attributes:
        name: What models and results call it.
        most: People that it finds in a picture; where so many are found there may be more.
    """

    name: str
    most: int

    def people(self, picture: npt.NDArray[np.uint8]) -> list[Person]:
        """Return who is in a picture, the surest first.

        Args:
            picture: ``(H, W, 3)`` RGB of any size.
        """


def make_pose_estimator(name: str = "movenet") -> PoseEstimator:
    """Return a new pose estimator.

    Raises:
        ModelError: There is none of this name, or it cannot be made here.
    """
    points = {point.name: point for point in entry_points(group=GROUP)}
    points |= {own: EntryPoint(own, value, GROUP) for own, value in BUILT_IN.items()}
    if name not in points:
        raise ModelError(f"unknown pose estimator {name!r}; there are {', '.join(sorted(points))}")
    try:
        made: PoseEstimator = points[name].load()()
        if name not in BUILT_IN:
            made = _Checked(name, made)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"the pose estimator {name!r} is unavailable: {error}; mend its package or choose "
            "another one"
        ) from error
    return made


class _Checked:
    """A pose estimator of another package, asked by one thread at a time; faults carry its name."""

    def __init__(self, name: str, estimator: PoseEstimator) -> None:
        self.name, self._estimator = name, estimator
        self.most = estimator.most
        self._turn = threading.Lock()

    def people(self, picture: npt.NDArray[np.uint8]) -> list[Person]:
        """See ``PoseEstimator``.

        Raises:
            ModelError: It failed, or gave what is no people.
        """
        try:
            with self._turn:
                found = list(self._estimator.people(picture))
            sound = all(
                isinstance(each, Person)
                and np.isfinite(each.keypoints).all()
                and np.isfinite(each.box).all()
                and 0 <= each.score <= 1
                for each in found
            )
        except Exception as error:
            raise self._fault(f"{type(error).__name__}: {error}") from error
        if not sound:
            raise self._fault("it gave something else than people with finite numbers")
        return found

    def _fault(self, what: str) -> ModelError:
        return ModelError(
            f"the pose estimator {self.name!r} failed: {what}; mend its package (see "
            "slipdetect.testing.check_pose_estimator) or use another model"
        )
