"""Postures of exercise and of life near the floor.

In: how far, as shares. Out: angles for ``rendering.keyframes``; the lowest joint finds the floor.
"""

from __future__ import annotations

import numpy as np

from rendering.skeleton import ANGLES, pose

_INDEX = {name: place for place, name in enumerate(ANGLES)}


def legs(
    angles: np.ndarray, thigh: float, shin: float, foot: float = 0.0, sides: str = "lr"
) -> np.ndarray:
    """Return ``angles`` with legs turned as the room sees them, whatever the hips' pitch.

    Args:
        angles: From ``pose``.
        thigh: Degrees from straight down, backward positive.
        shin: Likewise.
        foot: Pitch, toes down positive; 0 is flat.
        sides: Of the legs to turn.
    """
    out = angles.copy()
    for side in sides:
        out[_INDEX[f"{side}_hip"]] = angles[_INDEX["pitch"]] - thigh
        out[_INDEX[f"{side}_knee"]] = shin - thigh
        out[_INDEX[f"{side}_ankle"]] = foot - shin
    return out


def hanging(angles: np.ndarray, ahead: float = 0.0, elbow: float = 8.0) -> np.ndarray:
    """Return ``angles`` with arms that hang, or reach so many degrees ahead of straight down."""
    out = angles.copy()
    trunk = angles[_INDEX["pitch"]] + angles[_INDEX["spine"]]
    for side in "lr":
        out[_INDEX[f"{side}_arm"]] = trunk + ahead
        out[_INDEX[f"{side}_elbow"]] = elbow
    return out


