"""A whole clip: a person acts in a room before a camera with noise, blur and a shutter.

In: a ``Scene``. Out: uint8 frames and the true events.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np

from rendering.body import Clothes, Cone, cones_of
from rendering.furniture import Box
from rendering.motion import FALLS, SEAT, Motion, make_motion
from rendering.raster import FLOOR_CELL, FLOOR_SPAN, Camera, Light, draw, floor_shadow, shade
from rendering.room import Room, render_room
from rendering.seats import seat_boxes
from rendering.shake import MARGIN, crop, path_of
from rendering.skeleton import rotation

SUBFRAMES = 4
_JITTER = np.array([(0.125, -0.375), (0.375, 0.125), (-0.125, 0.375), (-0.375, -0.125)])
_SHIRTS = [(0.5, 0.07, 0.06), (0.09, 0.2, 0.42), (0.6, 0.58, 0.54), (0.1, 0.28, 0.16),
           (0.55, 0.4, 0.1), (0.07, 0.07, 0.08), (0.35, 0.37, 0.4)]  # fmt: skip
_TROUSERS = [(0.05, 0.07, 0.15), (0.03, 0.03, 0.035), (0.3, 0.24, 0.16), (0.13, 0.13, 0.14)]
_SKINS = [(0.6, 0.4, 0.3), (0.46, 0.28, 0.19), (0.22, 0.12, 0.08), (0.66, 0.46, 0.36)]
_HAIRS = [(0.02, 0.017, 0.015), (0.09, 0.05, 0.025), (0.3, 0.2, 0.09), (0.28, 0.27, 0.26)]
_SHOES = [(0.5, 0.5, 0.48), (0.04, 0.035, 0.03), (0.16, 0.09, 0.05)]


@dataclass(frozen=True)
class Scene:
    """Everything that decides how a clip looks; two equal scenes give equal frames.

    Attributes:
        seed: Of the room, the gait and the noise.
        action: One of ``rendering.motion.ACTIONS``.
        width, height: Pixels, even.
        frame_rate: Frames per second.
        duration: Seconds.
        tall: Height of the person, meters.
        clothes: Colors and build.
        spot: Where the action happens, x and y on the floor, meters.
        heading: Walking direction, degrees: 0 to the right of the picture, 90 away.
        above, down, side, focal, stand: See ``Camera``.
        shutter: Fraction of the frame interval that the shutter is open.
        noise: Standard deviation of sensor noise, gray levels of 255.
        gain: Exposure.
        shake: How far the camera's picture wanders, from 0 (fixed) to 1 (``MARGIN`` of its size).
    """

    seed: int = 0
    action: str = "slip"
    width: int = 640
    height: int = 480
    frame_rate: int = 25
    duration: float = 10.0
    tall: float = 1.74
    clothes: Clothes = field(default_factory=Clothes)
    spot: tuple[float, float] = (0.0, 3.8)
    heading: float = 0.0
    above: float = 2.2
    down: float = 17.0
    side: float = 0.0
    focal: float = 0.86
    shutter: float = 0.55
    noise: float = 2.2
    gain: float = 1.0
    shake: float = 0.0
    stand: tuple[float, float] = (0.0, 0.0)


def random_scene(seed: int, action: str, **changes: Any) -> Scene:
    """Draw a scene for ``seed``; ``changes`` override its fields."""
    rng = np.random.default_rng([seed, 17])

    def pick(options: list) -> tuple[float, float, float]:
        return options[rng.integers(len(options))]

    clothes = Clothes(
        pick(_SKINS), pick(_HAIRS), pick(_SHIRTS), pick(_TROUSERS), pick(_SHOES),
        sleeves=bool(rng.uniform() < 0.6), stripes=float(rng.choice([0.0, 0.0, 0.8])),
        girth=float(rng.uniform(0.94, 1.12)),
    )  # fmt: skip
    right = bool(rng.integers(2))
    slide = 0.75 if action in FALLS else 0.2
    scene = Scene(
        seed, action, tall=float(rng.uniform(1.62, 1.84)), clothes=clothes,
        spot=(float(rng.uniform(-0.25, 0.25)) - (slide if right else -slide),
              float(rng.uniform(3.35, 3.85))),
        heading=float(rng.uniform(-18, 18)) + (0.0 if right else 180.0),
        above=float(rng.uniform(2.05, 2.35)), down=float(rng.uniform(15.5, 18.5)),
        side=float(rng.uniform(-4, 4)), noise=float(rng.uniform(1.6, 2.8)),
        gain=float(rng.uniform(0.9, 1.15)),
    )  # fmt: skip
    return replace(scene, **changes)


def motion_of(scene: Scene) -> Motion:
    """Return what the person of ``scene`` does, wherever the camera is."""
    return _motion(scene.seed, scene.action, scene.duration)


@lru_cache(maxsize=1)
def _motion(seed: int, action: str, duration: float) -> Motion:
    return make_motion(action, duration, np.random.default_rng([seed, 1]))


def camera_of(scene: Scene, margin: float = 0.0) -> Camera:
    """Return the camera of ``scene``, its picture wider by ``margin`` of its size on each side."""
    width = scene.width + 2 * round(margin * scene.width)
    height = scene.height + 2 * round(margin * scene.height)
    focal = scene.focal * (scene.width / width)
    return Camera(width, height, scene.above, scene.down, scene.side, focal, scene.stand)


def support_of(scene: Scene) -> list[Box]:
    """Return what the person of ``scene`` sits or lies on, if anything."""
    support, height = motion_of(scene).support, SEAT * scene.tall / 1.74
    if not support:
        return []
    return seat_boxes(support, scene.spot, scene.heading, height, scene.seed)


def placed(scene: Scene, joints: np.ndarray) -> np.ndarray:
    """Turn ``(n, 3)`` meters of the person's own frame into places in the room."""
    turned = scene.tall / 1.74 * joints @ rotation("z", scene.heading).T
    return np.add(turned, (*scene.spot, 0.0))


