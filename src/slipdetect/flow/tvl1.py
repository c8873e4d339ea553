"""TV-L1 flow on the CPU: OpenCV's algorithm and results, about an order of magnitude faster.

In: two gray pictures. Out: ``(2, H, W)`` float32 px.
"""

from __future__ import annotations

import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.flow.arrays import Flow, Gray
from slipdetect.flow.kernels.level import Level
from slipdetect.flow.kernels.simd import PLANES, PLANES_WITH_LIGHT, Planes, preparation, wait_for
from slipdetect.flow.registry import FlowMethod
from slipdetect.flow.tvl1_parameters import TvL1Parameters

Plane = NDArray[np.float32]

_SMALLEST_LEVEL = 16


class TvL1(FlowMethod):
    """Duality-based TV-L1 flow (Zach, Pock and Bischof, DAGM 2007) by compiled kernels.

    The steps are those of Sanchez, Meinhardt-Llopis and Facciolo (IPOL 2013), algorithm 1, as in
    OpenCV's ``DualTVL1OpticalFlow``: from the coarsest level of a pyramid to the finest, warp the
    second picture by the present flow, then alternate thresholding and smoothing until the flow
    changes by less than ``epsilon`` px in the mean. Parameters mean what they mean there.
    """

    parameters_type = TvL1Parameters
    concurrent = True

    def __init__(self, parameters: TvL1Parameters, device: str = "cpu") -> None:
        super().__init__(parameters, device)
        self._planes = PLANES_WITH_LIGHT if parameters.gamma > 0 else PLANES
        self._kernels = preparation("slipdetect.flow.kernels.level")
        self._thread = threading.local()

    def calc(self, prev: Gray, next: Gray, initial: Flow | None = None) -> Flow:
        first, second = self._pyramid(prev), self._pyramid(next)
        unknowns = self._start(first, initial)
        wait_for(self._kernels)
        buffer = self._buffer(*prev.shape)
        for index in reversed(range(len(first))):
            if index < len(first) - 1:
                unknowns = self._enlarge(unknowns, first[index].shape)
            height, width = first[index].shape
            planes = Planes(height, width, buffer, self._planes)
            unknowns = Level(planes, self.parameters).solve(first[index], second[index], unknowns)
        return np.stack(unknowns[:2])

    def _pyramid(self, picture: NDArray[np.uint8]) -> list[Plane]:
        """Return the levels, the finest first, gray values 0..255."""
        levels = [picture.astype(np.float32)]
        while len(levels) < self.parameters.nscales:
            level = self._shrink(levels[-1])
            if min(level.shape) < _SMALLEST_LEVEL:
                break
            levels.append(level)
        return levels

    def _start(self, pyramid: list[Plane], initial: NDArray[np.float32] | None) -> list[Plane]:
        """Return the unknowns that the coarsest level starts from."""
        count = 3 if self._planes == PLANES_WITH_LIGHT else 2
        unknowns = [np.zeros(pyramid[-1].shape, np.float32) for _ in range(count)]
        if initial is not None and self.uses_initial_flow:
            for index, plane in enumerate(initial):
                for _ in pyramid[1:]:
                    plane = self._shrink(plane) * np.float32(self.parameters.scale_step)
                unknowns[index] = plane
        return unknowns

    def _shrink(self, plane: Plane) -> Plane:
        step = self.parameters.scale_step
        return cv2.resize(plane, None, fx=step, fy=step, interpolation=cv2.INTER_LINEAR)  # type: ignore[return-value]

    def _enlarge(self, unknowns: list[Plane], shape: tuple[int, ...]) -> list[Plane]:
        """Bring the unknowns to the next finer level; the flow grows with it, the light not."""
        size = (shape[1], shape[0])
        growth = (1 / self.parameters.scale_step,) * 2 + (1.0,)
        return [
            cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR) * np.float32(factor)
            for plane, factor in zip(unknowns, growth, strict=False)
        ]

    def _buffer(self, height: int, width: int) -> Plane:
        """Return this thread's work space, large enough for a picture."""
        size = Planes.size(height, width, self._planes)
        buffer: Plane | None = getattr(self._thread, "buffer", None)
        if buffer is None or len(buffer) < size:
            buffer = self._thread.buffer = np.empty(size, np.float32)
        return buffer
