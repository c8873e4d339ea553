"""A pinhole camera that sees round cones, and the soft shadow they leave on the floor.

In: cones in meters. Out: linear RGB, depth and shadow pictures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from rendering.body import HAIR, SHIRT, SKIN, Cone

FLOOR_CELL = 0.025
FLOOR_SPAN = 8.0  # meters: x from -4 to 4, y from 0 to 8


@dataclass
class Camera:
    """A camera that looks along +y unless it is turned.

    Attributes:
        width, height: Pixels.
        above: Meters above the floor.
        down, side: Degrees below the horizon and to the right.
        focal: Focal length over picture width.
        stand: Its place, x and y on the floor, meters.
    """

    width: int
    height: int
    above: float = 2.2
    down: float = 16.0
    side: float = 0.0
    focal: float = 0.88
    stand: tuple[float, float] = (0.0, 0.0)
    position: np.ndarray = field(init=False)
    axes: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        tilt, yaw = np.radians(self.down), np.radians(self.side)
        right = np.array([np.cos(yaw), -np.sin(yaw), 0.0])
        level = np.array([np.sin(yaw), np.cos(yaw), 0.0])
        up = np.array([0.0, 0.0, 1.0])
        forward = np.cos(tilt) * level - np.sin(tilt) * up
        self.axes = np.stack([right, np.cross(forward, right), forward])
        self.position = np.array([*self.stand, self.above])

    def rays(self, finer: int = 1) -> np.ndarray:
        """Directions ``(3, height, width)`` float32 whose parameter is depth in meters."""
        size = self.width * self.focal
        u = (np.arange(self.width * finer) + 0.5) / finer - self.width / 2
        v = (np.arange(self.height * finer) + 0.5) / finer - self.height / 2
        right, down, ahead = self.axes[:, :, None, None]
        return (right * u / size + down * v[:, None] / size + ahead).astype(np.float32)

    def box(self, cone: Cone) -> tuple[int, int, int, int] | None:
        """Pixels ``(top, bottom, left, right)`` that the cone may cover."""
        size, rows, columns = self.width * self.focal, [], []
        for center, radius in ((cone.a, cone.radius_a), (cone.b, cone.radius_b)):
            x, y, z = (self.axes @ (center - self.position)).tolist()
            if z < 0.3:
                return None
            reach = 1.15 * radius * size / z + 2
            for sign in (-reach, reach):
                rows.append(int(min(max(y * size / z + self.height / 2 + sign, 0), self.height)))
                columns.append(int(min(max(x * size / z + self.width / 2 + sign, 0), self.width)))
        top, bottom, left, right = min(rows), max(rows), min(columns), max(columns)
        return (top, bottom, left, right) if bottom > top and right > left else None


@dataclass
class Layer:
    """What a camera sees of a person: depth (inf where nothing), normal, part and cloth phase."""

    depth: np.ndarray
    normal: np.ndarray
    part: np.ndarray
    phase: np.ndarray


def draw(
    cones: Sequence[Cone], camera: Camera, rays: np.ndarray, window: tuple[slice, slice]
) -> Layer:
    """Cast the ``rays`` of a window of the picture at ``cones``; the nearest surface wins."""
    top, left = window[0].start, window[1].start
    shape = rays.shape[1:]
    layer = Layer(
        np.full(shape, np.inf, np.float32), np.zeros((3, *shape), np.float32),
        np.zeros(shape, np.uint8), np.zeros(shape, np.float32),
    )  # fmt: skip
    for cone in cones:
        box = camera.box(cone)
        if box is not None:
            part = np.s_[box[0] - top : box[1] - top, box[2] - left : box[3] - left]
            _draw_cone(cone, camera.position, rays[(slice(None), *part)], layer, part)
    return layer


def _draw_cone(
    cone: Cone, eye: np.ndarray, rays: np.ndarray, layer: Layer, window: tuple[slice, slice]
) -> None:
    o, b, squeeze = eye - cone.a, cone.b - cone.a, None
    w = rays
    if cone.front is not None:
        squeeze = np.eye(3) + (1 / cone.flat - 1) * np.outer(cone.front, cone.front)
        o, b = squeeze @ o, squeeze @ b
        w = np.tensordot(squeeze.astype(np.float32), rays, 1)
    length = float(np.linalg.norm(b)) + 1e-6
    n = b / length
    depth, along = _hit(o, n, w, length, cone.radius_a, cone.radius_b)
    nearer = depth < layer.depth[window]
    if not nearer.any():
        return
    depth, along, w = depth[nearer], along[nearer], w[:, nearer]
    normal = o[:, None] + depth * w - along * n[:, None]
    if squeeze is not None:
        normal = squeeze @ normal
    normal /= np.linalg.norm(normal, axis=0) + 1e-9
    layer.depth[window][nearer] = depth
    layer.part[window][nearer] = cone.part
    layer.phase[window][nearer] = along
    for axis in range(3):
        layer.normal[axis][window][nearer] = normal[axis]


def _hit(
    o: np.ndarray, n: np.ndarray, w: np.ndarray, length: float, ra: float, rb: float
) -> tuple[np.ndarray, np.ndarray]:
    """First crossing of rays ``o + t w`` with the round cone: ``t`` (inf: none), axis position.

    The cone touches both balls, so its points p obey |p| cos^2 - (p n)^2 + 2 ra sin (p n) = ra^2
    with sin = (ra - rb) / length; one quadratic for it and one for each ball.
    """
    sin = float(np.clip((ra - rb) / length, -0.98, 0.98))
    cos2 = 1 - sin * sin
    wn = np.einsum("i,ijk->jk", n.astype(np.float32), w)
    ww = np.einsum("ijk,ijk->jk", w, w)
    ow = np.einsum("i,ijk->jk", o.astype(np.float32), w)
    on, oo = float(o @ n), float(o @ o)
    t = _root(
        cos2 * ww - wn**2, cos2 * ow - on * wn + ra * sin * wn,
        cos2 * oo - on**2 + 2 * ra * sin * on - ra**2,
    )  # fmt: skip
    with np.errstate(invalid="ignore"):
        along = (on + t * wn - ra * sin) / cos2
    t = np.where((along >= 0) & (along <= length), t, np.inf)
    for place, radius in ((0.0, ra), (length, rb)):
        ball = _root(ww, ow - place * wn, oo - 2 * place * on + place * place - radius * radius)
        along = np.where(ball < t, np.float32(place), along)
        t = np.minimum(t, ball)
    return t, along


def _root(a: np.ndarray, half_b: np.ndarray, c: float) -> np.ndarray:
    inside = half_b * half_b - a * c
    with np.errstate(invalid="ignore", divide="ignore"):
        t = (-half_b - np.sqrt(inside)) / a
    return np.where((inside > 0) & (t > 0) & (a > 0), t, np.inf).astype(np.float32)


@dataclass(frozen=True)
class Light:
    """A ceiling lamp and a bright side: positions in meters, linear RGB strengths."""

    lamp: tuple[float, float, float] = (0.3, 3.0, 2.65)
    lamp_color: tuple[float, float, float] = (0.95, 0.88, 0.78)
    side: tuple[float, float, float] = (-0.8, -0.35, 0.45)
    side_color: tuple[float, float, float] = (0.42, 0.46, 0.52)
    ambient: tuple[float, float, float] = (0.34, 0.34, 0.35)


def shade(
    layer: Layer, seen: np.ndarray, camera: Camera, rays: np.ndarray, light: Light,
    palette: np.ndarray, stripes: float,
) -> np.ndarray:  # fmt: skip
    """Linear RGB ``(n, 3)`` of the pixels ``seen`` of a layer."""
    normal, depth = layer.normal[:, seen], layer.depth[seen]
    part, phase = layer.part[seen], layer.phase[seen]
    place = camera.position[:, None].astype(np.float32) + depth * rays[:, seen]
    cloth = np.where((part == SKIN) | (part == HAIR), 0.25, 1.0)
    folds = np.sin(phase * 70 + 5 * normal[0] + 3 * normal[1]) * np.sin(phase * 31 + 4 * normal[2])
    normal = normal + (0.16 * cloth * folds) * np.array([[0.4], [-0.3], [0.8]])
    normal /= np.linalg.norm(normal, axis=0)
    to_lamp = np.array(light.lamp)[:, None] - place
    to_lamp /= np.linalg.norm(to_lamp, axis=0)
    side = np.array(light.side) / np.linalg.norm(light.side)
    lamp = np.clip((np.sum(normal * to_lamp, 0) + 0.25) / 1.25, 0, 1)
    window = np.clip((side @ normal + 0.35) / 1.35, 0, 1)
    sky = 0.62 + 0.38 * normal[2]
    facing = -np.sum(normal * rays[:, seen], 0) / np.linalg.norm(rays[:, seen], axis=0)
    dim = (0.72 + 0.28 * np.clip(facing, 0, 1)) * (0.7 + 0.3 * np.clip(place[2] / 0.5, 0, 1))
    dim *= 1 - 0.3 * stripes * ((part == SHIRT) & (np.sin(phase * 130) > 0.3))
    dim *= 1 + 0.1 * cloth * folds
    shine = 0.25 * np.clip(np.sum(normal * to_lamp, 0), 0, 1) ** 12 * (part == HAIR) * 0.2
    got = (
        lamp[:, None] * np.array(light.lamp_color)
        + window[:, None] * np.array(light.side_color)
        + sky[:, None] * np.array(light.ambient)
    )
    return (palette[part] * got * dim[:, None] + shine[:, None]).astype(np.float32)


def floor_shadow(cones: Sequence[Cone], light: Light) -> np.ndarray:
    """Fraction of light left on the floor, ``(cells, cells)`` float32, rows y, columns x."""
    cells = int(FLOOR_SPAN / FLOOR_CELL)
    layers = np.zeros((4, cells, cells), np.float32)
    lamp = np.array(light.lamp)
    for cone in cones:
        middle = float(cone.a[2] + cone.b[2]) / 2
        radius = (cone.radius_a + cone.radius_b) / 2
        which = int(np.searchsorted([0.3, 0.9], middle))
        away = [lamp + (p - lamp) * lamp[2] / max(lamp[2] - p[2], 0.3) for p in (cone.a, cone.b)]
        wide = radius * lamp[2] / max(lamp[2] - middle, 0.3)
        _stroke(layers[which], away[0], away[1], wide, 1.0)
        if middle < 0.4:
            _stroke(layers[3], cone.a, cone.b, radius * 1.15, float(np.exp(-middle / 0.16)))
    left = np.ones((cells, cells), np.float32)
    for layer, blur, depth in zip(
        layers, (1.6, 4.0, 8.0, 2.0), (0.42, 0.36, 0.26, 0.5), strict=True
    ):
        left *= 1 - depth * cv2.GaussianBlur(layer, (0, 0), blur)
    return left


def _stroke(layer: np.ndarray, a: np.ndarray, b: np.ndarray, radius: float, value: float) -> None:
    ends = [
        (
            round(float(p[0] + FLOOR_SPAN / 2) / FLOOR_CELL * 16),
            round(float(p[1]) / FLOOR_CELL * 16),
        )
        for p in (a, b)
    ]
    thick = max(1, round(2 * radius / FLOOR_CELL))
    strip = np.zeros_like(layer) if value < 1 else layer
    cv2.line(strip, ends[0], ends[1], value, thick, cv2.LINE_AA, 4)
    if value < 1:
        np.maximum(layer, strip, out=layer)
