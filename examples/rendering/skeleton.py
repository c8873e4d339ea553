"""An articulated person: joint angles to joint positions, and legs that reach planted feet.

In: angles in degrees, a pelvis position and heading. Out: ``(17, 3)`` joints in meters, z up.
"""

from __future__ import annotations

import numpy as np

JOINTS = (
    "pelvis", "chest", "head", "l_shoulder", "r_shoulder", "l_elbow", "r_elbow", "l_wrist",
    "r_wrist", "l_hip", "r_hip", "l_knee", "r_knee", "l_ankle", "r_ankle", "l_toe", "r_toe",
)  # fmt: skip
PELVIS, CHEST, HEAD, SHOULDERS, ELBOWS, WRISTS, HIPS, KNEES, ANKLES, TOES = (
    0, 1, 2, (3, 4), (5, 6), (7, 8), (9, 10), (11, 12), (13, 14), (15, 16),
)  # fmt: skip
_RADII_OF_PAIRS = [0.07, 0.045, 0.035, 0.1, 0.06, 0.05, 0.03]
# How far a joint stays above the floor, meters.
RADII = np.array([0.11, 0.11, 0.1, *np.repeat(_RADII_OF_PAIRS, 2)])
MASSES = np.array(
    [14, 18, 5.5, 4, 4, 1.6, 1.6, 1.0, 1.0, 7, 7, 4.5, 4.5, 1.6, 1.6, 0.8, 0.8]
)  # kg, trunk shared between pelvis, hips, chest and shoulders
THIGH, SHIN, UPPER_ARM, FOREARM, SPINE = 0.43, 0.41, 0.29, 0.25, 0.5
FOOT = np.array([0.16, 0.0, -0.05])
ANKLE_HEIGHT = 0.08
STANDING = ANKLE_HEIGHT + THIGH + SHIN

ANGLES = (
    "pitch", "roll", "spine", "bend", "twist", "nod", "turn",
    "l_hip", "l_spread", "l_knee", "l_ankle", "l_arm", "l_out", "l_elbow",
    "r_hip", "r_spread", "r_knee", "r_ankle", "r_arm", "r_out", "r_elbow",
)  # fmt: skip
_INDEX = {name: place for place, name in enumerate(ANGLES)}


def pose(**angles: float) -> np.ndarray:
    """Angles in degrees as one vector; ``hip=30`` sets both sides, what is not named is zero.

    Positive: pitch and spine lean forward, hip and arm swing forward, knee and elbow bend.
    """
    values = np.zeros(len(ANGLES))
    for name, value in angles.items():
        for key in (name,) if name in _INDEX else (f"l_{name}", f"r_{name}"):
            values[_INDEX[key]] = value
    return values


def rotation(axis: str, degrees: float) -> np.ndarray:
    """Rotation matrix about x (forward), y (left) or z (up)."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    if axis == "x":
        return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])
    if axis == "y":
        return np.array([[cos, 0, sin], [0, 1, 0], [-sin, 0, cos]])
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def cross(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cross product along the last axis: ``np.cross`` takes ten times as long for a few vectors."""
    x, y, z = first.T
    u, v, w = second.T
    # in rows again, so that a sum over them adds in the same order
    return np.array([y * w - z * v, z * u - x * w, x * v - y * u]).T.copy()


def joints_of(angles: np.ndarray, pelvis: np.ndarray, heading: float) -> np.ndarray:
    """Forward kinematics: ``(17, 3)`` joints for ``angles``, the pelvis in meters, degrees."""
    a = dict(zip(ANGLES, angles, strict=True))
    out = np.zeros((len(JOINTS), 3))
    hips = rotation("z", heading) @ rotation("y", a["pitch"]) @ rotation("x", a["roll"])
    trunk = hips @ rotation("z", a["twist"]) @ rotation("y", a["spine"]) @ rotation("x", a["bend"])
    head = trunk @ rotation("z", a["turn"]) @ rotation("y", a["nod"])
    out[PELVIS] = pelvis
    out[CHEST] = pelvis + trunk @ [0.0, 0.0, SPINE]
    out[HEAD] = out[CHEST] + head @ [0.035, 0.0, 0.185]
    for side, (name, sign) in enumerate((("l_", 1.0), ("r_", -1.0))):
        arm = trunk @ rotation("y", -a[name + "arm"]) @ rotation("x", sign * a[name + "out"])
        fore = arm @ rotation("y", -a[name + "elbow"])
        out[SHOULDERS[side]] = out[CHEST] + trunk @ [0.0, sign * 0.185, -0.035]
        out[ELBOWS[side]] = out[SHOULDERS[side]] + arm @ [0.0, sign * 0.02, -UPPER_ARM]
        out[WRISTS[side]] = out[ELBOWS[side]] + fore @ [0.0, 0.0, -FOREARM]
        leg = hips @ rotation("y", -a[name + "hip"]) @ rotation("x", sign * a[name + "spread"])
        shin = leg @ rotation("y", a[name + "knee"])
        out[HIPS[side]] = pelvis + hips @ [0.0, sign * 0.09, 0.0]
        out[KNEES[side]] = out[HIPS[side]] + leg @ [0.0, 0.0, -THIGH]
        out[ANKLES[side]] = out[KNEES[side]] + shin @ [0.0, 0.0, -SHIN]
        out[TOES[side]] = out[ANKLES[side]] + shin @ rotation("y", a[name + "ankle"]) @ FOOT
    return out


