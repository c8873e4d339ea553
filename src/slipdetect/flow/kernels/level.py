"""Solving one pyramid level: warps, median filterings and iterations in turn.

In: two pictures and what to start from. Out: the flow between them, and the change of light.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.flow.kernels import iterate, warp
from slipdetect.flow.kernels.simd import U1, U2, U3, Planes
from slipdetect.flow.kernels.warp import MARGIN
from slipdetect.flow.tvl1_parameters import TvL1Parameters

Plane = NDArray[np.float32]

KERNELS = [*warp.KERNELS, *iterate.KERNELS]


class Level:
    """One level of the pyramid.

    Args:
        planes: Its zeroed work space.
        parameters: Of the flow.
    """

    def __init__(self, planes: Planes, parameters: TvL1Parameters) -> None:
        self._planes = planes
        self._parameters = parameters
        area = planes.height * planes.width
        # in float32, as OpenCV compares it
        self._stop = float(np.float32(parameters.epsilon * parameters.epsilon * area))
        tail, theta = iterate.tail_of(planes.width), parameters.theta
        numbers = [parameters.lambda_ * theta, theta, parameters.tau / theta]
        self._kernel = iterate.iterate
        if parameters.gamma > 0:
            self._kernel = iterate.iterate_light
            numbers.append(parameters.gamma)
        size = (planes.height, planes.width, planes.stride)
        run = (tail, parameters.inner_iterations, self._stop)
        self._arguments = (planes.flat, *size, *run, *map(np.float32, numbers))

    def solve(self, first: Plane, second: Plane, unknowns: list[Plane]) -> list[Plane]:
        """Return the unknowns (u, v and, with gamma, the light), each ``(height, width)``."""
        planes = self._planes
        views = [planes[plane] for plane in (U1, U2, U3)[: len(unknowns)]]
        for view, plane in zip(views, unknowns, strict=True):
            view[...] = plane
        pictures = _padded_pictures(first, second)
        pitch = planes.width + 2 * MARGIN
        size = (planes.height, planes.width, planes.stride)
        for _ in range(self._parameters.warps):
            warp.warp(*pictures, pitch, planes.flat, *size, planes.planes)
            self._alternate(views[:2])
        return [view.copy() for view in views]

    def _alternate(self, flow: list[Plane]) -> None:
        """Filter and iterate in turn until the flow rests."""
        side = self._parameters.median_filtering
        for _ in range(self._parameters.outer_iterations):
            if side > 1:
                for plane in flow:
                    plane[...] = cv2.medianBlur(plane, side)
            if self._kernel(*self._arguments) <= self._stop:
                return


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
