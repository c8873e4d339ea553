"""Three ways to lose balance: slip backwards, trip forwards, faint sideways.

In: joints and velocities when balance is lost. Out: joints until the end and the impact time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rendering.gait import RATE, ease
from rendering.ragdoll import GRAVITY, Fall, simulate
from rendering.skeleton import ANKLES, CHEST, HEAD, PELVIS, RADII, SHOULDERS, TOES, joints_of, pose

AFTER = ("moves", "still", "strives")
_LETTERS = "lr"
_UPPER = [CHEST, HEAD, *SHOULDERS]


def fall(
    action: str, joints: np.ndarray, velocity: np.ndarray, side: int, seconds: float,
    rng: np.random.Generator, size: float = 1.0, after: str = "moves", rate: float = RATE,
) -> tuple[np.ndarray, float]:  # fmt: skip
    """Simulate a fall of a person who faces +x.

    Args:
        action: ``"slip"``, ``"trip"`` or ``"faint"``.
        joints: ``(17, 3)`` meters.
        velocity: ``(17, 3)`` m/s.
        side: The foot that slips or catches, or the side to faint to; 0 left, 1 right.
        seconds: How long to go on.
        rng: Draws the size of the disturbance.
        size: Scale of that size.
        after: What follows on the floor, one of ``AFTER``.
        rate: Joints a second.

    Returns:
        Joints ``(steps, 17, 3)`` at ``rate`` and the impact of the trunk, seconds after the start.
    """
    drive = drive_of(action, joints, side, rng, size, after)
    return landing(joints, velocity, drive, seconds, rate)


def drive_of(
    action: str, joints: np.ndarray, side: int, rng: np.random.Generator, size: float, after: str
) -> Fall:
    """Return what drives ``"slip"``, ``"trip"`` or ``"faint"``; see ``fall``."""
    make = {"slip": _slip, "trip": _trip, "faint": _faint}[action]
    return make(joints, side, rng, size, after)


def landing(
    joints: np.ndarray, velocity: np.ndarray, drive: Fall, seconds: float, rate: float = RATE
) -> tuple[np.ndarray, float]:
    """Simulate ``drive``; see ``fall``."""
    path = simulate(joints, velocity, drive, int(seconds * rate), rate)
    down = path[:, (PELVIS, CHEST), 2] < RADII[PELVIS] + 0.05
    landed = np.flatnonzero(down.all(1))
    return path, float(landed[0] + 1) / rate if len(landed) else seconds


def targets_of(joints: np.ndarray, keys: Sequence[tuple[float, np.ndarray]]) -> list:
    local = joints - joints[PELVIS]
    return [(0.0, local), *((t, joints_of(a, np.zeros(3), 0.0)) for t, a in keys)]


def sides_of(side: int, **angles: float) -> np.ndarray:
    """Pose where ``a_`` is the side in question and ``b_`` the other."""
    names = {"a_": _LETTERS[side] + "_", "b_": _LETTERS[1 - side] + "_"}
    return pose(**{names.get(k[:2], k[:2]) + k[2:]: value for k, value in angles.items()})


def rest_of(
    times: Sequence[float], lying: np.ndarray, moved: np.ndarray, after: str
) -> list[tuple[float, np.ndarray]]:
    """Poses on the floor at five ``times``: lying, and in between what ``after`` says."""
    middle = {"still": lying, "moves": moved, "strives": lying + pose(spine=42, arm=-25, elbow=15)}
    shift = 0.6 if after == "strives" else 0.0
    poses = (lying, lying, middle[after], middle[after], lying)
    return [
        (t - shift * (i > 0), angles)
        for i, (t, angles) in enumerate(zip(times, poses, strict=True))
    ]


def struggle(after: str, start: float) -> Callable[[float], np.ndarray]:
    """Upward acceleration ``(17, 3)`` of who tries to get up from ``start`` seconds on."""
    lift = np.zeros((17, 3))
    if after == "strives":
        lift[_UPPER, 2] = 0.95 * GRAVITY
    return lambda now: lift * float(np.clip((now - start) * 2, 0, 1) * (now < start + 1.8))


def legs_hold(now: float, until: float) -> np.ndarray:
    """Upward acceleration ``(17, 3)`` of legs that still carry part of the weight."""
    lift = np.zeros((17, 3))
    lift[:, 2] = 0.85 * GRAVITY * max(1 - now / until, 0.0)
    return lift


def _slip(
    joints: np.ndarray, side: int, rng: np.random.Generator, size: float = 1.0, after: str = "moves"
) -> Fall:
    rest = {"nod": 14.0, "a_hip": 10, "a_knee": 14, "b_hip": 30, "b_knee": 52}
    lying = sides_of(side, **rest, a_arm=15, a_out=45, a_elbow=35, b_arm=10, b_out=60, b_elbow=55)
    moved = sides_of(
        side, **rest | {"nod": 20, "b_hip": 45, "b_knee": 85, "turn": 25},
        a_arm=25, a_out=30, a_elbow=95, b_arm=12, b_out=55, b_elbow=60,
    )  # fmt: skip
    keys = targets_of(
        joints,
        [
            (0.14, sides_of(side, spine=2, a_hip=34, a_knee=2, b_hip=-6, b_knee=14,
                          arm=40, out=30, elbow=30, nod=10)),
            (0.36, sides_of(side, nod=18, a_hip=46, a_knee=4, b_hip=30, b_knee=40,
                          a_arm=95, a_out=50, a_elbow=25, b_arm=105, b_out=50, b_elbow=30)),
            (0.60, sides_of(side, nod=26, a_hip=56, a_knee=12, b_hip=40, b_knee=48,
                          arm=30, out=75, elbow=30)),
            (0.95, sides_of(side, nod=28, a_hip=58, a_knee=28, b_hip=54, b_knee=66,
                          arm=5, out=62, elbow=45)),
            *rest_of((1.70, 2.60, 3.60, 4.40, 5.60), lying, moved, after),
        ],
    )  # fmt: skip
    kick, spin = size * rng.uniform(9, 12), size * rng.uniform(7.2, 9.0)
    strive = struggle(after, 2.0)
    push = np.zeros((17, 3))
    push[[ANKLES[side], TOES[side]], 0] = kick
    push[[ANKLES[1 - side], TOES[1 - side]], 0] = 0.8 * kick
    icy = np.full(17, 7.0)
    icy[[*ANKLES, *TOES]] = 0.3
    return Fall(
        target=lambda now: ease(now, keys),
        strength=lambda now: 520.0 if now < 0.16 else 280.0 if now < 0.8 else 110.0,
        spin=lambda now: np.array([0.0, -spin if now < 0.3 else 0.0, 0.0]),
        push=lambda now: legs_hold(now, 0.68) + (push if now < 0.24 else strive(now)),
        sticky=lambda now: icy if now < 0.9 else np.full(17, 7.0),
        steady=lambda now: 14.0 if now < 1.1 else 3.0,
    )


def _trip(
    joints: np.ndarray, side: int, rng: np.random.Generator, size: float = 1.0, after: str = "moves"
) -> Fall:
    prone = sides_of(side, nod=-15, turn=35, hip=4, a_knee=20, b_knee=8, ankle=55,
                   a_arm=120, a_out=40, a_elbow=85, b_arm=140, b_out=35, b_elbow=60)  # fmt: skip
    moved = prone + sides_of(side, turn=-25, a_arm=-45, a_elbow=15, b_knee=25, b_hip=12)
    keys = targets_of(
        joints,
        [
            (0.22, sides_of(side, spine=14, nod=-10, a_hip=-12, a_knee=55, b_hip=14, b_knee=22,
                          arm=55, out=20, elbow=45)),
            (0.50, sides_of(side, spine=18, nod=-22, a_hip=5, a_knee=40, b_hip=18, b_knee=40,
                          arm=95, out=22, elbow=30)),
            (0.85, sides_of(side, nod=-25, hip=8, knee=35, ankle=40, arm=112, out=30, elbow=70)),
            *rest_of((1.40, 2.60, 3.60, 4.40, 5.60), prone, moved, after),
        ],
    )  # fmt: skip
    spin, caught = size * rng.uniform(5.0, 7.0), rng.uniform(0.16, 0.24)
    strive = struggle(after, 1.8)
    return Fall(
        target=lambda now: ease(now, keys),
        strength=lambda now: 700.0 if now < 0.3 else 260.0 if now < 0.9 else 110.0,
        spin=lambda now: np.array([0.0, spin if now < 0.3 else 0.0, 0.0]),
        push=lambda now: legs_hold(now, 0.5) + strive(now),
        pinned=lambda now: [TOES[side]] if now < caught else [],
        steady=lambda now: 14.0 if now < 1.0 else 3.0,
    )


def _faint(
    joints: np.ndarray, side: int, rng: np.random.Generator, size: float = 1.0, after: str = "moves"
) -> Fall:
    lying = sides_of(side, bend=0, nod=15, a_hip=38, a_knee=55, b_hip=22, b_knee=40,
                   a_arm=70, a_elbow=60, b_arm=35, b_elbow=50, b_out=5)  # fmt: skip
    moved = lying + sides_of(side, b_arm=25, b_elbow=-20, nod=-12, b_hip=12, b_knee=15)
    keys = targets_of(
        joints,
        [
            (0.45, sides_of(side, spine=12, nod=30, hip=35, knee=75, ankle=-25, arm=10, elbow=20)),
            (0.90, sides_of(side, spine=10, nod=25, hip=55, knee=100, arm=30, elbow=35)),
            *rest_of((1.60, 2.80, 3.80, 4.60, 5.80), lying, moved, after),
        ],
    )  # fmt: skip
    tilt = size * rng.uniform(3.0, 4.5) * (-1.0 if side == 0 else 1.0)
    strive = struggle(after, 2.2)
    return Fall(
        target=lambda now: ease(now, keys),
        strength=lambda now: 90.0 if now < 1.0 else 70.0,
        spin=lambda now: np.array([tilt if 0.1 < now < 0.5 else 0.0, 0.0, 0.0]),
        push=strive,
        sticky=lambda _: np.full(17, 12.0),
        pinned=lambda now: [TOES[0], TOES[1], ANKLES[0], ANKLES[1]] if now < 0.5 else [],
    )
