"""The COCO keypoints of an articulated person.

In: joints ``(..., 17, 3)`` meters. Out: keypoints ``(..., 17, 3)`` meters and the crown.
"""

from __future__ import annotations

import numpy as np

from rendering.skeleton import (
    ANKLES,
    CHEST,
    ELBOWS,
    HEAD,
    HIPS,
    KNEES,
    SHOULDERS,
    WRISTS,
)

# of the head's middle ahead of the neck, radians: the middle is not straight above the chest
_NECK = float(np.arctan2(0.035, 0.185))
# meters ahead of the head's middle, to its left, and above it
_FACE = np.array(
    [(0.10, 0.0, -0.01), (0.08, 0.03, 0.03), (0.08, -0.03, 0.03), (0.0, 0.075, 0.0),
     (0.0, -0.075, 0.0)]
)  # fmt: skip
_CROWN = 0.13
_BODY = [*SHOULDERS, *ELBOWS, *WRISTS, *HIPS, *KNEES, *ANKLES]


def keypoints_of(joints: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return keypoints ``(..., 17, 3)``, the crown ``(..., 3)`` and where the face looks.

    The order is that of ``slipdetect.types.person.KEYPOINTS``. The face nods with the head; that
    a head is turned cannot be told from its joints.
    """
    left = joints[..., SHOULDERS[0], :] + joints[..., HIPS[0], :]
    left = _unit(left - joints[..., SHOULDERS[1], :] - joints[..., HIPS[1], :])
    neck = _unit(joints[..., HEAD, :] - joints[..., CHEST, :])
    bowed = _unit(np.cross(left, neck))
    ahead = np.cos(_NECK) * bowed + np.sin(_NECK) * neck
    above = np.cos(_NECK) * neck - np.sin(_NECK) * bowed
    head = joints[..., HEAD, :]
    axes = np.stack([ahead, left, above], -2)
    face = head[..., None, :] + _FACE @ axes
    keypoints = np.concatenate([face, joints[..., _BODY, :]], -2)
    return keypoints, head + _CROWN * above, ahead


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / (np.linalg.norm(vectors, axis=-1, keepdims=True) + 1e-9)