class Clip:
    """A clip that renders its frames when they are asked for.

    Args:
        scene: What is shown.
        motion: What the person does; None: the scene's action.

    Attributes:
        scene: What is shown.
        events: ``(start, end)`` of falls, seconds.
    """

    def __init__(self, scene: Scene, motion: Motion | None = None) -> None:
        self.scene = scene
        self._motion = motion_of(scene) if motion is None else motion
        self.events = self._motion.events
        self._camera = camera_of(scene, MARGIN if scene.shake else 0.0)
        self._light = Light()
        self._scale = scene.tall / 1.74
        rng = np.random.default_rng([scene.seed, 2])
        self._room: Room = render_room(self._camera, self._light, rng, support_of(scene))
        self._rays = self._camera.rays()
        v, u = np.mgrid[-1 : 1 : scene.height * 1j, -1 : 1 : scene.width * 1j]
        self._vignette = (1 - 0.11 * (u * u + v * v)).astype(np.float32)[..., None]

    @property
    def count(self) -> int:
        """Number of frames."""
        return round(self.scene.duration * self.scene.frame_rate)

    def frames(self) -> Iterator[np.ndarray]:
        """Yield ``(height, width, 3)`` uint8 RGB pictures."""
        scene = self.scene
        noise = np.random.default_rng([scene.seed, 3])
        path = path_of(scene.seed, self.count, scene.frame_rate)
        for index in range(self.count):
            light = self._expose(index / scene.frame_rate)
            if scene.shake:
                light = crop(light, (scene.width, scene.height), scene.shake * path[index])
            yield self._develop(light, noise)

    def _expose(self, time: float) -> np.ndarray:
        """Average sub-frames with a jittered pixel grid: motion blur and smooth edges in one."""
        scene, camera = self.scene, self._camera
        total = np.zeros_like(self._room.picture)
        for sub in range(SUBFRAMES):
            moment = time + scene.shutter / scene.frame_rate * (sub + 0.5) / SUBFRAMES
            joints = placed(scene, self._motion.at(moment))
            cones = cones_of(joints, scene.clothes.girth, self._scale)
            if sub == 0:
                ground = self._shadowed(floor_shadow(cones, self._light))
            window = _around(cones, camera)
            offset = np.tensordot(_JITTER[sub] / (camera.width * camera.focal), camera.axes[:2], 1)
            rays = self._rays[(slice(None), *window)] + offset[:, None, None].astype(np.float32)
            layer = draw(cones, camera, rays, window)
            seen = layer.depth < self._room.depth[window] + 0.02
            total += ground
            total[window][seen] += -ground[window][seen] + shade(
                layer, seen, camera, rays, self._light, scene.clothes.palette(),
                scene.clothes.stripes,
            )  # fmt: skip
        return total / SUBFRAMES

    def _shadowed(self, left: np.ndarray) -> np.ndarray:
        spot = self._room.spot
        x = (spot[..., 0] + FLOOR_SPAN / 2) / FLOOR_CELL
        y = spot[..., 1] / FLOOR_CELL
        seen = cv2.remap(left, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return self._room.picture * np.where(self._room.floor, seen, 1.0)[..., None]

    def _develop(self, light: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Lens blur, vignette, exposure, sensor noise and a display curve."""
        scene = self.scene
        size = scene.width / 640
        blurred = cv2.GaussianBlur(light, (0, 0), max(0.65 * size, 0.3))
        flicker = 1 + 0.003 * float(rng.standard_normal())
        value = 1 - np.exp(-1.15 * scene.gain * flicker * blurred * self._vignette)
        picture = 255 * np.power(value, 1 / 1.85)
        picture = 0.88 * picture + 0.12 * picture.mean(2, keepdims=True)
        grain = rng.standard_normal((scene.height, scene.width, 1), np.float32)
        tint = rng.standard_normal((scene.height // 2, scene.width // 2, 3), np.float32)
        tint = cv2.resize(tint, (scene.width, scene.height), interpolation=cv2.INTER_LINEAR)
        strength = scene.noise * (1.25 - 0.5 * value.mean(2, keepdims=True))
        return np.clip(picture + strength * (grain + 0.5 * tint) + 0.5, 0, 255).astype(np.uint8)


def _around(cones: list[Cone], camera: Camera) -> tuple[slice, slice]:
    """The part of the picture that the cones may cover."""
    boxes = [box for box in map(camera.box, cones) if box is not None]
    if not boxes:
        return np.s_[0:1, 0:1]
    top, bottom, left, right = zip(*boxes, strict=True)
    return np.s_[min(top) : max(bottom), min(left) : max(right)]


def render_clip(seed: int, action: str = "slip", **changes: Any) -> Clip:
    """Return the clip of ``seed`` and ``action``; ``changes`` override fields of ``Scene``."""
    return Clip(random_scene(seed, action, **changes))
