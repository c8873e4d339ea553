"""The volume of a person: rounded limbs, a trunk, a head with hair, hands and shoes.

In: ``(17, 3)`` joints. Out: round cones (two balls and the hull between them) with colours.
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

Colour = tuple[float, float, float]
SKIN, HAIR, SHIRT, SLEEVE, TROUSERS, SHOE, BELT = range(7)


@dataclass(frozen=True)
class Clothes:
    """Colours, linear RGB from 0 to 1, and build.

    Attributes:
        sleeves: Whether the forearms are covered.
        stripes: Strength of the shirt's stripes, 0 to 1.
        girth: Scale of the trunk's and limbs' thickness.
    """

    skin: Colour = (0.56, 0.36, 0.26)
    hair: Colour = (0.035, 0.025, 0.02)
    shirt: Colour = (0.5, 0.08, 0.07)
    trousers: Colour = (0.06, 0.08, 0.16)
    shoes: Colour = (0.5, 0.5, 0.48)
    sleeves: bool = True
    stripes: float = 0.0
    girth: float = 1.0

    def palette(self) -> np.ndarray:
        """Colours ``(7, 3)`` by part."""
        belt = tuple(0.4 * value for value in self.trousers)
        sleeve = self.shirt if self.sleeves else self.skin
        parts = self.skin, self.hair, self.shirt, sleeve, self.trousers, self.shoes, belt
        return np.array(parts, np.float32)


@dataclass(frozen=True)
class Cone:
    """A round cone from ball ``a`` to ball ``b``, metres, squeezed by ``flat`` along ``front``."""

    a: np.ndarray
    b: np.ndarray
    radius_a: float
    radius_b: float
    part: int
    flat: float = 1.0
    front: np.ndarray | None = None


def cones_of(joints: np.ndarray, girth: float = 1.0, scale: float = 1.0) -> list[Cone]:
    """Dress ``joints``; ``scale`` is the person's height over the skeleton's."""
    j, front = joints, front_of(joints)
    up = (j[CHEST] - j[PELVIS]) / (np.linalg.norm(j[CHEST] - j[PELVIS]) + 1e-9)
    left = np.cross(up, front)
    sizes: list[Cone] = []

    def add(
        a: np.ndarray, b: np.ndarray, ra: float, rb: float, part: int, flat: float = 1.0
    ) -> None:
        thick = scale * (girth if part not in (SKIN, HAIR, SHOE) else 1.0)
        sizes.append(Cone(a, b, ra * thick, rb * thick, part, flat, front if flat != 1 else None))

    waist = j[PELVIS] + (0.2 * up + 0.01 * front) * scale
    ribs = j[CHEST] - (0.17 * up - 0.005 * front) * scale
    seat = j[PELVIS] + 0.03 * up * scale
    side = 0.06 * left * scale
    add(seat + side, seat - side, 0.12, 0.12, TROUSERS, 0.85)
    add(seat + 0.06 * up * scale, waist, 0.142, 0.135, SHIRT, 0.75)
    add(waist, ribs, 0.135, 0.158, SHIRT, 0.72)
    add(ribs + side, ribs - side, 0.115, 0.115, SHIRT, 0.9)
    across = 0.82 * (j[SHOULDERS[0]] - j[SHOULDERS[1]]) / 2
    neck = j[CHEST] - 0.055 * up * scale
    add(neck + across, neck - across, 0.068, 0.068, SHIRT)
    add(ribs + 0.05 * up * scale, neck + 0.01 * up * scale, 0.145, 0.085, SHIRT, 0.75)
    _head(j, front, add, scale)
    for s in (0, 1):
        add(j[SHOULDERS[s]], j[ELBOWS[s]], 0.056, 0.042, SHIRT)
        add(j[ELBOWS[s]], j[WRISTS[s]], 0.041, 0.03, SLEEVE)
        along = (j[WRISTS[s]] - j[ELBOWS[s]]) / (np.linalg.norm(j[WRISTS[s]] - j[ELBOWS[s]]) + 1e-9)
        palm, tips = j[WRISTS[s]] + 0.05 * scale * along, j[WRISTS[s]] + 0.125 * scale * along
        add(j[WRISTS[s]], palm, 0.026, 0.037, SKIN)
        add(palm, tips + 0.012 * scale * front, 0.036, 0.02, SKIN)
        add(j[HIPS[s]], j[KNEES[s]], 0.092, 0.062, TROUSERS)
        add(j[KNEES[s]], j[ANKLES[s]], 0.061, 0.048, TROUSERS)
        toe, ankle = j[TOES[s]], j[ANKLES[s]]
        foot = (toe - ankle) / (np.linalg.norm(toe - ankle) + 1e-9)
        shin = (ankle - j[KNEES[s]]) / (np.linalg.norm(ankle - j[KNEES[s]]) + 1e-9)
        heel = ankle + (0.03 * shin - 0.045 * foot) * scale
        add(heel, toe, 0.043, 0.036, SHOE)
        add(ankle, toe, 0.048, 0.034, SHOE)
    return sizes


def _head(j: np.ndarray, front: np.ndarray, add: Callable[..., None], scale: float) -> None:
    rise = j[HEAD] - j[CHEST]
    rise = rise / (np.linalg.norm(rise) + 1e-9)
    face = front - (front @ rise) * rise
    face = face / (np.linalg.norm(face) + 1e-9)
    skull = j[HEAD] + (0.02 * rise - 0.008 * face) * scale
    jaw = j[HEAD] + (0.04 * face - 0.062 * rise) * scale
    nose = j[HEAD] + (0.1 * face - 0.015 * rise) * scale
    add(j[CHEST] - 0.03 * rise * scale, j[HEAD] - 0.05 * rise * scale, 0.058, 0.052, SKIN)
    add(skull, jaw, 0.086, 0.056, SKIN)
    add(nose, nose + 0.02 * rise * scale, 0.014, 0.01, SKIN)
    back = skull + (0.022 * rise - 0.022 * face) * scale
    add(back, back - (0.045 * rise + 0.01 * face) * scale, 0.09, 0.076, HAIR)
