"""Life near the floor: kneeling, bowing, yoga, cleaning, playing, shoes, lying down to rest.

In: a random generator. Out: ``Beat`` after ``Beat`` for ``rendering.keyframes``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from rendering import postures
from rendering.exercises import (
    FROM_STANDING,
    LOOSE,
    ON_FLOOR,
    STAYING,
    Tempo,
    back_to,
    reaching_down,
    sitting_down,
    standing,
)
from rendering.keyframes import DOWN, FREE, STAY, Beat, mixed
from rendering.skeleton import ANKLES, KNEES, PELVIS, TOES, WRISTS, pose

_CALM = (0.6, 1.2)


def bows(rng: np.random.Generator) -> Iterator[Beat]:
    """Kneel, sit on the heels, bow to the floor again and again; now and then stand up between."""
    tempo, stands = Tempo(rng), bool(rng.uniform() < 0.35)
    low = postures.prostrate(rng.uniform(115, 165), rng.uniform(15, 70))
    sat, shins = postures.heels(), {"keep": KNEES, "feet": STAYING}
    front = int(rng.integers(2))
    if stands or rng.uniform() < FROM_STANDING:
        yield Beat(rng.uniform(0.3, 1.2), postures.stand())
        yield from _to_knees(tempo, front)
        yield Beat(tempo(0.8), sat, **shins)
    else:
        yield Beat(rng.uniform(0.1, 1.0), sat)
    while True:
        for _ in range(int(rng.integers(1, 4))):
            yield Beat(tempo(1.0), low, **shins, hands=ON_FLOOR)
            yield Beat(tempo.rest(0.4), low, **shins, hands=STAYING)
            yield Beat(tempo(1.0), sat, **shins)
            yield Beat(tempo.rest(0.3), sat, **shins)
        if stands:
            yield Beat(tempo(0.7), postures.kneel(), **shins)
            yield from _from_knees(tempo, front)
            bent = postures.with_arms(postures.hinge(rng.uniform(0.5, 1.0)), pose(arm=35, elbow=5))
            yield Beat(tempo.rest(0.5), postures.stand(), feet=STAYING)
            if rng.uniform() < 0.5:
                yield Beat(tempo(0.9), bent, feet=STAYING)
                yield Beat(tempo.rest(0.5), bent, feet=STAYING)
                yield Beat(tempo(0.9), postures.stand(), feet=STAYING)
            yield from _to_knees(tempo, front)
            yield Beat(tempo(0.7), sat, **shins)


def kneeling(rng: np.random.Generator) -> Iterator[Beat]:
    """Kneel down on one knee or both, busy the hands, get up again."""
    tempo, front = Tempo(rng), int(rng.integers(2))
    both, bent = bool(rng.uniform() < 0.5), rng.uniform(0, 35)
    yield Beat(rng.uniform(0.2, 1.2), postures.stand())
    while True:
        yield from _to_knees(tempo, front) if both else _to_one_knee(tempo, front)
        base = postures.kneel() if both else postures.half_kneel(front)
        keep = KNEES if both else (TOES[1 - front],)
        for _ in range(int(rng.integers(2, 7))):
            busy = base + pose(spine=bent + rng.uniform(-8, 8), nod=12) + _busy(rng)
            yield Beat(tempo(rng.uniform(0.5, 1.0)), busy, keep=keep, feet=STAYING)
        if both:
            yield from _from_knees(tempo, front)
        else:
            yield Beat(tempo(1.0), postures.stand(), feet=ON_FLOOR, keep=(TOES[1 - front],))
        yield Beat(tempo.rest(0.6), postures.stand(), feet=STAYING)


def shoes(rng: np.random.Generator) -> Iterator[Beat]:
    """Tie a shoe: on one knee, squatting, or bent over; then perhaps the other."""
    tempo, side, way = Tempo(rng), int(rng.integers(2)), int(rng.integers(3))
    yield Beat(rng.uniform(0.3, 1.5), postures.stand())
    while True:
        if way == 0:
            down = postures.half_kneel(side) + pose(pitch=8, hip=8, spine=42, nod=14)
            down = postures.hanging(down, rng.uniform(28, 40))
            keep: tuple[int, ...] = (TOES[1 - side],)
        elif way == 1:
            down, keep = postures.hanging(postures.squat(1.15), 22), ANKLES
        else:
            down, keep = postures.hanging(postures.fold(), rng.uniform(0, 12)), ANKLES
        yield Beat(tempo(1.1), down, keep=keep)
        for _ in range(int(rng.integers(4, 10))):
            fiddle = pose(
                l_elbow=rng.uniform(0, 30), r_elbow=rng.uniform(0, 30), out=rng.uniform(0, 10),
                spine=rng.uniform(-3, 3),
            )  # fmt: skip
            yield Beat(tempo(rng.uniform(0.2, 0.45)), down + fiddle, keep=keep, feet=STAYING)
        yield Beat(tempo(1.0), postures.stand(), keep=keep)
        yield Beat(tempo.rest(0.6), postures.stand(), feet=STAYING)
        side = 1 - side


def cleaning(rng: np.random.Generator) -> Iterator[Beat]:
    """Scrub the floor on hands and knees, or wipe it from a squat or from the heels."""
    tempo, hand = Tempo(rng, rng.uniform(0.8, 1.8)), int(rng.integers(2))
    way = int(rng.choice(3, p=[0.6, 0.2, 0.2]))
    base = postures.all_fours() + pose(pitch=rng.uniform(0, 6), spine=rng.uniform(0, 14))
    if way == 1:
        base = postures.hanging(postures.squat(1.15) + pose(spine=14), 20)
    elif way == 2:
        base = postures.hanging(postures.heels() + pose(pitch=28, hip=28, spine=34), 25)
    keep = ANKLES if way == 1 else KNEES
    hands = [STAY if way == 0 else FREE] * 2
    hands[hand] = DOWN
    if rng.uniform() < FROM_STANDING:
        yield Beat(rng.uniform(0.4, 1.5), postures.stand())
        if way != 1:
            yield from _to_knees(tempo, int(rng.integers(2)))
        yield Beat(tempo(1.0), base, keep=keep, hands=ON_FLOOR)
    else:
        yield Beat(rng.uniform(0, 0.5), base, hands=ON_FLOOR)
    reach = 12.0
    while True:
        reach = rng.uniform(12, 34) if reach < 10 else rng.uniform(-14, 6)
        name = "lr"[hand]
        moved = base + pose(pitch=0.15 * reach, spine=0.2 * reach, twist=rng.uniform(-8, 8))
        moved += pose(**{f"{name}_arm": reach, f"{name}_out": rng.uniform(-6, 28)})
        yield Beat(
            tempo(rng.uniform(0.3, 0.55)), moved, keep=keep, hands=(hands[0], hands[1]),
            feet=STAYING, slides=True,
        )  # fmt: skip


def playing(rng: np.random.Generator) -> Iterator[Beat]:
    """Play on the floor: cross-legged, on the heels, on hands and knees, on the belly."""
    tempo = Tempo(rng, rng.uniform(*_CALM))
    places = [
        postures.cross_legged(), postures.heels(14), postures.all_fours(),
        postures.sat_up(-115, -60), _on_belly(),
    ]  # fmt: skip
    here = int(rng.choice(len(places), p=[0.25, 0.25, 0.17, 0.16, 0.17]))
    started = False
    if rng.uniform() < FROM_STANDING and here == 3:
        yield from sitting_down(rng, tempo)
        started = True
    while True:
        base, leaning = places[here], here in (2, 4)
        keep = KNEES if here in (1, 2) else (PELVIS,)
        yield Beat(
            tempo(1.3) if started else 0.1, base, keep=keep, feet=LOOSE,
            hands=ON_FLOOR if leaning else LOOSE,
        )  # fmt: skip
        started = True
        for _ in range(int(rng.integers(3, 9))):
            if leaning:
                hand = int(rng.integers(2))
                moved = base + pose(**{f"{'lr'[hand]}_arm": rng.uniform(-5, 35), "turn": 12.0})
                hands = (DOWN, STAY) if hand == 0 else (STAY, DOWN)
            else:
                moved, hands = base + _busy(rng) + pose(spine=rng.uniform(-4, 22)), LOOSE
            yield Beat(tempo(rng.uniform(0.4, 1.1)), moved, keep=keep, feet=LOOSE, hands=hands)
        if here in (1, 2) and rng.uniform() < 0.5:
            here = 3 - here


def yoga(rng: np.random.Generator) -> Iterator[Beat]:
    """Hold the pose of the child, the cobra, the dog, a forward bend or a warrior, and change."""
    tempo = Tempo(rng, rng.uniform(0.55, 1.1))
    flows = [_salute, _child_and_cat, _cobras, _seated_bends, _warriors, _standing_bends]
    yield from flows[int(rng.integers(len(flows)))](rng, tempo)


def _salute(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """Stand, reach up, fold, plank, cobra, dog, and up again."""
    up = postures.stand() + pose(arm=165, elbow=-10)
    yield Beat(rng.uniform(0.2, 1.0), postures.stand())
    while True:
        yield Beat(tempo(1.2), up, feet=STAYING)
        yield Beat(tempo(1.4), postures.fold(), feet=STAYING)
        yield Beat(tempo(0.8), reaching_down(), feet=STAYING, hands=ON_FLOOR)
        yield from back_to(tempo, postures.plank())
        yield Beat(tempo(1.0), postures.pressed(), keep=TOES, hands=STAYING, feet=STAYING)
        yield Beat(tempo(1.0), postures.cobra(0.9), keep=WRISTS, hands=STAYING, feet=LOOSE)
        yield Beat(tempo.rest(0.8), postures.cobra(1.0), keep=WRISTS, hands=STAYING, feet=LOOSE)
        yield Beat(tempo(1.3), postures.dog(), keep=WRISTS, hands=STAYING)
        yield Beat(tempo(1.5), postures.dog(), keep=WRISTS, hands=STAYING, feet=STAYING)
        yield Beat(tempo(0.7), postures.tucked(), keep=WRISTS, hands=STAYING)
        yield Beat(tempo(0.7), reaching_down(), hands=STAYING, feet=STAYING)
        yield Beat(tempo(0.9), postures.fold(), feet=STAYING)
        yield Beat(tempo(1.2), postures.stand(), feet=STAYING)


def _child_and_cat(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """The child's pose and hands and knees by turns, the back arched and rounded."""
    child = postures.prostrate(rng.uniform(150, 176), rng.uniform(2, 25))
    four, shins = postures.all_fours(), {"keep": KNEES, "feet": STAYING}
    if rng.uniform() < FROM_STANDING:
        yield from standing(rng)
        yield Beat(tempo(1.0), four, keep=WRISTS, hands=STAYING)
    else:
        yield Beat(rng.uniform(0.1, 1.5), child, hands=ON_FLOOR)
    while True:
        yield Beat(tempo(1.2), four, **shins, hands=ON_FLOOR)
        for _ in range(int(rng.integers(0, 4))):
            yield Beat(tempo(1.0), four + pose(spine=-14, nod=-25), **shins, hands=STAYING)
            yield Beat(tempo(1.0), four + pose(spine=18, nod=45), **shins, hands=STAYING)
        yield Beat(tempo(1.3), child, **shins, hands=ON_FLOOR)
        yield Beat(tempo(rng.uniform(0.5, 3.0)), child, **shins, hands=STAYING)


