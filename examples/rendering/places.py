"""One scene from several camera places: around the person who acts in it, higher and lower.

In: a ``Scene`` and a ``Place``. Out: the same scene, its camera elsewhere and turned to the person.
"""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, replace

import numpy as np

from rendering.clip import Scene, motion_of, placed
from rendering.furniture import BACK, CEILING, FRONT, LEFT, RIGHT
from rendering.skeleton import PELVIS

LOWEST, HIGHEST = 0.3, CEILING - 0.1  # meters, of a camera
WIDEST = 0.45  # focal length over the longer side; wider lenses bend people near the edges
_WALL = 0.3  # meters between a camera and a wall
_AIM = 0.6  # meters above the floor, between who stands and who lies


@dataclass(frozen=True)
class Place:
    """Where a camera is, against the first one.

    Attributes:
        azimuth: Degrees around the person, counterclockwise as seen from above: 90 is from the
            right of the first picture.
        rise: Meters higher.
    """

    azimuth: float = 0.0
    rise: float = 0.0

    @property
    def first(self) -> bool:
        """Whether it is the first camera's own place."""
        return self.azimuth == 0 and self.rise == 0

    def __str__(self) -> str:
        """Such as ``"az90"`` or ``"az0-up0.5"``, for file names."""
        return f"az{self.azimuth:g}" + (f"-up{self.rise:g}" if self.rise else "")


def parse_place(text: str) -> Place:
    """Return the place of ``"90"`` (degrees) or ``"0:0.5"`` (degrees, meters higher)."""
    azimuth, _, rise = text.partition(":")
    try:
        place = Place(float(azimuth) % 360, float(rise or 0))
    except ValueError:
        place = Place(math.nan)
    if not math.isfinite(place.azimuth) or not abs(place.rise) <= HIGHEST - LOWEST:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no camera place such as 90 (degrees around) or 0:0.5 (and meters higher, "
            f"{LOWEST - HIGHEST:g} to {HIGHEST - LOWEST:g})"
        )
    return place


def moments(scene: Scene) -> tuple[float, float]:
    """Return when the action begins and ends, about, seconds."""
    events = motion_of(scene).events
    return events[0] if events else (0.35 * scene.duration, 0.5 * scene.duration)


def seen_from(scene: Scene, place: Place) -> Scene:
    """Return ``scene`` from another place: the camera looks at who acts there.

    It is as far away as the first camera, nearer where a wall is in the way; its lens is then as
    much wider, so that the person is as large.
    """
    if place.first:
        return scene
    where = np.mean([_trunk(scene, time) for time in moments(scene)], 0)
    away = np.array(scene.stand) - where
    far = float(np.hypot(*away))
    angle = math.atan2(away[1], away[0]) + math.radians(place.azimuth)
    toward = np.array([math.cos(angle), math.sin(angle)])
    near = far if place.azimuth == 0 else min(far, _free(where, toward))
    above = scene.above + place.rise
    size = math.hypot(near, above - _AIM) / math.hypot(far, scene.above - _AIM)
    stand = where + near * toward
    return replace(
        scene,
        stand=(float(stand[0]), float(stand[1])),
        above=above,
        down=math.degrees(math.atan2(above - _AIM, near)),
        side=math.degrees(math.atan2(-toward[0], -toward[1])),
        focal=scene.focal * size,
    )


def _trunk(scene: Scene, time: float) -> np.ndarray:
    return placed(scene, motion_of(scene).at(time))[PELVIS, :2]


def _free(where: np.ndarray, toward: np.ndarray) -> float:
    """Return how far a camera may go from ``where`` before it comes to a wall, meters."""
    low, high = np.array([LEFT, FRONT]) + _WALL, np.array([RIGHT, BACK]) - _WALL
    ends = np.where(toward > 0, high, low) - where
    steps = ends / np.where(np.abs(toward) < 1e-9, 1e-9, toward)
    return float(max(min(steps), 0.0))