def with_arms(angles: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Return ``angles`` with the arms of ``like``, as the trunk sees them."""
    arms = [_INDEX[side + name] for side in ("l_", "r_") for name in ("arm", "out", "elbow")]
    out = angles.copy()
    out[arms] = like[arms]
    return out


def stand(elbow: float = 15.0) -> np.ndarray:
    return legs(pose(spine=2, nod=4, arm=3, out=7, elbow=elbow), -3, 3)


def squat(deep: float) -> np.ndarray:
    """Hips back, knees ahead: 1 has level thighs, 1.3 sits on the heels."""
    trunk = pose(pitch=32 * deep, spine=10 * deep, nod=-12 * deep, spread=8 * deep, arm=3, out=7)
    return legs(trunk, -88 * deep, 32 * deep)


def hinge(deep: float) -> np.ndarray:
    """Bent at the hips with nearly straight legs; 1 has a level trunk."""
    trunk = pose(pitch=72 * deep, spine=16 * deep, nod=-10 * deep, out=4)
    return hanging(legs(trunk, -13 * deep, -4 * deep))


def fold() -> np.ndarray:
    """Standing, bent down to the toes."""
    return hanging(legs(pose(pitch=92, spine=52, nod=10, out=3), -14, -8), 8)


def lunge(front: int, deep: float) -> np.ndarray:
    """One foot ahead (0 left, 1 right); 1 has the other knee near the floor."""
    one, other = "lr"[front], "rl"[front]
    out = legs(pose(pitch=4, spine=3, arm=3, out=9, elbow=20), -84 * deep, 4 * deep, 0, one)
    return legs(out, 18 * deep, 12 + 84 * deep, 20 + 62 * deep, other)


def half_kneel(front: int, tucked: bool = True) -> np.ndarray:
    """On one knee; ``front`` is the other leg."""
    one, other = "lr"[front], "rl"[front]
    out = legs(pose(pitch=4, spine=5, arm=10, out=8, elbow=25), -84, 6, 0, one)
    return legs(out, 2, 88 if not tucked else 100, 152 if not tucked else 85, other)


def kneel() -> np.ndarray:
    return legs(pose(pitch=2, spine=3, arm=8, out=7, elbow=22), 0, 90, 152)


def heels(spread: float = 6.0) -> np.ndarray:
    """Sitting on the heels, hands on the thighs."""
    return legs(pose(pitch=4, spine=8, nod=6, arm=28, elbow=32, out=6, spread=spread), -68, 91, 156)


def prostrate(arms: float = 150.0, elbow: float = 40.0) -> np.ndarray:
    """Sitting on the heels, bowed to the floor: to pray, or the pose of the child."""
    trunk = pose(pitch=62, spine=42, nod=-4, arm=arms, elbow=elbow, out=8, spread=8)
    return legs(trunk, -68, 91, 156)


def all_fours() -> np.ndarray:
    return hanging(legs(pose(pitch=80, nod=-35, out=4, spread=4), 0, 90, 152), 0, 4)


def plank(knees: bool = False) -> np.ndarray:
    """Straight from toes, or knees, to straight arms."""
    pitch = 54.5 if knees else 72.5
    trunk = pose(pitch=pitch, nod=-18, out=5)
    return hanging(legs(trunk, pitch, 110 if knees else pitch, 150 if knees else 82), 0, 2)


def pressed(knees: bool = False) -> np.ndarray:
    """The bottom of a push-up."""
    pitch = 82.0 if knees else 88.0
    trunk = pose(pitch=pitch, nod=-20, arm=22, out=42, elbow=96)
    return legs(trunk, pitch, 120 if knees else pitch, 160 if knees else 94)


def low_plank() -> np.ndarray:
    """Straight from toes to the elbows below the shoulders."""
    return hanging(legs(pose(pitch=84, nod=-15, out=3), 84, 84, 92), 0, 90)


def dog() -> np.ndarray:
    """Hips up, hands and feet on the floor."""
    return legs(pose(pitch=138, nod=10, arm=172, out=5, elbow=3), 28, 28, 4)


def tucked() -> np.ndarray:
    """On hands and toes, hips up, knees bent: between squatting and a plank."""
    trunk = pose(pitch=124, nod=-30, out=4)
    return hanging(legs(trunk, -28, 58, 66), 0, 8)


def prone() -> np.ndarray:
    trunk = pose(pitch=90, nod=-10, turn=40, arm=35, out=45, elbow=110)
    return legs(trunk, 90, 90, 150)


def cobra(high: float) -> np.ndarray:
    """Prone with the trunk raised on the hands."""
    trunk = pose(pitch=90, spine=-48 * high, nod=-22 * high, arm=30, out=12, elbow=40)
    return legs(trunk, 90, 90, 155)


def supine(knees_up: float = 0.0) -> np.ndarray:
    """On the back, with straight legs (0) or feet on the floor (1)."""
    trunk = pose(pitch=-89, nod=4, arm=4, out=14, elbow=12)
    return legs(trunk, -89 - 41 * knees_up, -90 + 48 * knees_up, -60 + 60 * knees_up)


def sat_up(thigh: float = -130.0, shin: float = -42.0, pitch: float = 4.0) -> np.ndarray:
    """Sitting on the floor, feet ahead."""
    trunk = pose(pitch=pitch, spine=24, nod=6, arm=45, out=6, elbow=20)
    return legs(trunk, thigh, shin, 0 if shin > -70 else -60)


def propped() -> np.ndarray:
    """Sitting on the floor, hands behind."""
    return legs(pose(pitch=-30, spine=12, nod=12, arm=-39, out=16, elbow=6), -128, -44)


def long_sit(bent: float) -> np.ndarray:
    """Sitting with straight legs ahead; 1 is bent to the toes."""
    trunk = pose(pitch=-6 + 40 * bent, spine=10 + 28 * bent, nod=6, out=5, elbow=8)
    trunk[[_INDEX["l_arm"], _INDEX["r_arm"]]] = 30 + 75 * bent
    return legs(trunk, -91, -89, -70)


def cross_legged() -> np.ndarray:
    trunk = pose(pitch=-4, spine=14, nod=8, arm=32, elbow=40, out=8, spread=42)
    return legs(trunk, -85, 86, 150)


def bridge() -> np.ndarray:
    """On shoulders and feet, hips up."""
    return legs(pose(pitch=-118, spine=4, nod=62, arm=-24, out=12, elbow=4), -92, -6, 0)
