"""What stands in a room, as blocks: walls, sofa, shelf, door, window, sideboard, table, chair.

In: a random generator. Out: boxes in meters; x to the right, y away from the camera, z up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

LEFT, RIGHT, BACK, CEILING = -3.3, 3.3, 6.2, 2.75
FRONT = -1.0  # behind the camera, unless it is put elsewhere


@dataclass(frozen=True)
class Box:
    """A block from corner ``low`` to corner ``high``, meters, with rounded edges."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    color: tuple[float, ...]
    material: str = "paint"
    bevel: float = 0.006


def shell(rng: np.random.Generator) -> list[Box]:
    """Floor, walls and ceiling; the floor comes first, then the four that cast no shadow."""
    floor = str(rng.choice(["wood", "wood", "tiles"]))
    wood = tuple(np.array([0.34, 0.19, 0.095]) * rng.uniform(0.7, 1.25))
    tile = tuple(np.array([0.44, 0.41, 0.37]) * rng.uniform(0.7, 1.1))
    walls = [(0.62, 0.58, 0.5), (0.5, 0.55, 0.56), (0.64, 0.62, 0.6), (0.5, 0.53, 0.44)]
    wall = walls[rng.integers(len(walls))]
    side = tuple(0.92 * value for value in wall)
    return [
        Box((LEFT, FRONT, -0.2), (RIGHT, BACK, 0), wood if floor == "wood" else tile, floor, 0),
        Box((LEFT, BACK, 0), (RIGHT, BACK + 0.2, CEILING), wall, "plaster", 0),
        Box((LEFT - 0.2, FRONT, 0), (LEFT, BACK, CEILING), side, "plaster", 0),
        Box((RIGHT, FRONT, 0), (RIGHT + 0.2, BACK, CEILING), side, "plaster", 0),
        Box((LEFT, FRONT, CEILING), (RIGHT, BACK, CEILING + 0.2), (0.75, 0.74, 0.72), "plaster", 0),
        Box((LEFT, BACK - 0.015, 0), (RIGHT, BACK, 0.09), (0.68, 0.66, 0.62)),
    ]


def furniture(rng: np.random.Generator) -> list[Box]:
    """Three things along the back wall, perhaps a table and a rug."""
    places = [-2.35, -0.3, 1.95] if rng.uniform() < 0.5 else [-2.0, 0.35, 2.4]
    makers = [_sofa, _shelf, _door, _window, _sideboard]
    order = rng.permutation(len(makers))[:3]
    boxes: list[Box] = []
    for x, maker in zip(places, order, strict=True):
        boxes += makers[maker](x + rng.uniform(-0.12, 0.12), rng)
    if rng.uniform() < 0.7:
        boxes += _table(float(rng.choice([-2.75, 2.75])), rng.uniform(4.9, 5.3))
    if rng.uniform() < 0.5:
        color = _muted(rng, 0.06, 0.42)
        boxes.append(Box((-1.3, 4.75, 0), (1.1, 5.9, 0.008), color, "rug", 0))
    return boxes


def _sofa(x: float, rng: np.random.Generator) -> list[Box]:
    tone = np.array([(0.12, 0.16, 0.2), (0.32, 0.27, 0.2), (0.2, 0.08, 0.07)][rng.integers(3)])
    c, y, bevel = tuple(tone), BACK - 0.95, 0.07
    cushions = [
        Box((x + s - 0.36, y + 0.02, 0.26), (x + s + 0.36, y + 0.7, 0.46), c, "fabric", bevel)
        for s in (-0.37, 0.37)
    ]
    backs = [
        Box((x + s - 0.36, y + 0.6, 0.4), (x + s + 0.36, y + 0.85, 0.82), c, "fabric", bevel)
        for s in (-0.37, 0.37)
    ]
    pillow = Box(
        (x - 0.7, y + 0.4, 0.45), (x - 0.32, y + 0.6, 0.78), (0.55, 0.42, 0.14), "fabric", 0.08
    )
    return [
        Box((x - 0.95, y, 0.06), (x + 0.95, y + 0.9, 0.28), tuple(0.8 * tone), "fabric", 0.03),
        Box((x - 0.98, y, 0.06), (x - 0.74, y + 0.9, 0.62), c, "fabric", bevel),
        Box((x + 0.74, y, 0.06), (x + 0.98, y + 0.9, 0.62), c, "fabric", bevel),
        *cushions, *backs, pillow,
        Box((x - 0.5, BACK - 0.03, 1.25), (x + 0.5, BACK, 1.9), (0.06, 0.04, 0.03)),
        Box((x - 0.46, BACK - 0.035, 1.29), (x + 0.46, BACK, 1.86), (0.4, 0.36, 0.3), "picture", 0),
    ]  # fmt: skip


def _muted(rng: np.random.Generator, low: float, high: float) -> tuple[float, ...]:
    color = rng.uniform(low, high, 3)
    return tuple(0.4 * color + 0.6 * color.mean())


