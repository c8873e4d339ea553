"""Who does what where: a simulated scene to be seen by cameras, without a room.

In: a seed and the number of a scene. Out: joints of people at any time, and the true events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rendering.detector import Track3, found_in
from rendering.keypoints import keypoints_of
from rendering.motion import FALLS, LASTING, Motion, make_motion
from rendering.skeleton import PELVIS, rotation
from rendering.viewpoints import draw_viewpoint
from slipdetect.people.skeletons import Skeletons
from slipdetect.types.person import Person

RATE = 5.0  # frames a second
# How often each fall is drawn: several people at once beside one fall of every kind.
FALL_WEIGHTS = {**dict.fromkeys(FALLS, 1.0), "crowd-fall": 3.0}
# How often what is no fall is drawn: most of it is exercise and life near the floor.
OTHER_WEIGHTS = {
    "push-ups": 6, "sit-ups": 6, "crunches": 3, "leg-work": 3, "planks": 3, "squats": 5,
    "hinges": 3, "lunges": 3, "jumping-jacks": 2, "burpees": 4,
    "bows": 5, "kneeling": 5, "shoes": 4, "cleaning": 5, "playing": 4, "yoga": 8, "mat": 6,
    "nap": 4, "sit-floor": 3, "lie": 2, "get-up": 2, "kneel": 2,
    "walk": 4, "idle": 2, "caught": 3, "sit": 1, "sit-hard": 3, "sit-fast": 3, "stand-up": 2,
    "lie-bed": 2, "lie-fast": 3, "pick-up": 3, "squat": 2, "crouch": 2, "jump": 1, "ride": 1,
    "glide": 1, "crowd": 5,
}  # fmt: skip
TAKES = (*FALL_WEIGHTS, *OTHER_WEIGHTS)
# What others do who are there too.
_BYSTANDERS = ("walk", "walk", "walk", "idle", "idle", "sit-fast", "pick-up", "crouch", "stand-up")
# Joints a second: falls are simulated in steps of this length, the others only interpolated.
_FALL_RATE, _OTHER_RATE = 80.0, 40.0
_STILL = (1.5, 3.0)  # seconds that who fell lies still at the end
_TRIES = 30  # views drawn until one shows the action
_LEAST = 6  # frames with a person


@dataclass(frozen=True, eq=False)
class Actor:
    """One person of a take.

    Attributes:
        motion: What they do, in their own frame.
        place: Where they act, x and y, meters.
        heading: Their own +x, degrees.
        size: Of the body, 1 for that of ``rendering.skeleton``.
        delay: Seconds that they begin later; until then, and when done, they stay as they are.
    """

    motion: Motion
    place: tuple[float, float] = (0.0, 0.0)
    heading: float = 0.0
    size: float = 1.0
    delay: float = 0.0

    def at(self, time: float) -> np.ndarray:
        """Joints ``(17, 3)`` at ``time`` seconds, meters."""
        joints = self.motion.at(time - self.delay) * self.size
        return joints @ rotation("z", self.heading).T + [*self.place, 0.0]


@dataclass(frozen=True, eq=False)
class Take:
    """A scene.

    Attributes:
        action: What it is drawn as.
        actors: The one who acts, then any others.
        seconds: How long it lasts.
        events: ``(start, end)`` of falls, seconds.
    """

    action: str
    actors: Sequence[Actor]
    seconds: float
    events: Sequence[tuple[float, float]]


def draw_action(seed: int, number: int, falls: float, actions: Sequence[str] = TAKES) -> str:
    """Draw what scene ``number`` shows: one of ``actions``, a fall with probability ``falls``.

    Where ``actions`` has falls alone, or none, that probability does not matter.
    """
    rng = np.random.default_rng([seed, number, 11])
    fallen = {name: FALL_WEIGHTS[name] for name in actions if name in FALL_WEIGHTS}
    others = {name: OTHER_WEIGHTS[name] for name in actions if name in OTHER_WEIGHTS}
    weights = (fallen or others) if rng.uniform() < falls else (others or fallen)
    shares = np.array(list(weights.values()), float)
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def make_take(seed: int, number: int, action: str) -> Take:
    """Choreograph scene ``number``, one of ``TAKES``."""
    rng = np.random.default_rng([seed, number, 12])
    if action not in ("crowd", "crowd-fall"):
        return _alone(action, rng)
    kinds = FALLS if action == "crowd-fall" else [one for one in OTHER_WEIGHTS if one != "crowd"]
    kind = str(rng.choice(kinds if rng.uniform() < 0.5 or action == "crowd-fall" else _BYSTANDERS))
    take = _alone(kind, rng)
    alike = action == "crowd" and rng.uniform() < 0.3  # a class of exercise, walkers in a street
    others = [
        _bystander(kind if alike else str(rng.choice(_BYSTANDERS)), take.seconds, rng)
        for _ in range(int(rng.integers(1, 4)))
    ]
    return Take(action, [*take.actors, *others], take.seconds, take.events)


def _alone(action: str, rng: np.random.Generator) -> Take:
    falls = action in FALLS
    seconds = float(rng.uniform(4.2, 5.2) if falls else rng.uniform(5.0, 7.0))
    if action in LASTING:
        seconds += 2.0
    motion = _motion(action, seconds, rng)
    lasts = seconds + float(rng.uniform(*_STILL)) if falls else seconds
    return Take(action, [Actor(motion, size=_size(rng))], lasts, motion.events)


def _bystander(action: str, seconds: float, rng: np.random.Generator) -> Actor:
    """Who acts near the first, at about the same time, and may cross before them."""
    side, far = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 3.5)
    return Actor(
        _motion(action, seconds, rng),
        (float(far * np.cos(side)), float(far * np.sin(side))),
        float(rng.uniform(0, 360)),
        _size(rng),
        float(rng.uniform(-1.0, 1.0)),
    )


def _motion(action: str, seconds: float, rng: np.random.Generator) -> Motion:
    motion = make_motion(action, seconds, rng, _FALL_RATE if action in FALLS else _OTHER_RATE)
    if not np.isfinite(motion.joints).all():
        raise ValueError(f"{action!r} came out with joints that are no numbers")
    return motion


def _size(rng: np.random.Generator) -> float:
    return float(rng.uniform(0.9, 1.05))


def see_take(take: Take, seed: int, number: int, view: int) -> tuple[Skeletons, list]:
    """Return what a pose estimator finds in view ``view`` of scene ``number``, and the events.

    The camera is the first one drawn that shows the action; times begin at its first frame.

    Raises:
        ValueError: None does.
    """
    rng = np.random.default_rng([seed, number, view, 13])
    for _ in range(_TRIES):
        first = float(rng.uniform(0, 1 / RATE))
        times = np.arange(int((take.seconds - first) * RATE) + 1) / RATE
        viewpoint = draw_viewpoint(_target(take, rng), rng)
        tracks = [_track(actor, first + times) for actor in take.actors]
        people = [
            found_in(track, viewpoint, RATE, rng, [other for other in tracks if other is not track])
            for track in tracks
        ]
        events = [(start - first, end - first) for start, end in take.events]
        if _shows(times, people[0], events):
            found = [[one for one in each if one is not None] for each in zip(*people, strict=True)]
            mixed = [[each[i] for i in rng.permutation(len(each))] for each in found]
            skeletons = Skeletons(times.tolist(), mixed, viewpoint.width, viewpoint.height)
            return skeletons, events
    raise ValueError(f"no view of {_TRIES} shows {take.action!r}")


def _target(take: Take, rng: np.random.Generator) -> np.ndarray:
    """Where the one who acts is at some time about the event, at a height from knee to chest."""
    start, end = take.events[0] if take.events else (0.35 * take.seconds, 0.6 * take.seconds)
    joints = take.actors[0].at(float(rng.uniform(start - 0.5, end + 0.5)))
    return np.array([*joints[PELVIS, :2], rng.uniform(0.3, 0.9)])


def _track(actor: Actor, times: np.ndarray) -> Track3:
    return Track3(*keypoints_of(np.stack([actor.at(time) for time in times])))


def _shows(
    times: np.ndarray, people: Sequence[Person | None], events: Sequence[tuple[float, float]]
) -> bool:
    """Whether the person is found in some frames, and in half of those of every fall."""
    found = np.array([person is not None for person in people])
    if found.sum() < _LEAST:
        return False
    spans = [(times > start - 0.4) & (times < end + 0.6) for start, end in events]
    return all(found[span].mean() >= 0.5 for span in spans)
