"""Balance that is lost and found again while walking: a slip, a trip or a push that is caught.

In: the time to act, a walking speed and a random generator. Out: a ``Plan`` without a fall.
"""

from __future__ import annotations

import numpy as np

from rendering.gait import WALK_HEIGHT, Key
from rendering.plans import Plan
from rendering.skeleton import pose


def caught(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Jerk back, ahead or to a side, arms flung, knees bent; stand or walk on."""
    size, quick = rng.uniform(0.5, 1.3), rng.uniform(0.8, 1.3)
    way = str(rng.choice(["back", "ahead", "side"]))
    sign = float(rng.choice([-1.0, 1.0]))
    flung = pose(
        l_arm=rng.uniform(-40, 80), r_arm=rng.uniform(-40, 80), l_out=rng.uniform(10, 70),
        r_out=rng.uniform(10, 70), elbow=rng.uniform(5, 40),
    )  # fmt: skip
    lean = {
        "back": pose(pitch=-16, spine=-6, nod=14),
        "ahead": pose(pitch=24, spine=16, nod=-12),
        "side": pose(roll=15 * sign, bend=10 * sign),
    }[way]
    counter = {
        "back": pose(pitch=14, spine=14),
        "ahead": pose(pitch=-4),
        "side": pose(bend=-6 * sign),
    }
    sunk = WALK_HEIGHT - size * rng.uniform(0.06, 0.17)
    shift = {"back": -0.12, "ahead": 0.14, "side": 0.0}[way] * size
    across = 0.1 * sign * size if way == "side" else 0.0
    slid = 0.16 * size if way == "back" else 0.0
    first, second, last = (act + 0.3 / quick, act + 0.75 / quick, act + 1.5 / quick)
    keys = [
        Key(act),
        Key(first, sunk, shift, slid, angles=size * (lean + flung), across=across),
        Key(second, sunk + 0.03, -0.3 * shift, 0.0, angles=size * (counter[way] + 0.5 * flung)),
        Key(last),
    ]
    slowed = speed * rng.uniform(0.0, 0.5)
    stays = bool(rng.uniform() < 0.4)
    speeds = [(0.0, speed), (act, speed), (first, slowed if way != "ahead" else 1.2 * speed)]
    speeds += [(last, 0.0 if stays else slowed), (last + 1.0, 0.0 if stays else speed)]
    return Plan(speeds, [(0.0, 0.0)], keys)
