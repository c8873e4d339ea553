"""Rarer or slower falls: out of a chair, with a walking frame, on wheels, on ice, in a heap.

In: an action, its times and a random generator. Out: joints and the true event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from rendering import falls, postures, tumbles
from rendering.exercises import Tempo
from rendering.gait import Key, Walker
from rendering.keyframes import DOWN, FREE, Beat, Performer
from rendering.ragdoll import GRAVITY, Fall
from rendering.riders import Cyclist, Skater
from rendering.skeleton import ANKLES, CHEST, PELVIS, pose

Event = tuple[float, float]


class Mover(Protocol):
    """Who has joints at any time."""

    def joints(self, time: float) -> np.ndarray: ...


def spill(
    action: str, duration: float, act: float, rng: np.random.Generator, rate: float
) -> tuple[np.ndarray, Event, str]:
    """Choreograph ``action``, one of ``SPILLS``.

    Returns:
        Joints ``(steps, 17, 3)`` meters at ``rate``; when balance is lost and the body is down,
        seconds; what stands behind x = 0.
    """
    if action == "slide-off":
        return _slide_off(duration, act, rng, rate)
    mover, drive = _DRIVEN[action](duration, act, rng, rate)
    first = round(act * rate)
    before = np.stack([mover.joints(step / rate) for step in range(first + 1)])
    velocity = (before[-1] - before[-3]) * rate / 2
    made = drive(before[-1], int(rng.integers(2)), rng, str(rng.choice(falls.AFTER)))
    seconds = max(duration - act + 0.1, 0.1)
    path, impact = falls.landing(before[-1], velocity, made, seconds, rate)
    return np.concatenate([before, path]), (first / rate, first / rate + impact), ""


Drive = Callable[[np.ndarray, int, np.random.Generator, str], Fall]


def _with_frame(
    duration: float, act: float, rng: np.random.Generator, rate: float
) -> tuple[Mover, Drive]:
    """Walk slowly, bent, hands on a walking frame; it rolls away, or the person tips over."""
    speed, lean = rng.uniform(0.25, 0.7), rng.uniform(4, 16)
    arms = pose(arm=rng.uniform(22, 40) + lean, elbow=rng.uniform(15, 50), out=6)
    bent = Key(0.0, angles=pose(pitch=0.5 * lean, spine=1.2 * lean, nod=-6) + arms)
    runs_off = Key(act, 0.84, -0.08, angles=bent.angles + pose(pitch=10, spine=8, arm=22))
    keys = [bent, replace(bent, time=act - rng.uniform(0.3, 0.7)), runs_off]
    walker = Walker(
        duration, [(0.0, speed)], keys=keys, step=rng.uniform(0.6, 0.8), zero_time=act, style=0.1,
        rate=rate,
    )  # fmt: skip
    return walker, _any(rng, ["knees", "sideways", "backward", "trip"])


def _cycling(
    duration: float, act: float, rng: np.random.Generator, rate: float
) -> tuple[Mover, Drive]:
    return Cyclist(rng, act), _loose(_any(rng, ["sideways", "sideways", "trip"]))


def _skating(
    duration: float, act: float, rng: np.random.Generator, rate: float
) -> tuple[Mover, Drive]:
    kinds = ["backward", "sideways", "slip", "trip", "knees"]
    return Skater(rng, act), _sliding(_loose(_any(rng, kinds)), rng.uniform(0.5, 3.0))


def _icy(duration: float, act: float, rng: np.random.Generator, rate: float) -> tuple[Mover, Drive]:
    """Walk or stand; both feet shoot ahead, and the body slides on."""
    speed, wobbles = rng.uniform(0.3, 1.1), rng.uniform() < 0.5
    keys = [Key(0.0)]
    if wobbles:
        flung = pose(out=rng.uniform(15, 50), elbow=20, l_arm=rng.uniform(-30, 50), pitch=8)
        keys = [
            Key(act - 0.8),
            Key(act - 0.35, 0.83, angles=flung),
            Key(act, 0.85, angles=-0.3 * flung),
        ]
    walker = Walker(
        duration, [(0.0, speed)], keys=keys, step=rng.uniform(0.5, 0.62), zero_time=act, rate=rate
    )
    return walker, _sliding(_any(rng, ["slip"], rng.uniform(0.9, 1.45)), rng.uniform(0.3, 1.5))


def _crumpling(
    duration: float, act: float, rng: np.random.Generator, rate: float
) -> tuple[Mover, Drive]:
    """Stand, sway, and sink down over two seconds or so, the legs still holding a little."""
    pause, held = rng.uniform(0.3, 1.2), rng.uniform(0.86, 0.95)
    speeds = [(0.0, rng.uniform(0.3, 1.0)), (act - pause - 0.8, 0.6), (act - pause, 0.0)]
    weak = pose(spine=10, nod=16, bend=rng.uniform(-8, 8), arm=8)
    keys = [Key(act - 0.7), Key(act, 0.83, -0.03, angles=weak)]
    walker = Walker(duration, speeds, keys=keys, zero_time=act, rate=rate)
    faint, until = _any(rng, ["faint"], rng.uniform(0.25, 0.8)), rng.uniform(0.9, 1.5)

    def drive(joints: np.ndarray, side: int, rng: np.random.Generator, after: str) -> Fall:
        made = faint(joints, side, rng, after)

        def push(now: float) -> np.ndarray:
            lift = np.zeros((17, 3))
            lift[:, 2] = held * GRAVITY * float(np.clip((until + 0.5 - now) / 0.5, 0, 1))
            return made.push(now) + lift

        return replace(made, push=push)

    return walker, drive


def _any(rng: np.random.Generator, kinds: list[str], size: float | None = None) -> Drive:
    """One of the falls from standing; the older ones with a disturbance of any size."""
    kind = str(rng.choice(kinds))
    newer = {"sideways": tumbles.sideways, "backward": tumbles.backward, "knees": tumbles.knees}
    if kind in newer:
        return newer[kind]
    amount = rng.uniform(0.6, 1.2) if size is None else size

    def drive(joints: np.ndarray, side: int, rng: np.random.Generator, after: str) -> Fall:
        return falls.drive_of(kind, joints, side, rng, amount, after)

    return drive


def _loose(drive: Drive) -> Drive:
    """Without feet that are held where they are."""
    return lambda *given: replace(drive(*given), pinned=lambda _: [])


def _sliding(drive: Drive, friction: float) -> Drive:
    """On ground with little friction, 1/s."""
    return lambda *given: replace(drive(*given), sticky=lambda _: np.full(17, friction))


def _slide_off(
    duration: float, act: float, rng: np.random.Generator, rate: float
) -> tuple[np.ndarray, Event, str]:
    """Slide off a chair's edge, slowly or fast; sit there, lie back, or sink to a side."""
    tempo, lasts = Tempo(rng, rng.uniform(0.7, 1.3)), rng.uniform(0.6, 2.6)
    ends, side = int(rng.integers(3)), float(rng.choice([-1, 1]))
    seat = postures.legs(pose(pitch=-6, spine=6, nod=8, arm=22, elbow=40, out=6), -86, 2)
    slump = postures.legs(pose(pitch=-30, spine=14, nod=18, arm=12, elbow=30, out=14), -76, -8)
    floor = postures.sat_up(-122, -50, -34) + pose(arm=-20, out=14, nod=8)
    moves = pose(spine=4, nod=-8, turn=12, elbow=15)

    def beats() -> Iterator[Beat]:
        yield Beat(0.1, seat)
        yield Beat(max(act - 0.1 - 0.4 * lasts, 0.3), seat + moves)
        yield Beat(0.4 * lasts, slump, keep=(CHEST,), slides=True)
        yield Beat(
            lasts,
            floor,
            keep=(CHEST,),
            slides=True,
            hands=(DOWN, DOWN) if side > 0 else (FREE, FREE),
        )
        lying = postures.supine(rng.uniform(0.2, 0.9)) + pose(arm=8, out=12, elbow=20)
        if ends == 1:
            yield Beat(tempo(0.9), lying, keep=(PELVIS,))
        elif ends == 2:
            yield Beat(tempo(0.8), floor + pose(bend=32 * side, nod=10), keep=(PELVIS,))
        for _ in range(8):
            last = lying if ends == 1 else floor + pose(bend=32 * side * (ends == 2), nod=10)
            yield Beat(tempo(1.0), last + pose(nod=rng.uniform(-8, 8)), keep=(PELVIS,))

    # who sits on a chair faces -x
    performer = Performer((replace(beat, turn=180.0) for beat in beats()), duration + 1, rng)
    joints = np.stack([performer.joints(step / rate) for step in range(int(duration * rate) + 2)])
    joints[:, :, 0] -= joints[0, ANKLES, 0].mean()
    start = act
    low = np.flatnonzero(joints[:, PELVIS, 2] < 0.16)
    return joints, (start, float(low[0]) / rate if len(low) else start + lasts), "chair"


_DRIVEN = {
    "walking-frame": _with_frame,
    "bicycle": _cycling,
    "skates": _skating,
    "ice": _icy,
    "crumple": _crumpling,
}
SPILLS = ("slide-off", *_DRIVEN)
