"""Who rides a bicycle or glides on skates, along +x.

In: a speed and a random generator. Out: ``(17, 3)`` joints at any time.
"""

from __future__ import annotations

import numpy as np

from rendering import postures
from rendering.keyframes import reach
from rendering.skeleton import RADII, joints_of, pose

_CRANK, _SADDLE = (0.12, 0.36), (-0.12, 0.96)  # ankles on the pedals; ahead and up, meters


class Cyclist:
    """A person on a bicycle that is not drawn.

    Args:
        rng: Draws speed, posture and pedaling.
        zero_time: When the pelvis passes x = 0, seconds.
    """

    def __init__(self, rng: np.random.Generator, zero_time: float) -> None:
        self._speed, self._zero = rng.uniform(1.2, 4.5), zero_time
        self._turns = rng.uniform(0.7, 1.4) if rng.uniform() < 0.85 else 0.0
        self._phase = rng.uniform(0, 2 * np.pi)
        self._lean = rng.uniform(12, 34)
        self._reach = rng.uniform(0.42, 0.56)
        self._sway = rng.uniform(0.3, 1.2, 2)

    def joints(self, time: float) -> np.ndarray:
        """Joints at ``time`` seconds, meters."""
        ahead = self._speed * (time - self._zero)
        roll = 2.0 * np.sin(2 * np.pi * self._turns * time + self._phase) * self._sway[0]
        angles = pose(
            pitch=self._lean, spine=14, nod=-14, roll=roll, arm=70, elbow=12, out=10,
            turn=10 * np.sin(self._sway[1] * time), hip=60, knee=70,
        )  # fmt: skip
        out = joints_of(angles, np.array([_SADDLE[0], 0.0, _SADDLE[1]]), 0.0)
        for side in (0, 1):
            sign = 1.0 if side == 0 else -1.0
            reach(out, side, np.array([self._reach, sign * 0.24, 1.0]))
            around = 2 * np.pi * self._turns * time + self._phase + np.pi * side
            pedal = [
                _CRANK[0] + 0.17 * np.cos(around), sign * 0.11, _CRANK[1] - 0.17 * np.sin(around)
            ]  # fmt: skip
            reach(out, 2 + side, np.array(pedal))
        return out + np.array([ahead, 0.0, 0.0])


class Skater:
    """A person who glides from foot to foot.

    Args:
        rng: Draws speed, posture and strokes.
        zero_time: When the pelvis passes x = 0, seconds.
    """

    def __init__(self, rng: np.random.Generator, zero_time: float) -> None:
        self._speed, self._zero = rng.uniform(0.8, 3.5), zero_time
        self._stroke = rng.uniform(0.6, 1.3)  # seconds
        self._phase = rng.uniform(0, 2 * np.pi)
        self._low, self._lean = rng.uniform(0.15, 0.55), rng.uniform(4, 30)
        self._push, self._arms = rng.uniform(0.2, 1.0), rng.uniform(4, 34)

    def joints(self, time: float) -> np.ndarray:
        """Joints at ``time`` seconds, meters."""
        wave = float(np.sin(np.pi * time / self._stroke + self._phase))
        angles = pose(
            pitch=self._lean, spine=10, nod=-8, bend=-5 * wave, elbow=35, out=22,
            l_arm=10 + self._arms * wave, r_arm=10 - self._arms * wave,
        )  # fmt: skip
        bent = 60 * self._low
        for side, name in enumerate("lr"):
            pushes = max(wave if side == 0 else -wave, 0.0) * self._push
            angles = postures.legs(
                angles, -bent + pushes * (bent + 12), 0.55 * bent + 22 * pushes, 0, name
            )
            angles += pose(**{f"{name}_spread": 4 + 20 * pushes})
        out = joints_of(angles, np.zeros(3), 0.0)
        out[:, 2] -= (out[:, 2] - RADII).min()
        ahead = self._speed * (time - self._zero)
        return out + np.array([ahead, 0.14 * self._push * wave, 0.0])
