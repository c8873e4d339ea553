"""Pairs of pictures whose true flow is known: textures that are moved without resampling.

In: a size. Out: two gray pictures and the flow from the first to the second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """Two ``(H, W)`` uint8 pictures and the true flow ``(2, H, W)`` px from first to second."""

    first: NDArray[np.uint8]
    second: NDArray[np.uint8]
    flow: Array


def texture(x: Array, y: Array, seed: int) -> Array:
    """Return gray values at any places: waves of 6 to 60 px in all directions."""
    rng = np.random.default_rng(seed)
    gray = np.full(x.shape, 128.0)
    for _ in range(40):
        angle, phase = rng.uniform(0, 2 * np.pi, 2)
        length = rng.uniform(6, 60)
        along = np.cos(angle) * x + np.sin(angle) * y
        gray += 0.25 * length * np.cos(2 * np.pi * along / length + phase)
    return gray


def affine_scene(matrix: Array, shift: Array) -> Callable[[int, int, int], Scene]:
    """Return the maker of a scene that moves by ``matrix`` around its middle, then by ``shift``."""

    def make(height: int, width: int, seed: int) -> Scene:
        y, x = np.mgrid[:height, :width].astype(np.float64)
        middle = np.array([width - 1, height - 1]) / 2
        places = np.stack([x, y], axis=-1) - middle
        target = places @ matrix.T + middle + shift
        origin = (np.stack([x, y], axis=-1) - middle - shift) @ np.linalg.inv(matrix).T + middle
        flow = np.moveaxis(target - np.stack([x, y], axis=-1), -1, 0)
        second = texture(origin[..., 0], origin[..., 1], seed)
        return Scene(_gray(texture(x, y, seed)), _gray(second), flow)

    return make


def layered_scene(height: int, width: int, seed: int) -> Scene:
    """Return a disc of one texture that moves over a background of another."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    near, far = np.array([4.0, 2.5]), np.array([-1.5, 0.5])

    def disc(shift: Array) -> NDArray[np.bool_]:
        radius = min(height, width) / 4
        inside = np.hypot(x - width / 2 - shift[0], y - height / 2 - shift[1]) < radius
        return np.asarray(inside)

    def picture(close: Array, distant: Array) -> NDArray[np.uint8]:
        front = texture(x - close[0], y - close[1], seed)
        back = texture(x - distant[0], y - distant[1], seed + 1000)
        return _gray(np.where(disc(close), front, back))

    still = np.zeros(2)
    flow = np.where(disc(still), near[:, None, None], far[:, None, None])
    return Scene(picture(still, still), picture(near, far), flow)


def _turned(degrees: float) -> Array:
    angle = np.deg2rad(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def _gray(values: Array) -> NDArray[np.uint8]:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


SCENES: dict[str, Callable[[int, int, int], Scene]] = {
    "translation": affine_scene(np.eye(2), np.array([3.3, -1.7])),
    "large translation": affine_scene(np.eye(2), np.array([-9.0, 6.0])),
    "rotation": affine_scene(_turned(2.0), np.zeros(2)),
    "zoom": affine_scene(np.eye(2) * 1.03, np.array([0.5, 0.0])),
    "two layers": layered_scene,
}
