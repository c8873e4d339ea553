"""Exercise, life near the floor and rarer falls: bodies keep their limbs and stay on the floor.

In: every such action for some seeds. Out: lengths, contacts and heights, worked out here.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
EXERCISES = (
    "push-ups", "sit-ups", "crunches", "leg-work", "planks", "squats", "hinges", "lunges",
    "jumping-jacks", "burpees",
)  # fmt: skip
LIVING = ("bows", "kneeling", "shoes", "cleaning", "playing", "yoga", "mat", "idle")
RIDERS = ("ride", "glide")
SPILLS = ("slide-off", "walking-frame", "bicycle", "skates", "ice", "crumple")
WRISTS, ANKLES, TOES = (7, 8), (13, 14), (15, 16)
# first joint, second joint, meters between them
LIMBS = (
    (0, 1, 0.5), (9, 11, 0.43), (10, 12, 0.43), (11, 13, 0.41), (12, 14, 0.41),
    (3, 5, 0.2907), (4, 6, 0.2907), (5, 7, 0.25), (6, 8, 0.25), (13, 15, 0.1676),
    (14, 16, 0.1676), (9, 10, 0.18), (3, 4, 0.37),
)  # fmt: skip
RATE = 10.0


@pytest.fixture(scope="module")
def rendering() -> dict[str, ModuleType]:
    """Modules of the renderer by name."""
    sys.path.insert(0, str(EXAMPLES))
    names = ("motion", "exercises", "living", "keyframes", "spills", "skeleton", "postures")
    try:
        return {name: importlib.import_module(f"rendering.{name}") for name in names}
    finally:
        sys.path.remove(str(EXAMPLES))


def performer(rendering: dict[str, ModuleType], action: str, seed: int) -> object:
    rng = np.random.default_rng(seed)
    actions = {**rendering["exercises"].EXERCISES, **rendering["living"].LIVING}
    return rendering["keyframes"].Performer(actions[action](rng), 8.0, rng)


def lowest(joints: np.ndarray, rendering: dict[str, ModuleType]) -> float:
    """How far the lowest joint is above where its radius lets it be, meters."""
    radii = rendering["skeleton"].RADII
    return min(
        float(place[joint][2]) - float(radii[joint]) for place in joints for joint in range(17)
    )


def test_every_action_is_tried_here(rendering: dict[str, ModuleType]) -> None:
    assert tuple(rendering["exercises"].EXERCISES) == EXERCISES
    assert tuple(rendering["living"].LIVING) == LIVING
    assert rendering["spills"].SPILLS == SPILLS


@pytest.mark.parametrize("action", [*EXERCISES, *LIVING])
def test_limbs_keep_their_lengths_above_the_floor_and_hands_and_feet_hold(
    rendering: dict[str, ModuleType], action: str
) -> None:
    for seed in range(2):
        who = performer(rendering, action, seed)
        times = np.arange(0, 8, 1 / RATE)
        path = np.stack([who.joints(time) for time in times])  # type: ignore[attr-defined]
        assert np.isfinite(path).all()
        for first, second, meters in LIMBS:
            for joints in path:
                apart = sum((joints[first][k] - joints[second][k]) ** 2 for k in range(3)) ** 0.5
                assert apart == pytest.approx(meters, abs=1e-3)
        assert lowest(path, rendering) > -0.03
        speed = np.linalg.norm(np.diff(path, axis=0), axis=2).max() * RATE
        assert speed < 13.0  # m/s: nothing jumps from one frame to the next
        for index in range(len(times) - 1):
            both = set(who.held(times[index])) & set(who.held(times[index + 1]))  # type: ignore[attr-defined]
            for joint in both:
                moved = path[index + 1][joint] - path[index][joint]
                assert float(np.linalg.norm(moved)) < 0.06
                height = path[index][joint][2]
                if joint in WRISTS:
                    assert height < 0.05 + 0.06
                else:  # flat, on the toes, or on the instep
                    toe = path[index][TOES[ANKLES.index(joint)]][2]
                    assert min(height - 0.05, toe - 0.03) < 0.02


@pytest.mark.parametrize("action", [*EXERCISES, *LIVING, *RIDERS])
def test_exercise_and_life_have_no_event_and_differ_by_seed(
    rendering: dict[str, ModuleType], action: str
) -> None:
    make = rendering["motion"].make_motion
    one, again, other = (make(action, 6.0, np.random.default_rng(s), RATE) for s in (1, 1, 2))
    assert one.events == ()
    assert one.support == ""
    assert np.array_equal(one.joints, again.joints)
    assert not np.array_equal(one.joints, other.joints)
    assert lowest(one.joints, rendering) > -0.03


@pytest.mark.parametrize(
    ("action", "joint", "least"),
    [("push-ups", 1, 0.08), ("sit-ups", 2, 0.3), ("squats", 0, 0.15), ("burpees", 2, 0.6),
     ("hinges", 2, 0.15), ("jumping-jacks", 7, 0.3), ("bows", 2, 0.25)],
)  # fmt: skip
def test_exercise_is_repeated(
    rendering: dict[str, ModuleType], action: str, joint: int, least: float
) -> None:
    """The height of a joint goes down and up by ``least`` meters at least twice in 16 seconds."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        actions = {**rendering["exercises"].EXERCISES, **rendering["living"].LIVING}
        who = rendering["keyframes"].Performer(actions[action](rng), 17.0, rng)
        heights = [float(who.joints(t)[joint][2]) for t in np.arange(3.5, 16, 0.1)]
        turns, extreme, rising = 0, heights[0], True
        for height in heights:
            if rising == (height > extreme):
                extreme = height
            elif abs(height - extreme) > least:
                turns, extreme, rising = turns + 1, height, not rising
        assert turns >= 4, (action, seed)


