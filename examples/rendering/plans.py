"""What a plan of an action is, and the plans that need a chair, a sofa or a bed.

In: the time to act, a walking speed and a random generator. Out: a ``Plan``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rendering.gait import Key
from rendering.skeleton import pose

SEAT = 0.45
# A seat or bed begins this far behind the feet, meters.
EDGE = 0.14


@dataclass(frozen=True)
class Plan:
    """What a walker is asked to do.

    Attributes:
        speeds: ``(time, m/s)`` points.
        headings: ``(time, degrees)`` points.
        keys: Poses on top of walking.
        support: ``"chair"``, ``"sofa"``, ``"bed"`` or ``""``.
    """

    speeds: list[tuple[float, float]]
    headings: list[tuple[float, float]]
    keys: list[Key]
    support: str = ""


Planner = Callable[[float, float, np.random.Generator], Plan]


def seated(time: float, rng: np.random.Generator, shift: float = -0.4) -> Key:
    """A person who sits and leans as ``rng`` says."""
    lean, arm = rng.uniform(-12, 10), rng.uniform(12, 40)
    angles = pose(spine=lean, arm=arm, elbow=rng.uniform(25, 65), nod=8, turn=rng.uniform(-25, 25))
    return Key(time, SEAT + 0.1, shift, angles=angles)


def sit_fast(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Turn round and drop onto a chair or a sofa."""
    return _drop(act, speed, rng, 0.42, 0.8)


