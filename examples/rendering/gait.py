"""Walking, standing and everything done with both feet planted.

In: speed, heading and key poses over time. Out: ``(17, 3)`` joints at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rendering.skeleton import (
    ANKLE_HEIGHT,
    ANKLES,
    ELBOWS,
    KNEES,
    STANDING,
    TOES,
    WRISTS,
    front_of,
    joints_of,
    lift_foot,
    plant_foot,
    pose,
    rotation,
)

RATE = 240.0
WALK_HEIGHT = STANDING - 0.035
HANDS = [*ELBOWS, *WRISTS]


@dataclass(frozen=True)
class Key:
    """A moment of a planted action; between keys everything eases.

    Attributes:
        time: Seconds.
        height: Pelvis above the floor, meters.
        shift: Pelvis ahead of its path, meters.
        feet: Ankles ahead of where they were planted, meters.
        tilt: Foot pitch, degrees, toes down positive.
        angles: From ``pose``, added to what walking does.
        across: Pelvis to the left of its path, meters.
        free: How far the left and right foot leave the ground they were planted on for where
            the leg's angles put them, 0 to 1.
    """

    time: float
    height: float = WALK_HEIGHT
    shift: float = 0.0
    feet: float = 0.0
    tilt: float = 0.0
    angles: np.ndarray = field(default_factory=pose)
    across: float = 0.0
    free: tuple[float, float] = (0.0, 0.0)

    def vector(self) -> np.ndarray:
        numbers = [self.height, self.shift, self.feet, self.tilt, self.across, *self.free]
        return np.concatenate([numbers, self.angles])


def ease(time: float, points: Sequence[tuple[float, np.ndarray | float]]) -> np.ndarray:
    """Value at ``time`` between ``(time, value)`` points, with zero slope at each."""
    times = [point[0] for point in points]
    after = int(np.searchsorted(times, time))
    if after == 0 or after == len(points):
        return np.asarray(points[min(after, len(points) - 1)][1], float)
    (t0, a), (t1, b) = points[after - 1], points[after]
    share = (time - t0) / (t1 - t0)
    return np.asarray(a) + (np.asarray(b) - np.asarray(a)) * share**2 * (3 - 2 * share)


class Walker:
    """A person on a path along +x who steps wherever the path leads.

    Args:
        duration: Seconds.
        speeds: ``(time, m/s)`` points.
        headings: ``(time, degrees)`` points; the person faces and moves that way.
        keys: What is done on top of walking.
        step: Seconds between footfalls.
        zero_time: When the pelvis passes x = y = 0.
        style: Scale of the arm swing.
        supple: Whether knees point up near the floor, and hands stay above it.
        rate: Points of the path a second.
    """

    def __init__(
        self,
        duration: float,
        speeds: Sequence[tuple[float, float]],
        headings: Sequence[tuple[float, float]] = ((0.0, 0.0),),
        keys: Sequence[Key] = (),
        step: float = 0.52,
        zero_time: float = 0.0,
        style: float = 1.0,
        supple: bool = False,
        rate: float = RATE,
    ) -> None:
        times = np.arange(0.0, duration + 2.0, 1 / rate)
        self.step, self.style, self.supple, self._rate = step, style, supple, rate
        self._speed = np.array([float(ease(t, speeds)) for t in times])
        self._heading = np.array([float(ease(t, headings)) for t in times])
        radians = np.radians(self._heading)
        moves = self._speed[:, None] * np.stack([np.cos(radians), np.sin(radians)], 1) / rate
        self._path = np.cumsum(moves, 0)
        self._path -= self._path[self._at(zero_time)]
        self._keys = [(key.time, key.vector()) for key in keys] or [(0.0, Key(0.0).vector())]

    def footfall(self, after: float) -> tuple[float, int]:
        """Time and side of the first landing at or after ``after`` seconds."""
        count = int(np.ceil(after / self.step - 0.72))
        return (count + 0.72) * self.step, count % 2

    def joints(self, time: float) -> np.ndarray:
        """Joints at ``time`` seconds, meters."""
        height, shift, feet, tilt, across, *rest = ease(time, self._keys)
        free, angles = rest[:2], rest[2:]
        at = self._at(time)
        speed, heading, here = self._speed[at], self._heading[at], self._path[at]
        ahead = rotation("z", heading)[:, 0]
        ankles = [self._foot(side, time) for side in (0, 1)]
        apart = float((ankles[0][0] - ankles[1][0]) @ ahead)
        cycle = 2 * np.pi * (time / self.step - 0.85)
        brisk = min(abs(speed), 1.3)
        straight = 0.022 * (1 - brisk / 1.3) * np.clip((height - 0.3) / 0.6, 0, 1)
        rise = straight - 0.018 * brisk * np.cos(cycle)
        pelvis = np.array([*here, height + rise]) + ahead * shift
        pelvis += rotation("z", heading)[:, 1] * 0.02 * brisk * np.sin(cycle / 2)
        if across:
            pelvis += rotation("z", heading)[:, 1] * across
        swing = 46.0 * apart * self.style
        sway = 0.6 * np.sin(1.7 * time) + 0.4 * np.sin(2.9 * time + 1)
        walking = pose(
            spine=2 + 3 * brisk + 0.6 * sway, bend=0.7 * sway, twist=-9 * apart, out=7, nod=4,
            l_arm=2 - swing, r_arm=2 + swing, turn=4 * sway,
            l_elbow=16 + max(-swing, 0) * 0.4, r_elbow=16 + max(swing, 0) * 0.4,
        )  # fmt: skip
        out = joints_of(walking + angles, pelvis, heading)
        pole = front_of(out) + 0.5 * rotation("z", heading)[:, 0]
        if self.supple:
            low = float(np.clip((0.5 - height) / 0.25, 0, 1))
            pole = rotation("z", heading) @ rotation("y", min(angles[0], 0.0))[:, 0]
            pole = (1 - low) * pole + low * (0.4 * ahead + [0.0, 0.0, 1.0])
            out[HANDS, 2] = np.maximum(out[HANDS, 2], 0.05)
        elif angles[0] < -1:
            pole = rotation("z", heading) @ rotation("y", angles[0])[:, 0]
        for side, (ankle, yaw, foot_tilt) in enumerate(ankles):
            ankle = ankle + ahead * feet + [0, 0, max(-tilt, 0.0) * 0.0004]
            swung = out[[KNEES[side], ANKLES[side], TOES[side]]]
            plant_foot(out, side, ankle, yaw, foot_tilt + tilt, pole)
            if free[side] > 0:
                lift_foot(out, side, swung, free[side])
        return out

    def _at(self, time: float) -> int:
        return int(np.clip(round(time * self._rate), 0, len(self._speed) - 1))

    def _planted(self, count: int) -> tuple[np.ndarray, float]:
        """Ankle and heading of footfall ``count``: where the path is in the middle of stance."""
        at = self._at((count + 1.36) * self.step)
        heading = self._heading[at]
        side = 1.0 if count % 2 == 0 else -1.0
        place = np.array([*self._path[at], ANKLE_HEIGHT])
        return place + rotation("z", heading) @ [-0.02, side * 0.095, 0.0], heading + side * 7

    def _foot(self, side: int, time: float) -> tuple[np.ndarray, float, float]:
        count = int(np.floor(time / self.step))
        count -= (count - side) % 2
        old, old_yaw = self._planted(count - 2)
        new, new_yaw = self._planted(count)
        share = (time / self.step - count) / 0.72
        if share >= 1:
            return new, new_yaw, 0.0
        length = float(np.linalg.norm(new - old)) + 0.003 * abs(new_yaw - old_yaw)
        smooth = share**2 * (3 - 2 * share)
        lift = min(length, 1.0) * 0.16 * np.sin(np.pi * share) * (1 - 0.45 * share)
        tilt = min(length, 1.0) * (38 * (1 - share) ** 2 * min(share * 8, 1) - 16 * share**3)
        ankle = old + (new - old) * smooth + [0.0, 0.0, lift]
        return ankle, old_yaw + (new_yaw - old_yaw) * smooth, tilt