def _shelf(x: float, rng: np.random.Generator) -> list[Box]:
    c, y = (0.3, 0.19, 0.11), BACK - 0.32
    boxes = [
        Box((x - 0.5, BACK - 0.04, 0), (x + 0.5, BACK - 0.01, 1.9), (0.2, 0.13, 0.08), "grain")
    ]
    boxes += [Box((x + s - 0.02, y, 0), (x + s + 0.02, BACK, 1.9), c, "grain") for s in (-0.5, 0.5)]
    for z in (0.05, 0.42, 0.79, 1.16, 1.53, 1.88):
        boxes.append(Box((x - 0.5, y, z - 0.015), (x + 0.5, BACK, z + 0.015), c, "grain"))
    for z in (0.065, 0.435, 0.805, 1.175, 1.545):
        wide = rng.uniform(0.45, 0.9)
        low, high = (
            (x - 0.46, y + 0.06, z),
            (x - 0.46 + wide, BACK - 0.05, z + rng.uniform(0.2, 0.29)),
        )
        boxes.append(Box(low, high, (0.4, 0.4, 0.4), "books"))
    return boxes


def _door(x: float, rng: np.random.Generator) -> list[Box]:
    c = (0.5, 0.47, 0.42) if rng.uniform() < 0.5 else (0.28, 0.17, 0.1)
    panels = [
        Box((x + s - 0.15, BACK - 0.05, z), (x + s + 0.15, BACK - 0.02, z + 0.75), c, "grain", 0.02)
        for s in (-0.2, 0.2) for z in (0.15, 1.08)
    ]  # fmt: skip
    frame = tuple(min(1.15 * value, 0.8) for value in c)
    return [
        Box((x - 0.52, BACK - 0.02, 0), (x + 0.52, BACK, 2.12), frame),
        Box((x - 0.43, BACK - 0.035, 0), (x + 0.43, BACK, 2.03), c, "grain"),
        *panels,
        Box((x + 0.32, BACK - 0.1, 0.99), (x + 0.4, BACK - 0.04, 1.03), (0.55, 0.52, 0.45)),
    ]


def _window(x: float, rng: np.random.Generator) -> list[Box]:
    c = _muted(rng, 0.12, 0.6)
    curtains = [
        Box((x + s - 0.2, BACK - 0.12, 0.3), (x + s + 0.2, BACK - 0.06, 2.3), c, "curtain", 0.02)
        for s in (-0.75, 0.75)
    ]
    return [
        Box((x - 0.6, BACK - 0.01, 0.95), (x + 0.6, BACK, 2.15), (0.8, 0.86, 0.92), "sky", 0),
        Box((x - 0.02, BACK - 0.03, 0.95), (x + 0.02, BACK, 2.15), (0.7, 0.7, 0.7)),
        Box((x - 0.66, BACK - 0.05, 0.88), (x + 0.66, BACK, 0.95), (0.7, 0.7, 0.7)),
        *curtains,
    ]


def _sideboard(x: float, rng: np.random.Generator) -> list[Box]:
    c, y = tuple(np.array([0.36, 0.25, 0.16]) * rng.uniform(0.5, 1.2)), BACK - 0.42
    doors = [
        Box((x + s - 0.31, y - 0.015, 0.12), (x + s + 0.31, y, 0.66), c, "grain", 0.012)
        for s in (-0.33, 0.33)
    ]
    return [
        Box((x - 0.7, y, 0.08), (x + 0.7, BACK, 0.72), tuple(0.9 * v for v in c), "grain"),
        *doors,
        Box((x - 0.5, BACK - 0.2, 0.78), (x + 0.5, BACK - 0.15, 1.38), (0.012, 0.012, 0.015)),
        Box((x - 0.12, BACK - 0.26, 0.72), (x + 0.12, BACK - 0.12, 0.79), (0.02, 0.02, 0.02)),
    ]


def _table(x: float, y: float) -> list[Box]:
    c = (0.34, 0.22, 0.13)
    legs = [
        Box((x + s, y + d, 0), (x + s + 0.05, y + d + 0.05, 0.72), c, "grain")
        for s in (-0.42, 0.37) for d in (-0.3, 0.25)
    ]  # fmt: skip
    vase = Box(
        (x - 0.06, y - 0.06, 0.76), (x + 0.06, y + 0.06, 0.98), (0.12, 0.25, 0.3), "paint", 0.05
    )
    return [*legs, Box((x - 0.47, y - 0.35, 0.72), (x + 0.47, y + 0.35, 0.76), c, "grain"), vase]


def chair(x: float, y: float, heading: float, seat: float) -> list[Box]:
    """A stool with an upholstered seat at ``(x, y)``, big enough for any heading."""
    c = (0.3, 0.2, 0.12)
    legs = [
        Box((x + s - 0.02, y + d - 0.02, 0), (x + s + 0.02, y + d + 0.02, seat - 0.06), c, "grain")
        for s in (-0.19, 0.19) for d in (-0.19, 0.19)
    ]  # fmt: skip
    top = Box(
        (x - 0.23, y - 0.23, seat - 0.08),
        (x + 0.23, y + 0.23, seat),
        (0.16, 0.2, 0.17),
        "fabric",
        0.03,
    )
    ahead = 1.0 if np.cos(np.radians(heading)) > 0 else -1.0
    edge = sorted((x - ahead * 0.25, x - ahead * 0.21))
    back = Box((edge[0], y - 0.2, seat - 0.05), (edge[1], y + 0.2, seat + 0.42), c, "grain", 0.015)
    return [*legs, top, back]
