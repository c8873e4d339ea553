"""A chair, sofa or bed to sit and lie on, put where a person needs it.

In: its kind, its place and which way it faces. Out: boxes in meters, square to the room.
"""

from __future__ import annotations

import numpy as np

from rendering.furniture import Box, chair
from rendering.plans import EDGE, SEAT
from rendering.skeleton import rotation

_TONES = [(0.12, 0.16, 0.2), (0.32, 0.27, 0.2), (0.2, 0.08, 0.07), (0.4, 0.4, 0.38)]
_DEPTH = {"sofa": 0.82, "bed": 1.4}


def seat_boxes(
    kind: str, spot: tuple[float, float], heading: float, seat: float, tone: int
) -> list[Box]:
    """Boxes of a ``"chair"``, a ``"sofa"`` or a ``"bed"``.

    Args:
        kind: Which.
        spot: Where the feet of who sits down are, meters.
        heading: Toward the back of the seat, degrees; a sofa's and bed's rounded to a right angle.
        seat: Height of the seat, meters.
        tone: Number of a color.
    """
    if kind == "chair":
        x, y, _ = np.array([*spot, 0.0]) + rotation("z", heading) @ [0.43 * seat / SEAT, 0.0, 0.0]
        return chair(x, y, heading + 180, seat)
    color = _TONES[tone % len(_TONES)]
    blocks = _sofa(seat, color) if kind == "sofa" else _bed(seat, color)
    turn = rotation("z", 90.0 * round(heading / 90.0))
    at = np.array([*spot, 0.0])
    boxes = []
    for block in blocks:
        corners = np.array([block.low, block.high]) @ turn.T + at
        low, high = np.round(corners.min(0), 6), np.round(corners.max(0), 6)
        boxes.append(Box(tuple(low), tuple(high), block.color, block.material, block.bevel))
    return boxes


def _sofa(seat: float, color: tuple[float, ...]) -> list[Box]:
    """Along y, its front at ``EDGE``, as seen by who faces -x before it."""
    dark, far = tuple(0.8 * value for value in color), EDGE + _DEPTH["sofa"]
    cushions = [
        Box((EDGE, y - 0.5, seat - 0.2), (far - 0.1, y + 0.5, seat), color, "fabric", 0.05)
        for y in (-0.5, 0.5)
    ]
    return [
        Box((EDGE + 0.03, -1.05, 0.06), (far, 1.05, seat - 0.18), dark, "fabric", 0.03),
        *cushions,
        Box((far - 0.12, -1.05, 0.2), (far + 0.08, 1.05, seat + 0.4), color, "fabric", 0.06),
        Box((EDGE, -1.15, 0.06), (far, -1.0, seat + 0.12), color, "fabric", 0.05),
        Box((EDGE, 1.0, 0.06), (far, 1.15, seat + 0.12), color, "fabric", 0.05),
    ]


def _bed(seat: float, color: tuple[float, ...]) -> list[Box]:
    wood, far = (0.3, 0.2, 0.12), EDGE + _DEPTH["bed"]
    pillow = (0.62, 0.6, 0.56)
    return [
        Box((EDGE + 0.02, -1.02, 0.08), (far, 1.02, seat - 0.2), wood, "grain", 0.01),
        Box((EDGE, -1.0, seat - 0.22), (far, 1.0, seat), color, "fabric", 0.05),
        Box(
            (EDGE + 0.1, 0.66, seat - 0.02), (far - 0.1, 0.98, seat + 0.06), pillow, "fabric", 0.04
        ),
        Box((EDGE, 1.0, 0.0), (far, 1.05, seat + 0.14), wood, "grain", 0.01),
    ]
