"""A furnished room as one still picture: boxes with textures under a ceiling lamp.

In: a camera and a random generator. Out: linear RGB, depth, and where the floor is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from rendering.furniture import (
    BACK,
    CEILING,
    FRONT,
    LEFT,
    RIGHT,
    Box,
    furniture,
    shell,
)
from rendering.raster import Camera, Light
from rendering.textures import paint


@dataclass
class Room:
    """A rendered room.

    Attributes:
        picture: ``(height, width, 3)`` float32 linear RGB.
        depth: ``(height, width)`` float32 meters along the camera's axis.
        floor: ``(height, width)`` bool, where the floor is seen.
        spot: ``(height, width, 2)`` float32, x and y of what is seen, meters.
    """

    picture: np.ndarray
    depth: np.ndarray
    floor: np.ndarray
    spot: np.ndarray


def render_room(
    camera: Camera, light: Light, rng: np.random.Generator, extra: list[Box] | None = None
) -> Room:
    """Furnish a room at random, add ``extra`` boxes, and render it with twofold supersampling."""
    boxes = shell(rng) + furniture(rng) + (extra or [])
    # last, so that it changes nothing of what a camera sees that looks away from it
    low, high = (LEFT, FRONT - 0.2, 0), (RIGHT, FRONT, CEILING)
    boxes.append(Box(low, high, boxes[1].color, boxes[1].material, 0))
    rays = camera.rays(2)
    depth, which, normal = _cast(boxes, camera.position, rays)
    place = camera.position[:, None, None].astype(np.float32) + depth * rays
    seed = int(rng.integers(1 << 30))
    color = np.zeros((*depth.shape, 3), np.float32)
    for index in np.unique(which):
        mask = which == index
        box = boxes[index]
        color[mask] = paint(box.material, box.color, place[:, mask], normal[:, mask], seed + index)
    glow = np.isin(which, [i for i, box in enumerate(boxes) if box.material == "sky"])
    lit = _light(boxes, camera, light, place, normal)
    lit[glow] = 1.6
    picture = cv2.resize(color * lit, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
    spot = np.ascontiguousarray(np.moveaxis(place[:2, ::2, ::2], 0, -1))
    return Room(picture, depth[::2, ::2].copy(), which[::2, ::2] == 0, spot)


def _cast(
    boxes: list[Box], eye: np.ndarray, rays: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    best = np.full(rays.shape[1:], 50.0, np.float32)
    which = np.zeros(rays.shape[1:], np.int32)
    inverse = 1.0 / np.where(np.abs(rays) < 1e-6, 1e-6, rays)
    for index, box in enumerate(boxes):
        enter = _enter(box, eye[:, None, None].astype(np.float32), inverse)
        nearer = (enter < best) & (enter > 0)
        best[nearer] = enter[nearer]
        which[nearer] = index
    place = eye[:, None, None].astype(np.float32) + best * rays
    normal = np.zeros_like(place)
    for index in np.unique(which):
        mask = which == index
        normal[:, mask] = _normal(boxes[index], place[:, mask])
    return best, which, normal


def _enter(box: Box, origin: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Where rays enter a box, inf where they miss it."""
    near = far = None
    for axis in range(3):
        one = (np.float32(box.low[axis]) - origin[axis]) * inverse[axis]
        two = (np.float32(box.high[axis]) - origin[axis]) * inverse[axis]
        low, high = np.minimum(one, two), np.maximum(one, two)
        near = low if near is None else np.maximum(near, low)
        far = high if far is None else np.minimum(far, high)
    return np.where(near <= far, near, np.float32(np.inf))


def _normal(box: Box, place: np.ndarray) -> np.ndarray:
    """Face normals ``(3, n)`` that turn over within ``bevel`` of an edge."""
    low, high = np.array(box.low)[:, None], np.array(box.high)[:, None]
    offset = place - (low + high) / 2
    inner = np.maximum((high - low) / 2 - max(box.bevel, 2e-3), 0)
    out = np.sign(offset) * np.maximum(np.abs(offset) - inner, 1e-9)
    face = np.argmax(np.abs(out), 0)
    out[face, np.arange(len(face))] *= 1.6
    return out / np.linalg.norm(out, axis=0)


def _light(
    boxes: list[Box], camera: Camera, light: Light, place: np.ndarray, normal: np.ndarray
) -> np.ndarray:
    """Light ``(h, w, 3)`` on the room: lamp with soft shadows at half size, side light, corners."""
    half, facing = place[:, ::2, ::2] + 0.01 * normal[:, ::2, ::2], normal[:, ::2, ::2]
    lamp = np.zeros(half.shape[1:], np.float32)
    blockers = [box for box in boxes[5:] if box.material not in ("sky", "picture")]
    shifts = [(x, y) for x in (-0.32, -0.1, 0.1, 0.32) for y in (-0.3, 0.0, 0.3)]
    for x, y in shifts:
        to_lamp = np.add(light.lamp, (x, y, 0)).astype(np.float32)[:, None, None] - half
        free = np.ones(half.shape[1:], bool)
        inverse = 1.0 / np.where(np.abs(to_lamp) < 1e-6, 1e-6, to_lamp)
        for box in blockers:
            hit = _enter(box, half, inverse)
            free &= ~((hit > 0) & (hit < 1))
        distance = np.linalg.norm(to_lamp, axis=0)
        lamp += free * np.clip(np.sum(facing * to_lamp, 0) / distance, 0, 1) / len(shifts)
    lamp = cv2.GaussianBlur(lamp, (0, 0), camera.width / 640)
    lamp = cv2.resize(lamp, place.shape[:0:-1], interpolation=cv2.INTER_LINEAR)
    side = np.array(light.side) / np.linalg.norm(light.side)
    window = np.clip((np.tensordot(side, normal, 1) + 0.35) / 1.35, 0, 1)
    gaps = [place[0] - LEFT, RIGHT - place[0], BACK - place[1], place[2], CEILING - place[2]]
    corner = np.prod([1 - 0.4 * np.exp(-np.clip(g, 0, 9) / 0.22) for g in gaps], 0) / 0.6
    bounce = 0.9 * np.clip(-normal[2], 0, 1)
    sky = (0.62 + 0.38 * normal[2] + bounce) * np.minimum(corner, 1)
    return (
        lamp[..., None] * np.array(light.lamp_color)
        + window[..., None] * np.array(light.side_color)
        + sky[..., None] * np.array(light.ambient)
    ).astype(np.float32)
