"""How each fall of more kinds begins: who walks, stands, sits or rises, and when balance goes.

In: an action, its times and a random generator. Out: joints at ``RATE`` and the true event.
"""

from __future__ import annotations

import numpy as np

from rendering import tumbles
from rendering.falls import AFTER, fall, landing
from rendering.gait import RATE, Walker
from rendering.plans import rising, seated
from rendering.skeleton import rotation

# The three older falls with disturbances of any size.
_SIZES = {
    "slide": ("slip", 0.62, 1.25),
    "tumble": ("trip", 0.7, 1.5),
    "collapse": ("faint", 0.3, 2.0),
}
_DRIVES = {
    "backward": tumbles.backward,
    "sideways": tumbles.sideways,
    "knees": tumbles.knees,
    "off-chair": tumbles.off_chair,
}
KINDS = (*_SIZES, *_DRIVES, "rising")
Event = tuple[float, float]


def stumble(
    action: str, duration: float, act: float, speed: float, step: float, style: float,
    rng: np.random.Generator, rate: float = RATE,
) -> tuple[np.ndarray, Event, str]:  # fmt: skip
    """Choreograph ``action``, one of ``KINDS``.

    Returns:
        Joints ``(steps, 17, 3)`` meters at ``rate``; loss of balance and impact of the trunk,
        seconds; what stands behind x = 0.
    """
    after = str(rng.choice(AFTER))
    walker, start, heading = _before(action, duration, act, speed, step, style, rng, rate)
    side = int(rng.integers(2))
    if action in ("slide", "tumble"):
        start, side = walker.footfall(start)
        start += 0.02 if action == "slide" else -0.36 * step
    first = round(start * rate)
    before = np.stack([walker.joints(i / rate) for i in range(first + 1)])
    turn = rotation("z", -heading)
    joints = before[-1] @ turn.T
    velocity = (before[-1] - before[-3]) @ turn.T * rate / 2
    seconds = max(duration - start + 0.1, 0.1)
    if action in _SIZES:
        base, least, most = _SIZES[action]
        size = float(rng.uniform(least, most))
        path, impact = fall(base, joints, velocity, side, seconds, rng, size, after, rate)
    else:
        drive = _DRIVES[action if action != "rising" else str(rng.choice(["sideways", "knees"]))]
        path, impact = landing(joints, velocity, drive(joints, side, rng, after), seconds, rate)
    event = first / rate, first / rate + impact
    support = "chair" if action in ("off-chair", "rising") else ""
    return np.concatenate([before, path @ turn]), event, support


def _before(
    action: str, duration: float, act: float, speed: float, step: float, style: float,
    rng: np.random.Generator, rate: float,
) -> tuple[Walker, float, float]:  # fmt: skip
    """Who is about to fall, when, and the way they face, degrees."""
    if action in ("off-chair", "rising"):
        length = rng.uniform(0.8, 1.4)
        up = act - 0.6 * length
        keys = [seated(0.0, rng), seated(min(up - 0.1, 0.6 * act), rng), seated(up, rng)]
        start = act
        if action == "rising":
            keys += rising(up, length, rng)
            start = up + rng.uniform(0.6, 1.1) * length
        walker = Walker(duration, [(0.0, 0.0)], [(0.0, 180.0)], keys, step, act, style, True, rate)
        return walker, start, 180.0
    speeds = [(0.0, speed)]
    if action in ("backward", "sideways") or (action != "slide" and rng.uniform() < 0.4):
        pause = rng.uniform(0.5, 2.0)
        speeds = [(0.0, speed), (act - pause - 0.9, speed), (act - pause, 0.0)]
    if action == "tumble":
        speeds = [(0.0, speed)]
    return Walker(duration, speeds, step=step, zero_time=act, style=style, rate=rate), act, 0.0
