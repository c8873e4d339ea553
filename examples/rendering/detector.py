"""What a pose estimator would make of a person: noise, doubt, swaps and misses.

In: keypoints in pixels without error. Out: a ``Person`` for each frame, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rendering.viewpoints import Viewpoint
from slipdetect.types.person import KEYPOINTS, Person

_TRUNK = [
    KEYPOINTS.index(f"{side}_{part}") for part in ("shoulder", "hip") for side in ("left", "right")
]
_FACE = range(5)
_LEGS = [place for place, name in enumerate(KEYPOINTS) if "knee" in name or "ankle" in name]
_HIPS = [place for place, name in enumerate(KEYPOINTS) if "hip" in name]
_MIRRORED = [0, *(place + (1 if place % 2 else -1) for place in range(1, len(KEYPOINTS)))]
_SMOOTH = 0.5  # seconds over which the slow part of the error lasts
_NEAR = 0.4  # meters ahead of the camera; what is nearer is not seen


@dataclass(frozen=True, eq=False)
class Track3:
    """A person over ``T`` frames as they are.

    Attributes:
        keypoints: ``(T, 17, 3)`` meters.
        crown: ``(T, 3)`` meters.
        ahead: ``(T, 3)`` where the face looks, unit vectors.
    """

    keypoints: np.ndarray
    crown: np.ndarray
    ahead: np.ndarray


def found_in(
    track: Track3,
    view: Viewpoint,
    rate: float,
    rng: np.random.Generator,
    others: Sequence[Track3] = (),
) -> list[Person | None]:
    """Return what is found of a person in each frame of a camera.

    Args:
        track: The person.
        view: The camera.
        rate: Frames a second.
        rng: Draws the errors.
        others: People who may stand before them.
    """
    true, depth = view.see(track.keypoints)
    crown, _ = view.see(track.crown)
    corner = np.array([view.width, view.height], float)
    inside = ((true >= 0) & (true <= corner)).all(-1) & (depth > _NEAR)
    outline = np.concatenate([true, crown[:, None]], 1)
    low, high = outline.min(1), outline.max(1)
    extent = np.maximum((high - low).max(1), 1e-3)
    size = float(np.median(extent))
    speed = np.zeros(true.shape[:2])  # body sizes a second
    speed[1:] = np.linalg.norm(np.diff(true, axis=0), axis=-1) / size * rate
    points = true + _errors(speed, rate, rng)[..., None] * size * _wander(true.shape, rate, rng)
    looks = track.ahead @ view.axes[2]
    scores = _scores(speed, looks, depth, rate, rng)
    _hide(points, scores, size, rate, rng)
    covered = covered_by(track, others, view)
    scores = np.where(covered, 0.35 * scores, scores)
    points += np.where(covered, 0.05 * size, 0.0)[..., None] * rng.normal(0, 1, points.shape)
    scores = np.clip(np.where(inside, scores, 0.15 * scores), 0.01, 0.95)
    points = np.clip(points, 0.0, corner)
    _swap(points, scores, rate, rng)
    boxes = _boxes(low, high, extent, corner, rng)
    sure = scores.mean(1) * rng.uniform(0.7, 0.95)
    missed = rng.uniform(size=len(sure)) < np.clip(3 * (0.3 - sure), 0.0, 0.9)
    missed |= (covered.mean(1) > 0.6) & (rng.uniform(size=len(sure)) < 0.7)
    missed |= (inside.mean(1) < 0.3) | (rng.uniform(size=len(sure)) < rng.choice([0.0, 0.02, 0.08]))
    rows = np.concatenate([points, scores[..., None]], -1).astype(np.float32)
    return [
        None if gone else Person(row, box, float(score))
        for gone, row, box, score in zip(missed, rows, boxes.astype(np.float32), sure, strict=True)
    ]


def covered_by(track: Track3, others: Sequence[Track3], view: Viewpoint) -> np.ndarray:
    """Keypoints ``(T, 17)`` behind the trunk and head of somebody nearer."""
    points, depth = view.see(track.keypoints)
    covered = np.zeros(depth.shape, bool)
    for other in others:
        body = [*_FACE, *_TRUNK]
        outline, ahead = view.see(
            np.concatenate([other.keypoints[:, body], other.crown[:, None]], 1)
        )
        low, high = outline.min(1, keepdims=True), outline.max(1, keepdims=True)
        nearer = ahead.mean(1, keepdims=True) < depth - 0.25
        covered |= ((points > low) & (points < high)).all(-1) & nearer
    return covered


def _errors(speed: np.ndarray, rate: float, rng: np.random.Generator) -> np.ndarray:
    """Size of the errors ``(T, 17)``, body sizes: who moves fast is blurred."""
    return rng.uniform(0.006, 0.03) * (1 + 0.5 * np.minimum(speed, 4))


def _wander(shape: tuple[int, ...], rate: float, rng: np.random.Generator) -> np.ndarray:
    """Errors that are partly new in every frame and partly stay for a while."""
    return 0.6 * rng.normal(0, 1, shape) + 0.8 * slow_noise(shape, rate, rng)


def slow_noise(shape: tuple[int, ...], rate: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of standard deviation 1 whose neighbors along the first axis are alike."""
    width = max(round(_SMOOTH * rate), 1)
    white = rng.normal(0, 1, (shape[0] + width - 1, *shape[1:]))
    total = np.cumsum(np.concatenate([np.zeros((1, *shape[1:])), white]), 0)
    return (total[width:] - total[:-width]) / np.sqrt(width)


