"""Exercise on the floor and standing: beats without end, as fast, deep and even as a person does.

In: a random generator. Out: ``Beat`` after ``Beat`` for ``rendering.keyframes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rendering import postures
from rendering.keyframes import DOWN, FREE, STAY, Beat, mixed
from rendering.skeleton import ANKLES, KNEES, PELVIS, TOES, WRISTS, pose

Both = tuple[str, str]
ON_FLOOR: Both = (DOWN, DOWN)
STAYING: Both = (STAY, STAY)
LOOSE: Both = (FREE, FREE)
FROM_STANDING = 0.4  # share of clips that begin with standing and going down
SLOWEST, FASTEST = 0.6, 1.6


class Tempo:
    """How long beats last: a speed for all, and a bit more or less for each."""

    def __init__(self, rng: np.random.Generator, speed: float | None = None) -> None:
        self._rng = rng
        self._speed = rng.uniform(SLOWEST, FASTEST) if speed is None else speed

    def __call__(self, seconds: float) -> float:
        """Seconds of what takes ``seconds`` at speed 1."""
        return float(seconds / self._speed * self._rng.uniform(0.88, 1.14))

    def rest(self, likely: float = 0.15) -> float:
        """A pause, mostly short."""
        long = self._rng.uniform() < likely
        return float(self._rng.uniform(0.5, 2.0) if long else self._rng.uniform(0.04, 0.2))


def standing(rng: np.random.Generator) -> Iterator[Beat]:
    """Stand, then squat down and put the hands to the floor."""
    yield Beat(rng.uniform(0.4, 1.8), postures.stand())
    tempo = Tempo(rng, rng.uniform(0.7, 1.3))
    yield Beat(tempo(1.1), reaching_down(), feet=STAYING, hands=ON_FLOOR)


def reaching_down() -> np.ndarray:
    """Squatting, bent over, hands to the floor."""
    return postures.hanging(postures.squat(1.15) + pose(spine=26, nod=-14), 8)


def back_to(tempo: Tempo, low: np.ndarray) -> Iterator[Beat]:
    """Hips up, feet back, from hands and feet on the floor."""
    yield Beat(tempo(0.5), postures.tucked(), keep=WRISTS, hands=STAYING, feet=STAYING)
    yield Beat(tempo(0.6), low, keep=WRISTS, hands=STAYING)


def push_ups(rng: np.random.Generator) -> Iterator[Beat]:
    """Push-ups from the toes or the knees, more or less deep, until the arms tire."""
    knees, deep = bool(rng.uniform() < 0.3), rng.uniform(0.45, 1.0)
    wide = pose(out=rng.uniform(-3, 14))
    high = postures.plank(knees) + wide
    low = postures.pressed(knees) + wide
    tempo, start = Tempo(rng), rng.uniform(0.0, 1.0)
    if rng.uniform() < FROM_STANDING:
        yield from standing(rng)
        yield from back_to(tempo, high)
    else:
        yield Beat(rng.uniform(0, 0.8), mixed(high, low, start * deep), hands=ON_FLOOR)
        yield Beat(tempo(0.6), high, keep=KNEES if knees else TOES, hands=STAYING, feet=STAYING)
    keep = KNEES if knees else TOES
    hold = {"keep": keep, "hands": STAYING, "feet": LOOSE if knees else STAYING}
    while True:
        bottom = mixed(high, low, deep * rng.uniform(0.85, 1.05))
        yield Beat(tempo(0.8), bottom, **hold)
        yield Beat(tempo.rest(0.05), bottom, **hold)
        yield Beat(tempo(0.65), high, **hold)
        yield Beat(tempo.rest(), high, **hold)


def sit_ups(rng: np.random.Generator) -> Iterator[Beat]:
    """Sit-ups with bent knees; hands behind the head, on the chest, or reaching ahead."""
    arms = _arms_of_sit_up(rng)
    lying, up = postures.supine(1.0) + arms, postures.sat_up() + _without_arms(arms)
    high, tempo = rng.uniform(0.7, 1.05), Tempo(rng)
    yield from _onto_the_back(rng, tempo, lying)
    hold = {"keep": (PELVIS,), "feet": STAYING}
    while True:
        top = mixed(lying, up, high * rng.uniform(0.9, 1.05))
        yield Beat(tempo(0.9), top + pose(spine=6), **hold)
        yield Beat(tempo.rest(0.1), top, **hold)
        yield Beat(tempo(1.0), lying, **hold)
        yield Beat(tempo.rest(), lying, **hold)


def crunches(rng: np.random.Generator) -> Iterator[Beat]:
    """Only the shoulders rise; or knees and elbows meet by turns."""
    arms = _arms_of_sit_up(rng)
    tempo, riding = Tempo(rng, rng.uniform(0.8, 1.9)), bool(rng.uniform() < 0.4)
    lying = postures.supine(1.0) + arms
    yield from _onto_the_back(rng, tempo, lying)
    side = int(rng.integers(2))
    while True:
        up = lying + pose(spine=rng.uniform(26, 40), nod=14)
        if riding:
            side = 1 - side
            up = postures.legs(up, -150, -70, -20, "lr"[side])
            up = postures.legs(up, -108, -96, -60, "rl"[side])
            up = up + pose(twist=24 * (-1 if side == 0 else 1))
        loose = {"keep": (PELVIS,), "feet": LOOSE if riding else STAYING}
        yield Beat(tempo(0.55), up, **loose)
        if not riding:
            yield Beat(tempo(0.6), lying, **loose)
            yield Beat(tempo.rest(0.08), lying, **loose)


def leg_work(rng: np.random.Generator) -> Iterator[Beat]:
    """On the back: raise the legs, or the hips."""
    tempo, hips = Tempo(rng), bool(rng.uniform() < 0.5)
    lying = postures.supine(1.0 if hips else 0.0)
    yield from _onto_the_back(rng, tempo, lying)
    while True:
        if hips:
            up = mixed(lying, postures.bridge(), rng.uniform(0.75, 1.0))
            yield Beat(tempo(0.8), up, keep=ANKLES, feet=STAYING)
            yield Beat(tempo.rest(0.3), up, keep=ANKLES, feet=STAYING)
            yield Beat(tempo(0.8), lying, keep=ANKLES, feet=STAYING)
        else:
            high = rng.uniform(-175, -140)
            up = postures.legs(lying, high, high + rng.uniform(2, 14), high + 30)
            yield Beat(tempo(1.1), up, keep=(PELVIS,), feet=LOOSE)
            yield Beat(tempo.rest(), up, keep=(PELVIS,), feet=LOOSE)
            yield Beat(tempo(1.1), lying, keep=(PELVIS,), feet=LOOSE)


def planks(rng: np.random.Generator) -> Iterator[Beat]:
    """Hold a plank, with hips that sink and rise; or climb with the knees."""
    climbing, low = bool(rng.uniform() < 0.4), bool(rng.uniform() < 0.5)
    tempo = Tempo(rng, rng.uniform(0.8, 2.0) if climbing else None)
    hold = postures.low_plank() if low and not climbing else postures.plank()
    if rng.uniform() < FROM_STANDING:
        yield from standing(rng)
        yield from back_to(tempo, hold)
    else:
        yield Beat(rng.uniform(0.1, 0.9), hold, hands=ON_FLOOR)
    side = 0
    while True:
        if climbing:
            side = 1 - side
            in_front = postures.legs(hold, -30, 95, 100, "lr"[side])
            feet = (FREE, DOWN) if side == 0 else (DOWN, FREE)
            yield Beat(tempo(0.5), in_front, keep=WRISTS, hands=STAYING, feet=feet)
        else:
            sag = rng.uniform(-5, 7)
            sunk = hold + pose(pitch=-sag, hip=-sag, spine=sag, nod=rng.uniform(-6, 6))
            still = {"keep": TOES, "hands": STAYING, "feet": STAYING}
            yield Beat(tempo(rng.uniform(1.0, 2.5)), sunk, **still)


def squats(rng: np.random.Generator) -> Iterator[Beat]:
    """Squat again and again, arms ahead, before the chest, behind the head or with weights."""
    kind, wide, deep = int(rng.integers(4)), rng.uniform(0, 12), rng.uniform(0.6, 1.15)
    arms = [pose(arm=90), pose(arm=30, elbow=115), pose(arm=125, out=35, elbow=130), pose()][kind]
    tempo, jumps = Tempo(rng), rng.uniform() < 0.15
    up = postures.stand() + pose(spread=wide) + (arms if kind else 0.0)
    yield Beat(rng.uniform(0.2, 1.2), up)
    while True:
        low = postures.squat(deep * rng.uniform(0.9, 1.07)) + pose(spread=wide)
        low = postures.hanging(low, 80 if kind == 0 else 5) if kind in (0, 3) else low + arms
        yield Beat(tempo(0.85), low, feet=STAYING)
        yield Beat(tempo.rest(0.12), low, feet=STAYING)
        yield Beat(tempo(0.7), up, feet=STAYING)
        if jumps:
            yield Beat(0.16, up + pose(ankle=35), lift=rng.uniform(0.08, 0.2), feet=LOOSE)
            yield Beat(0.18, up)
        yield Beat(tempo.rest(), up, feet=STAYING)


def hinges(rng: np.random.Generator) -> Iterator[Beat]:
    """Bend at the hips again and again: dead lifts, good mornings, deep bows."""
    deep, tempo = rng.uniform(0.5, 1.2), Tempo(rng)
    behind = bool(rng.uniform() < 0.3)
    arms = pose(arm=110, out=40, elbow=125) if behind else pose()
    up = postures.stand() + arms
    yield Beat(rng.uniform(0.2, 1.2), up)
    while True:
        low = postures.hinge(deep * rng.uniform(0.9, 1.05))
        low = postures.with_arms(low, up) if behind else low
        yield Beat(tempo(1.0), low, feet=STAYING)
        yield Beat(tempo.rest(0.2), low, feet=STAYING)
        yield Beat(tempo(0.9), up, feet=STAYING)
        yield Beat(tempo.rest(), up, feet=STAYING)


def lunges(rng: np.random.Generator) -> Iterator[Beat]:
    """Step ahead into a lunge and back, one side after the other, or pump in it."""
    deep, tempo, side = rng.uniform(0.7, 1.0), Tempo(rng), int(rng.integers(2))
    arms = pose(elbow=100, arm=20, out=10) if rng.uniform() < 0.5 else pose()
    up = postures.stand() + arms
    yield Beat(rng.uniform(0.2, 1.0), up)
    while True:
        low = postures.lunge(side, deep * rng.uniform(0.92, 1.03)) + arms
        back = (TOES[1 - side],)
        yield Beat(tempo(0.9), low, keep=back)
        for _ in range(int(rng.integers(0, 3))):
            mid = mixed(low, postures.lunge(side, 0.35 * deep) + arms, 0.8)
            yield Beat(tempo(0.6), mid, keep=back)
            yield Beat(tempo(0.6), low, keep=back)
        yield Beat(tempo(0.9), up, keep=back)
        yield Beat(tempo.rest(), up, feet=STAYING)
        side = 1 - side


def jumping_jacks(rng: np.random.Generator) -> Iterator[Beat]:
    """Jump, legs apart and arms up, and together again."""
    tempo, high = Tempo(rng, rng.uniform(0.8, 1.5)), rng.uniform(110, 172)
    spread = rng.uniform(14, 26)
    shut = postures.stand()
    yield Beat(rng.uniform(0.1, 1.0), shut)
    while True:
        wide = shut + pose(spread=spread, out=high * rng.uniform(0.9, 1.0))
        for target in (wide, shut):
            up, flight = rng.uniform(0.04, 0.14), tempo(0.22)
            air = mixed(shut, wide, 0.5)
            yield Beat(flight, air, keep=(PELVIS,), feet=LOOSE, lift=up)
            yield Beat(flight, target, keep=(PELVIS,), feet=LOOSE)
            yield Beat(tempo(0.07), target, keep=(PELVIS,), feet=LOOSE)


def burpees(rng: np.random.Generator) -> Iterator[Beat]:
    """Squat, kick back to a plank, perhaps a push-up, back in, jump."""
    tempo, pressing = Tempo(rng, rng.uniform(0.7, 1.5)), bool(rng.uniform() < 0.5)
    yield Beat(rng.uniform(0.1, 1.0), postures.stand())
    stays = {"keep": WRISTS, "hands": STAYING}
    while True:
        yield Beat(tempo(0.6), reaching_down(), feet=STAYING, hands=ON_FLOOR)
        yield Beat(tempo(0.22), postures.tucked(), **stays, feet=STAYING)
        yield Beat(tempo(0.26), postures.plank(), **stays)
        if pressing:
            yield Beat(tempo(0.45), postures.pressed(), keep=TOES, hands=STAYING, feet=STAYING)
            yield Beat(tempo(0.4), postures.plank(), keep=TOES, hands=STAYING, feet=STAYING)
        yield Beat(tempo(0.26), postures.tucked(), **stays)
        yield Beat(tempo(0.25), reaching_down(), **stays, feet=STAYING)
        yield Beat(tempo(0.5), postures.stand(), feet=STAYING)
        up = postures.stand() + pose(arm=rng.uniform(40, 165), ankle=30)
        yield Beat(0.2, up, feet=LOOSE, lift=rng.uniform(0.05, 0.25))
        yield Beat(0.22, postures.stand() + pose(arm=20))
        yield Beat(tempo.rest(0.2), postures.stand(), feet=STAYING)


def _arms_of_sit_up(rng: np.random.Generator) -> np.ndarray:
    """What to add to the arms of lying on the back."""
    kinds = [
        pose(arm=138, out=26, elbow=118), pose(arm=36, out=-6, elbow=108), pose(arm=40, elbow=4),
    ]  # fmt: skip
    return kinds[int(rng.integers(len(kinds)))]


def _without_arms(arms: np.ndarray) -> np.ndarray:
    """Turn the arms of sitting into those of lying with ``arms``."""
    return arms + pose(arm=4 - 45, out=14 - 6, elbow=12 - 20)


def _onto_the_back(rng: np.random.Generator, tempo: Tempo, lying: np.ndarray) -> Iterator[Beat]:
    """Lie already, or stand, sit down and lie down."""
    if rng.uniform() >= FROM_STANDING:
        yield Beat(rng.uniform(0.1, 0.8), lying)
        return
    yield from sitting_down(rng, tempo)
    yield Beat(tempo(1.2), lying, keep=(PELVIS,))


def sitting_down(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """Stand, squat down, and sit down on the floor with the hands behind."""
    yield Beat(rng.uniform(0.4, 1.8), postures.stand())
    low = postures.squat(1.2)
    yield Beat(tempo(1.0), postures.hanging(low, 10), feet=STAYING)
    yield Beat(tempo(0.9), postures.propped(), feet=STAYING, hands=ON_FLOOR)
    yield Beat(tempo.rest(), postures.propped(), feet=STAYING, hands=STAYING)


EXERCISES: dict[str, Callable[[np.random.Generator], Iterator[Beat]]] = {
    "push-ups": push_ups,
    "sit-ups": sit_ups,
    "crunches": crunches,
    "leg-work": leg_work,
    "planks": planks,
    "squats": squats,
    "hinges": hinges,
    "lunges": lunges,
    "jumping-jacks": jumping_jacks,
    "burpees": burpees,
}
