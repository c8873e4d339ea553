"""A falling body: particles with bones, muscles that pull toward a pose, gravity and a floor.

In: joints and velocities at the loss of balance. Out: ``(steps, 17, 3)`` joints until the end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rendering.skeleton import MASSES, RADII, cross

GRAVITY = 9.81
# Steps of the simulation between two positions, and a second, at least.
SUBSTEPS, FINEST = 4, 480.0
_BONES = np.array(
    [
        (0, 1), (1, 2), (1, 3), (1, 4), (3, 4), (2, 3), (2, 4), (0, 3), (0, 4), (9, 3), (10, 4),
        (9, 4), (10, 3), (0, 9), (0, 10), (9, 10), (1, 9), (1, 10), (3, 5), (4, 6), (5, 7), (6, 8),
        (9, 11), (10, 12), (11, 13), (12, 14), (13, 15), (14, 16),
    ]
)  # fmt: skip


@dataclass
class Fall:
    """What drives a fall; times are seconds since the loss of balance.

    Attributes:
        target: Joints ``(17, 3)`` that the muscles aim for, at any position and rotation.
        strength: Muscle stiffness, 1/s^2: about 300 braced, 40 limp.
        spin: Angular acceleration, rad/s^2, world axes ``(3,)``.
        push: Acceleration per joint, m/s^2, ``(17, 3)``.
        sticky: Friction of each joint on the floor, 1/s, ``(17,)``.
        pinned: Joints that cannot move yet.
        axis: Unit vector about which the body falls.
        steady: How quickly turning about other axes dies, 1/s.
        ground: Height of what carries joints ``(17, 3)`` where they are, ``(17,)``; none is 0.
    """

    target: Callable[[float], np.ndarray]
    strength: Callable[[float], float]
    spin: Callable[[float], np.ndarray] = lambda _: np.zeros(3)
    push: Callable[[float], np.ndarray] = lambda _: np.zeros((17, 3))
    sticky: Callable[[float], np.ndarray] = lambda _: np.full(17, 9.0)
    pinned: Callable[[float], list[int]] = lambda _: []
    axis: tuple[float, float, float] = (0.0, 1.0, 0.0)
    steady: Callable[[float], float] = lambda _: 0.0
    ground: Callable[[np.ndarray], np.ndarray] | None = None


def simulate(
    joints: np.ndarray, velocity: np.ndarray, fall: Fall, steps: int, rate: float
) -> np.ndarray:
    """Let the body fall.

    Args:
        joints: ``(17, 3)`` meters at time 0.
        velocity: ``(17, 3)`` m/s at time 0.
        fall: Muscles and disturbances.
        steps: Positions to return.
        rate: Positions per second.

    Returns:
        ``(steps, 17, 3)`` meters, the first one step after time 0.
    """
    x, v = joints.copy(), velocity.copy()
    lengths = np.linalg.norm(joints[_BONES[:, 0]] - joints[_BONES[:, 1]], axis=1)
    substeps = max(SUBSTEPS, round(FINEST / rate))
    dt = 1.0 / (rate * substeps)
    others = np.eye(3) - np.outer(fall.axis, fall.axis)
    path = np.empty((steps, *x.shape))
    for step in range(steps):
        now = (step + 1) / rate
        goal, strength, torque = fall.target(now), fall.strength(now), fall.spin(now)
        push, sticky, pinned = fall.push(now), fall.sticky(now), fall.pinned(now)
        for _ in range(substeps):
            pull, arms, drift, spin = _muscles(x, v, goal)
            damping = 1.5 * np.sqrt(strength)
            turning = torque - fall.steady(now) * (others @ spin)
            force = strength * pull - damping * drift + cross(turning, arms) + push
            force[:, 2] -= GRAVITY
            v += dt * force
            low = RADII if fall.ground is None else RADII + fall.ground(x)
            moved = _floor_and_bones(x + dt * v, lengths, low)
            moved[pinned] = x[pinned]
            v = (moved - x) / dt
            touching = moved[:, 2] <= low + 0.01
            v[touching, :2] *= np.exp(-sticky[touching, None] * dt)
            x = moved
        path[step] = x
    return path


def _muscles(
    x: np.ndarray, v: np.ndarray, goal: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Offsets to the best rigid placing of ``goal``, arms from the center, velocity left when the
    body's drift and spin are taken off, and that spin in rad/s.

    Both pulls sum to zero force and torque, so muscles alone cannot make the body fly.
    """
    mass = MASSES[:, None] / MASSES.sum()
    arms = x - (mass * x).sum(0)
    wanted = goal - (mass * goal).sum(0)
    u, _, vt = np.linalg.svd((mass * arms).T @ wanted)
    turn = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    mean = (mass * v).sum(0)
    inertia = np.eye(3) * (mass * arms**2).sum() - (mass * arms).T @ arms
    spin = np.linalg.solve(inertia, (mass * cross(arms, v - mean)).sum(0))
    return wanted @ turn.T - arms, arms, v - mean - cross(spin, arms), spin


def _floor_and_bones(x: np.ndarray, lengths: np.ndarray, low: np.ndarray) -> np.ndarray:
    first, second = _BONES.T
    weight = 1.0 / MASSES
    share = weight[first] + weight[second]
    for _ in range(6):
        apart = x[first] - x[second]
        distance = np.linalg.norm(apart, axis=1)
        fix = (0.45 * (distance - lengths) / (share * (distance + 1e-9)))[:, None] * apart
        np.subtract.at(x, first, weight[first, None] * fix)
        np.add.at(x, second, weight[second, None] * fix)
        np.maximum(x[:, 2], low, out=x[:, 2])
    return x
