"""A person in one picture, and somebody's place at a moment; numpy loads on use.

In: what a pose estimator found. Out: small frozen classes. numpy loads on use.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from slipdetect.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

# of COCO (Lin et al., ECCV 2014), in its order; left and right are the person's own
KEYPOINTS = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
FACE = range(5)
# what pictures that are written show instead of people
PrivacyMode = Literal["blur", "silhouette", "skeleton"]
STATES = ("up", "going_down", "down", "getting_up")

# left, top, right and bottom as shares of the picture's width and height
Box = tuple[float, float, float, float]
BOX = ("left", "top", "right", "bottom")

# the pairs of keypoints that a drawn skeleton joins
LIMBS = (
    *((0, 1), (0, 2), (1, 3), (2, 4)),
    *((5, 6), (5, 7), (7, 9), (6, 8), (8, 10)),
    *((5, 11), (6, 12), (11, 12), (11, 13), (13, 15), (12, 14), (14, 16)),
)


def box_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the way between the middles of two boxes, in longer sides of the larger one."""
    side = max(max(box[2] - box[0], box[3] - box[1]) for box in (one, other))
    x, y = ((one[i] + one[i + 2] - other[i] - other[i + 2]) / 2 for i in (0, 1))
    return math.hypot(x, y) / max(side, 1e-6)


@dataclass(frozen=True, eq=False)
class Person:
    """Somebody in one picture.

    Attributes:
        keypoints: ``(17, 3)`` float32, in the order of ``KEYPOINTS``: x to the right and y down in
            pixels of the picture, and how surely the point is seen, 0 to 1.
        box: ``(4,)`` float32, left, top, right and bottom in pixels of the picture.
        score: How surely this is a person, 0 to 1.
    """

    keypoints: Floats
    box: Floats
    score: float

    def __post_init__(self) -> None:
        for name, shape in (("keypoints", (len(KEYPOINTS), 3)), ("box", (4,))):
            if getattr(self, name).shape != shape:
                found = getattr(self, name).shape
                raise UsageError(f"{name} of a person must be of shape {shape}, not {found}")

    def scaled(self, x: float, y: float) -> Person:
        """Return the person in the same picture at another size.

        Args:
            x: New width over old one.
            y: New height over old one.
        """
        import numpy as np

        keypoints = self.keypoints * np.array((x, y, 1.0), np.float32)
        return Person(keypoints, self.box * np.array((x, y, x, y), np.float32), self.score)


@dataclass(frozen=True)
class Sighting:
    """Where a person was at one moment, and how.

    Attributes:
        track: Number of the person in the source.
        box: Where.
        state: One of ``STATES``; None where that cannot be told, as from above.
    """

    track: int
    box: Box
    state: str | None
