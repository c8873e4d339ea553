"""What a person does in a clip: the actions, each with its true event.

In: an action, its duration and a random generator. Out: joints at ``RATE`` and events in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rendering import floorwork, plans
from rendering.caught import caught
from rendering.exercises import EXERCISES
from rendering.falls import fall
from rendering.gait import RATE, Key, Walker
from rendering.keyframes import Performer
from rendering.living import LIVING
from rendering.plans import SEAT, Planner
from rendering.riders import Cyclist, Skater
from rendering.skeleton import pose
from rendering.spills import SPILLS, Mover, spill
from rendering.stumbles import KINDS, stumble

_OLD_FALLS = ("slip", "trip", "faint")
_OLD_OTHERS = ("walk", "sit", "crouch", "lie")
_PLANS: dict[str, Planner] = {
    "sit-fast": plans.sit_fast,
    "stand-up": plans.stand_up,
    "lie-bed": plans.lie_bed,
    "lie-fast": plans.lie_fast,
    "pick-up": floorwork.pick_up,
    "squat": floorwork.squat,
    "sit-floor": floorwork.sit_floor,
    "kneel": floorwork.kneel,
    "jump": floorwork.jump,
    "get-up": floorwork.get_up,
    "sit-hard": plans.sit_hard,
    "nap": plans.nap,
    "caught": caught,
}
_BEATS = {**EXERCISES, **LIVING}
_RIDERS = {"ride": Cyclist, "glide": Skater}
FALLS = (*_OLD_FALLS, *KINDS, *SPILLS)
# what is repeated, or has an end to wait for: worth more seconds
LASTING = (*_BEATS, "nap")
# what makes no sense without a bicycle or ice, which no picture shows
UNSEEN = ("bicycle", "skates", *_RIDERS)
ACTIONS = (*_OLD_FALLS, *_OLD_OTHERS, *KINDS, *_PLANS, *SPILLS, *_BEATS, *_RIDERS)


@dataclass(frozen=True)
class Motion:
    """A person's movement in their own frame: they walk along +x and act at x = 0.

    Attributes:
        joints: ``(steps, 17, 3)`` meters at ``rate`` per second.
        events: ``(start, end)`` of falls, seconds.
        support: What stands behind x = 0: ``"chair"``, ``"sofa"``, ``"bed"`` or ``""``.
        rate: Of ``joints``.
    """

    joints: np.ndarray
    events: tuple[tuple[float, float], ...]
    support: str = ""
    rate: float = RATE

    def at(self, time: float) -> np.ndarray:
        """Joints ``(17, 3)`` at ``time`` seconds, interpolated."""
        place = min(max(time * self.rate, 0.0), len(self.joints) - 1.001)
        first = int(place)
        share = place - first
        return self.joints[first] * (1 - share) + self.joints[first + 1] * share


def make_motion(
    action: str, duration: float, rng: np.random.Generator, rate: float = RATE
) -> Motion:
    """Choreograph ``action``, one of ``ACTIONS``, acting after about 0.37 of ``duration``."""
    if action not in ACTIONS:
        raise ValueError(f"unknown action {action!r}; choose from {', '.join(ACTIONS)}")
    act = 0.37 * duration + rng.uniform(-0.3, 0.3)
    speed, step = rng.uniform(1.0, 1.2), rng.uniform(0.48, 0.54)
    style = rng.uniform(0.8, 1.2)
    times = np.arange(int(duration * rate) + 2) / rate
    if action in SPILLS:
        joints, event, support = spill(action, duration, act, rng, rate)
        return Motion(joints, (event,), support, rate)
    if action in _BEATS or action in _RIDERS:
        mover: Mover = (
            Performer(_BEATS[action](rng), duration + 1, rng)
            if action in _BEATS
            else _RIDERS[action](rng, act)
        )
        return Motion(np.stack([mover.joints(t) for t in times]), (), rate=rate)
    if action in KINDS:
        joints, event, support = stumble(action, duration, act, speed, step, style, rng, rate)
        return Motion(joints, (event,), support, rate)
    if action in _OLD_FALLS:
        return _falling(action, duration, act, speed, step, style, rng, rate)
    if action in _PLANS:
        plan = _PLANS[action](act, speed, rng)
        speeds, headings, keys, support = plan.speeds, plan.headings, plan.keys, plan.support
    else:
        older = {"walk": _walk, "sit": _sit, "crouch": _crouch, "lie": _lie}[action]
        speeds, headings, keys = older(act, speed, rng)
        support = "chair" if action == "sit" else ""
    walker = Walker(duration, speeds, headings, keys, step, act, style, action in _PLANS, rate)
    return Motion(np.stack([walker.joints(t) for t in times]), (), support, rate)


def _falling(
    action: str, duration: float, act: float, speed: float, step: float, style: float,
    rng: np.random.Generator, rate: float,
) -> Motion:  # fmt: skip
    speeds = [(0.0, speed)]
    if action == "faint":
        speeds = [(0.0, speed), (act - 1.6, speed), (act - 0.7, 0.0)]
    walker = Walker(duration, speeds, step=step, zero_time=act, style=style, rate=rate)
    start, side = walker.footfall(act)
    if action == "slip":
        start += 0.02
    elif action == "trip":
        start -= 0.36 * step
    first = round(start * rate)
    before = np.stack([walker.joints(i / rate) for i in range(first + 1)])
    velocity = (before[-1] - before[-3]) * rate / 2
    seconds = max(duration - start + 0.1, 0.1)
    after, impact = fall(action, before[-1], velocity, side, seconds, rng, rate=rate)
    event = first / rate, first / rate + impact
    return Motion(np.concatenate([before, after]), (event,), rate=rate)


def _walk(act: float, speed: float, rng: np.random.Generator) -> tuple:
    pause = rng.uniform(0.0, 1.0)
    if pause < 0.5:
        return [(0.0, speed)], [(0.0, 0.0)], []
    slow = [(act - 0.5, speed), (act + 0.4, 0.0), (act + 0.4 + pause, 0.0), (act + 1.9, speed)]
    return slow, [(act + 0.4, 0.0), (act + 1.6, 180.0)], []


def _sit(act: float, speed: float, rng: np.random.Generator) -> tuple:
    down = act + 1.5
    length = rng.uniform(1.0, 1.5)
    seat = Key(down + length, SEAT + 0.1, -0.4, angles=pose(spine=-6, arm=22, elbow=48, nod=8))
    lean = pose(pitch=14, spine=24, arm=25, elbow=25)
    looked = Key(down + length + 2.2, SEAT + 0.1, -0.4, angles=seat.angles + pose(turn=25))
    keys = [Key(down), Key(down + 0.6 * length, 0.7, -0.3, angles=lean), seat, looked]
    return [(act - 0.6, speed), (act + 0.1, 0.0)], [(act, 0.0), (act + 1.3, 180.0)], keys


def _crouch(act: float, speed: float, rng: np.random.Generator) -> tuple:
    length = rng.uniform(0.9, 1.3)
    low = pose(pitch=18, spine=38, nod=12, r_arm=42, r_elbow=5, l_arm=45, l_elbow=55)
    keys = [
        Key(act + 0.2),
        Key(act + 0.2 + length, 0.42, -0.18, angles=low),
        Key(act + 0.8 + length, 0.4, -0.18, angles=low + pose(r_arm=8, nod=8)),
        Key(act + 0.8 + 2 * length, angles=pose(r_elbow=50, r_arm=15)),
    ]
    again = act + 0.9 + 2 * length
    return (
        [(act - 0.6, speed), (act + 0.1, 0.0), (again, 0.0), (again + 0.7, speed)],
        [(0, 0)],
        keys,
    )


def _lie(act: float, speed: float, rng: np.random.Generator) -> tuple:
    pace = rng.uniform(0.9, 1.15)
    bent = pose(pitch=12, spine=30, arm=10, elbow=20, out=15)
    sitting = pose(pitch=-8, spine=18, arm=-28, out=18, elbow=15)
    half = pose(pitch=-42, spine=12, nod=12, arm=-25, out=22, elbow=45)
    flat = pose(pitch=-88, nod=6, arm=6, out=25, elbow=25)
    keys = [
        Key(act + 0.2),
        Key(act + 0.2 + 1.3 * pace, 0.4, -0.22, angles=bent),
        Key(act + 0.2 + 2.2 * pace, 0.12, -0.45, angles=sitting),
        Key(act + 0.2 + 3.2 * pace, 0.12, -0.5, 0.1, -15, angles=half),
        Key(act + 0.2 + 4.2 * pace, 0.12, -0.5, 0.22, -50, angles=flat),
    ]
    return [(act - 0.6, speed), (act + 0.1, 0.0)], [(0.0, 0.0)], keys
