"""Who does what where: a simulated scene to be seen by cameras, without a room.

In: a seed and the number of a scene. Out: joints of people at any time, and the true events.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rendering.detector import Track3, found_in
from rendering.keypoints import keypoints_of
from rendering.motion import FALLS, Motion, make_motion
from rendering.skeleton import PELVIS, rotation
from rendering.viewpoints import Viewpoint, draw_viewpoint
from slipdetect.people.skeletons import Skeletons
from slipdetect.types.person import Person

RATE = 5.0  # frames a second
# How often what is no fall is drawn; what looks like a fall outweighs walking.
OTHERS = {
    "walk": 3, "sit": 2, "crouch": 2, "lie": 2, "sit-fast": 4, "stand-up": 2, "lie-bed": 3,
    "lie-fast": 4, "pick-up": 3, "squat": 2, "sit-floor": 3, "kneel": 3, "jump": 2, "get-up": 2,
}  # fmt: skip
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


def draw_action(seed: int, number: int, falls: float, weights: Mapping[str, float] = OTHERS) -> str:
    """Draw what scene ``number`` shows: a fall of any kind as often, or what ``weights`` say."""
    rng = np.random.default_rng([seed, number, 11])
    if rng.uniform() < falls:
        return str(rng.choice(FALLS))
    shares = np.array(list(weights.values()), float)
    return str(rng.choice(list(weights), p=shares / shares.sum()))


def make_take(seed: int, number: int, action: str) -> Take:
    """Choreograph scene ``number``."""
    rng = np.random.default_rng([seed, number, 12])
    falls = action in FALLS
    seconds = float(rng.uniform(4.2, 5.2) if falls else rng.uniform(5.0, 7.0))
    motion = make_motion(action, seconds, rng, _FALL_RATE if falls else _OTHER_RATE)
    if not np.isfinite(motion.joints).all():
        raise ValueError(f"scene {number}: {action!r} came out with joints that are no numbers")
    size = float(rng.uniform(0.9, 1.05))
    lasts = seconds + float(rng.uniform(*_STILL)) if falls else seconds
    return Take(action, [Actor(motion, size=size)], lasts, motion.events)


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
        people = [_seen(actor, first + times, viewpoint, rng) for actor in take.actors]
        events = [(start - first, end - first) for start, end in take.events]
        if _shows(times, people[0], events):
            found = [[one for one in each if one is not None] for each in zip(*people, strict=True)]
            mixed = [[each[i] for i in rng.permutation(len(each))] for each in found]
            skeletons = Skeletons(times.tolist(), mixed, viewpoint.width, viewpoint.height)
            return skeletons, events
    raise ValueError(f"scene {number}: no view of {_TRIES} shows {take.action!r}")


def _target(take: Take, rng: np.random.Generator) -> np.ndarray:
    """Where the one who acts is at some time about the event, at a height from knee to chest."""
    start, end = take.events[0] if take.events else (0.35 * take.seconds, 0.6 * take.seconds)
    joints = take.actors[0].at(float(rng.uniform(start - 0.5, end + 0.5)))
    return np.array([*joints[PELVIS, :2], rng.uniform(0.3, 0.9)])


def _seen(
    actor: Actor, times: np.ndarray, viewpoint: Viewpoint, rng: np.random.Generator
) -> list[Person | None]:
    keypoints, crown, ahead = keypoints_of(np.stack([actor.at(time) for time in times]))
    return found_in(Track3(keypoints, crown, ahead), viewpoint, RATE, rng)


def _shows(
    times: np.ndarray, people: Sequence[Person | None], events: Sequence[tuple[float, float]]
) -> bool:
    """Whether the person is found in some frames, and in half of those of every fall."""
    found = np.array([person is not None for person in people])
    if found.sum() < _LEAST:
        return False
    spans = [(times > start - 0.4) & (times < end + 0.6) for start, end in events]
    return all(found[span].mean() >= 0.5 for span in spans)
