"""A body that goes from posture to posture with hands and feet where they were put.

In: beats, each a posture and what stays where it is. Out: ``(17, 3)`` joints at any time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rendering.skeleton import (
    ANGLES,
    ANKLES,
    ELBOWS,
    FOREARM,
    HIPS,
    KNEES,
    PELVIS,
    RADII,
    SHIN,
    SHOULDERS,
    THIGH,
    TOES,
    UPPER_ARM,
    WRISTS,
    cross,
    joints_of,
)

FREE, DOWN, STAY = "free", "down", "stay"
PALM = 0.05  # of a wrist above the floor that its hand is on, meters
_UPPER = float(np.hypot(UPPER_ARM, 0.02))  # shoulder to elbow
# root, middle and end of each limb, and the lengths between them
_LIMBS = [
    *((SHOULDERS[side], ELBOWS[side], WRISTS[side], _UPPER, FOREARM) for side in (0, 1)),
    *((HIPS[side], KNEES[side], ANKLES[side], THIGH, SHIN) for side in (0, 1)),
]
# what carries a posture: arms bend where there is no room for them
_CARRIES = [joint for joint in range(len(RADII)) if joint not in (*ELBOWS, *WRISTS)]
_STEP = 0.12  # a hand or foot that goes farther is lifted, meters
_ROUNDS = 8  # of moving the body until hands and feet reach
# elbows and knees are never straight: it is plain then which way they bend, degrees
_BENDS = [ANGLES.index(name) for name in ("l_elbow", "r_elbow", "l_knee", "r_knee")]
_LEAST_BENT = np.array([7.0, 7.0, 2.0, 2.0])
_SWAYS = [ANGLES.index(name) for name in ("spine", "bend", "twist", "nod", "turn")]
_SWAYS += [ANGLES.index(side + name) for side in ("l_", "r_") for name in ("arm", "out", "elbow")]


@dataclass(frozen=True, eq=False)
class Beat:
    """A posture and how it is reached from the one before.

    Attributes:
        lasts: Seconds from the beat before; of the first one, that it is held.
        angles: From ``pose``. The lowest joint but for those of the arms is on the floor.
        keep: Joints that stay, on average, where they were, seen from above.
        hands: What each hand does, left and right: ``FREE`` is where the angles put it; ``DOWN``
            is on the floor below there; ``STAY`` is on the floor where it was in the beat before.
        feet: Likewise.
        lift: Lowest joint above the floor, meters, as in a jump.
        turn: Heading, degrees.
        slides: Whether hands and feet that move along the floor stay on it.
    """

    lasts: float
    angles: np.ndarray
    keep: tuple[int, ...] = ANKLES
    hands: tuple[str, str] = (FREE, FREE)
    feet: tuple[str, str] = (DOWN, DOWN)
    lift: float = 0.0
    turn: float = 0.0
    slides: bool = False


@dataclass(frozen=True, eq=False)
class _Placed:
    """A beat in the room: when, the pelvis ``(3,)``, and wrists and ankles ``(4, 3)``, and from
    ankles to toes ``(2, 3)``, meters."""

    beat: Beat
    time: float
    pelvis: np.ndarray
    ends: np.ndarray
    feet: np.ndarray
    held: tuple[bool, ...]


class Performer:
    """A person who goes through beats.

    Args:
        beats: Until ``seconds`` are over, or all.
        seconds: How long.
        rng: Draws how the body sways.
        sway: Degrees.
    """

    def __init__(
        self, beats: Iterable[Beat], seconds: float, rng: np.random.Generator, sway: float = 1.5
    ) -> None:
        self._placed: list[_Placed] = []
        for beat in beats:
            self._placed.append(_place(beat, self._placed[-1] if self._placed else None))
            if self._placed[-1].time > seconds:
                break
        self._speeds = rng.uniform(0.6, 4.5, (len(_SWAYS), 2))
        self._phases = rng.uniform(0, 2 * np.pi, (len(_SWAYS), 2))
        self._sway = sway * np.array([0.7, 0.3])
        # nobody is the same on the left and on the right
        self._uneven = rng.normal(0, 1.5 * sway, len(_SWAYS))

    def joints(self, time: float) -> np.ndarray:
        """Joints at ``time`` seconds, meters."""
        old, new, share = self._around(time)
        angles = old.beat.angles + (new.beat.angles - old.beat.angles) * share
        angles = angles.copy()
        waves = np.sin(self._speeds * time + self._phases) @ self._sway
        angles[_SWAYS] += self._uneven + waves
        pelvis = old.pelvis + (new.pelvis - old.pelvis) * share
        heading = old.beat.turn + (new.beat.turn - old.beat.turn) * share
        angles[_BENDS] = np.maximum(angles[_BENDS], _LEAST_BENT)
        lift = old.beat.lift + (new.beat.lift - old.beat.lift) * share
        pelvis[2] = lift - (joints_of(angles, np.zeros(3), heading)[:, 2] - RADII)[_CARRIES].min()
        for count in range(_ROUNDS):
            out = joints_of(angles, pelvis, heading)
            move = np.zeros(3)
            for limb in range(4):
                end = _end_of(out, old, new, limb, share)
                reach(out, limb, end)
                away = end - out[_LIMBS[limb][2]]
                held = old.held[limb] and new.held[limb]
                if held and np.linalg.norm(away) > np.linalg.norm(move):
                    move = away
            under = float((RADII - 0.005 - out[:, 2])[_CARRIES].max())
            if under <= 0 and np.linalg.norm(move) < 0.004:
                break
            # nearer to what is out of reach, but above all out of the floor
            pelvis = pelvis + np.array([0.0, 0.0, max(under, 0.0)])
            if count < _ROUNDS - 3:
                pelvis += move
        return out

    def held(self, time: float) -> list[int]:
        """Wrists and ankles that do not move about ``time``, as joints."""
        old, new, _ = self._around(time)
        still = np.linalg.norm(new.ends - old.ends, axis=1) < 1e-6
        return [
            _LIMBS[limb][2]
            for limb in range(4)
            if old.held[limb] and new.held[limb] and still[limb]
        ]

    def _around(self, time: float) -> tuple[_Placed, _Placed, float]:
        for old, new in pairwise(self._placed):
            if time < new.time:
                share = max((time - old.time) / (new.time - old.time), 0.0)
                return old, new, share**2 * (3 - 2 * share)
        return self._placed[-1], self._placed[-1], 0.0


def _place(beat: Beat, before: _Placed | None) -> _Placed:
    joints = joints_of(beat.angles, np.zeros(3), beat.turn)
    move = np.array([0.0, 0.0, beat.lift - (joints[:, 2] - RADII)[_CARRIES].min()])
    if before is not None:
        old = _whole(before)
        keep = list(beat.keep)
        move[:2] = (old[keep] - joints[keep]).mean(0)[:2]
    joints += move
    held = tuple(mode != FREE for mode in (*beat.hands, *beat.feet))
    ends = joints[[limb[2] for limb in _LIMBS]]
    feet = joints[list(TOES)] - joints[list(ANKLES)]
    for index, mode in enumerate((*beat.hands, *beat.feet)):
        foot = feet[index - 2] if index >= 2 else np.zeros(3)
        if mode == STAY and before is not None:
            # on the toes, so that a heel may rise; a hand stays as it is
            ends[index] = before.ends[index]
            if index >= 2:
                ends[index] += before.feet[index - 2] - foot
                ends[index, 2] = _lowest(ANKLES[index - 2], foot)
        elif mode != FREE and index < 2:
            ends[index, 2] = PALM
        elif mode != FREE:
            ends[index, 2] = _lowest(ANKLES[index - 2], foot)
    time = beat.lasts if before is None else before.time + beat.lasts
    return _Placed(beat, time, joints[PELVIS], ends, feet, held)


def _whole(placed: _Placed) -> np.ndarray:
    joints = joints_of(placed.beat.angles, placed.pelvis, placed.beat.turn)
    for limb in range(4):
        if placed.held[limb]:
            reach(joints, limb, placed.ends[limb])
    return joints


def _end_of(joints: np.ndarray, old: _Placed, new: _Placed, limb: int, share: float) -> np.ndarray:
    """Where a wrist or ankle is between two beats."""
    end = _LIMBS[limb][2]
    low = PALM if limb < 2 else _lowest(end, joints[TOES[limb - 2]] - joints[end])
    here = joints[end].copy()
    here[2] = max(here[2], low)
    if not (old.held[limb] or new.held[limb]):
        return here
    first = old.ends[limb] if old.held[limb] else here
    last = new.ends[limb] if new.held[limb] else here
    place = first + (last - first) * share
    far = float(np.linalg.norm((last - first)[:2]))
    if far > _STEP and not new.beat.slides:
        place[2] += min(0.35 * far, 0.14) * 4 * share * (1 - share)
    return np.array([*place[:2], max(place[2], low)])


def _lowest(ankle: int, foot: np.ndarray) -> float:
    """Height of an ankle whose foot is on the floor, from the way to its toe."""
    return float(max(RADII[ankle], RADII[TOES[0]] - foot[2]))


def reach(joints: np.ndarray, limb: int, end: np.ndarray) -> None:
    """Move a limb in place so that it ends there, bent as before, an elbow above the floor.

    Args:
        joints: ``(17, 3)`` meters, changed.
        limb: 0 left arm, 1 right arm, 2 left leg, 3 right leg.
        end: Where wrist or ankle should be; what is too far is reached for.
    """
    root, middle, tip, upper, lower = _LIMBS[limb]
    start = joints[root].copy()
    foot = joints[TOES[limb - 2]] - joints[tip] if limb >= 2 else None
    old, line = _unit(joints[tip] - start), _unit(end - start)
    distance = float(np.linalg.norm(end - start))
    distance = float(np.clip(distance, abs(upper - lower) + 0.02, 0.999 * (upper + lower)))
    along = (upper**2 - lower**2 + distance**2) / (2 * distance)
    radius = float(np.sqrt(max(upper**2 - along**2, 0.0)))
    bent = joints[middle] - start
    across = _turned(_unit(bent - (bent @ old) * old), old, line)
    center = start + along * line
    low = (RADII[middle] - center[2]) / max(radius, 1e-6)
    across = _unit(across - (across @ line) * line)
    # an elbow turns up where it has no room; for a knee the body has to rise
    joints[middle] = center + radius * (_above(across, line, low) if limb < 2 else across)
    joints[tip] = start + distance * line
    if foot is not None:
        joints[TOES[limb - 2]] = joints[tip] + foot


def _above(across: np.ndarray, line: np.ndarray, low: float) -> np.ndarray:
    """The unit vector nearest to ``across`` that is square to ``line`` and as high as ``low``."""
    if across[2] >= low:
        return across
    level = np.array([0.0, 0.0, 1.0]) - line[2] * line
    most = float(np.linalg.norm(level))
    if most < 1e-6:
        return across
    level, beside = level / most, cross(line, level / most)
    cos = min(low / most, 1.0)
    return cos * level + np.copysign(np.sqrt(1 - cos**2), across @ beside) * beside


def _turned(vector: np.ndarray, old: np.ndarray, new: np.ndarray) -> np.ndarray:
    """``vector`` turned as the shortest way from direction ``old`` to ``new`` turns."""
    axis, cos = cross(old, new), float(old @ new)
    return vector * cos + cross(axis, vector) + axis * (axis @ vector) / (1 + cos + 1e-6)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / (np.linalg.norm(vector) + 1e-9)


def mixed(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """Angles between two postures, or beyond the second."""
    return first + (second - first) * share