def _cobras(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """On the belly; the trunk is raised on the hands and lowered again."""
    flat = postures.cobra(0.06)
    yield Beat(rng.uniform(0.1, 1.5), flat, hands=ON_FLOOR)
    still = {"keep": (PELVIS, *TOES), "feet": STAYING, "hands": STAYING}
    while True:
        high = postures.cobra(rng.uniform(0.6, 1.1))
        yield Beat(tempo(1.2), high, **still)
        yield Beat(tempo(rng.uniform(0.3, 2.5)), high + pose(nod=-6), **still)
        yield Beat(tempo(1.2), flat, **still)
        yield Beat(tempo.rest(0.5), flat, **still)


def _seated_bends(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """Sit with straight legs and bend to the toes."""
    legs = pose(spread=rng.uniform(0, 28) if rng.uniform() < 0.4 else 0.0)
    if rng.uniform() < FROM_STANDING:
        yield from sitting_down(rng, tempo)
    sits = {"keep": (PELVIS,), "feet": LOOSE}
    yield Beat(tempo(1.2), postures.long_sit(0) + legs, **sits)
    while True:
        down = postures.long_sit(rng.uniform(0.7, 1.05)) + legs + pose(twist=rng.uniform(-12, 12))
        yield Beat(tempo(1.3), down, **sits)
        yield Beat(tempo(rng.uniform(0.3, 2.5)), down + pose(spine=3), **sits)
        yield Beat(tempo(1.2), postures.long_sit(rng.uniform(0, 0.1)) + legs, **sits)


def _warriors(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """A long lunge that is held, arms up or out."""
    yield Beat(rng.uniform(0.2, 1.0), postures.stand())
    side = int(rng.integers(2))
    while True:
        arms = pose(arm=165) if rng.uniform() < 0.5 else pose(out=78)
        low = postures.lunge(side, rng.uniform(0.75, 0.95)) + arms
        yield Beat(tempo(1.2), low, keep=(TOES[1 - side],))
        yield Beat(tempo(rng.uniform(1.0, 3.0)), low, keep=(TOES[1 - side],), feet=STAYING)
        yield Beat(tempo(1.2), postures.stand(), keep=(TOES[1 - side],))
        side = 1 - side


def _standing_bends(rng: np.random.Generator, tempo: Tempo) -> Iterator[Beat]:
    """Reach up, fold forward, come up half way, fold, stand."""
    yield Beat(rng.uniform(0.2, 1.0), postures.stand())
    while True:
        yield Beat(tempo(1.0), postures.stand() + pose(arm=165), feet=STAYING)
        yield Beat(tempo(1.3), mixed(postures.stand(), postures.fold(), 0.95), feet=STAYING)
        yield Beat(tempo(rng.uniform(0.3, 2.5)), postures.fold(), feet=STAYING)
        if rng.uniform() < 0.5:
            yield Beat(tempo(0.8), postures.hinge(1.05), feet=STAYING)
            yield Beat(tempo(0.8), postures.fold(), feet=STAYING)
        yield Beat(tempo(1.3), postures.stand(), feet=STAYING)


def mat(rng: np.random.Generator) -> Iterator[Beat]:
    """Lie down on the floor to rest, stay, sit up, get up; or begin there."""
    tempo = Tempo(rng)
    lying = postures.supine(rng.uniform(0, 1)) + pose(
        arm=rng.uniform(0, 12), elbow=rng.uniform(0, 60)
    )
    lies = {"keep": (PELVIS,), "hands": LOOSE}
    if rng.uniform() < 0.6:
        yield from sitting_down(rng, tempo)
        half = mixed(postures.propped(), lying, 0.5) + pose(nod=12)
        yield Beat(tempo(0.6), half, keep=(PELVIS,), hands=ON_FLOOR)
        yield Beat(tempo(0.7), lying, **lies)
    else:
        yield Beat(rng.uniform(0.2, 2.5), lying)
    while True:
        for _ in range(int(rng.integers(1, 4))):
            moved = lying + pose(turn=rng.uniform(-30, 30), l_elbow=rng.uniform(0, 40))
            yield Beat(tempo(rng.uniform(0.6, 1.5)), moved, **lies)
        yield Beat(tempo(1.0), postures.propped(), keep=(PELVIS,), hands=ON_FLOOR)
        yield Beat(tempo(0.6), postures.sat_up(), keep=(PELVIS,), feet=STAYING)
        low = reaching_down()
        yield Beat(tempo(0.8), low, feet=STAYING, hands=ON_FLOOR)
        yield Beat(tempo(1.1), postures.stand(), feet=STAYING)
        yield Beat(rng.uniform(0.3, 1.5), postures.stand(), feet=STAYING)
        yield Beat(tempo(1.0), postures.hanging(postures.squat(1.2), 10), feet=STAYING)
        yield Beat(tempo(0.8), postures.propped(), feet=STAYING, hands=ON_FLOOR)
        yield Beat(tempo(1.0), lying, **lies)


def idle(rng: np.random.Generator) -> Iterator[Beat]:
    """Stand, shift the weight, gesture, look about."""
    tempo = Tempo(rng, rng.uniform(*_CALM))
    yield Beat(rng.uniform(0, 1), postures.stand())
    while True:
        leaned = (
            postures.stand() + _busy(rng) + pose(spine=rng.uniform(0, 10), bend=rng.uniform(-3, 3))
        )
        yield Beat(tempo(rng.uniform(0.5, 1.5)), leaned, feet=STAYING)
        yield Beat(tempo(rng.uniform(0.3, 2.0)), leaned + pose(nod=3), feet=STAYING)


def _on_belly() -> np.ndarray:
    """Prone on the elbows."""
    return postures.cobra(0.55) + pose(arm=10, elbow=35, knee=0)


def _busy(rng: np.random.Generator) -> np.ndarray:
    return pose(
        l_arm=rng.uniform(-5, 45), r_arm=rng.uniform(-5, 45), l_elbow=rng.uniform(0, 60),
        r_elbow=rng.uniform(0, 60), turn=rng.uniform(-25, 25), twist=rng.uniform(-10, 10),
        nod=rng.uniform(0, 14),
    )  # fmt: skip


def _to_one_knee(tempo: Tempo, front: int) -> Iterator[Beat]:
    """From standing; the other foot steps back."""
    yield Beat(tempo(1.1), postures.half_kneel(front), keep=(TOES[front],))


def _to_knees(tempo: Tempo, front: int) -> Iterator[Beat]:
    yield from _to_one_knee(tempo, front)
    yield Beat(tempo(0.8), postures.kneel(), keep=(KNEES[1 - front],))


def _from_knees(tempo: Tempo, front: int) -> Iterator[Beat]:
    yield Beat(tempo(0.8), postures.half_kneel(front), keep=(KNEES[1 - front],))
    yield Beat(tempo(1.0), postures.stand(), keep=(TOES[front],))


LIVING: dict[str, Callable[[np.random.Generator], Iterator[Beat]]] = {
    "bows": bows,
    "kneeling": kneeling,
    "shoes": shoes,
    "cleaning": cleaning,
    "playing": playing,
    "yoga": yoga,
    "mat": mat,
    "idle": idle,
}
