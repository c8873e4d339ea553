"""Solving one pyramid level: warps, median filterings and iterations in turn.

In: two pictures and what to start from. Out: the flow between them, and the change of light.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.flow.kernels import iterate, warp
from slipdetect.flow.kernels.simd import U1, U2, U3, Planes
from slipdetect.flow.kernels.warp import MARGIN
from slipdetect.flow.tvl1_parameters import TvL1Parameters

Plane = NDArray[np.float32]

KERNELS = [*warp.KERNELS, *iterate.KERNELS]


@dataclass(frozen=True)
class LevelSettings:
    """The numbers of a level, in the kernels' types; see ``TvL1Parameters`` and ``iterate``."""

    warps: int
    outer_iterations: int
    inner_iterations: int
    median: int
    epsilon: float
    limit: np.float32
    theta: np.float32
    step: np.float32
    gamma: np.float32

    @classmethod
    def of(cls, parameters: TvL1Parameters) -> Self:
        """Derive the settings from the method's parameters."""
        return cls(
            warps=parameters.warps,
            outer_iterations=parameters.outer_iterations,
            inner_iterations=parameters.inner_iterations,
            median=parameters.median_filtering,
            epsilon=parameters.epsilon,
            limit=np.float32(parameters.lambda_ * parameters.theta),
            theta=np.float32(parameters.theta),
            step=np.float32(parameters.tau / parameters.theta),
            gamma=np.float32(parameters.gamma),
        )


class Level:
    """One level of the pyramid.

    Args:
        planes: Its zeroed work space.
        settings: Its numbers.
    """

    def __init__(self, planes: Planes, settings: LevelSettings) -> None:
        self._planes = planes
        self._settings = settings
        self._tail = iterate.tail_of(planes.width)
        area = planes.height * planes.width
        # in float32, as OpenCV compares it
        self._stop = float(np.float32(settings.epsilon * settings.epsilon * area))

    def solve(self, first: Plane, second: Plane, unknowns: list[Plane]) -> list[Plane]:
        """Return the unknowns (u, v and, with gamma, the light), each ``(height, width)``."""
        planes = self._planes
        views = [planes[plane] for plane in (U1, U2, U3)[: len(unknowns)]]
        for view, plane in zip(views, unknowns, strict=True):
            view[...] = plane
        pictures = _padded_pictures(first, second)
        pitch = planes.width + 2 * MARGIN
        size = (planes.height, planes.width, planes.stride)
        for _ in range(self._settings.warps):
            warp.warp(*pictures, pitch, planes.flat, *size, planes.planes)
            self._alternate(views[:2])
        return [view.copy() for view in views]

    def _alternate(self, flow: list[Plane]) -> None:
        """Filter and iterate in turn until the flow rests."""
        settings = self._settings
        for _ in range(settings.outer_iterations):
            if settings.median > 1:
                for plane in flow:
                    plane[...] = cv2.medianBlur(plane, settings.median)
            if self._iterate() <= self._stop:
                return

    def _iterate(self) -> float:
        planes, settings = self._planes, self._settings
        size = (planes.height, planes.width, planes.stride)
        run = (self._tail, settings.inner_iterations, self._stop)
        numbers = (settings.limit, settings.theta, settings.step)
        if settings.gamma > 0:
            changed = iterate.iterate_light(planes.flat, *size, *run, *numbers, settings.gamma)
        else:
            changed = iterate.iterate(planes.flat, *size, *run, *numbers)
        return float(changed)


def _padded_pictures(first: Plane, second: Plane) -> list[Plane]:
    """Return both pictures and the second's gradients in zeros, flat; see ``warp``."""
    edge = cv2.BORDER_REPLICATE
    right = cv2.Sobel(second, cv2.CV_32F, 1, 0, ksize=1, scale=0.5, borderType=edge)
    down = cv2.Sobel(second, cv2.CV_32F, 0, 1, ksize=1, scale=0.5, borderType=edge)
    sides = (MARGIN,) * 4
    return [
        cv2.copyMakeBorder(picture, *sides, cv2.BORDER_CONSTANT).ravel()  # type: ignore[misc]
        for picture in (first, second, right, down)
    ]
