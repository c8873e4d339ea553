"""More ways to fall: backwards or sideways from standing, onto the knees, off a chair.

In: joints and velocities when balance is lost. Out: what drives the fall.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rendering.falls import legs_hold, rest_of, sides_of, struggle, targets_of
from rendering.gait import ease
from rendering.plans import SEAT
from rendering.ragdoll import Fall
from rendering.skeleton import ANKLES, CHEST, HEAD, HIPS, KNEES, PELVIS, SHOULDERS, TOES

FEET = [*TOES, *ANKLES]
# Where a chair stands behind who sits on it with the feet at x = 0, meters.
_CHAIR, _HALF = -0.43, 0.24


def on_chair(joints: np.ndarray) -> np.ndarray:
    """Height ``(17,)`` of the chair under ``joints``, for who faces +x before it."""
    inside = (abs(joints[:, 0] - _CHAIR) < _HALF) & (abs(joints[:, 1]) < _HALF)
    return np.where(inside & (joints[:, 2] > SEAT - 0.08), SEAT, 0.0)


def backward(joints: np.ndarray, side: int, rng: np.random.Generator, after: str) -> Fall:
    """Tip over backwards with both feet where they stood."""
    bend, slow = rng.uniform(0, 1), rng.uniform(0.7, 1.3)
    rest = {"nod": 14.0, "a_hip": 20, "a_knee": 25, "b_hip": 38, "b_knee": 62}
    lying = sides_of(side, **rest, arm=10, out=50, elbow=40)
    moved = sides_of(
        side, **rest | {"nod": 20, "b_hip": 50, "b_knee": 90, "turn": 25},
        a_arm=30, a_out=30, a_elbow=95, b_arm=10, b_out=60, b_elbow=55,
    )  # fmt: skip
    flail = sides_of(side, nod=16, hip=20 + 30 * bend, knee=15 + 45 * bend, spine=8,
                     a_arm=70, a_out=35, a_elbow=30, b_arm=95, b_out=45, b_elbow=25)  # fmt: skip
    sat = sides_of(side, nod=28, hip=48 + 30 * bend, knee=30 + 40 * bend, arm=-30, out=35, elbow=20)
    keys = targets_of(
        joints,
        [(0.35 * slow, flail), (0.7 * slow, sat), (slow, 0.7 * sat + 0.3 * lying),
         *rest_of((1.6, 2.5, 3.4, 4.2, 5.4), lying, moved, after)],
    )  # fmt: skip
    spin, held = rng.uniform(3.2, 6.0), rng.uniform(0.3, 0.5) * slow
    strive = struggle(after, 2.1)
    return Fall(
        target=_eased(keys),
        strength=lambda now: 380.0 if now < 0.3 else 240.0 if now < 1.0 else 110.0,
        spin=lambda now: np.array([0.0, -spin if now < 0.35 else 0.0, 0.0]),
        push=lambda now: legs_hold(now, 0.65 * slow) + strive(now),
        pinned=lambda now: FEET if now < held else [],
        steady=lambda now: 10.0 if now < 1.1 else 3.0,
    )


def sideways(joints: np.ndarray, side: int, rng: np.random.Generator, after: str) -> Fall:
    """Topple to one side over the foot on that side."""
    limp = rng.uniform(0, 1)
    lying = sides_of(side, nod=12, a_hip=25, a_knee=35, b_hip=12 + 30 * limp, b_knee=25 + 30 * limp,
                     a_arm=80, a_elbow=50, b_arm=40, b_elbow=55, b_out=8)  # fmt: skip
    moved = lying + sides_of(side, b_arm=30, b_elbow=-25, nod=-10, b_hip=18, b_knee=20)
    reach = sides_of(side, a_out=70, a_arm=15, a_elbow=20, b_out=60, b_arm=20, b_elbow=20, nod=4,
                     a_hip=8, a_knee=12 + 40 * limp, b_spread=22, b_knee=20)  # fmt: skip
    brace = sides_of(side, a_out=85, a_arm=40, a_elbow=45, b_out=30, b_arm=50, b_elbow=35, nod=8,
                     a_hip=22, a_knee=35 + 25 * limp, b_spread=10, b_hip=15, b_knee=30)  # fmt: skip
    keys = targets_of(
        joints,
        [(0.35, reach), (0.8, brace), *rest_of((1.5, 2.5, 3.4, 4.2, 5.4), lying, moved, after)],
    )
    tilt = rng.uniform(3.6, 6.0) * (-1.0 if side == 0 else 1.0)
    lean, held = rng.uniform(-1.2, 1.2), rng.uniform(0.3, 0.45)
    planted = [ANKLES[side], TOES[side]]
    strive = struggle(after, 2.0)
    return Fall(
        target=_eased(keys),
        strength=lambda now: 340.0 - 180 * limp if now < 0.9 else 100.0,
        spin=lambda now: np.array([tilt, lean, 0.0]) if now < 0.4 else np.zeros(3),
        push=lambda now: legs_hold(now, 0.55) + strive(now),
        pinned=lambda now: planted if now < held else [],
        axis=(1.0, 0.0, 0.0),
        steady=lambda now: 8.0 if now < 0.8 else 2.0,
    )


def knees(joints: np.ndarray, side: int, rng: np.random.Generator, after: str) -> Fall:
    """Give way onto the knees, then fall forwards onto the hands or the face."""
    wait, brace = rng.uniform(0.0, 0.35), rng.uniform(0, 1)
    prone = sides_of(side, nod=-12, turn=35, hip=4, a_knee=20, b_knee=8, ankle=55,
                     a_arm=120, a_out=40, a_elbow=85, b_arm=60, b_out=30, b_elbow=70)  # fmt: skip
    moved = prone + sides_of(side, turn=-25, a_arm=-45, a_elbow=15, b_knee=25, b_hip=12)
    kneeling = sides_of(side, a_hip=5, a_knee=92, b_hip=10, b_knee=85, ankle=40, spine=12, nod=5,
                        arm=20 + 40 * brace, out=15, elbow=35)  # fmt: skip
    pitched = sides_of(side, hip=8, knee=70, ankle=50, spine=10, nod=-14 * brace,
                       arm=30 + 65 * brace, out=24, elbow=30)  # fmt: skip
    keys = targets_of(
        joints,
        [(0.40, kneeling), (0.55 + wait, kneeling), (0.9 + wait, pitched), (1.5 + wait, prone),
         *rest_of((1.8 + wait, 2.7, 3.6, 4.4, 5.6), prone, moved, after)],
    )  # fmt: skip
    spin = rng.uniform(1.5, 3.5)
    strive = struggle(after, 2.2 + wait)
    ahead = np.zeros((17, 3))
    ahead[[PELVIS, CHEST, HEAD, *SHOULDERS, *HIPS, *KNEES], 0] = rng.uniform(2.5, 4.5)
    return Fall(
        target=_eased(keys),
        strength=lambda now: 420.0 if now < 0.5 + wait else 220.0 if now < 1.3 + wait else 100.0,
        spin=lambda now: np.array([0.0, spin if 0.3 + wait < now < 0.75 + wait else 0.0, 0.0]),
        push=lambda now: legs_hold(now, 0.4) + strive(now) + ahead * (now < 0.5),
        pinned=lambda now: list(TOES) if now < 0.5 + wait else [],
        steady=lambda now: 14.0 if now < 1.0 + wait else 3.0,
    )


def off_chair(joints: np.ndarray, side: int, rng: np.random.Generator, after: str) -> Fall:
    """Topple off a chair, to one side and more or less forwards."""
    ahead = rng.uniform(0.0, 1.0)
    lying = sides_of(side, nod=10, a_hip=40, a_knee=50, b_hip=25, b_knee=45,
                     a_arm=85, a_elbow=60, b_arm=45, b_elbow=55, b_out=8)  # fmt: skip
    moved = lying + sides_of(side, b_arm=25, b_elbow=-20, nod=-12, b_hip=12, b_knee=15)
    slump = sides_of(side, spine=15 + 35 * ahead, hip=75, knee=80, nod=18, bend=0, elbow=25,
                     a_arm=20 + 40 * ahead, a_out=55, b_arm=25, b_out=20)  # fmt: skip
    drop = sides_of(side, spine=15, hip=55, knee=70, nod=14, a_arm=70, a_out=40, a_elbow=45,
                    b_arm=45, b_elbow=40)  # fmt: skip
    keys = targets_of(
        joints,
        [(0.4, slump), (0.85, drop), *rest_of((1.7, 2.6, 3.5, 4.3, 5.5), lying, moved, after)],
    )
    tilt = rng.uniform(5.0, 7.5) * (-1.0 if side == 0 else 1.0)
    push = np.zeros((17, 3))
    push[:, 0] = 2.0 + 2.5 * ahead
    push[:, 1] = (3.5 - 2.0 * ahead) * (1.0 if side == 0 else -1.0)
    push[[PELVIS, *HIPS, *KNEES], :2] *= 1.8
    push[FEET] = 0.0
    strive = struggle(after, 2.3)
    return Fall(
        target=_eased(keys),
        strength=lambda now: 110.0 if now < 0.9 else 80.0,
        spin=lambda now: np.array([tilt * (1 - 0.4 * ahead), 4.0 * ahead, 0.0]) * (now < 0.5),
        push=lambda now: (push if now < 0.7 else 0.0) + strive(now),
        sticky=lambda now: np.full(17, 1.0 if now < 0.8 else 10.0),
        ground=on_chair,
    )


def _eased(keys: list) -> Callable[[float], np.ndarray]:
    return lambda now: ease(now, keys)