def test_the_body_is_straight_in_a_plank_and_hands_stay_below_the_shoulders(
    rendering: dict[str, ModuleType],
) -> None:
    keyframes, postures = rendering["keyframes"], rendering["postures"]
    beat = keyframes.Beat(1.0, postures.plank(), hands=(keyframes.DOWN, keyframes.DOWN))
    who = keyframes.Performer([beat], 1.0, np.random.default_rng(0), 0.0)
    joints = who.joints(0.5)
    hip, shoulder, ankle = joints[9], joints[3], joints[13]
    line = (shoulder - ankle) * [1.0, 0.0, 1.0]
    along = ((hip - ankle) @ line) / (line @ line)
    assert float(np.linalg.norm((hip - ankle - along * line)[[0, 2]])) < 0.03
    assert abs(shoulder[0] - joints[7][0]) < 0.1
    assert joints[7][2] == pytest.approx(0.05, abs=0.01)
    assert joints[15][2] == pytest.approx(0.03, abs=0.01)


@pytest.mark.parametrize("action", SPILLS)
def test_rarer_falls_begin_upright_and_end_on_the_floor(
    rendering: dict[str, ModuleType], action: str
) -> None:
    motion = rendering["motion"].make_motion(action, 5.0, np.random.default_rng(1), 80.0)
    ((start, end),) = motion.events
    assert 0.3 < end - start < 3.5
    assert np.isfinite(motion.joints).all()
    assert motion.joints[:, :, 2].min() > -0.02
    assert motion.at(start)[1, 2] > 0.85
    assert motion.at(end)[0, 2] < 0.2
    if action != "slide-off":
        assert motion.at(end)[1, 2] < 0.2
        assert motion.at(start)[0, 2] > 0.7
    for first, second, meters in LIMBS[:5]:
        length = np.linalg.norm(motion.joints[:, first] - motion.joints[:, second], axis=1)
        assert length == pytest.approx(meters, abs=0.08)


def test_who_catches_themselves_stays_on_their_feet_but_jerks(
    rendering: dict[str, ModuleType],
) -> None:
    make = rendering["motion"].make_motion
    for seed in range(3):
        caught = make("caught", 6.0, np.random.default_rng(seed), 40.0)
        assert caught.events == ()
        assert caught.joints[:, 2, 2].min() > 0.9
        walked = make("walk", 6.0, np.random.default_rng(seed), 40.0)
        least = [float(motion.joints[:, 2, 2].min()) for motion in (caught, walked)]
        assert least[0] < least[1]


@pytest.mark.parametrize("action", ["bicycle", "ride"])
def test_cyclists_move_ahead_with_feet_on_turning_pedals(
    rendering: dict[str, ModuleType], action: str
) -> None:
    motion = rendering["motion"].make_motion(action, 5.0, np.random.default_rng(4), 80.0)
    until = motion.events[0][0] if motion.events else 5.0
    times = np.arange(0, until, 0.1)
    pelvis = np.array([motion.at(time)[0] for time in times])
    speed = np.diff(pelvis[:, 0]) / 0.1
    assert (speed > 1.0).all()
    for side in (0, 1):
        feet = np.array([motion.at(time)[ANKLES[side]] - motion.at(time)[0] for time in times])
        center = np.array([0.24, -0.6])  # of the crank from the pelvis, ahead and up
        assert np.linalg.norm(feet[:, [0, 2]] - center, axis=1) == pytest.approx(0.17, abs=0.02)
