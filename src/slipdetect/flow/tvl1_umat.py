"""TV-L1 flow by OpenCV's contrib module on an OpenCL device.

In: two gray pictures. Out: ``(2, H, W)`` float32 px; refused where OpenCV would use the CPU.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, ClassVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from slipdetect.errors import UsageError
from slipdetect.flow.opencl import check_not_forked, opencl_device
from slipdetect.flow.tvl1_opencv import check_contrib, create_solver
from slipdetect.flow.tvl1_parameters import TvL1Parameters

# cv2's type stubs leave out the contrib modules and how to make a UMat of an array
_cv2 = cast("Any", cv2)

_PROBE_SIDE = 16


class TvL1UMat:
    """OpenCV's ``DualTVL1OpticalFlow`` on pictures that lie in an OpenCL device.

    Three things set it apart from the same class on the CPU (read in OpenCV's source and measured
    with OpenCV 5.0):

    - Without an initial flow it starts from whatever its memory holds, so it always gets one here.
    - It filters the median in place, so some pixels differ from run to run; the mean difference
      between two runs is some thousandths of a px, from the CPU some hundredths.
    - It ignores gamma and silently falls back to the CPU, which does not: a gamma of NaN tells a
      flow of the device from one of the CPU.
    """

    parameters_type: ClassVar[type[Any]] = TvL1Parameters
    concurrent: ClassVar[bool] = False

    def __init__(self, parameters: TvL1Parameters, device: str = "opencl") -> None:
        check_contrib()
        if parameters.gamma != 0:
            raise UsageError(
                "OpenCV's TV-L1 on OpenCL ignores gamma; leave it at 0 or use 'tvl1-opencv'"
            )
        self.parameters = parameters
        self.uses_initial_flow = parameters.use_initial_flow
        self.runs_on = opencl_device().name
        self._solver: Any = None
        self._size: tuple[int, ...] = ()
        self._probe()

    def __reduce__(self) -> tuple[type[TvL1UMat], tuple[TvL1Parameters]]:
        """Copy and pickle without the solver, which OpenCV cannot copy."""
        return TvL1UMat, (self.parameters,)

    def calc(
        self,
        prev: NDArray[np.uint8],
        next: NDArray[np.uint8],
        initial: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Compute the flow; see ``FlowMethod.calc``.

        Raises:
            UsageError: OpenCV computed it on the CPU after all, or this process was forked
                after OpenCL was used.
        """
        check_not_forked()
        if self._solver is None or self._size != prev.shape:
            self._solver, self._size = _device_solver(self.parameters), prev.shape
        start = np.zeros((*prev.shape, 2), dtype=np.float32)
        if self.uses_initial_flow and initial is not None:
            start[...] = np.moveaxis(initial, 0, -1)
        on_device = [_cv2.UMat(item) for item in (prev, next, start)]
        flow = self._solver.calc(*on_device).get()
        if np.isnan(flow).any():
            height, width = prev.shape
            raise UsageError(
                f"OpenCV does not run TV-L1 flow of {width}x{height} px on OpenCL device "
                f"{self.runs_on!r} (its kernels fail there, or OpenCL was switched off); "
                "use 'tvl1-opencv'"
            )
        return np.ascontiguousarray(np.moveaxis(flow, -1, 0), dtype=np.float32)

    def _probe(self) -> None:
        """Compute the cheapest flow there is, to see where OpenCV computes it."""
        least = TvL1Parameters(nscales=1, warps=1, inner_iterations=1, outer_iterations=1)
        self._solver, self._size = _device_solver(least), (_PROBE_SIDE, _PROBE_SIDE)
        ramp = np.arange(_PROBE_SIDE**2, dtype=np.uint8).reshape(self._size)
        self.calc(ramp, np.ascontiguousarray(ramp.T))
        self._solver = None


def _device_solver(parameters: TvL1Parameters) -> Any:
    solver = create_solver(replace(parameters, use_initial_flow=True))
    solver.setGamma(math.nan)
    return solver