def front_of(joints: np.ndarray) -> np.ndarray:
    """Unit vector out of the chest."""
    left = joints[SHOULDERS[0]] + joints[HIPS[0]] - joints[SHOULDERS[1]] - joints[HIPS[1]]
    front = cross(left, joints[CHEST] - joints[PELVIS])
    return front / (np.linalg.norm(front) + 1e-9)


def plant_foot(
    joints: np.ndarray, side: int, ankle: np.ndarray, heading: float, tilt: float, pole: np.ndarray
) -> None:
    """Bend one leg in place so that it reaches ``ankle``; a stance heel rises when it is too far.

    Args:
        joints: ``(17, 3)``, changed.
        side: 0 left, 1 right.
        ankle: Where the ankle should be, meters.
        heading: Where the toes point, degrees.
        tilt: Foot pitch, degrees, toes down positive.
        pole: Direction in which the knee bends.
    """
    hip, reach = joints[HIPS[side]], 0.998 * (THIGH + SHIN)
    yaw = rotation("z", heading)
    toe = ankle + yaw @ rotation("y", tilt) @ FOOT
    for lifted in range(int(tilt), 60, 4):
        if np.linalg.norm(ankle - hip) <= reach or (ankle - hip) @ yaw[:, 0] > 0:
            break
        ankle = toe - yaw @ rotation("y", lifted) @ FOOT
    line = ankle - hip
    distance = float(np.linalg.norm(line))
    line /= distance + 1e-9
    if distance > reach:
        toe, ankle, distance = toe + line * (reach - distance), hip + line * reach, reach
    along = (THIGH**2 - SHIN**2 + distance**2) / (2 * distance)
    out = pole - (pole @ line) * line
    out /= np.linalg.norm(out) + 1e-9
    joints[KNEES[side]] = hip + along * line + out * np.sqrt(max(THIGH**2 - along**2, 0.0))
    joints[ANKLES[side]], joints[TOES[side]] = ankle, toe


def lift_foot(joints: np.ndarray, side: int, swung: np.ndarray, share: float) -> None:
    """Carry a planted foot in place toward where the leg's angles put it, in an arc.

    Args:
        joints: ``(17, 3)``, changed.
        side: 0 left, 1 right.
        swung: Knee, ankle and toe ``(3, 3)`` by the angles, meters.
        share: 0 planted to 1 swung.
    """
    leg = [KNEES[side], ANKLES[side], TOES[side]]
    hip, mixed = joints[HIPS[side]], joints[leg] * (1 - share) + swung * share
    mixed[:, 2] = np.maximum(mixed[:, 2], RADII[leg])
    foot = mixed[2] - mixed[1]
    ankle = mixed[1] + [0.0, 0.0, 0.3 * share * (1 - share)]
    line = ankle - hip
    distance = min(float(np.linalg.norm(line)), 0.998 * (THIGH + SHIN))
    line /= np.linalg.norm(line) + 1e-9
    bend = mixed[0] - hip
    out = bend - (bend @ line) * line
    out /= np.linalg.norm(out) + 1e-9
    along = (THIGH**2 - SHIN**2 + distance**2) / (2 * distance)
    joints[leg[0]] = hip + along * line + out * np.sqrt(max(THIGH**2 - along**2, 0.0))
    joints[leg[1]] = hip + distance * line
    length = np.linalg.norm(FOOT) / (np.linalg.norm(foot) + 1e-9)
    joints[leg[2]] = joints[leg[1]] + foot * length
    joints[leg, 2] = np.maximum(joints[leg, 2], RADII[leg])