def _scores(
    speed: np.ndarray, looks: np.ndarray, depth: np.ndarray, rate: float, rng: np.random.Generator
) -> np.ndarray:
    """How surely keypoints ``(T, 17)`` are seen: less when fast, behind the trunk, or averted."""
    shape = speed.shape
    scores = rng.uniform(0.45, 0.8) * np.exp(-0.12 * np.minimum(speed, 6))
    scores *= np.exp(0.12 * rng.normal(0, 1, shape) + 0.15 * slow_noise(shape, rate, rng))
    scores[:, _FACE] *= np.where(looks > 0.2, 0.55, 1.0)[:, None]
    behind = depth - depth[:, _TRUNK].mean(1, keepdims=True) > 0.12
    behind &= rng.uniform(size=shape[1]) < 0.7
    behind[:, _FACE] = False
    return scores * np.where(behind, 0.6, 1.0)


def _hide(
    points: np.ndarray, scores: np.ndarray, size: float, rate: float, rng: np.random.Generator
) -> None:
    """Let something stand before the legs for a while, or to the end, in a third of the views."""
    if rng.uniform() >= 0.35:
        return
    hidden = _LEGS if rng.uniform() < 0.7 else [*_HIPS, *_LEGS]
    start, lasts = int(rng.integers(len(points))), rng.uniform(0.5, 3.0) * rate
    end = len(points) if rng.uniform() < 0.5 else min(start + round(lasts), len(points))
    scores[start:end, hidden] *= 0.25
    points[start:end, hidden] += rng.normal(0, 0.08, (end - start, len(hidden), 2)) * size


def _swap(points: np.ndarray, scores: np.ndarray, rate: float, rng: np.random.Generator) -> None:
    """Take left for right once or twice, for up to half a second, in half of the views."""
    if rng.uniform() >= 0.5:
        return
    for _ in range(int(rng.integers(1, 3))):
        start = int(rng.integers(len(points)))
        end = start + max(round(rng.uniform(0.1, 0.5) * rate), 1)
        points[start:end] = points[start:end][:, _MIRRORED]
        scores[start:end] = scores[start:end][:, _MIRRORED]


def _boxes(
    low: np.ndarray, high: np.ndarray, extent: np.ndarray, corner: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """Boxes ``(T, 4)`` with a margin, cut at the picture's edge, that tremble."""
    margin = rng.uniform(0.02, 0.09) * extent[:, None]
    top_left = np.clip(low - margin * np.array([1.0, 0.7]), 0.0, corner)
    bottom_right = np.clip(high + margin, 0.0, corner)
    boxes = np.concatenate([top_left, bottom_right], 1)
    return boxes + rng.normal(0, 0.02, boxes.shape) * extent[:, None]
