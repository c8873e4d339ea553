"""The volume of a person: rounded limbs, a trunk, a head with hair, hands and shoes.

In: ``(17, 3)`` joints. Out: round cones (two balls and the hull between them) with colors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rendering.skeleton import (
    ANKLES,
    CHEST,
    ELBOWS,
    HEAD,
    HIPS,
    KNEES,
    PELVIS,
    SHOULDERS,
    TOES,
    WRISTS,
    front_of,
)

Color = tuple[float, float, float]
SKIN, HAIR, SHIRT, SLEEVE, TROUSERS, SHOE = range(6)


@dataclass(frozen=True)
class Clothes:
    """Colors, linear RGB from 0 to 1, and build.

    Attributes:
        sleeves: Whether the forearms are covered.
        stripes: Strength of the shirt's stripes, 0 to 1.
        girth: Scale of the trunk's and limbs' thickness.
    """

    skin: Color = (0.56, 0.36, 0.26)
    hair: Color = (0.035, 0.025, 0.02)
    shirt: Color = (0.5, 0.08, 0.07)
    trousers: Color = (0.06, 0.08, 0.16)
    shoes: Color = (0.5, 0.5, 0.48)
    sleeves: bool = True
    stripes: float = 0.0
    girth: float = 1.0

    def palette(self) -> np.ndarray:
        """Colors ``(6, 3)`` by part."""
        sleeve = self.shirt if self.sleeves else self.skin
        parts = self.skin, self.hair, self.shirt, sleeve, self.trousers, self.shoes
        return np.array(parts, np.float32)


@dataclass(frozen=True)
class Cone:
    """A round cone from ball ``a`` to ball ``b``, meters, squeezed by ``flat`` along ``front``."""

    a: np.ndarray
    b: np.ndarray
    radius_a: float
    radius_b: float
    part: int
    flat: float = 1.0
    front: np.ndarray | None = None


def cones_of(joints: np.ndarray, girth: float = 1.0, scale: float = 1.0) -> list[Cone]:
    """Dress ``joints``; ``scale`` is the person's height over the skeleton's."""
    front = front_of(joints)
    cones: list[Cone] = []

    def add(
        a: np.ndarray, b: np.ndarray, ra: float, rb: float, part: int, flat: float = 1.0
    ) -> None:
        thick = scale * (girth if part not in (SKIN, HAIR, SHOE) else 1.0)
        cones.append(Cone(a, b, ra * thick, rb * thick, part, flat, front if flat != 1 else None))

    _trunk(joints, front, add, scale)
    _head(joints, front, add, scale)
    for side in (0, 1):
        _limbs(joints, side, front, add, scale)
    return cones


def _unit(vector: np.ndarray) -> np.ndarray:
    return np.asarray(vector / (np.linalg.norm(vector) + 1e-9))


def _trunk(j: np.ndarray, front: np.ndarray, add: Callable[..., None], scale: float) -> None:
    up = _unit(j[CHEST] - j[PELVIS])
    waist = j[PELVIS] + (0.2 * up + 0.01 * front) * scale
    ribs = j[CHEST] - (0.17 * up - 0.005 * front) * scale
    seat = j[PELVIS] + 0.03 * up * scale
    neck = j[CHEST] - 0.055 * up * scale
    side = 0.06 * np.cross(up, front) * scale
    across = 0.82 * (j[SHOULDERS[0]] - j[SHOULDERS[1]]) / 2
    add(seat + side, seat - side, 0.12, 0.12, TROUSERS, 0.85)
    add(seat + 0.06 * up * scale, waist, 0.142, 0.135, SHIRT, 0.75)
    add(waist, ribs, 0.135, 0.158, SHIRT, 0.72)
    add(ribs + side, ribs - side, 0.115, 0.115, SHIRT, 0.9)
    add(neck + across, neck - across, 0.068, 0.068, SHIRT)
    add(ribs + 0.05 * up * scale, neck + 0.01 * up * scale, 0.145, 0.085, SHIRT, 0.75)


def _limbs(
    j: np.ndarray, side: int, front: np.ndarray, add: Callable[..., None], scale: float
) -> None:
    shoulder, elbow, wrist = j[SHOULDERS[side]], j[ELBOWS[side]], j[WRISTS[side]]
    hip, knee, ankle, toe = j[HIPS[side]], j[KNEES[side]], j[ANKLES[side]], j[TOES[side]]
    along = _unit(wrist - elbow) * scale
    palm, tips = wrist + 0.05 * along, wrist + 0.125 * along + 0.012 * scale * front
    heel = ankle + (0.03 * _unit(ankle - knee) - 0.045 * _unit(toe - ankle)) * scale
    add(shoulder, elbow, 0.056, 0.042, SHIRT)
    add(elbow, wrist, 0.041, 0.03, SLEEVE)
    add(wrist, palm, 0.026, 0.037, SKIN)
    add(palm, tips, 0.036, 0.02, SKIN)
    add(hip, knee, 0.092, 0.062, TROUSERS)
    add(knee, ankle, 0.061, 0.048, TROUSERS)
    add(heel, toe, 0.043, 0.036, SHOE)
    add(ankle, toe, 0.048, 0.034, SHOE)


def _head(j: np.ndarray, front: np.ndarray, add: Callable[..., None], scale: float) -> None:
    rise = _unit(j[HEAD] - j[CHEST])
    face = _unit(front - (front @ rise) * rise)
    skull = j[HEAD] + (0.02 * rise - 0.008 * face) * scale
    jaw = j[HEAD] + (0.04 * face - 0.062 * rise) * scale
    nose = j[HEAD] + (0.1 * face - 0.015 * rise) * scale
    add(j[CHEST] - 0.03 * rise * scale, j[HEAD] - 0.05 * rise * scale, 0.058, 0.052, SKIN)
    add(skull, jaw, 0.086, 0.056, SKIN)
    add(nose, nose + 0.02 * rise * scale, 0.014, 0.01, SKIN)
    back = skull + (0.022 * rise - 0.022 * face) * scale
    add(back, back - (0.045 * rise + 0.01 * face) * scale, 0.09, 0.076, HAIR)
