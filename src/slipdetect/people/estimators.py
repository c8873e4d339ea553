"""Which pose estimators there are: the bundled one, and those of installed packages.

In: a name. Out: what finds people in pictures. The network opens when it is asked for.
"""

from __future__ import annotations

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
        ...


def list_pose_estimators() -> list[str]:
    """Return the names of all pose estimators, sorted, importing none."""
    return sorted({*BUILT_IN, *(point.name for point in entry_points(group=GROUP))})


def make_pose_estimator(name: str = "movenet") -> PoseEstimator:
    """Return a new pose estimator.

    Raises:
        ModelError: There is none of this name, or it cannot be made here.
    """
    points = {point.name: point for point in entry_points(group=GROUP)}
    points |= {own: EntryPoint(own, value, GROUP) for own, value in BUILT_IN.items()}
    if name not in points:
        raise ModelError(
            f"unknown pose estimator {name!r}; there are {', '.join(list_pose_estimators())}"
        )
    try:
        made: PoseEstimator = points[name].load()()
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(
            f"the pose estimator {name!r} is unavailable: {error}; mend its package or choose "
            "another one"
        ) from error
    return made
