"""Still rooms whose light changes all at once, as a fixed camera with a sensor sees them.

In: a kind of change and the number of a room. Out: pictures, ten a second.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
try:
    from rendering.raster import Camera, Light
    from rendering.room import render_room
finally:
    sys.path.pop(0)

from slipdetect.video import Frame

Picture = np.ndarray

RATE = 10.0
SECONDS, CHANGE = 7.0, 3.5
ROOMS = range(5)

_LAMP, _DAYLIGHT = Light(), Light(lamp_color=(0.0, 0.0, 0.0), side_color=(1.1, 1.15, 1.2))
_INFRARED = (0.45, 0.3, 0.25)  # how much of each color's light the sensor without its filter sees


@lru_cache
def _room(number: int, light: Light) -> tuple[Picture, Picture]:
    """Linear RGB and depth of a room; the same furniture under every light."""
    rng = np.random.default_rng([number, 41])
    above, down, side = rng.uniform((2.0, 15.0, -8.0), (2.5, 24.0, 8.0))
    room = render_room(Camera(320, 240, above, down, side, 0.75), light, rng)
    return room.picture, room.depth


def _lit(number: int, exposure: float) -> Picture:
    return exposure * _room(number, _LAMP)[0]


def _infrared(number: int) -> Picture:
    """The room by the camera's own lamp: gray, brighter where it is near and in the middle."""
    picture, depth = _room(number, _LAMP)
    gray = picture @ np.array(_INFRARED, np.float32)
    v, u = np.mgrid[-1:1:240j, -1:1:320j]
    lamp = np.minimum((3.2 / depth) ** 2, 3.0) * np.exp(-0.8 * (u * u + v * v))
    return np.repeat((gray * lamp)[..., None], 3, 2)


# what is lit, and the sensor's noise, at some seconds behind the change (before it: below 0)
Change = Callable[[int, float], tuple[Picture, float]]


def _off(room: int, time: float) -> tuple[Picture, float]:
    return (_lit(room, 1.0), 2.2) if time < 0 else (_lit(room, 0.22), 4.0)


def _on(room: int, time: float) -> tuple[Picture, float]:
    return (_lit(room, 0.18), 4.0) if time < 0 else (_lit(room, 1.0), 2.2)


def _settling(time: float) -> float:
    """How much too bright a camera is that was open for the dark and takes a second to close."""
    return 1.0 + 3.0 * float(np.exp(-time / 0.35))


def _exposed(room: int, time: float) -> tuple[Picture, float]:
    return (_lit(room, 0.6), 5.0) if time < 0 else (_lit(room, _settling(time)), 2.2)


def _to_infrared(room: int, time: float) -> tuple[Picture, float]:
    return (_lit(room, 0.3), 5.0) if time < 0 else (_settling(time) * _infrared(room), 3.0)


def _from_infrared(room: int, time: float) -> tuple[Picture, float]:
    return (_infrared(room), 3.0) if time < 0 else (_lit(room, 0.9), 2.2)


def _curtain(room: int, time: float) -> tuple[Picture, float]:
    """Lamp light becomes daylight: other shadows, other colors."""
    return _room(room, _LAMP if time < 0 else _DAYLIGHT)[0], 2.5


CHANGES: dict[str, Change] = {
    "off": _off,
    "on": _on,
    "exposed": _exposed,
    "to-infrared": _to_infrared,
    "from-infrared": _from_infrared,
    "curtain": _curtain,
}


def frames(change: str, room: int) -> Iterator[Frame]:
    """Yield the pictures of a still room whose light changes after ``CHANGE`` seconds."""
    noise = np.random.default_rng([list(CHANGES).index(change), room, 43])
    for index in range(round(SECONDS * RATE)):
        time = index / RATE
        light, strength = CHANGES[change](room, time - CHANGE)
        yield Frame(time, _developed(light, strength, noise))


def _developed(light: Picture, strength: float, noise: np.random.Generator) -> Picture:
    """Pictures of linear light: a lens, a display curve, and noise that is finer in gray."""
    value = 1 - np.exp(-1.15 * cv2.GaussianBlur(light, (0, 0), 0.4))
    grain = noise.standard_normal((*light.shape[:2], 1), np.float32)
    tint = noise.standard_normal(light.shape, np.float32) * (light[..., :1] != light[..., 1:2])
    picture = 255 * value ** (1 / 1.85) + strength * (grain + 0.4 * tint)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8)
