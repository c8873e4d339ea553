"""Plans that bring a person near the floor, or off it, of their own will.

In: the time to act, a walking speed and a random generator. Out: a ``Plan``.
"""

from __future__ import annotations

import numpy as np

from rendering.gait import WALK_HEIGHT, Key
from rendering.plans import Plan, flat_on_bed, half_on_bed, rising, seated
from rendering.skeleton import pose

_LETTERS = "lr"


def pick_up(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Bend over or squat, put one hand to the floor, come up again."""
    length, stay = rng.uniform(0.55, 1.2), rng.uniform(0.1, 0.6)
    hand, other = _hands(rng)
    if rng.uniform() < 0.5:
        lean = rng.uniform(95, 108)
        bent = pose(pitch=0.4 * lean, spine=0.6 * lean, nod=-15)
        bent += pose(**{hand + "arm": lean + 6, other + "arm": 0.5 * lean, other + "elbow": 55})
        low = Key(0.0, rng.uniform(0.66, 0.76), -0.2, angles=bent)
    else:
        bent = pose(pitch=20, spine=50, nod=5)
        bent += pose(**{hand + "arm": 58, other + "arm": 40, other + "elbow": 70})
        low = Key(0.0, rng.uniform(0.42, 0.5), -0.18, angles=bent)
    down = act + 0.1 + length
    held = pose(**{hand + "arm": 18, hand + "elbow": rng.uniform(30, 80)})
    up = down + stay + rng.uniform(0.8, 1.2) * length
    keys = [Key(act + 0.1), _at(low, down), _at(low, down + stay), Key(up, angles=held)]
    return Plan(_stop_and_go(act, up, speed), [(0.0, 0.0)], keys)


def squat(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Squat, deep or less so, as to tie a shoe; the hands work; perhaps come up again."""
    length, height = rng.uniform(0.6, 1.3), rng.uniform(0.3, 0.45)
    bent = pose(pitch=22, spine=40, nod=18, arm=rng.uniform(48, 60), elbow=rng.uniform(0, 25))
    pull = pose(l_elbow=22, r_elbow=18, turn=8, out=8)
    down, work = act + 0.1 + length, rng.uniform(0.25, 0.4)
    low = Key(0.0, height, -0.2, angles=bent)
    keys = [Key(act + 0.1), _at(low, down)]
    for count in range(int(rng.integers(2, 5))):
        moved = low.angles + (pull if count % 2 == 0 else 0.0)
        keys.append(Key(down + (count + 1) * work, height, -0.2, angles=moved))
    up = keys[-1].time + rng.uniform(0.6, 1.2)
    keys.append(Key(up))
    return Plan(_stop_and_go(act, up, speed), [(0.0, 0.0)], keys)


def sit_floor(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Sit down on the floor, stay a moment, get up again."""
    pace, stay = rng.uniform(0.55, 1.1), rng.uniform(0.4, 1.4)
    down = _down_to_sitting(act + 0.1, pace, rng)
    last = down[-1]
    up = last.time + stay
    bent = pose(pitch=14, spine=36, arm=-10, out=15, elbow=20)
    keys = [
        *down, Key(up, last.height, last.shift, last.feet, last.tilt, last.angles),
        Key(up + 0.7 * pace, 0.36, -0.24, 0.05, angles=bent), Key(up + 1.5 * pace),
    ]  # fmt: skip
    return Plan(_stop_and_go(act, up + 1.5 * pace, speed), [(0.0, 0.0)], keys)


def kneel(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Go down on one knee, or on both, stay, and perhaps get up again."""
    pace, side = rng.uniform(0.6, 1.2), int(rng.integers(2))
    one = tuple(1.0 if side == index else 0.0 for index in (0, 1))
    name = _LETTERS[side] + "_"
    shin = pose(**{name + "hip": 0, name + "knee": 92, name + "ankle": 62})
    lean = rng.uniform(0, 22)
    arms = pose(arm=rng.uniform(5, 45) + lean, elbow=rng.uniform(10, 70), spine=lean, nod=8)
    bent = pose(pitch=6, spine=24, arm=25, elbow=25)
    down = act + 0.1 + 1.1 * pace
    first = Key(down, 0.5, -0.12, angles=shin + arms, free=one)
    keys = [Key(act + 0.1), Key(act + 0.1 + 0.5 * pace, 0.68, -0.1, angles=bent), first]
    if rng.uniform() < 0.6:
        both = arms + pose(knee=92, ankle=62)
        sunk = rng.uniform(0, 1)
        keys.append(Key(down + 0.6 * pace, 0.5, -0.06, angles=both, free=(1.0, 1.0)))
        keys.append(_on_heels(down + 1.3 * pace, arms, sunk))
        if rng.uniform() < 0.4:
            return Plan(_stop_and_go(act, None, speed), [(0.0, 0.0)], keys)
        keys.append(Key(down + 2.0 * pace, 0.5, -0.06, angles=both, free=(1.0, 1.0)))
    end = keys[-1].time + rng.uniform(0.1, 0.8)
    keys.append(Key(end, 0.5, -0.12, angles=shin + arms, free=one))
    keys.append(Key(end + 1.0 * pace))
    return Plan(_stop_and_go(act, end + 1.0 * pace, speed), [(0.0, 0.0)], keys)


def jump(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Jump on the spot two or three times."""
    keys, time = [Key(act + 0.1)], act + 0.1
    for _ in range(int(rng.integers(2, 4))):
        rise, dip = rng.uniform(0.12, 0.32), rng.uniform(0.12, 0.28)
        flight = float(np.sqrt(2 * rise / 9.81))
        bent = pose(pitch=10, spine=rng.uniform(8, 22), arm=rng.uniform(-45, 0), elbow=20)
        up = pose(spine=-4, arm=rng.uniform(10, 140), elbow=20, hip=6, knee=14, ankle=30)
        keys += [
            Key(time + 0.3, WALK_HEIGHT - dip, -0.06, angles=bent),
            Key(time + 0.3 + 1.7 * flight, WALK_HEIGHT + rise, angles=up, free=(1.0, 1.0)),
            Key(time + 0.3 + 3.0 * flight, WALK_HEIGHT - 0.6 * dip, -0.05, angles=0.6 * bent),
        ]
        time = keys[-1].time + rng.uniform(0.0, 0.3)
    keys.append(Key(time + 0.5))
    return Plan(_stop_and_go(act, time + 0.5, speed), [(0.0, 0.0)], keys)


def get_up(act: float, speed: float, rng: np.random.Generator) -> Plan:
    """Get up from lying on the floor or on a bed, and walk away."""
    pace = rng.uniform(0.7, 1.2)
    start = act - rng.uniform(0.4, 1.0)
    if rng.uniform() < 0.5:
        return _out_of_bed(start, pace, speed, rng)
    down = _down_to_sitting(0.0, 1.0, rng)[-1]
    flat = pose(pitch=-88, nod=6, arm=rng.uniform(0, 30), out=25, elbow=25)
    half = pose(pitch=-42, spine=12, nod=12, arm=-25, out=22, elbow=45)
    bent = pose(pitch=14, spine=36, arm=-10, out=15, elbow=20)
    sitting, gone = start + 1.5 * pace, start + 3.2 * pace
    keys = [
        Key(start, 0.12, -0.5, 0.22, -50, flat),
        Key(start + 0.8 * pace, 0.12, -0.5, 0.1, -15, half),
        _at(down, sitting), Key(sitting + 0.8 * pace, 0.36, -0.24, 0.05, angles=bent), Key(gone),
    ]  # fmt: skip
    return Plan([(gone - 0.2, 0.0), (gone + 0.6, speed)], [(0.0, 0.0)], keys)


def _out_of_bed(start: float, pace: float, speed: float, rng: np.random.Generator) -> Plan:
    left, sat = bool(rng.integers(2)), start + 1.4 * pace
    lying = 270.0 if left else 90.0
    keys = [
        flat_on_bed(start, left, rng), half_on_bed(start + 0.7 * pace, left, rng),
        seated(sat, rng), *rising(sat + 0.2, 1.1 * pace, rng),
    ]  # fmt: skip
    gone = keys[-1].time
    return Plan(
        [(gone - 0.2, 0.0), (gone + 0.6, speed)],
        [(start + 0.2 * pace, lying), (sat, 180.0)],
        keys,
        "bed" if rng.uniform() < 0.5 else "sofa",
    )


def _down_to_sitting(start: float, pace: float, rng: np.random.Generator) -> list[Key]:
    bent = pose(pitch=12, spine=30, arm=10, elbow=20, out=15)
    propped = rng.uniform(0, 1)
    arms = propped * pose(arm=-28, out=18, elbow=15) + (1 - propped) * pose(arm=38, elbow=45)
    sitting = pose(pitch=-8 - 6 * propped, spine=18) + arms
    feet = rng.uniform(0.0, 0.16)
    return [
        Key(start), Key(start + 1.0 * pace, 0.36, -0.24, 0.03, angles=bent),
        Key(start + 1.7 * pace, 0.12, -0.45, feet, -15 if feet > 0.05 else 0, sitting),
    ]  # fmt: skip


def _on_heels(time: float, arms: np.ndarray, sunk: float) -> Key:
    """Kneeling, and sunk by 0 to 1 from upright down to the heels."""
    hip = 52 * sunk
    legs = pose(pitch=0, hip=hip, knee=92 + hip, ankle=62)
    height = 0.07 + 0.43 * float(np.cos(np.radians(hip)))
    back = -0.06 - 0.43 * float(np.sin(np.radians(hip)))
    return Key(time, height, back, angles=arms + legs, free=(1.0, 1.0))


def _at(key: Key, time: float) -> Key:
    return Key(time, key.height, key.shift, key.feet, key.tilt, key.angles, key.across, key.free)


def _hands(rng: np.random.Generator) -> tuple[str, str]:
    first = int(rng.integers(2))
    return _LETTERS[first] + "_", _LETTERS[1 - first] + "_"


def _stop_and_go(act: float, gone: float | None, speed: float) -> list[tuple[float, float]]:
    """Stop to act and, if there is a ``gone``, walk on then."""
    stop = [(act - 0.6, speed), (act + 0.1, 0.0)]
    return stop if gone is None else [*stop, (gone, 0.0), (gone + 0.7, speed)]