def sit_hard(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Turn round and let oneself fall onto a chair or a sofa."""
    return _drop(act, speed, rng, 0.26, 0.4)


def _drop(act: float, speed: float, rng: np.random.Generator, least: float, most: float) -> Plan:
    """Sit down within so many seconds."""
    support = "chair" if rng.uniform() < 0.5 else "sofa"
    turn, down = rng.uniform(0.7, 1.1), act + rng.uniform(0.75, 1.0)
    length = rng.uniform(least, most)
    back = rng.uniform(0, 22) if support == "sofa" else rng.uniform(0, 6)
    flung = pose(pitch=-back, spine=-4, arm=rng.uniform(0, 50), out=rng.uniform(5, 45), elbow=30)
    start = seated(down + length, rng)
    deep = Key(start.time, SEAT + 0.07, -0.42 - 0.004 * back, angles=start.angles + flung)
    lean = pose(pitch=10, spine=rng.uniform(8, 26), arm=rng.uniform(-10, 30), elbow=25)
    rest = seated(start.time + rng.uniform(0.5, 1.6), rng, deep.shift)
    keys = [
        Key(down), Key(down + 0.6 * length, 0.7, -0.3, angles=lean), deep,
        Key(start.time + 0.25, SEAT + 0.1, deep.shift, angles=deep.angles), rest,
    ]  # fmt: skip
    return Plan(_stop(act, speed), [(act - 0.1, 0.0), (act + turn, 180.0)], keys, support)


def stand_up(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Get up from a chair or a sofa and walk away, to any side."""
    length, away = rng.uniform(0.7, 1.5), rng.uniform(-70, 70)
    keys = [seated(0.0, rng), seated(act - rng.uniform(0.3, 0.8), rng), *rising(act, length, rng)]
    gone = act + length
    return Plan(
        [(gone - 0.2, 0.0), (gone + 0.6, speed)],
        [(gone - 0.3, 180.0), (gone + 1.0, 180.0 + away)],
        keys,
        "chair" if rng.uniform() < 0.5 else "sofa",
    )


def rising(start: float, length: float, rng: np.random.Generator) -> list[Key]:
    """Two keys from sitting to standing: bent over the feet, then upright."""
    lean = pose(pitch=12, spine=rng.uniform(18, 40), arm=rng.uniform(-20, 40), elbow=30)
    return [Key(start + 0.5 * length, 0.66, -0.26, angles=lean), Key(start + length)]


def lie_bed(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Sit down on a bed or sofa, then lie down along it."""
    return _lie_along(act, speed, rng, rng.uniform(0.85, 1.2), rng.uniform(0.1, 0.5))


def nap(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Lie down on a bed or sofa, soon, stay a moment, and get up again."""
    pace, act = rng.uniform(0.55, 0.95), min(act, rng.uniform(0.7, 1.2))
    plan = _lie_along(act, speed, rng, pace, rng.uniform(0.0, 0.3))
    left = plan.headings[-1][1] > 180
    wakes = plan.keys[-1].time + rng.uniform(-0.9, 0.6)
    sat = wakes + 1.4 * pace
    keys = [
        *plan.keys[:-1], flat_on_bed(wakes, left, rng), half_on_bed(wakes + 0.7 * pace, left, rng),
        seated(sat, rng), *rising(sat + 0.2, rng.uniform(0.8, 1.2), rng),
    ]  # fmt: skip
    headings = [*plan.headings, (wakes + 0.2 * pace, plan.headings[-1][1]), (sat, 180.0)]
    gone = keys[-1].time
    return Plan([*plan.speeds, (gone, 0.0), (gone + 0.7, speed)], headings, keys, plan.support)


def lie_fast(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Throw oneself onto a bed or sofa, along it or backwards across it."""
    pace = rng.uniform(0.4, 0.65)
    if rng.uniform() < 0.5:
        return _lie_along(act, speed, rng, pace, 0.0)
    down = act + 0.8
    drop = pose(pitch=-12, spine=12, arm=rng.uniform(0, 60), out=20, elbow=25)
    half = pose(pitch=-30, spine=-4, nod=14, arm=rng.uniform(20, 90), out=25, elbow=25)
    flat = pose(pitch=-84, nod=8, arm=rng.uniform(0, 140), out=rng.uniform(20, 60), elbow=30)
    at = down + 1.1 * pace
    keys = [
        Key(down), Key(down + 0.6 * pace, 0.72, -0.26, angles=drop),
        Key(at, SEAT + 0.12, -0.42, angles=half),
        Key(at + 0.6 * pace, SEAT + 0.13, -0.45, angles=flat),
        Key(at + 0.6 * pace + 1.0, SEAT + 0.13, -0.47, angles=flat + pose(turn=20, arm=8)),
    ]  # fmt: skip
    return Plan(_stop(act, speed), [(act - 0.1, 0.0), (act + 0.8, 180.0)], keys, "bed")


def flat_on_bed(time: float, left: bool, rng: np.random.Generator) -> Key:
    """Lying along a bed whose edge is to the right (``left``) or the left of the person."""
    low, high = pose(hip=10, knee=18, spread=4), pose(hip=48, knee=80, spread=8)
    share = rng.uniform(0, 1)
    arms = pose(arm=rng.uniform(0, 25), out=rng.uniform(8, 25), elbow=rng.uniform(15, 70))
    angles = pose(pitch=-86, nod=10) + arms + low + share * (high - low)
    return Key(time, SEAT + 0.13, 0.0, 0.0, 0.0, angles, 0.5 if left else -0.5, (1.0, 1.0))


def half_on_bed(time: float, left: bool, rng: np.random.Generator) -> Key:
    """Between sitting on the edge and lying: propped on the arms, the legs coming up."""
    angles = pose(pitch=-46, spine=10, nod=12, hip=62, knee=70, arm=-22, out=20, elbow=30)
    shift, across = rng.uniform(-0.22, -0.15), 0.32 if left else -0.32
    return Key(time, SEAT + 0.12, shift, 0.0, 0.0, angles, across, (0.85, 0.85))


def _lie_along(
    act: float, speed: float, rng: np.random.Generator, pace: float, pause: float
) -> Plan:
    left, support = bool(rng.integers(2)), "bed" if rng.uniform() < 0.5 else "sofa"
    down, length = act + 0.9, 1.0 * pace
    turn = down + length + pause
    lean = pose(pitch=12, spine=24, arm=20, elbow=25)
    seat = seated(down + length, rng)
    keys = [Key(down), Key(down + 0.6 * length, 0.7, -0.3, angles=lean), seat]
    if pause:
        keys.append(Key(turn, seat.height, seat.shift, angles=seat.angles))
    keys += [
        half_on_bed(turn + 0.75 * pace, left, rng),
        flat_on_bed(turn + 1.45 * pace, left, rng),
        flat_on_bed(turn + 1.45 * pace + 1.2, left, rng),
    ]
    lying = 270.0 if left else 90.0
    headings = [(act - 0.1, 0.0), (act + 0.9, 180.0), (turn, 180.0), (turn + 1.2 * pace, lying)]
    return Plan(_stop(act, speed), headings, keys, support)


def _stop(act: float, speed: float) -> list[tuple[float, float]]:
    return [(act - 0.6, speed), (act + 0.1, 0.0)]
